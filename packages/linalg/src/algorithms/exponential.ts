import { solveInPlace } from "./elimination.js";

/** Numerator of the Padé approximant of eˣ of order 13; the denominator is that of −x. */
const coefficients = [64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600, 670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1] as const;

/**
 * e^A of an n × n matrix, by scaling until the norm is small, an approximant, and squaring again.
 *
 * Higham, The scaling and squaring method for the matrix exponential revisited (2005), algorithm 2.3 with order 13.
 */
export function exponential(source: Float64Array, n: number): Float64Array {
  let norm = 0;
  for (let j = 0; j < n; j++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += Math.abs(source[i * n + j]!);
    norm = Math.max(norm, sum);
  }
  if (!Number.isFinite(norm)) return source.map(() => NaN);
  const squarings = Math.max(0, Math.ceil(Math.log2(norm / 5.371920351148152)));
  const a = source.map((value) => value / 2 ** squarings);
  const a2 = product(a, a, n);
  const a4 = product(a2, a2, n);
  const a6 = product(a4, a2, n);
  const [b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, b13] = coefficients;
  const high = (six: number, four: number, two: number): Float64Array => a.map((_, i) => six * a6[i]! + four * a4[i]! + two * a2[i]!);
  const low = (six: number, four: number, two: number, zero: number): Float64Array => high(six, four, two).map((value, i) => value + (i % (n + 1) === 0 ? zero : 0));
  const sum = (x: Float64Array, y: Float64Array): Float64Array => x.map((value, i) => value + y[i]!);
  const odd = product(a, sum(product(a6, high(b13, b11, b9), n), low(b7, b5, b3, b1)), n);
  const even = sum(product(a6, high(b12, b10, b8), n), low(b6, b4, b2, b0));
  let result = sum(even, odd);
  solveInPlace(even.map((value, i) => value - odd[i]!), n, result, n);
  for (let i = 0; i < squarings; i++) result = product(result, result, n);
  return result;
}

function product(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const result = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const factor = a[i * n + k]!;
      for (let j = 0; j < n; j++) result[i * n + j]! += factor * b[k * n + j]!;
    }
  }
  return result;
}
