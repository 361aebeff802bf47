import type { Options, OutputSize, PerDimension, Pooled, Shape, Tensor } from "@gradus/tensor-core";
import {
  adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveAvgPool3d, adaptiveMaxPool1d, adaptiveMaxPool1dWithIndices, adaptiveMaxPool2d, adaptiveMaxPool2dWithIndices,
  adaptiveMaxPool3d, adaptiveMaxPool3dWithIndices, ArgumentError, avgPool1d, AvgPool1dOptions, avgPool2d, avgPool3d, AvgPoolOptions, fractionalMaxPool2d,
  fractionalMaxPool2dWithIndices, fractionalMaxPool3d, fractionalMaxPool3dWithIndices, FractionalMaxPoolOptions, joinOptions, lpPool1d, lpPool2d, LpPoolOptions,
  maxPool1d, maxPool1dWithIndices, maxPool2d, maxPool2dWithIndices, maxPool3d, maxPool3dWithIndices, MaxPoolOptions, maxUnpool1d, maxUnpool2d, maxUnpool3d, optionsOf,
} from "@gradus/tensor-core";
import { pythonArguments, pythonValue } from "./python-text.js";
import { Module } from "./tensor-module.js";

/*
 * Each kind of pool is a base class with the options, and a class for each number of dimensions with the function. Inputs are
 * `[N, C, …]` or `[C, …]`.
 */

const AnyIndicesOptions = class {
  /** Give the positions of the maxima as well. */
  readonly returnIndices?: boolean;
};
export type IndicesOptions<Indices extends boolean = boolean> = Options<typeof AnyIndicesOptions> & { readonly returnIndices?: Indices };

/** With indices or without, as the options say. */
type Result<Indices extends boolean> = Indices extends true ? Pooled : Tensor;

const AnyMaxPoolOptions = /* @__PURE__ */ joinOptions(MaxPoolOptions, AnyIndicesOptions);
export type MaxPoolLayerOptions<Indices extends boolean = boolean> = Options<typeof AnyMaxPoolOptions> & IndicesOptions<Indices>;

abstract class MaxPool<Indices extends boolean> extends Module {
  readonly stride: PerDimension;
  readonly padding: PerDimension;
  readonly dilation: PerDimension;
  readonly ceilMode: boolean;
  readonly returnIndices: boolean;

  constructor(
    readonly kernelSize: PerDimension,
    options?: MaxPoolLayerOptions<Indices>,
  ) {
    const { stride, padding = 0, dilation = 1, ceilMode = false, returnIndices = false } = optionsOf(new.target.name, AnyMaxPoolOptions, options);
    super();
    this.stride = stride ?? kernelSize;
    this.padding = padding;
    this.dilation = dilation;
    this.ceilMode = ceilMode;
    this.returnIndices = returnIndices;
  }

  protected abstract readonly pool: typeof maxPool2d;
  protected abstract readonly poolWithIndices: typeof maxPool2dWithIndices;

  forward(x: Tensor): Result<Indices> {
    return (this.returnIndices ? this.poolWithIndices : this.pool)(x, this.kernelSize, this) as Result<Indices>;
  }

  override extraRepr(): string {
    const { kernelSize, stride, padding, dilation, ceilMode } = this;
    return pythonArguments({ kernel_size: kernelSize, stride, padding, dilation, ceil_mode: ceilMode });
  }
}

/** The maximum of each window of a sequence. @see MaxPool2d, torch.nn.MaxPool1d */
export class MaxPool1d<Indices extends boolean = false> extends MaxPool<Indices> {
  protected get pool(): typeof maxPool1d { return maxPool1d; }
  protected get poolWithIndices(): typeof maxPool1dWithIndices { return maxPool1dWithIndices; }
}

/**
 * The maximum of each window: `[N, C, H, W]` to `[N, C, H', W']`, with H' = ⌊(H + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1.
 *
 * @see torch.nn.MaxPool2d
 * @example
 * new MaxPool2d(2).call(tensor([[[1, 2], [3, 4]]])).toArraySync(); // [[[4]]]
 */
export class MaxPool2d<Indices extends boolean = false> extends MaxPool<Indices> {
  protected get pool(): typeof maxPool2d { return maxPool2d; }
  protected get poolWithIndices(): typeof maxPool2dWithIndices { return maxPool2dWithIndices; }
}

