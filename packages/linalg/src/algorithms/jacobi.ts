import { orthogonalFactor, reflect } from "./householder.js";

/**
 * Eigenvalues and singular values by rotations that make one pair of rows and columns orthogonal after the other. Slower than
 * tridiagonal methods, but short, and accurate to the last digits of small values too.
 */

const sweeps = 60;

/** Cosine and sine of the angle θ with tan 2θ = 2b / (a − c), the smaller one. */
function rotation(a: number, b: number, c: number): readonly [cosine: number, sine: number] {
  const ratio = (c - a) / (2 * b);
  const tangent = (ratio >= 0 ? 1 : -1) / (Math.abs(ratio) + Math.hypot(1, ratio));
  const cosine = 1 / Math.hypot(1, tangent);
  return [cosine, cosine * tangent];
}

/**
 * A = V Λ Vᵀ of a symmetric matrix, of which only the lower triangle is read.
 *
 * Golub, Van Loan, Matrix Computations (4th ed.), §8.5: cyclic Jacobi.
 *
 * @returns Eigenvalues in ascending order, and the matrix whose columns are their vectors.
 */
export function symmetricEigen(source: Float64Array, n: number): { readonly values: Float64Array; readonly vectors: Float64Array } {
  const a = source.slice();
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) a[i * n + j] = a[j * n + i]!;
  const v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) v[i * n + i] = 1;
  for (let sweep = 0, rotated = true; rotated && sweep < sweeps; sweep++) {
    rotated = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const b = a[p * n + q]!;
        if (Math.abs(b) <= Number.EPSILON * 0.25 * Math.sqrt(Math.abs(a[p * n + p]! * a[q * n + q]!)) || Math.abs(b) < Number.MIN_VALUE * 4) continue;
        rotated = true;
        const [c, s] = rotation(a[p * n + p]!, b, a[q * n + q]!);
        for (let k = 0; k < n; k++) {
          const [x, y] = [a[k * n + p]!, a[k * n + q]!];
          a[k * n + p] = c * x - s * y;
          a[k * n + q] = s * x + c * y;
        }
        for (let k = 0; k < n; k++) {
          const [x, y] = [a[p * n + k]!, a[q * n + k]!];
          a[p * n + k] = c * x - s * y;
          a[q * n + k] = s * x + c * y;
        }
        for (let k = 0; k < n; k++) {
          const [x, y] = [v[k * n + p]!, v[k * n + q]!];
          v[k * n + p] = c * x - s * y;
          v[k * n + q] = s * x + c * y;
        }
        a[p * n + q] = a[q * n + p] = 0;
      }
    }
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[i * n + i]! - a[j * n + j]!);
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => { for (let k = 0; k < n; k++) vectors[k * n + to] = v[k * n + from]!; });
  return { values: Float64Array.from(order, (i) => a[i * n + i]!), vectors };
}

export interface SingularValues {
  /** m × m, or m × min(m, n). */
  readonly u: Float64Array;
  /** Descending. */
  readonly s: Float64Array;
  /** n × n, or n × min(m, n): the columns are the right singular vectors. */
  readonly v: Float64Array;
}

/**
 * A = U S Vᵀ of an m × n matrix.
 *
 * Hestenes, Inversion of matrices by biorthogonalization (1958); Demmel, Veselić, Jacobi's method is more accurate than QR (1992).
 *
 * @param full - Whether U and V are square.
 */
export function singularValues(source: Float64Array, m: number, n: number, full: boolean): SingularValues {
  if (m < n) {
    const { u, s, v } = singularValues(transposed(source, m, n), n, m, full);
    return { u: v, s, v: u };
  }
  const a = source.slice();
  const v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) v[i * n + i] = 1;
  for (let sweep = 0, rotated = true; rotated && sweep < sweeps; sweep++) {
    rotated = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        let [pp, pq, qq] = [0, 0, 0];
        for (let k = 0; k < m; k++) {
          const [x, y] = [a[k * n + p]!, a[k * n + q]!];
          pp += x * x;
          pq += x * y;
          qq += y * y;
        }
        if (pq === 0 || Math.abs(pq) <= Number.EPSILON * Math.sqrt(pp * qq)) continue;
        rotated = true;
        const [c, s] = rotation(pp, pq, qq);
        for (const [matrix, rows] of [[a, m], [v, n]] as const) {
          for (let k = 0; k < rows; k++) {
            const [x, y] = [matrix[k * n + p]!, matrix[k * n + q]!];
            matrix[k * n + p] = c * x - s * y;
            matrix[k * n + q] = s * x + c * y;
          }
        }
      }
    }
  }
  const norms = Float64Array.from({ length: n }, (_, j) => {
    let norm = 0;
    for (let k = 0; k < m; k++) norm = Math.hypot(norm, a[k * n + j]!);
    return norm;
  });
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => norms[j]! - norms[i]!);
  const right = new Float64Array(n * n);
  const left = new Float64Array(m * n);
  const largest = norms[order[0] ?? 0] ?? 0;
  let rank = 0;
  order.forEach((from, to) => {
    for (let k = 0; k < n; k++) right[k * n + to] = v[k * n + from]!;
    // A column of rounding errors has no direction.
    if (norms[from]! <= largest * Number.EPSILON * m * 0.01 || norms[from] === 0) return;
    rank++;
    for (let k = 0; k < m; k++) left[k * n + to] = a[k * n + from]! / norms[from]!;
  });
  const columns = full ? m : n;
  return { u: completed(left, m, n, rank, columns), s: Float64Array.from(order, (i) => norms[i]!), v: right };
}

const transposed = (a: Float64Array, m: number, n: number): Float64Array => Float64Array.from({ length: m * n }, (_, i) => a[(i % m) * n + Math.floor(i / m)]!);

/** The first `rank` columns of an m × n matrix, which are orthonormal, and further ones that are orthonormal to them. */
function completed(a: Float64Array, m: number, n: number, rank: number, columns: number): Float64Array {
  if (rank === columns) return a;
  const known = Float64Array.from({ length: m * rank }, (_, i) => a[Math.floor(i / rank) * n + (i % rank)]!);
  const reflections = known.slice();
  const tau = reflect(reflections, m, rank);
  const q = orthogonalFactor(reflections, tau, m, rank, columns);
  for (let i = 0; i < m; i++) for (let j = 0; j < rank; j++) q[i * columns + j] = known[i * rank + j]!;
  return q;
}
