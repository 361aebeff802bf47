import type { Expr } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import { Saved } from "../autograd/op-node.js";
import { ArgumentError, DTypeError, ShapeError } from "../errors.js";
import type { KernelBody, KernelOperand } from "../kernels/kernel-op.js";
import { KernelOp, lowest } from "../kernels/kernel-op.js";
import { emptyLike } from "../kernels/rows.js";
import { optionsOf } from "../options.js";
import type { Options } from "../options.js";
import { numelOf, sameShape, showShape } from "../shape.js";
import type { Shape } from "../shape.js";
import { checkSameDevice } from "../tensor.js";
import type { Tensor } from "../tensor.js";
import { gather } from "./index-ops.js";
import { record } from "./reduce.js";
import { contiguous, flatten, reshape } from "./view.js";
import type { PerDimension, Windows } from "./windows.js";
import { along, checkPlanes, checkPooled, covering, coveringCoordinates, coveringCounts, coveringScalars, distanceOf, inside, MaxPoolOptions, perDimension, PoolOptions, poolWindows, positionsAlong, reachesOutside, spatialStrides, steps, strideOf, toRows } from "./windows.js";
import { newZeros } from "../create.js";
import { abs, mul, pow, relu, sign } from "./elementwise.js";

/** Pools over sliding windows, of one, two and three dimensions. */

/** Largest elements and where in their plane they stand. */
export type Pooled = Readonly<Record<"values" | "indices", Tensor>>;

/** One kernel for each number of dimensions, with or without windows that reach outside. */
export function perRank(make: (n: number, bounded: boolean) => KernelOp): (n: number, bounded: boolean) => KernelOp {
  const made = new Map<number, KernelOp>();
  return (n, bounded) => {
    const key = 2 * n + Number(bounded);
    let op = made.get(key);
    if (op === undefined) made.set(key, (op = make(n, bounded)));
    return op;
  };
}

/** An output over rows and windows. */
const perWindow = (t: Tensor, n: number): KernelOperand => ({ storage: t.elements, offset: 0, strides: [...t.layout.strides, ...new Array<number>(n).fill(0)] });

/** The elements of a window: their values, their positions in the plane, and either where they are or, if all are, the first position. */
type WindowElements = { readonly x: Expr; readonly at: Expr } & ({ readonly there: Expr } | { readonly first: Expr });

/**
 * Reduces the window to its largest element and that one's position, and stores both. The last NaN wins, else the first of equals counts;
 * elements that are not there do not take part.
 */
export function storeMaximum(b: KernelBody, { x, at, ...window }: WindowElements): void {
  const { k } = b;
  const [left, right] = [k.left(0, x.dtype), k.right(0, x.dtype)];
  const isFloat = x.dtype === "float32" || x.dtype === "float64";
  const larger = isFloat ? k.or(k.lt(left, right), k.isNaN(right)) : k.lt(left, right);
  // Nothing is larger than the least value, so a window of nothing else has to find its first position: the one that is known, or else where an element follows on none.
  const takes = "first" in window ? larger : k.or(larger, k.and(k.lt(k.left(1, "int32"), k.int(0)), k.le(k.int(0), k.right(1, "int32"))));
  const [value, position] = b.reduce(
    { identity: [lowest(k, x.dtype), k.int(-1)], combine: [k.select(takes, right, left), k.select(takes, k.right(1, "int32"), k.left(1, "int32"))] },
    [x, "there" in window ? k.select(window.there, at, k.int(-1)) : at],
  );
  if (value === undefined || position === undefined) throw new Error("internal: a maximum without a result");
  b.store(0, value, "outer");
  b.store(1, "first" in window ? k.select(k.lt(position, k.int(0)), window.first, position) : position, "outer");
}

