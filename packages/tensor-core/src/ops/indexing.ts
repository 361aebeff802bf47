import { dtypeInfo } from "@gradus/kernel-ir";
import { checkApart, overwrite, writeInPlace } from "../autograd/in-place.js";
import { OpNode, Saved } from "../autograd/op-node.js";
import { canReadAtOnce } from "../awaited-reads.js";
import { newArange, newTensor, newZeros, tensor } from "../create.js";
import { ArgumentError, DeviceError, DTypeError, ShapeError } from "../errors.js";
import type { Operand } from "../kernels/elementwise.js";
import type { KernelBody, KernelOperand } from "../kernels/kernel-op.js";
import { KernelOp } from "../kernels/kernel-op.js";
import { emptyLike } from "../kernels/rows.js";
import { optionsOf, refuseOptions } from "../options.js";
import type { Options } from "../options.js";
import type { Shape } from "../shape.js";
import { broadcastShapes, numelOf, showShape } from "../shape.js";
import { checkSameDevice, Tensor } from "../tensor.js";
import { copyInto, toDType } from "./copy.js";
import { clone, logicalNot, maskedFill, ne, sub, where } from "./elementwise.js";
import { record, sumTo } from "./reduce.js";
import { cumsum } from "./scan.js";
import { expand, narrow, permute, reshape, select, slice, unsqueeze } from "./view.js";

/**
 * Indexing as NumPy and PyTorch have it.
 *
 * Positions, slices, new dimensions and the ellipsis give views. Index tensors and masks read (or write) at computed
 * places: they broadcast together, and their common shape stands where they stood, or in front if they were apart.
 */

/**
 * What may stand in one place of an index: a position, `"start:stop:step"` (each part optional), `"..."` for all dimensions
 * that are not named, null for a new dimension, a boolean, an index tensor (int64 or int32) or nested arrays of positions, or a
 * mask (bool).
 */
export type Index = number | string | null | boolean | Tensor | readonly unknown[];

/** A view of x, and the index tensors that remain to be applied to its dimensions: null where none is. */
interface Resolved {
  readonly view: Tensor;
  readonly indices: readonly (Tensor | null)[];
}

const sliceText = /^\s*(-?\d+)?\s*:\s*(-?\d+)?\s*(?::\s*(-?\d+)?\s*)?$/;

/** How many dimensions of x an item of an index uses. */
const consumes = (item: Index | Tensor): number => (item === null || item === "..." || typeof item === "boolean" ? 0 : item instanceof Tensor && isMask(item) ? item.ndim : 1);

/** Bytes are masks as well: PyTorch had no other before it had bool. */
const isMask = (index: Tensor): boolean => index.dtype === "bool" || index.dtype === "uint8";

function resolve(op: string, x: Tensor, items: readonly Index[]): Resolved {
  const parsed = items.map((item): Index | Tensor => (Array.isArray(item) ? indexTensor(op, x, item) : item));
  const named = parsed.reduce((count: number, item) => count + consumes(item), 0);
  const ellipses = parsed.filter((item) => item === "...").length;
  if (named > x.ndim) throw new RangeError(`${op}: expected at most ${x.ndim} indices for shape ${showShape(x.shape)}, got ${named}`);
  if (ellipses > 1) throw new ArgumentError(`${op}: expected at most one "...", got ${ellipses}`);
  const all = ellipses === 1 ? parsed : [...parsed, "..." as const];

  let view = x;
  const indices: (Tensor | null)[] = [];
  for (const item of all) {
    const dim = indices.length;
    if (item === "...") {
      for (let i = 0; i < x.ndim - named; i++) indices.push(null);
    } else if (item === null) {
      view = unsqueeze(view, dim);
      indices.push(null);
    } else if (typeof item === "boolean") {
      // One or no copy of everything along a new dimension.
      view = unsqueeze(view, dim);
      indices.push(newTensor(x, new BigInt64Array(item ? 1 : 0)));
    } else if (typeof item === "number") {
      view = select(view, dim, item);
    } else if (typeof item === "string") {
      view = sliced(op, view, dim, item);
      indices.push(null);
    } else if (item instanceof Tensor) {
      checkSameDevice(op, [x, item]);
      if (isMask(item)) indices.push(...maskPositions(op, view, dim, item));
      else indices.push(asIndex(op, item));
    } else throw new ArgumentError(`${op}: expected a position, slice, null, "...", mask or index tensor, got ${String(item)}`);
  }
  return { view, indices };
}

