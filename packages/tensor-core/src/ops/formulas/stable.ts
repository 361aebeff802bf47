import type { Expr } from "@gradus/kernel-ir";
import type { K } from "./notation.js";
import { half, one, polynomial, squared, times, zero } from "./notation.js";

/** Formulas that keep their digits where a plain one cancels or overflows, for other formulas to use. */

/** log(1 + x): near 0 by 2 artanh s = 2s (1 + s²/3 + s⁴/5 + …) with s = x/(2 + x), where 1 + x would lose what x is. */
export function log1pOf(k: K, x: Expr): Expr {
  const s = k.div(x, k.add(x, k.like(2, x)));
  const near = k.mul(times(k, s, 2), polynomial(k, squared(k, s), artanhSeries));
  const isNear = k.and(k.lt(k.like(-0.3, x), x), k.lt(x, k.like(0.4, x)));
  return k.select(isNear, near, k.log(k.add(one(k, x), x)));
}
/** 1/(2n + 1). At s² = 0.032, the first term left out is 5e-18. */
const artanhSeries = /* @__PURE__ */ Array.from({ length: 11 }, (_, i) => 1 / (21 - 2 * i));

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

/** a · factor, where factor is a function of b: 0 where a is 0, unless b is NaN. */
export const xTimes = (k: K, a: Expr, b: Expr, factor: Expr): Expr => k.select(k.isNaN(b), b, k.select(k.eq(a, zero(k, a)), zero(k, a), k.mul(a, factor)));
