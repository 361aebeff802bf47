/** Functions of numbers, in float64. */

const epsilon = 2 ** -53;

/**
 * Hurwitz' zeta function Σ (q + n)^−x: ten terms or more, and Euler and Maclaurin's formula for the rest.
 *
 * @param x - Above 1; Infinity at 1.
 */
export function zeta(x: number, q: number): number {
  if (x === 1) return Infinity;
  if (!(x > 1)) return NaN;
  if (q <= 0) {
    if (Number.isInteger(q)) return Infinity;
    // A negative number to a power that is not whole.
    if (!Number.isInteger(x)) return NaN;
  }
  let [sum, a, power] = [q ** -x, q, 0];
  for (let i = 0; i < 9 || a <= 9; i++) {
    a += 1;
    power = a ** -x;
    sum += power;
    if (Math.abs(power) < epsilon * Math.abs(sum)) return sum;
  }
  const w = a;
  sum += (power * w) / (x - 1) - 0.5 * power;
  let factor = 1;
  for (let i = 0; i < eulerMaclaurin.length; i++) {
    factor *= x + 2 * i;
    power /= w;
    const term = (factor * power) / eulerMaclaurin[i]!;
    sum += term;
    if (Math.abs(term) < epsilon * Math.abs(sum)) return sum;
    factor *= x + 2 * i + 1;
    power /= w;
  }
  return sum;
}
/** (2k)! / B₂ₖ */
const eulerMaclaurin = [
  12, -720, 30240, -1209600, 47900160, -1892437580.3183792, 74724249600, -2950130727918.164, 116467828143500.67, -4597978722407473, 1.8152105401943546e17,
  -7.166165256175667e18,
];

/** The n-th derivative of digamma, n ≥ 1: (−1)ⁿ⁺¹ n! ζ(n + 1, x). */
export function polygamma(x: number, n: number): number {
  let factorial = 1;
  for (let i = 2; i <= n; i++) factorial *= i;
  return (n % 2 === 0 ? -1 : 1) * factorial * zeta(n + 1, x);
}

/** log Γ of a positive number. C. Lanczos, "A precision approximation of the gamma function", 1964 (g = 7, nine terms). */
function logGamma(x: number): number {
  let sum = lanczos[0]!;
  for (let i = 1; i < lanczos.length; i++) sum += lanczos[i]! / (x - 1 + i);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}
const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905, -0.13857109526572012,
  9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** The part P of Γ(a) = ∫₀^∞ t^(a−1) e^−t dt up to x, and the part Q beyond. */
function gammaParts(a: number, x: number): readonly [lower: number, upper: number] {
  if (Number.isNaN(a) || Number.isNaN(x) || a < 0 || x < 0) return [NaN, NaN];
  if (a === 0) return x > 0 ? [1, 0] : [NaN, NaN];
  if (x === 0) return [0, 1];
  if (a === Infinity) return x === Infinity ? [NaN, NaN] : [0, 1];
  if (x === Infinity) return [1, 0];
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a));
  const most = 100 + 20 * Math.sqrt(Math.max(a, x));
  if (x < a + 1) {
    // Σ xⁿ / (a (a + 1) … (a + n))
    let [term, sum] = [1 / a, 1 / a];
    for (let n = 1; n < most && Math.abs(term) > epsilon * Math.abs(sum); n++) {
      term *= x / (a + n);
      sum += term;
    }
    const lower = scale * sum;
    return [lower, 1 - lower];
  }
  // Legendre's continued fraction, from its front by Lentz' method.
  let b = x + 1 - a;
  let c = Infinity;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n < most; n++) {
    const numerator = -n * (n - a);
    b += 2;
    d = 1 / (numerator * d + b || Number.MIN_VALUE);
    c = b + numerator / c;
    fraction *= c * d;
    if (Math.abs(c * d - 1) < epsilon) break;
  }
  const upper = scale * fraction;
  return [1 - upper, upper];
}
export const gammainc = (a: number, x: number): number => gammaParts(a, x)[0];
export const gammaincc = (a: number, x: number): number => gammaParts(a, x)[1];

/** A polynomial of degree n from the first two and pₖ₊₁ = next(k, pₖ, pₖ₋₁). A degree below 0 gives 0; fractions of it are cut off. */
function recurrence(degree: number, zeroth: number, first: number, next: (k: number, p: number, before: number) => number): number {
  const n = Math.trunc(degree);
  if (Number.isNaN(n)) return NaN;
  if (n < 0) return 0;
  let [before, p] = [zeroth, first];
  if (n === 0) return before;
  for (let k = 1; k < n && !Number.isNaN(p); k++) [before, p] = [p, next(k, p, before)];
  return p;
}

/** Chebyshev's four kinds differ in p₁ only. Between −1 and 1 high degrees are found from angles. */
const chebyshev = (first: (x: number) => number, byAngle: (n: number, angle: number) => number) => (x: number, degree: number): number => {
  const n = Math.trunc(degree);
  if (n > 8 && Math.abs(x) < 1) return byAngle(n, Math.acos(x));
  return recurrence(degree, 1, first(x), (_, p, before) => 2 * x * p - before);
};
export const chebyshevPolynomialT = chebyshev((x) => x, (n, angle) => Math.cos(n * angle));
export const chebyshevPolynomialU = chebyshev((x) => 2 * x, (n, angle) => Math.sin((n + 1) * angle) / Math.sin(angle));
export const chebyshevPolynomialV = chebyshev((x) => 2 * x - 1, (n, angle) => Math.cos((n + 0.5) * angle) / Math.cos(angle / 2));
export const chebyshevPolynomialW = chebyshev((x) => 2 * x + 1, (n, angle) => Math.sin((n + 0.5) * angle) / Math.sin(angle / 2));
export const hermitePolynomialH = (x: number, n: number): number => recurrence(n, 1, 2 * x, (k, p, before) => 2 * (x * p - k * before));
export const hermitePolynomialHe = (x: number, n: number): number => recurrence(n, 1, x, (k, p, before) => x * p - k * before);
export const laguerrePolynomialL = (x: number, n: number): number => recurrence(n, 1, 1 - x, (k, p, before) => ((2 * k + 1 - x) * p - k * before) / (k + 1));
export const legendrePolynomialP = (x: number, n: number): number => recurrence(n, 1, x, (k, p, before) => ((2 * k + 1) * x * p - k * before) / (k + 1));
