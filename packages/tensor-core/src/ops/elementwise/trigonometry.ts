import { DTypeError } from "../../errors.js";
import type { Chosen, ElementwiseFunction } from "../../kernels/elementwise-function.js";
import { choosing, unary } from "../../kernels/elementwise-function.js";
import { resultType } from "../../promotion.js";
import type { Tensor } from "../../tensor.js";
import { checkTensors, ofTensors } from "../operand-rules.js";
import * as ops from "../formulas/trigonometry.js";

/** sin x / cos x, x in radians. @see torch.tan */
export const tan = /* @__PURE__ */ unary(ops.tan);
/** Inverse sine, in [−π/2, π/2]; NaN outside of [−1, 1]. @see torch.asin */
export const asin = /* @__PURE__ */ unary(ops.asin);
/** Inverse cosine, in [0, π]; NaN outside of [−1, 1]. @see torch.acos */
export const acos = /* @__PURE__ */ unary(ops.acos);
/** Inverse tangent, in [−π/2, π/2]. @see torch.atan */
export const atan = /* @__PURE__ */ unary(ops.atan);

/**
 * The angle of the point (x, y) in radians, in [−π, π]: arctan(y / x) with the signs of both.
 *
 * @see torch.atan2
 * @example
 * atan2(tensor([1, -1]), tensor([-1, -1])).toArraySync(); // [2.356194496154785, -2.356194496154785]
 */
export const atan2: ElementwiseFunction<[y: Tensor, x: Tensor]> = /* @__PURE__ */ choosing("atan2", (op, y: Tensor, x: Tensor): Chosen => {
  checkTensors(op, [y, x]);
  if (resultType(y, x) === "float16") throw new DTypeError(`${op}: expected any type but float16, as in PyTorch; convert with to("float32")`);
  return [ops.atan2, y, x];
});

/** (eˣ − e⁻ˣ)/2. @see torch.sinh */
export const sinh = /* @__PURE__ */ unary(ops.sinh);
/** (eˣ + e⁻ˣ)/2. @see torch.cosh */
export const cosh = /* @__PURE__ */ unary(ops.cosh);
/** Inverse of sinh. @see torch.asinh */
export const asinh = /* @__PURE__ */ unary(ops.asinh);
/** Inverse of cosh, ≥ 0; NaN below 1. @see torch.acosh */
export const acosh = /* @__PURE__ */ unary(ops.acosh);
/** Inverse of tanh; NaN outside of [−1, 1]. @see torch.atanh */
export const atanh = /* @__PURE__ */ unary(ops.atanh);
/** √(a² + b²), which does not overflow before the result does. @see torch.hypot */
export const hypot = /* @__PURE__ */ ofTensors(ops.hypot);
/** sin(πx)/(πx), 1 at 0. @see torch.sinc */
export const sinc = /* @__PURE__ */ unary(ops.sinc);
/** Degrees as radians. @see torch.deg2rad */
export const deg2rad = /* @__PURE__ */ unary(ops.deg2rad);
/** Radians as degrees. @see torch.rad2deg */
export const rad2deg = /* @__PURE__ */ unary(ops.rad2deg);
/** π for negative numbers, else 0; NaN stays. @see torch.angle */
export const angle = /* @__PURE__ */ unary(ops.angle);