function sliced(op: string, x: Tensor, dim: number, text: string): Tensor {
  const parts = sliceText.exec(text);
  if (parts === null) throw new ArgumentError(`${op}: expected a slice such as "1:3", ":-1" or "::2", or "...", got "${text}"`);
  const number = (part: string | undefined): number | null => (part === undefined ? null : Number(part));
  return slice(x, dim, number(parts[1]), number(parts[2]), number(parts[3]) ?? 1);
}

/** Nested arrays of positions, or of booleans. */
const indexTensor = (op: string, x: Tensor, data: readonly unknown[]): Tensor => {
  const flat = data.flat(Infinity);
  const isMask = flat.length > 0 && flat.every((value) => typeof value === "boolean");
  if (!isMask && !flat.every((value) => typeof value === "bigint" || Number.isInteger(value))) throw new DTypeError(`${op}: expected whole numbers or booleans in an index, got [${flat.map(String).join(", ")}]`);
  return tensor(data as readonly number[], { dtype: isMask ? "bool" : "int64", device: x.device });
};

function asIndex(op: string, index: Tensor): Tensor {
  if (dtypeInfo[index.dtype].kind !== "int") throw new DTypeError(`${op}: expected an index tensor of integers or a mask, got ${index.dtype}`);
  return index.dtype === "int64" || index.dtype === "int32" ? index : toDType(index, "int64");
}

function maskPositions(op: string, x: Tensor, dim: number, mask: Tensor): Tensor[] {
  const covered = x.shape.slice(dim, dim + mask.ndim);
  if (covered.some((size, d) => size !== mask.shape[d])) {
    throw new ShapeError(`${op}: expected a mask of the shape ${showShape(covered)} of the dimensions it stands for, got ${showShape(mask.shape)}`);
  }
  return nonzeroByDimension(op, mask);
}

/** Positions of the nonzero elements, one tensor per dimension. Their number depends on the values, so they must be read. */
function nonzeroByDimension(op: string, x: Tensor): Tensor[] {
  if (!canReadAtOnce(x.device)) {
    throw new DeviceError(`${op}: expected a device that can read at once, because the size of the result depends on values, got "${x.device.name}"; use where(mask, a, b), or \`await awaitReads(() => …)\``);
  }
  const values = x.detach().readSync();
  const found: number[] = [];
  values.forEach((value: number, i: number) => {
    if (value !== 0) found.push(i);
  });
  let rest = found;
  const columns: Tensor[] = [];
  for (let d = x.ndim - 1; d >= 0; d--) {
    const size = x.shape[d]!;
    columns.unshift(newTensor(x, BigInt64Array.from(rest, (i) => BigInt(i % size))));
    rest = rest.map((i) => Math.floor(i / size));
  }
  return columns;
}

export const NonzeroOptions = class {
  /** The rows' columns, one tensor per dimension: what `get` takes. */
  readonly asTuple?: boolean;
};
export type NonzeroOptions = Options<typeof NonzeroOptions>;

