import { dtypeInfo } from "@gradus/kernel-ir";
import { Saved } from "../autograd/op-node.js";
import { writeInPlace } from "../autograd/in-place.js";
import { OpNode } from "../autograd/op-node.js";
import { DTypeError, ShapeError } from "../errors.js";
import { KernelOp } from "../kernels/kernel-op.js";
import type { KernelBody, KernelOperand } from "../kernels/kernel-op.js";
import { emptyLike } from "../kernels/rows.js";
import { resolveDim, sameShape, showShape } from "../shape.js";
import type { Shape } from "../shape.js";
import { toDType } from "./copy.js";
import { checkSameDevice } from "../tensor.js";
import type { Tensor } from "../tensor.js";
import { clone } from "./elementwise.js";
import { record } from "./reduce.js";
import { reshape } from "./view.js";

/**
 * Reading and writing at computed places along one dimension. An operand that is read or written there has stride 0 along
 * that dimension; the index supplies the distance. An index out of range is an error that the device reports.
 */

/** The index as a distance, guarded: scalars are the size and the stride along the dimension. Negative ones are refused, as in PyTorch. */
function distance(b: KernelBody, name: string, input: number, over: "outer" | "inner"): ReturnType<KernelBody["input"]> {
  const { k } = b;
  const index = b.input(input, "int32");
  const [size, stride] = [b.scalar(0, "int32"), b.scalar(1, "int32")];
  b.guard(k.and(k.le(k.int(0), index), k.lt(index, size)), `${name}: expected indices inside the dimension they point into, got one outside; check the index tensor`, over);
  return k.mul(index, stride);
}

const gatherKernel = new KernelOp({ name: "gather", build: (b) => { b.store(0, b.inputAt(0, distance(b, "gather", 1, "outer")), "outer"); } });
const indexSelectKernel = new KernelOp({ name: "indexSelect", build: (b) => { b.store(0, b.inputAt(0, distance(b, "indexSelect", 1, "outer")), "outer"); } });
const scatterKernel = new KernelOp({ name: "scatter", build: (b) => { b.scatter(0, distance(b, "scatter", 1, "inner"), b.input(0), null); } });
const scatterAddKernel = new KernelOp({
  name: "scatterAdd",
  build: (b) => { b.scatter(0, distance(b, "scatterAdd", 1, "inner"), b.input(0), (there, value) => (there.dtype === "bool" ? b.k.or(there, value) : b.k.add(there, value))); },
});

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

/** Strides of `x` with 0 along `dim`. */
const without = (x: Tensor, dim: number): number[] => x.layout.strides.map((stride, d) => (d === dim ? 0 : stride));

const asIs = (x: Tensor): KernelOperand => ({ storage: x.elements, offset: x.layout.offset, strides: x.layout.strides });

/**
 * out[i][j] = x[index[i][j]][j] for `dim` 0, and so on.
 *
 * @param index - int64, of x's rank, no larger than x in the other dimensions.
 * @throws {GuardError} if an index is outside the dimension.
 * @see torch.gather
 * @example
 * gather(tensor([[1, 2], [3, 4]]), 1, tensor([[0, 0], [1, 0]], { dtype: "int64" })).toArraySync(); // [[1, 1], [4, 3]]
 */
export function gather(x: Tensor, dim: number, index: Tensor): Tensor {
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
    return ([g]) => [g === null || g === undefined ? null : (): Tensor => scatterAdd(g.newZeros(shape), d, saved.value, g)];
  });
  return result;
}

function checkWithin(op: string, index: Tensor, x: Tensor, dim: number): void {
  const fits = index.ndim === x.ndim && index.shape.every((size, d) => d === dim || size <= (x.shape[d] ?? 0));
  if (!fits) throw new ShapeError(`${op}: expected an index of rank ${String(x.ndim)}, no larger than ${showShape(x.shape)} except along dimension ${String(dim)}, got ${showShape(index.shape)}`);
}

/** The slices of `x` along `dim` that a one-dimensional index names. @see torch.index_select */
export function indexSelect(x: Tensor, dim: number, index: Tensor): Tensor {
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
    return ([g]) => [g === null || g === undefined ? null : (): Tensor => indexAdd(g.newZeros(from), d, saved.value, g)];
  });
  return result;
}

export interface IndexAddOptions {
  /** The source is multiplied by it first. */
  readonly alpha?: number | bigint | boolean;
}

/** x with the slices of alpha · `source` added at the places along `dim` that the index names. @see torch.index_add */
export function indexAdd(x: Tensor, dim: number, index: Tensor, source: Tensor, { alpha = 1 }: IndexAddOptions = {}): Tensor {
  const op = "indexAdd";
  x.checkUsable(op);
  checkIndex(op, x, index);
  const d = resolveDim(op, dim, x.ndim);
  if (index.ndim > 1) throw new ShapeError(`${op}: expected an index of one dimension, got ${showShape(index.shape)}`);
  if (source.dtype !== x.dtype) throw new DTypeError(`${op}: expected a source of ${x.dtype}, got ${source.dtype}; convert it with .to("${x.dtype}")`);
  if (x.ndim === 0) return reshape(indexAdd(reshape(x, [1]), 0, reshape(index, [-1]), reshape(source, [-1]), { alpha }), []);
  const shape = x.shape.map((size, i) => (i === d ? index.numel() : size));
  if (!sameShape(source.shape, shape)) throw new ShapeError(`${op}: expected a source of shape ${showShape(shape)}, got ${showShape(source.shape)}`);
  const wide = reshape(toDType(index, "int64"), shape.map((_, i) => (i === d ? -1 : 1))).expand(shape);
  return scatterAdd(x, d, wide, alpha === 1 ? source : toDType(source.mul(alpha), x.dtype));
}

