/**
 * Logarithm, sine and cosine of float64 with an error just above half a unit in the last place.
 *
 * The language leaves the last bits of `Math.log`, `Math.sin` and `Math.cos` to the engine; V8 misses the nearest number in
 * 3 to 7 of 100 calls. PyTorch's normal numbers come from a C library that nearly never does, and so do ours. The price is
 * about a hundred additions and multiplications, which is why nothing but the random numbers uses these.
 *
 * A value is carried as the unevaluated sum of two float64.
 *
 * @see T. J. Dekker, "A floating-point technique for extending the available precision", 1971
 */
type Double2 = readonly [high: number, low: number];

/** The exact sum of two numbers. */
function sum(a: number, b: number): Double2 {
  const high = a + b;
  const part = high - a;
  return [high, a - (high - part) + (b - part)];
}

/** The exact product of two numbers of moderate size. */
function product(a: number, b: number): Double2 {
  const high = a * b;
  const [a1, a2] = split(a);
  const [b1, b2] = split(b);
  return [high, a1 * b1 - high + a1 * b2 + a2 * b1 + a2 * b2];
}

/** Two halves of 26 bits, whose products are exact. */
function split(a: number): Double2 {
  const scaled = 134217729 * a; // 2²⁷ + 1
  const high = scaled - (scaled - a);
  return [high, a - high];
}

function add(a: Double2, b: Double2): Double2 {
  const [high, low] = sum(a[0], b[0]);
  return sum(high, low + a[1] + b[1]);
}

function multiply(a: Double2, b: Double2): Double2 {
  const [high, low] = product(a[0], b[0]);
  return sum(high, low + a[0] * b[1] + a[1] * b[0]);
}

function divide(a: Double2, b: Double2): Double2 {
  const quotient = a[0] / b[0];
  const back = multiply([quotient, 0], b);
  return sum(quotient, (a[0] - back[0] - back[1] + a[1]) / b[0]);
}

/** a·b + c, rounded once (but for ties that the two tails cannot tell). */
export function fusedMultiplyAdd(a: number, b: number, c: number): number {
  const [high, low] = product(a, b);
  const [total, rest] = sum(high, c);
  return total + (rest + low);
}

/** head₀ + head₁z + head₂z² + …, continued by tail. The small late terms need no second number. */
function series(z: Double2, head: readonly Double2[], tail: readonly number[]): Double2 {
  let value: Double2 = [tail.reduceRight((rest, coefficient) => rest * z[0] + coefficient, 0), 0];
  for (let k = head.length - 1; k >= 0; k--) value = add(multiply(value, z), head[k]!);
  return value;
}

const fractions = (...pairs: readonly (readonly [numerator: number, denominator: number])[]): Double2[] => pairs.map(([numerator, denominator]) => divide([numerator, 0], [denominator, 0]));

const LOG_2: Double2 = [Math.LN2, 2.3190468138462996e-17];
const HALF_PI: Double2 = [Math.PI / 2, 6.123233995736766e-17];

// log((1 + s)/(1 − s)) = 2s(1 + s²/3 + s⁴/5 + …), sin x = x(1 − x²/3! + …), cos x = 1 − x²/2! + …
const LOG_HEAD = /* @__PURE__ */ fractions([1, 1], [1, 3], [1, 5]);
const LOG_TAIL = /* @__PURE__ */ Array.from({ length: 10 }, (_, k) => 1 / (2 * k + 7));
const SIN_HEAD = /* @__PURE__ */ fractions([1, 1], [-1, 6], [1, 120]);
const SIN_TAIL = [-1 / 5040, 1 / 362880, -1 / 39916800, 1 / 6227020800, -1 / 1307674368000, 1 / 355687428096000];
const COS_HEAD = /* @__PURE__ */ fractions([1, 1], [-1, 2], [1, 24]);
const COS_TAIL = [-1 / 720, 1 / 40320, -1 / 3628800, 1 / 479001600, -1 / 87178291200, 1 / 20922789888000, -1 / 6402373705728000];

/** Natural logarithm. */
export function log(x: number): number {
  if (!(x > 0 && x < Infinity)) return Math.log(x);
  let exponent = 0;
  let significand = x;
  // Arguments here are uniform in (0, 1], so this takes two rounds on the average.
  for (; significand < Math.SQRT1_2; significand *= 2) exponent--;
  for (; significand > Math.SQRT2; significand /= 2) exponent++;
  const s = divide([significand - 1, 0], sum(significand, 1));
  const [high, low] = multiply([2 * s[0], 2 * s[1]], series(multiply(s, s), LOG_HEAD, LOG_TAIL));
  return add(multiply([exponent, 0], LOG_2), [high, low])[0];
}

/** Sine and cosine of an angle of a few turns at most. */
export function sinCos(angle: number): { readonly sin: number; readonly cos: number } {
  const quarters = Math.round(angle / HALF_PI[0]);
  const x = add([angle, 0], multiply([-quarters, 0], HALF_PI));
  const z = multiply(x, x);
  const [sin] = multiply(x, series(z, SIN_HEAD, SIN_TAIL));
  const [cos] = series(z, COS_HEAD, COS_TAIL);
  switch (quarters & 3) {
    case 0:
      return { sin, cos };
    case 1:
      return { sin: cos, cos: -sin };
    case 2:
      return { sin: -sin, cos: -cos };
    default:
      return { sin: -cos, cos: sin };
  }
}
