import type { DiagonalOptions, Options, Tensor } from "@gradus/tensor-core";
import { ArgumentError, cross as coreCross, DTypeError, diagonal as coreDiagonal, optionsOf, record, Saved, ShapeError, cat } from "@gradus/tensor-core";
import { exponential } from "./algorithms/exponential.js";
import { batchOf, checkFloating, checkSquare, fromHost, hostMatrices, identity, rowsOf, widen } from "./batch.js";
import { inv, solve } from "./solve.js";

const show = (x: Tensor): string => `[${x.shape.join(", ")}]`;

/**
 * Aⁿ of square matrices, by repeated squaring; negative powers are those of the inverse.
 *
 * @see torch.linalg.matrix_power
 * @example
 * matrixPower(tensor([[1, 1], [0, 1]]), 3).toArraySync(); // [[1, 3], [0, 1]]
 */
export function matrixPower(A: Tensor, n: number): Tensor {
  const op = "matrixPower";
  if (A.ndim < 2 || A.shape.at(-1) !== A.shape.at(-2)) throw new ShapeError(`${op}: expected square matrices, got shape ${show(A)}`);
  if (!Number.isInteger(n)) throw new ArgumentError(`${op}: expected a whole power, got ${n}`);
  if (n < 0) checkSquare(op, A);
  if (n === 0) {
    const result = identity(A, rowsOf(A), batchOf(A)).clone();
    // A constant, but one that was asked of A.
    record(op, [A], [result], () => ([g]) => [g ? () => g.newZeros(g.shape) : null]);
    return result;
  }
  let base = n < 0 ? inv(A) : A;
  let result: Tensor | null = null;
  for (let rest = Math.abs(n); rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = result === null ? base : result.matmul(base);
    if (rest > 1) base = base.matmul(base);
  }
  return result === A ? A.clone() : result!;
}

/**
 * e^A = Σ Aᵏ / k! of square matrices.
 *
 * @see torch.linalg.matrix_exp; Higham (2005)
 * @example
 * matrixExp(tensor([[0, 1], [0, 0]])).toArraySync(); // [[1, 1], [0, 1]]
 */
export function matrixExp(A: Tensor): Tensor {
  checkSquare("matrixExp", A);
  return exponentialCore(widen(A)).to(A.dtype);
}

function exponentialCore(a: Tensor): Tensor {
  const n = rowsOf(a);
  const result = fromHost(a, hostMatrices("matrixExp", a).map((matrix) => exponential(matrix, n)), a.shape);
  record("matrixExp", [a], [result], () => {
    const saved = new Saved("matrixExp", a);
    // The upper right block of exp [[Aᵀ, G], [0, Aᵀ]] is the derivative in the direction G. Mathias, A chain rule for matrix functions (1996)
    return ([g]) => [
      g
        ? () => {
            const t = saved.value.mT;
            const block = cat([cat([t, g], -1), cat([g.newZeros(g.shape), t], -1)], -2);
            return exponentialCore(block).narrow(-2, 0, n).narrow(-1, n, n);
          }
        : null,
    ];
  });
  return result;
}

/**
 * The product of several matrices in the order that needs the fewest multiplications. The first may be a row vector, the last a column vector.
 *
 * @see torch.linalg.multi_dot; Cormen et al., Introduction to Algorithms, §15.2
 * @example
 * multiDot([tensor([1, 2]), tensor([[1, 0], [0, 1]]), tensor([3, 4])]).itemSync(); // 11
 */
export function multiDot(tensors: readonly Tensor[]): Tensor {
  const op = "multiDot";
  if (tensors.length < 2) throw new ArgumentError(`${op}: expected at least two tensors, got ${tensors.length}`);
  const last = tensors.length - 1;
  const [first, final] = [tensors[0]!, tensors[last]!];
  const matrices = tensors.map((x, i) => (x.ndim === 1 && i === 0 ? x.unsqueeze(0) : x.ndim === 1 && i === last ? x.unsqueeze(1) : x));
  const other = tensors.find((x) => x.dtype !== first.dtype);
  if (other !== undefined) throw new DTypeError(`${op}: expected tensors of one element type, got ${first.dtype} and ${other.dtype}; convert one with .to(dtype)`);
  matrices.forEach((x, i) => {
    if (x.ndim !== 2) throw new ShapeError(`${op}: expected matrices, with vectors only at the ends, got shape ${show(tensors[i]!)} at place ${i}`);
    if (i > 0 && matrices[i - 1]!.shape[1] !== x.shape[0]) throw new ShapeError(`${op}: expected sizes that meet, got ${show(tensors[i - 1]!)} @ ${show(tensors[i]!)}`);
  });
  const product = chain(matrices);
  return product.reshape([...(first.ndim === 1 ? [] : [product.shape[0]!]), ...(final.ndim === 1 ? [] : [product.shape[1]!])]);
}

