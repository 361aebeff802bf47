import type { Options, PerDimension, Tensor } from "@gradus/tensor-core";
import { ArgumentError, conv1d, conv2d, conv3d, convTranspose1d, convTranspose2d, convTranspose3d, empty, joinOptions, optionsOf, pad, ShapeError } from "@gradus/tensor-core";
import { factory, FactoryOptions } from "./factory.js";
import { resetAffine } from "./linear.js";
import { pythonValue } from "./python-text.js";
import { Module, Parameter } from "./tensor-module.js";

const AnyConvOptions = class {
  /** Steps of the kernel over the input; of a transposed convolution, over the output. */
  readonly stride?: PerDimension;
  /** Steps between the kernel's own elements. */
  readonly dilation?: PerDimension;
  /** Blocks that channels are divided into; each sees only its own. */
  readonly groups?: number;
  readonly bias?: boolean;
};

/** What stands in the padding: zeros, or the input's own elements mirrored, its outermost ones, or those of the other end. */
export type PaddingMode = "zeros" | "reflect" | "replicate" | "circular";

export const ConvLayerOptions = /* @__PURE__ */ joinOptions(class extends AnyConvOptions {
  /** Zeros on both sides; `"same"` keeps the size (stride 1 only), `"valid"` is 0. */
  readonly padding?: PerDimension | "same" | "valid";
  readonly paddingMode?: PaddingMode;
}, FactoryOptions);
export type ConvLayerOptions = Options<typeof ConvLayerOptions>;

export const ConvTransposeLayerOptions = /* @__PURE__ */ joinOptions(class extends AnyConvOptions {
  /** Elements cut off on both sides of the result. */
  readonly padding?: PerDimension;
  /** Elements more at the end of the result, of which a stride leaves the number open. */
  readonly outputPadding?: PerDimension;
  readonly paddingMode?: "zeros";
}, FactoryOptions);
export type ConvTransposeLayerOptions = Options<typeof ConvTransposeLayerOptions>;

/** What convolutions of any number of dimensions have in common, transposed ones too. */
abstract class AnyConv extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | null;
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;

  protected constructor(
    dimensions: number,
    readonly inChannels: number,
    readonly outChannels: number,
    kernelSize: PerDimension,
    /** The weight's first two sizes. */
    channels: readonly [number, number],
    { stride = 1, dilation = 1, groups = 1, bias = true, ...rest }: Options<typeof AnyConvOptions> & FactoryOptions,
  ) {
    super();
    if (inChannels % groups !== 0 || outChannels % groups !== 0) {
      throw new ArgumentError(`${this.constructor.name}: expected channels that groups divide, got ${inChannels} in, ${outChannels} out and ${groups} groups`);
    }
    this.kernelSize = forEach(dimensions, kernelSize);
    this.stride = forEach(dimensions, stride);
    this.dilation = forEach(dimensions, dilation);
    this.groups = groups;
    this.weight = new Parameter(empty([...channels, ...this.kernelSize], factory(rest)));
    this.bias = bias ? new Parameter(empty([outChannels], factory(rest))) : null;
    this.resetParameters();
  }

  resetParameters(): void {
    resetAffine(this.weight, this.bias);
  }

  protected printed(padding: readonly number[] | "same" | "valid", outputPadding: readonly number[], paddingMode: PaddingMode): string {
    const { kernelSize, stride, dilation, groups } = this;
    const parts = [`${this.inChannels}, ${this.outChannels}, kernel_size=${pythonValue(kernelSize)}, stride=${pythonValue(stride)}`];
    if (typeof padding === "string" || padding.some((p) => p !== 0)) parts.push(`padding=${pythonValue(padding)}`);
    if (dilation.some((d) => d !== 1)) parts.push(`dilation=${pythonValue(dilation)}`);
    if (outputPadding.some((p) => p !== 0)) parts.push(`output_padding=${pythonValue(outputPadding)}`);
    if (groups !== 1) parts.push(`groups=${groups}`);
    if (this.bias === null) parts.push("bias=False");
    if (paddingMode !== "zeros") parts.push(`padding_mode=${paddingMode}`);
    return parts.join(", ");
  }
}

