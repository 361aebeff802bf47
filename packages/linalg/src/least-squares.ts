import type { Options, Tensor } from "@gradus/tensor-core";
import { ArgumentError, optionsOf, record, Saved, ShapeError, Tensor as TensorClass } from "@gradus/tensor-core";
import { singularValues, symmetricEigen } from "./algorithms/jacobi.js";
import { batchOf, broadcastBatches, checkFloating, checkMatrices, checkSquare, columnsOf, fromHost, hostMatrices, rowsOf, widen } from "./batch.js";

const show = (x: Tensor): string => `[${x.shape.join(", ")}]`;
const epsilon = { float32: 2 ** -23, float64: 2 ** -52 } as const;

/** Which singular values count as zero. Each tolerance is a number, or a tensor with one for each matrix. */
export const ToleranceOptions = class {
  /** Those not above it. 0 if absent. */
  readonly atol?: number | Tensor | null;
  /** Those not above it times the largest one. max(m, n) · ε of the element type if neither is given. */
  readonly rtol?: number | Tensor | null;
  /** A is symmetric: its eigenvalues are used, and one triangle is read. */
  readonly hermitian?: boolean;
};
export type ToleranceOptions = Options<typeof ToleranceOptions>;

/** The smallest singular value that counts, for each matrix. */
function thresholds(op: string, A: Tensor, largest: readonly number[], { atol, rtol }: ToleranceOptions): readonly number[] {
  const each = (tolerance: number | Tensor): readonly number[] => {
    if (!(tolerance instanceof TensorClass)) return largest.map(() => tolerance);
    const batch = batchOf(A);
    if (tolerance.ndim > batch.length) throw new ShapeError(`${op}: expected a tolerance for each matrix of ${show(A)}, got shape ${show(tolerance)}`);
    return Array.from(tolerance.detach().expand(batch).readSync(), Number);
  };
  const [m, n] = [rowsOf(A), columnsOf(A)];
  const absolute = each(atol ?? 0);
  const given = rtol ?? (atol === undefined || atol === null ? Math.max(m, n) * epsilon[A.dtype as keyof typeof epsilon] : null);
  // An absolute tolerance of zero is none.
  const relative = given === null ? absolute.map((value) => (value > 0 ? 0 : Math.max(m, n) * epsilon[A.dtype as keyof typeof epsilon])) : each(given);
  return largest.map((value, i) => Math.max(absolute[i]!, relative[i]! * value));
}

/** Singular values with their vectors, of symmetric matrices by their eigenvalues. */
function decomposed(op: string, a: Tensor, hermitian: boolean): readonly { readonly u: Float64Array; readonly s: Float64Array; readonly v: Float64Array }[] {
  const [m, n] = [rowsOf(a), columnsOf(a)];
  return hostMatrices(op, a).map((matrix) => {
    if (!hermitian) return singularValues(matrix, m, n, false);
    const { values, vectors } = symmetricEigen(matrix, n);
    return { u: vectors, s: values.map(Math.abs), v: vectors.map((value, at) => value * (values[at % n]! < 0 ? -1 : 1)) };
  });
}

const largestOf = (s: Float64Array): number => s.reduce((most, value) => Math.max(most, value), 0);

export const MatrixRankOptions = class extends ToleranceOptions {
  /** An absolute tolerance. */
  readonly tol?: number | Tensor | null;
};
export type MatrixRankOptions = Options<typeof MatrixRankOptions>;

/**
 * How many singular values are not zero, up to a tolerance.
 *
 * @returns int64, one for each matrix.
 * @see torch.linalg.matrix_rank
 * @example
 * matrixRank(tensor([[1, 2], [2, 4]])).itemSync(); // 1
 */
export function matrixRank(A: Tensor, options?: MatrixRankOptions): Tensor {
  const op = "matrixRank";
  const { tol, hermitian = false, ...tolerances } = optionsOf(op, MatrixRankOptions, options);
  checkMatrices(op, A);
  if (hermitian) checkSquare(op, A);
  const found = decomposed(op, widen(A.detach()), hermitian);
  const limits = thresholds(op, A, found.map(({ s }) => largestOf(s)), tol === undefined || tol === null ? tolerances : { atol: tol, rtol: 0 });
  return fromHost(A, [found.map(({ s }, i) => s.filter((value) => value > limits[i]!).length)], batchOf(A), "int64");
}

export const PinvOptions = class extends ToleranceOptions {
  /** Another name of `rtol`. */
  readonly rcond?: number | Tensor | null;
};
export type PinvOptions = Options<typeof PinvOptions>;

/**
 * The pseudo-inverse (Moore–Penrose): of all X that make ‖A X − I‖ least, the one with the least norm.
 *
 * @param A - `[…, m, n]`.
 * @returns `[…, n, m]`.
 * @see torch.linalg.pinv; Golub, Pereyra (1973) for the gradient
 * @example
 * pinv(tensor([[2, 0], [0, 0]])).toArraySync(); // [[0.5, 0], [0, 0]]
 */
export function pinv(A: Tensor, options?: PinvOptions): Tensor {
  const op = "pinv";
  const { rcond, hermitian = false, ...tolerances } = optionsOf(op, PinvOptions, options);
  checkMatrices(op, A);
  if (hermitian) checkSquare(op, A);
  return pinvCore(op, A, widen(A), { ...tolerances, ...(rcond === undefined || rcond === null ? {} : { rtol: rcond }), hermitian }).inverse.to(A.dtype);
}

