import type { Options, Shape, Tensor } from "@gradus/tensor-core";
import {
  ArgumentError, batchNorm, groupNorm, instanceNorm, joinOptions, layerNorm, localResponseNorm, noGrad, ones, optionsOf, rmsNorm, ShapeError, varMean, zeros,
} from "@gradus/tensor-core";
import { factory, FactoryOptions } from "./factory.js";
import * as init from "./init.js";
import { float, pythonArguments, pythonValue } from "./python-text.js";
import { Module, Parameter } from "./tensor-module.js";

export const BatchNormLayerOptions = /* @__PURE__ */ joinOptions(class {
  /** Added to the variance, so that nothing is divided by zero. */
  readonly eps?: number;
  /** How far the running statistics move towards a batch's; null gives each batch so far the same share. */
  readonly momentum?: number | null;
  /** Learn a weight and a bias for each channel. */
  readonly affine?: boolean;
  /** Keep statistics for evaluation; without them a batch is always normalised by its own. */
  readonly trackRunningStats?: boolean;
}, FactoryOptions);
export type BatchNormLayerOptions = Options<typeof BatchNormLayerOptions>;

/** What batch and instance normalisation have in common: a weight and a bias for each channel, and running statistics. */
abstract class ChannelNorm extends Module {
  readonly eps: number;
  readonly momentum: number | null;
  readonly affine: boolean;
  readonly trackRunningStats: boolean;
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;
  readonly running_mean: Tensor | null;
  readonly running_var: Tensor | null;
  readonly num_batches_tracked: Tensor | null;

  constructor(
    readonly numFeatures: number,
    { eps = 1e-5, momentum = 0.1, affine = true, trackRunningStats = true, ...rest }: BatchNormLayerOptions,
  ) {
    super();
    this.eps = eps;
    this.momentum = momentum;
    this.affine = affine;
    this.trackRunningStats = trackRunningStats;
    const tracked = <T>(make: () => T): T | null => (trackRunningStats ? make() : null);
    this.weight = affine ? new Parameter(ones([numFeatures], factory(rest))) : null;
    this.bias = affine ? new Parameter(zeros([numFeatures], factory(rest))) : null;
    this.running_mean = this.registerBuffer("running_mean", tracked(() => zeros([numFeatures], factory(rest))));
    this.running_var = this.registerBuffer("running_var", tracked(() => ones([numFeatures], factory(rest))));
    this.num_batches_tracked = this.registerBuffer("num_batches_tracked", tracked(() => zeros([], { device: rest.device, dtype: "int64" })));
  }

  /** Forgets the statistics. */
  resetRunningStats(): void {
    const { running_mean, running_var, num_batches_tracked } = this;
    for (const buffer of [running_mean, num_batches_tracked]) if (buffer !== null) init.zeros_(buffer);
    if (running_var !== null) init.ones_(running_var);
  }

  resetParameters(): void {
    this.resetRunningStats();
    if (this.weight !== null) init.ones_(this.weight);
    if (this.bias !== null) init.zeros_(this.bias);
  }

  override extraRepr(): string {
    const { numFeatures, eps, momentum, affine, trackRunningStats } = this;
    return `${numFeatures}, ${pythonArguments({ eps, momentum, affine, track_running_stats: trackRunningStats })}`;
  }
}

/** What batch normalisation of inputs of any number of dimensions has in common. */
export abstract class BatchNorm extends ChannelNorm {
  constructor(numFeatures: number, options?: BatchNormLayerOptions) {
    super(numFeatures, optionsOf(new.target.name, BatchNormLayerOptions, options));
  }

  /** Numbers of dimensions that the input may have. */
  protected abstract readonly ranks: readonly number[];

  forward(x: Tensor): Tensor {
    const { ranks, numFeatures, eps, momentum, weight, bias, running_mean: runningMean, running_var: runningVar } = this;
    if (!ranks.includes(x.ndim) || x.shape[1] !== numFeatures) {
      throw new ShapeError(`${this.constructor.name}: expected ${ranks.join(" or ")} dimensions with ${numFeatures} channels in the second, got shape [${x.shape.join(", ")}]`);
    }
    const affine = { weight, bias, eps };
    if (!this.training && runningMean !== null) return batchNorm(x, { ...affine, runningMean, runningVar });
    if (!this.training || runningMean === null || runningVar === null) return batchNorm(x, { ...affine, training: true });
    this.num_batches_tracked?.add_(1);
    if (momentum !== null) return batchNorm(x, { ...affine, runningMean, runningVar, momentum, training: true });
    const result = batchNorm(x, { ...affine, training: true });
    this.average(x, runningMean, runningVar);
    return result;
  }

