import { Saved } from "../autograd/op-node.js";
import { ArgumentError, ShapeError } from "../errors.js";
import type { CallCoordinate, ContractionCall } from "../kernels/contraction-op.js";
import { contract } from "../kernels/contraction-op.js";
import { emptyLike } from "../kernels/rows.js";
import { optionsOf } from "../options.js";
import type { Options } from "../options.js";
import { numelOf, showShape } from "../shape.js";
import type { Shape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { clone } from "./elementwise.js";
import { pad } from "./pad.js";
import { checkProduct } from "./matmul.js";
import { record, sum } from "./reduce.js";
import { contiguous, squeeze, unsqueeze } from "./view.js";
import type { PerDimension } from "./windows.js";
import { perDimension, slidingSize } from "./windows.js";

export const ConvOptions = class {
  /** Steps of the kernel over the input. */
  readonly stride?: PerDimension;
  /** Zeros on both sides; "same" keeps the size (stride 1 only), "valid" is 0. */
  readonly padding?: PerDimension | "same" | "valid";
  /** Steps between the kernel's own elements. */
  readonly dilation?: PerDimension;
  /** Blocks that channels are divided into; each sees only its own. */
  readonly groups?: number;
};
export type ConvOptions = Options<typeof ConvOptions>;

export const ConvTransposeOptions = class {
  /** Steps between the places where the kernel is put down. */
  readonly stride?: PerDimension;
  /** Elements cut off on both sides of the result. */
  readonly padding?: PerDimension;
  /** Elements more at the end: several sizes give the same one under a stride, and this says which was meant. */
  readonly outputPadding?: PerDimension;
  /** Blocks that channels are divided into; each sees only its own. */
  readonly groups?: number;
  /** Steps between the kernel's own elements. */
  readonly dilation?: PerDimension;
};
export type ConvTransposeOptions = Options<typeof ConvTransposeOptions>;

/** Spatial geometry of a convolution, one entry per dimension. */
interface Geometry {
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
}

/**
 * Convolution over `n` spatial dimensions (cross-correlation, as in every deep-learning library):
 *
 *   y[b, o, p] = bias[o] + Σ_c Σ_q x[b, c, p·stride − padding + q·dilation] · w[o, c, q]
 */
function convolution(op: string, n: number, x: Tensor, weight: Tensor, bias: Tensor | null | undefined, options: ConvOptions): Tensor {
  if (x.ndim === n + 1 && weight.ndim === n + 2) return squeeze(convolution(op, n, unsqueeze(x, 0), weight, bias, options), 0);
  checkRanks(op, n, x, weight, "[out, in / groups");
  const stride = perDimension(op, "stride", options.stride ?? 1, n, 1);
  const dilation = perDimension(op, "dilation", options.dilation ?? 1, n, 1);
  const kernel = weight.shape.slice(2);
  const overhang = kernel.map((q, d) => (dilation[d] ?? 1) * (q - 1));
  const padding = resolvePadding(op, options.padding ?? 0, n, stride, overhang);
  if (options.padding === "same" && overhang.some((size) => size % 2 === 1)) {
    // An odd overhang is padded once more behind, as PyTorch does; pad() counts from the last dimension.
    const odd = pad(x, overhang.flatMap((size) => [size % 2, 0]).reverse());
    return convolution(op, n, odd, weight, bias, { ...options, padding });
  }
  const [channels = 0, outChannels = 0] = [x.shape[1], weight.shape[0]];
  const groups = checkGroups(op, options.groups ?? 1, channels, outChannels);
  if (weight.shape[1] !== channels / groups) {
    throw new ShapeError(`${op}: expected a weight for ${String(channels / groups)} input channels (${String(channels)} in ${String(groups)} groups), got ${showShape(weight.shape)} (${String(weight.shape[1])})`);
  }
  checkBias(op, x, bias, outChannels);
  const sizes = kernel.map((q, d) => slidingSize(x.shape[d + 2] ?? 0, q, stride[d] ?? 1, padding[d] ?? 0, dilation[d] ?? 1));
  if (sizes.some((size) => size < 1)) {
    throw new ShapeError(`${op}: expected an input at least as large as the kernel, got ${showShape(x.shape)} with padding [${padding.join(", ")}] for a kernel of ${showShape(kernel)}`);
  }
  return correlate(op, x, weight, bias ?? null, sizes, { stride, padding, dilation, groups });
}

/**
 * Transposed convolution over `n` spatial dimensions: what the gradient of a convolution does to its input.
 *
 *   y[b, o, p·stride − padding + q·dilation] = bias[o] + Σ_c Σ_q x[b, c, p] · w[c, o, q]
 */
function transposedConvolution(op: string, n: number, x: Tensor, weight: Tensor, bias: Tensor | null | undefined, options: ConvTransposeOptions): Tensor {
  if (x.ndim === n + 1 && weight.ndim === n + 2) return squeeze(transposedConvolution(op, n, unsqueeze(x, 0), weight, bias, options), 0);
  checkRanks(op, n, x, weight, "[in, out / groups");
  const stride = perDimension(op, "stride", options.stride ?? 1, n, 1);
  const padding = perDimension(op, "padding", options.padding ?? 0, n, 0);
  const dilation = perDimension(op, "dilation", options.dilation ?? 1, n, 1);
  const more = perDimension(op, "outputPadding", options.outputPadding ?? 0, n, 0);
  if (more.some((size, d) => size >= Math.max(stride[d] ?? 1, dilation[d] ?? 1))) {
    throw new ArgumentError(`${op}: expected an outputPadding smaller than the stride [${stride.join(", ")}] or the dilation [${dilation.join(", ")}], got [${more.join(", ")}]`);
  }
  const channels = x.shape[1] ?? 0;
  const groups = checkGroups(op, options.groups ?? 1, channels, channels);
  if (weight.shape[0] !== channels) throw new ShapeError(`${op}: expected a weight for ${String(channels)} input channels, got ${showShape(weight.shape)} (${String(weight.shape[0])})`);
  const outChannels = (weight.shape[1] ?? 0) * groups;
  checkBias(op, x, bias, outChannels);
  const sizes = weight.shape.slice(2).map((q, d) => ((x.shape[d + 2] ?? 0) - 1) * (stride[d] ?? 1) - 2 * (padding[d] ?? 0) + (dilation[d] ?? 1) * (q - 1) + (more[d] ?? 0) + 1);
  if (sizes.some((size) => size < 1)) {
    throw new ShapeError(`${op}: expected a result of at least one element, got ${showShape(sizes)} from input ${showShape(x.shape)} and kernel ${showShape(weight.shape.slice(2))} with padding [${padding.join(", ")}]`);
  }
  return spread(op, x, weight, bias ?? null, [x.shape[0] ?? 0, outChannels, ...sizes], { stride, padding, dilation, groups });
}

function checkRanks(op: string, n: number, x: Tensor, weight: Tensor, channels: string): void {
  checkProduct(op, x, weight);
  if (x.ndim !== n + 2 || weight.ndim !== n + 2) {
    throw new ShapeError(`${op}: expected input [batch, channels, …${String(n)} sizes] and weight ${channels}, …${String(n)} sizes], got ${showShape(x.shape)} and ${showShape(weight.shape)}`);
  }
}

function checkGroups(op: string, groups: number, channels: number, outChannels: number): number {
  if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0 || outChannels % groups !== 0) {
    throw new ShapeError(`${op}: expected groups that divide ${String(channels)} input and ${String(outChannels)} output channels, got ${String(groups)}`);
  }
  return groups;
}

