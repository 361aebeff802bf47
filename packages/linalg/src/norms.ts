import type { DType, Options, Tensor } from "@gradus/tensor-core";
import { ArgumentError, DTypeError, ShapeError, optionsOf, vectorNorm as lengths } from "@gradus/tensor-core";
import { batchOf, checkMatrices, checkSquare } from "./batch.js";
import { invEx } from "./solve.js";
import { svdvals } from "./svd.js";

const show = (x: Tensor): string => `[${x.shape.join(", ")}]`;

export const NormOptions = class {
  readonly keepdim?: boolean;
  /** Convert to this type first. */
  readonly dtype?: DType;
};
export type NormOptions = Options<typeof NormOptions>;

export const VectorNormOptions = class extends NormOptions {
  /** The p of Σ |x|ᵖ^(1/p): 2 if absent; Infinity and −Infinity are the largest and the smallest, 0 counts what is not zero. */
  readonly ord?: number;
  /** All dimensions if absent. */
  readonly dim?: number | readonly number[] | null;
};
export type VectorNormOptions = Options<typeof VectorNormOptions>;

/**
 * Norms of vectors: ‖x‖ₚ over dimensions. Where it is zero, so is its gradient.
 *
 * @see torch.linalg.vector_norm
 * @example
 * vectorNorm(tensor([3, -4])).itemSync(); // 5
 * vectorNorm(tensor([3, -4]), { ord: Infinity }).itemSync(); // 4
 */
export function vectorNorm(x: Tensor, options?: VectorNormOptions): Tensor {
  const { ord = 2, dim, keepdim = false, dtype } = optionsOf("vectorNorm", VectorNormOptions, options);
  return lengths("vectorNorm", converted(x, dtype), ord, { dim: dim ?? null, keepdim });
}

const converted = (x: Tensor, dtype: DType | undefined): Tensor => (dtype === undefined ? x : x.to(dtype));

/** Which norm of a matrix: Frobenius', the sum of the singular values, or by a number. */
export type MatrixOrd = "fro" | "nuc" | number;

export const MatrixNormOptions = class extends NormOptions {
  /** `fro` if absent. 2 and −2: the largest and smallest singular value; 1 and −1: sums of columns; ±Infinity: sums of rows. */
  readonly ord?: MatrixOrd;
  /** The dimensions of rows and columns; the last two if absent. */
  readonly dim?: readonly number[];
};
export type MatrixNormOptions = Options<typeof MatrixNormOptions>;

/**
 * Norms of matrices.
 *
 * @see torch.linalg.matrix_norm
 * @example
 * matrixNorm(tensor([[1, -2], [3, 4]]), { ord: 1 }).itemSync(); // 6
 */
export function matrixNorm(A: Tensor, options?: MatrixNormOptions): Tensor {
  return normOfMatrix("matrixNorm", A, optionsOf("matrixNorm", MatrixNormOptions, options));
}

