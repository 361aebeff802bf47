import { ln2 } from "./exp.js";
import type { Real } from "./notation.js";
import { infinityBits } from "./notation.js";

const smallestNormalBits = 0x00800000;
const sqrtHalfBits = 0x3f3504f3;

/**
 * x = 2ᵉ·m with √½ ≤ m < √2 and an integer e (as a float32), for a positive x. A subnormal number is its bits, as an
 * integer, times 2⁻¹⁴⁹: no arithmetic on the number itself, which a device may take for zero.
 * Taking √½'s bits away makes the exponent field of the difference e, because the fraction borrows where m would be
 * below √½.
 */
export function splitExponent(x: Real): { readonly e: Real; readonly m: Real } {
  const subnormal = x.bits.less(smallestNormalBits);
  const bits = subnormal.choose(x.bits.toReal(), x).bits;
  const field = bits.minus(sqrtHalfBits).shiftRight(23);
  return { e: field.toReal().plus(subnormal.choose(-149, 0)), m: bits.minus(field.shiftLeft(23)).real };
}

/**
 * log x = e·ln 2 + log(1 + f) with f = m − 1, which is exact, and log(1 + f) = f − f²/2 + f³·P(f). P has degree 7 and makes
 * an error of 1.2e-8 relative to log(1 + f) on [√½ − 1, √2 − 1]. Fitted by scripts/fit-polynomials.py (log). The parts are
 * added from the smallest to the largest; near 1, where e is 0, f leads and the result keeps its relative accuracy.
 */
export function log(x: Real): Real {
  const { e, m } = splitExponent(x);
  const f = m.minus(1);
  const square = f.squared();
  const tail = f.polynomial([0.333333313, -0.250008225, 0.20001255, -0.166232184, 0.142011911, -0.131623283, 0.127670497, -0.0763142779]);
  const y = square.times(f).times(tail).plus(e.times(ln2.low)).minus(square.times(0.5)).plus(f).plus(e.times(ln2.high));
  // Infinity and NaN give themselves, ±0 gives −Infinity, and what else has its sign bit set gives NaN.
  const finite = x.bits.less(infinityBits).choose(y, x);
  return x.equals(0).choose(-Infinity, x.bits.less(0).choose(NaN, finite));
}