const maxPoolKernel = /* @__PURE__ */ perRank((n, bounded) => new KernelOp({
  name: "maxPool",
  build: (b) => {
    const at = b.coordinate(1);
    if (!bounded) {
      storeMaximum(b, { x: b.input(0), at, first: b.coordinate(2) });
      return;
    }
    const there = inside(b, 2, n, 0);
    storeMaximum(b, { x: b.inputAt(0, b.k.int(0), { when: there, otherwise: lowest(b.k, b.compute) }), at, there });
  },
}));

/** Puts each window's gradient where its maximum came from. */
const maxPoolBackwardKernel = /* @__PURE__ */ new KernelOp({
  name: "maxPoolBackward",
  build: (b) => {
    const { k } = b;
    b.scatter(0, b.input(1, "int32"), b.input(0), (there, g) => k.add(there, g));
  },
});

function maxPool(op: string, n: number, x: Tensor, kernelSize: PerDimension, options: MaxPoolOptions): Pooled {
  checkPooled(op, n, x);
  const windows = poolWindows(op, n, x, kernelSize, options);
  checkPlanes(op, n, x);
  return maximaOf(op, n, x, windows.sizes, (rows, values, indices) => {
    const sizes = rows.shape.slice(1);
    const at = steps(windows, spatialStrides(sizes));
    const bounded = reachesOutside(windows, sizes);
    const strides = [...at.ofWindow, ...at.ofElement];
    maxPoolKernel(n, bounded).run(
      x.device,
      { outer: values.shape, inner: windows.kernel, literalInner: true },
      [
        { storage: rows.elements, offset: rows.layout.offset + at.offset, strides: [numelOf(sizes), ...strides] },
        { storage: null, offset: at.offset, strides: [0, ...strides] },
        ...(bounded ? positionsAlong(windows) : [{ storage: null, offset: at.offset, strides: [0, ...at.ofWindow, ...at.ofElement.map(() => 0)] }]),
      ],
      [perWindow(values, n), perWindow(indices, n)],
      dtypeInfo[x.dtype].compute,
      bounded ? sizes : [],
    );
  });
}

/** Maxima over windows of the last `n` dimensions that `run` finds, with their gradient. */
export function maximaOf(op: string, n: number, x: Tensor, windows: Shape, run: (rows: Tensor, values: Tensor, indices: Tensor) => void): Pooled {
  const full = [...x.shape.slice(0, -n), ...windows];
  if (x.numel() === 0) return { values: emptyLike(x, full), indices: emptyLike(x, full, "int64") };
  const rows = toRows(x, n);
  const outShape = [rows.shape[0] ?? 0, ...windows];
  const [values, indices] = [emptyLike(rows, outShape), emptyLike(rows, outShape, "int64")];
  run(rows, values, indices);
  record(op, [rows], [values], () => {
    const from = rows.shape;
    const savedIndices = new Saved(op, indices);
    return ([g]) => [g === null || g === undefined ? null : (): Tensor => maxPoolGradient(g, savedIndices.value, from)];
  });
  return { values: reshape(values, full), indices: reshape(indices, full) };
}

/** An op of its own, whose gradient picks the elements that it put. */
function maxPoolGradient(g: Tensor, indices: Tensor, shape: Shape): Tensor {
  const result = newZeros(g, shape);
  const flat = { g: flatten(contiguous(g), 1), indices: flatten(indices, 1) };
  const [rows = 0, count = 0] = flat.g.shape;
  maxPoolBackwardKernel.run(
    g.device,
    { outer: [rows], inner: [count] },
    [
      { storage: flat.g.elements, offset: flat.g.layout.offset, strides: [count, 1] },
      { storage: flat.indices.elements, offset: flat.indices.layout.offset, strides: [count, 1] },
    ],
    [{ storage: result.elements, offset: 0, strides: [numelOf(shape.slice(1)), 0] }],
    dtypeInfo[g.dtype].compute,
    [],
  );
  const outShape = g.shape;
  record("maxPoolBackward", [g], [result], () => ([h]) => [h === null || h === undefined ? null : (): Tensor => reshape(gather(flatten(h, 1), 1, flat.indices), outShape)]);
  return result;
}

