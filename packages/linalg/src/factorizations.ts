import type { Options, Tensor } from "@gradus/tensor-core";
import { ArgumentError, AutogradError, optionsOf, pad, record, Saved, ShapeError, tensor } from "@gradus/tensor-core";
import { choleskyInPlace, eliminate } from "./algorithms/elimination.js";
import { orthogonalFactor, reflect } from "./algorithms/householder.js";
import { batchOf, broadcastBatches, checkFloating, checkMatrices, checkSquare, columnsOf, countOf, fromHost, hostMatrices, identity, rowsOf, widen } from "./batch.js";
import { solveTriangle, solveTriangular } from "./solve.js";

const show = (x: Tensor): string => `[${x.shape.join(", ")}]`;
const int32 = (like: Tensor, values: Int32Array, shape: readonly number[]): Tensor => tensor(values, { dtype: "int32", shape, device: like.device });

// Cholesky

export const CholeskyOptions = class {
  /** Give U with A = Uᵀ U instead of L with A = L Lᵀ; it reads the upper triangle of A. */
  readonly upper?: boolean;
};
export type CholeskyOptions = Options<typeof CholeskyOptions>;

/** L of a float64 tensor, and for each matrix the order of the first leading minor that is not positive. */
function choleskyCore(op: string, a: Tensor): { readonly L: Tensor; readonly info: readonly number[] } {
  const n = rowsOf(a);
  const matrices = hostMatrices(op, a);
  const info = matrices.map((matrix) => choleskyInPlace(matrix, n));
  const L = fromHost(a, matrices, a.shape);
  record(op, [a], [L], () => ([g]) => [
    // L⁻ᵀ ½(Φ + Φᵀ) L⁻¹ with Φ = the lower triangle of Lᵀ L̄, half of its diagonal. Murray, Differentiation of the Cholesky decomposition (2016)
    g
      ? () => {
          const product = L.mT.matmul(g);
          const symmetric = product.tril().add(product.tril(-1).mT).mul(0.5);
          const inner = solveTriangle(op, L.mT, symmetric, { upper: true, unit: false });
          return solveTriangle(op, L.mT, inner.mT, { upper: true, unit: false }).mT;
        }
      : null,
  ]);
  return { L, info };
}

/**
 * The triangular factor of symmetric positive-definite matrices: A = L Lᵀ.
 *
 * @param A - `[…, n, n]`, of which one triangle is read.
 * @throws {ArgumentError} if a matrix is not positive definite.
 * @see torch.linalg.cholesky; Golub, Van Loan, Matrix Computations (4th ed.), §4.2
 * @example
 * cholesky(tensor([[4, 2], [2, 5]])).toArraySync(); // [[2, 0], [1, 2]]
 */
export function cholesky(A: Tensor, options?: CholeskyOptions): Tensor {
  const { L, info } = choleskyWithInfo("cholesky", A, optionsOf("cholesky", CholeskyOptions, options));
  checkPositive("cholesky", info);
  return L;
}

export const CholeskyExOptions = class extends CholeskyOptions {
  /** Throw as `cholesky` does. */
  readonly checkErrors?: boolean;
};
export type CholeskyExOptions = Options<typeof CholeskyExOptions>;

/** `cholesky` without the check: `info` is 0, or the order of the first leading minor that is not positive. @see torch.linalg.cholesky_ex */
export function choleskyEx(A: Tensor, options?: CholeskyExOptions): { readonly L: Tensor; readonly info: Tensor } {
  const { checkErrors = false, ...rest } = optionsOf("choleskyEx", CholeskyExOptions, options);
  const { L, info } = choleskyWithInfo("choleskyEx", A, rest);
  if (checkErrors) checkPositive("choleskyEx", info);
  return { L, info: int32(A, Int32Array.from(info), batchOf(A)) };
}

function choleskyWithInfo(op: string, A: Tensor, { upper = false }: CholeskyOptions): { readonly L: Tensor; readonly info: readonly number[] } {
  checkSquare(op, A);
  const { L, info } = choleskyCore(op, upper ? widen(A).mT : widen(A));
  return { L: (upper ? L.mT : L).to(A.dtype), info };
}

function checkPositive(op: string, info: readonly number[]): void {
  const wrong = info.find((value) => value !== 0);
  if (wrong !== undefined) throw new ArgumentError(`${op}: expected positive-definite matrices, got one whose leading minor of order ${wrong} is not positive`);
}