  /** Running statistics as the plain average over all batches. */
  protected average(x: Tensor, runningMean: Tensor, runningVar: Tensor): void {
    noGrad(() => {
      const [variance, mean] = varMean(x, { dim: x.shape.map((_, d) => d).filter((d) => d !== 1) });
      const share = this.num_batches_tracked!.to(x.dtype).reciprocal();
      runningMean.lerp_(mean, share);
      runningVar.lerp_(variance, share);
    });
  }
}

/**
 * Batch normalisation of `[N, C]` or `[N, C, L]`.
 *
 * @see BatchNorm2d, torch.nn.BatchNorm1d
 */
export class BatchNorm1d extends BatchNorm {
  protected get ranks(): readonly number[] { return [2, 3]; }
}

/**
 * Batch normalisation of `[N, C, H, W]`: in training each channel is normalised by its mean and variance over the batch, in
 * evaluation by the running averages of these; then weight and bias, one for each channel, are applied.
 *
 *   y = (x − E[x]) / √(Var[x] + ε) · w + b
 *
 * @throws {ShapeError} for inputs of other dimensions or channels, or if a channel has a single value in training.
 * @see torch.nn.BatchNorm2d; Ioffe and Szegedy, Batch normalization (2015)
 * @example
 * const norm = new BatchNorm2d(3);
 * norm.call(ones([2, 3, 4, 4])).shape; // [2, 3, 4, 4]
 * norm.num_batches_tracked?.itemSync(); // 1
 * console.log(norm); // BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
 */
export class BatchNorm2d extends BatchNorm {
  protected get ranks(): readonly number[] { return [4]; }
}

/** Batch normalisation of volumes, `[N, C, D, H, W]`. @see BatchNorm2d, torch.nn.BatchNorm3d */
export class BatchNorm3d extends BatchNorm {
  protected get ranks(): readonly number[] { return [5]; }
}

export const InstanceNormLayerOptions = /* @__PURE__ */ joinOptions(BatchNormLayerOptions, class {
  /** Unlike batch normalisation, there are neither weights nor running statistics unless asked for. */
  readonly affine?: boolean;
  readonly trackRunningStats?: boolean;
});
export type InstanceNormLayerOptions = Options<typeof InstanceNormLayerOptions>;

/** Instance normalisation: each channel of each sample by its own mean and variance. */
abstract class InstanceNorm extends ChannelNorm {
  constructor(numFeatures: number, options?: InstanceNormLayerOptions) {
    const { affine = false, trackRunningStats = false, ...rest } = optionsOf(new.target.name, InstanceNormLayerOptions, options);
    super(numFeatures, { affine, trackRunningStats, ...rest });
  }

  /** Dimensions of a batch. */
  protected abstract readonly rank: number;

  forward(x: Tensor): Tensor {
    const { rank, numFeatures, affine, momentum, eps, weight, bias, running_mean: runningMean, running_var: runningVar } = this;
    const isBatch = x.ndim === rank;
    const channels = x.shape[isBatch ? 1 : 0];
    // Without weights the number of channels does not matter.
    if (!(isBatch || x.ndim === rank - 1) || (affine && channels !== numFeatures)) {
      throw new ShapeError(`${this.constructor.name}: expected ${rank} dimensions, or ${rank - 1} without a batch, with ${numFeatures} channels, got shape [${x.shape.join(", ")}]`);
    }
    const useInputStats = this.training || !this.trackRunningStats;
    const result = instanceNorm(isBatch ? x : x.unsqueeze(0), { runningMean, runningVar, weight, bias, useInputStats, momentum: momentum ?? 0, eps });
    return isBatch ? result : result.squeeze(0);
  }
}