/** Maximum over windows of the last dimension; see `maxPool2d`. @see torch.nn.functional.max_pool1d */
export const maxPool1d = (x: Tensor, kernelSize: PerDimension, options?: MaxPoolOptions): Tensor => maxPool("maxPool1d", 1, x, kernelSize, optionsOf("maxPool1d", MaxPoolOptions, options)).values;
/**
 * Maximum over windows of the last two dimensions.
 *
 * @param x - `[batch, channels, H, W]` or `[channels, H, W]`.
 * @throws {ShapeError} if the input is smaller than a window.  @throws {ArgumentError} if padding is more than half a window.
 * @see torch.nn.functional.max_pool2d
 * @example
 * maxPool2d(tensor([[[1, 2], [3, 4]]]), 2).toArraySync(); // [[[4]]]
 */
export const maxPool2d = (x: Tensor, kernelSize: PerDimension, options?: MaxPoolOptions): Tensor => maxPool("maxPool2d", 2, x, kernelSize, optionsOf("maxPool2d", MaxPoolOptions, options)).values;
/** Maximum over windows of the last three dimensions; see `maxPool2d`. @see torch.nn.functional.max_pool3d */
export const maxPool3d = (x: Tensor, kernelSize: PerDimension, options?: MaxPoolOptions): Tensor => maxPool("maxPool3d", 3, x, kernelSize, optionsOf("maxPool3d", MaxPoolOptions, options)).values;
/** `maxPool1d`, and where the maxima stand, for `maxUnpool1d`. @see torch.nn.functional.max_pool1d_with_indices */
export const maxPool1dWithIndices = (x: Tensor, kernelSize: PerDimension, options?: MaxPoolOptions): Pooled => maxPool("maxPool1dWithIndices", 1, x, kernelSize, optionsOf("maxPool1dWithIndices", MaxPoolOptions, options));
/** `maxPool2d`, and where the maxima stand in each plane, for `maxUnpool2d`. @see torch.nn.functional.max_pool2d_with_indices */
export const maxPool2dWithIndices = (x: Tensor, kernelSize: PerDimension, options?: MaxPoolOptions): Pooled => maxPool("maxPool2dWithIndices", 2, x, kernelSize, optionsOf("maxPool2dWithIndices", MaxPoolOptions, options));
/** `maxPool3d`, and where the maxima stand in each volume, for `maxUnpool3d`. @see torch.nn.functional.max_pool3d_with_indices */
export const maxPool3dWithIndices = (x: Tensor, kernelSize: PerDimension, options?: MaxPoolOptions): Pooled => maxPool("maxPool3dWithIndices", 3, x, kernelSize, optionsOf("maxPool3dWithIndices", MaxPoolOptions, options));

export const MaxUnpoolOptions = class {
  /** Steps between the windows of the pool; the window's size by default. */
  readonly stride?: PerDimension | null;
  readonly padding?: PerDimension;
  /** The size before pooling, where several are possible: of the spatial dimensions, or of all. */
  readonly outputSize?: Shape | null;
};
export type MaxUnpoolOptions = Options<typeof MaxUnpoolOptions>;

/** Puts values at positions of their plane; where positions repeat, the last one wins. Scalar: elements in a plane. */
const maxUnpoolKernel = /* @__PURE__ */ new KernelOp({
  name: "maxUnpool",
  build: (b) => {
    const { k } = b;
    const at = b.input(1, "int32");
    b.guard(k.and(k.le(k.int(0), at), k.lt(at, b.scalar(0, "int32"))), "maxUnpool: expected indices inside the plane they point into, got one outside; check outputSize and the indices", "inner");
    b.scatter(0, at, b.input(0), null);
  },
});