/** Positions of the nonzero elements, a row each, int64. Needs a device that can be read at once. @see torch.nonzero */
export function nonzero(x: Tensor): Tensor;
export function nonzero(x: Tensor, options: NonzeroOptions & { readonly asTuple: true }): Tensor[];
export function nonzero(x: Tensor, options?: NonzeroOptions): Tensor | Tensor[];
export function nonzero(x: Tensor, options?: NonzeroOptions): Tensor | Tensor[] {
  const { asTuple = false } = optionsOf("nonzero", NonzeroOptions, options);
  const source = x.dtype === "int64" ? ne(x, 0) : x;
  // A scalar counts as a vector here.
  if (asTuple) return nonzeroByDimension("nonzero", x.ndim === 0 ? reshape(source, [1]) : source);
  if (x.ndim === 0) return narrow(unsqueeze(nonzeroByDimension("nonzero", reshape(source, [1]))[0]!, 1), 1, 0, 0);
  const columns = nonzeroByDimension("nonzero", source).map((column) => unsqueeze(column, 1));
  return columns.length === 1 ? columns[0]! : columns.reduce((all, column, i) => (i === 0 ? column : joinColumns(all, column)));
}

const joinColumns = (a: Tensor, b: Tensor): Tensor => {
  const result = newZeros(a, [a.shape[0]!, a.shape[1]! + 1]);
  copyInto(narrow(result, 1, 0, a.shape[1]!), a);
  copyInto(narrow(result, 1, a.shape[1]!, 1), b);
  return result;
};

// Reading and writing at computed places

/** Distance in elements of the current indices: Σ indexⱼ · strideⱼ, negative ones counted from the end. */
function distanceOf(b: KernelBody, name: string, first: number, count: number, over: "outer" | "inner"): ReturnType<KernelBody["input"]> {
  const { k } = b;
  let distance = k.int(0);
  for (let j = 0; j < count; j++) {
    const index = b.input(first + j, "int32");
    const [size, stride] = [b.scalar(2 * j, "int32"), b.scalar(2 * j + 1, "int32")];
    b.guard(k.and(k.le(k.neg(size), index), k.lt(index, size)), `${name}: expected indices inside the dimensions they point into, got one outside; check the index tensor`, over);
    distance = k.add(distance, k.mul(k.select(k.lt(index, k.int(0)), k.add(index, size), index), stride));
  }
  return distance;
}

const readers = /* @__PURE__ */ new Map<string, KernelOp>();
const writers = /* @__PURE__ */ new Map<string, KernelOp>();

const reader = (name: string, count: number): KernelOp =>
  known(readers, `${name} ${count}`, () => new KernelOp({ name, build: (b) => { b.store(0, b.inputAt(0, distanceOf(b, name, 1, count, "outer"))); } }));

const writer = (count: number, accumulate: boolean): KernelOp =>
  known(writers, `${count} ${accumulate}`, () =>
    new KernelOp({
      name: "indexPut",
      build: (b) => {
        const join = (there: ReturnType<KernelBody["input"]>, value: ReturnType<KernelBody["input"]>): ReturnType<KernelBody["input"]> => (there.dtype === "bool" ? b.k.or(there, value) : b.k.add(there, value));
        b.scatter(0, distanceOf(b, "indexPut", 1, count, "inner"), b.input(0), accumulate ? join : null);
      },
    }),
  );

function known(table: Map<string, KernelOp>, key: string, make: () => KernelOp): KernelOp {
  let op = table.get(key);
  if (op === undefined) {
    op = make();
    table.set(key, op);
  }
  return op;
}

/** How index tensors meet the dimensions of the tensor they index. */
interface Placement {
  /** Dimensions that are indexed, and their tensors, broadcast to `common`. */
  readonly dims: readonly number[];
  readonly tensors: readonly Tensor[];
  readonly common: Shape;
  /** Dimensions that are not indexed. */
  readonly rest: readonly number[];
  /** How many of `rest` come before the common shape in the result. */
  readonly before: number;
}

