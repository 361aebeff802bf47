import type { TranscendentalOp } from "../expr.js";

/**
 * The transcendental functions in double precision, for float64 expressions: generators call them and the interpreter does
 * too, so that both give the same bits. They are the platform's, except where it has none (`erf`) or differs from
 * C99 (`pow`).
 *
 * @example
 * hostMath.erf(0.5, 0); // 0.5204998778130465
 */
export const hostMath: Readonly<Record<TranscendentalOp, (x: number, y: number) => number>> = {
  exp: Math.exp,
  log: Math.log,
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  erf,
  // In JavaScript 1^NaN and (±1)^±Infinity are NaN.
  pow: (x, y) => (x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y),
};

/** Σ cᵢ·xⁱ, the highest power first. */
const polynomial = (coefficients: readonly number[], x: number): number => coefficients.reduce((sum, c) => sum * x + c, 0);

/**
 * The error function 2/√π ∫₀ˣ e^(−t²) dt, within 1.2 units in the last place.
 *
 * Up to 1 its Taylor series; above, 1 − erfc with two rational approximations of e^(x²)·erfc(x) by W. J. Cody, "Rational
 * Chebyshev approximations for the error function", Mathematics of Computation 23 (1969). From 6 on the result is ±1.
 */
export function erf(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude <= 1) return x + x * polynomial(taylor, x * x);
  if (magnitude >= 6) return Math.sign(x);
  return Math.sign(x) * (0.5 - erfcOf(magnitude) + 0.5);
}

/** erf x = x + x·Σ cₙ·x²ⁿ, cₙ = 2/√π·(−1)ⁿ/(n!·(2n + 1)), with 1 taken from c₀. At 1, the first term left out is 3e-19. */
const taylor: readonly number[] = (() => {
  const coefficients = [2 / Math.sqrt(Math.PI) - 1];
  let power = 2 / Math.sqrt(Math.PI);
  for (let n = 1; n <= 18; n++) {
    power /= -n;
    coefficients.unshift(power / (2 * n + 1));
  }
  return coefficients;
})();

function erfcOf(x: number): number {
  // x is split so that the first square is exact; a rounded x² would be wrong by many ulps in its exponential.
  const high = Math.trunc(x * 16) / 16;
  const gauss = Math.exp(-high * high) * Math.exp(-(x - high) * (x + high));
  if (x <= 4) return (gauss * polynomial(middle.over, x)) / polynomial(middle.under, x);
  const inverseSquare = 1 / (x * x);
  const tail = (inverseSquare * polynomial(far.over, inverseSquare)) / polynomial(far.under, inverseSquare);
  return (gauss / x) * (1 / Math.sqrt(Math.PI) - tail);
}

const middle = {
  over: [
    2.1531153547440383e-08, 0.5641884969886701, 8.883149794388377, 66.11919063714163, 298.6351381974001,
    881.952221241769, 1712.0476126340707, 2051.0783778260716, 1230.3393547979972,
  ],
  under: [
    1, 15.744926110709835, 117.6939508913125, 537.1811018620099, 1621.3895745666903,
    3290.7992357334597, 4362.619090143247, 3439.3676741437216, 1230.3393548037495,
  ],
};
const far = {
  over: [0.016315387137302097, 0.30532663496123236, 0.36034489994980445, 0.12578172611122926, 0.016083785148742275, 0.0006587491615298378],
  under: [1, 2.568520192289822, 1.8729528499234673, 0.5279051029514285, 0.06051834131244132, 0.0023352049762686918],
};
