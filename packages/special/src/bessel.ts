import type { Expr } from "@gradus/kernel-ir";
import { ElementwiseOp, type FormulaBuilder as K, formulas } from "@gradus/tensor-core";
import {
  airyLeftP, airyLeftQ, airyMiddle, airyRight, i0Large, i0Small, i1Large, i1Small, j0LargeP, j0LargeQ, j0Small, j1LargeP, j1LargeQ, j1Small, k0Large, k0Small,
  k1Large, k1Small, y0Small, y1Small,
} from "./coefficients.js";
import type { Series } from "./series.js";
import { sum } from "./series.js";

const { float, one, squared, times, unary, zero } = formulas;

/**
 * Bessel's functions and Airy's: a Chebyshev series near 0, and far from it one of what is left when the growth or the wave is
 * taken out. `coefficients.ts` says of each series what it sums to.
 */

const inverse = (k: K, scale: number, x: Expr): Expr => k.div(k.like(scale, x), x);
/** value / √x */
const overRoot = (k: K, value: Expr, x: Expr): Expr => k.div(value, k.sqrt(x));

/** e^−|x| I₀(x) */
function scaledI0(k: K, x: Expr): Expr {
  const magnitude = k.abs(x);
  const [near, far] = [k.min(magnitude, k.like(8, x)), k.max(magnitude, k.like(8, x))];
  return k.select(k.le(magnitude, k.like(8, x)), sum(k, i0Small, near), overRoot(k, sum(k, i0Large, inverse(k, 8, far)), far));
}
/** e^−|x| I₁(x) */
function scaledI1(k: K, x: Expr): Expr {
  const magnitude = k.abs(x);
  const [near, far] = [k.min(magnitude, k.like(8, x)), k.max(magnitude, k.like(8, x))];
  const positive = k.select(k.le(magnitude, k.like(8, x)), k.mul(near, sum(k, i1Small, near)), overRoot(k, sum(k, i1Large, inverse(k, 8, far)), far));
  return k.select(k.lt(x, zero(k, x)), k.neg(positive), positive);
}
/** Times e^|x|, in two steps so that it does not overflow before the result does. */
function grown(k: K, x: Expr, scaled: Expr): Expr {
  const root = k.exp(times(k, k.abs(x), 0.5));
  return k.mul(k.mul(scaled, root), root);
}
const i0Of = (k: K, x: Expr): Expr => grown(k, x, scaledI0(k, x));
const i1Of = (k: K, x: Expr): Expr => grown(k, x, scaledI1(k, x));

/** I₁(x)/x, and its limit ½ at 0. */
const ratio = (k: K, x: Expr, i1: Expr): Expr => k.select(k.eq(x, zero(k, x)), k.like(0.5, x), k.div(i1, x));

/** eˣ K₀(x) and eˣ K₁(x) for x > 0; Infinity at 0, NaN below. */
function scaledK(k: K, x: Expr, order: 0 | 1, scaled: boolean): Expr {
  const near = k.min(k.max(x, zero(k, x)), k.like(2, x));
  const far = k.max(x, k.like(2, x));
  const logarithm = k.log(times(k, near, 0.5));
  const square = squared(k, near);
  const small = order === 0
    ? k.sub(sum(k, k0Small, square), k.mul(logarithm, i0Of(k, near)))
    : k.add(k.div(sum(k, k1Small, square), near), k.mul(logarithm, i1Of(k, near)));
  const large = overRoot(k, sum(k, order === 0 ? k0Large : k1Large, inverse(k, 2, far)), far);
  const value = k.select(k.le(x, k.like(2, x)), scaled ? k.mul(small, k.exp(near)) : small, scaled ? large : k.mul(large, k.exp(k.neg(far))));
  return k.select(k.lt(x, zero(k, x)), k.like(NaN, x), k.select(k.eq(x, zero(k, x)), k.like(Infinity, x), value));
}

/** √(2/πx) (P c − Q s) or (P s + Q c), with c and s the cosine and sine of x − (order/2 + ¼)π, from those of x itself. */
function wave(k: K, x: Expr, p: Series, q: Series, order: 0 | 1, kind: "j" | "y"): Expr {
  const far = k.max(x, k.like(8, x));
  const t = squared(k, inverse(k, 8, far));
  const [amplitude, phase] = [sum(k, p, t), k.mul(sum(k, q, t), inverse(k, 8, far))];
  const [sine, cosine] = [k.sin(far), k.cos(far)];
  // cos(x − π/4) = (cos x + sin x)/√2, and so on; order 1 turns by another quarter.
  const [c, s] = order === 0 ? [k.add(cosine, sine), k.sub(sine, cosine)] : [k.sub(sine, cosine), k.neg(k.add(sine, cosine))];
  const sumOf = kind === "j" ? k.sub(k.mul(amplitude, c), k.mul(phase, s)) : k.add(k.mul(amplitude, s), k.mul(phase, c));
  const value = k.div(sumOf, k.sqrt(times(k, far, Math.PI)));
  return k.select(k.eq(x, k.like(Infinity, x)), zero(k, x), value);
}