/**
 * X with A X = B from the Cholesky factor of A.
 *
 * @remarks The gradient is that of A = L Lᵀ with respect to a full L, as in PyTorch: it has elements beside the triangle too.
 * @see torch.cholesky_solve
 */
export function choleskySolve(B: Tensor, L: Tensor, options?: CholeskyOptions): Tensor {
  const op = "choleskySolve";
  const { upper = false } = optionsOf(op, CholeskyOptions, options);
  checkSquare(op, L);
  checkMatrices(op, B, L);
  if (rowsOf(B) !== rowsOf(L)) throw new ShapeError(`${op}: expected as many rows of B as of L, got ${show(B)} and ${show(L)}`);
  const [l, b] = broadcastBatches(op, widen(upper ? L.mT : L), widen(B));
  return choleskySolveCore(op, l, b).to(B.dtype);
}

function choleskySolveCore(op: string, l: Tensor, b: Tensor): Tensor {
  const half = solveTriangle(op, l.detach(), b.detach(), { upper: false, unit: false });
  const x = solveTriangle(op, l.detach().mT, half, { upper: true, unit: false });
  record(op, [l, b], [x], () => {
    const saved = new Saved(op, l);
    return ([g]) => {
      if (!g) return [null, null];
      // ∂L/∂B = A⁻¹ G; ∂L/∂A = −(∂L/∂B) Xᵀ, and A = L Lᵀ
      const ofB = (): Tensor => choleskySolveCore(op, saved.value, g);
      const ofA = (): Tensor => ofB().matmul(x.mT).neg();
      return [() => { const both = ofA(); return both.add(both.mT).matmul(saved.value); }, ofB];
    };
  });
  return x;
}

/** The inverse of A from its Cholesky factor. @see torch.cholesky_inverse */
export function choleskyInverse(L: Tensor, options?: CholeskyOptions): Tensor {
  const op = "choleskyInverse";
  const { upper = false } = optionsOf(op, CholeskyOptions, options);
  checkSquare(op, L);
  const l = widen(upper ? L.mT : L);
  return choleskySolveCore(op, l, identity(l, rowsOf(l), batchOf(l))).to(L.dtype);
}

// QR

export const QrOptions = class {
  /** `reduced` (the default): Q has min(m, n) columns; `complete`: Q is square; `r`: Q is empty. */
  readonly mode?: "reduced" | "complete" | "r";
};
export type QrOptions = Options<typeof QrOptions>;

/**
 * A = Q R with orthonormal columns in Q and an upper triangle R.
 *
 * @param A - `[…, m, n]`.
 * @remarks Gradients need the first min(m, n) columns of A to be independent. There are none for `r`, nor for `complete` where m > n.
 * @see torch.linalg.qr; Golub, Van Loan, Matrix Computations (4th ed.), §5.2
 * @example
 * qr(tensor([[3, 0], [4, 5]])).R.toArraySync(); // [[-5, -4], [0, 3]]
 */
export function qr(A: Tensor, options?: QrOptions): { readonly Q: Tensor; readonly R: Tensor } {
  const op = "qr";
  const { mode = "reduced" } = optionsOf(op, QrOptions, options);
  checkMatrices(op, A);
  if (!["reduced", "complete", "r"].includes(mode)) throw new ArgumentError(`${op}: expected mode "reduced", "complete" or "r", got "${mode as string}"`);
  const { Q, R } = qrCore(widen(A), mode);
  return { Q: Q.to(A.dtype), R: R.to(A.dtype) };
}

function qrCore(a: Tensor, mode: "reduced" | "complete" | "r"): { readonly Q: Tensor; readonly R: Tensor } {
  const [m, n, batch] = [rowsOf(a), columnsOf(a), batchOf(a)];
  const k = Math.min(m, n);
  const columns = mode === "complete" ? m : k;
  const parts = hostMatrices("qr", a).map((matrix) => {
    const tau = reflect(matrix, m, n);
    const q = mode === "r" ? new Float64Array(0) : orthogonalFactor(matrix, tau, m, n, columns);
    return { q, r: Float64Array.from({ length: columns * n }, (_, at) => (at % n >= Math.floor(at / n) ? matrix[at]! : 0)) };
  });
  const Q = fromHost(a, parts.map(({ q }) => q), mode === "r" ? [0] : [...batch, m, columns]);
  const R = fromHost(a, parts.map(({ r }) => r), [...batch, columns, n]);
  record("qr", [a], [Q, R], () => {
    const saved = new Saved("qr", a);
    return ([gQ, gR]) => {
      if (!gQ && !gR) return [null];
      if (mode === "r" || columns > k) throw new AutogradError(`qr: expected the mode "reduced" for gradients, got "${mode}" for shape ${show(a)}`);
      return [() => qrGradient(saved.value, Q, R, gQ ?? null, gR ?? null)];
    };
  });
  return { Q, R };
}

