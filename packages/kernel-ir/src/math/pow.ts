import { exp2OfReduced, powerBias, powerOfTwo } from "./exp.js";
import { splitExponent } from "./log.js";
import type { Real } from "./notation.js";
import { infinityBits, signBit } from "./notation.js";

/** A number as the sum of two float32, of which `high` has 12 significant bits: products of such are exact. */
interface Pair {
  readonly high: Real;
  readonly low: Real;
}

/** The upper 12 significant bits. */
const upper = (x: Real): Real => x.bits.and(~0xfff).real;

/** 2/(3·ln 2), which turns 3/2·log into log₂. */
const scale = { high: 0.961669921875, low: 1.26772051e-4 } as const;

/**
 * log₂ x for a positive x, to about 2⁻³⁵ of itself: the power multiplies its error by y, up to 2⁷ units.
 *
 * x = 2ᵉ·m; with s = (m − 1)/(m + 1), log m = 2·artanh s, so that
 *
 *   3/2·log m = s·(3 + s² + s⁴·Q(s²)),
 *
 * where Q, of degree 2, makes an error of 8.5e-12 relative to the sum. Fitted by scripts/fit-polynomials.py (artanh).
 * s, the sum in brackets and their product are pairs. The scheme is that of FreeBSD's e_powf.c; no step relies on a
 * rounded product, so it holds whether or not a device fuses multiplications with additions.
 */
function log2(x: Real): Pair {
  const { e, m } = splitExponent(x);
  const difference = m.minus(1);
  const sum = m.plus(1);
  const inverse = x.literal(1).over(sum);
  const s = difference.times(inverse);
  const sHigh = upper(s);
  const sumHigh = upper(sum);
  const sumLow = m.minus(sumHigh.minus(1));
  const sLow = inverse.times(difference.minus(sHigh.times(sumHigh)).minus(sHigh.times(sumLow)));

  const square = s.squared();
  const squareHigh = sHigh.squared();
  const rest = square.squared().times(square.polynomial([0.600002289, 0.428206354, 0.351294518])).plus(sLow.times(sHigh.plus(s)));
  const factorHigh = upper(squareHigh.plus(3).plus(rest));
  const factorLow = rest.minus(factorHigh.minus(3).minus(squareHigh));

  const productHigh = sHigh.times(factorHigh);
  const productLow = sLow.times(factorHigh).plus(factorLow.times(s));
  const pHigh = upper(productHigh.plus(productLow));
  const pLow = productLow.minus(pHigh.minus(productHigh));

  const zHigh = pHigh.times(scale.high);
  const zLow = pHigh.times(scale.low).plus(pLow.times(scale.high + scale.low));
  const high = upper(zHigh.plus(zLow).plus(e));
  return { high, low: zLow.minus(high.minus(e).minus(zHigh)) };
}

/** |x|ʸ = 2^(y·log₂|x|) for finite |x| > 0. */
function powerOfMagnitude(magnitude: Real, y: Real): Real {
  const logarithm = log2(magnitude);
  // From 2³¹ on, every power but that of 1 has left the range of a float32.
  const bounded = y.greater(2 ** 32).choose(2 ** 32, y.less(-(2 ** 32)).choose(-(2 ** 32), y));
  const yHigh = upper(bounded);
  const high = yHigh.times(logarithm.high);
  const low = bounded.minus(yHigh).times(logarithm.high).plus(bounded.times(logarithm.low));
  const z = high.plus(low);
  const n = z.round();
  // As in `exp`: two steps reach the largest and the subnormal results.
  const small = z.less(-120);
  const power = powerOfTwo(n.plus(small.choose(powerBias + 64, powerBias - 1)));
  const value = exp2OfReduced(high.minus(n).plus(low)).times(power).times(small.choose(2 ** -64, 2));
  return z.less(128).choose(z.less(-151).choose(0, value), Infinity);
}

/**
 * xʸ with the special values of C99 (Annex F.10.4.4): x⁰ and 1ʸ are 1 even for NaN; a negative x has a power only for
 * integers y, negative for odd ones; 0 and Infinity give 0 or Infinity, with x's sign for odd y; (−1)^±Infinity is 1.
 */
export function pow(x: Real, y: Real): Real {
  const magnitude = x.abs();
  const half = y.times(0.5);
  const isInteger = y.trunc().equals(y);
  const isOdd = isInteger.and(half.trunc().equals(half).not());
  const isNegative = x.bits.less(0);

  const isZero = magnitude.bits.equals(0);
  const isExtreme = isZero.or(magnitude.bits.equals(infinityBits));
  const extreme = isZero.equals(y.less(0)).choose(Infinity, 0);
  const positive = isExtreme.choose(extreme, powerOfMagnitude(magnitude, y));
  const signed = positive.bits.xor(isNegative.and(isOdd).chooseBits(signBit, 0)).real;

  const isUndefined = isNegative.and(isInteger.or(isExtreme).not()).or(x.isNaN()).or(y.isNaN());
  const isOne = x.bits.equals(oneBits).or(y.equals(0));
  return isOne.choose(1, isUndefined.choose(NaN, signed));
}
const oneBits = 0x3f800000;
