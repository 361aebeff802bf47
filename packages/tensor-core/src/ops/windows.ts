import type { Expr } from "@gradus/kernel-ir";
import { ArgumentError, DTypeError, ShapeError } from "../errors.js";
import type { KernelBody, KernelOperand } from "../kernels/kernel-op.js";
import type { Options } from "../options.js";
import { showShape } from "../shape.js";
import type { Shape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { contiguous, reshape } from "./view.js";

/**
 * Windows that slide over the last dimensions of a tensor: for pools, unfolding and folding. Positions in the input are
 * affine in the output position and the window position, so the input is an ordinary operand of a kernel; where a window
 * can reach outside, coordinates decide which elements are there.
 */

/** One number for every spatial dimension, or one each. */
export type PerDimension = number | readonly number[];

/** Geometry of windows: n entries each. */
export interface Windows {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  /** How many windows there are along each dimension. */
  readonly sizes: readonly number[];
}

/** `value` for each of `count` dimensions. */
export function perDimension(op: string, name: string, value: PerDimension, count: number, least: number): number[] {
  const list = typeof value === "number" ? new Array<number>(count).fill(value) : value.length === 1 ? new Array<number>(count).fill(value[0] ?? 0) : [...value];
  if (list.length !== count || list.some((n) => !Number.isInteger(n) || n < least)) {
    throw new ArgumentError(`${op}: expected ${name} to be a whole number of at least ${String(least)}, or ${String(count)} of them, got ${String(value)}`);
  }
  return list;
}

/** Size after a window of `kernel` elements moves over `size + 2·padding`. */
export const slidingSize = (size: number, kernel: number, stride: number, padding: number, dilation: number): number =>
  Math.floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;

export const PoolOptions = class {
  /** Steps between windows; the window's size by default. */
  readonly stride?: PerDimension | null;
  readonly padding?: PerDimension;
  /** Let the last window start inside and end outside. */
  readonly ceilMode?: boolean;
};
export type PoolOptions = Options<typeof PoolOptions>;
export const MaxPoolOptions = class extends PoolOptions {
  /** Steps between a window's elements. */
  readonly dilation?: PerDimension;
};
export type MaxPoolOptions = Options<typeof MaxPoolOptions>;

/** Checks what all pools over the last `n` dimensions ask of their input. */
export function checkPooled(op: string, n: number, x: Tensor): void {
  x.checkUsable(op);
  if (x.ndim !== n + 1 && x.ndim !== n + 2) {
    throw new ShapeError(`${op}: expected [batch, channels, …${String(n)} sizes] or [channels, …${String(n)} sizes], got ${showShape(x.shape)}`);
  }
  if (x.dtype === "bool") throw new DTypeError(`${op}: expected a floating or integer tensor, got bool; convert it with to("float32")`);
}

/** Checks that every dimension but the batch has elements. */
export function checkPlanes(op: string, n: number, x: Tensor): void {
  if (x.shape.slice(x.ndim - n - 1).includes(0)) throw new ShapeError(`${op}: expected an input whose dimensions have elements, apart from the batch, got ${showShape(x.shape)}`);
}

/** The stride of a pool: the window's size where there is none. An empty list is how PyTorch's own functions write that. */
export const strideOf = (op: string, n: number, kernel: readonly number[], stride: PerDimension | null | undefined): readonly number[] =>
  stride === undefined || stride === null || (Array.isArray(stride) && stride.length === 0) ? kernel : perDimension(op, "stride", stride, n, 1);

export function poolWindows(op: string, n: number, x: Tensor, kernelSize: PerDimension, options: MaxPoolOptions): Windows {
  const kernel = perDimension(op, "kernelSize", kernelSize, n, 1);
  const stride = strideOf(op, n, kernel, options.stride);
  const padding = perDimension(op, "padding", options.padding ?? 0, n, 0);
  const dilation = perDimension(op, "dilation", options.dilation ?? 1, n, 1);
  if (padding.some((p, d) => 2 * p > (dilation[d] ?? 1) * ((kernel[d] ?? 1) - 1) + 1)) {
    throw new ArgumentError(`${op}: expected padding of at most half the window [${kernel.join(", ")}], got [${padding.join(", ")}]`);
  }
  const sizes = kernel.map((q, d) => {
    const [size, s, p, l] = [x.shape[d + x.ndim - n] ?? 0, stride[d] ?? 1, padding[d] ?? 0, dilation[d] ?? 1];
    if (options.ceilMode !== true) return slidingSize(size, q, s, p, l);
    const ceil = Math.ceil((size + 2 * p - l * (q - 1) - 1) / s) + 1;
    // The last window must start inside the input or its left padding.
    return (ceil - 1) * s >= size + p ? ceil - 1 : ceil;
  });
  if (sizes.some((size) => size < 1)) throw new ShapeError(`${op}: expected an input at least as large as the window, got ${showShape(x.shape)} for a window of [${kernel.join(", ")}]`);
  return { kernel, stride, padding, dilation, sizes };
}

/** Whether a window can reach outside the input. */
export const reachesOutside = ({ kernel, stride, padding, dilation, sizes }: Windows, inputSizes: Shape): boolean =>
  sizes.some((size, d) => (padding[d] ?? 0) > 0 || (size - 1) * (stride[d] ?? 1) + (dilation[d] ?? 1) * ((kernel[d] ?? 1) - 1) >= (inputSizes[d] ?? 0));

/** Brings [..., spatial] to contiguous [rows, spatial]. */
export const toRows = (x: Tensor, n: number): Tensor => contiguous(reshape(x, [x.shape.slice(0, -n).reduce((a, b) => a * b, 1), ...x.shape.slice(-n)]));

/** Row-major strides of the spatial dimensions. */
export const spatialStrides = (sizes: Shape): number[] => sizes.map((_, d) => sizes.slice(d + 1).reduce((a, b) => a * b, 1));

/** The input position of a window's element: Σ weightₖ · (window · stride + element · dilation − padding). */
export function steps({ stride, dilation, padding }: Windows, weights: readonly number[]): { readonly offset: number; readonly ofWindow: number[]; readonly ofElement: number[] } {
  return {
    offset: -weights.reduce((sum, w, d) => sum + w * (padding[d] ?? 0), 0),
    ofWindow: weights.map((w, d) => w * (stride[d] ?? 1)),
    ofElement: weights.map((w, d) => w * (dilation[d] ?? 1)),
  };
}

/** 1 for dimension `d`, 0 for the others. */
export const along = (n: number, d: number): number[] => Array.from({ length: n }, (_, e) => (e === d ? 1 : 0));

/** The input position along each dimension, as coordinates over rows, windows and elements. */
export const positionsAlong = (windows: Windows): KernelOperand[] =>
  windows.kernel.map((_, d) => {
    const { offset, ofWindow, ofElement } = steps(windows, along(windows.kernel.length, d));
    return { storage: null, offset, strides: [0, ...ofWindow, ...ofElement] };
  });

/** All coordinates lie in [0, size): the element exists. Coordinates follow the `first` inputs; sizes are scalars. */
export function inside(b: KernelBody, first: number, n: number, firstScalar: number): Expr {
  const { k } = b;
  let holds: Expr = k.const(true, "bool");
  for (let d = 0; d < n; d++) {
    const at = b.coordinate(first + d);
    holds = k.and(holds, k.and(k.le(k.int(0), at), k.lt(at, b.scalar(firstScalar + d, "int32"))));
  }
  return holds;
}

/**
 * The other way around: the windows that an input position can lie in. They are as many along each dimension as fit into a window's
 * span, counted backwards from the last one that starts at or before the position.
 */
export const coveringCounts = ({ kernel, stride, dilation }: Windows): number[] => kernel.map((q, d) => Math.ceil(((dilation[d] ?? 1) * (q - 1) + 1) / (stride[d] ?? 1)));

/** For each dimension the padded input position and the candidate's number, as coordinates over rows, input positions and candidates. */
export const coveringCoordinates = ({ kernel, padding }: Windows): KernelOperand[] => {
  const n = kernel.length;
  const none = new Array<number>(n).fill(0);
  return kernel.flatMap((_, d) => [
    { storage: null, offset: padding[d] ?? 0, strides: [0, ...along(n, d), ...none] },
    { storage: null, offset: 0, strides: [0, ...none, ...along(n, d)] },
  ]);
};

/** A window that may cover the current input position. */
interface Covering {
  /** Whether it is there and has an element at the position. */
  readonly holds: Expr;
  /** Along each dimension: where the window starts, counted from the padding, its number, and that of its element. */
  readonly starts: readonly Expr[];
  readonly windows: readonly Expr[];
  readonly elements: readonly Expr[];
}

/** The candidate of the current point: coordinates from `first` on; for each dimension the scalars stride, count, kernel and dilation. */
export function covering(b: KernelBody, first: number, n: number, firstScalar: number): Covering {
  const { k } = b;
  let holds: Expr = k.const(true, "bool");
  const found = Array.from({ length: n }, (_, d) => {
    const [stride, count, kernel, dilation] = [0, 1, 2, 3].map((j) => b.scalar(firstScalar + 4 * d + j, "int32")) as [Expr, Expr, Expr, Expr];
    const position = b.coordinate(first + 2 * d);
    const window = k.sub(k.div(position, stride), b.coordinate(first + 2 * d + 1));
    const start = k.mul(window, stride);
    const distance = k.sub(position, start);
    const element = k.div(distance, dilation);
    const there = k.and(k.and(k.le(k.int(0), window), k.lt(window, count)), k.and(k.lt(element, kernel), k.eq(k.mul(element, dilation), distance)));
    holds = k.and(holds, there);
    return { start, window, element };
  });
  return { holds, starts: found.map(({ start }) => start), windows: found.map(({ window }) => window), elements: found.map(({ element }) => element) };
}

/** The scalars that `covering` reads. */
export const coveringScalars = ({ stride, sizes, kernel, dilation }: Windows): number[] => sizes.flatMap((count, d) => [stride[d] ?? 1, count, kernel[d] ?? 1, dilation[d] ?? 1]);

/** Σ index · stride, with the strides as scalars. */
export function distanceOf(b: KernelBody, indices: readonly Expr[], firstScalar: number): Expr {
  return indices.map((index, d) => b.k.mul(index, b.scalar(firstScalar + d, "int32"))).reduce((sum, part) => b.k.add(sum, part));
}