/** Walter, Lehmann, On Higher-Order Derivatives of QR (2010); wide matrices as [X | Y] = Q [U | V], where Y = Q V has no constraint. */
function qrGradient(a: Tensor, Q: Tensor, R: Tensor, gQ: Tensor | null, gR: Tensor | null): Tensor {
  const [m, n] = [rowsOf(a), columnsOf(a)];
  if (m < n) {
    const [U, Y] = [R.narrow(-1, 0, m), a.narrow(-1, m, n - m)];
    const gV = gR?.narrow(-1, m, n - m) ?? null;
    const ownQ = gV === null ? gQ : gQ === null ? Y.matmul(gV.mT) : gQ.add(Y.matmul(gV.mT));
    const gX = qrGradient(a.narrow(-1, 0, m), Q, U, ownQ, gR?.narrow(-1, 0, m) ?? null);
    const gY = gV === null ? Q.newZeros(Y.shape) : Q.matmul(gV);
    return pad(gX, [0, n - m]).add(pad(gY, [m, 0]));
  }
  const fromR = gR === null ? null : R.matmul(gR.mT);
  const fromQ = gQ === null ? null : gQ.mT.matmul(Q).neg();
  const inner = fromR !== null && fromQ !== null ? fromR.add(fromQ) : (fromR ?? fromQ)!;
  const turned = Q.matmul(inner.tril().add(inner.tril(-1).mT));
  const whole = gQ === null ? turned : gQ.add(turned);
  // X R⁻ᵀ
  return solveTriangle("qr", R, whole.mT, { upper: true, unit: false }).mT;
}

// Householder reflections

/** Householder's reflections of a QR factorization, as LAPACK keeps them. Has no gradient. @see torch.geqrf */
export function geqrf(A: Tensor): { readonly a: Tensor; readonly tau: Tensor } {
  checkMatrices("geqrf", A);
  const [m, n] = [rowsOf(A), columnsOf(A)];
  const matrices = hostMatrices("geqrf", widen(A.detach()));
  const tau = matrices.map((matrix) => reflect(matrix, m, n));
  return { a: fromHost(A, matrices, A.shape, A.dtype), tau: fromHost(A, tau, [...batchOf(A), Math.min(m, n)], A.dtype) };
}

/** X multiplied from the left by H₀ H₁ … (or its transpose), H = I − τ v vᵀ. */
function applyReflections(a: Tensor, tau: Tensor, x: Tensor, transpose: boolean): Tensor {
  const steps = tau.shape.at(-1)!;
  const order = Array.from({ length: steps }, (_, i) => (transpose ? i : steps - 1 - i));
  // Ones on the diagonal, zeros above.
  const vectors = a.narrow(-1, 0, steps).tril(-1).add(identity(a, Math.max(rowsOf(a), steps)).slice(-2, 0, rowsOf(a)).slice(-1, 0, steps));
  return order.reduce((result, i) => {
    const v = vectors.narrow(-1, i, 1);
    return result.sub(v.mul(tau.narrow(-1, i, 1).unsqueeze(-1)).matmul(v.mT.matmul(result)));
  }, x);
}

function checkReflections(op: string, A: Tensor, tau: Tensor): void {
  checkMatrices(op, A);
  checkFloating(op, A, tau);
  const k = tau.shape.at(-1);
  const fits = tau.ndim === A.ndim - 1 && tau.shape.slice(0, -1).every((size, d) => size === A.shape[d]);
  if (!fits || k! > columnsOf(A) || k! > rowsOf(A)) throw new ShapeError(`${op}: expected tau of shape […, k] with at most as many factors as columns, got ${show(tau)} for ${show(A)}`);
}

