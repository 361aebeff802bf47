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
  const transform = data instanceof Float32Array ? floatTransform(data, mean, std) : (start: number): void => transform16Double(data, start, mean, std);
  const whole = data.length - (data.length % 16);
  for (let i = 0; i < whole; i += 16) transform(i);
  if (whole < data.length) {
    const start = data.length - 16;
    refill(data.subarray(start));
    transform(start);
  }
}

function transform16Double(data: Float64Array, start: number, mean: number, std: number): void {
  for (let i = start; i < start + 8; i++) {
    const radius = Math.sqrt(-2 * log(1 - data[i]!));
    const { sin, cos } = sinCos(2 * Math.PI * data[i + 8]!);
    data[i] = fusedMultiplyAdd(radius * cos, std, mean);
    data[i + 8] = fusedMultiplyAdd(radius * sin, std, mean);
  }
}

// Networks start from millions of these numbers, so what follows is written for the engine's compiler: constants stand where they are used, nothing
// branches on a random bit, which would be guessed wrong every other time, and numbers are taken for bits in the place where they stand.

/** A fused multiply-add: float64 holds the product of two float32 exactly, so the sum is rounded to float32 just once. */
const fma = (a: number, b: number, c: number): number => Math.fround(a * b + c);

function floatTransform(data: Float32Array, mean: number, std: number): (start: number) => void {
  const bits = new Int32Array(data.buffer, data.byteOffset, data.length);
  const [scale, shift] = [Math.fround(std), Math.fround(mean)];
  return (start) => {
    radii(data, bits, start);
    turn(data, start, scale, shift);
  };
}

/** √(−2 log(1 − u)) in place of eight numbers u. */
function radii(data: Float32Array, bits: Int32Array, start: number): void {
  for (let i = start; i < start + 8; i++) {
    data[i] = 1 - data[i]!;
    data[i] = Math.sqrt(Math.fround(-2 * logAt(data, bits, i)));
  }
}

/** r cos 2πu and r sin 2πu in place of eight radii r and eight numbers u. */
function turn(data: Float32Array, start: number, scale: number, shift: number): void {
  for (let i = start; i < start + 8; i++) {
    const radius = data[i]!;
    const angle = Math.fround(Math.fround(2 * Math.PI) * data[i + 8]!);
    // Of the octants from 0 on, the odd ones belong to the next: 0, 2, 4 … count quarter turns in twos.
    const octant = ((Math.fround(angle * Math.fround(1.27323954473516)) | 0) + 1) & ~1;
    const x = aboveOctant(angle, octant);
    data[i] = sinPolynomial(x);
    data[i + 8] = cosPolynomial(x);
    const swapped = (octant & 2) << 2;
    const sin = (1 - ((octant & 4) >> 1)) * data[i + swapped]!;
    const cos = ((((octant - 2) & 4) >> 1) - 1) * data[i + 8 - swapped]!;
    data[i] = Math.fround(radius * cos) * scale + shift;
    data[i + 8] = Math.fround(radius * sin) * scale + shift;
  }
}

/** Natural logarithm of data[i], a float32 in (0, 1] and so at least 2⁻²⁴. Its place is written over. */
function logAt(data: Float32Array, bits: Int32Array, i: number): number {
  const all = bits[i]!;
  const significand = (all & 0x007fffff) | 0x3f000000; // In [0.5, 1).
  bits[i] = significand;
  const m = data[i]!;
  // Below √½ (its bits are 0x3f3504f3) the significand is doubled: 1 or 0.
  const doubled = (significand - 0x3f3504f3) >>> 31;
  const exponent = (all >>> 23) - 126 - doubled;
  const x = Math.fround(Math.fround(m - 1) + doubled * m);
  const z = Math.fround(x * x);
  let y = fma(Math.fround(7.0376836292e-2), x, Math.fround(-1.151461031e-1));
  y = fma(y, x, Math.fround(1.167699874e-1));
  y = fma(y, x, Math.fround(-1.2420140846e-1));
  y = fma(y, x, Math.fround(1.4249322787e-1));
  y = fma(y, x, Math.fround(-1.6668057665e-1));
  y = fma(y, x, Math.fround(2.0000714765e-1));
  y = fma(y, x, Math.fround(-2.4999993993e-1));
  y = fma(y, x, Math.fround(3.3333331174e-1));
  y = Math.fround(y * x);
  // log 2 in two parts, the larger one with so few bits that its product with an exponent is exact.
  y = fma(y, z, Math.fround(exponent * Math.fround(-2.12194440e-4)));
  y = fma(z, -0.5, y);
  return fma(exponent, Math.fround(0.693359375), Math.fround(x + y));
}

/** What an angle is above its octant. π/4 is in three parts, so that each product is exact. */
function aboveOctant(angle: number, octant: number): number {
  const x = fma(octant, Math.fround(-0.78515625), angle);
  return fma(octant, Math.fround(-3.774894977445941e-8), fma(octant, Math.fround(-2.4187564849853516e-4), x));
}

/** Sine on [−π/4, π/4]. */
function sinPolynomial(x: number): number {
  const z = Math.fround(x * x);
  const y = fma(fma(Math.fround(-1.9515295891e-4), z, Math.fround(8.3321608736e-3)), z, Math.fround(-1.6666654611e-1));
  return fma(Math.fround(y * z), x, x);
}

/** Cosine on [−π/4, π/4]. */
function cosPolynomial(x: number): number {
  const z = Math.fround(x * x);
  const y = fma(fma(Math.fround(2.443315711809948e-5), z, Math.fround(-1.388731625493765e-3)), z, Math.fround(4.166664568298827e-2));
  return Math.fround(fma(Math.fround(y * z), z, -Math.fround(z * 0.5)) + 1);
}
