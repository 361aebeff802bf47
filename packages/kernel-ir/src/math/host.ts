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
 * Up to 1 its Taylor series; above, 1 − erfc with a rational approximation of e^(x²)·erfc(x) by W. J. Cody, "Rational Chebyshev
 * approximations for the error function", Mathematics of Computation 23 (1969). From 6 on the result is ±1.
 */
function erf(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude <= 1) return x + x * polynomial(taylor, x * x);
  if (magnitude >= 6) return Math.sign(x);
  return Math.sign(x) * (0.5 - erfcOf(magnitude) + 0.5);
}

/** erf x = x + x·Σ cₙ·x²ⁿ, cₙ = 2/√π·(−1)ⁿ/(n!·(2n + 1)), with 1 taken from c₀. At 1, the first term left out is 3e-19. */
const taylor: readonly number[] = /* @__PURE__ */ (() => {
  const coefficients = [2 / Math.sqrt(Math.PI) - 1];
  let power = 2 / Math.sqrt(Math.PI);
  for (let n = 1; n <= 18; n++) {
    power /= -n;
    coefficients.unshift(power / (2 * n + 1));
  }
  return coefficients;
})();

/** 1 − erf x for 1 < x < 6. Cody gives the coefficients for up to 4; at 6 they are still right to 7e-13 of a value below 1e-16. */
function erfcOf(x: number): number {
  // x is split so that the first square is exact; a rounded x² would be wrong by many ulps in its exponential.
  const high = Math.trunc(x * 16) / 16;
  const gauss = Math.exp(-high * high) * Math.exp(-(x - high) * (x + high));
  return (gauss * polynomial(scaledErfc.over, x)) / polynomial(scaledErfc.under, x);
}

/** e^(x²)·erfc x. */
const scaledErfc = {
  over: [
    2.1531153547440383e-08, 0.5641884969886701, 8.883149794388377, 66.11919063714163, 298.6351381974001,
    881.952221241769, 1712.0476126340707, 2051.0783778260716, 1230.3393547979972,
  ],
  under: [
    1, 15.744926110709835, 117.6939508913125, 537.1811018620099, 1621.3895745666903,
    3290.7992357334597, 4362.619090143247, 3439.3676741437216, 1230.3393548037495,
  ],
};