/** The pseudo-inverse of `a`, which is A in float64, and for each matrix its rank and singular values. */
function pinvCore(op: string, A: Tensor, a: Tensor, options: ToleranceOptions): { readonly inverse: Tensor; readonly ranks: readonly number[]; readonly singular: readonly Float64Array[] } {
  const [m, n] = [rowsOf(a), columnsOf(a)];
  const k = Math.min(m, n);
  const found = decomposed(op, a, options.hermitian ?? false);
  const limits = thresholds(op, A, found.map(({ s }) => largestOf(s)), options);
  const inverses = found.map(({ u, s, v }, index) => {
    const result = new Float64Array(n * m);
    s.forEach((value, r) => {
      if (!(value > limits[index]!)) return;
      for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) result[i * m + j]! += (v[i * k + r]! / value) * u[j * k + r]!;
    });
    return result;
  });
  const inverse = fromHost(a, inverses, [...batchOf(a), n, m]);
  record(op, [a], [inverse], () => {
    const saved = new Saved(op, a);
    // −Pᵀ G Pᵀ + (I − A P) Gᵀ P Pᵀ + Pᵀ P Gᵀ (I − P A), with G the gradient of P
    return ([g]) => [
      g
        ? () => {
            const [x, p] = [saved.value, inverse];
            const [pt, gt] = [p.mT, g.mT];
            const along = pt.matmul(g).matmul(pt).neg();
            const k1 = gt.matmul(p).matmul(pt);
            const k2 = pt.matmul(p).matmul(gt);
            return along.add(k1.sub(x.matmul(p).matmul(k1))).add(k2.sub(k2.matmul(p).matmul(x)));
          }
        : null,
    ];
  });
  return { inverse, ranks: found.map(({ s }, i) => s.filter((value) => value > limits[i]!).length), singular: found.map(({ s }) => s) };
}

export const LstsqOptions = class {
  /** Singular values below it times the largest one count as zero. max(m, n) · ε if absent. */
  readonly rcond?: number | null;
  /** Which of LAPACK's routines the result looks like: `gels` knows no rank, `gelsd` and `gelss` give singular values. `gelsy` if absent. */
  readonly driver?: "gels" | "gelsy" | "gelsd" | "gelss";
};
export type LstsqOptions = Options<typeof LstsqOptions>;

/** What `lstsq` gives; what its driver does not know is empty. */
export interface LeastSquares {
  readonly solution: Tensor;
  /** Σ (A X − B)² for each column, where A is tall and of full rank; `gelsy` does not know it. */
  readonly residuals: Tensor;
  readonly rank: Tensor;
  readonly singularValues: Tensor;
}

/**
 * X that makes ‖A X − B‖ least; of several, the one with the least norm.
 *
 * @param A - `[…, m, n]`.  @param B - `[…, m, k]`, or vectors `[…, m]`.
 * @see torch.linalg.lstsq
 * @example
 * lstsq(tensor([[1, 0], [1, 1], [1, 2]]), tensor([[1], [3], [5]])).solution.toArraySync(); // [[1], [2]]
 */
export function lstsq(A: Tensor, B: Tensor, options?: LstsqOptions): LeastSquares {
  const op = "lstsq";
  const { rcond, driver = "gelsy" } = optionsOf(op, LstsqOptions, options);
  checkMatrices(op, A);
  checkFloating(op, A, B);
  if (!["gels", "gelsy", "gelsd", "gelss"].includes(driver)) throw new ArgumentError(`${op}: expected driver "gels", "gelsy", "gelsd" or "gelss", got "${driver as string}"`);
  const isVector = B.ndim === A.ndim - 1;
  if (B.ndim === 0 || B.ndim < A.ndim - 1) throw new ShapeError(`${op}: expected B to have at least as many dimensions as A without one, got ${show(A)} and ${show(B)}`);
  const matrix = isVector ? B.unsqueeze(-1) : B;
  if (rowsOf(matrix) !== rowsOf(A)) throw new ShapeError(`${op}: expected as many rows of B as of A, got ${show(A)} and ${show(B)}`);
  const { inverse, ranks, singular } = pinvCore(op, A, widen(A), { rtol: rcond === undefined || rcond === null || rcond < 0 ? null : rcond });
  const [p, b] = broadcastBatches(op, inverse, widen(matrix));
  const solution = p.matmul(b);
  const [m, n, batch] = [rowsOf(A), columnsOf(A), batchOf(A)];
  const none = A.newZeros([0]);
  const isFull = driver !== "gelsy" && m > n && ranks.every((rank) => rank === n);
  const [a] = broadcastBatches(op, widen(A.detach()), b);
  return {
    solution: (isVector ? solution.squeeze(-1) : solution).to(A.dtype),
    residuals: isFull ? a.matmul(solution.detach()).sub(b.detach()).square().sum({ dim: -2 }).to(A.dtype) : none,
    rank: driver === "gels" ? A.newZeros([0], { dtype: "int64" }) : fromHost(A, [ranks], batch, "int64"),
    singularValues: driver === "gelsd" || driver === "gelss" ? fromHost(A, singular, [...batch, Math.min(m, n)], A.dtype) : none,
  };
}
