import type { DType } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import type { Vjp } from "../autograd/op-node.js";
import { OpNode, Saved } from "../autograd/op-node.js";
import { checkApart, overwrite, writeInPlace } from "../autograd/in-place.js";
import { ArgumentError, DTypeError, ShapeError } from "../errors.js";
import { KernelOp } from "../kernels/kernel-op.js";
import type { KernelOperand } from "../kernels/kernel-op.js";
import { emptyLike } from "../kernels/rows.js";
import { scalarArgument } from "../kernels/scalar-argument.js";
import { optionsOf, refuseOptions } from "../options.js";
import type { Options } from "../options.js";
import { resolveDim, sameShape, showShape } from "../shape.js";
import type { Shape } from "../shape.js";
import { toDType } from "./copy.js";
import { checkSameDevice } from "../tensor.js";
import type { Tensor } from "../tensor.js";
import { clone, div, eq, logicalAnd, maskedFill, mul, where } from "./elementwise.js";
import { pad } from "./pad.js";
import { record } from "./reduce.js";
import { expand, narrow, reshape } from "./view.js";
import { newFull, newTensor, newZeros } from "../create.js";
import { distance, scatterInto, vectorShape } from "../kernels/scatter-op.js";

/**
 * Reading and writing at computed places along one dimension. An operand that is read or written there has stride 0 along
 * that dimension; the index supplies the distance. An index out of range is an error that the device reports.
 */

const gatherKernel = /* @__PURE__ */ new KernelOp({ name: "gather", build: (b) => { b.store(0, b.inputAt(0, distance(b, "gather", 1, "outer")), "outer"); } });
const indexSelectKernel = /* @__PURE__ */ new KernelOp({ name: "indexSelect", build: (b) => { b.store(0, b.inputAt(0, distance(b, "indexSelect", 1, "outer")), "outer"); } });
function checkIndex(op: string, x: Tensor, index: Tensor): void {
  checkSameDevice(op, [x, index]);
  index.checkUsable(op);
  if (index.dtype !== "int64" && index.dtype !== "int32") throw new DTypeError(`${op}: expected an index of int64 or int32, got ${index.dtype}`);
}

/** Where each element has an index of its own, PyTorch takes int64 only; an index of none may be of any type. */
function checkElementIndex(op: string, x: Tensor, index: Tensor): void {
  checkSameDevice(op, [x, index]);
  index.checkUsable(op);
  if (index.dtype !== "int64" && index.numel() > 0) throw new DTypeError(`${op}: expected an index of int64, got ${index.dtype}; convert it with .to("int64")`);
}

const asIs = (x: Tensor): KernelOperand => ({ storage: x.elements, offset: x.layout.offset, strides: x.layout.strides });

/** Strides of `x` with 0 along `dim`. */
const without = (x: Tensor, dim: number): number[] => x.layout.strides.map((stride, d) => (d === dim ? 0 : stride));

export const GatherOptions = class {
  /** Accepted for PyTorch's sake: gradients are always dense, and the same numbers. */
  readonly sparseGrad?: boolean;
};
export type GatherOptions = Options<typeof GatherOptions>;

/**
 * out[i][j] = x[index[i][j]][j] for `dim` 0, and so on.
 *
 * @param index - int64, of x's rank, no larger than x in the other dimensions.
 * @throws {GuardError} if an index is outside the dimension.
 * @see torch.gather
 * @example
 * gather(tensor([[1, 2], [3, 4]]), 1, tensor([[0, 0], [1, 0]], { dtype: "int64" })).toArraySync(); // [[1, 1], [4, 3]]
 */
export function gather(x: Tensor, dim: number, index: Tensor, options?: GatherOptions): Tensor {
  optionsOf("gather", GatherOptions, options);
  x.checkUsable("gather");
  checkElementIndex("gather", x, index);
  const d = resolveDim("gather", dim, x.ndim);
  // A scalar counts as a vector of one element.
  if (x.ndim === 0 && index.ndim < 2) return reshape(gather(reshape(x, [1]), 0, reshape(index, [-1])), index.shape);
  checkWithin("gather", index, x, d);
  const result = emptyLike(x, index.shape);
  gatherKernel.run(
    x.device,
    { outer: index.shape, inner: [] },
    [{ storage: x.elements, offset: x.layout.offset, strides: without(x, d) }, asIs(index)],
    [asIs(result)],
    dtypeInfo[x.dtype].compute,
    [x.shape[d] ?? 0, x.layout.strides[d] ?? 0],
  );
  record("gather", [x], [result], () => {
    const saved = new Saved("gather", index);
    const shape = x.shape;
    return ([g]) => [g === null || g === undefined ? null : (): Tensor => scatterAdd(newZeros(g, shape), d, saved.value, g)];
  });
  return result;
}