function checkScatter(op: "scatter" | "scatterAdd", x: Tensor, dim: number, index: Tensor, source: Tensor): void {
  x.checkUsable(op);
  checkElementIndex(op, x, index);
  source.checkUsable(op);
  checkSameDevice(op, [x, source]);
  if (source.dtype !== x.dtype) throw new DTypeError(`${op}: expected a source of ${x.dtype}, got ${source.dtype}; convert it with .to("${x.dtype}")`);
  checkWithin(op, index, x, dim);
  if (source.ndim !== index.ndim || index.shape.some((size, d) => size > (source.shape[d] ?? 0))) {
    throw new ShapeError(`${op}: expected a source no smaller than the index ${showShape(index.shape)}, got ${showShape(source.shape)}`);
  }
}

function scattered(kernel: KernelOp, x: Tensor, dim: number, index: Tensor, source: Tensor, target: Tensor): void {
  if (index.numel() === 0) return;
  const kept = index.shape.map((_, d) => d).filter((d) => d !== dim);
  const order = [...kept, dim];
  const operand = (t: Tensor, own: boolean): KernelOperand => {
    const strides = order.map((d) => (own && d === dim ? 0 : (t.layout.strides[d] ?? 0)));
    return { storage: t.elements, offset: t.layout.offset, strides };
  };
  kernel.run(
    x.device,
    { outer: kept.map((d) => index.shape[d] ?? 1), inner: [index.shape[dim] ?? 1] },
    [operand(source.elements === target.elements ? clone(source.detach()) : source, false), operand(index, false)],
    [operand(target, true)],
    dtypeInfo[x.dtype].compute,
    [x.shape[dim] ?? 1, x.layout.strides[dim] ?? 0],
  );
}

/**
 * x with `source` added at `index`: out[index[i][j]][j] += source[i][j] for `dim` 0. Sums run in the order of the source.
 *
 * @see torch.scatter_add
 */
export function scatterAdd(x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  const d = resolveDim("scatterAdd", dim, x.ndim);
  checkScatter("scatterAdd", x, d, index, source);
  const result = clone(x.detach());
  scattered(scatterAddKernel, result, d, index, source, result);
  record("scatterAdd", [x, source], [result], () => scatterAddVjp(d, index, source.shape));
  return result;
}

function scatterAddVjp(d: number, index: Tensor, sourceShape: Shape): ConstructorParameters<typeof OpNode>[2] {
  const saved = new Saved("scatterAdd", index);
  return ([g]) => (g === null || g === undefined ? [null, null] : [(): Tensor => g, (): Tensor => fitTo(gather(g, d, saved.value), sourceShape)]);
}

/** `g` with zeros after it where a source was larger than its index. */
function fitTo(g: Tensor, shape: Shape): Tensor {
  if (shape.every((size, d) => size === g.shape[d])) return g;
  const whole = g.newZeros(shape);
  shape.reduce((part, _, d) => part.narrow(d, 0, g.shape[d] ?? 0), whole).copy_(g);
  return whole;
}

/** `scatterAdd` into x itself. @see torch.Tensor.scatter_add_ */
export function scatterAdd_(x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  const d = resolveDim("scatterAdd_", dim, x.ndim);
  checkScatter("scatterAdd", x, d, index, source);
  return writeInPlace(
    "scatterAdd_",
    x,
    [x, source],
    () => { scattered(scatterAddKernel, x, d, index, source, x); },
    (before) => new OpNode("scatterAdd", [before.edge, source.edge], scatterAddVjp(d, index, source.shape)),
  );
}

/** x with `values`, a tensor or one number, put at `index`; where indices repeat, the last one wins. @see torch.scatter */
export function scatter(x: Tensor, dim: number, index: Tensor, values: Tensor | number | bigint | boolean): Tensor {
  const d = resolveDim("scatter", dim, x.ndim);
  const source = typeof values === "object" ? values : x.newTensor(values, { dtype: x.dtype }).expand(index.shape);
  checkScatter("scatter", x, d, index, source);
  const result = clone(x.detach());
  scattered(scatterKernel, result, d, index, source, result);
  record("scatter", [x, source], [result], () => {
    const saved = new Saved("scatter", index);
    const shape = source.shape;
    return ([g]) =>
      g === null || g === undefined
        ? [null, null]
        : [(): Tensor => scatter(g, d, saved.value, g.newZeros(index.shape)), (): Tensor => fitTo(gather(g, d, saved.value), shape)];
  });
  return result;
}
