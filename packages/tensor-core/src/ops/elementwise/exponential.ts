import type { Expr } from "@gradus/kernel-ir";
import { ElementwiseOp } from "../../kernels/elementwise.js";
import type { Chosen } from "../../kernels/elementwise-function.js";
import { binary, choosing, unary } from "../../kernels/elementwise-function.js";
import type { Tensor } from "../../tensor.js";
import { ofTensors } from "../operand-rules.js";
import type { K } from "./notation.js";
import { float, half, one, polynomial, squared, times, zero } from "./notation.js";

/** Exponentials, logarithms and the error function. Formulas hold in float32 and in float64. */

/** log(1 + x): near 0 by 2 artanh s = 2s (1 + s²/3 + s⁴/5 + …) with s = x/(2 + x), where 1 + x would lose what x is. */
export function log1pOf(k: K, x: Expr): Expr {
  const s = k.div(x, k.add(x, k.like(2, x)));
  const near = k.mul(times(k, s, 2), polynomial(k, squared(k, s), artanhSeries));
  const isNear = k.and(k.lt(k.like(-0.3, x), x), k.lt(x, k.like(0.4, x)));
  return k.select(isNear, near, k.log(k.add(one(k, x), x)));
}
/** 1/(2n + 1). At s² = 0.032, the first term left out is 5e-18. */
const artanhSeries = Array.from({ length: 11 }, (_, i) => 1 / (21 - 2 * i));

/** eˣ − 1: near 0 as 2t/(1 − t) with t = tanh(x/2), whose relative error stays small. */
export function expm1Of(k: K, x: Expr): Expr {
  const t = k.tanh(k.mul(x, half(k, x)));
  const near = k.div(times(k, t, 2), k.sub(one(k, x), t));
  return k.select(k.lt(k.abs(x), one(k, x)), near, k.sub(k.exp(x), one(k, x)));
}

/**
 * log(e^(x²)·erfc(x)/t) for x ≥ 0 as a Chebyshev series in 2t − 1, t = 2/(2 + x), summed by Clenshaw's recurrence. The
 * coefficients were computed by scripts/chebyshev-erfc.py. float32 needs half of them.
 */
function logOfScaledErfc(k: K, t: Expr): Expr {
  const y = k.sub(times(k, t, 4), k.like(2, t));
  const used = scaledErfcSeries.filter((c) => t.dtype === "float64" || Math.abs(c) > 1e-9);
  let [next, afterNext] = [zero(k, t), zero(k, t)];
  for (const c of used.slice(1).reverse()) [next, afterNext] = [k.add(k.sub(k.mul(y, next), afterNext), k.like(c, t)), next];
  return k.sub(k.mul(half(k, t), k.add(k.mul(y, next), k.like(used[0] ?? 0, t))), afterNext);
}
const scaledErfcSeries = [
  -1.3026537197817094, 0.6419697923564902, 0.019476473204185836, -0.009561514786808632, -0.0009465953444820369, 0.00036683949785276145,
  4.252332480690777e-5, -2.0278578112534242e-5, -1.6242900046470256e-6, 1.3036558355805232e-6, 1.5626441722066142e-8, -8.523809591492654e-8,
  6.5290544390988515e-9, 5.059343495551469e-9, -9.91364156493033e-10, -2.273651222931836e-10, 9.646791102015527e-11, 2.3940380830391146e-12,
  -6.886027526497553e-12, 8.944879273090725e-13, 3.130921399342958e-13, -1.1270822361367252e-13, 3.810905255189232e-16, 7.106097613609237e-15,
  -1.5230282014571043e-15, -9.457494571291233e-17, 1.210237189224279e-16, -2.816663087747177e-17,
];

/** e^(x²)·erfc(x) for x ≥ 0. */
export function scaledErfcOf(k: K, x: Expr): Expr {
  const t = k.div(k.like(2, x), k.add(x, k.like(2, x)));
  return k.mul(t, k.exp(logOfScaledErfc(k, t)));
}

/** e^(−x²). The square of the leading digits is exact, because a rounded x² would spoil the last digits of its exponential. */
export function gaussian(k: K, x: Expr): Expr {
  const leading = k.div(k.trunc(times(k, x, 16)), k.like(16, x));
  const rest = k.mul(k.sub(x, leading), k.add(x, leading));
  return k.mul(k.exp(k.neg(squared(k, leading))), k.exp(k.neg(rest)));
}

/** 1 − erf x. From 28 on it is zero, also in float64. */
export function erfcOf(k: K, x: Expr): Expr {
  const magnitude = k.min(k.abs(x), k.like(28, x));
  const tail = k.mul(gaussian(k, magnitude), scaledErfcOf(k, magnitude));
  return k.select(k.lt(k.abs(x), half(k, x)), k.sub(one(k, x), k.erf(x)), k.select(k.lt(x, zero(k, x)), k.sub(k.like(2, x), tail), tail));
}

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

/** a · factor, where factor is a function of b: 0 where a is 0, unless b is NaN. */
export const xTimes = (k: K, a: Expr, b: Expr, factor: Expr): Expr => k.select(k.isNaN(b), b, k.select(k.eq(a, zero(k, a)), zero(k, a), k.mul(a, factor)));

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
export interface LogitOptions {
  /** Limits x to [eps, 1 − eps] first. */
  readonly eps?: number;
}

/** log(x/(1 − x)), the inverse of sigmoid; NaN outside of [0, 1]. @see torch.logit */
export const logit = choosing("logit", (_, x: Tensor, options?: LogitOptions): Chosen => (options?.eps === undefined ? [ops.logit, x] : [ops.logitClamped, x, options.eps]));
/** log(eᵃ + eᵇ) without overflow. @see torch.logaddexp */
export const logaddexp = ofTensors(ops.logaddexp);
/** log₂(2ᵃ + 2ᵇ) without overflow. @see torch.logaddexp2 */
export const logaddexp2 = ofTensors(ops.logaddexp2);
/** a · log b, and 0 where a is 0. @see torch.xlogy */
export const xlogy = binary(ops.xlogy);
