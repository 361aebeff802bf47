import type { Expr } from "@gradus/kernel-ir";
import type { Tensor } from "@gradus/tensor-core";
import { ArgumentError, DTypeError, ElementwiseOp, type FormulaBuilder as K, formulas } from "@gradus/tensor-core";
import { lgammaFactor, lgammaMiddle } from "./coefficients.js";
import { hostFunction } from "./host.js";
import * as host from "./host-math.js";
import { sum } from "./series.js";

const { float, half, one, polynomial, squared, times, unary, zero } = formulas;

/** The gamma function's logarithm, its derivatives, and incomplete gamma functions. */

/**
 * sin πx and cos πx where x is negative: the whole turns are taken off x, where that is exact. Elsewhere they are those of ½, so that nothing
 * that is not chosen there is infinite.
 */
function sineAndCosineOfPi(k: K, negative: Expr, number: Expr): readonly [sine: Expr, cosine: Expr] {
  const x = k.select(negative, number, half(k, number));
  const rest = times(k, k.sub(x, times(k, k.round(k.mul(x, half(k, x))), 2)), Math.PI);
  return [k.sin(rest), k.cos(rest)];
}

/** Stirling's series from 8 on, Chebyshev series below: one of log Γ on [3, 8], and on [1, 3] one of log Γ without its zeros at 1 and 2. */
function logGammaOfPositive(k: K, x: Expr): Expr {
  const below = k.lt(x, one(k, x));
  const z = k.select(below, k.add(x, one(k, x)), x);
  // Adding 0 makes log Γ(1) zero, and not −0.
  const near = k.add(k.mul(k.mul(k.sub(z, one(k, z)), k.sub(z, k.like(2, z))), sum(k, lgammaFactor, k.min(z, k.like(3, z)))), k.like(0, z));
  const middle = sum(k, lgammaMiddle, k.min(z, k.like(8, z)));
  const inverse = k.div(one(k, z), k.max(z, k.like(8, z)));
  const series = k.mul(inverse, polynomial(k, squared(k, inverse), stirling));
  // (z − ½) log z − z + ½ log 2π, its first terms together so that infinity stays one.
  const log = k.log(z);
  const far = k.add(k.mul(z, k.sub(log, one(k, z))), k.add(k.sub(k.like(0.5 * Math.log(2 * Math.PI), z), times(k, log, 0.5)), series));
  const value = k.select(k.lt(z, k.like(3, z)), near, k.select(k.lt(z, k.like(8, z)), middle, far));
  return k.select(below, k.sub(value, k.log(x)), value);
}
/** B₂ₙ / (2n (2n − 1)), the highest first. */
const stirling = [-3617 / 122400, 1 / 156, -691 / 360360, 1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12];

/** log|Γ(x)|; below 0 from Γ(x)·Γ(1 − x) = π / sin πx. */
function lgammaOf(k: K, x: Expr): Expr {
  const negative = k.le(x, zero(k, x));
  const value = logGammaOfPositive(k, k.select(negative, k.sub(one(k, x), x), x));
  const [sine] = sineAndCosineOfPi(k, negative, x);
  const reflected = k.sub(k.sub(k.like(Math.log(Math.PI), x), k.log(k.abs(sine))), value);
  const whole = k.and(negative, k.eq(x, k.floor(x)));
  return k.select(k.or(whole, k.eq(k.abs(x), k.like(Infinity, x))), k.like(Infinity, x), k.select(negative, reflected, value));
}

/** f(x) = f(x + 1) + step(x), climbed until x ≥ 10, where an asymptotic series takes over. */
function climb(k: K, x: Expr, step: (x: Expr) => Expr): readonly [top: Expr, steps: Expr] {
  let [top, steps] = [x, zero(k, x)];
  for (let i = 0; i < 10; i++) {
    const low = k.lt(top, k.like(10, x));
    steps = k.select(low, k.add(steps, step(top)), steps);
    top = k.select(low, k.add(top, one(k, x)), top);
  }
  return [top, steps];
}