/** The maximum of each window of a volume. @see MaxPool2d, torch.nn.MaxPool3d */
export class MaxPool3d<Indices extends boolean = false> extends MaxPool<Indices> {
  protected get pool(): typeof maxPool3d { return maxPool3d; }
  protected get poolWithIndices(): typeof maxPool3dWithIndices { return maxPool3dWithIndices; }
}

export const MaxUnpoolLayerOptions = class {
  /** Steps between the windows of the pool; the window's size by default. */
  readonly stride?: PerDimension | null;
  readonly padding?: PerDimension;
};
export type MaxUnpoolLayerOptions = Options<typeof MaxUnpoolLayerOptions>;

const MaxUnpoolCallOptions = class {
  /** The size before the pool, where several are possible: of the spatial dimensions, or of all. */
  readonly outputSize?: Shape | null;
};
type MaxUnpoolCallOptions = Options<typeof MaxUnpoolCallOptions>;

abstract class MaxUnpool extends Module {
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];

  constructor(kernelSize: PerDimension, options?: MaxUnpoolLayerOptions) {
    const { stride, padding = 0 } = optionsOf(new.target.name, MaxUnpoolLayerOptions, options);
    super();
    const each = (value: PerDimension): readonly number[] => (typeof value === "number" ? new Array<number>(this.dimensions).fill(value) : value);
    this.kernelSize = each(kernelSize);
    this.stride = each(stride ?? kernelSize);
    this.padding = each(padding);
  }

  protected abstract readonly dimensions: number;

  protected abstract readonly unpool: typeof maxUnpool2d;

  forward(x: Tensor, indices: Tensor, options?: MaxUnpoolCallOptions): Tensor {
    const { outputSize = null } = optionsOf(this.constructor.name, MaxUnpoolCallOptions, options);
    const { stride, padding } = this;
    return this.unpool(x, indices, this.kernelSize, { stride, padding, outputSize });
  }

  override extraRepr(): string {
    return pythonArguments({ kernel_size: this.kernelSize, stride: this.stride, padding: this.padding });
  }
}

/** Puts maxima back to where they came from. @see MaxUnpool2d, torch.nn.MaxUnpool1d */
export class MaxUnpool1d extends MaxUnpool {
  protected get dimensions(): number { return 1; }
  protected get unpool(): typeof maxUnpool1d { return maxUnpool1d; }
}

/** Puts maxima back to where they came from, with zeros between them. @see torch.nn.MaxUnpool2d */
export class MaxUnpool2d extends MaxUnpool {
  protected get dimensions(): number { return 2; }
  protected get unpool(): typeof maxUnpool2d { return maxUnpool2d; }
}

/** Puts maxima back to where they came from. @see MaxUnpool2d, torch.nn.MaxUnpool3d */
export class MaxUnpool3d extends MaxUnpool {
  protected get dimensions(): number { return 3; }
  protected get unpool(): typeof maxUnpool3d { return maxUnpool3d; }
}

abstract class AvgPool extends Module {
  readonly stride: PerDimension;
  readonly padding: PerDimension;
  readonly ceilMode: boolean;
  readonly countIncludePad: boolean;
  readonly divisorOverride: number | null;

  constructor(
    readonly kernelSize: PerDimension,
    options?: AvgPoolOptions,
  ) {
    const { stride, padding = 0, ceilMode = false, countIncludePad = true, divisorOverride = null } = optionsOf(new.target.name, AvgPoolOptions, options);
    super();
    this.stride = stride ?? kernelSize;
    this.padding = padding;
    this.ceilMode = ceilMode;
    this.countIncludePad = countIncludePad;
    this.divisorOverride = divisorOverride;
  }

  protected abstract readonly pool: typeof avgPool2d;

  forward(x: Tensor): Tensor {
    return this.pool(x, this.kernelSize, this);
  }

  override extraRepr(): string {
    const { kernelSize, stride, padding } = this;
    return pythonArguments({ kernel_size: kernelSize, stride, padding });
  }
}

/** The mean of each window of a sequence. @see AvgPool2d, torch.nn.AvgPool1d */
export class AvgPool1d extends AvgPool {
  constructor(kernelSize: PerDimension, options?: AvgPool1dOptions) {
    super(kernelSize, optionsOf(new.target.name, AvgPool1dOptions, options));
  }

