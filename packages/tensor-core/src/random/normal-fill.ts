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

const TWO_PI = /* @__PURE__ */ fround(2 * Math.PI);

/** Room for a sine and a cosine, to be taken by number: which is which is random, and a branch would be guessed wrong every other time. */
const pair = /* @__PURE__ */ new Float32Array(2);

function transform16Float(data: Float32Array | Float64Array, start: number, mean: number, std: number): void {
  const scale = fround(std);
  const shift = fround(mean);
  for (let i = start; i < start + 8; i++) {
    const radius = fround(Math.sqrt(fround(-2 * logFloat(fround(1 - data[i]!)))));
    const angle = fround(TWO_PI * data[i + 8]!);
    const octant = evenOctant(angle);
    const x = reduce(angle, octant);
    pair[0] = sinPolynomial(x);
    pair[1] = cosPolynomial(x);
    const swapped = (octant >> 1) & 1;
    const cos = cosSign(octant) * pair[1 - swapped]!;
    const sin = sinSign(octant) * pair[swapped]!;
    data[i] = fma(fround(radius * cos), scale, shift);
    data[i + 8] = fma(fround(radius * sin), scale, shift);
  }
}

// log 2 in two parts, the larger one with so few bits that its product with an exponent is exact.
const LOG_2_LOW = /* @__PURE__ */ fround(-2.12194440e-4);
const LOG_2_HIGH = /* @__PURE__ */ fround(0.693359375);

const asFloat = /* @__PURE__ */ new Float32Array(1);
const asBits = /* @__PURE__ */ new Int32Array(asFloat.buffer);
/** The bits of √½ as a float32. */
const SQRT_HALF_BITS = 0x3f3504f3;

/** Natural logarithm of a float32 in (0, 1], where every argument is at least 2⁻²⁴. */
function logFloat(value: number): number {
  asFloat[0] = value;
  const bits = asBits[0]!;
  const significand = (bits & 0x007fffff) | 0x3f000000; // In [0.5, 1).
  asBits[0] = significand;
  const m = asFloat[0];
  // 1 below √½, where the significand is doubled, else 0: again without a branch.
  const doubled = (significand - SQRT_HALF_BITS) >>> 31;
  const exponent = (bits >>> 23) - 126 - doubled;
  const x = fround(fround(m - 1) + doubled * m);
  const z = fround(x * x);
  let y = fma(fround(7.0376836292e-2), x, fround(-1.151461031e-1));
  y = fma(y, x, fround(1.167699874e-1));
  y = fma(y, x, fround(-1.2420140846e-1));
  y = fma(y, x, fround(1.4249322787e-1));
  y = fma(y, x, fround(-1.6668057665e-1));
  y = fma(y, x, fround(2.0000714765e-1));
  y = fma(y, x, fround(-2.4999993993e-1));
  y = fma(y, x, fround(3.3333331174e-1));
  y = fround(y * x);
  y = fma(y, z, fround(exponent * LOG_2_LOW));
  y = fma(z, -0.5, y);
  return fma(exponent, LOG_2_HIGH, fround(x + y));
}

const FOUR_OVER_PI = /* @__PURE__ */ fround(1.27323954473516);

/** The octant of a non-negative angle, rounded up to even: 0, 2, 4 … count quarter turns in twos. */
const evenOctant = (angle: number): number => (Math.trunc(fround(angle * FOUR_OVER_PI)) + 1) & ~1;

/** 1 or −1: the sign of the sine in the quarter turn around an even octant. */
const sinSign = (octant: number): number => 1 - ((octant & 4) >> 1);
/** That of the cosine. */
const cosSign = (octant: number): number => ((octant - 2) & 4) / 2 - 1;

/** What an angle is above its octant. π/4 is in three parts, so that each product is exact. */
function reduce(angle: number, octant: number): number {
  const x = fma(octant, fround(-0.78515625), angle);
  return fma(octant, fround(-3.774894977445941e-8), fma(octant, fround(-2.4187564849853516e-4), x));
}

/** Sine on [−π/4, π/4]. */
function sinPolynomial(x: number): number {
  const z = fround(x * x);
  const y = fma(fma(fround(-1.9515295891e-4), z, fround(8.3321608736e-3)), z, fround(-1.6666654611e-1));
  return fma(fround(y * z), x, x);
}

/** Cosine on [−π/4, π/4]. */
function cosPolynomial(x: number): number {
  const z = fround(x * x);
  const y = fma(fma(fround(2.443315711809948e-5), z, fround(-1.388731625493765e-3)), z, fround(4.166664568298827e-2));
  return fround(fma(fround(y * z), z, -fround(z * 0.5)) + 1);
}