/** Instance normalisation of `[N, C, L]` or `[C, L]`. @see InstanceNorm2d, torch.nn.InstanceNorm1d */
export class InstanceNorm1d extends InstanceNorm {
  protected get rank(): number { return 3; }
}

/**
 * Instance normalisation of `[N, C, H, W]` or `[C, H, W]`: each channel of each sample by its own mean and variance.
 *
 * @see torch.nn.InstanceNorm2d; Ulyanov, Vedaldi and Lempitsky, Instance normalization (2016)
 */
export class InstanceNorm2d extends InstanceNorm {
  protected get rank(): number { return 4; }
}

/** Instance normalisation of `[N, C, D, H, W]` or `[C, D, H, W]`. @see InstanceNorm2d, torch.nn.InstanceNorm3d */
export class InstanceNorm3d extends InstanceNorm {
  protected get rank(): number { return 5; }
}

export const LayerNormLayerOptions = /* @__PURE__ */ joinOptions(class {
  /** Added to the variance, so that nothing is divided by zero. */
  readonly eps?: number;
  /** Learn a weight and a bias for each place. */
  readonly elementwiseAffine?: boolean;
  /** Learn a bias too. */
  readonly bias?: boolean;
}, FactoryOptions);
export type LayerNormLayerOptions = Options<typeof LayerNormLayerOptions>;

/**
 * Layer normalisation over the last dimensions: each sample is normalised by its own mean and variance.
 *
 *   y = (x − E[x]) / √(Var[x] + ε) · w + b
 *
 * @throws {ShapeError} if the last dimensions of the input are not `normalizedShape`.
 * @see torch.nn.LayerNorm; Ba, Kiros and Hinton, Layer normalization (2016)
 * @example
 * new LayerNorm(2, { eps: 0 }).call(tensor([[1, 3], [0, 20]])).toArraySync(); // [[-1, 1], [-1, 1]]
 */
export class LayerNorm extends Module {
  readonly normalizedShape: Shape;
  readonly eps: number;
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;

  constructor(normalizedShape: number | Shape, options?: LayerNormLayerOptions) {
    const { eps = 1e-5, elementwiseAffine = true, bias = true, ...rest } = optionsOf(new.target.name, LayerNormLayerOptions, options);
    super();
    this.normalizedShape = typeof normalizedShape === "number" ? [normalizedShape] : [...normalizedShape];
    this.eps = eps;
    this.weight = elementwiseAffine ? new Parameter(ones(this.normalizedShape, factory(rest))) : null;
    this.bias = elementwiseAffine && bias ? new Parameter(zeros(this.normalizedShape, factory(rest))) : null;
  }

  resetParameters(): void {
    if (this.weight !== null) init.ones_(this.weight);
    if (this.bias !== null) init.zeros_(this.bias);
  }

  forward(x: Tensor): Tensor {
    return layerNorm(x, this.normalizedShape, this);
  }

  override extraRepr(): string {
    return `${pythonValue(this.normalizedShape)}, ${pythonArguments({ eps: this.eps, elementwise_affine: this.weight !== null })}`;
  }
}

export const RmsNormLayerOptions = /* @__PURE__ */ joinOptions(class {
  /** Added to the mean square; the spacing of the element type at 1 unless given. */
  readonly eps?: number | null;
  /** Learn a weight for each place. */
  readonly elementwiseAffine?: boolean;
}, FactoryOptions);
export type RmsNormLayerOptions = Options<typeof RmsNormLayerOptions>;

/**
 * Divides each sample by the root of its mean square over the last dimensions.
 *
 *   y = x / √(E[x²] + ε) · w
 *
 * @see torch.nn.RMSNorm (PyTorch 2.4); Zhang and Sennrich, Root mean square layer normalization (2019)
 * @example
 * new RMSNorm(2, { eps: 0 }).call(tensor([[1, 7]])).toArraySync(); // [[0.2…, 1.39999…]]
 */
export class RMSNorm extends Module {
  readonly normalizedShape: Shape;
  readonly eps: number | null;
  readonly weight: Parameter | null;

  constructor(normalizedShape: number | Shape, options?: RmsNormLayerOptions) {
    const { eps = null, elementwiseAffine = true, ...rest } = optionsOf(new.target.name, RmsNormLayerOptions, options);
    super();
    this.normalizedShape = typeof normalizedShape === "number" ? [normalizedShape] : [...normalizedShape];
    this.eps = eps;
    this.weight = elementwiseAffine ? new Parameter(ones(this.normalizedShape, factory(rest))) : null;
  }