function checkWithin(op: string, index: Tensor, x: Tensor, dim: number): void {
  const fits = index.ndim === x.ndim && index.shape.every((size, d) => d === dim || size <= (x.shape[d] ?? 0));
  if (!fits) throw new ShapeError(`${op}: expected an index of rank ${String(x.ndim)}, no larger than ${showShape(x.shape)} except along dimension ${String(dim)}, got ${showShape(index.shape)}`);
}

/** The slices of `x` along `dim` that a one-dimensional index names. @see torch.index_select */
export function indexSelect(x: Tensor, dim: number, index: Tensor): Tensor;
export function indexSelect(x: Tensor, dim: number, index: Tensor, options?: unknown): Tensor {
  refuseOptions("indexSelect", options);
  x.checkUsable("indexSelect");
  checkIndex("indexSelect", x, index);
  const d = resolveDim("indexSelect", dim, x.ndim);
  if (index.ndim > 1) throw new ShapeError(`indexSelect: expected an index of one dimension, got ${showShape(index.shape)}`);
  const count = index.numel();
  const shape = x.ndim === 0 ? [] : x.shape.map((size, i) => (i === d ? count : size));
  const result = emptyLike(x, shape);
  const along = shape.map((_, i) => (i === d ? (index.layout.strides[0] ?? 0) : 0));
  indexSelectKernel.run(
    x.device,
    { outer: shape, inner: [] },
    [{ storage: x.elements, offset: x.layout.offset, strides: without(x, d) }, { storage: index.elements, offset: index.layout.offset, strides: along }],
    [asIs(result)],
    dtypeInfo[x.dtype].compute,
    [x.ndim === 0 ? 1 : (x.shape[d] ?? 0), x.layout.strides[d] ?? 0],
  );
  record("indexSelect", [x], [result], () => {
    const saved = new Saved("indexSelect", index);
    const from = x.shape;
    return ([g]) => [g === null || g === undefined ? null : (): Tensor => indexAdd(newZeros(g, from), d, saved.value, g)];
  });
  return result;
}

// Writing at computed places

function checkScatter(op: string, x: Tensor, dim: number, index: Tensor, source: Tensor): void {
  x.checkUsable(op);
  checkElementIndex(op, x, index);
  source.checkUsable(op);
  checkSameDevice(op, [x, source]);
  if (source.dtype !== x.dtype) throw new DTypeError(`${op}: expected a source of ${x.dtype}, got ${source.dtype}; convert it with .to("${x.dtype}")`);
  // An index of none writes nothing, whatever its shape.
  if (index.numel() === 0) return;
  const [own, at, from] = [vectorShape(x.shape), vectorShape(index.shape), vectorShape(source.shape)];
  if (!isWithin(at, own, dim)) throw new ShapeError(`${op}: expected an index of rank ${String(x.ndim)}, no larger than ${showShape(x.shape)} except along dimension ${String(dim)}, got ${showShape(index.shape)}`);
  if (from.length !== at.length || at.some((size, d) => size > from[d]!)) {
    throw new ShapeError(`${op}: expected a source no smaller than the index ${showShape(index.shape)}, got ${showShape(source.shape)}`);
  }
}

const isWithin = (index: Shape, shape: Shape, dim: number): boolean => index.length === shape.length && index.every((size, d) => d === dim || size <= shape[d]!);

/** `g` with zeros after it where a source was larger than its index. */
function fitTo(g: Tensor, shape: Shape): Tensor {
  if (shape.every((size, d) => size === g.shape[d])) return g;
  return pad(g, shape.flatMap((size, d) => [size - (g.shape[d] ?? 0), 0]).reverse());
}

