import type { Options, PerDimension, Shape, Tensor } from "@gradus/tensor-core";
import { channelShuffle, flatten, fold, optionsOf, pixelShuffle, pixelUnshuffle, unfold, unflatten } from "@gradus/tensor-core";
import { pythonArguments } from "./python-text.js";
import { Module } from "./tensor-module.js";

/**
 * Joins dimensions from `startDim` to `endDim` into one; by default all but the first.
 *
 * @see torch.nn.Flatten
 * @example
 * new Flatten().call(ones([2, 3, 4])).shape; // [2, 12]
 */
export class Flatten extends Module {
  constructor(
    readonly startDim = 1,
    readonly endDim = -1,
  ) {
    super();
  }

  forward(x: Tensor): Tensor {
    return flatten(x, this.startDim, this.endDim);
  }

  override extraRepr(): string {
    return pythonArguments({ start_dim: this.startDim, end_dim: this.endDim });
  }
}

/**
 * Divides a dimension into several; −1 stands for the size that is left.
 *
 * @see torch.nn.Unflatten
 * @example
 * new Unflatten(1, [3, -1]).call(ones([2, 12])).shape; // [2, 3, 4]
 */
export class Unflatten extends Module {
  constructor(
    readonly dim: number,
    readonly unflattenedSize: Shape,
  ) {
    super();
  }

  forward(x: Tensor): Tensor {
    return unflatten(x, this.dim, this.unflattenedSize);
  }

  override extraRepr(): string {
    return pythonArguments({ dim: this.dim, unflattened_size: this.unflattenedSize });
  }
}

/** Channels to pixels: `[…, C r², H, W]` to `[…, C, H r, W r]`. @see torch.nn.PixelShuffle; Shi et al. (2016) */
export class PixelShuffle extends Module {
  constructor(readonly upscaleFactor: number) {
    super();
  }

  forward(x: Tensor): Tensor {
    return pixelShuffle(x, this.upscaleFactor);
  }

  override extraRepr(): string {
    return pythonArguments({ upscale_factor: this.upscaleFactor });
  }
}

/** Pixels to channels: `[…, C, H r, W r]` to `[…, C r², H, W]`. @see torch.nn.PixelUnshuffle */
export class PixelUnshuffle extends Module {
  constructor(readonly downscaleFactor: number) {
    super();
  }

  forward(x: Tensor): Tensor {
    return pixelUnshuffle(x, this.downscaleFactor);
  }

  override extraRepr(): string {
    return pythonArguments({ downscale_factor: this.downscaleFactor });
  }
}

/** Takes the channels of all groups in turn. @see torch.nn.ChannelShuffle; Zhang et al., ShuffleNet (2018) */
export class ChannelShuffle extends Module {
  constructor(readonly groups: number) {
    super();
  }

  forward(x: Tensor): Tensor {
    return channelShuffle(x, this.groups);
  }

  override extraRepr(): string {
    return pythonArguments({ groups: this.groups });
  }
}

export const BlockOptions = class {
  readonly dilation?: PerDimension;
  readonly padding?: PerDimension;
  readonly stride?: PerDimension;
};
export type BlockOptions = Options<typeof BlockOptions>;

abstract class Blocks extends Module {
  readonly dilation: PerDimension;
  readonly padding: PerDimension;
  readonly stride: PerDimension;

  constructor(
    readonly kernelSize: PerDimension,
    options?: BlockOptions,
  ) {
    const { dilation = 1, padding = 0, stride = 1 } = optionsOf(new.target.name, BlockOptions, options);
    super();
    this.dilation = dilation;
    this.padding = padding;
    this.stride = stride;
  }

  override extraRepr(): string {
    const { kernelSize, dilation, padding, stride } = this;
    return pythonArguments({ kernel_size: kernelSize, dilation, padding, stride });
  }
}

/**
 * The blocks of an image as columns: `[N, C, H, W]` to `[N, C kH kW, blocks]`.
 *
 * @see torch.nn.Unfold
 * @example
 * new Unfold(2).call(ones([1, 3, 4, 4])).shape; // [1, 12, 9]
 */
export class Unfold extends Blocks {
  forward(x: Tensor): Tensor {
    return unfold(x, this.kernelSize, this);
  }
}

/** Adds blocks up to an image: what Unfold does to gradients. @see torch.nn.Fold */
export class Fold extends Blocks {
  constructor(
    readonly outputSize: PerDimension,
    kernelSize: PerDimension,
    options?: BlockOptions,
  ) {
    super(kernelSize, options);
  }

  forward(x: Tensor): Tensor {
    return fold(x, this.outputSize, this.kernelSize, this);
  }

  override extraRepr(): string {
    return `${pythonArguments({ output_size: this.outputSize })}, ${super.extraRepr()}`;
  }
}