function checkBias(op: string, x: Tensor, bias: Tensor | null | undefined, outChannels: number): void {
  if (bias === null || bias === undefined) return;
  checkProduct(op, x, bias);
  if (bias.ndim !== 1 || bias.shape[0] !== outChannels) throw new ShapeError(`${op}: expected a bias of shape [${String(outChannels)}], got ${showShape(bias.shape)}`);
}

function resolvePadding(op: string, padding: PerDimension | "same" | "valid", n: number, stride: readonly number[], overhang: readonly number[]): number[] {
  if (padding === "valid") return new Array<number>(n).fill(0);
  if (padding !== "same") return perDimension(op, "padding", padding, n, 0);
  if (stride.some((s) => s !== 1)) throw new ArgumentError(`${op}: expected stride 1 with padding "same", got [${stride.join(", ")}]`);
  return overhang.map((size) => Math.floor(size / 2));
}

/** Fewer positions than these do not fill the columns of a tile. */
const fewPositions = 64;

/** The images of a batch are apart from each other, but small ones are taken together: the weights do not depend on them. */
const batchRole = (sizes: Shape): "batch" | "n" => (numelOf(sizes) < fewPositions ? "n" : "batch");

/** A coordinate that one axis steps through. */
const plain = (axis: number, stride: number): CallCoordinate => ({ terms: [{ axis, scale: 1 }], stride });

