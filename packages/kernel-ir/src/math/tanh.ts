import { ln2, powerBias, powerOfTwo } from "./exp.js";
import type { Real } from "./notation.js";

/**
 * With |x| = n·½ ln 2 + h, p = 2ⁿ and u = tanh h, the addition theorem says
 *
 *   tanh |x| = ((p − 1) + (p + 1)·u) / ((p + 1) + (p − 1)·u)  =  1 + (2u − 2) / ((p + 1) + (p − 1)·u).
 *
 * The first form serves below 0.6: for n = 0 it is u itself, with all its relative accuracy. The second serves above, where
 * a quotient close to 1 would be rounded three times and 1 minus a small quotient is rounded once. n is |x|/(½ ln 2) − ¼ rounded,
 * so that −0.087 < h < 0.26: for n = 1, p − 1 and (p + 1)·u then hardly cancel.
 *
 * u = h + h³·P(h²) with P of degree 2, which makes an error of 4.0e-9 relative to u on |h| ≤ 0.26. Fitted by
 * scripts/fit-polynomials.py (tanh). From 10 on the result is 1, so larger arguments need not be told apart. The sign comes
 * back as a bit, which also keeps −0.
 */
export function tanh(x: Real): Real {
  const magnitude = x.abs();
  const bounded = magnitude.greater(10).choose(10, magnitude);
  const { n, biased } = bounded.times(2 * Math.LOG2E).minus(0.25).roundWith(powerBias);
  const h = bounded.minus(n.times(ln2.high / 2)).minus(n.times(ln2.low / 2));
  const square = h.squared();
  const u = h.times(square).times(square.polynomial([-0.333332151, 0.133226886, -0.0512252748])).plus(h);

  const power = powerOfTwo(biased);
  const [above, below] = [power.plus(1), power.minus(1)];
  const large = magnitude.greater(0.6);
  const numerator = large.choose(-2, below).plus(large.choose(2, above).times(u));
  const quotient = numerator.over(above.plus(below.times(u)));
  return quotient.plus(large.choose(1, 0)).withSignOf(x);
}
