import { dtypeInfo } from "@gradus/kernel-ir";
import { ArgumentError, ShapeError } from "../errors.js";
import { KernelOp } from "../kernels/kernel-op.js";
import { emptyLike, Rows } from "../kernels/rows.js";
import { DimOptions, optionsOf } from "../options.js";
import type { Options } from "../options.js";
import { resolveDim, showShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { clone, isnan, ne, sub, where } from "./elementwise.js";
import { gather, scatterAdd } from "./index-ops.js";
import { cat } from "./join.js";
import type { ValuesAndIndices } from "./reduce.js";
import { argmax, max, record } from "./reduce.js";
import { cummax } from "./scan.js";
import { contiguous, narrow, reshape, select } from "./view.js";
import { newArange, newTensor, newZeros } from "../create.js";

/** Sorting and what follows from it. NaN is larger than every number; equal elements keep their order. */

const sortKernel = (descending: boolean): KernelOp =>
  new KernelOp({
    name: "sort",
    build: (b) => {
      const [key, from] = b.sort(b.input(0), descending);
      b.store(0, key, "inner");
      b.store(1, from, "inner");
    },
  });
const ascendingKernel = /* @__PURE__ */ sortKernel(false);
const descendingKernel = /* @__PURE__ */ sortKernel(true);

export const SortOptions = class {
  readonly dim?: number;
  readonly descending?: boolean;
  /** Sorting is always stable; PyTorch's option is accepted. */
  readonly stable?: boolean;
};
export type SortOptions = Options<typeof SortOptions>;

/**
 * Sorted along a dimension, with the positions that the elements came from.
 *
 * @see torch.sort
 * @example
 * sort(tensor([3, 1, 2])).indices.toArraySync(); // [1, 2, 0]
 */
export function sort(x: Tensor, options?: SortOptions): ValuesAndIndices {
  const { dim = -1, descending = false } = optionsOf("sort", SortOptions, options);
  x.checkUsable("sort");
  const d = resolveDim("sort", dim, x.ndim);
  const rows = new Rows(x.shape, x.ndim === 0 ? [] : [d]);
  const [values, indices] = [emptyLike(x, x.shape), emptyLike(x, x.shape, "int64")];
  if (x.numel() > 0) (descending ? descendingKernel : ascendingKernel).run(x.device, rows.space, [rows.over(x)], [rows.over(values), rows.over(indices)], dtypeInfo[x.dtype].compute, []);
  record("sort", [x], [values], () => ([g]) => [g ? () => scatterBack(g, indices, d) : null]);
  return { values, indices };
}

const scatterBack = (g: Tensor, indices: Tensor, d: number): Tensor => (g.ndim === 0 ? g : scatterAdd(newZeros(g, indices.shape), d, indices, g));

/** The positions that sort x. @see torch.argsort */
export const argsort = (x: Tensor, options?: SortOptions): Tensor => sort(x.detach(), optionsOf("argsort", SortOptions, options)).indices;

export const TopkOptions = class {
  readonly dim?: number;
  /** The largest, or the smallest. */
  readonly largest?: boolean;
  readonly sorted?: boolean;
};
export type TopkOptions = Options<typeof TopkOptions>;

/** The k largest (or smallest) elements along a dimension, in order. @see torch.topk */
export function topk(x: Tensor, k: number, options?: TopkOptions): ValuesAndIndices {
  const { dim = -1, largest = true } = optionsOf("topk", TopkOptions, options);
  const d = resolveDim("topk", dim, x.ndim);
  const size = x.shape[d] ?? 1;
  if (!Number.isInteger(k) || k < 0 || k > size) throw new ArgumentError(`topk: expected k in [0, ${size}], got ${k}`);
  const { indices } = sort(x.detach(), { dim, descending: largest });
  if (x.ndim === 0) return { values: clone(x), indices };
  const first = contiguous(narrow(indices, d, 0, k));
  return { values: gather(x, d, first), indices: first };
}

/** The k-th smallest element along a dimension, counted from 1. @see torch.kthvalue */
export function kthvalue(x: Tensor, k: number, options?: DimOptions): ValuesAndIndices {
  const { dim = -1, keepdim = false } = optionsOf("kthvalue", DimOptions, options);
  const d = resolveDim("kthvalue", dim, x.ndim);
  const size = x.shape[d] ?? 1;
  if (!Number.isInteger(k) || k < 1 || k > size) throw new ArgumentError(`kthvalue: expected k in [1, ${size}], got ${k}`);
  return atRank(x, d, k - 1, keepdim);
}

function atRank(x: Tensor, d: number, rank: number, keepdim: boolean): ValuesAndIndices {
  const { indices } = sort(x.detach(), { dim: d });
  if (x.ndim === 0) return { values: clone(x), indices };
  const index = contiguous(narrow(indices, d, rank, 1));
  const value = gather(x, d, index);
  return keepdim ? { values: value, indices: index } : { values: select(value, d, 0), indices: select(index, d, 0) };
}

/** The lower of the two middle elements, of all or along a dimension; NaN if there is any. @see torch.median */
export function median(x: Tensor): Tensor;
export function median(x: Tensor, options: DimOptions & { readonly dim: number }): ValuesAndIndices;
export function median(x: Tensor, options?: DimOptions): Tensor | ValuesAndIndices {
  if (options?.dim === undefined) {
    if (x.numel() === 0 && x.isFloatingPoint()) return newTensor(x, NaN, { dtype: x.dtype });
    return median(reshape(x, [-1]), { dim: 0 }).values;
  }
  const d = resolveDim("median", options.dim, x.ndim);
  const size = x.shape[d] ?? 1;
  if (size === 0) throw new ShapeError(`median: expected at least one element along dimension ${d}, got shape ${showShape(x.shape)}`);
  const middle = atRank(x, d, Math.floor((size - 1) / 2), true);
  // The first NaN is the largest of all.
  const largest = max(x, { dim: d, keepdim: true });
  const nan = isnan(largest.values);
  const values = where(nan, largest.values, middle.values);
  const indices = where(nan, largest.indices, middle.indices);
  if (options.keepdim === true || x.ndim === 0) return { values, indices };
  return { values: select(values, d, 0), indices: select(indices, d, 0) };
}

/** The most frequent element along a dimension (the smallest of several), and where it last stands. @see torch.mode */
export function mode(x: Tensor, options?: DimOptions): ValuesAndIndices {
  const { dim = -1, keepdim = false } = optionsOf("mode", DimOptions, options);
  const d = resolveDim("mode", dim, x.ndim);
  if (x.ndim === 0) return { values: clone(x), indices: newZeros(x, [], { dtype: "int64" }) };
  const size = x.shape[d]!;
  if (size === 0) throw new ShapeError(`mode: expected at least one element along dimension ${d}, got shape ${showShape(x.shape)}`);
  // In the sorted row equal elements are a run; the first of the longest runs ends where most of them have been counted.
  const { values, indices } = sort(x.detach(), { dim: d });
  const positions = reshape(newArange(x, size), x.shape.map((_, i) => (i === d ? size : 1)));
  const begins = ne(narrow(values, d, 1, size - 1), narrow(values, d, 0, size - 1));
  const first = newZeros(positions, x.shape.map((length, i) => (i === d ? 1 : length)));
  const start = cummax(cat([first, where(begins, narrow(positions, d, 1, size - 1), 0)], d), d).values;
  const end = argmax(sub(positions, start), { dim: d, keepdim: true });
  const at = gather(indices, d, end);
  const value = gather(x, d, at);
  return keepdim ? { values: value, indices: at } : { values: select(value, d, 0), indices: select(at, d, 0) };
}

/** Sorted along the first dimension. @see torch.msort */
export const msort = (x: Tensor): Tensor => (x.ndim === 0 ? clone(x) : sort(x, { dim: 0 }).values);
