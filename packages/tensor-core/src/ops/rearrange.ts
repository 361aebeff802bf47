import { dtypeInfo } from "@gradus/kernel-ir";
import { newArange, newTensor, newZeros, tensor } from "../create.js";
import { ArgumentError, ShapeError } from "../errors.js";
import { KernelOp } from "../kernels/kernel-op.js";
import { emptyLike } from "../kernels/rows.js";
import { optionsOf, TensorOptions } from "../options.js";
import type { Options } from "../options.js";
import { numelOf, resolveDim, resolveDims, showShape } from "../shape.js";
import type { Shape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { clone, fill, gt, lt, maskedFill, sub } from "./elementwise.js";
import { indexSelect } from "./index-ops.js";
import { cat } from "./join.js";
import { record, sum } from "./reduce.js";
import { asStrided, expand, narrow, permute, reshape, transpose, unsqueeze } from "./view.js";
import { copyInto } from "./copy.js";

/** The same elements in other places: reversed, rotated, repeated, by diagonals. */

/** A step can be negative inside of a kernel, though not in a view. */
const flipKernel = /* @__PURE__ */ new KernelOp({ name: "flip", build: (b) => { b.store(0, b.input(0)); } });

/** Reversed along dimensions; a copy. @see torch.flip */
export function flip(x: Tensor, dims: number | readonly number[]): Tensor {
  x.checkUsable("flip");
  const listed = typeof dims === "number" ? [dims] : dims;
  const reversed = listed.length === 0 ? [] : resolveDims("flip", listed, x.ndim);
  const result = emptyLike(x, x.shape);
  if (x.numel() > 0) {
    const strides = x.layout.strides.map((stride, d) => (reversed.includes(d) ? -stride : stride));
    const offset = reversed.reduce((at, d) => at + (x.shape[d]! - 1) * x.layout.strides[d]!, x.layout.offset);
    flipKernel.run(x.device, { outer: x.shape, inner: [] }, [{ storage: x.elements, offset, strides }], [{ storage: result.elements, offset: 0, strides: result.layout.strides }], dtypeInfo[x.dtype].compute, []);
  }
  record("flip", [x], [result], () => ([g]) => [g ? () => flip(g, reversed) : null]);
  return result;
}

/** Reversed along the first dimension: the rows of a matrix upside down. @see torch.flipud */
export function flipud(x: Tensor): Tensor {
  if (x.ndim < 1) throw new ShapeError("flipud: expected at least 1 dimension, got a scalar");
  return flip(x, [0]);
}
/** Reversed along the second dimension: each row of a matrix from right to left. @see torch.fliplr */
export function fliplr(x: Tensor): Tensor {
  if (x.ndim < 2) throw new ShapeError(`fliplr: expected at least 2 dimensions, got shape ${showShape(x.shape)}`);
  return flip(x, [1]);
}

/** Shifted along dimensions; what falls off comes in at the other end. Without dimensions, as one row. @see torch.roll */
export function roll(x: Tensor, shifts: number | readonly number[], dims?: number | readonly number[]): Tensor {
  const by = typeof shifts === "number" ? [shifts] : shifts;
  const along = dims === undefined ? [] : typeof dims === "number" ? [dims] : dims;
  if (along.length === 0) {
    if (by.length !== 1) throw new ArgumentError(`roll: expected one shift where no dimensions are given, got [${by.join(", ")}]`);
    return reshape(roll(reshape(x, [-1]), by, [0]), x.shape);
  }
  if (by.length !== along.length) throw new ArgumentError(`roll: expected a shift for each dimension, got [${by.join(", ")}] for [${along.join(", ")}]`);
  return along.reduce<Tensor>((y, dim, i) => {
    const d = resolveDim("roll", dim, x.ndim);
    const size = y.shape[d] ?? 1;
    if (size === 0) return y;
    const shift = ((by[i]! % size) + size) % size;
    return shift === 0 ? y : cat([narrow(y, d, size - shift, shift), narrow(y, d, 0, size - shift)], d);
  }, along.length === 1 && (x.shape[resolveDim("roll", along[0]!, x.ndim)] ?? 1) === 0 ? x : clone(x));
}

/** Turned by 90° `k` times in the plane of two dimensions, from the first towards the second. @see torch.rot90 */
export function rot90(x: Tensor, k = 1, dims: readonly [number, number] = [0, 1]): Tensor {
  const [a, b] = [resolveDim("rot90", dims[0], x.ndim), resolveDim("rot90", dims[1], x.ndim)];
  if (a === b || x.ndim < 2) throw new ShapeError(`rot90: expected two different dimensions, got [${dims.join(", ")}] for ${showShape(x.shape)}`);
  switch (((k % 4) + 4) % 4) {
    case 1:
      return transpose(flip(x, [b]), a, b);
    case 2:
      return flip(x, [a, b]);
    case 3:
      return transpose(flip(x, [a]), a, b);
    default:
      return clone(x);
  }
}

/** Repeated as often as `repeats` says for each dimension, new ones in front. @see torch.Tensor.repeat */
export function repeat(x: Tensor, repeats: readonly number[]): Tensor {
  if (repeats.length < x.ndim || !repeats.every((n) => Number.isInteger(n) && n >= 0)) {
    throw new ShapeError(`repeat: expected a whole number for each of at least ${x.ndim} dimensions, got [${repeats.join(", ")}]`);
  }
  const padded = reshape(x, [...new Array<number>(repeats.length - x.ndim).fill(1), ...x.shape]);
  // [r₀, s₀, r₁, s₁, …], each repeat an expanded dimension of its own.
  const pairs = padded.shape.flatMap((size, d) => [[1, size], [repeats[d]!, size]] as const);
  const wide = pairs.filter((_, i) => i % 2 === 1).flat();
  const thin = pairs.filter((_, i) => i % 2 === 0).flat();
  return clone(reshape(expand(reshape(padded, thin), wide), padded.shape.map((size, d) => size * repeats[d]!)));
}

/** Repeated as often as `reps` says, from the last dimension on; missing ones count 1. @see torch.tile */
export const tile = (x: Tensor, reps: readonly number[]): Tensor => repeat(x, [...new Array<number>(Math.max(0, x.ndim - reps.length)).fill(1), ...reps]);

export const RepeatInterleaveOptions = class {
  /** All elements in order, as one dimension, if absent. */
  readonly dim?: number;
  /** The size that the dimension will have, if the caller knows it: it is checked. */
  readonly outputSize?: number;
};
export type RepeatInterleaveOptions = Options<typeof RepeatInterleaveOptions>;

/** Each element (or slice along `dim`) repeated in place, equally often or as a tensor says. @see torch.repeat_interleave */
export function repeatInterleave(x: Tensor, repeats: number | Tensor, options?: RepeatInterleaveOptions): Tensor {
  const { dim, outputSize } = optionsOf("repeatInterleave", RepeatInterleaveOptions, options);
  if (dim === undefined) return repeatInterleave(reshape(x, [-1]), repeats, { ...options, dim: 0 });
  const d = resolveDim("repeatInterleave", dim, x.ndim);
  const size = x.shape[d] ?? 1;
  const checkTotal = (total: number): void => {
    if (outputSize !== undefined && outputSize !== total) throw new ShapeError(`repeatInterleave: expected repeats that add up to outputSize ${outputSize}, got ${total}`);
  };
  if (typeof repeats === "number" || repeats.numel() === 1) {
    const count = typeof repeats === "number" ? repeats : repeats.itemSync();
    if (!Number.isInteger(count) || count < 0) throw new ArgumentError(`repeatInterleave: expected repeats that are whole and not negative, got ${count}`);
    checkTotal(size * count);
    const wide = [...x.shape.slice(0, d + 1), count, ...x.shape.slice(d + 1)];
    return clone(reshape(expand(unsqueeze(x, d + 1), wide), x.shape.map((s, i) => (i === d ? s * count : s))));
  }
  const counts = Array.from(repeats.readSync(), Number);
  if (repeats.ndim !== 1 || counts.length !== size) throw new ShapeError(`repeatInterleave: expected ${size} repeats, one for each position, got ${showShape(repeats.shape)}`);
  if (counts.some((n) => n < 0)) throw new ArgumentError("repeatInterleave: expected repeats that are not negative");
  checkTotal(counts.reduce((total, n) => total + n, 0));
  const order = BigInt64Array.from(counts.flatMap((n, i) => new Array<number>(n).fill(i)), BigInt);
  return indexSelect(x, d, newTensor(x, order));
}

/** Whether an element of a matrix stands on or below the `diagonal`-th diagonal: column − row ≤ diagonal. */
function triangle(x: Tensor, op: string, diagonal: number, keeps: "lower" | "upper"): Tensor {
  if (x.ndim < 2) throw new ShapeError(`${op}: expected a matrix or a batch of them, got shape ${showShape(x.shape)}`);
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  const distance = sub(newArange(x, columns), unsqueeze(newArange(x, rows), 1));
  return maskedFill(x, keeps === "lower" ? gt(distance, diagonal) : lt(distance, diagonal), x.dtype === "bool" ? false : 0);
}

/** The lower triangle of matrices; zeros above. @see torch.tril */
export const tril = (x: Tensor, diagonal = 0): Tensor => triangle(x, "tril", diagonal, "lower");
/** The upper triangle of matrices; zeros below. @see torch.triu */
export const triu = (x: Tensor, diagonal = 0): Tensor => triangle(x, "triu", diagonal, "upper");

export const DiagonalOptions = class {
  /** 0 is the main diagonal, positive ones lie above it. */
  readonly offset?: number;
  readonly dim1?: number;
  readonly dim2?: number;
};
export type DiagonalOptions = Options<typeof DiagonalOptions>;

/** The diagonal of two dimensions as the last dimension of a view. @see torch.diagonal */
export function diagonal(x: Tensor, options?: DiagonalOptions): Tensor {
  const { offset = 0, dim1 = 0, dim2 = 1 } = optionsOf("diagonal", DiagonalOptions, options);
  const [a, b] = [resolveDim("diagonal", dim1, x.ndim), resolveDim("diagonal", dim2, x.ndim)];
  if (a === b) throw new ShapeError(`diagonal: expected two different dimensions, got ${dim1} and ${dim2}`);
  const [rows, columns] = [x.shape[a]!, x.shape[b]!];
  const length = Math.max(0, Math.min(rows + Math.min(offset, 0), columns - Math.max(offset, 0)));
  const [strideA, strideB] = [x.layout.strides[a]!, x.layout.strides[b]!];
  const others = x.shape.map((_, d) => d).filter((d) => d !== a && d !== b);
  const start = length === 0 ? 0 : offset >= 0 ? offset * strideB : -offset * strideA;
  return asStrided(x, [...others.map((d) => x.shape[d]!), length], [...others.map((d) => x.layout.strides[d]!), strideA + strideB], x.layout.offset + start);
}

/** Matrices with the last dimension of x on a diagonal. @see torch.diag_embed */
export function diagEmbed(x: Tensor, options?: DiagonalOptions): Tensor {
  const { offset = 0, dim1 = -2, dim2 = -1 } = optionsOf("diagEmbed", DiagonalOptions, options);
  const rank = x.ndim + 1;
  const [a, b] = [resolveDim("diagEmbed", dim1, rank), resolveDim("diagEmbed", dim2, rank)];
  if (a === b) throw new ShapeError(`diagEmbed: expected two different dimensions, got ${dim1} and ${dim2}`);
  const size = x.shape.at(-1)! + Math.abs(offset);
  const result = newZeros(x, [...x.shape.slice(0, -1), size, size]);
  const place = diagonal(result, { offset, dim1: -2, dim2: -1 });
  copyInto(place, x);
  const order: number[] = [];
  let next = 0;
  for (let d = 0; d < rank; d++) order.push(d === a ? rank - 2 : d === b ? rank - 1 : next++);
  return permute(result, order);
}

/** A vector as the diagonal of a matrix, or the diagonal of a matrix as a vector. @see torch.diag */
export function diag(x: Tensor, offset = 0): Tensor {
  if (x.ndim === 1) return diagEmbed(x, { offset });
  if (x.ndim === 2) return clone(diagonal(x, { offset }));
  throw new ShapeError(`diag: expected a vector or a matrix, got shape ${showShape(x.shape)}; use diagonal or diagEmbed`);
}

/** Sum of the main diagonal of a matrix. @see torch.trace */
export function trace(x: Tensor): Tensor {
  if (x.ndim !== 2) throw new ShapeError(`trace: expected a matrix, got shape ${showShape(x.shape)}`);
  return sum(diagonal(x));
}

/** Dimensions moved to other places; the others keep their order. @see torch.movedim */
export function movedim(x: Tensor, source: number | readonly number[], destination: number | readonly number[]): Tensor {
  const from = (typeof source === "number" ? [source] : source).map((d) => resolveDim("movedim", d, x.ndim));
  const to = (typeof destination === "number" ? [destination] : destination).map((d) => resolveDim("movedim", d, x.ndim));
  if (from.length !== to.length || new Set(from).size !== from.length || new Set(to).size !== to.length) {
    throw new ShapeError(`movedim: expected as many different destinations as sources, got [${from.join(", ")}] and [${to.join(", ")}]`);
  }
  const rest = x.shape.map((_, d) => d).filter((d) => !from.includes(d));
  const order = x.shape.map((_, d) => {
    const at = to.indexOf(d);
    return at === -1 ? rest.shift()! : from[at]!;
  });
  return permute(x, order);
}

/** One dimension as several, whose product it is; one size may be −1. @see torch.unflatten */
export function unflatten(x: Tensor, dim: number, sizes: Shape): Tensor {
  const d = resolveDim("unflatten", dim, x.ndim);
  const known = numelOf(sizes.filter((size) => size !== -1));
  const size = x.shape[d] ?? 1;
  if (sizes.includes(-1) ? known === 0 || size % known !== 0 : known !== size) {
    throw new ShapeError(`unflatten: expected sizes whose product is ${size}, got ${showShape(sizes)}`);
  }
  return reshape(x, [...x.shape.slice(0, d), ...sizes.map((s) => (s === -1 ? size / known : s)), ...x.shape.slice(d + 1)]);
}

/** All elements as the diagonal of a matrix. @see torch.diagflat */
export const diagflat = (x: Tensor, offset = 0): Tensor => diagEmbed(reshape(x, [-1]), { offset });

/** Positions of a triangle of a rows × columns matrix: a row of row numbers and a row of column numbers, int64 unless `dtype` says otherwise. */
function triangleIndices(op: string, rows: number, columns: number, offset: number, keeps: "lower" | "upper", options: TensorOptions): Tensor {
  if (![rows, columns].every((n) => Number.isInteger(n) && n >= 0)) throw new ArgumentError(`${op}: expected sizes that are whole and not negative, got ${rows} and ${columns}`);
  const at: [number[], number[]] = [[], []];
  for (let row = 0; row < rows; row++) {
    const [from, to] = keeps === "lower" ? [0, Math.min(columns, row + offset + 1)] : [Math.max(0, row + offset), columns];
    for (let column = from; column < to; column++) {
      at[0].push(row);
      at[1].push(column);
    }
  }
  return tensor(BigInt64Array.from(at.flat(), BigInt), { dtype: "int64", ...options, shape: [2, at[0].length] });
}

/**
 * Rows and columns of the lower triangle of a matrix, row by row.
 *
 * @see torch.tril_indices
 * @example
 * trilIndices(2, 2).toArraySync(); // [[0, 1, 1], [0, 0, 1]]
 */
export const trilIndices = (rows: number, columns: number, offset = 0, options?: TensorOptions): Tensor => triangleIndices("trilIndices", rows, columns, offset, "lower", optionsOf("trilIndices", TensorOptions, options));
/** Rows and columns of the upper triangle of a matrix, row by row. @see torch.triu_indices */
export const triuIndices = (rows: number, columns: number, offset = 0, options?: TensorOptions): Tensor => triangleIndices("triuIndices", rows, columns, offset, "upper", optionsOf("triuIndices", TensorOptions, options));

export const FillDiagonalOptions = class {
  /** Begin again below the end of the diagonal of a matrix with more rows than columns. */
  readonly wrap?: boolean;
};
export type FillDiagonalOptions = Options<typeof FillDiagonalOptions>;

/** Writes one value on the main diagonal, of a matrix or of a tensor whose dimensions are all equal. @see torch.Tensor.fill_diagonal_ */
export function fillDiagonal_(x: Tensor, value: number | bigint | boolean, options?: FillDiagonalOptions): Tensor {
  const op = "fillDiagonal_";
  const { wrap = false } = optionsOf(op, FillDiagonalOptions, options);
  if (x.ndim < 2 || (x.ndim > 2 && x.shape.some((size) => size !== x.shape[0]))) throw new ShapeError(`${op}: expected a matrix, or dimensions that are all equal, got shape ${showShape(x.shape)}`);
  const [rows, columns] = x.shape as [number, number];
  const step = x.layout.strides.reduce((sum, stride) => sum + stride, 0);
  const first = Math.min(...x.shape);
  fill.inPlace(asStrided(x, [first], [step]), value);
  // After a row of gap the diagonal starts anew.
  for (let row = columns + 1; wrap && x.ndim === 2 && row < rows; row += columns + 1) {
    fill.inPlace(diagonal(narrow(x, 0, row, rows - row)), value);
  }
  return x;
}