  protected get pool(): typeof avgPool1d { return avgPool1d; }

  override extraRepr(): string {
    const list = (value: PerDimension): readonly number[] => (typeof value === "number" ? [value] : value);
    return pythonArguments({ kernel_size: list(this.kernelSize), stride: list(this.stride), padding: list(this.padding) });
  }
}

/**
 * The mean of each window: `[N, C, H, W]` to `[N, C, H', W']`, with H' = ⌊(H + 2·padding − kernel) / stride⌋ + 1.
 *
 * @see torch.nn.AvgPool2d
 * @example
 * new AvgPool2d(2).call(tensor([[[1, 2], [3, 4]]])).toArraySync(); // [[[2.5]]]
 */
export class AvgPool2d extends AvgPool {
  protected get pool(): typeof avgPool2d { return avgPool2d; }
}

/** The mean of each window of a volume. @see AvgPool2d, torch.nn.AvgPool3d */
export class AvgPool3d extends AvgPool {
  protected get pool(): typeof avgPool3d { return avgPool3d; }
}

abstract class LPPool extends Module {
  readonly stride: PerDimension | null;
  readonly ceilMode: boolean;

  constructor(
    readonly normType: number,
    readonly kernelSize: PerDimension,
    options?: LpPoolOptions,
  ) {
    const { stride = null, ceilMode = false } = optionsOf(new.target.name, LpPoolOptions, options);
    super();
    this.stride = stride;
    this.ceilMode = ceilMode;
  }

  protected abstract readonly pool: typeof lpPool2d;

  forward(x: Tensor): Tensor {
    return this.pool(x, this.normType, this.kernelSize, this);
  }

  override extraRepr(): string {
    return pythonArguments({ norm_type: this.normType, kernel_size: this.kernelSize, stride: this.stride, ceil_mode: this.ceilMode });
  }
}

/** (Σ xᵖ)^(1/p) of each window of a sequence. @see torch.nn.LPPool1d */
export class LPPool1d extends LPPool {
  protected get pool(): typeof lpPool1d { return lpPool1d; }
}

/** (Σ xᵖ)^(1/p) of each window. @see torch.nn.LPPool2d */
export class LPPool2d extends LPPool {
  protected get pool(): typeof lpPool2d { return lpPool2d; }
}

const AnyFractionalMaxPoolOptions = /* @__PURE__ */ joinOptions(FractionalMaxPoolOptions, AnyIndicesOptions);
export type FractionalMaxPoolLayerOptions<Indices extends boolean = boolean> = Options<typeof AnyFractionalMaxPoolOptions> & IndicesOptions<Indices>;

abstract class FractionalMaxPool<Indices extends boolean> extends Module {
  readonly returnIndices: boolean;
  /** PyTorch's name for samples that were given. */
  readonly _random_samples: Tensor | null;
  protected readonly options: FractionalMaxPoolOptions;

  constructor(
    readonly kernelSize: PerDimension,
    options?: FractionalMaxPoolLayerOptions<Indices>,
  ) {
    const { returnIndices = false, randomSamples = null, ...rest } = optionsOf(new.target.name, AnyFractionalMaxPoolOptions, options);
    super();
    if ((rest.outputSize ?? null) === null && (rest.outputRatio ?? null) === null) {
      throw new ArgumentError(`${this.constructor.name}: expected outputSize or outputRatio, got neither`);
    }
    this.returnIndices = returnIndices;
    this._random_samples = this.registerBuffer("_random_samples", randomSamples);
    this.options = rest;
  }

  protected abstract readonly pool: typeof fractionalMaxPool2d;
  protected abstract readonly poolWithIndices: typeof fractionalMaxPool2dWithIndices;

  forward(x: Tensor): Result<Indices> {
    return (this.returnIndices ? this.poolWithIndices : this.pool)(x, this.kernelSize, { ...this.options, randomSamples: this._random_samples }) as Result<Indices>;
  }
}

/** The maximum of windows at random places, drawn for each sample and channel. @see torch.nn.FractionalMaxPool2d; Graham (2015) */
export class FractionalMaxPool2d<Indices extends boolean = false> extends FractionalMaxPool<Indices> {
  protected get pool(): typeof fractionalMaxPool2d { return fractionalMaxPool2d; }
  protected get poolWithIndices(): typeof fractionalMaxPool2dWithIndices { return fractionalMaxPool2dWithIndices; }
}

