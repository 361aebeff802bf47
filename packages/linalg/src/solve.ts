import type { Options, Tensor } from "@gradus/tensor-core";
import { ArgumentError, optionsOf, record, Saved, ShapeError, tensor } from "@gradus/tensor-core";
import { solveInPlace, substitute } from "./algorithms/elimination.js";
import type { Triangle } from "./algorithms/elimination.js";
import { batchOf, broadcastBatches, checkFloating, checkMatrices, checkSquare, columnsOf, fromHost, hostMatrices, identity, rowsOf, widen } from "./batch.js";

const show = (x: Tensor): string => `[${x.shape.join(", ")}]`;

/** A X = B for float64 tensors of one batch. Where a matrix is singular its info is the pivot that is zero, and its X is not finite. */
function solveCore(op: string, a: Tensor, b: Tensor): { readonly x: Tensor; readonly info: readonly number[] } {
  const [n, columns] = [rowsOf(a), columnsOf(b)];
  const info: number[] = [];
  const [left, right] = [hostMatrices(op, a), hostMatrices(op, b)];
  left.forEach((matrix, i) => { info.push(solveInPlace(matrix, n, right[i]!, columns).info); });
  const x = fromHost(a, right, b.shape);
  record(op, [a, b], [x], () => {
    const [savedA, savedX] = [new Saved(op, a), new Saved(op, x)];
    // ∂L/∂B = A⁻ᵀ G; ∂L/∂A = −(∂L/∂B) Xᵀ
    return ([g]) => {
      if (!g) return [null, null];
      const ofB = (): Tensor => solveCore(op, savedA.value.mT, g).x;
      return [() => ofB().matmul(savedX.value.mT).neg(), ofB];
    };
  });
  return { x, info };
}

const infoTensor = (like: Tensor, info: readonly number[], batch: readonly number[]): Tensor => tensor(Int32Array.from(info), { dtype: "int32", shape: batch, device: like.device });

function checkRegular(op: string, info: readonly number[]): void {
  const at = info.findIndex((value) => value !== 0);
  if (at !== -1) throw new ArgumentError(`${op}: expected invertible matrices, got a singular one${info.length > 1 ? ` at place ${at} of the batch` : ""}: its pivot ${info[at]!} is zero; use pinv or lstsq`);
}

export const SolveOptions = class {
  /** Solve A X = B (the default) or X A = B. */
  readonly left?: boolean;
};
export type SolveOptions = Options<typeof SolveOptions>;

/** A and B as float64 matrices of one batch, and how the solution gets back to B's form and type. */
function systemOf(op: string, A: Tensor, B: Tensor, left: boolean): { readonly a: Tensor; readonly b: Tensor; readonly form: (x: Tensor) => Tensor } {
  checkSquare(op, A);
  checkFloating(op, A, B);
  if (B.ndim === 0) throw new ShapeError(`${op}: expected B to have a dimension, got a scalar`);
  const isVector = B.ndim === 1 || (B.ndim === A.ndim - 1 && B.shape.every((size, d) => size === A.shape[d]));
  if (isVector && !left) throw new ShapeError(`${op}: expected matrices for X A = B, got a vector of shape ${show(B)}`);
  const matrix = isVector ? B.unsqueeze(-1) : B;
  if ((left ? rowsOf(matrix) : columnsOf(matrix)) !== rowsOf(A)) throw new ShapeError(`${op}: expected as many ${left ? "rows" : "columns"} of B as of A, got ${show(A)} and ${show(B)}`);
  const [a, b] = broadcastBatches(op, widen(left ? A : A.mT), widen(left ? matrix : matrix.mT));
  return { a, b, form: (x) => (isVector ? x.squeeze(-1) : left ? x : x.mT).to(B.dtype) };
}

/**
 * X with A X = B, for square, invertible A.
 *
 * @param A - `[…, n, n]`.
 * @param B - `[…, n, k]`, or vectors `[n]` or `[…, n]` with the batch of A; batches broadcast.
 * @returns In the shape of B.
 * @throws {ArgumentError} if a matrix is singular.
 * @see torch.linalg.solve; Golub, Van Loan, Matrix Computations (4th ed.), §3.4
 * @example
 * solve(tensor([[2, 0], [0, 4]]), tensor([2, 8])).toArraySync(); // [1, 2]
 */
export function solve(A: Tensor, B: Tensor, options?: SolveOptions): Tensor {
  const { left = true } = optionsOf("solve", SolveOptions, options);
  const { result, info } = solveWithInfo("solve", A, B, left);
  checkRegular("solve", info);
  return result;
}

function solveWithInfo(op: string, A: Tensor, B: Tensor, left: boolean): { readonly result: Tensor; readonly info: readonly number[]; readonly batch: readonly number[] } {
  const { a, b, form } = systemOf(op, A, B, left);
  const { x, info } = solveCore(op, a, b);
  return { result: form(x), info, batch: batchOf(a) };
}