const forEach = (dimensions: number, value: PerDimension): readonly number[] =>
  typeof value === "number" ? new Array<number>(dimensions).fill(value) : value.length === 1 ? new Array<number>(dimensions).fill(value[0]!) : [...value];

abstract class Conv extends AnyConv {
  readonly padding: readonly number[] | "same" | "valid";
  readonly paddingMode: PaddingMode;

  protected constructor(
    dimensions: number,
    inChannels: number,
    outChannels: number,
    kernelSize: PerDimension,
    options?: ConvLayerOptions,
  ) {
    const { padding = 0, paddingMode = "zeros", ...rest } = optionsOf(new.target.name, ConvLayerOptions, options);
    super(dimensions, inChannels, outChannels, kernelSize, [outChannels, inChannels / (rest.groups ?? 1)], rest);
    if (padding === "same" && this.stride.some((s) => s !== 1)) {
      throw new ArgumentError(`${this.constructor.name}: expected stride 1 with padding "same", got ${pythonValue(this.stride)}`);
    }
    this.padding = typeof padding === "string" ? padding : forEach(dimensions, padding);
    this.paddingMode = paddingMode;
  }

  protected abstract readonly convolve: typeof conv2d;

  forward(x: Tensor): Tensor {
    const { input, padding } = this.padded(x);
    const { weight, bias, stride, dilation, groups } = this;
    return this.convolve(input, weight, bias, { stride, padding, dilation, groups });
  }

  /** The input and the padding that is left for the convolution, which pads with zeros only. */
  protected padded(x: Tensor): { readonly input: Tensor; readonly padding: readonly number[] | "same" | "valid" } {
    const { paddingMode, padding } = this;
    if (paddingMode === "zeros" || padding === "valid") return { input: x, padding };
    const before = this.kernelSize.map((size, d) => (padding === "same" ? Math.floor((this.dilation[d]! * (size - 1)) / 2) : padding[d]!));
    const after = this.kernelSize.map((size, d) => (padding === "same" ? this.dilation[d]! * (size - 1) - before[d]! : before[d]!));
    // pad() counts from the last dimension.
    return { input: pad(x, before.flatMap((size, d) => [after[d]!, size]).reverse(), { mode: paddingMode }), padding: "valid" };
  }

  override extraRepr(): string {
    return this.printed(this.padding, [], this.paddingMode);
  }
}

/**
 * Convolution over one dimension, `[N, in, L]` or `[in, L]`.
 *
 * @see Conv2d, torch.nn.Conv1d
 */
export class Conv1d extends Conv {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options?: ConvLayerOptions) {
    super(1, inChannels, outChannels, kernelSize, options);
  }

  protected get convolve(): typeof conv1d { return conv1d; }
}

/**
 * Convolution over two dimensions (a cross-correlation, as in every deep-learning library).
 *
 *   y[n, o, i, j] = b[o] + Σ_c Σ_p Σ_q x[n, c, i·stride + p·dilation − padding, j·stride + q·dilation − padding] · W[o, c, p, q]
 *
 * Input `[N, in, H, W]` or `[in, H, W]`; output sizes ⌊(H + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1. Weight
 * `[out, in / groups, kH, kW]` and bias `[out]` start from U(−√k, √k) with k = groups / (in · kH · kW).
 *
 * @throws {ShapeError} where channels or sizes do not fit.
 * @see torch.nn.Conv2d
 * @example
 * const layer = new Conv2d(1, 6, 5, { padding: 2 });
 * layer.call(ones([2, 1, 28, 28])).shape; // [2, 6, 28, 28]
 * console.log(layer); // Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1), padding=(2, 2))
 */
export class Conv2d extends Conv {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options?: ConvLayerOptions) {
    super(2, inChannels, outChannels, kernelSize, options);
  }

  protected get convolve(): typeof conv2d { return conv2d; }
}

/**
 * Convolution over three dimensions, `[N, in, D, H, W]` or `[in, D, H, W]`.
 *
 * @see Conv2d, torch.nn.Conv3d
 */
export class Conv3d extends Conv {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options?: ConvLayerOptions) {
    super(3, inChannels, outChannels, kernelSize, options);
  }

  protected get convolve(): typeof conv3d { return conv3d; }
}