function maxUnpool(op: string, n: number, x: Tensor, indices: Tensor, kernelSize: PerDimension, options: MaxUnpoolOptions): Tensor {
  checkPooled(op, n, x);
  indices.checkUsable(op);
  checkSameDevice(op, [x, indices]);
  if (indices.dtype !== "int64") throw new DTypeError(`${op}: expected indices of int64, got ${indices.dtype}; convert them with to("int64")`);
  if (!sameShape(x.shape, indices.shape)) throw new ShapeError(`${op}: expected indices of the input's shape ${showShape(x.shape)}, got ${showShape(indices.shape)}`);
  const kernel = perDimension(op, "kernelSize", kernelSize, n, 1);
  const stride = strideOf(op, n, kernel, options.stride);
  const padding = perDimension(op, "padding", options.padding ?? 0, n, 0);
  const natural = kernel.map((q, d) => ((x.shape[x.ndim - n + d] ?? 0) - 1) * (stride[d] ?? 1) + q - 2 * (padding[d] ?? 0));
  const sizes = unpooledSize(op, n, x, natural, stride, options.outputSize ?? null);
  const plane = numelOf(sizes);
  const [rows, at] = [toRows(x, n), toRows(indices, n)];
  const count = numelOf(rows.shape.slice(1));
  const result = newZeros(x, [rows.shape[0] ?? 0, ...sizes]);
  if (x.numel() > 0) {
    maxUnpoolKernel.run(
      x.device,
      { outer: [rows.shape[0] ?? 0], inner: [count] },
      [
        { storage: rows.elements, offset: rows.layout.offset, strides: [count, 1] },
        { storage: at.elements, offset: at.layout.offset, strides: [count, 1] },
      ],
      [{ storage: result.elements, offset: 0, strides: [plane, 0] }],
      dtypeInfo[x.dtype].compute,
      [plane],
    );
  }
  record(op, [rows], [result], () => {
    const saved = new Saved(op, at);
    return ([g]) => [g === null || g === undefined ? null : (): Tensor => reshape(gather(flatten(g, 1), 1, flatten(saved.value, 1)), saved.value.shape)];
  });
  return reshape(result, [...x.shape.slice(0, -n), ...sizes]);
}

/** The sizes before pooling: those that follow from the window, or other ones that the pool makes the same of. */
function unpooledSize(op: string, n: number, x: Tensor, natural: readonly number[], stride: readonly number[], outputSize: Shape | null): readonly number[] {
  if (outputSize === null) {
    if (natural.some((size) => size < 1)) throw new ShapeError(`${op}: expected a result of at least one element, got ${showShape(natural)} from ${showShape(x.shape)}`);
    return natural;
  }
  const wanted = outputSize.length === n + 2 ? outputSize.slice(2) : outputSize;
  if (wanted.length !== n) throw new ShapeError(`${op}: expected an outputSize of ${String(n)} or ${String(n + 2)} sizes, got ${showShape(outputSize)}`);
  if (wanted.some((size, d) => Math.abs(size - (natural[d] ?? 0)) >= (stride[d] ?? 1))) {
    throw new ShapeError(`${op}: expected an outputSize within a stride [${stride.join(", ")}] of ${showShape(natural)}, got ${showShape(wanted)}`);
  }
  return wanted;
}

/** `maxUnpool2d` for one dimension. @see torch.nn.functional.max_unpool1d */
export const maxUnpool1d = (x: Tensor, indices: Tensor, kernelSize: PerDimension, options?: MaxUnpoolOptions): Tensor => maxUnpool("maxUnpool1d", 1, x, indices, kernelSize, optionsOf("maxUnpool1d", MaxUnpoolOptions, options));
/**
 * Undoes a max-pool as far as that can be: the maxima return to their places, zeros stand elsewhere.
 *
 * @param indices - What `maxPool2dWithIndices` gave, int64.
 * @throws {GuardError} if an index is outside its plane.  @throws {ShapeError} if the pool cannot have started from `outputSize`.
 * @see torch.nn.functional.max_unpool2d
 */