/** The first n columns of the product H₀ H₁ … of Householder's reflections. @see torch.linalg.householder_product */
export function householderProduct(A: Tensor, tau: Tensor): Tensor {
  const op = "householderProduct";
  checkReflections(op, A, tau);
  if (rowsOf(A) < columnsOf(A)) throw new ShapeError(`${op}: expected at least as many rows as columns, got ${show(A)}`);
  const [a, t] = [widen(A), widen(tau)];
  const start = identity(a, rowsOf(a), batchOf(a)).narrow(-1, 0, columnsOf(a));
  return applyReflections(a, t, start, false).to(A.dtype);
}

export const OrmqrOptions = class {
  /** Q X (the default) or X Q. */
  readonly left?: boolean;
  /** Qᵀ instead of Q. */
  readonly transpose?: boolean;
};
export type OrmqrOptions = Options<typeof OrmqrOptions>;

/** X multiplied by the Q of a QR factorization that is kept as reflections. @see torch.ormqr */
export function ormqr(A: Tensor, tau: Tensor, X: Tensor, options?: OrmqrOptions): Tensor {
  const op = "ormqr";
  const { left = true, transpose = false } = optionsOf(op, OrmqrOptions, options);
  checkReflections(op, A, tau);
  checkMatrices(op, A, X);
  if ((left ? rowsOf(X) : columnsOf(X)) !== rowsOf(A)) throw new ShapeError(`${op}: expected as many ${left ? "rows" : "columns"} of X as rows of A, got ${show(X)} and ${show(A)}`);
  const [a, t, x] = [widen(A), widen(tau), widen(X)];
  return (left ? applyReflections(a, t, x, transpose) : applyReflections(a, t, x.mT, !transpose).mT).to(X.dtype);
}

// LU

export const LuOptions = class {
  /** Exchange rows so that pivots are as large as possible; true if absent. */
  readonly pivot?: boolean;
};
export type LuOptions = Options<typeof LuOptions>;

interface Lu {
  readonly P: Tensor;
  readonly L: Tensor;
  readonly U: Tensor;
  /** Counted from 1, as LAPACK does. */
  readonly pivots: Int32Array;
  readonly info: readonly number[];
}

function luCore(op: string, a: Tensor, pivot: boolean): Lu {
  const [m, n, batch] = [rowsOf(a), columnsOf(a), batchOf(a)];
  const k = Math.min(m, n);
  const matrices = hostMatrices(op, a);
  const steps = matrices.map((matrix) => eliminate(matrix, m, n, pivot));
  const lower = matrices.map((matrix) => Float64Array.from({ length: m * k }, (_, at) => entry(matrix, n, Math.floor(at / k), at % k, "lower")));
  const upper = matrices.map((matrix) => Float64Array.from({ length: k * n }, (_, at) => entry(matrix, n, Math.floor(at / n), at % n, "upper")));
  const P = fromHost(a, steps.map(({ pivots }) => permutationOf(pivots, m)), [...batch, m, m]);
  const [L, U] = [fromHost(a, lower, [...batch, m, k]), fromHost(a, upper, [...batch, k, n])];
  record(op, [a], [L, U], () => ([gL, gU]) => [gL || gU ? () => P.matmul(luGradient(L, U, gL ?? null, gU ?? null)) : null]);
  return { P, L, U, pivots: Int32Array.from(steps.flatMap(({ pivots }) => Array.from(pivots, (row) => row + 1))), info: steps.map(({ info }) => info) };
}

const entry = (matrix: Float64Array, n: number, i: number, j: number, part: "lower" | "upper"): number =>
  part === "lower" ? (i > j ? matrix[i * n + j]! : Number(i === j)) : i <= j ? matrix[i * n + j]! : 0;

/** P of A = P L U from the exchanges of rows. */
function permutationOf(pivots: Int32Array, m: number): Float64Array {
  const rows = Array.from({ length: m }, (_, i) => i);
  pivots.forEach((row, k) => { [rows[k], rows[row]] = [rows[row]!, rows[k]!]; });
  const p = new Float64Array(m * m);
  rows.forEach((from, to) => { p[from * m + to] = 1; });
  return p;
}

/**
 * For square matrices L⁻ᵀ ( tril(Lᵀ L̄, −1) + triu(Ū Uᵀ) ) U⁻ᵀ. What is beside the square, of wide or tall matrices, follows from it
 * freely and adds its own part: U₂ = L⁻¹ A₂, L₂ = A₂ U⁻¹.
 */