/** ψ = (log Γ)′: below 0 by ψ(1 − x) − π / tan πx. */
function digammaOf(k: K, x: Expr): Expr {
  const negative = k.lt(x, zero(k, x));
  const [z, steps] = climb(k, k.select(negative, k.sub(one(k, x), x), x), (t) => k.neg(k.div(one(k, t), t)));
  const square = k.div(one(k, z), squared(k, z));
  const value = k.add(steps, k.sub(k.sub(k.log(z), k.div(half(k, z), z)), k.mul(square, polynomial(k, square, digammaSeries))));
  const [sine, cosine] = sineAndCosineOfPi(k, negative, x);
  const reflected = k.sub(value, times(k, k.div(cosine, sine), Math.PI));
  const pole = k.and(negative, k.eq(x, k.floor(x)));
  return k.select(pole, k.like(NaN, x), k.select(negative, reflected, value));
}
/** B₂ₙ / 2n, the highest first. */
const digammaSeries = [-3617 / 8160, 1 / 12, -691 / 32760, 1 / 132, -1 / 240, 1 / 252, -1 / 120, 1 / 12];

/** ψ′: below 0 by (π / sin πx)² − ψ′(1 − x). */
function trigammaOf(k: K, x: Expr): Expr {
  const negative = k.lt(x, zero(k, x));
  const [z, steps] = climb(k, k.select(negative, k.sub(one(k, x), x), x), (t) => k.div(one(k, t), squared(k, t)));
  const inverse = k.div(one(k, z), z);
  const square = squared(k, inverse);
  const value = k.add(steps, k.mul(inverse, k.add(one(k, z), k.add(k.mul(half(k, z), inverse), k.mul(square, polynomial(k, square, bernoulli))))));
  const [sine] = sineAndCosineOfPi(k, negative, x);
  return k.select(negative, k.sub(squared(k, k.div(k.like(Math.PI, x), sine)), value), value);
}
/** B₂ₙ, the highest first. */
const bernoulli = [-3617 / 510, 7 / 6, -691 / 2730, 5 / 66, -1 / 30, 1 / 42, -1 / 30, 1 / 6];

export const gammaOps = {
  lgamma: new ElementwiseOp("lgamma", 1, lgammaOf, { ...float, derivatives: [(k, g, _, x) => k.mul(g, digammaOf(k, x))] }),
  digamma: new ElementwiseOp("digamma", 1, digammaOf, { ...float, derivatives: [(k, g, _, x) => k.mul(g, trigammaOf(k, x))] }),
  trigamma: new ElementwiseOp("polygamma", 1, trigammaOf, float),
};

/** log|Γ(x)|; Infinity at 0, −1, −2 … @see torch.lgamma */
export const lgamma = unary(gammaOps.lgamma);
/** log|Γ(x)|. @see torch.special.gammaln */
export const gammaln = unary(gammaOps.lgamma);
/** The derivative of log Γ. @see torch.digamma */
export const digamma = unary(gammaOps.digamma);
/** The derivative of log Γ. @see torch.special.psi */
export const psi = unary(gammaOps.digamma);

/**
 * The n-th derivative of digamma.
 *
 * @param n - A whole number ≥ 0. From 2 on it is computed on the host.
 * @see torch.polygamma
 */
export function polygamma(n: number, x: Tensor): Tensor {
  if (!Number.isInteger(n) || n < 0) throw new ArgumentError(`polygamma: expected a whole n >= 0, got ${n}`);
  if (n === 0) return digamma(x);
  return n === 1 ? formulas.apply(gammaOps.trigamma, [x]) : hostPolygamma(x, n);
}
const hostPolygamma: (x: Tensor, n: number) => Tensor = hostFunction<[x: Tensor, n: number]>("polygamma", host.polygamma, [(x, n) => polygamma(n + 1, x), null]);

/** Σ log Γ(x − i/2) + ¼ p(p − 1) log π for i < p: the logarithm of the multivariate gamma function. @throws {ArgumentError} unless p ≥ 1. @see torch.mvlgamma */
export function mvlgamma(x: Tensor, p: number): Tensor {
  if (!Number.isInteger(p) || p < 1) throw new ArgumentError(`mvlgamma: expected a whole p >= 1, got ${p}`);
  if (x.dtype === "bool") throw new DTypeError("mvlgamma: expected numbers, got bool");
  const shifts = x.newTensor(Array.from({ length: p }, (_, i) => -i / 2), { dtype: x.isFloatingPoint() ? x.dtype : "float32" });
  return lgamma(x.unsqueeze(-1).add(shifts)).sum({ dim: -1 }).add((p * (p - 1) * Math.log(Math.PI)) / 4);
}
/** mvlgamma by its other name. @see torch.special.multigammaln */
export const multigammaln = (x: Tensor, p: number): Tensor => mvlgamma(x, p);