export const maxUnpool2d = (x: Tensor, indices: Tensor, kernelSize: PerDimension, options?: MaxUnpoolOptions): Tensor => maxUnpool("maxUnpool2d", 2, x, indices, kernelSize, optionsOf("maxUnpool2d", MaxUnpoolOptions, options));
/** `maxUnpool2d` for three dimensions. @see torch.nn.functional.max_unpool3d */
export const maxUnpool3d = (x: Tensor, indices: Tensor, kernelSize: PerDimension, options?: MaxUnpoolOptions): Tensor => maxUnpool("maxUnpool3d", 3, x, indices, kernelSize, optionsOf("maxUnpool3d", MaxUnpoolOptions, options));

export const AvgPool1dOptions = class extends PoolOptions {
  /** Count padding in the average. */
  readonly countIncludePad?: boolean;
};
export type AvgPool1dOptions = Options<typeof AvgPool1dOptions>;
export const AvgPoolOptions = class extends AvgPool1dOptions {
  /** Divide by this instead of the window's size. */
  readonly divisorOverride?: number | null;
};
export type AvgPoolOptions = Options<typeof AvgPoolOptions>;

/** Sum over each window, divided by how many elements count. */
const avgPoolKernel = /* @__PURE__ */ perRank((n, bounded) => new KernelOp({
  name: "avgPool",
  build: (b) => {
    const { k } = b;
    const x = bounded ? b.inputAt(0, k.int(0), { when: inside(b, 1, n, 0), otherwise: k.const(0, b.compute) }) : b.input(0);
    const starts = Array.from({ length: n }, (_, d) => b.coordinate(1 + n + d));
    b.store(0, k.div(b.sum(x), bounded ? windowCount(b, starts, n, 0) : b.scalar(0)), "outer");
  },
}));

/**
 * Elements that the average of the window with these starts divides by. Scalars: the n input sizes, divisor (0: none), whether
 * padding counts, then padding and kernel of each dimension.
 */
function windowCount(b: KernelBody, starts: readonly Expr[], n: number, firstScalar: number): Expr {
  const { k } = b;
  const scalar = (i: number): Expr => b.scalar(firstScalar + i, "int32");
  let count: Expr = k.int(1);
  starts.forEach((start, d) => {
    const size = scalar(d);
    const [padding, kernel] = [scalar(n + 2 + 2 * d), scalar(n + 3 + 2 * d)];
    const end = k.min(k.add(start, kernel), k.add(size, padding));
    const real = k.sub(k.min(end, size), k.max(start, k.int(0)));
    count = k.mul(count, k.select(k.ne(scalar(n + 1), k.int(0)), k.sub(end, start), real));
  });
  return k.cast(k.select(k.ne(scalar(n), k.int(0)), scalar(n), count), b.compute);
}

/** What each window's elements get: g divided by the window's count. */
const avgPoolShareKernel = /* @__PURE__ */ perRank((n, bounded) => new KernelOp({
  name: "avgPoolBackward",
  build: (b) => {
    const starts = Array.from({ length: n }, (_, d) => b.coordinate(1 + d));
    b.store(0, b.k.div(b.input(0), bounded ? windowCount(b, starts, n, 0) : b.scalar(0)));
  },
}));

/** Σ of the shares of all windows that an input element is in. */
const avgPoolBackwardKernel = /* @__PURE__ */ perRank((n) => new KernelOp({
  name: "avgPoolBackward",
  build: (b) => {
    const { holds, windows } = covering(b, 1, n, 0);
    b.store(0, b.sum(b.inputAt(0, distanceOf(b, windows, 4 * n), { when: holds, otherwise: b.k.const(0, b.compute) })), "outer");
  },
}));

interface Average {
  readonly windows: Windows;
  readonly divisor: number;
  readonly countPadding: number;
}