/** The maximum of windows at random places of a volume. @see torch.nn.FractionalMaxPool3d */
export class FractionalMaxPool3d<Indices extends boolean = false> extends FractionalMaxPool<Indices> {
  protected get pool(): typeof fractionalMaxPool3d { return fractionalMaxPool3d; }
  protected get poolWithIndices(): typeof fractionalMaxPool3dWithIndices { return fractionalMaxPool3dWithIndices; }
}

abstract class AdaptivePool extends Module {
  constructor(readonly outputSize: OutputSize) {
    super();
  }

  override extraRepr(): string {
    return `output_size=${pythonValue(this.outputSize)}`;
  }
}

abstract class AdaptiveAvgPool extends AdaptivePool {
  protected abstract readonly pool: typeof adaptiveAvgPool2d;

  forward(x: Tensor): Tensor {
    return this.pool(x, this.outputSize);
  }
}

/** Means of as many windows as are wanted. @see AdaptiveAvgPool2d, torch.nn.AdaptiveAvgPool1d */
export class AdaptiveAvgPool1d extends AdaptiveAvgPool {
  protected get pool(): typeof adaptiveAvgPool1d { return adaptiveAvgPool1d; }
}

/**
 * Means of as many windows as are wanted: `[N, C, H, W]` to `[N, C, …outputSize]`, whatever H and W are; null keeps a size.
 *
 * @see torch.nn.AdaptiveAvgPool2d
 * @example
 * new AdaptiveAvgPool2d(1).call(tensor([[[1, 2], [3, 4]]])).toArraySync(); // [[[2.5]]]
 */
export class AdaptiveAvgPool2d extends AdaptiveAvgPool {
  protected get pool(): typeof adaptiveAvgPool2d { return adaptiveAvgPool2d; }
}

/** Means of as many windows as are wanted. @see AdaptiveAvgPool2d, torch.nn.AdaptiveAvgPool3d */
export class AdaptiveAvgPool3d extends AdaptiveAvgPool {
  protected get pool(): typeof adaptiveAvgPool3d { return adaptiveAvgPool3d; }
}

abstract class AdaptiveMaxPool<Indices extends boolean> extends AdaptivePool {
  readonly returnIndices: boolean;

  constructor(outputSize: OutputSize, options?: IndicesOptions<Indices>) {
    const { returnIndices = false } = optionsOf(new.target.name, AnyIndicesOptions, options);
    super(outputSize);
    this.returnIndices = returnIndices;
  }

  protected abstract readonly pool: typeof adaptiveMaxPool2d;
  protected abstract readonly poolWithIndices: typeof adaptiveMaxPool2dWithIndices;

  forward(x: Tensor): Result<Indices> {
    return (this.returnIndices ? this.poolWithIndices : this.pool)(x, this.outputSize) as Result<Indices>;
  }
}

/** Maxima of as many windows as are wanted. @see torch.nn.AdaptiveMaxPool1d */
export class AdaptiveMaxPool1d<Indices extends boolean = false> extends AdaptiveMaxPool<Indices> {
  protected get pool(): typeof adaptiveMaxPool1d { return adaptiveMaxPool1d; }
  protected get poolWithIndices(): typeof adaptiveMaxPool1dWithIndices { return adaptiveMaxPool1dWithIndices; }
}

/** Maxima of as many windows as are wanted. @see torch.nn.AdaptiveMaxPool2d */
export class AdaptiveMaxPool2d<Indices extends boolean = false> extends AdaptiveMaxPool<Indices> {
  protected get pool(): typeof adaptiveMaxPool2d { return adaptiveMaxPool2d; }
  protected get poolWithIndices(): typeof adaptiveMaxPool2dWithIndices { return adaptiveMaxPool2dWithIndices; }
}

/** Maxima of as many windows as are wanted. @see torch.nn.AdaptiveMaxPool3d */
export class AdaptiveMaxPool3d<Indices extends boolean = false> extends AdaptiveMaxPool<Indices> {
  protected get pool(): typeof adaptiveMaxPool3d { return adaptiveMaxPool3d; }
  protected get poolWithIndices(): typeof adaptiveMaxPool3dWithIndices { return adaptiveMaxPool3dWithIndices; }
}