function place(op: string, x: Tensor, indices: readonly (Tensor | null)[]): Placement {
  const dims = indices.flatMap((index, d) => (index === null ? [] : [d]));
  const given = dims.map((d) => indices[d]!);
  const common = broadcastShapes(op, ...given.map((index) => index.shape));
  const adjacent = dims.every((d, i) => i === 0 || d === dims[i - 1]! + 1);
  return {
    dims,
    tensors: given.map((index) => expand(index, common)),
    common,
    rest: x.shape.map((_, d) => d).filter((d) => !dims.includes(d)),
    before: adjacent ? dims[0]! : 0,
  };
}

const resultShape = (x: Tensor, { rest, before, common }: Placement): number[] => [...rest.slice(0, before).map((d) => x.shape[d]!), ...common, ...rest.slice(before).map((d) => x.shape[d]!)];

const scalarsFor = (x: Tensor, { dims }: Placement): number[] => dims.flatMap((d) => [x.shape[d]!, x.layout.strides[d]!]);

function checkNotEmpty(op: string, x: Tensor, { dims, common }: Placement): void {
  const empty = dims.find((d) => x.shape[d] === 0);
  if (empty !== undefined && numelOf(common) > 0) throw new RangeError(`${op}: expected a dimension with elements to index, dimension ${empty} of ${showShape(x.shape)} has none`);
}

/** Elements of x at index tensors, for an op of that name. */
function readAt(op: string, x: Tensor, indices: readonly (Tensor | null)[]): Tensor {
  const placement = place(op, x, indices);
  checkNotEmpty(op, x, placement);
  const { rest, before, tensors, common } = placement;
  const shape = resultShape(x, placement);
  const result = emptyLike(x, shape);
  const spread = (own: readonly number[], others: readonly number[]): number[] => [...others.slice(0, before), ...own, ...others.slice(before)];
  const strideOfRest = rest.map((d) => x.layout.strides[d]!);
  const none = rest.map(() => 0);
  if (result.numel() > 0) {
    reader(op, tensors.length).run(
      x.device,
      { outer: shape, inner: [] },
      [
        { storage: x.elements, offset: x.layout.offset, strides: spread(common.map(() => 0), strideOfRest) },
        ...tensors.map((index): KernelOperand => ({ storage: index.elements, offset: index.layout.offset, strides: spread(index.layout.strides, none) })),
      ],
      [{ storage: result.elements, offset: 0, strides: result.layout.strides }],
      dtypeInfo[x.dtype].compute,
      scalarsFor(x, placement),
    );
  }
  record("index", [x], [result], () => {
    const saved = indices.map((index) => (index === null ? null : new Saved("index", index)));
    const from = x.shape;
    return ([g]) => [g ? () => putAt(newZeros(g, from), saved.map((s) => s?.value ?? null), g, true) : null];
  });
  return result;
}

/** Writes `values`, which have the shape that reading would give, over (or adds them to) the elements of `target` at index tensors. */
function write(target: Tensor, indices: readonly (Tensor | null)[], values: Tensor, accumulate: boolean): void {
  const placement = place("indexPut", target, indices);
  checkNotEmpty("indexPut", target, placement);
  const { rest, before, tensors, common } = placement;
  const wide = expand(values.detach(), resultShape(target, placement));
  if (wide.numel() === 0) return;
  // Places that are not indexed differ from each other; those that are may coincide, so they run in order.
  const source = wide.elements === target.elements ? clone(wide) : wide;
  const n = common.length;
  const restStrides = [...source.layout.strides.slice(0, before), ...source.layout.strides.slice(before + n)];
  const inner = n === 0 ? [1] : common;
  const along = (strides: readonly number[]): readonly number[] => (n === 0 ? [0] : strides);
  writer(tensors.length, accumulate).run(
    target.device,
    { outer: rest.map((d) => target.shape[d]!), inner },
    [
      { storage: source.elements, offset: source.layout.offset, strides: [...restStrides, ...along(source.layout.strides.slice(before, before + n))] },
      ...tensors.map((index): KernelOperand => ({ storage: index.elements, offset: index.layout.offset, strides: [...rest.map(() => 0), ...along(index.layout.strides)] })),
    ],
    [{ storage: target.elements, offset: target.layout.offset, strides: [...rest.map((d) => target.layout.strides[d]!), ...inner.map(() => 0)] }],
    dtypeInfo[target.dtype].compute,
    scalarsFor(target, placement),
  );
}