/** What the kernels divide by: what `windowCount` reads, or one number where all windows are alike. */
const countScalars = (bounded: boolean, sizes: Shape, { windows, divisor, countPadding }: Average): number[] =>
  bounded
    ? [...sizes, divisor, countPadding, ...sizes.flatMap((_, d) => [windows.padding[d] ?? 0, windows.kernel[d] ?? 1])]
    : [divisor === 0 ? numelOf(windows.kernel) : divisor];

/** Where windows start along a dimension, as a coordinate over rows, windows and what else there is. */
function startOf(windows: Windows, d: number, inner: readonly number[]): KernelOperand {
  const { offset, ofWindow } = steps(windows, along(windows.kernel.length, d));
  return { storage: null, offset, strides: [0, ...ofWindow, ...inner] };
}

function avgPoolRows(op: string, rows: Tensor, average: Average): Tensor {
  const { windows } = average;
  const n = windows.kernel.length;
  const sizes = rows.shape.slice(1);
  const result = emptyLike(rows, [rows.shape[0] ?? 0, ...windows.sizes]);
  const at = steps(windows, spatialStrides(sizes));
  const bounded = reachesOutside(windows, sizes);
  avgPoolKernel(n, bounded).run(
    rows.device,
    { outer: result.shape, inner: windows.kernel, literalInner: true },
    [
      { storage: rows.elements, offset: rows.layout.offset + at.offset, strides: [numelOf(sizes), ...at.ofWindow, ...at.ofElement] },
      ...(bounded ? [...positionsAlong(windows), ...sizes.map((_, d) => startOf(windows, d, sizes.map(() => 0)))] : []),
    ],
    [perWindow(result, n)],
    dtypeInfo[rows.dtype].compute,
    countScalars(bounded, sizes, average),
  );
  const from = rows.shape;
  record(op, [rows], [result], () => ([g]) => [g === null || g === undefined ? null : (): Tensor => avgPoolGradient(op, g, from, average)]);
  return result;
}

function avgPoolGradient(op: string, g: Tensor, shape: Shape, average: Average): Tensor {
  const { windows } = average;
  const n = windows.kernel.length;
  const sizes = shape.slice(1);
  const result = emptyLike(g, shape);
  const source = contiguous(g);
  const bounded = reachesOutside(windows, sizes);
  const share = emptyLike(g, source.shape);
  avgPoolShareKernel(n, bounded).run(
    g.device,
    { outer: source.shape, inner: [] },
    [{ storage: source.elements, offset: source.layout.offset, strides: share.layout.strides }, ...(bounded ? sizes.map((_, d) => startOf(windows, d, [])) : [])],
    [{ storage: share.elements, offset: 0, strides: share.layout.strides }],
    dtypeInfo[g.dtype].compute,
    countScalars(bounded, sizes, average),
  );
  const zeros = sizes.map(() => 0);
  avgPoolBackwardKernel(n, true).run(
    g.device,
    { outer: shape, inner: coveringCounts(windows), literalInner: true },
    [{ storage: share.elements, offset: 0, strides: [numelOf(windows.sizes), ...zeros, ...zeros] }, ...coveringCoordinates(windows)],
    [perWindow(result, n)],
    dtypeInfo[g.dtype].compute,
    [...coveringScalars(windows), ...spatialStrides(windows.sizes)],
  );
  record(`${op}Backward`, [g], [result], () => ([h]) => [h === null || h === undefined ? null : (): Tensor => avgPoolRows(op, contiguous(h), average)]);
  return result;
}

function avgPool(op: string, n: number, x: Tensor, kernelSize: PerDimension, options: AvgPoolOptions): Tensor {
  checkPooled(op, n, x);
  const windows = poolWindows(op, n, x, kernelSize, options);
  checkPlanes(op, n, x);
  const divisor = options.divisorOverride ?? 0;
  if (options.divisorOverride === 0 || !Number.isInteger(divisor)) throw new ArgumentError(`${op}: expected a whole divisor other than 0, got ${String(divisor)}`);
  return averageOver(op, x, { windows, divisor, countPadding: options.countIncludePad === false ? 0 : 1 });
}

