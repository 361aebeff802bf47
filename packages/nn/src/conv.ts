import type { PerDimension, Tensor } from "@gradus/tensor-core";
import { ArgumentError, conv1d, conv2d, empty, pad } from "@gradus/tensor-core";
import { factory } from "./factory.js";
import type { FactoryOptions } from "./factory.js";
import { resetAffine } from "./linear.js";
import { pythonValue } from "./python-text.js";
import { Module, Parameter } from "./tensor-module.js";

export interface ConvLayerOptions extends FactoryOptions {
  /** Steps of the kernel over the input. */
  readonly stride?: PerDimension;
  /** Zeros on both sides; `"same"` keeps the size (stride 1 only), `"valid"` is 0. */
  readonly padding?: PerDimension | "same" | "valid";
  /** Steps between the kernel's own elements. */
  readonly dilation?: PerDimension;
  /** Blocks that channels are divided into; each sees only its own. */
  readonly groups?: number;
  readonly bias?: boolean;
  /** What stands in the padding: zeros, or the input's own elements mirrored, its outermost ones, or those of the other end. */
  readonly paddingMode?: "zeros" | "reflect" | "replicate" | "circular";
}

/** What convolution layers of any number of dimensions have in common. */
abstract class Conv extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | null;
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[] | "same" | "valid";
  readonly dilation: readonly number[];
  readonly groups: number;
  readonly paddingMode: "zeros" | "reflect" | "replicate" | "circular";

  protected constructor(
    dimensions: number,
    readonly inChannels: number,
    readonly outChannels: number,
    kernelSize: PerDimension,
    { stride = 1, padding = 0, dilation = 1, groups = 1, bias = true, paddingMode = "zeros", ...options }: ConvLayerOptions,
  ) {
    super();
    const each = (value: PerDimension): readonly number[] => (typeof value === "number" ? new Array<number>(dimensions).fill(value) : [...value]);
    if (inChannels % groups !== 0 || outChannels % groups !== 0) {
      throw new ArgumentError(`${this.constructor.name}: expected channels that groups divide, got ${inChannels} in, ${outChannels} out and ${groups} groups`);
    }
    if (padding === "same" && each(stride).some((s) => s !== 1)) {
      throw new ArgumentError(`${this.constructor.name}: expected stride 1 with padding "same", got ${pythonValue(each(stride))}`);
    }
    this.kernelSize = each(kernelSize);
    this.stride = each(stride);
    this.padding = typeof padding === "string" ? padding : each(padding);
    this.dilation = each(dilation);
    this.groups = groups;
    this.paddingMode = paddingMode;
    this.weight = new Parameter(empty([outChannels, inChannels / groups, ...this.kernelSize], factory(options)));
    this.bias = bias ? new Parameter(empty([outChannels], factory(options))) : null;
    this.resetParameters();
  }

  resetParameters(): void {
    resetAffine(this.weight, this.bias);
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
    const { kernelSize, stride, padding, dilation, groups, paddingMode } = this;
    const parts = [`${this.inChannels}, ${this.outChannels}, kernel_size=${pythonValue(kernelSize)}, stride=${pythonValue(stride)}`];
    if (typeof padding === "string" || padding.some((p) => p !== 0)) parts.push(`padding=${pythonValue(padding)}`);
    if (dilation.some((d) => d !== 1)) parts.push(`dilation=${pythonValue(dilation)}`);
    if (groups !== 1) parts.push(`groups=${groups}`);
    if (this.bias === null) parts.push("bias=False");
    if (paddingMode !== "zeros") parts.push(`padding_mode=${paddingMode}`);
    return parts.join(", ");
  }
}

/**
 * Convolution over one dimension.
 *
 * @see Conv2d, torch.nn.Conv1d
 */
export class Conv1d extends Conv {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options: ConvLayerOptions = {}) {
    super(1, inChannels, outChannels, kernelSize, options);
  }

  /** @param x - `[N, in, L]` or `[in, L]`. */
  forward(x: Tensor): Tensor {
    const { input, padding } = this.padded(x);
    const { weight, bias, stride, dilation, groups } = this;
    return conv1d(input, weight, bias, { stride, padding, dilation, groups });
  }
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
  constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options: ConvLayerOptions = {}) {
    super(2, inChannels, outChannels, kernelSize, options);
  }

  /** @param x - `[N, in, H, W]` or `[in, H, W]`. */
  forward(x: Tensor): Tensor {
    const { input, padding } = this.padded(x);
    const { weight, bias, stride, dilation, groups } = this;
    return conv2d(input, weight, bias, { stride, padding, dilation, groups });
  }
}
