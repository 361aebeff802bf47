import { noGrad } from "../autograd/mode.js";
import { Saved } from "../autograd/op-node.js";
import { ArgumentError, DTypeError, ShapeError } from "../errors.js";
import { KernelOp } from "../kernels/kernel-op.js";
import { emptyLike } from "../kernels/rows.js";
import { optionsOf } from "../options.js";
import type { Options } from "../options.js";
import { showShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { abs, add, clampMax, clampMin, div, eq, ge, gt, logicalAnd, mul, ne, pow, reciprocal, sub, where } from "./elementwise.js";
import { indexAdd, indexSelect } from "./index-ops.js";
import { checkShapeOf, checkTogether } from "./operands.js";
import { amax, any, max, record, sum } from "./reduce.js";
import { expand, flatten, reshape, squeeze, unsqueeze } from "./view.js";
import { newArange, newZeros, newOnes } from "../create.js";
import { toDType } from "./copy.js";

export const EmbeddingOptions = class {
  /** A row that gets no gradient; negative ones count from the end. */
  readonly paddingIdx?: number | null;
  /** Rows with a larger norm are first scaled down to it, in the table itself. */
  readonly maxNorm?: number | null;
  /** The p of that norm; 2 if absent. */
  readonly normType?: number;
  /** Divide each row's gradient by how often the row was looked up. */
  readonly scaleGradByFreq?: boolean;
  /** Accepted for PyTorch's sake: gradients are always dense, and the same numbers. */
  readonly sparse?: boolean;
};
export type EmbeddingOptions = Options<typeof EmbeddingOptions>;

/**
 * Rows of a table: out[…, :] = weight[index[…], :].
 *
 * @param index - Any shape, int64 or int32.
 * @param weight - `[count, size]`.
 * @returns `[…, size]`.
 * @throws {GuardError} if an index is not a row of the table.
 * @see torch.nn.functional.embedding
 * @example
 * embedding(tensor([1, 0], { dtype: "int64" }), tensor([[1, 2], [3, 4]])).toArraySync(); // [[3, 4], [1, 2]]
 */
export function embedding(index: Tensor, weight: Tensor, options?: EmbeddingOptions): Tensor {
  const { paddingIdx = null, maxNorm = null, normType = 2, scaleGradByFreq = false } = optionsOf("embedding", EmbeddingOptions, options);
  if (index.dtype !== "int64" && index.dtype !== "int32") throw new DTypeError(`embedding: expected an index of int64 or int32, got ${index.dtype}; convert it with to("int64")`);
  const [count, size] = weight.shape;
  if (weight.ndim !== 2 || count === undefined || size === undefined) throw new ShapeError(`embedding: expected a weight of shape [count, size], got ${showShape(weight.shape)}`);
  if (paddingIdx !== null && !(Number.isInteger(paddingIdx) && paddingIdx >= -count && paddingIdx < count)) {
    throw new ArgumentError(`embedding: expected a paddingIdx within ${String(count)} rows, got ${String(paddingIdx)}`);
  }
  const places = flatten(index);
  if (maxNorm !== null) noGrad(() => limitNorms(weight, places, maxNorm, normType));
  const padding = paddingIdx !== null && paddingIdx < 0 ? count + paddingIdx : paddingIdx;
  const rows = padding === null && !scaleGradByFreq ? indexSelect(weight, 0, places) : weighedRows(weight, places, padding, scaleGradByFreq);
  return reshape(rows, [...index.shape, size]);
}

const oneHotKernel = /* @__PURE__ */ new KernelOp({
  name: "oneHot",
  build: (b) => {
    const { k } = b;
    const index = b.input(0, "int32");
    b.guard(k.and(k.le(k.int(0), index), k.lt(index, b.innerCount())), "oneHot: expected classes in [0, numClasses), got one outside; pass a larger numClasses", "outer");
    b.store(0, k.select(k.eq(index, b.position("inner")), k.int(1), k.int(0)), "inner");
  },
});

/**
 * A vector for each index that is 1 there and 0 elsewhere.
 *
 * @param index - Any shape, int64.  @param numClasses - The length of the vectors; without it, as long as the largest index needs.
 * @returns `[…, numClasses]`, int64.
 * @throws {GuardError} if an index is outside [0, numClasses).  @throws {DeviceError} without numClasses on a device that cannot be read at once.
 * @see torch.nn.functional.one_hot
 * @example
 * oneHot(tensor([0, 2], { dtype: "int64" })).toArraySync(); // [[1, 0, 0], [0, 0, 1]]
 */
export function oneHot(index: Tensor, numClasses = -1): Tensor {
  const op = "oneHot";
  index.checkUsable(op);
  if (index.dtype !== "int64") throw new DTypeError(`${op}: expected an index of int64, got ${index.dtype}; convert it with to("int64")`);
  if (!Number.isInteger(numClasses) || (numClasses < 1 && numClasses !== -1)) throw new ArgumentError(`${op}: expected a positive numClasses, or -1 to find out, got ${String(numClasses)}`);
  if (index.numel() === 0 && numClasses === -1) throw new ArgumentError(`${op}: expected numClasses for an index without elements, got -1`);
  const classes = numClasses === -1 ? max(index).itemSync() + 1 : numClasses;
  const result = emptyLike(index, [...index.shape, Math.max(classes, 1)]);
  const strides = result.layout.strides;
  oneHotKernel.run(
    index.device,
    { outer: index.shape, inner: [Math.max(classes, 1)] },
    [{ storage: index.elements, offset: index.layout.offset, strides: [...index.layout.strides, 0] }],
    [{ storage: result.elements, offset: 0, strides }],
    "int32",
    [],
  );
  return result;
}

export const EmbeddingBagOptions = class extends EmbeddingOptions {
  /** Where each bag starts in a one-dimensional index, int64. */
  readonly offsets?: Tensor | null;
  /** `mean` by default. */
  readonly mode?: "sum" | "mean" | "max";
  /** A weight for each index, for `sum`. */
  readonly perSampleWeights?: Tensor | null;
  /** The last offset is the end of the last bag, and not the start of another. */
  readonly includeLastOffset?: boolean;
};
export type EmbeddingBagOptions = Options<typeof EmbeddingBagOptions>;

/**
 * The sum, mean or maximum of the rows that each bag of indices names; zeros for a bag without any.
 *
 * @param index - `[bags, size]`, or `[count]` with `offsets`, int64 or int32.  @param weight - `[rows, size]`.
 * @returns `[bags, size]`.
 * @throws {ShapeError} if index, offsets or weights do not fit.  @throws {GuardError} if an index is not a row of the table.
 * @see torch.nn.functional.embedding_bag
 * @example
 * embeddingBag(tensor([[0, 1]], { dtype: "int64" }), tensor([[1, 2], [3, 4]])).toArraySync(); // [[2, 3]]
 */
export function embeddingBag(index: Tensor, weight: Tensor, options?: EmbeddingBagOptions): Tensor {
  const op = "embeddingBag";
  const { offsets = null, mode = "mean", perSampleWeights = null, includeLastOffset = false, ...ofRows } = optionsOf(op, EmbeddingBagOptions, options);
  const { paddingIdx = null, scaleGradByFreq = false } = ofRows;
  checkTogether(op, index, weight, offsets, perSampleWeights);
  if (!["sum", "mean", "max"].includes(mode)) throw new ArgumentError(`${op}: expected mode "sum", "mean" or "max", got "${mode}"`);
  if (index.ndim !== 1 && index.ndim !== 2) throw new ShapeError(`${op}: expected an index of one or two dimensions, got ${showShape(index.shape)}`);
  if (weight.ndim !== 2) throw new ShapeError(`${op}: expected a weight of shape [count, size], got ${showShape(weight.shape)}`);
  if ((index.ndim === 1) !== (offsets !== null)) throw new ArgumentError(`${op}: expected offsets with an index of one dimension only, got ${offsets === null ? "none" : "them"} with ${showShape(index.shape)}`);
  if (offsets !== null && (offsets.ndim !== 1 || (includeLastOffset && offsets.numel() === 0))) throw new ShapeError(`${op}: expected offsets of one dimension, got ${showShape(offsets.shape)}`);
  if (perSampleWeights !== null) {
    if (mode !== "sum") throw new ArgumentError(`${op}: expected perSampleWeights with mode "sum" only, got them with "${mode}"`);
    checkShapeOf(op, "perSampleWeights", perSampleWeights, index.shape);
    if (perSampleWeights.dtype !== weight.dtype) throw new DTypeError(`${op}: expected perSampleWeights of the weight's element type ${weight.dtype}, got ${perSampleWeights.dtype}`);
  }
  if (scaleGradByFreq && mode === "max") throw new ArgumentError(`${op}: expected scaleGradByFreq with mode "sum" or "mean", got it with "max"`);
  const places = flatten(index);
  const rows = embedding(places, weight, ofRows);
  const bags = offsets === null ? (index.shape[0] ?? 0) : offsets.numel() - Number(includeLastOffset);
  const bag = offsets === null ? bagsOfRows(index) : bagsFrom(offsets, places.numel(), bags);
  const counts = paddingIdx === null ? null : unsqueeze(ne(places, paddingIdx < 0 ? paddingIdx + (weight.shape[0] ?? 0) : paddingIdx), 1);
  if (bags === 0 || places.numel() === 0) return newZeros(weight, [bags, weight.shape[1] ?? 0]);
  if (mode === "max") return largestOf(rows, bag, bags, counts);
  const scaled = perSampleWeights === null ? rows : mul(rows, unsqueeze(flatten(perSampleWeights), 1));
  const counted = counts === null ? scaled : where(counts, scaled, 0);
  const sums = indexAdd(newZeros(weight, [bags, weight.shape[1] ?? 0]), 0, bag, counted);
  if (mode === "sum") return sums;
  const ones = counts === null ? newOnes(weight, [places.numel(), 1]) : toDType(counts, weight.dtype);
  return div(sums, clampMin(indexAdd(newZeros(weight, [bags, 1]), 0, bag, ones), 1));
}

/** The bag of each of `count` indices: as many begin at it or before it, less one. */
function bagsFrom(offsets: Tensor, count: number, bags: number): Tensor {
  const begun = ge(unsqueeze(newArange(offsets, count), 1), unsqueeze(offsets, 0));
  return clampMax(sub(sum(begun, { dim: 1 }), 1), Math.max(bags - 1, 0));
}

/** The bag of each index where every row is one. */
function bagsOfRows(index: Tensor): Tensor {
  const [bags = 0, size = 0] = index.shape;
  return flatten(expand(unsqueeze(newArange(index, bags), 1), [bags, size]));
}

/** Maxima over the rows of each bag. Every bag looks at all rows, those of others as −Infinity. */
function largestOf(rows: Tensor, bag: Tensor, bags: number, counts: Tensor | null): Tensor {
  const own = eq(unsqueeze(bag, 0), unsqueeze(newArange(bag, bags), 1));
  const member = unsqueeze(counts === null ? own : logicalAnd(own, squeeze(counts, 1)), 2);
  const { values } = max(where(member, rows, -Infinity), { dim: 1 });
  return where(any(member, { dim: 1 }), values, 0);
}

/** Rows whose gradients are changed before they are added up. */
function weighedRows(weight: Tensor, places: Tensor, padding: number | null, scaleGradByFreq: boolean): Tensor {
  const rows = indexSelect(weight.detach(), 0, places);
  record("embedding", [weight], [rows], () => {
    const saved = new Saved("embedding", places);
    const { shape } = weight;
    return ([g]) => {
      if (g === null || g === undefined) return [null];
      return [(): Tensor => {
        const at = saved.value;
        const kept = padding === null ? g : where(unsqueeze(eq(at, padding), 1), 0, g);
        const scaled = scaleGradByFreq ? div(kept, unsqueeze(indexSelect(occurrences(at, g, shape[0] ?? 0), 0, at), 1)) : kept;
        return indexAdd(newZeros(g, shape), 0, at, scaled);
      }];
    };
  });
  return rows;
}

/** How often each row is looked up. */
const occurrences = (places: Tensor, like: Tensor, count: number): Tensor => indexAdd(newZeros(like, [count]), 0, places, newOnes(like, places.shape));

/** Scales the rows that are looked up down to a norm, in place. */
function limitNorms(weight: Tensor, places: Tensor, maxNorm: number, p: number): void {
  const magnitudes = abs(weight);
  const norms = p === Infinity ? amax(magnitudes, { dim: 1 }) : pow(sum(pow(magnitudes, p), { dim: 1 }), 1 / p);
  const used = gt(occurrences(places, weight, weight.shape[0] ?? 0), 0);
  // PyTorch's 10⁻⁷ keeps the scaled norm from being larger again after rounding.
  mul.inPlace(weight, unsqueeze(where(logicalAnd(used, gt(norms, maxNorm)), mul(reciprocal(add(norms, 1e-7)), maxNorm), 1), 1));
}