/** Averages over windows of the last dimensions. */
export function averageOver(op: string, x: Tensor, average: Average): Tensor {
  const { sizes } = average.windows;
  const lead = x.shape.slice(0, -sizes.length);
  return reshape(avgPoolRows(op, toRows(x, sizes.length), average), [...lead, ...sizes]);
}

/** Average over windows of the last dimension; see `avgPool2d`. @see torch.nn.functional.avg_pool1d */
export const avgPool1d = (x: Tensor, kernelSize: PerDimension, options?: AvgPool1dOptions): Tensor => avgPool("avgPool1d", 1, x, kernelSize, optionsOf("avgPool1d", AvgPool1dOptions, options));
/**
 * Average over windows of the last two dimensions.
 *
 * @param x - `[batch, channels, H, W]` or `[channels, H, W]`; integers are divided without a fraction.
 * @throws {ShapeError} if the input is smaller than a window.  @throws {ArgumentError} if padding is more than half a window.
 * @see torch.nn.functional.avg_pool2d
 * @example
 * avgPool2d(tensor([[[1, 2], [3, 4]]]), 2).toArraySync(); // [[[2.5]]]
 */
export const avgPool2d = (x: Tensor, kernelSize: PerDimension, options?: AvgPoolOptions): Tensor => avgPool("avgPool2d", 2, x, kernelSize, optionsOf("avgPool2d", AvgPoolOptions, options));
/** Average over windows of the last three dimensions; see `avgPool2d`. @see torch.nn.functional.avg_pool3d */
export const avgPool3d = (x: Tensor, kernelSize: PerDimension, options?: AvgPoolOptions): Tensor => avgPool("avgPool3d", 3, x, kernelSize, optionsOf("avgPool3d", AvgPoolOptions, options));

export const LpPoolOptions = class {
  /** Steps between windows; the window's size by default. */
  readonly stride?: PerDimension | null;
  /** Let the last window start inside and end outside. */
  readonly ceilMode?: boolean;
};
export type LpPoolOptions = Options<typeof LpPoolOptions>;

/** (Σ xᵖ)^(1/p) over each window, from the average of xᵖ; 0 where the sum is negative, as in PyTorch. */
function lpPool(op: string, n: number, x: Tensor, normType: number, kernelSize: PerDimension, options: LpPoolOptions): Tensor {
  if (!x.isFloatingPoint()) throw new DTypeError(`${op}: expected a floating tensor, got ${x.dtype}; convert it with to("float32")`);
  if (normType === 0) throw new ArgumentError(`${op}: expected a normType other than 0, got 0`);
  const { stride = null, ceilMode = false } = options;
  const count = numelOf(perDimension(op, "kernelSize", kernelSize, n, 1));
  const average = avgPool(op, n, pow(x, normType), kernelSize, { stride, ceilMode });
  return pow(mul(mul(sign(average), relu(abs(average))), count), 1 / normType);
}

/** `lpPool2d` for one dimension. @see torch.nn.functional.lp_pool1d */
export const lpPool1d = (x: Tensor, normType: number, kernelSize: PerDimension, options?: LpPoolOptions): Tensor => lpPool("lpPool1d", 1, x, normType, kernelSize, optionsOf("lpPool1d", LpPoolOptions, options));
/**
 * The p-norm of each window of the last two dimensions, (Σ xᵖ)^(1/p): the sum for p = 1, the maximum as p grows.
 *
 * @see torch.nn.functional.lp_pool2d
 */
export const lpPool2d = (x: Tensor, normType: number, kernelSize: PerDimension, options?: LpPoolOptions): Tensor => lpPool("lpPool2d", 2, x, normType, kernelSize, optionsOf("lpPool2d", LpPoolOptions, options));