/** A copy of x with values put at index tensors; differentiable in both. */
function putAt(x: Tensor, indices: readonly (Tensor | null)[], values: Tensor, accumulate: boolean): Tensor {
  const result = clone(x.detach());
  write(result, indices, values, accumulate);
  record("indexPut", [x, values], [result], () => putVjp(indices, values.shape, accumulate));
  return result;
}

function putVjp(indices: readonly (Tensor | null)[], shape: Shape, accumulate: boolean): ConstructorParameters<typeof OpNode>[2] {
  const saved = indices.map((index) => (index === null ? null : new Saved("indexPut", index)));
  return ([g]) => {
    if (!g) return [null, null];
    const at = (): (Tensor | null)[] => saved.map((s) => s?.value ?? null);
    return [() => (accumulate ? g : putAt(g, at(), newZeros(g, []), false)), () => sumTo(readAt("index", g, at()), shape)];
  };
}

/**
 * The elements of x that an index names: a view where only positions, slices, null and "..." are used, else a copy.
 *
 * @throws {RangeError} if a position is outside.  @throws {ShapeError} if masks or index tensors do not fit.
 * @see torch.Tensor.__getitem__
 * @example
 * const x = tensor([[1, 2, 3], [4, 5, 6]]);
 * x.get("...", "::2").toArraySync(); // [[1, 3], [4, 6]]
 * x.get(x.gt(2)).toArraySync(); // [3, 4, 5, 6]
 * x.get([1, 0], [0, 2]).toArraySync(); // [4, 3]
 */
export function getItem(x: Tensor, items: readonly Index[]): Tensor {
  x.checkUsable("get");
  const { view, indices } = resolve("get", x, items);
  return indices.every((index) => index === null) ? view : readAt("get", view, indices);
}

/**
 * Writes values over the elements that an index names; values broadcast.
 *
 * @see torch.Tensor.__setitem__
 */
export function setItem(x: Tensor, items: readonly Index[], value: Operand): Tensor {
  x.checkUsable("set");
  const [only] = items;
  if (items.length === 1 && only instanceof Tensor && isMask(only) && only.ndim === x.ndim && isSingle(value)) {
    // The result's size does not depend on the mask, so nothing has to be read.
    copyInto(x, toDType(maskedFill(x, only, value instanceof Tensor ? reshape(value, []) : value), x.dtype));
    return x;
  }
  const { view, indices } = resolve("set", x, items);
  if (indices.every((index) => index === null)) {
    copyInto(view, value instanceof Tensor ? dropLeading(value, view.ndim) : value);
    return x;
  }
  const values = value instanceof Tensor ? checkedValues("set", x, value) : tensor(value as number, { dtype: x.dtype, device: x.device });
  indexPutInPlace(view, indices, dropLeading(values, resultShape(view, place("set", view, indices)).length), false);
  return x;
}

const isSingle = (value: Operand): boolean => !(value instanceof Tensor) || value.numel() === 1;

/** Values may have more dimensions than the place they go to, if the surplus ones have size 1. */
function dropLeading(values: Tensor, rank: number): Tensor {
  const surplus = values.ndim - rank;
  return surplus > 0 && values.shape.slice(0, surplus).every((size) => size === 1) ? reshape(values, values.shape.slice(surplus)) : values;
}

function indexPutInPlace(x: Tensor, indices: readonly (Tensor | null)[], values: Tensor, accumulate: boolean): Tensor {
  return writeInPlace(
    "indexPut_",
    x,
    [x, values],
    () => { write(x, indices, values, accumulate); },
    (before) => new OpNode("indexPut", [before.edge, values.edge], putVjp(indices, values.shape, accumulate)),
  );
}

