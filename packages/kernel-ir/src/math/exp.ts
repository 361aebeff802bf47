import type { Real } from "./notation.js";

/**
 * ln 2 in two parts. `high` has 12 significant bits, so that n·high is exact for |n| < 2¹²: then a device that fuses the
 * multiplication with what follows gets the same as one that does not.
 */
export const ln2 = { high: 2839 / 4096, low: 3.19461849e-5 } as const;

/**
 * 2ᵏ from the sum k + `powerBias`, for an integer −127 < k < 128. Near 1.5 · 2²³ the last bit of a float32 counts ones, so
 * the low bits of the sum are k + 127: what the exponent field of 2ᵏ holds. The shift moves them there.
 */
export function powerOfTwo(biased: Real): Real {
  return biased.bits.shiftLeft(23).real;
}
export const powerBias = 1.5 * 2 ** 23 + 127;

/**
 * eʳ = 1 + (r + r²·P(r)) on |r| ≤ 0.3466. P has degree 4, which makes an error of 3.2e-9 relative to eʳ. Fitted by
 * scripts/fit-polynomials.py (exp).
 */
function expOfReduced(r: Real): Real {
  return r.squared().times(r.polynomial([0.49999994, 0.166665167, 0.0416681021, 0.00836919248, 0.00138389017])).plus(r).plus(1);
}

/**
 * 2ʳ = 1 + r·P(r) on |r| ≤ ½. P has degree 5, which makes an error of 1.1e-8 relative to 2ʳ. Fitted by
 * scripts/fit-polynomials.py (exp2).
 */
export function exp2OfReduced(r: Real): Real {
  return r.polynomial([1, 0.693147242, 0.240226939, 0.0555025972, 0.00961229764, 0.00134236366, 0.000171505279]);
}

/**
 * eˣ = 2ⁿ·eʳ. The power is multiplied in two halves, because n reaches 128 where the result is just finite and −150 where it
 * is subnormal. Only the second step can round. Where the result is 0 or Infinity x need not be told apart.
 *
 * NaN needs no test: it fails the comparisons, and every step hands it on.
 */
export function exp(x: Real): Real {
  const aboveZero = x.less(-104).choose(-104, x);
  const bounded = aboveZero.greater(89).choose(89, aboveZero);
  // As in `powerOfTwo`, for two powers whose exponents add up to n.
  const { n, biased } = bounded.times(Math.LOG2E).roundWith(2 * powerBias - 1.5 * 2 ** 23);
  // |r| ≤ ½ ln 2, and a little.
  const r = bounded.minus(n.times(ln2.high)).minus(n.times(ln2.low));
  const both = biased.bits;
  const one = both.shiftRight(1);
  const other = both.minus(one);
  return expOfReduced(r).times(one.shiftLeft(23).real).times(other.shiftLeft(23).real);
}
