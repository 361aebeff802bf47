import type { Chosen } from "../../kernels/elementwise-function.js";
import { binary, choosing, unary } from "../../kernels/elementwise-function.js";
import { optionsOf } from "../../options.js";
import type { Options } from "../../options.js";
import type { Tensor } from "../../tensor.js";
import { ofTensors } from "../operand-rules.js";
import * as ops from "../formulas/exponential.js";

/** 2ˣ. @see torch.exp2 */
export const exp2 = /* @__PURE__ */ unary(ops.exp2);
/** eˣ − 1, exact near 0 as well. @see torch.expm1 */
export const expm1 = /* @__PURE__ */ unary(ops.expm1);
/** log(1 + x), exact near 0 as well. @see torch.log1p */
export const log1p = /* @__PURE__ */ unary(ops.log1p);
/** Logarithm to base 2. @see torch.log2 */
export const log2 = /* @__PURE__ */ unary(ops.log2);
/** Logarithm to base 10. @see torch.log10 */
export const log10 = /* @__PURE__ */ unary(ops.log10);
/** 1 − erf x, which keeps its digits where it is tiny. @see torch.erfc */
export const erfc = /* @__PURE__ */ unary(ops.erfc);

export const LogitOptions = class {
  /** Limits x to [eps, 1 − eps] first. */
  readonly eps?: number;
};
export type LogitOptions = Options<typeof LogitOptions>;

/** log(x/(1 − x)), the inverse of sigmoid; NaN outside of [0, 1]. @see torch.logit */
export const logit = /* @__PURE__ */ choosing("logit", (op, x: Tensor, options?: LogitOptions): Chosen => {
  const { eps } = optionsOf(op, LogitOptions, options);
  return eps === undefined ? [ops.logit, x] : [ops.logitClamped, x, eps];
});

/** log(eᵃ + eᵇ) without overflow. @see torch.logaddexp */
export const logaddexp = /* @__PURE__ */ ofTensors(ops.logaddexp);
/** log₂(2ᵃ + 2ᵇ) without overflow. @see torch.logaddexp2 */
export const logaddexp2 = /* @__PURE__ */ ofTensors(ops.logaddexp2);
/** a · log b, and 0 where a is 0. @see torch.xlogy */
export const xlogy = /* @__PURE__ */ binary(ops.xlogy);
