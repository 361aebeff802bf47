import { fusedMultiplyAdd, log, sinCos } from "./accurate-math.js";

/**
 * Box and Muller's transform, sixteen numbers at a time: eight radii and eight angles make eight cosines and eight sines.
 *
 * float32 repeats PyTorch's AVX2 kernel operation by operation (the polynomials of the Cephes library with fused
 * multiply-adds), because the last bits of every initial weight follow from it.
 *
 * @param data - At least 16 uniform numbers in [0, 1), replaced by numbers from N(mean, std²).
 * @param refill - Draws new uniform numbers: when the length is no multiple of 16, the last sixteen are made anew.
 * @see G. E. P. Box, M. E. Muller, "A Note on the Generation of Random Normal Deviates", 1958; S. Moshier, Cephes `logf.c`, `sinf.c`
 */
export function normalFill(
  data: Float32Array | Float64Array,
  mean: number,
  std: number,
  refill: (last: Float32Array | Float64Array) => void,
): void {
  const transform = data instanceof Float32Array ? transform16Float : transform16Double;
  const whole = data.length - (data.length % 16);
  for (let i = 0; i < whole; i += 16) transform(data, i, mean, std);
  if (whole < data.length) {
    const start = data.length - 16;
    refill(data.subarray(start));
    transform(data, start, mean, std);
  }
}

function transform16Double(data: Float32Array | Float64Array, start: number, mean: number, std: number): void {
  for (let i = start; i < start + 8; i++) {
    const radius = Math.sqrt(-2 * log(1 - data[i]!));
    const { sin, cos } = sinCos(2 * Math.PI * data[i + 8]!);
    data[i] = fusedMultiplyAdd(radius * cos, std, mean);
    data[i + 8] = fusedMultiplyAdd(radius * sin, std, mean);
  }
}

const { fround } = Math;

/** A fused multiply-add: float64 holds the product of two float32 exactly, so the sum is rounded to float32 just once. */
const fma = (a: number, b: number, c: number): number => fround(a * b + c);

const TWO_PI = fround(2 * Math.PI);

function transform16Float(data: Float32Array | Float64Array, start: number, mean: number, std: number): void {
  const scale = fround(std);
  const shift = fround(mean);
  for (let i = start; i < start + 8; i++) {
    const radius = fround(Math.sqrt(fround(-2 * logFloat(fround(1 - data[i]!)))));
    const angle = fround(TWO_PI * data[i + 8]!);
    data[i] = fma(fround(radius * cosFloat(angle)), scale, shift);
    data[i + 8] = fma(fround(radius * sinFloat(angle)), scale, shift);
  }
}

const SQRT_HALF = fround(Math.SQRT1_2);
const LOG_POLYNOMIAL = Float32Array.of(
  7.0376836292e-2,
  -1.151461031e-1,
  1.167699874e-1,
  -1.2420140846e-1,
  1.4249322787e-1,
  -1.6668057665e-1,
  2.0000714765e-1,
  -2.4999993993e-1,
  3.3333331174e-1,
);
// log 2 in two parts, the larger one with so few bits that its product with an exponent is exact.
const LOG_2_LOW = fround(-2.12194440e-4);
const LOG_2_HIGH = fround(0.693359375);

const asFloat = new Float32Array(1);
const asBits = new Uint32Array(asFloat.buffer);

/** Natural logarithm of a float32 in (0, 1], where every argument is at least 2⁻²⁴. */
function logFloat(value: number): number {
  asFloat[0] = value;
  const bits = asBits[0]!;
  let exponent = (bits >>> 23) - 126;
  asBits[0] = (bits & 0x007fffff) | 0x3f000000; // The significand, in [0.5, 1).
  let x = asFloat[0];
  if (x < SQRT_HALF) {
    exponent -= 1;
    x = fround(fround(x - 1) + x);
  } else {
    x = fround(x - 1);
  }
  const z = fround(x * x);
  let y = LOG_POLYNOMIAL[0]!;
  for (let k = 1; k < LOG_POLYNOMIAL.length; k++) y = fma(y, x, LOG_POLYNOMIAL[k]!);
  y = fround(y * x);
  y = fma(y, z, fround(exponent * LOG_2_LOW));
  y = fma(z, -0.5, y);
  return fma(exponent, LOG_2_HIGH, fround(x + y));
}

const FOUR_OVER_PI = fround(1.27323954473516);
// π/4 in three parts, for the same reason.
const QUARTER_PI = Float32Array.of(-0.78515625, -2.4187564849853516e-4, -3.774894977445941e-8);
const SIN_POLYNOMIAL = Float32Array.of(-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1);
const COS_POLYNOMIAL = Float32Array.of(2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2);

/** The octant of a non-negative angle, rounded up to even: 0, 2, 4 … count quarter turns in twos. */
const evenOctant = (angle: number): number => (Math.trunc(fround(angle * FOUR_OVER_PI)) + 1) & ~1;

function reduce(angle: number, octant: number): number {
  let x = angle;
  for (let k = 0; k < 3; k++) x = fma(octant, QUARTER_PI[k]!, x);
  return x;
}

/** Sine on [−π/4, π/4]. */
function sinPolynomial(x: number): number {
  const z = fround(x * x);
  const y = fma(fma(SIN_POLYNOMIAL[0]!, z, SIN_POLYNOMIAL[1]!), z, SIN_POLYNOMIAL[2]!);
  return fma(fround(y * z), x, x);
}

/** Cosine on [−π/4, π/4]. */
function cosPolynomial(x: number): number {
  const z = fround(x * x);
  const y = fma(fma(COS_POLYNOMIAL[0]!, z, COS_POLYNOMIAL[1]!), z, COS_POLYNOMIAL[2]!);
  return fround(fma(fround(y * z), z, -fround(z * 0.5)) + 1);
}

/** Sine of a float32 angle in [0, 2π]. */
function sinFloat(angle: number): number {
  const octant = evenOctant(angle);
  const x = reduce(angle, octant);
  const magnitude = octant & 2 ? cosPolynomial(x) : sinPolynomial(x);
  return octant & 4 ? -magnitude : magnitude;
}

/** Cosine of a float32 angle in [0, 2π]. */
function cosFloat(angle: number): number {
  const octant = evenOctant(angle);
  const x = reduce(angle, octant);
  const magnitude = octant & 2 ? sinPolynomial(x) : cosPolynomial(x);
  return ((octant - 2) & 4) === 0 ? -magnitude : magnitude;
}