function chain(matrices: readonly Tensor[]): Tensor {
  const sizes = [matrices[0]!.shape[0]!, ...matrices.map((x) => x.shape[1]!)];
  const count = matrices.length;
  const cost = matrices.map(() => new Array<number>(count).fill(0));
  const split = matrices.map(() => new Array<number>(count).fill(0));
  for (let length = 2; length <= count; length++) {
    for (let i = 0; i + length <= count; i++) {
      const j = i + length - 1;
      cost[i]![j] = Infinity;
      for (let k = i; k < j; k++) {
        const total = cost[i]![k]! + cost[k + 1]![j]! + sizes[i]! * sizes[k + 1]! * sizes[j + 1]!;
        if (total < cost[i]![j]!) [cost[i]![j], split[i]![j]] = [total, k];
      }
    }
  }
  const multiply = (i: number, j: number): Tensor => (i === j ? matrices[i]! : multiply(i, split[i]![j]!).matmul(multiply(split[i]![j]! + 1, j)));
  return multiply(0, count - 1);
}

export const TensorinvOptions = class {
  /** How many of the first dimensions are rows. 2 by default. */
  readonly ind?: number;
};
export type TensorinvOptions = Options<typeof TensorinvOptions>;

/** X with tensordot(X, A, ind) the identity: the inverse of A seen as a matrix of its first `ind` by its other dimensions. @see torch.linalg.tensorinv */
export function tensorinv(A: Tensor, options?: TensorinvOptions): Tensor {
  const op = "tensorinv";
  const { ind = 2 } = optionsOf(op, TensorinvOptions, options);
  checkFloating(op, A);
  const count = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);
  const [rows, columns] = [A.shape.slice(0, ind), A.shape.slice(ind)];
  if (!Number.isInteger(ind) || ind < 1 || count(rows) !== count(columns)) throw new ShapeError(`${op}: expected as many elements in the first ${ind} dimensions as in the others, got shape ${show(A)}`);
  return inv(A.reshape([count(rows), count(columns)])).reshape([...columns, ...rows]);
}

export const TensorsolveOptions = class {
  /** Dimensions of A that are moved behind the others first. */
  readonly dims?: readonly number[];
};
export type TensorsolveOptions = Options<typeof TensorsolveOptions>;

/** X with tensordot(A, X) = B, over the dimensions of A that B does not have. @see torch.linalg.tensorsolve */
export function tensorsolve(A: Tensor, B: Tensor, options?: TensorsolveOptions): Tensor {
  const op = "tensorsolve";
  const { dims } = optionsOf(op, TensorsolveOptions, options);
  checkFloating(op, A, B);
  const last = (dims ?? []).map((d) => (d < 0 ? d + A.ndim : d));
  const order = [...A.shape.map((_, d) => d).filter((d) => !last.includes(d)), ...last];
  const moved = A.permute(order);
  const shape = moved.shape.slice(B.ndim);
  if (shape.reduce((product, size) => product * size, 1) !== B.numel()) throw new ShapeError(`${op}: expected A of the shape of B followed by as many elements, got ${show(moved)} and ${show(B)}`);
  return solve(moved.reshape([B.numel(), B.numel()]), B.reshape(-1)).reshape(shape);
}

export const AlongOptions = class {
  /** The last one by default. */
  readonly dim?: number;
};
export type AlongOptions = Options<typeof AlongOptions>;

/** Σ xᵢ yᵢ along a dimension; the others broadcast. @see torch.linalg.vecdot */
export function vecdot(x: Tensor, y: Tensor, options?: AlongOptions): Tensor {
  const { dim = -1 } = optionsOf("vecdot", AlongOptions, options);
  if (x.dtype !== y.dtype) throw new DTypeError(`vecdot: expected tensors of one element type, got ${x.dtype} and ${y.dtype}; convert one with .to(dtype)`);
  return x.mul(y).sum({ dim, dtype: x.dtype });
}

/** The vector product along a dimension of size 3, the last one if absent. @see torch.linalg.cross */
export const cross = (x: Tensor, y: Tensor, options?: AlongOptions): Tensor => coreCross(x, y, { dim: -1, ...optionsOf("cross", AlongOptions, options) });

/** The diagonals of matrices. @see torch.linalg.diagonal */
export const diagonal = (A: Tensor, options?: DiagonalOptions): Tensor => coreDiagonal(A, { dim1: -2, dim2: -1, ...options });

export const PowersOptions = class {
  /** How many powers; as many as elements if absent. */
  readonly N?: number;
};
export type PowersOptions = Options<typeof PowersOptions>;

/**
 * Powers x⁰, x¹, … of each element as a row.
 *
 * @see torch.linalg.vander
 * @example
 * vander(tensor([2, 3]), { N: 3 }).toArraySync(); // [[1, 2, 4], [1, 3, 9]]
 */
export function vander(x: Tensor, options?: PowersOptions): Tensor {
  const op = "vander";
  const { N } = optionsOf(op, PowersOptions, options);
  const count = N ?? x.shape.at(-1) ?? 1;
  if (x.ndim === 0 && N === undefined) throw new ShapeError(`${op}: expected a vector or a batch of them, got a scalar`);
  if (!Number.isInteger(count) || count <= 1) throw new ArgumentError(`${op}: expected at least two powers, got ${count}`);
  const source = x.isFloatingPoint() ? x : x.to("int64");
  const vectors = source.ndim === 0 ? source.reshape([1]) : source;
  const rows = vectors.unsqueeze(-1).expand([...vectors.shape, count - 1]);
  return cat([rows.narrow(-1, 0, 1).detach().mul(0).add(1), rows.cumprod(-1)], -1);
}