/** The bias as an addend of a contraction with axes group, batch, channel and positions; a copy where a contraction could not tell it from an operand. */
function addendOf(bias: Tensor | null, operands: readonly Tensor[], perGroup: number, n: number): ContractionCall["addend"] {
  if (bias === null) return undefined;
  const addend = operands.some((x) => x.elements === bias.elements) ? clone(bias.detach()) : bias;
  const stride = addend.layout.strides[0] ?? 0;
  return { storage: addend.elements, offset: addend.layout.offset, strides: [stride * perGroup, 0, stride, ...new Array<number>(n).fill(0)] };
}

const sumOverChannels = (g: Tensor): Tensor => sum(g, { dim: g.shape.map((_, d) => d).filter((d) => d !== 1) });

/** A gradient of the same number everywhere, as a sum's is, takes no memory, and none of its elements are neighbours: products with it would take twice as long. */
const dense = (g: Tensor): Tensor => contiguous(g);

/** The axes of the three contractions: group, batch, output channel, input channel, output position, kernel position. */
function correlate(op: string, x: Tensor, weight: Tensor, bias: Tensor | null, sizes: readonly number[], geometry: Geometry): Tensor {
  const { groups } = geometry;
  const [batch = 0, channels = 0] = x.shape;
  const [outChannels = 0] = weight.shape;
  const kernel = weight.shape.slice(2);
  const n = sizes.length;
  const result = emptyLike(x, [batch, outChannels, ...sizes]);
  const [G, B, O, P, C] = [0, 1, 2, 3, 3 + n];
  const [ws, xs, rs] = [weight.layout.strides, x.layout.strides, result.layout.strides];
  const perGroup = outChannels / groups;
  contract(x.device, {
    name: op,
    axes: [
      { role: "batch", extent: groups },
      { role: batchRole(sizes), extent: batch },
      { role: "m", extent: perGroup },
      ...sizes.map((extent) => ({ role: "n" as const, extent })),
      { role: "k", extent: channels / groups },
      ...kernel.map((extent) => ({ role: "k" as const, extent })),
    ],
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
    addend: addendOf(bias, [x, weight], perGroup, n),
  });
  record(op, bias === null ? [x, weight] : [x, weight, bias], [result], () => {
    const savedX = weight.requiresGrad ? new Saved(op, x) : null;
    const savedWeight = x.requiresGrad ? new Saved(op, weight) : null;
    const [shapeX, shapeWeight] = [x.shape, weight.shape];
    return ([g]) => {
      if (g === null || g === undefined) return [null, null, null];
      return [
        savedWeight === null ? null : (): Tensor => spread(`${op}Input`, dense(g), savedWeight.value, null, shapeX, geometry),
        savedX === null ? null : (): Tensor => weightGradient(`${op}Weight`, dense(g), savedX.value, shapeWeight, geometry),
        ...(bias === null ? [] : [(): Tensor => sumOverChannels(g)]),
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

/**
 * The positions i = first + stride·i' of a dimension that is spread out, and the kernel positions q = tap + tapStep·t whose windows can have put something there:
 * in the output, that is position i' + shift − reach·t.
 */
interface Phase {
  readonly first: number;
  readonly size: number;
  readonly tap: number;
  readonly tapStep: number;
  readonly taps: number;
  readonly shift: number;
  readonly reach: number;
}

/** One phase for each remainder of a division by the stride: between them, no product is with a zero that only the stride left. */
function phasesOf({ stride, padding, dilation }: Geometry, d: number, size: number, kernel: number): Phase[] {
  const [step, pad, spacing] = [stride[d] ?? 1, padding[d] ?? 0, dilation[d] ?? 1];
  const tapStep = step / greatestCommonDivisor(step, spacing);
  return Array.from({ length: Math.min(step, size) }, (_, first) => {
    const tap = Array.from({ length: Math.min(tapStep, kernel) }, (__, q) => q).find((q) => (first + pad - q * spacing) % step === 0);
    return {
      first, size: Math.ceil((size - first) / step), tap: tap ?? 0, tapStep, taps: tap === undefined ? 0 : Math.ceil((kernel - tap) / tapStep),
      shift: tap === undefined ? 0 : (first + pad - tap * spacing) / step, reach: (tapStep * spacing) / step,
    };
  });
}

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));

/** All ways to take one item of each list. */
const combinations = <T>(lists: readonly (readonly T[])[]): T[][] => lists.reduce<T[][]>((all, list) => all.flatMap((some) => list.map((item) => [...some, item])), [[]]);

/** y[b, c, i] = Σ_o Σ_q g[b, o, (i + padding − q·dilation)/stride] · w[o, c, q]: a transposed convolution, and the gradient ∂L/∂x of a plain one. */
function spread(op: string, g: Tensor, weight: Tensor, bias: Tensor | null, shape: Shape, geometry: Geometry): Tensor {
  const { groups, stride } = geometry;
  const [batch = 0, channels = 0] = shape;
  const [outChannels = 0] = weight.shape;
  const sizes = shape.slice(2);
  const kernel = weight.shape.slice(2);
  const n = sizes.length;
  const [inGroup, outGroup] = [channels / groups, outChannels / groups];
  const result = emptyLike(g, shape);
  const [G, B, C, I, O] = [0, 1, 2, 3, 3 + n];
  const [ws, gs, rs] = [weight.layout.strides, g.layout.strides, result.layout.strides];
  const addend = addendOf(bias, [g, weight], inGroup, n);
  for (const phases of combinations(sizes.map((size, d) => phasesOf(geometry, d, size, kernel[d] ?? 1)))) {
    contract(g.device, {
      name: op,
      axes: [
        { role: "batch", extent: groups },
        { role: batchRole(phases.map(({ size }) => size)), extent: batch },
        { role: "m", extent: inGroup },
        ...phases.map(({ size }) => ({ role: "n" as const, extent: size })),
        { role: "k", extent: outGroup },
        ...phases.map(({ taps }) => ({ role: "k" as const, extent: taps })),
      ],
      left: {
        storage: weight.elements,
        offset: phases.reduce((offset, { tap }, d) => offset + tap * (ws[d + 2] ?? 0), weight.layout.offset),
        coordinates: [plain(G, (ws[0] ?? 0) * outGroup), plain(C, ws[1] ?? 0), plain(O, ws[0] ?? 0), ...phases.map(({ tapStep }, d) => plain(O + 1 + d, (ws[d + 2] ?? 0) * tapStep))],
      },
      right: {
        storage: g.elements,
        offset: g.layout.offset,
        coordinates: [
          plain(G, (gs[1] ?? 0) * outGroup), plain(B, gs[0] ?? 0), plain(O, gs[1] ?? 0),
          ...phases.map(({ shift, reach }, d): CallCoordinate => ({
            terms: [{ axis: I + d, scale: 1 }, { axis: O + 1 + d, scale: -reach }], shift, extent: g.shape[d + 2] ?? 0, stride: gs[d + 2] ?? 0,
          })),
        ],
      },
      result: {
        storage: result.elements,
        offset: phases.reduce((offset, { first }, d) => offset + first * (rs[d + 2] ?? 0), 0),
        strides: [(rs[1] ?? 0) * inGroup, rs[0] ?? 0, rs[1] ?? 0, ...sizes.map((_, d) => (rs[d + 2] ?? 0) * (stride[d] ?? 1))],
      },
      addend,
    });
  }
  record(op, bias === null ? [g, weight] : [g, weight, bias], [result], () => {
    const savedG = weight.requiresGrad ? new Saved(op, g) : null;
    const savedWeight = g.requiresGrad ? new Saved(op, weight) : null;
    const [outSizes, shapeWeight] = [g.shape.slice(2), weight.shape];
    return ([h]) => {
      if (h === null || h === undefined) return [null, null, null];
      return [
        savedWeight === null ? null : (): Tensor => correlate(`${op}Input`, dense(h), savedWeight.value, null, outSizes, geometry),
        savedG === null ? null : (): Tensor => weightGradient(`${op}Weight`, savedG.value, dense(h), shapeWeight, geometry),
        ...(bias === null ? [] : [(): Tensor => sumOverChannels(h)]),
      ];
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
  contract(g.device, {
    name: op,
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
  record(op, [g, x], [result], () => {
    const [savedG, savedX] = [new Saved(op, g), new Saved(op, x)];
    const [shapeX, outSizes] = [x.shape, g.shape.slice(2)];
    return ([h]) => {
      if (h === null || h === undefined) return [null, null];
      return [(): Tensor => correlate(op, savedX.value, h, null, outSizes, geometry), (): Tensor => spread(op, savedG.value, h, null, shapeX, geometry)];
    };
  });
  return result;
}

/** One-dimensional convolution; see `conv2d`. @see torch.nn.functional.conv1d */
export const conv1d = (x: Tensor, weight: Tensor, bias?: Tensor | null, options?: ConvOptions): Tensor => convolution("conv1d", 1, x, weight, bias, optionsOf("conv1d", ConvOptions, options));

/**
 * Two-dimensional convolution.
 *
 * @param x - `[batch, in, H, W]` or `[in, H, W]`.  @param weight - `[out, in / groups, kH, kW]`.  @param bias - `[out]`.
 * @returns `[batch, out, H', W']` with `H' = ⌊(H + 2·padding − dilation·(kH − 1) − 1) / stride⌋ + 1`.
 * @throws {ShapeError} if channels, groups or sizes do not fit.
 * @see torch.nn.functional.conv2d
 */
export const conv2d = (x: Tensor, weight: Tensor, bias?: Tensor | null, options?: ConvOptions): Tensor => convolution("conv2d", 2, x, weight, bias, optionsOf("conv2d", ConvOptions, options));

/** Three-dimensional convolution; see `conv2d`. @see torch.nn.functional.conv3d */
export const conv3d = (x: Tensor, weight: Tensor, bias?: Tensor | null, options?: ConvOptions): Tensor => convolution("conv3d", 3, x, weight, bias, optionsOf("conv3d", ConvOptions, options));

/** One-dimensional transposed convolution; see `convTranspose2d`. @see torch.nn.functional.conv_transpose1d */
export const convTranspose1d = (x: Tensor, weight: Tensor, bias?: Tensor | null, options?: ConvTransposeOptions): Tensor => transposedConvolution("convTranspose1d", 1, x, weight, bias, optionsOf("convTranspose1d", ConvTransposeOptions, options));

/**
 * Two-dimensional transposed convolution: each input element puts a scaled kernel down in the output, where they add up.
 *
 * @param x - `[batch, in, H, W]` or `[in, H, W]`.  @param weight - `[in, out / groups, kH, kW]`.  @param bias - `[out]`.
 * @returns `[batch, out, H', W']` with `H' = (H − 1)·stride − 2·padding + dilation·(kH − 1) + outputPadding + 1`.
 * @throws {ShapeError} if channels, groups or sizes do not fit.
 * @throws {ArgumentError} if outputPadding is not smaller than the stride or the dilation.
 * @see torch.nn.functional.conv_transpose2d; Dumoulin and Visin, A guide to convolution arithmetic for deep learning (2016)
 * @example
 * convTranspose2d(tensor([[[1, 2]]]), tensor([[[[1, 1]]]])).toArraySync(); // [[[1, 3, 2]]]
 */
export const convTranspose2d = (x: Tensor, weight: Tensor, bias?: Tensor | null, options?: ConvTransposeOptions): Tensor => transposedConvolution("convTranspose2d", 2, x, weight, bias, optionsOf("convTranspose2d", ConvTransposeOptions, options));

/** Three-dimensional transposed convolution; see `convTranspose2d`. @see torch.nn.functional.conv_transpose3d */
export const convTranspose3d = (x: Tensor, weight: Tensor, bias?: Tensor | null, options?: ConvTransposeOptions): Tensor => transposedConvolution("convTranspose3d", 3, x, weight, bias, optionsOf("convTranspose3d", ConvTransposeOptions, options));
