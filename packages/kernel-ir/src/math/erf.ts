import { exp2OfReduced, powerBias, powerOfTwo } from "./exp.js";
import type { Real } from "./notation.js";

/**
 * erf |x| = |x| + |x|·P(x²) below 0.85, with P of degree 5 and an error of 6.8e-9 relative to erf;
 * erf |x| = 1 − 2^−Q(|x|) above, with Q ≈ −log₂(erfc |x|) of degree 6 and an error of 2.1e-9. Fitted by
 * scripts/fit-polynomials.py (erf, erfc). From 4 on the result is 1. The sign comes back as a bit.
 */
export function erf(x: Real): Real {
  const magnitude = x.abs();
  const bounded = magnitude.greater(4).choose(4, magnitude);
  const logarithm = bounded.polynomial([
    -0.000150796623, -1.62744796, -0.918302894, -0.150798827, 0.032488022, -0.00449809665, 0.000293844816,
  ]);
  const { n, biased } = logarithm.roundWith(powerBias);
  const erfc = exp2OfReduced(logarithm.minus(n)).times(powerOfTwo(biased));

  const square = x.squared();
  const small = magnitude.times(
    square.polynomial([0.128379166, -0.376125902, 0.11282865, -0.0268072877, 0.0050577037, -0.000634851865]),
  ).plus(magnitude);
  return magnitude.less(0.85).choose(small, x.literal(1).minus(erfc)).withSignOf(x);
}
