import type { Shape, Tensor } from "@gradus/tensor-core";
import { batchNorm, layerNorm, noGrad, ones, ShapeError, varMean, zeros } from "@gradus/tensor-core";
import { factory } from "./factory.js";
import type { FactoryOptions } from "./factory.js";
import * as init from "./init.js";
import { pythonArguments, pythonValue } from "./python-text.js";
import { Module, Parameter } from "./tensor-module.js";

export interface BatchNormLayerOptions extends FactoryOptions {
  /** Added to the variance, so that nothing is divided by zero. */
  readonly eps?: number;
  /** How far the running statistics move towards a batch's; null gives each batch so far the same share. */
  readonly momentum?: number | null;
  /** Learn a weight and a bias for each channel. */
  readonly affine?: boolean;
  /** Keep statistics for evaluation; without them a batch is always normalised by its own. */
  readonly trackRunningStats?: boolean;
}

/** What batch normalisation of inputs of any number of dimensions has in common. */
abstract class BatchNorm extends Module {
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
    { eps = 1e-5, momentum = 0.1, affine = true, trackRunningStats = true, ...options }: BatchNormLayerOptions = {},
  ) {
    super();
    this.eps = eps;
    this.momentum = momentum;
    this.affine = affine;
    this.trackRunningStats = trackRunningStats;
    const tracked = <T>(make: () => T): T | null => (trackRunningStats ? make() : null);
    this.weight = affine ? new Parameter(ones([numFeatures], factory(options))) : null;
    this.bias = affine ? new Parameter(zeros([numFeatures], factory(options))) : null;
    this.running_mean = this.registerBuffer("running_mean", tracked(() => zeros([numFeatures], factory(options))));
    this.running_var = this.registerBuffer("running_var", tracked(() => ones([numFeatures], factory(options))));
    this.num_batches_tracked = this.registerBuffer("num_batches_tracked", tracked(() => zeros([], { device: options.device, dtype: "int64" })));
  }

  /** Numbers of dimensions that the input may have. */
  protected abstract readonly ranks: readonly number[];

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
    this.#average(x, runningMean, runningVar);
    return result;
  }

  /** Running statistics as the plain average over all batches. */
  #average(x: Tensor, runningMean: Tensor, runningVar: Tensor): void {
    noGrad(() => {
      const [variance, mean] = varMean(x, { dim: x.shape.map((_, d) => d).filter((d) => d !== 1) });
      const share = this.num_batches_tracked!.to(x.dtype).reciprocal();
      runningMean.lerp_(mean, share);
      runningVar.lerp_(variance, share);
    });
  }

  override extraRepr(): string {
    const { numFeatures, eps, momentum, affine, trackRunningStats } = this;
    return `${numFeatures}, ${pythonArguments({ eps, momentum, affine, track_running_stats: trackRunningStats })}`;
  }
}

/**
 * Batch normalisation of `[N, C]` or `[N, C, L]`.
 *
 * @see BatchNorm2d, torch.nn.BatchNorm1d
 */
export class BatchNorm1d extends BatchNorm {
  protected override readonly ranks = [2, 3];
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
  protected override readonly ranks = [4];
}

export interface LayerNormLayerOptions extends FactoryOptions {
  /** Added to the variance, so that nothing is divided by zero. */
  readonly eps?: number;
  /** Learn a weight and a bias for each place. */
  readonly elementwiseAffine?: boolean;
  /** Learn a bias too. */
  readonly bias?: boolean;
}

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

  constructor(normalizedShape: number | Shape, { eps = 1e-5, elementwiseAffine = true, bias = true, ...options }: LayerNormLayerOptions = {}) {
    super();
    this.normalizedShape = typeof normalizedShape === "number" ? [normalizedShape] : [...normalizedShape];
    this.eps = eps;
    this.weight = elementwiseAffine ? new Parameter(ones(this.normalizedShape, factory(options))) : null;
    this.bias = elementwiseAffine && bias ? new Parameter(zeros(this.normalizedShape, factory(options))) : null;
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