const SolveExOptions = class extends SolveOptions {
  /** Throw as `solve` does. */
  readonly checkErrors?: boolean;
};
type SolveExOptions = Options<typeof SolveExOptions>;

/** `solve` without the check: `info` is 0 for matrices that are invertible, else the pivot that is zero. @see torch.linalg.solve_ex */
export function solveEx(A: Tensor, B: Tensor, options?: SolveExOptions): { readonly result: Tensor; readonly info: Tensor } {
  const { left = true, checkErrors = false } = optionsOf("solveEx", SolveExOptions, options);
  const { result, info, batch } = solveWithInfo("solveEx", A, B, left);
  if (checkErrors) checkRegular("solveEx", info);
  return { result, info: infoTensor(A, info, batch) };
}

/** The inverse and its info, for an op of that name. */
function inverse(op: string, A: Tensor): { readonly inverse: Tensor; readonly info: readonly number[] } {
  checkSquare(op, A);
  const a = widen(A);
  const { x, info } = solveCore(op, a, identity(a, rowsOf(a), batchOf(a)));
  return { inverse: x.to(A.dtype), info };
}

/**
 * The inverse of square matrices. To solve A X = B, `solve` is faster and more exact.
 *
 * @throws {ArgumentError} if a matrix is singular.
 * @see torch.linalg.inv
 * @example
 * inv(tensor([[2, 0], [0, 4]])).toArraySync(); // [[0.5, 0], [0, 0.25]]
 */
export function inv(A: Tensor): Tensor {
  const found = inverse("inv", A);
  checkRegular("inv", found.info);
  return found.inverse;
}

export const InvExOptions = class {
  /** Throw as `inv` does. */
  readonly checkErrors?: boolean;
};
export type InvExOptions = Options<typeof InvExOptions>;

/** `inv` without the check: `info` is 0 for matrices that are invertible, else the pivot that is zero. @see torch.linalg.inv_ex */
export function invEx(A: Tensor, options?: InvExOptions): { readonly inverse: Tensor; readonly info: Tensor } {
  const { checkErrors = false } = optionsOf("invEx", InvExOptions, options);
  const found = inverse("invEx", A);
  if (checkErrors) checkRegular("invEx", found.info);
  return { inverse: found.inverse, info: infoTensor(A, found.info, batchOf(A)) };
}

/** T X = B for the triangle T of a, float64 tensors of one batch. */
export function solveTriangle(op: string, a: Tensor, b: Tensor, triangle: Triangle): Tensor {
  const [n, columns] = [rowsOf(a), columnsOf(b)];
  const [left, right] = [hostMatrices(op, a), hostMatrices(op, b)];
  left.forEach((matrix, i) => { substitute(matrix, n, right[i]!, columns, triangle); });
  const x = fromHost(a, right, b.shape);
  record(op, [a, b], [x], () => {
    const [savedA, savedX] = [new Saved(op, a), new Saved(op, x)];
    return ([g]) => {
      if (!g) return [null, null];
      const ofB = (): Tensor => solveTriangle(op, savedA.value.mT, g, { upper: !triangle.upper, unit: triangle.unit });
      // Only the triangle takes part, and a diagonal of ones does not.
      const beside = triangle.unit ? 1 : 0;
      const part = (x_: Tensor): Tensor => (triangle.upper ? x_.triu(beside) : x_.tril(-beside));
      return [() => part(ofB().matmul(savedX.value.mT).neg()), ofB];
    };
  });
  return x;
}

export const SolveTriangularOptions = class extends SolveOptions {
  /** Which triangle of A counts; the other one is not looked at. */
  readonly upper!: boolean;
  /** Take the diagonal for ones. */
  readonly unitriangular?: boolean;
};
export type SolveTriangularOptions = Options<typeof SolveTriangularOptions>;

/**
 * X with T X = B (or X T = B) for triangular T, by substitution.
 *
 * @see torch.linalg.solve_triangular
 * @example
 * solveTriangular(tensor([[1, 0], [1, 1]]), tensor([[1], [3]]), { upper: false }).toArraySync(); // [[1], [2]]
 */
export function solveTriangular(A: Tensor, B: Tensor, options: SolveTriangularOptions): Tensor {
  const op = "solveTriangular";
  const { upper, left = true, unitriangular = false } = optionsOf(op, SolveTriangularOptions, options);
  checkSquare(op, A);
  checkMatrices(op, A, B);
  if ((left ? rowsOf(B) : columnsOf(B)) !== rowsOf(A)) throw new ShapeError(`${op}: expected as many ${left ? "rows" : "columns"} of B as of A, got ${show(A)} and ${show(B)}`);
  const [a, b] = broadcastBatches(op, widen(left ? A : A.mT), widen(left ? B : B.mT));
  const x = solveTriangle(op, a, b, { upper: left ? upper : !upper, unit: unitriangular });
  return (left ? x : x.mT).to(B.dtype);
}
