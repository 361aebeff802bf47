import type { Expr } from "@gradus/kernel-ir";
import { ElementwiseOp } from "../../kernels/elementwise.js";
import type { Chosen } from "../../kernels/elementwise-function.js";
import { binary, choosing, unary } from "../../kernels/elementwise-function.js";
import { optionsOf } from "../../options.js";
import type { Options } from "../../options.js";
import type { Tensor } from "../../tensor.js";
import { ofTensors } from "../operand-rules.js";
import type { K } from "./notation.js";
import { float, one, squared, times, zero } from "./notation.js";
import { erfcOf, expm1Of, log1pOf, xTimes } from "./stable.js";

/** Exponentials, logarithms and the error function. Formulas hold in float32 and in float64. */

const slopeOfErf = 2 / Math.sqrt(Math.PI);

/** log(z/(1 − z)) */
const logOdds = (k: K, z: Expr): Expr => k.log(k.div(z, k.sub(one(k, z), z)));
const slopeOfLogOdds = (k: K, g: Expr, z: Expr): Expr => k.div(g, k.mul(z, k.sub(one(k, z), z)));

export const exponentialOps = {
  exp2: new ElementwiseOp("exp2", 1, (k, x) => k.pow(k.like(2, x), x), { ...float, derivatives: [(k, g, y) => k.mul(g, times(k, y, Math.LN2))] }),
  expm1: new ElementwiseOp("expm1", 1, expm1Of, { ...float, derivatives: [(k, g, y) => k.mul(g, k.add(y, one(k, y)))] }),
  log1p: new ElementwiseOp("log1p", 1, log1pOf, { ...float, derivatives: [(k, g, _, x) => k.div(g, k.add(x, one(k, x)))] }),
  log2: new ElementwiseOp("log2", 1, (k, x) => times(k, k.log(x), Math.LOG2E), { ...float, derivatives: [(k, g, _, x) => k.div(g, times(k, x, Math.LN2))] }),
  log10: new ElementwiseOp("log10", 1, (k, x) => times(k, k.log(x), Math.LOG10E), { ...float, derivatives: [(k, g, _, x) => k.div(g, times(k, x, Math.LN10))] }),
  erfc: new ElementwiseOp("erfc", 1, erfcOf, { ...float, derivatives: [(k, g, _, x) => k.neg(k.mul(g, times(k, k.exp(k.neg(squared(k, x))), slopeOfErf)))] }),
  logit: new ElementwiseOp("logit", 1, logOdds, {
    ...float,
    derivatives: [(k, g, _, x) => k.select(k.and(k.le(zero(k, x), x), k.le(x, one(k, x))), slopeOfLogOdds(k, g, x), k.like(NaN, g))],
  }),
  /** logit of x limited to [eps, 1 − eps]. */
  logitClamped: new ElementwiseOp("logit", 2, (k, x, eps) => logOdds(k, k.select(k.lt(x, eps), eps, k.select(k.gt(x, k.sub(one(k, x), eps)), k.sub(one(k, x), eps), x))), {
    ...float,
    derivatives: [(k, g, _, x, eps) => k.select(k.and(k.le(eps, x), k.le(x, k.sub(one(k, x), eps))), slopeOfLogOdds(k, g, x), zero(k, g)), null],
  }),
  // log(eᵃ + eᵇ), the larger taken out; equal infinities have no difference
  logaddexp: new ElementwiseOp("logaddexp", 2, (k, a, b) => {
    const sum = k.add(k.max(a, b), log1pOf(k, k.exp(k.neg(k.abs(k.sub(a, b))))));
    return k.select(k.and(k.eq(a, b), k.eq(k.abs(a), k.like(Infinity, a))), a, sum);
  }, { accepts: ["float"], derivatives: [(k, g, _, a, b) => k.div(g, k.add(one(k, a), k.exp(k.sub(b, a)))), (k, g, _, a, b) => k.div(g, k.add(one(k, a), k.exp(k.sub(a, b))))] }),
  logaddexp2: new ElementwiseOp("logaddexp2", 2, (k, a, b) => {
    const power = k.pow(k.like(2, a), k.neg(k.abs(k.sub(a, b))));
    const sum = k.add(k.max(a, b), times(k, log1pOf(k, power), Math.LOG2E));
    return k.select(k.and(k.eq(a, b), k.eq(k.abs(a), k.like(Infinity, a))), a, sum);
  }, {
    accepts: ["float"],
    derivatives: [(k, g, _, a, b) => k.div(g, k.add(one(k, a), k.pow(k.like(2, a), k.sub(b, a)))), (k, g, _, a, b) => k.div(g, k.add(one(k, a), k.pow(k.like(2, a), k.sub(a, b))))],
  }),
  // a log b, 0 where a is 0 unless b is NaN
  xlogy: new ElementwiseOp("xlogy", 2, (k, a, b) => xTimes(k, a, b, k.log(b)), {
    ...float,
    derivatives: [
      (k, g, _, a, b) => k.select(k.and(k.eq(a, zero(k, a)), k.le(b, zero(k, b))), zero(k, g), xTimes(k, g, b, k.log(b))),
      (k, g, _, a, b) => k.div(k.mul(g, a), b),
    ],
  }),
};

const ops = exponentialOps;

/** 2ˣ. @see torch.exp2 */
export const exp2 = unary(ops.exp2);
/** eˣ − 1, exact near 0 as well. @see torch.expm1 */
export const expm1 = unary(ops.expm1);
/** log(1 + x), exact near 0 as well. @see torch.log1p */
export const log1p = unary(ops.log1p);
/** Logarithm to base 2. @see torch.log2 */
export const log2 = unary(ops.log2);
/** Logarithm to base 10. @see torch.log10 */
export const log10 = unary(ops.log10);
/** 1 − erf x, which keeps its digits where it is tiny. @see torch.erfc */
export const erfc = unary(ops.erfc);
export const LogitOptions = class {
  /** Limits x to [eps, 1 − eps] first. */
  readonly eps?: number;
};
export type LogitOptions = Options<typeof LogitOptions>;

/** log(x/(1 − x)), the inverse of sigmoid; NaN outside of [0, 1]. @see torch.logit */
export const logit = choosing("logit", (op, x: Tensor, options?: LogitOptions): Chosen => {
  const { eps } = optionsOf(op, LogitOptions, options);
  return eps === undefined ? [ops.logit, x] : [ops.logitClamped, x, eps];
});
/** log(eᵃ + eᵇ) without overflow. @see torch.logaddexp */
export const logaddexp = ofTensors(ops.logaddexp);
/** log₂(2ᵃ + 2ᵇ) without overflow. @see torch.logaddexp2 */
export const logaddexp2 = ofTensors(ops.logaddexp2);
/** a · log b, and 0 where a is 0. @see torch.xlogy */
export const xlogy = binary(ops.xlogy);
