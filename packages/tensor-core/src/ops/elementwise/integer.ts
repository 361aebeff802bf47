import type { Chosen, ElementwiseFunction } from "../../kernels/elementwise-function.js";
import { binary, choosing } from "../../kernels/elementwise-function.js";
import type { Tensor } from "../../tensor.js";
import { ofTensors } from "../operand-rules.js";
import * as ops from "../formulas/integer.js";

/** Every bit inverted; of bools, the opposite. @see torch.bitwise_not */
export const bitwiseNot: ElementwiseFunction<[x: Tensor]> = /* @__PURE__ */ choosing("bitwiseNot", (_, x: Tensor): Chosen => [x.dtype === "bool" ? ops.inverted : ops.bitwiseNot, x]);
/** The bits that both have. @see torch.bitwise_and */
export const bitwiseAnd = /* @__PURE__ */ binary(ops.bitwiseAnd);
/** The bits that either has. @see torch.bitwise_or */
export const bitwiseOr = /* @__PURE__ */ binary(ops.bitwiseOr);
/** The bits in which they differ. @see torch.bitwise_xor */
export const bitwiseXor = /* @__PURE__ */ binary(ops.bitwiseXor);
/** a · 2ᵇ, without the bits that leave the type. @see torch.bitwise_left_shift */
export const bitwiseLeftShift = /* @__PURE__ */ binary(ops.bitwiseLeftShift);
/** ⌊a / 2ᵇ⌋. @see torch.bitwise_right_shift */
export const bitwiseRightShift = /* @__PURE__ */ binary(ops.bitwiseRightShift);
/** The greatest common divisor, ≥ 0; gcd(0, 0) = 0. @see torch.gcd */
export const gcd = /* @__PURE__ */ ofTensors(ops.gcd);
/** The least common multiple, ≥ 0; 0 if either is. @see torch.lcm */
export const lcm = /* @__PURE__ */ ofTensors(ops.lcm);