/** Zeros where nothing was written, else g at the place. */
const gathered = (g: Tensor, d: number, index: Tensor, shape: Shape): Tensor => (index.numel() === 0 ? newZeros(g, shape) : fitTo(gather(g, d, index), shape));

/** A value as a source of the index's shape. */
function sourceOf(op: string, x: Tensor, index: Tensor, values: Values): Tensor {
  if (typeof values === "object") return values;
  scalarArgument(op, values, dtypeInfo[x.dtype].compute);
  return expand(newTensor(x, values, { dtype: x.dtype }), index.shape);
}
type Values = Tensor | number | bigint | boolean;

/** Sums: the gradient passes x by and reaches the source at the places that were added to. */
const sumVjp = (op: string, d: number, index: Tensor, shape: Shape): Vjp => {
  const saved = new Saved(op, index);
  return ([g]) => (g ? [() => g, () => gathered(g, d, saved.value, shape)] : [null, null]);
};

/** Replacements: no gradient reaches what was overwritten. */
const replaceVjp = (op: string, d: number, index: Tensor, shape: Shape): Vjp => {
  const saved = new Saved(op, index);
  return ([g]) => (g ? [() => scatter(g, d, saved.value, 0), () => gathered(g, d, saved.value, shape)] : [null, null]);
};

function scattered(op: string, joining: "replace" | "sum", x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  const d = resolveDim(op, dim, x.ndim);
  checkScatter(op, x, d, index, source);
  const result = clone(x.detach());
  scatterInto(op, joining, result, d, index, source);
  record(op, [x, source], [result], () => (joining === "sum" ? sumVjp : replaceVjp)(op, d, index, source.shape));
  return result;
}

function scatteredInPlace(op: string, joining: "replace" | "sum", x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  const d = resolveDim(op, dim, x.ndim);
  checkScatter(op, x, d, index, source);
  checkApart(op, x, [index, source]);
  return writeInPlace(
    op,
    x,
    [x, source],
    () => { scatterInto(op, joining, x, d, index, source); },
    (before) => new OpNode(op, [before.edge, source.edge], (joining === "sum" ? sumVjp : replaceVjp)(op, d, index, source.shape)),
  );
}

/**
 * x with `source` added at `index`: out[index[i][j]][j] += source[i][j] for `dim` 0. Sums run in the order of the source.
 *
 * @see torch.scatter_add
 */
