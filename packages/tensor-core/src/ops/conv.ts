import { Saved } from "../autograd/op-node.js";
import { ArgumentError, ShapeError } from "../errors.js";
import type { CallCoordinate, ContractionCall } from "../kernels/contraction-op.js";
import { contract } from "../kernels/contraction-op.js";
import { emptyLike } from "../kernels/rows.js";
import { showShape } from "../shape.js";
import type { Shape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { clone } from "./elementwise.js";
import { pad } from "./pad.js";
import { checkProduct } from "./matmul.js";
import { record } from "./reduce.js";
import { squeeze, unsqueeze } from "./view.js";

/** One number for every spatial dimension, or one each. */
export type PerDimension = number | readonly number[];

export interface ConvOptions {
  /** Steps of the kernel over the input. */
  readonly stride?: PerDimension;
  /** Zeros on both sides; "same" keeps the size (stride 1 only), "valid" is 0. */
  readonly padding?: PerDimension | "same" | "valid";
  /** Steps between the kernel's own elements. */
  readonly dilation?: PerDimension;
  /** Blocks that channels are divided into; each sees only its own. */
  readonly groups?: number;
}

/** Spatial geometry of a convolution, one entry per dimension. */
interface Geometry {
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
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

/**
 * Convolution over `n` spatial dimensions (cross-correlation, as in every deep-learning library):
 *
 *   y[b, o, p] = bias[o] + Σ_c Σ_q x[b, c, p·stride − padding + q·dilation] · w[o, c, q]
 */
function convolution(op: string, n: number, x: Tensor, weight: Tensor, bias: Tensor | null | undefined, options: ConvOptions): Tensor {
  if (x.ndim === n + 1 && weight.ndim === n + 2) return squeeze(convolution(op, n, unsqueeze(x, 0), weight, bias, options), 0);
  checkProduct(op, x, weight);
  if (x.ndim !== n + 2 || weight.ndim !== n + 2) {
    throw new ShapeError(`${op}: expected input [batch, channels, …${String(n)} sizes] and weight [out, in / groups, …${String(n)} sizes], got ${showShape(x.shape)} and ${showShape(weight.shape)}`);
  }
  const stride = perDimension(op, "stride", options.stride ?? 1, n, 1);
  const dilation = perDimension(op, "dilation", options.dilation ?? 1, n, 1);
  const groups = options.groups ?? 1;
  const kernel = weight.shape.slice(2);
  const overhang = kernel.map((q, d) => (dilation[d] ?? 1) * (q - 1));
  const padding = resolvePadding(op, options.padding ?? 0, n, stride, overhang);
  if (options.padding === "same" && overhang.some((size) => size % 2 === 1)) {
    // An odd overhang is padded once more behind, as PyTorch does; pad() counts from the last dimension.
    const odd = pad(x, overhang.flatMap((size) => [size % 2, 0]).reverse());
    return convolution(op, n, odd, weight, bias, { ...options, padding });
  }
  const [channels = 0, outChannels = 0] = [x.shape[1], weight.shape[0]];
  if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0 || outChannels % groups !== 0) {
    throw new ShapeError(`${op}: expected groups that divide ${String(channels)} input and ${String(outChannels)} output channels, got ${String(groups)}`);
  }
  if (weight.shape[1] !== channels / groups) {
    throw new ShapeError(`${op}: expected a weight for ${String(channels / groups)} input channels (${String(channels)} in ${String(groups)} groups), got ${showShape(weight.shape)} (${String(weight.shape[1])})`);
  }
  if (bias !== null && bias !== undefined) {
    checkProduct(op, x, bias);
    if (bias.ndim !== 1 || bias.shape[0] !== outChannels) throw new ShapeError(`${op}: expected a bias of shape [${String(outChannels)}], got ${showShape(bias.shape)}`);
  }
  const sizes = kernel.map((q, d) => slidingSize(x.shape[d + 2] ?? 0, q, stride[d] ?? 1, padding[d] ?? 0, dilation[d] ?? 1));
  if (sizes.some((size) => size < 1)) {
    throw new ShapeError(`${op}: expected an input at least as large as the kernel, got ${showShape(x.shape)} with padding [${padding.join(", ")}] for a kernel of ${showShape(kernel)}`);
  }
  const geometry: Geometry = { stride, padding, dilation, groups };
  return forward(op, x, weight, bias ?? null, sizes, geometry);
}

function resolvePadding(op: string, padding: PerDimension | "same" | "valid", n: number, stride: readonly number[], overhang: readonly number[]): number[] {
  if (padding === "valid") return new Array<number>(n).fill(0);
  if (padding !== "same") return perDimension(op, "padding", padding, n, 0);
  if (stride.some((s) => s !== 1)) throw new ArgumentError(`${op}: expected stride 1 with padding "same", got [${stride.join(", ")}]`);
  return overhang.map((size) => Math.floor(size / 2));
}

/** The axes of the three contractions: group, batch, output channel, input channel, output position, kernel position. */
function forward(op: string, x: Tensor, weight: Tensor, bias: Tensor | null, sizes: readonly number[], geometry: Geometry): Tensor {
  const { groups } = geometry;
  const [batch = 0, channels = 0] = x.shape;
  const [outChannels = 0] = weight.shape;
  const kernel = weight.shape.slice(2);
  const n = sizes.length;
  const result = emptyLike(x, [batch, outChannels, ...sizes]);
  const axes = [
    { role: "batch" as const, extent: groups },
    { role: "batch" as const, extent: batch },
    { role: "m" as const, extent: outChannels / groups },
    ...sizes.map((extent) => ({ role: "n" as const, extent })),
    { role: "k" as const, extent: channels / groups },
    ...kernel.map((extent) => ({ role: "k" as const, extent })),
  ];
  const [G, B, O, P, C] = [0, 1, 2, 3, 3 + n];
  const ws = weight.layout.strides;
  const xs = x.layout.strides;
  const rs = result.layout.strides;
  const plain = (axis: number, stride: number): CallCoordinate => ({ terms: [{ axis, scale: 1 }], stride });
  const collides = bias !== null && (bias.elements === x.elements || bias.elements === weight.elements);
  const addend = collides ? clone(bias.detach()) : bias;
  const perGroup = outChannels / groups;
  const call: ContractionCall = {
    name: op,
    axes,
    left: {
      storage: weight.elements,
      offset: weight.layout.offset,
      coordinates: [plain(G, (ws[0] ?? 0) * perGroup), plain(O, ws[0] ?? 0), plain(C, ws[1] ?? 0), ...kernel.map((_, d) => plain(C + 1 + d, ws[d + 2] ?? 0))],
    },
    right: {
      storage: x.elements,
      offset: x.layout.offset,
      coordinates: [plain(G, (xs[1] ?? 0) * (channels / groups)), plain(B, xs[0] ?? 0), plain(C, xs[1] ?? 0), ...sizes.map((_, d) => windowed(geometry, d, P + d, C + 1 + d, x.shape[d + 2] ?? 0, xs[d + 2] ?? 0))],
    },
    result: { storage: result.elements, offset: 0, strides: [(rs[1] ?? 0) * perGroup, rs[0] ?? 0, rs[1] ?? 0, ...sizes.map((_, d) => rs[d + 2] ?? 0)] },
    addend: addend === null ? undefined : { storage: addend.elements, offset: addend.layout.offset, strides: [(addend.layout.strides[0] ?? 0) * perGroup, 0, addend.layout.strides[0] ?? 0, ...sizes.map(() => 0)] },
  };
  contract(x.device, call);
  record(op, bias === null ? [x, weight] : [x, weight, bias], [result], () => {
    const savedX = weight.requiresGrad ? new Saved(op, x) : null;
    const savedWeight = x.requiresGrad ? new Saved(op, weight) : null;
    const [shapeX, shapeWeight] = [x.shape, weight.shape];
    return ([g]) => {
      if (g === null || g === undefined) return [null, null, null];
      return [
        savedWeight === null ? null : (): Tensor => inputGradient(op, g, savedWeight.value, shapeX, geometry),
        savedX === null ? null : (): Tensor => weightGradient(op, g, savedX.value, shapeWeight, geometry),
        ...(bias === null ? [] : [(): Tensor => g.sum({ dim: g.shape.map((_, d) => d).filter((d) => d !== 1) })]),
      ];
    };
  });
  return result;
}

/** Position in the input of output position `p` and kernel position `q`: p·stride + q·dilation − padding. */
function windowed({ stride, padding, dilation }: Geometry, d: number, p: number, q: number, size: number, elementStride: number): CallCoordinate {
  const pad = padding[d] ?? 0;
  const terms = [{ axis: p, scale: stride[d] ?? 1 }, { axis: q, scale: dilation[d] ?? 1 }];
  // Without padding every position is inside.
  return pad === 0 ? { terms, stride: elementStride } : { terms, shift: -pad, extent: size, stride: elementStride };
}

/** Position in the output whose window had kernel position `q` at input position `i`: (i + padding − q·dilation) / stride. */
function unwindowed({ stride, padding, dilation }: Geometry, d: number, i: number, q: number, size: number, elementStride: number): CallCoordinate {
  return {
    terms: [{ axis: i, scale: 1 }, { axis: q, scale: -(dilation[d] ?? 1) }],
    shift: padding[d] ?? 0,
    divisor: stride[d] ?? 1,
    extent: size,
    stride: elementStride,
  };
}

/** ∂L/∂x[b, c, i] = Σ_o Σ_q g[b, o, (i + padding − q·dilation)/stride] · w[o, c, q]: a transposed convolution. */
function inputGradient(op: string, g: Tensor, weight: Tensor, shape: Shape, geometry: Geometry): Tensor {
  const { groups } = geometry;
  const [batch = 0, channels = 0] = shape;
  const [outChannels = 0] = weight.shape;
  const sizes = shape.slice(2);
  const kernel = weight.shape.slice(2);
  const n = sizes.length;
  const [inGroup, outGroup] = [channels / groups, outChannels / groups];
  const result = emptyLike(g, shape);
  const [G, B, C, I, O] = [0, 1, 2, 3, 3 + n];
  const [ws, gs, rs] = [weight.layout.strides, g.layout.strides, result.layout.strides];
  const plain = (axis: number, stride: number): CallCoordinate => ({ terms: [{ axis, scale: 1 }], stride });
  contract(g.device, {
    name: `${op}Input`,
    axes: [
      { role: "batch", extent: groups },
      { role: "batch", extent: batch },
      { role: "m", extent: inGroup },
      ...sizes.map((extent) => ({ role: "n" as const, extent })),
      { role: "k", extent: outGroup },
      ...kernel.map((extent) => ({ role: "k" as const, extent })),
    ],
    left: {
      storage: weight.elements,
      offset: weight.layout.offset,
      coordinates: [plain(G, (ws[0] ?? 0) * outGroup), plain(C, ws[1] ?? 0), plain(O, ws[0] ?? 0), ...kernel.map((_, d) => plain(O + 1 + d, ws[d + 2] ?? 0))],
    },
    right: {
      storage: g.elements,
      offset: g.layout.offset,
      coordinates: [plain(G, (gs[1] ?? 0) * outGroup), plain(B, gs[0] ?? 0), plain(O, gs[1] ?? 0), ...sizes.map((_, d) => unwindowed(geometry, d, I + d, O + 1 + d, g.shape[d + 2] ?? 0, gs[d + 2] ?? 0))],
    },
    result: { storage: result.elements, offset: 0, strides: [(rs[1] ?? 0) * inGroup, rs[0] ?? 0, rs[1] ?? 0, ...sizes.map((_, d) => rs[d + 2] ?? 0)] },
  });
  record(`${op}Input`, [g, weight], [result], () => {
    const [savedG, savedWeight] = [new Saved(op, g), new Saved(op, weight)];
    const outSizes = g.shape.slice(2);
    return ([h]) => {
      if (h === null || h === undefined) return [null, null];
      return [(): Tensor => forward(op, h, savedWeight.value, null, outSizes, geometry), (): Tensor => weightGradient(op, savedG.value, h, weight.shape, geometry)];
    };
  });
  return result;
}

/** ∂L/∂w[o, c, q] = Σ_b Σ_p g[b, o, p] · x[b, c, p·stride + q·dilation − padding] */
function weightGradient(op: string, g: Tensor, x: Tensor, shape: Shape, geometry: Geometry): Tensor {
  const { groups } = geometry;
  const [batch = 0, channels = 0] = x.shape;
  const [outChannels = 0] = shape;
  const kernel = shape.slice(2);
  const sizes = g.shape.slice(2);
  const n = sizes.length;
  const [inGroup, outGroup] = [channels / groups, outChannels / groups];
  const result = emptyLike(g, shape);
  const [G, O, C, Q, B, P] = [0, 1, 2, 3, 3 + n, 4 + n];
  const [xs, gs, rs] = [x.layout.strides, g.layout.strides, result.layout.strides];
  const plain = (axis: number, stride: number): CallCoordinate => ({ terms: [{ axis, scale: 1 }], stride });
  contract(g.device, {
    name: `${op}Weight`,
    axes: [
      { role: "batch", extent: groups },
      { role: "m", extent: outGroup },
      { role: "n", extent: inGroup },
      ...kernel.map((extent) => ({ role: "n" as const, extent })),
      { role: "k", extent: batch },
      ...sizes.map((extent) => ({ role: "k" as const, extent })),
    ],
    left: {
      storage: g.elements,
      offset: g.layout.offset,
      coordinates: [plain(G, (gs[1] ?? 0) * outGroup), plain(O, gs[1] ?? 0), plain(B, gs[0] ?? 0), ...sizes.map((_, d) => plain(P + d, gs[d + 2] ?? 0))],
    },
    right: {
      storage: x.elements,
      offset: x.layout.offset,
      coordinates: [plain(G, (xs[1] ?? 0) * inGroup), plain(C, xs[1] ?? 0), plain(B, xs[0] ?? 0), ...sizes.map((_, d) => windowed(geometry, d, P + d, Q + d, x.shape[d + 2] ?? 0, xs[d + 2] ?? 0))],
    },
    result: { storage: result.elements, offset: 0, strides: [(rs[0] ?? 0) * outGroup, rs[0] ?? 0, rs[1] ?? 0, ...kernel.map((_, d) => rs[d + 2] ?? 0)] },
  });
  record(`${op}Weight`, [g, x], [result], () => {
    const [savedG, savedX] = [new Saved(op, g), new Saved(op, x)];
    const [shapeX, outSizes] = [x.shape, g.shape.slice(2)];
    return ([h]) => {
      if (h === null || h === undefined) return [null, null];
      return [(): Tensor => forward(op, savedX.value, h, null, outSizes, geometry), (): Tensor => inputGradient(op, savedG.value, h, shapeX, geometry)];
    };
  });
  return result;
}

/**
 * Two-dimensional convolution.
 *
 * @param x - `[batch, in, H, W]` or `[in, H, W]`.  @param weight - `[out, in / groups, kH, kW]`.  @param bias - `[out]`.
 * @returns `[batch, out, H', W']` with `H' = ⌊(H + 2·padding − dilation·(kH − 1) − 1) / stride⌋ + 1`.
 * @throws {ShapeError} if channels, groups or sizes do not fit.
 * @see torch.nn.functional.conv2d
 */
export const conv2d = (x: Tensor, weight: Tensor, bias?: Tensor | null, options: ConvOptions = {}): Tensor => convolution("conv2d", 2, x, weight, bias, options);

/** One-dimensional convolution. @see torch.nn.functional.conv1d */
export const conv1d = (x: Tensor, weight: Tensor, bias?: Tensor | null, options: ConvOptions = {}): Tensor => convolution("conv1d", 1, x, weight, bias, options);