  resetParameters(): void {
    if (this.weight !== null) init.ones_(this.weight);
  }

  forward(x: Tensor): Tensor {
    return rmsNorm(x, this.normalizedShape, this);
  }

  override extraRepr(): string {
    return `${pythonValue(this.normalizedShape)}, ${pythonArguments({ eps: this.eps, elementwise_affine: this.weight !== null })}`;
  }
}

export const GroupNormLayerOptions = /* @__PURE__ */ joinOptions(class {
  /** Added to the variance, so that nothing is divided by zero. */
  readonly eps?: number;
  /** Learn a weight and a bias for each channel. */
  readonly affine?: boolean;
}, FactoryOptions);
export type GroupNormLayerOptions = Options<typeof GroupNormLayerOptions>;

/**
 * Normalises groups of channels, each sample by itself.
 *
 * @throws {ArgumentError} if the groups do not divide the channels.
 * @see torch.nn.GroupNorm; Wu and He, Group normalization (2018)
 * @example
 * console.log(new GroupNorm(2, 8)); // GroupNorm(2, 8, eps=1e-05, affine=True)
 */
export class GroupNorm extends Module {
  readonly eps: number;
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;

  constructor(
    readonly numGroups: number,
    readonly numChannels: number,
    options?: GroupNormLayerOptions,
  ) {
    const { eps = 1e-5, affine = true, ...rest } = optionsOf(new.target.name, GroupNormLayerOptions, options);
    super();
    if (numChannels % numGroups !== 0) throw new ArgumentError(`GroupNorm: expected channels that groups divide, got ${numChannels} channels and ${numGroups} groups`);
    this.eps = eps;
    this.weight = affine ? new Parameter(ones([numChannels], factory(rest))) : null;
    this.bias = affine ? new Parameter(zeros([numChannels], factory(rest))) : null;
  }

  resetParameters(): void {
    if (this.weight !== null) init.ones_(this.weight);
    if (this.bias !== null) init.zeros_(this.bias);
  }

  forward(x: Tensor): Tensor {
    return groupNorm(x, this.numGroups, this);
  }

  override extraRepr(): string {
    return `${this.numGroups}, ${this.numChannels}, ${pythonArguments({ eps: this.eps, affine: this.weight !== null })}`;
  }
}

export const LocalResponseNormLayerOptions = class {
  readonly alpha?: number;
  readonly beta?: number;
  readonly k?: number;
};
export type LocalResponseNormLayerOptions = Options<typeof LocalResponseNormLayerOptions>;

/**
 * Divides each element by what stands in neighbouring channels.
 *
 *   y = x / (k + α / n · Σ x²)^β, the sum over n channels around
 *
 * @see torch.nn.LocalResponseNorm; Krizhevsky, Sutskever and Hinton, ImageNet classification (2012), §3.3
 */
export class LocalResponseNorm extends Module {
  readonly alpha: number;
  readonly beta: number;
  readonly k: number;

  constructor(
    readonly size: number,
    options?: LocalResponseNormLayerOptions,
  ) {
    const { alpha = 1e-4, beta = 0.75, k = 1 } = optionsOf(new.target.name, LocalResponseNormLayerOptions, options);
    super();
    this.alpha = alpha;
    this.beta = beta;
    this.k = k;
  }

  forward(x: Tensor): Tensor {
    return localResponseNorm(x, this.size, this);
  }

  override extraRepr(): string {
    return `${this.size}, ${pythonArguments({ alpha: this.alpha, beta: this.beta, k: float(this.k) })}`;
  }
}

/** Local response normalisation of images, as Torch 7 had it. @see LocalResponseNorm, torch.nn.CrossMapLRN2d */
export class CrossMapLRN2d extends LocalResponseNorm {
  override forward(x: Tensor): Tensor {
    if (x.ndim !== 4) throw new ShapeError(`CrossMapLRN2d: expected [N, C, H, W], got shape [${x.shape.join(", ")}]`);
    return super.forward(x);
  }
}