/** The index tensors of `indexPut` for the leading dimensions, masks taken apart. */
function leading(op: string, x: Tensor, indices: readonly (Tensor | null)[]): (Tensor | null)[] {
  const list = indices.flatMap((index, d) => (index === null ? [null] : isMask(index) ? maskPositions(op, x, d, index) : [asIndex(op, index)]));
  return [...list, ...new Array<null>(Math.max(0, x.ndim - list.length)).fill(null)];
}

/** The same as `nonzero`. @see torch.argwhere */
export const argwhere = (x: Tensor): Tensor => nonzero(x);

/** x with `source` put at an index into x seen as one row. @see torch.put */
export function put(x: Tensor, index: Tensor, source: Tensor, options?: IndexPutOptions): Tensor {
  const { accumulate = false } = optionsOf("put", IndexPutOptions, options);
  checkPut("put", x, index, source);
  return reshape(putAt(reshape(x, [-1]), [asIndex("put", index)], reshape(source, index.shape), accumulate), x.shape);
}

/** `put` into x itself. @see torch.Tensor.put_ */
export const put_ = (x: Tensor, index: Tensor, source: Tensor, options?: IndexPutOptions): Tensor => overwrite("put_", x, [index, source], () => put(x, index, source, optionsOf("put_", IndexPutOptions, options)));

function checkPut(op: string, x: Tensor, index: Tensor, source: Tensor): void {
  checkSameDevice(op, [x, index, source]);
  if (index.dtype !== "int64") throw new DTypeError(`${op}: expected an index of int64, got ${index.dtype}; convert it with .to("int64")`);
  checkedValues(op, x, source);
  if (index.numel() !== source.numel()) throw new ShapeError(`${op}: expected as many elements as indices, got ${source.numel()} for ${index.numel()}`);
  if (x.numel() === 0 && index.numel() > 0) throw new RangeError(`${op}: expected a tensor with elements to write to, got shape ${showShape(x.shape)}`);
}

/**
 * x with the elements of `source`, in order, where a mask holds.
 *
 * @param source - At least as many elements as places in the mask hold.
 * @see torch.Tensor.masked_scatter
 * @example
 * maskedScatter(zeros([3]), tensor([true, false, true]), tensor([5, 6])).toArraySync(); // [5, 0, 6]
 */
export function maskedScatter(x: Tensor, mask: Tensor, source: Tensor): Tensor {
  const op = "maskedScatter";
  if (!isMask(mask)) throw new DTypeError(`${op}: expected a mask of bool, got ${mask.dtype}`);
  checkSameDevice(op, [x, mask, source]);
  checkedValues(op, x, source);
  const shape = broadcastShapes(op, x.shape, mask.shape);
  const [wide, holds] = [expand(x, shape), ne(expand(mask, shape), 0)];
  if (wide.numel() === 0) return clone(wide);
  // The n-th place that holds takes the n-th element; the others look at the first one and do not use it.
  const places = maskedFill(sub(reshape(cumsum(reshape(holds, [-1]), 0), shape), 1), logicalNot(holds), 0);
  const pool = source.numel() === 0 ? newZeros(source, [1]) : reshape(source, [-1]);
  return where(holds, readAt(op, pool, [places]), wide);
}

/** `maskedScatter` into x itself. @see torch.Tensor.masked_scatter_ */
export const maskedScatter_ = (x: Tensor, mask: Tensor, source: Tensor): Tensor => overwrite("maskedScatter_", x, [mask, source], () => maskedScatter(x, mask, source));

export const IndexPutOptions = class {
  /** Add to what is there; repeated indices add up. */
  readonly accumulate?: boolean;
};
export type IndexPutOptions = Options<typeof IndexPutOptions>;