export const scatterAdd = (x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor => scattered("scatterAdd", "sum", x, dim, index, source);
/** `scatterAdd` into x itself. @see torch.Tensor.scatter_add_ */
export const scatterAdd_ = (x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor => scatteredInPlace("scatterAdd_", "sum", x, dim, index, source);

export const ScatterOptions = class {
  /** Add to, or multiply, what is there instead of replacing it. */
  readonly reduce?: "add" | "multiply";
};
export type ScatterOptions = Options<typeof ScatterOptions>;

const joiningOf = { add: "sum", multiply: "prod" } as const;

/**
 * x with `values`, a tensor or one number, put at `index`: out[index[i][j]][j] = values[i][j] for `dim` 0. Where indices repeat, the
 * last one wins.
 *
 * @see torch.scatter
 * @example
 * scatter(zeros([3]), 0, tensor([2, 0], { dtype: "int64" }), tensor([5, 6])).toArraySync(); // [6, 0, 5]
 */
export function scatter(x: Tensor, dim: number, index: Tensor, values: Values, options?: ScatterOptions): Tensor {
  const { reduce } = optionsOf("scatter", ScatterOptions, options);
  const source = sourceOf("scatter", x, index, values);
  if (reduce === undefined) return scattered("scatter", "replace", x, dim, index, source);
  if (!Object.hasOwn(joiningOf, reduce)) throw new ArgumentError(`scatter: expected reduce "add" or "multiply", got "${reduce}"`);
  return reduced("scatter", x, dim, index, source, joiningOf[reduce], true);
}

/** `scatter` into x itself. @see torch.Tensor.scatter_ */
export function scatter_(x: Tensor, dim: number, index: Tensor, values: Values, options?: ScatterOptions): Tensor {
  const given = optionsOf("scatter_", ScatterOptions, options);
  if (given.reduce !== undefined) return overwrite("scatter_", x, [index, values], () => scatter(x, dim, index, values, given));
  return scatteredInPlace("scatter_", "replace", x, dim, index, sourceOf("scatter_", x, index, values));
}

/** How `scatterReduce` and `indexReduce` join elements. */
export type ScatterReduction = "sum" | "prod" | "mean" | "amax" | "amin";

export const ScatterReduceOptions = class {
  /** Whether what stood in x takes part; true if absent. Places that nothing is written to keep it either way. */
  readonly includeSelf?: boolean;
};
export type ScatterReduceOptions = Options<typeof ScatterReduceOptions>;

/**
 * x with the elements of `source` joined into it at `index`, by sum, product, mean, maximum or minimum.
 *
 * @see torch.scatter_reduce
 * @example
 * const at = tensor([0, 1, 0], { dtype: "int64" });
 * scatterReduce(zeros([2]), 0, at, tensor([1, 2, 3]), "amax").toArraySync(); // [3, 2]
 */
export function scatterReduce(x: Tensor, dim: number, index: Tensor, source: Tensor, reduce: ScatterReduction, options?: ScatterReduceOptions): Tensor {
  const { includeSelf = true } = optionsOf("scatterReduce", ScatterReduceOptions, options);
  if (!Object.hasOwn(identities, reduce)) throw new ArgumentError(`scatterReduce: expected reduce "sum", "prod", "mean", "amax" or "amin", got "${reduce}"`);
  return reduced("scatterReduce", x, dim, index, source, reduce, includeSelf);
}

/** `scatterReduce` into x itself. @see torch.Tensor.scatter_reduce_ */
export const scatterReduce_ = (x: Tensor, dim: number, index: Tensor, source: Tensor, reduce: ScatterReduction, options?: ScatterReduceOptions): Tensor =>
  overwrite("scatterReduce_", x, [index, source], () => scatterReduce(x, dim, index, source, reduce, optionsOf("scatterReduce_", ScatterReduceOptions, options)));

const floating = [-Infinity, Infinity] as const;
/** The least and the greatest value of each element type. */
const extremes: Record<DType, readonly [least: number | bigint, greatest: number | bigint]> = {
  float64: floating,
  float32: floating,
  float16: floating,
  bfloat16: floating,
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int16: [-(2 ** 15), 2 ** 15 - 1],
  int8: [-128, 127],
  uint8: [0, 255],
  bool: [0, 1],
};

/** The ends of what a tensor's device can hold: some keep int64 in 32 bits. */
const extremesOf = ({ dtype, device }: Tensor): readonly [least: number | bigint, greatest: number | bigint] =>
  extremes[dtype === "int64" ? (device.backend.limits.dtypes.int64?.compute ?? dtype) : dtype];

/** What does not change the others. */
const identities: Record<ScatterReduction, (x: Tensor) => number | bigint> = {
  sum: () => 0,
  mean: () => 0,
  prod: () => 1,
  amax: (x) => extremesOf(x)[0],
  amin: (x) => extremesOf(x)[1],
};

function reduced(op: string, x: Tensor, dim: number, index: Tensor, source: Tensor, how: ScatterReduction, includeSelf: boolean): Tensor {
  if (how === "sum" && includeSelf) return scattered(op, "sum", x, dim, index, source);
  const d = resolveDim(op, dim, x.ndim);
  checkScatter(op, x, d, index, source);
  const result = clone(x.detach());
  if (!includeSelf) scatterInto(op, "replace", result, d, index, expand(newTensor(x, identities[how](x), { dtype: x.dtype }), index.shape));
  scatterInto(op, how === "mean" ? "sum" : how, result, d, index, source.detach());
  if (how === "mean") {
    const counts = countsAt(x, d, index, includeSelf);
    div.inPlace(result, counts, x.isFloatingPoint() ? {} : { roundingMode: "floor" });
  }
  record(op, [x, source], [result], () => {
    const [savedX, savedIndex, savedSource, savedResult] = [new Saved(op, x), new Saved(op, index), new Saved(op, source), new Saved(op, result)];
    return ([g]) => {
      if (!g) return [null, null];
      const [ofX, ofSource] = gradients[how]({ g, d, x: savedX.value, index: savedIndex.value, source: savedSource.value, result: savedResult.value, includeSelf });
      return [() => (includeSelf ? ofX() : scatter(ofX(), d, savedIndex.value, 0)), ofSource];
    };
  });
  return result;
}

/** How many elements each place of the result is the mean of. */
function countsAt(x: Tensor, d: number, index: Tensor, includeSelf: boolean): Tensor {
  const counts = scatterAdd(newFull(x, x.shape, includeSelf ? 1 : 0), d, index, expand(newTensor(x, 1, { dtype: x.dtype }), index.shape));
  return includeSelf ? counts : maskedFill(counts, eq(counts, 0), 1);
}

interface ReducedCall {
  readonly g: Tensor;
  readonly d: number;
  readonly x: Tensor;
  readonly index: Tensor;
  readonly source: Tensor;
  readonly result: Tensor;
  readonly includeSelf: boolean;
}
type Gradients = (call: ReducedCall) => readonly [ofX: () => Tensor, ofSource: () => Tensor];

/** The largest (or smallest) ones share the gradient. */
const extremeGradients: Gradients = ({ g, d, x, index, source, result, includeSelf }) => {
  const part = partOf(source, index);
  const isHit = toDType(eq(part, gather(result, d, index)), g.dtype);
  const ownHit = toDType(eq(x, result), g.dtype);
  const hits = scatterAdd(includeSelf ? ownHit : newZeros(g, g.shape), d, index, isHit);
  const share = (): Tensor => div(g, maskedFill(hits, eq(hits, 0), 1));
  return [() => (includeSelf ? mul(ownHit, share()) : g), () => fitTo(mul(isHit, gather(share(), d, index)), source.shape)];
};

/** The elements of a source that an index uses. */
const partOf = (source: Tensor, index: Tensor): Tensor => index.shape.reduce((part, size, d) => narrow(part, d, 0, size), source);

const gradients: Record<ScatterReduction, Gradients> = {
  sum: ({ g, d, index, source }) => [() => g, () => gathered(g, d, index, source.shape)],
  mean: ({ g, d, x, index, source, includeSelf }) => {
    const shared = (): Tensor => div(g, countsAt(x, d, index, includeSelf));
    return [shared, () => gathered(shared(), d, index, source.shape)];
  },
  // The product of the others is the whole divided by the element; at a zero it is found with a 1 in its place.
  prod: ({ g, d, x, index, source, result, includeSelf }) => [
    () => {
      const filled = maskedFill(x, eq(x, 0), 1);
      return div(mul(g, reduced("scatterReduce", filled, d, index, source, "prod", includeSelf)), filled);
    },
    () => {
      const part = partOf(source, index);
      const isZero = eq(part, 0);
      const zeros = gather(scatterAdd(newZeros(g, x.shape), d, index, toDType(isZero, g.dtype)), d, index);
      const isOnlyZero = logicalAnd(isZero, eq(zeros, 1));
      const without = reduced("scatterReduce", x, d, index, maskedFill(part, isOnlyZero, 1), "prod", includeSelf);
      const at = (t: Tensor): Tensor => gather(t, d, index);
      const each = where(isOnlyZero, at(mul(g, without)), div(at(mul(g, result)), maskedFill(part, isZero, 1)));
      return fitTo(each, source.shape);
    },
  ],
  amax: extremeGradients,
  amin: extremeGradients,
};

// Whole slices at the places of a one-dimensional index

/** The index of a slice for each element of it, and the checks that all of these ops share. */
function sliceIndex(op: string, x: Tensor, dim: number, index: Tensor, source: Tensor | null): { readonly d: number; readonly wide: Tensor; readonly shape: Shape } {
  x.checkUsable(op);
  checkIndex(op, x, index);
  const d = resolveDim(op, dim, x.ndim);
  if (index.ndim > 1) throw new ShapeError(`${op}: expected an index of one dimension, got ${showShape(index.shape)}`);
  const shape = vectorShape(x.shape).map((size, i) => (i === d ? index.numel() : size));
  if (source !== null) {
    if (source.dtype !== x.dtype) throw new DTypeError(`${op}: expected a source of ${x.dtype}, got ${source.dtype}; convert it with .to("${x.dtype}")`);
    if (!sameShape(vectorShape(source.shape), shape)) throw new ShapeError(`${op}: expected a source of shape ${showShape(shape)}, got ${showShape(source.shape)}`);
  }
  return { d, shape, wide: expand(reshape(toDType(index, "int64"), shape.map((size, i) => (i === d ? size : 1))), shape) };
}

export const IndexAddOptions = class {
  /** The source is multiplied by it first. */
  readonly alpha?: number | bigint | boolean;
};
export type IndexAddOptions = Options<typeof IndexAddOptions>;

/** x with the slices of alpha · `source` added at the places along `dim` that the index names. @see torch.index_add */
export function indexAdd(x: Tensor, dim: number, index: Tensor, source: Tensor, options?: IndexAddOptions): Tensor {
  const { alpha = 1 } = optionsOf("indexAdd", IndexAddOptions, options);
  const { d, wide, shape } = sliceIndex("indexAdd", x, dim, index, source);
  scalarArgument("indexAdd", alpha, dtypeInfo[x.dtype].compute);
  return scattered("indexAdd", "sum", x, d, wide, reshape(Number(alpha) === 1 ? source : toDType(mul(source, alpha), x.dtype), shape));
}

/** `indexAdd` into x itself. @see torch.Tensor.index_add_ */
export const indexAdd_ = (x: Tensor, dim: number, index: Tensor, source: Tensor, options?: IndexAddOptions): Tensor =>
  overwrite("indexAdd_", x, [index, source], () => indexAdd(x, dim, index, source, optionsOf("indexAdd_", IndexAddOptions, options)));

/** x with the slices of `source` at the places along `dim` that the index names. @see torch.index_copy */
export function indexCopy(x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  const { d, wide, shape } = sliceIndex("indexCopy", x, dim, index, source);
  return scattered("indexCopy", "replace", x, d, wide, reshape(source, shape));
}

/** `indexCopy` into x itself. @see torch.Tensor.index_copy_ */
export const indexCopy_ = (x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor => overwrite("indexCopy_", x, [index, source], () => indexCopy(x, dim, index, source));

/** x with one value, a number or a scalar tensor, at the places along `dim` that the index names. @see torch.index_fill */
export function indexFill(x: Tensor, dim: number, index: Tensor, value: Values): Tensor {
  const op = "indexFill";
  const { d, wide } = sliceIndex(op, x, dim, index, null);
  if (typeof value === "object" && value.ndim > 0) throw new ShapeError(`${op}: expected a number or a scalar tensor, got shape ${showShape(value.shape)}; use indexCopy for several values`);
  const source = typeof value === "object" ? expand(toDType(value, x.dtype), wide.shape) : sourceOf(op, x, wide, value);
  return scattered(op, "replace", x, d, wide, source);
}

/** `indexFill` into x itself. @see torch.Tensor.index_fill_ */
export const indexFill_ = (x: Tensor, dim: number, index: Tensor, value: Values): Tensor => overwrite("indexFill_", x, [index, value], () => indexFill(x, dim, index, value));

/** x with the slices of `source` joined into those that the index names, by product, mean, maximum or minimum. @see torch.index_reduce */
export function indexReduce(x: Tensor, dim: number, index: Tensor, source: Tensor, reduce: Exclude<ScatterReduction, "sum">, options?: ScatterReduceOptions): Tensor {
  const { includeSelf = true } = optionsOf("indexReduce", ScatterReduceOptions, options);
  const { d, wide, shape } = sliceIndex("indexReduce", x, dim, index, source);
  if (!Object.hasOwn(identities, reduce) || (reduce as string) === "sum") throw new ArgumentError(`indexReduce: expected reduce "prod", "mean", "amax" or "amin", got "${reduce}"`);
  return reduced("indexReduce", x, d, wide, reshape(source, shape), reduce, includeSelf);
}

/** `indexReduce` into x itself. @see torch.Tensor.index_reduce_ */
export const indexReduce_ = (x: Tensor, dim: number, index: Tensor, source: Tensor, reduce: Exclude<ScatterReduction, "sum">, options?: ScatterReduceOptions): Tensor =>
  overwrite("indexReduce_", x, [index, source], () => indexReduce(x, dim, index, source, reduce, optionsOf("indexReduce_", ScatterReduceOptions, options)));