export const OutputSizeOptions = class {
  /** The size of the result, of its spatial dimensions or of all, where several are possible; in place of `outputPadding`. */
  readonly outputSize?: readonly number[] | null;
};
export type OutputSizeOptions = Options<typeof OutputSizeOptions>;

abstract class ConvTranspose extends AnyConv {
  readonly padding: readonly number[];
  readonly outputPadding: readonly number[];
  readonly paddingMode: "zeros";

  protected constructor(
    dimensions: number,
    inChannels: number,
    outChannels: number,
    kernelSize: PerDimension,
    options?: ConvTransposeLayerOptions,
  ) {
    const { padding = 0, outputPadding = 0, paddingMode = "zeros", ...rest } = optionsOf(new.target.name, ConvTransposeLayerOptions, options);
    super(dimensions, inChannels, outChannels, kernelSize, [inChannels, outChannels / (rest.groups ?? 1)], rest);
    if ((paddingMode as string) !== "zeros") throw new ArgumentError(`${this.constructor.name}: expected paddingMode "zeros", got "${paddingMode as string}"`);
    this.padding = forEach(dimensions, padding);
    this.outputPadding = forEach(dimensions, outputPadding);
    this.paddingMode = paddingMode;
  }

  protected abstract readonly convolve: typeof convTranspose2d;

  forward(x: Tensor, options?: OutputSizeOptions): Tensor {
    const { outputSize = null } = optionsOf(this.constructor.name, OutputSizeOptions, options);
    const { weight, bias, stride, padding, dilation, groups } = this;
    const outputPadding = outputSize === null ? this.outputPadding : this.paddingFor(x, outputSize);
    return this.convolve(x, weight, bias, { stride, padding, outputPadding, dilation, groups });
  }

  /** What is to be added to the smallest possible result. */
  protected paddingFor(x: Tensor, outputSize: readonly number[]): number[] {
    const { kernelSize, stride, padding, dilation } = this;
    const count = kernelSize.length;
    const wanted = outputSize.slice(-count);
    const least = kernelSize.map((size, d) => (x.shape.at(d - count)! - 1) * stride[d]! - 2 * padding[d]! + dilation[d]! * (size - 1) + 1);
    const most = least.map((size, d) => size + stride[d]! - 1);
    if (![count, x.ndim].includes(outputSize.length) || wanted.some((size, d) => size < least[d]! || size > most[d]!)) {
      throw new ShapeError(`${this.constructor.name}: expected an outputSize from [${least.join(", ")}] to [${most.join(", ")}], got [${outputSize.join(", ")}]`);
    }
    return wanted.map((size, d) => size - least[d]!);
  }

  override extraRepr(): string {
    return this.printed(this.padding, this.outputPadding, this.paddingMode);
  }
}

/**
 * Transposed convolution over one dimension.
 *
 * @see ConvTranspose2d, torch.nn.ConvTranspose1d
 */
export class ConvTranspose1d extends ConvTranspose {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options?: ConvTransposeLayerOptions) {
    super(1, inChannels, outChannels, kernelSize, options);
  }

  protected get convolve(): typeof convTranspose1d { return convTranspose1d; }
}

/**
 * Transposed convolution over two dimensions: what a convolution does to gradients. Every input element puts down the kernel, scaled.
 *
 * Input `[N, in, H, W]` or `[in, H, W]`; output sizes (H − 1)·stride − 2·padding + dilation·(kernel − 1) + outputPadding + 1. Weight
 * `[in, out / groups, kH, kW]`.
 *
 * @see torch.nn.ConvTranspose2d
 * @example
 * new ConvTranspose2d(3, 2, 2, { stride: 2 }).call(ones([1, 3, 4, 4])).shape; // [1, 2, 8, 8]
 */
export class ConvTranspose2d extends ConvTranspose {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options?: ConvTransposeLayerOptions) {
    super(2, inChannels, outChannels, kernelSize, options);
  }

  protected get convolve(): typeof convTranspose2d { return convTranspose2d; }
}

/**
 * Transposed convolution over three dimensions.
 *
 * @see ConvTranspose2d, torch.nn.ConvTranspose3d
 */
export class ConvTranspose3d extends ConvTranspose {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options?: ConvTransposeLayerOptions) {
    super(3, inChannels, outChannels, kernelSize, options);
  }

  protected get convolve(): typeof convTranspose3d { return convTranspose3d; }
}