/** x with values put at index tensors of its leading dimensions. @see torch.index_put */
export function indexPut(x: Tensor, indices: readonly (Tensor | null)[], values: Tensor, options?: IndexPutOptions): Tensor {
  const { accumulate = false } = optionsOf("indexPut", IndexPutOptions, options);
  return putAt(x, leading("indexPut", x, indices), checkedValues("indexPut", x, values), accumulate);
}
/** `indexPut` into x itself. @see torch.Tensor.index_put_ */
export function indexPut_(x: Tensor, indices: readonly (Tensor | null)[], values: Tensor, options?: IndexPutOptions): Tensor {
  const { accumulate = false } = optionsOf("indexPut_", IndexPutOptions, options);
  return indexPutInPlace(x, leading("indexPut_", x, indices), checkedValues("indexPut_", x, values, indices), accumulate);
}

function checkedValues(op: string, x: Tensor, values: Tensor, indices: readonly unknown[] = []): Tensor {
  if (op.endsWith("_")) checkApart(op, x, [values, ...indices]);
  if (values.dtype !== x.dtype) throw new DTypeError(`${op}: expected values of ${x.dtype}, got ${values.dtype}; convert them with .to("${x.dtype}")`);
  return values;
}

/** The elements of x where a mask holds, in one row; both broadcast. Needs a device that can be read at once. @see torch.masked_select */
export function maskedSelect(x: Tensor, mask: Tensor): Tensor;
export function maskedSelect(x: Tensor, mask: Tensor, options?: unknown): Tensor {
  refuseOptions("maskedSelect", options);
  if (!isMask(mask)) throw new DTypeError(`maskedSelect: expected a mask of bool, got ${mask.dtype}`);
  const shape = broadcastShapes("maskedSelect", x.shape, mask.shape);
  return getItem(shape.length === 0 ? reshape(x, [1]) : expand(x, shape), [shape.length === 0 ? reshape(mask, [1]) : expand(mask, shape)]);
}

/** Elements of x seen as one row, in the shape of the index. @see torch.take */
export function take(x: Tensor, index: Tensor): Tensor;
export function take(x: Tensor, index: Tensor, options?: unknown): Tensor {
  refuseOptions("take", options);
  return readAt("take", reshape(x, [-1]), [asIndex("take", index)]);
}

/** Elements along a dimension at an index that broadcasts with the other dimensions. @see torch.take_along_dim */
export function takeAlongDim(x: Tensor, index: Tensor, dim?: number): Tensor;
export function takeAlongDim(x: Tensor, index: Tensor, dim?: number, options?: unknown): Tensor {
  refuseOptions("takeAlongDim", options);
  if (dim === undefined) return take(x, reshape(index, [-1]));
  const d = dim < 0 ? dim + x.ndim : dim;
  if (x.ndim !== index.ndim || d < 0 || d >= x.ndim) throw new ShapeError(`takeAlongDim: expected an index with the ${x.ndim} dimensions of x, got ${showShape(index.shape)}`);
  const others = broadcastShapes("takeAlongDim", x.shape.map((s, i) => (i === d ? 1 : s)), index.shape.map((s, i) => (i === d ? 1 : s)));
  const wide = (t: Tensor): Tensor => expand(t, others.map((s, i) => (i === d ? t.shape[d]! : s)));
  const [source, at] = [wide(x), wide(index)];
  const rank = source.ndim;
  const order = [...Array.from({ length: rank }, (_, i) => i).filter((i) => i !== d), d];
  const inverse = order.map((_, i) => order.indexOf(i));
  const rows = reshape(permute(source, order), [-1, source.shape[d]!]);
  const picks = reshape(permute(at, order), [-1, at.shape[d]!]);
  const column = unsqueeze(newArange(x, rows.shape[0]!), 1);
  const picked = readAt("takeAlongDim", rows, [column, asIndex("takeAlongDim", picks)]);
  return permute(reshape(picked, order.map((i) => (i === d ? at.shape[d]! : others[i]!))), inverse);
}
