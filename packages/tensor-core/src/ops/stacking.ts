import { ArgumentError, ShapeError } from "../errors.js";
import { optionsOf } from "../options.js";
import type { Options } from "../options.js";
import { showShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { cat, firstOf, stack } from "./join.js";
import { pad } from "./pad.js";
import { expand, reshape, unsqueeze } from "./view.js";
import { newTensor, newZeros } from "../create.js";
import { indexSelect } from "./index-ops.js";

/** Joining along dimensions that are known by their direction, and what gives tensors those dimensions. */

/** A function of one tensor, or of several in an array. */
interface OneOrMore {
  (x: Tensor): Tensor;
  (tensors: readonly Tensor[]): Tensor[];
}

const oneOrMore = (f: (x: Tensor) => Tensor): OneOrMore => {
  function each(x: Tensor): Tensor;
  function each(x: readonly Tensor[]): Tensor[];
  function each(x: unknown): unknown {
    const list: readonly Tensor[] = [x as readonly Tensor[]].flat();
    const results = list.map((item) => f(item));
    return Array.isArray(x) ? results : results[0];
  }
  return each;
};

/** A scalar as a vector of one element; others as they are. Takes an array of tensors as well. @see torch.atleast_1d */
export const atleast1d = /* @__PURE__ */ oneOrMore((x) => (x.ndim === 0 ? reshape(x, [1]) : x));
/** A scalar as a 1×1 matrix, a vector as a row. Takes an array of tensors as well. @see torch.atleast_2d */
export const atleast2d = /* @__PURE__ */ oneOrMore((x) => (x.ndim === 0 ? reshape(x, [1, 1]) : x.ndim === 1 ? unsqueeze(x, 0) : x));
/** A scalar as [1, 1, 1], a vector [n] as [1, n, 1], a matrix [m, n] as [m, n, 1]. Takes an array of tensors as well. @see torch.atleast_3d */
export const atleast3d = /* @__PURE__ */ oneOrMore((x) => (x.ndim === 0 ? reshape(x, [1, 1, 1]) : x.ndim === 1 ? reshape(x, [1, -1, 1]) : x.ndim === 2 ? unsqueeze(x, 2) : x));

/** Joined along a dimension; sizes are checked here so that the error has the name of the op. */
function joined(op: string, tensors: readonly Tensor[], dim: number): Tensor {
  const first = firstOf(op, tensors);
  const other = tensors.find((x) => x.ndim !== first.ndim || x.shape.some((size, d) => d !== dim && size !== first.shape[d]));
  if (other !== undefined) {
    throw new ShapeError(`${op}: expected sizes that agree except along dimension ${dim}, got ${showShape(first.shape)} and ${showShape(other.shape)}`);
  }
  return cat(tensors, dim);
}

/**
 * Side by side: along the second dimension, or the only one.
 *
 * @see torch.hstack
 * @example
 * hstack([tensor([1, 2]), tensor([3])]).toArraySync(); // [1, 2, 3]
 */
export const hstack = (tensors: readonly Tensor[]): Tensor => joined("hstack", atleast1d(tensors), (tensors[0]?.ndim ?? 0) < 2 ? 0 : 1);
/** One below the other; vectors are rows. @see torch.vstack */
export const vstack = (tensors: readonly Tensor[]): Tensor => joined("vstack", atleast2d(tensors), 0);
/** One behind the other, along the third dimension. @see torch.dstack */
export const dstack = (tensors: readonly Tensor[]): Tensor => joined("dstack", atleast3d(tensors), 2);
/** Side by side; vectors are columns. @see torch.column_stack */
export const columnStack = (tensors: readonly Tensor[]): Tensor => joined("columnStack", tensors.map((x) => (x.ndim < 2 ? reshape(x, [-1, 1]) : x)), 1);

/** Matrices along the diagonal of one, zeros elsewhere; vectors are rows. @see torch.block_diag */
export function blockDiag(matrices: readonly Tensor[]): Tensor {
  firstOf("blockDiag", matrices);
  const blocks = atleast2d(matrices);
  const wrong = blocks.find((x) => x.ndim !== 2);
  if (wrong !== undefined) throw new ShapeError(`blockDiag: expected tensors of at most 2 dimensions, got shape ${showShape(wrong.shape)}`);
  const width = blocks.reduce((sum, x) => sum + x.shape[1]!, 0);
  let left = 0;
  const rows = blocks.map((x) => {
    const row = pad(x, [left, width - left - x.shape[1]!]);
    left += x.shape[1]!;
    return row;
  });
  return cat(rows, 0);
}

export const MeshgridOptions = class {
  /** `ij` (the default): the first tensor varies along the first dimension. `xy`: along the second, as in plots. */
  readonly indexing?: "ij" | "xy";
};
export type MeshgridOptions = Options<typeof MeshgridOptions>;

/**
 * The coordinates of a grid, one tensor per direction.
 *
 * @param tensors - Vectors or scalars.
 * @returns As many tensors, each of the grid's shape: views.
 * @see torch.meshgrid
 * @example
 * const [rows, columns] = meshgrid([tensor([1, 2]), tensor([3, 4, 5])]);
 * rows?.toArraySync(); // [[1, 1, 1], [2, 2, 2]]
 * columns?.shape; // [2, 3]
 */
export function meshgrid(tensors: readonly Tensor[], options?: MeshgridOptions): Tensor[] {
  const { indexing = "ij" } = optionsOf("meshgrid", MeshgridOptions, options);
  const first = firstOf("meshgrid", tensors);
  // Checked as JavaScript may pass anything.
  if (!["ij", "xy"].includes(indexing)) throw new ArgumentError(`meshgrid: expected indexing "ij" or "xy", got ${indexing}`);
  const wrong = tensors.find((x) => x.ndim > 1);
  if (wrong !== undefined) throw new ShapeError(`meshgrid: expected vectors or scalars, got shape ${showShape(wrong.shape)}`);
  const other = tensors.find((x) => x.dtype !== first.dtype);
  if (other !== undefined) throw new ArgumentError(`meshgrid: expected tensors of one element type, got ${first.dtype} and ${other.dtype}`);
  if (indexing === "xy" && tensors.length > 1) {
    const [a, b, ...rest] = tensors;
    const [gridB, gridA, ...others] = meshgrid([b!, a!, ...rest]);
    return [gridA!, gridB!, ...others];
  }
  const vectors = atleast1d(tensors);
  const shape = vectors.map((x) => x.shape[0]!);
  return vectors.map((x, d) => expand(reshape(x, shape.map((size, i) => (i === d ? size : 1))), shape));
}

/** All ways to take one element of each vector, as rows. @see torch.cartesian_prod */
export function cartesianProd(vectors: readonly Tensor[]): Tensor {
  const first = firstOf("cartesianProd", vectors);
  const wrong = vectors.find((x) => x.ndim !== 1);
  if (wrong !== undefined) throw new ShapeError(`cartesianProd: expected vectors, got shape ${showShape(wrong.shape)}`);
  if (vectors.length === 1) return first;
  return stack(meshgrid(vectors).map((x) => reshape(x, [-1])), 1);
}

export const CombinationsOptions = class {
  /** How many elements a combination has; 2 if absent. */
  readonly r?: number;
  /** Whether an element may be taken more than once. */
  readonly withReplacement?: boolean;
};
export type CombinationsOptions = Options<typeof CombinationsOptions>;

/**
 * All ways to take `r` elements of a vector, in order, as rows.
 *
 * @see torch.combinations
 * @example
 * combinations(tensor([1, 2, 3])).toArraySync(); // [[1, 2], [1, 3], [2, 3]]
 */
export function combinations(x: Tensor, options?: CombinationsOptions): Tensor {
  const { r = 2, withReplacement = false } = optionsOf("combinations", CombinationsOptions, options);
  if (x.ndim !== 1) throw new ShapeError(`combinations: expected a vector, got shape ${showShape(x.shape)}`);
  if (!Number.isInteger(r) || r < 0) throw new ArgumentError(`combinations: expected r to be whole and not negative, got ${r}`);
  if (r === 0) return newZeros(x, [0]);
  const count = x.shape[0]!;
  const rows: number[] = [];
  const extend = (row: readonly number[], from: number): void => {
    if (row.length === r) rows.push(...row);
    else for (let i = from; i < count; i++) extend([...row, i], withReplacement ? i : i + 1);
  };
  extend([], 0);
  return reshape(indexSelect(x, 0, newTensor(x, BigInt64Array.from(rows, BigInt))), [rows.length / r, r]);
}