function luGradient(L: Tensor, U: Tensor, gL: Tensor | null, gU: Tensor | null): Tensor {
  const [m, k, n] = [rowsOf(L), columnsOf(L), columnsOf(U)];
  const square = (x: Tensor | null): Tensor | null => x?.narrow(-2, 0, k).narrow(-1, 0, k) ?? null;
  const [L1, U1] = [square(L)!, square(U)!];
  const [gL2, gU2] = [m > k ? (gL?.narrow(-2, k, m - k) ?? null) : null, n > k ? (gU?.narrow(-1, k, n - k) ?? null) : null];
  const zero = L1.newZeros(L1.shape);
  let lower = square(gL) === null ? zero : L1.mT.matmul(square(gL)!);
  let upper = square(gU) === null ? zero : square(gU)!.matmul(U1.mT);
  if (gU2 !== null) lower = lower.sub(gU2.matmul(U.narrow(-1, k, n - k).mT));
  if (gL2 !== null) upper = upper.sub(L.narrow(-2, k, m - k).mT.matmul(gL2));
  const below = (x: Tensor): Tensor => solveTriangle("lu", L1.mT, x, { upper: true, unit: true });
  /** X U₁⁻ᵀ */
  const beside = (x: Tensor): Tensor => solveTriangle("lu", U1, x.mT, { upper: true, unit: false }).mT;
  const inside = below(beside(lower.tril(-1).add(upper.triu())));
  if (n > k) return pad(inside, [0, n - k]).add(gU2 === null ? 0 : pad(below(gU2), [k, 0]));
  if (m > k) return pad(inside, [0, 0, 0, m - k]).add(gL2 === null ? 0 : pad(beside(gL2), [0, 0, k, 0]));
  return inside;
}

/**
 * A = P L U: a permutation, a lower triangle with ones on its diagonal, an upper triangle.
 *
 * @see torch.linalg.lu; Golub, Van Loan, Matrix Computations (4th ed.), §3.4
 * @example
 * lu(tensor([[1, 2], [2, 2]])).U.toArraySync(); // [[2, 2], [0, 1]]
 */
export function lu(A: Tensor, options?: LuOptions): { readonly P: Tensor; readonly L: Tensor; readonly U: Tensor } {
  const { pivot = true } = optionsOf("lu", LuOptions, options);
  checkMatrices("lu", A);
  const { P, L, U } = luCore("lu", widen(A), pivot);
  return { P: pivot ? P.to(A.dtype) : A.newZeros([0]), L: L.to(A.dtype), U: U.to(A.dtype) };
}

/** L and U in one matrix, and the exchanges of rows. */
export interface LuFactor {
  /** L below the diagonal, U on and above it. */
  readonly LU: Tensor;
  /** int32, counted from 1: row i was exchanged with row pivots[i]. */
  readonly pivots: Tensor;
}

function factored(op: string, A: Tensor, pivot: boolean): LuFactor & { readonly info: readonly number[] } {
  checkMatrices(op, A);
  const { L, U, pivots, info } = luCore(op, widen(A), pivot);
  const [m, n] = [rowsOf(A), columnsOf(A)];
  const below = L.tril(-1);
  const LU = m >= n ? pad(U, [0, 0, 0, m - n]).add(below) : U.add(pad(below, [0, n - m]));
  return { LU: LU.to(A.dtype), pivots: int32(A, pivots, [...batchOf(A), Math.min(m, n)]), info };
}

function checkPivots(op: string, info: readonly number[]): void {
  const index = info.findIndex((pivot) => pivot !== 0);
  if (index !== -1) throw new ArgumentError(`${op}: expected invertible matrices, got one whose pivot ${info[index]!} is zero (matrix ${index}); lu and luFactorEx factor it all the same`);
}

/** The LU factorization in the form that `luSolve` takes. @throws {ArgumentError} if a pivot is zero. @see torch.linalg.lu_factor */
export function luFactor(A: Tensor, options?: LuOptions): LuFactor {
  const { pivot = true } = optionsOf("luFactor", LuOptions, options);
  const { LU, pivots, info } = factored("luFactor", A, pivot);
  checkPivots("luFactor", info);
  return { LU, pivots };
}

