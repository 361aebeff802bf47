import type { AvgPoolOptions, MaxPoolOptions, PerDimension, Tensor, ValuesAndIndices } from "@gradus/tensor-core";
import { avgPool2d, maxPool2d, maxPool2dWithIndices } from "@gradus/tensor-core";
import { pythonArguments } from "./python-text.js";
import { Module } from "./tensor-module.js";

export interface MaxPoolLayerOptions<Indices extends boolean = boolean> extends MaxPoolOptions {
  /** Give the positions of the maxima as well. */
  readonly returnIndices?: Indices;
}

type Pooled<Indices extends boolean> = Indices extends true ? ValuesAndIndices : Tensor;

/**
 * The maximum of each window: `[N, C, H, W]` to `[N, C, H', W']`, with H' = ⌊(H + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1.
 *
 * @see torch.nn.MaxPool2d
 * @example
 * new MaxPool2d(2).call(tensor([[[1, 2], [3, 4]]])).toArraySync(); // [[[4]]]
 */
export class MaxPool2d<Indices extends boolean = false> extends Module {
  readonly stride: PerDimension;
  readonly padding: PerDimension;
  readonly dilation: PerDimension;
  readonly ceilMode: boolean;
  readonly returnIndices: boolean;

  constructor(
    readonly kernelSize: PerDimension,
    { stride, padding = 0, dilation = 1, ceilMode = false, returnIndices }: MaxPoolLayerOptions<Indices> = {},
  ) {
    super();
    this.stride = stride ?? kernelSize;
    this.padding = padding;
    this.dilation = dilation;
    this.ceilMode = ceilMode;
    this.returnIndices = returnIndices ?? false;
  }

  /** @param x - `[N, C, H, W]` or `[C, H, W]`. */
  forward(x: Tensor): Pooled<Indices> {
    const result = this.returnIndices ? maxPool2dWithIndices(x, this.kernelSize, this) : maxPool2d(x, this.kernelSize, this);
    return result as Pooled<Indices>;
  }

  override extraRepr(): string {
    const { kernelSize, stride, padding, dilation, ceilMode } = this;
    return pythonArguments({ kernel_size: kernelSize, stride, padding, dilation, ceil_mode: ceilMode });
  }
}

/**
 * The mean of each window: `[N, C, H, W]` to `[N, C, H', W']`, with H' = ⌊(H + 2·padding − kernel) / stride⌋ + 1.
 *
 * @see torch.nn.AvgPool2d
 * @example
 * new AvgPool2d(2).call(tensor([[[1, 2], [3, 4]]])).toArraySync(); // [[[2.5]]]
 */
export class AvgPool2d extends Module {
  readonly stride: PerDimension;
  readonly padding: PerDimension;
  readonly ceilMode: boolean;
  readonly countIncludePad: boolean;
  readonly divisorOverride: number | null;

  constructor(
    readonly kernelSize: PerDimension,
    { stride, padding = 0, ceilMode = false, countIncludePad = true, divisorOverride = null }: AvgPoolOptions = {},
  ) {
    super();
    this.stride = stride ?? kernelSize;
    this.padding = padding;
    this.ceilMode = ceilMode;
    this.countIncludePad = countIncludePad;
    this.divisorOverride = divisorOverride;
  }

  /** @param x - `[N, C, H, W]` or `[C, H, W]`. */
  forward(x: Tensor): Tensor {
    return avgPool2d(x, this.kernelSize, this);
  }

  override extraRepr(): string {
    const { kernelSize, stride, padding } = this;
    return pythonArguments({ kernel_size: kernelSize, stride, padding });
  }
}