const limited = (k: K, x: Expr): Expr => k.min(x, k.like(8, x));
function j0Of(k: K, x: Expr): Expr {
  const magnitude = k.abs(x);
  return k.select(k.le(magnitude, k.like(8, x)), sum(k, j0Small, squared(k, limited(k, magnitude))), wave(k, magnitude, j0LargeP, j0LargeQ, 0, "j"));
}
function j1Of(k: K, x: Expr): Expr {
  const magnitude = k.abs(x);
  const near = limited(k, magnitude);
  const positive = k.select(k.le(magnitude, k.like(8, x)), k.mul(near, sum(k, j1Small, squared(k, near))), wave(k, magnitude, j1LargeP, j1LargeQ, 1, "j"));
  return k.select(k.lt(x, zero(k, x)), k.neg(positive), positive);
}
/** −Infinity at 0, NaN below. */
function besselY(k: K, x: Expr, order: 0 | 1): Expr {
  const near = limited(k, x);
  const square = squared(k, near);
  const logarithm = times(k, k.log(near), 2 / Math.PI);
  const small = order === 0
    ? k.add(sum(k, y0Small, square), k.mul(logarithm, j0Of(k, near)))
    : k.add(k.mul(near, sum(k, y1Small, square)), k.sub(k.mul(logarithm, j1Of(k, near)), inverse(k, 2 / Math.PI, near)));
  const large = order === 0 ? wave(k, x, j0LargeP, j0LargeQ, 0, "y") : wave(k, x, j1LargeP, j1LargeQ, 1, "y");
  const value = k.select(k.le(x, k.like(8, x)), small, large);
  return k.select(k.lt(x, zero(k, x)), k.like(NaN, x), k.select(k.eq(x, zero(k, x)), k.like(-Infinity, x), value));
}

/** Decays to the right, waves to the left. */
function airyOf(k: K, x: Expr): Expr {
  const middle = k.min(k.max(x, k.like(-4, x)), k.like(2, x));
  const distance = k.max(k.abs(x), k.like(2, x));
  const root = k.sqrt(distance);
  const zeta = times(k, k.mul(distance, root), 2 / 3);
  const quarter = times(k, k.sqrt(root), Math.sqrt(Math.PI));
  const right = k.div(times(k, k.mul(k.exp(k.neg(zeta)), sum(k, airyRight, inverse(k, (2 / 3) * 2 ** 1.5, zeta))), 0.5), quarter);
  const far = k.max(zeta, k.like(16 / 3, x));
  const t = squared(k, inverse(k, 16 / 3, far));
  const [p, q] = [sum(k, airyLeftP, t), k.div(sum(k, airyLeftQ, t), far)];
  const [sine, cosine] = [k.sin(far), k.cos(far)];
  // ψ = ζ + π/4
  const left = k.div(times(k, k.sub(k.mul(p, k.add(sine, cosine)), k.mul(q, k.sub(cosine, sine))), Math.SQRT1_2), quarter);
  return k.select(k.gt(x, k.like(2, x)), right, k.select(k.lt(x, k.like(-4, x)), left, sum(k, airyMiddle, middle)));
}