function normOfMatrix(op: string, A: Tensor, { ord = "fro", dim = [-2, -1], keepdim = false, dtype }: MatrixNormOptions): Tensor {
  const source = converted(A, dtype);
  if (!source.isFloatingPoint()) throw new DTypeError(`${op}: expected a floating tensor, got ${A.dtype}; pass { dtype: "float32" }`);
  if (A.ndim < 2) throw new ShapeError(`${op}: expected a matrix or a batch of them, got shape ${show(A)}`);
  const [rows, columns] = dim.map((d) => (d < 0 ? d + A.ndim : d));
  if (dim.length !== 2 || rows === undefined || columns === undefined || rows === columns || [rows, columns].some((d) => !Number.isInteger(d) || d < 0 || d >= A.ndim)) {
    throw new ShapeError(`${op}: expected two different dimensions of shape ${show(A)}, got [${dim.join(", ")}]`);
  }
  if (ord === "fro") return lengths(op, source, 2, { dim: [rows, columns], keepdim });
  if (ord === "nuc" || Math.abs(ord) === 2) {
    if (source.dtype !== "float32" && source.dtype !== "float64") throw new DTypeError(`${op}: expected float32 or float64 for ord ${ord}, got ${source.dtype}; pass { dtype: "float32" }`);
    const others = A.shape.map((_, d) => d).filter((d) => d !== rows && d !== columns);
    const singular = svdvals(source.permute(...others, rows, columns));
    const value = ord === "nuc" ? singular.sum({ dim: -1 }) : ord > 0 ? singular.amax({ dim: -1 }) : singular.amin({ dim: -1 });
    return keepdim ? value.reshape(A.shape.map((size, d) => (d === rows || d === columns ? 1 : size))) : value;
  }
  if (Math.abs(ord) !== 1 && Math.abs(ord) !== Infinity) throw new ArgumentError(`${op}: expected ord "fro", "nuc", 1, -1, 2, -2, Infinity or -Infinity, got ${ord}`);
  const [summed, chosen] = Math.abs(ord) === 1 ? [rows, columns] : [columns, rows];
  if (A.shape[chosen] === 0) throw new ShapeError(`${op}: expected at least one ${Math.abs(ord) === 1 ? "column" : "row"} for ord ${ord}, got shape ${show(A)}`);
  const sums = source.abs().sum({ dim: summed, keepdim: true });
  const value = ord > 0 ? sums.amax({ dim: chosen, keepdim: true }) : sums.amin({ dim: chosen, keepdim: true });
  return keepdim ? value : value.squeeze([rows, columns]);
}

export const LinalgNormOptions = class extends NormOptions {
  readonly ord?: MatrixOrd | null;
  readonly dim?: number | readonly number[] | null;
};
export type LinalgNormOptions = Options<typeof LinalgNormOptions>;

/**
 * A norm of vectors or of matrices: of matrices where two dimensions are named, or x is a matrix and an order is given.
 *
 * @see torch.linalg.norm
 */
export function norm(x: Tensor, options?: LinalgNormOptions): Tensor {
  const op = "norm";
  const { ord, dim, ...rest } = optionsOf(op, LinalgNormOptions, options);
  const dims = typeof dim === "number" ? [dim] : dim;
  if (ord === undefined || ord === null) {
    return lengths(op, converted(x, rest.dtype), 2, { dim: dims ?? null, keepdim: rest.keepdim ?? false });
  }
  const count = dims?.length ?? x.ndim;
  if (count !== 1 && count !== 2) throw new ShapeError(`${op}: expected 1 or 2 dimensions for ord ${ord}, got ${dims === undefined || dims === null ? `shape ${show(x)}` : `[${dims.join(", ")}]`}`);
  if (count === 2) return normOfMatrix(op, x, { ord, ...(dims === undefined || dims === null ? {} : { dim: dims }), ...rest });
  if (typeof ord === "string") throw new ArgumentError(`${op}: expected a number as ord for vectors, got "${ord}"`);
  return lengths(op, converted(x, rest.dtype), ord, { dim: dims ?? null, keepdim: rest.keepdim ?? false });
}

/**
 * The condition number ‖A‖ ‖A⁻¹‖; Infinity for singular matrices.
 *
 * @param p - Which norm; 2 if absent, for which A need not be square.
 * @see torch.linalg.cond
 * @example
 * cond(tensor([[2, 0], [0, 8]])).itemSync(); // 4
 */
export function cond(A: Tensor, p: MatrixOrd | null = 2): Tensor {
  const op = "cond";
  checkMatrices(op, A);
  const ord = p ?? 2;
  if (ord === 2 || ord === -2) {
    if (A.numel() === 0) return A.newZeros(batchOf(A));
    const singular = svdvals(A);
    const [largest, smallest] = [singular.select(-1, 0), singular.select(-1, -1)];
    return ord === 2 ? largest.div(smallest) : smallest.div(largest);
  }
  checkSquare(op, A);
  if (A.numel() === 0) return A.newZeros(batchOf(A));
  const { inverse, info } = invEx(A);
  const result = normOfMatrix(op, A, { ord }).mul(normOfMatrix(op, inverse, { ord }));
  return result.maskedFill(info.ne(0), Infinity);
}