export const LuFactorExOptions = class extends LuOptions {
  /** Throw where a pivot is zero. */
  readonly checkErrors?: boolean;
};
export type LuFactorExOptions = Options<typeof LuFactorExOptions>;

/** `luFactor` with info: 0, or the first pivot that is zero. @see torch.linalg.lu_factor_ex */
export function luFactorEx(A: Tensor, options?: LuFactorExOptions): LuFactor & { readonly info: Tensor } {
  const { pivot = true, checkErrors = false } = optionsOf("luFactorEx", LuFactorExOptions, options);
  const { LU, pivots, info } = factored("luFactorEx", A, pivot);
  if (checkErrors) checkPivots("luFactorEx", info);
  return { LU, pivots, info: int32(A, Int32Array.from(info), batchOf(A)) };
}

export const LuUnpackOptions = class {
  /** Whether L and U are wanted. */
  readonly unpackData?: boolean;
  /** Whether P is wanted. */
  readonly unpackPivots?: boolean;
};
export type LuUnpackOptions = Options<typeof LuUnpackOptions>;

/** P, L and U from the form that `luFactor` gives; empty ones for what is not wanted. @see torch.lu_unpack */
export function luUnpack(LU: Tensor, pivots: Tensor, options?: LuUnpackOptions): { readonly P: Tensor; readonly L: Tensor; readonly U: Tensor } {
  const op = "luUnpack";
  const { unpackData = true, unpackPivots = true } = optionsOf(op, LuUnpackOptions, options);
  checkMatrices(op, LU);
  const [m, k] = [rowsOf(LU), Math.min(rowsOf(LU), columnsOf(LU))];
  const none = LU.newZeros([0]);
  const P = unpackPivots ? permutations(op, LU, pivots) : none;
  if (!unpackData) return { P, L: none, U: none };
  const L = LU.narrow(-1, 0, k).tril(-1).add(identity(LU, m).slice(-1, 0, k));
  return { P, L, U: LU.narrow(-2, 0, k).triu() };
}

function permutations(op: string, LU: Tensor, pivots: Tensor): Tensor {
  if (pivots.dtype !== "int32") throw new ArgumentError(`${op}: expected pivots of int32, as luFactor gives them, got ${pivots.dtype}`);
  const [m, k] = [rowsOf(LU), pivots.shape.at(-1)!];
  const rows = Int32Array.from(pivots.detach().readSync() as ArrayLike<number>, (row) => row - 1);
  const batch = pivots.shape.slice(0, -1);
  return fromHost(LU, Array.from({ length: countOf(batch) }, (_, i) => permutationOf(rows.slice(i * k, (i + 1) * k), m)), [...batch, m, m], LU.dtype);
}

export const LuSolveOptions = class {
  /** Solve A X = B (the default) or X A = B. */
  readonly left?: boolean;
  /** Aᵀ instead of A. */
  readonly adjoint?: boolean;
};
export type LuSolveOptions = Options<typeof LuSolveOptions>;

/** X with A X = B from the LU factorization of A. @see torch.linalg.lu_solve */
export function luSolve(LU: Tensor, pivots: Tensor, B: Tensor, options?: LuSolveOptions): Tensor {
  const op = "luSolve";
  const { left = true, adjoint = false } = optionsOf(op, LuSolveOptions, options);
  checkSquare(op, LU);
  checkMatrices(op, LU, B);
  if ((left ? rowsOf(B) : columnsOf(B)) !== rowsOf(LU)) throw new ShapeError(`${op}: expected as many ${left ? "rows" : "columns"} of B as of A, got ${show(LU)} and ${show(B)}`);
  // X A = B is Aᵀ Xᵀ = Bᵀ.
  if (!left) return luSolve(LU, pivots, B.mT, { adjoint: !adjoint }).mT;
  const [f, b] = broadcastBatches(op, widen(LU), widen(B));
  const P = permutations(op, f, pivots);
  const lower = (x: Tensor): Tensor => solveTriangular(f, x, { upper: false, unitriangular: true });
  const upper = (x: Tensor): Tensor => solveTriangular(f, x, { upper: true });
  if (!adjoint) return upper(lower(P.mT.matmul(b))).to(B.dtype);
  const half = solveTriangular(f.mT, b, { upper: false });
  return P.matmul(solveTriangular(f.mT, half, { upper: true, unitriangular: true })).to(B.dtype);
}