/** PyTorch does not differentiate these; here their derivatives follow from the formulas. */
export const besselOps = {
  i0: new ElementwiseOp("i0", 1, i0Of, { ...float, derivatives: [(k, g, _, x) => k.mul(g, i1Of(k, x))] }),
  i0e: new ElementwiseOp("i0e", 1, scaledI0, { ...float, derivatives: [(k, g, y, x) => k.mul(g, k.sub(scaledI1(k, x), k.mul(signOf(k, x), y)))] }),
  i1: new ElementwiseOp("i1", 1, i1Of, { ...float, derivatives: [(k, g, y, x) => k.mul(g, k.sub(i0Of(k, x), ratio(k, x, y)))] }),
  i1e: new ElementwiseOp("i1e", 1, scaledI1, {
    ...float,
    derivatives: [(k, g, y, x) => k.mul(g, k.sub(scaledI0(k, x), k.add(ratio(k, x, y), k.mul(signOf(k, x), y))))],
  }),
  modifiedBesselK0: new ElementwiseOp("modifiedBesselK0", 1, (k, x) => scaledK(k, x, 0, false), { ...float, derivatives: [(k, g, _, x) => k.neg(k.mul(g, scaledK(k, x, 1, false)))] }),
  modifiedBesselK1: new ElementwiseOp("modifiedBesselK1", 1, (k, x) => scaledK(k, x, 1, false), {
    ...float,
    derivatives: [(k, g, y, x) => k.neg(k.mul(g, k.add(scaledK(k, x, 0, false), k.div(y, x))))],
  }),
  scaledModifiedBesselK0: new ElementwiseOp("scaledModifiedBesselK0", 1, (k, x) => scaledK(k, x, 0, true), { ...float, derivatives: [(k, g, y, x) => k.mul(g, k.sub(y, scaledK(k, x, 1, true)))] }),
  scaledModifiedBesselK1: new ElementwiseOp("scaledModifiedBesselK1", 1, (k, x) => scaledK(k, x, 1, true), {
    ...float,
    derivatives: [(k, g, y, x) => k.mul(g, k.sub(y, k.add(scaledK(k, x, 0, true), k.div(y, x))))],
  }),
  besselJ0: new ElementwiseOp("besselJ0", 1, j0Of, { ...float, derivatives: [(k, g, _, x) => k.neg(k.mul(g, j1Of(k, x)))] }),
  besselJ1: new ElementwiseOp("besselJ1", 1, j1Of, { ...float, derivatives: [(k, g, y, x) => k.mul(g, k.sub(j0Of(k, x), ratio(k, x, y)))] }),
  besselY0: new ElementwiseOp("besselY0", 1, (k, x) => besselY(k, x, 0), { ...float, derivatives: [(k, g, _, x) => k.neg(k.mul(g, besselY(k, x, 1)))] }),
  besselY1: new ElementwiseOp("besselY1", 1, (k, x) => besselY(k, x, 1), { ...float, derivatives: [(k, g, y, x) => k.mul(g, k.sub(besselY(k, x, 0), k.div(y, x)))] }),
  // sin x / x
  sphericalBesselJ0: new ElementwiseOp("sphericalBesselJ0", 1, (k, x) => k.select(k.eq(x, zero(k, x)), one(k, x), k.select(k.eq(k.abs(x), k.like(Infinity, x)), zero(k, x), k.div(k.sin(x), x))), {
    ...float,
    derivatives: [(k, g, y, x) => k.select(k.eq(x, zero(k, x)), zero(k, g), k.mul(g, k.div(k.sub(k.cos(x), y), x)))],
  }),
  airyAi: new ElementwiseOp("airyAi", 1, airyOf, float),
};

const signOf = (k: K, x: Expr): Expr => k.select(k.lt(x, zero(k, x)), k.like(-1, x), k.select(k.lt(zero(k, x), x), one(k, x), zero(k, x)));

const ops = besselOps;

/** The modified Bessel function I₀. @see torch.i0 */
export const i0 = unary(ops.i0);
/** e^−|x| I₀(x). @see torch.special.i0e */
export const i0e = unary(ops.i0e);
/** The modified Bessel function I₁. @see torch.special.i1 */
export const i1 = unary(ops.i1);
/** e^−|x| I₁(x). @see torch.special.i1e */
export const i1e = unary(ops.i1e);
/** I₀. @see torch.special.modified_bessel_i0 */
export const modifiedBesselI0 = unary(ops.i0);
/** I₁. @see torch.special.modified_bessel_i1 */
export const modifiedBesselI1 = unary(ops.i1);
/** The modified Bessel function K₀; Infinity at 0, NaN below. @see torch.special.modified_bessel_k0 */
export const modifiedBesselK0 = unary(ops.modifiedBesselK0);
/** The modified Bessel function K₁. @see torch.special.modified_bessel_k1 */
export const modifiedBesselK1 = unary(ops.modifiedBesselK1);
/** eˣ K₀(x). @see torch.special.scaled_modified_bessel_k0 */
export const scaledModifiedBesselK0 = unary(ops.scaledModifiedBesselK0);
/** eˣ K₁(x). @see torch.special.scaled_modified_bessel_k1 */
export const scaledModifiedBesselK1 = unary(ops.scaledModifiedBesselK1);
/** The Bessel function J₀. @see torch.special.bessel_j0 */
export const besselJ0 = unary(ops.besselJ0);
/** The Bessel function J₁. @see torch.special.bessel_j1 */
export const besselJ1 = unary(ops.besselJ1);
/** The Bessel function of the second kind Y₀; −Infinity at 0, NaN below. @see torch.special.bessel_y0 */
export const besselY0 = unary(ops.besselY0);
/** The Bessel function of the second kind Y₁. @see torch.special.bessel_y1 */
export const besselY1 = unary(ops.besselY1);
/** sin x / x. @see torch.special.spherical_bessel_j0 */
export const sphericalBesselJ0 = unary(ops.sphericalBesselJ0);
/** Airy's function Ai. @see torch.special.airy_ai */
export const airyAi = unary(ops.airyAi);
