import type { Expr } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import { ArgumentError, DTypeError, ShapeError } from "../errors.js";
import { KernelOp, lowest } from "../kernels/kernel-op.js";
import type { KernelBody } from "../kernels/kernel-op.js";
import { emptyLike } from "../kernels/rows.js";
import { Saved } from "../autograd/op-node.js";
import { showShape } from "../shape.js";
import type { Shape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import type { PerDimension } from "./conv.js";
import { perDimension, slidingSize } from "./conv.js";
import { gather } from "./index-ops.js";
import { record } from "./reduce.js";
import { flatten, reshape } from "./view.js";

/**
 * Pooling over windows. Positions in the input are affine in the output position and the window position, so the input is
 * an ordinary operand of the kernel; with padding, the coordinates decide which elements are there.
 */

/** Geometry of a pool: n entries each. */
interface Windows {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  readonly sizes: readonly number[];
}

export interface PoolOptions {
  /** Steps between windows; the window's size by default. */
  readonly stride?: PerDimension | null;
  readonly padding?: PerDimension;
  /** Let the last window start inside and end outside. */
  readonly ceilMode?: boolean;
}
export interface MaxPoolOptions extends PoolOptions {
  readonly dilation?: PerDimension;
}
export interface AvgPoolOptions extends PoolOptions {
  /** Count padding in the average. */
  readonly countIncludePad?: boolean;
  /** Divide by this instead of the window's size. */
  readonly divisorOverride?: number | null;
}

function windowsOf(op: string, n: number, x: Tensor, kernelSize: PerDimension, options: MaxPoolOptions): Windows {
  if (x.dtype === "bool") throw new DTypeError(`${op}: expected a floating or integer tensor, got bool; convert it with to("float32")`);
  const kernel = perDimension(op, "kernelSize", kernelSize, n, 1);
  // An empty list is how PyTorch's own functions write none.
  const stride = options.stride === undefined || options.stride === null || (Array.isArray(options.stride) && options.stride.length === 0) ? kernel : perDimension(op, "stride", options.stride, n, 1);
  const padding = perDimension(op, "padding", options.padding ?? 0, n, 0);
  const dilation = perDimension(op, "dilation", options.dilation ?? 1, n, 1);
  if (padding.some((p, d) => p > (kernel[d] ?? 1) / 2)) {
    throw new ArgumentError(`${op}: expected padding of at most half the window [${kernel.join(", ")}], got [${padding.join(", ")}]`);
  }
  const sizes = kernel.map((q, d) => {
    const [size, s, p, l] = [x.shape[d + x.ndim - n] ?? 0, stride[d] ?? 1, padding[d] ?? 0, dilation[d] ?? 1];
    const floor = slidingSize(size, q, s, p, l);
    const ceil = Math.ceil((size + 2 * p - l * (q - 1) - 1) / s) + 1;
    // The last window must start inside the input or its left padding.
    return options.ceilMode === true ? ((ceil - 1) * s >= size + p ? ceil - 1 : ceil) : floor;
  });
  if (sizes.some((size) => size < 1)) throw new ShapeError(`${op}: expected an input at least as large as the window, got ${showShape(x.shape)} for a window of [${kernel.join(", ")}]`);
  return { kernel, stride, padding, dilation, sizes };
}

/** Whether a window can reach outside the input. */
function reachesOutside({ kernel, stride, padding, dilation, sizes }: Windows, inputSizes: Shape): boolean {
  return sizes.some((size, d) => {
    const p = padding[d] ?? 0;
    return p > 0 || (size - 1) * (stride[d] ?? 1) + (dilation[d] ?? 1) * ((kernel[d] ?? 1) - 1) >= (inputSizes[d] ?? 0);
  });
}

/** Row-major strides of the spatial dimensions. */
const spatialStrides = (sizes: Shape): number[] => sizes.map((_, d) => sizes.slice(d + 1).reduce((a, b) => a * b, 1));

/** The input position of the current window element, along every spatial dimension together or along one. */
function steps(windows: Windows, weights: readonly number[]): { offset: number; outer: number[]; inner: number[] } {
  const { stride, dilation, padding } = windows;
  return {
    offset: -weights.reduce((sum, w, d) => sum + w * (padding[d] ?? 0), 0),
    outer: weights.map((w, d) => w * (stride[d] ?? 1)),
    inner: weights.map((w, d) => w * (dilation[d] ?? 1)),
  };
}

/** All coordinates lie in [0, size): the window element exists. Coordinates follow the `first` inputs; sizes are scalars. */
function inside(b: KernelBody, first: number, n: number, firstScalar: number): Expr {
  const { k } = b;
  let holds: Expr = k.const(true, "bool");
  for (let d = 0; d < n; d++) {
    const at = b.coordinate(first + d);
    holds = k.and(holds, k.and(k.le(k.int(0), at), k.lt(at, b.scalar(firstScalar + d, "int32"))));
  }
  return holds;
}

const maxPoolKernels = new Map<string, KernelOp>();

/** Maximum of each window and its position in the spatial plane; NaN wins, the first of equals counts. */
function maxPoolKernel(n: number, bounded: boolean): KernelOp {
  const key = `${String(n)} ${String(bounded)}`;
  let op = maxPoolKernels.get(key);
  if (op === undefined) {
    op = new KernelOp({
      name: "maxPool",
      build: (b) => {
        const { k } = b;
        const least = lowest(k, b.compute);
        const there = bounded ? inside(b, 2, n, 0) : null;
        const x = there === null ? b.input(0) : b.inputAt(0, k.int(0), { when: there, otherwise: least });
        const at = b.coordinate(1);
        const [left, right] = [k.left(0, x.dtype), k.right(0, x.dtype)];
        const isFloat = x.dtype === "float32" || x.dtype === "float64";
        // Window elements come in order, so only a larger one, or the first NaN, replaces. Absent ones have position −1.
        const larger = k.or(k.lt(left, right), k.and(k.lt(k.left(1, "int32"), k.int(0)), k.le(k.int(0), k.right(1, "int32"))));
        const takes = isFloat ? k.or(larger, k.and(k.isNaN(right), k.not(k.isNaN(left)))) : larger;
        const [value, position] = b.reduce(
          { identity: [least, k.int(-1)], combine: [k.select(takes, right, left), k.select(takes, k.right(1, "int32"), k.left(1, "int32"))] },
          [x, there === null ? at : k.select(there, at, k.int(-1))],
        );
        if (value === undefined || position === undefined) return;
        b.store(0, value, "outer");
        b.store(1, position, "outer");
      },
    });
    maxPoolKernels.set(key, op);
  }
  return op;
}

/** Puts each window's gradient where its maximum came from. */
const maxPoolBackwardKernel = new KernelOp({
  name: "maxPoolBackward",
  build: (b) => {
    const { k } = b;
    b.scatter(0, b.input(1, "int32"), b.input(0), (there, g) => k.add(there, g));
  },
});

/** Brings [..., spatial] to [rows, spatial] and gives what undoes it. */
function toRows(op: string, n: number, x: Tensor): { rows: Tensor; lead: Shape } {
  if (x.ndim !== n + 1 && x.ndim !== n + 2) throw new ShapeError(`${op}: expected [batch, channels, …${String(n)} sizes] or [channels, …${String(n)} sizes], got ${showShape(x.shape)}`);
  const lead = x.shape.slice(0, -n);
  return { rows: reshape(x, [-1, ...x.shape.slice(-n)]).contiguous(), lead };
}

function maxPool(op: string, n: number, x: Tensor, kernelSize: PerDimension, options: MaxPoolOptions): { values: Tensor; indices: Tensor } {
  const windows = windowsOf(op, n, x, kernelSize, options);
  if (x.numel() === 0) return { values: emptyLike(x, [...x.shape.slice(0, -n), ...windows.sizes]), indices: emptyLike(x, [...x.shape.slice(0, -n), ...windows.sizes], "int64") };
  const { rows, lead } = toRows(op, n, x);
  const sizes = rows.shape.slice(1);
  const plane = sizes.reduce((a, b) => a * b, 1);
  const outShape = [rows.shape[0] ?? 0, ...windows.sizes];
  const [values, indices] = [emptyLike(rows, outShape), emptyLike(rows, outShape, "int64")];
  const at = steps(windows, spatialStrides(sizes));
  const bounded = reachesOutside(windows, sizes);
  const coordinates = bounded
    ? sizes.map((_, d) => {
        const own = steps(windows, sizes.map((__, e) => (e === d ? 1 : 0)));
        return { storage: null, offset: own.offset, strides: [0, ...own.outer, ...own.inner] };
      })
    : [];
  const output = (t: Tensor): { storage: Tensor["elements"]; offset: number; strides: number[] } => ({ storage: t.elements, offset: 0, strides: [...t.layout.strides, ...sizes.map(() => 0)] });
  maxPoolKernel(n, bounded).run(
    x.device,
    { outer: outShape, inner: windows.kernel, literalInner: true },
    [
      { storage: rows.elements, offset: rows.layout.offset + at.offset, strides: [plane, ...at.outer, ...at.inner] },
      { storage: null, offset: at.offset, strides: [0, ...at.outer, ...at.inner] },
      ...coordinates,
    ],
    [output(values), output(indices)],
    dtypeInfo[x.dtype].compute,
    bounded ? sizes : [],
  );
  record(op, [rows], [values], () => {
    const from = rows.shape;
    const savedIndices = new Saved(op, indices);
    return ([g]) => [g === null || g === undefined ? null : (): Tensor => maxPoolGradient(g, savedIndices.value, from)];
  });
  const full = [...lead, ...windows.sizes];
  return { values: reshape(values, full), indices: reshape(indices, full) };
}

/** An op of its own, whose gradient picks the elements that it put. */
function maxPoolGradient(g: Tensor, indices: Tensor, shape: Shape): Tensor {
  const result = g.newZeros(shape);
  const flat = { g: flatten(g.contiguous(), 1), indices: flatten(indices, 1) };
  const [rows = 0, count = 0] = flat.g.shape;
  const plane = result.numel() / Math.max(rows, 1);
  maxPoolBackwardKernel.run(
    g.device,
    { outer: [rows], inner: [count] },
    [
      { storage: flat.g.elements, offset: flat.g.layout.offset, strides: [count, 1] },
      { storage: flat.indices.elements, offset: flat.indices.layout.offset, strides: [count, 1] },
    ],
    [{ storage: result.elements, offset: 0, strides: [plane, 0] }],
    dtypeInfo[g.dtype].compute,
    [],
  );
  const outShape = g.shape;
  record("maxPoolBackward", [g], [result], () => ([h]) => [h === null || h === undefined ? null : (): Tensor => reshape(gather(flatten(h, 1), 1, flat.indices), outShape)]);
  return result;
}

/**
 * Maximum over windows of the last two dimensions.
 *
 * @param x - `[batch, channels, H, W]` or `[channels, H, W]`.
 * @see torch.nn.functional.max_pool2d
 */
export const maxPool2d = (x: Tensor, kernelSize: PerDimension, options: MaxPoolOptions = {}): Tensor => maxPool("maxPool2d", 2, x, kernelSize, options).values;
/** The same with the positions of the maxima in each plane. @see torch.nn.functional.max_pool2d_with_indices */
export const maxPool2dWithIndices = (x: Tensor, kernelSize: PerDimension, options: MaxPoolOptions = {}): { values: Tensor; indices: Tensor } => maxPool("maxPool2dWithIndices", 2, x, kernelSize, options);

/** Sum over each window, divided by how many elements count. */
function avgPoolKernel(n: number): KernelOp {
  return new KernelOp({
    name: "avgPool",
    build: (b) => {
      const { k } = b;
      const there = inside(b, 1, n, 0);
      const x = b.inputAt(0, k.int(0), { when: there, otherwise: k.const(0, b.compute) });
      b.store(0, k.div(b.sum(x), windowCount(b, n)), "outer");
    },
  });
}

/**
 * Elements that a window's average divides by. Scalars: n input sizes, then divisor (0: none), whether padding counts, then
 * stride, padding and kernel of each dimension. Coordinates 1+n … hold the output position.
 */
function windowCount(b: KernelBody, n: number): Expr {
  const { k } = b;
  let count: Expr = k.int(1);
  for (let d = 0; d < n; d++) {
    const size = b.scalar(d, "int32");
    const [padding, kernel] = [b.scalar(n + 2 + 2 * d, "int32"), b.scalar(n + 3 + 2 * d, "int32")];
    const start = b.coordinate(1 + n + d);
    const end = k.min(k.add(start, kernel), k.add(size, padding));
    const all = k.sub(end, start);
    const real = k.sub(k.min(end, size), k.max(start, k.int(0)));
    count = k.mul(count, k.select(k.ne(b.scalar(n + 1, "int32"), k.int(0)), all, real));
  }
  const override = b.scalar(n, "int32");
  return k.cast(k.select(k.ne(override, k.int(0)), override, count), b.compute);
}

const avgPoolKernels = new Map<number, KernelOp>();

/** g of every window that an input element is in, each divided by its count. */
function avgPoolBackwardKernel(n: number): KernelOp {
  return new KernelOp({
    name: "avgPoolBackward",
    build: (b) => {
      const { k } = b;
      // Coordinate d: input position + padding − window position; the window that starts there is this over the stride.
      let holds: Expr = k.const(true, "bool");
      let distance: Expr = k.int(0);
      let count: Expr = k.int(1);
      for (let d = 0; d < n; d++) {
        const [stride, size, outSize, outStride, padding, kernel] = [0, 1, 2, 3, 4, 5].map((j) => b.scalar(2 + 6 * d + j, "int32")) as [Expr, Expr, Expr, Expr, Expr, Expr];
        const at = b.coordinate(1 + d);
        const window = k.div(at, stride);
        holds = k.and(holds, k.and(k.and(k.le(k.int(0), at), k.eq(k.rem(at, stride), k.int(0))), k.lt(window, outSize)));
        distance = k.add(distance, k.mul(window, outStride));
        const start = k.sub(at, padding);
        const end = k.min(k.add(start, kernel), k.add(size, padding));
        count = k.mul(count, k.select(k.ne(b.scalar(1, "int32"), k.int(0)), k.sub(end, start), k.sub(k.min(end, size), k.max(start, k.int(0)))));
      }
      const divisor = k.select(k.ne(b.scalar(0, "int32"), k.int(0)), b.scalar(0, "int32"), count);
      const g = b.inputAt(0, distance, { when: holds, otherwise: k.const(0, b.compute) });
      // Where there is no window the count may be zero, so it is only used where there is one.
      b.store(0, b.sum(k.select(holds, k.div(g, k.cast(divisor, b.compute)), k.const(0, b.compute))), "outer");
    },
  });
}
const avgPoolBackwardKernels = new Map<number, KernelOp>();

const memo = (table: Map<number, KernelOp>, n: number, make: (n: number) => KernelOp): KernelOp => {
  let op = table.get(n);
  if (op === undefined) {
    op = make(n);
    table.set(n, op);
  }
  return op;
};

interface Average {
  readonly windows: Windows;
  readonly divisor: number;
  readonly countPadding: number;
}

function avgPoolRows(op: string, n: number, rows: Tensor, average: Average): Tensor {
  const { windows, divisor, countPadding } = average;
  const sizes = rows.shape.slice(1);
  const plane = sizes.reduce((a, b) => a * b, 1);
  const result = emptyLike(rows, [rows.shape[0] ?? 0, ...windows.sizes]);
  const at = steps(windows, spatialStrides(sizes));
  const one = (d: number): number[] => sizes.map((_, e) => (e === d ? 1 : 0));
  const along = (d: number, withInner: boolean): { storage: null; offset: number; strides: number[] } => {
    const own = steps(windows, one(d));
    return { storage: null, offset: own.offset, strides: [0, ...own.outer, ...(withInner ? own.inner : sizes.map(() => 0))] };
  };
  memo(avgPoolKernels, n, avgPoolKernel).run(
    rows.device,
    { outer: result.shape, inner: windows.kernel, literalInner: true },
    [
      { storage: rows.elements, offset: rows.layout.offset + at.offset, strides: [plane, ...at.outer, ...at.inner] },
      ...sizes.map((_, d) => along(d, true)),
      ...sizes.map((_, d) => along(d, false)),
    ],
    [{ storage: result.elements, offset: 0, strides: [...result.layout.strides, ...sizes.map(() => 0)] }],
    dtypeInfo[rows.dtype].compute,
    [...sizes, divisor, countPadding, ...sizes.flatMap((_, d) => [windows.padding[d] ?? 0, windows.kernel[d] ?? 1])],
  );
  const from = rows.shape;
  record(op, [rows], [result], () => ([g]) => [g === null || g === undefined ? null : (): Tensor => avgPoolGradient(op, n, g, from, average)]);
  return result;
}

function avgPoolGradient(op: string, n: number, g: Tensor, shape: Shape, average: Average): Tensor {
  const { windows, divisor, countPadding } = average;
  const sizes = shape.slice(1);
  const result = emptyLike(g, shape);
  const source = g.contiguous();
  const outStrides = spatialStrides(windows.sizes);
  const outPlane = windows.sizes.reduce((a, b) => a * b, 1);
  memo(avgPoolBackwardKernels, n, avgPoolBackwardKernel).run(
    g.device,
    { outer: shape, inner: windows.kernel, literalInner: true },
    [
      { storage: source.elements, offset: source.layout.offset, strides: [outPlane, ...sizes.map(() => 0), ...sizes.map(() => 0)] },
      ...sizes.map((_, d) => ({ storage: null, offset: windows.padding[d] ?? 0, strides: [0, ...sizes.map((__, e) => (e === d ? 1 : 0)), ...sizes.map((__, e) => (e === d ? -1 : 0))] })),
    ],
    [{ storage: result.elements, offset: 0, strides: [...result.layout.strides, ...sizes.map(() => 0)] }],
    dtypeInfo[g.dtype].compute,
    [divisor, countPadding, ...sizes.flatMap((size, d) => [windows.stride[d] ?? 1, size, windows.sizes[d] ?? 0, outStrides[d] ?? 0, windows.padding[d] ?? 0, windows.kernel[d] ?? 1])],
  );
  record(`${op}Backward`, [g], [result], () => ([h]) => [h === null || h === undefined ? null : (): Tensor => avgPoolRows(op, n, h.contiguous(), average)]);
  return result;
}

/**
 * Average over windows of the last two dimensions.
 *
 * @param x - `[batch, channels, H, W]` or `[channels, H, W]`; integers are divided without a fraction.
 * @see torch.nn.functional.avg_pool2d
 */
export function avgPool2d(x: Tensor, kernelSize: PerDimension, options: AvgPoolOptions = {}): Tensor {
  const op = "avgPool2d";
  const windows = windowsOf(op, 2, x, kernelSize, options);
  const divisor = options.divisorOverride ?? 0;
  if (options.divisorOverride === 0 || !Number.isInteger(divisor)) throw new ArgumentError(`${op}: expected a whole divisor other than 0, got ${String(divisor)}`);
  const { rows, lead } = toRows(op, 2, x);
  const result = avgPoolRows(op, 2, rows, { windows, divisor, countPadding: options.countIncludePad === false ? 0 : 1 });
  return reshape(result, [...lead, ...windows.sizes]);
}
