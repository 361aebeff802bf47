import type { Options, Tensor } from "@gradus/tensor-core";
import { noGrad, optionsOf, zeros } from "@gradus/tensor-core";
import type { Module as AnyModule } from "./module.js";
import { BatchNorm } from "./normalization.js";
import { Module } from "./tensor-module.js";

/** The next average, from the present one, a model's value and how many were averaged so far. */
export type AverageFunction = (averaged: Tensor, value: Tensor, numAveraged: number) => Tensor;

export const AveragedModelOptions = class {
  /** The plain mean unless given. */
  readonly avgFn?: AverageFunction;
  /** Average buffers as well. */
  readonly useBuffers?: boolean;
};
export type AveragedModelOptions = Options<typeof AveragedModelOptions>;

/** The mean of all values so far, as stochastic weight averaging takes it. */
export const swaAverage: AverageFunction = (averaged, value, numAveraged) => averaged.add(value.sub(averaged).div(numAveraged + 1));

/** A mean that forgets: decay · averaged + (1 − decay) · value. @see torch.optim.swa_utils.get_ema_avg_fn */
export const emaAverage = (decay = 0.999): AverageFunction => (averaged, value) => averaged.mul(decay).add(value.mul(1 - decay));

/**
 * A copy of a model whose parameters are averages of those that the model had.
 *
 * @see torch.optim.swa_utils.AveragedModel; Izmailov et al., Averaging weights leads to wider optima (2018)
 * @example
 * const model = new Linear(1, 1, { bias: false });
 * const averaged = new AveragedModel(model);
 * for (const value of [1, 3]) {
 *   model.weight.data.fill_(value);
 *   averaged.updateParameters(model);
 * }
 * averaged.module.weight.itemSync(); // 2
 */
export class AveragedModel<M extends Module> extends Module {
  readonly module: M;
  readonly n_averaged: Tensor;
  private numAveraged = 0;
  private readonly avgFn: AverageFunction;
  private readonly useBuffers: boolean;

  constructor(model: M, options?: AveragedModelOptions) {
    const { avgFn = swaAverage, useBuffers = false } = optionsOf(new.target.name, AveragedModelOptions, options);
    super();
    this.module = model.clone();
    this.n_averaged = this.registerBuffer("n_averaged", zeros([], { dtype: "int64", device: model.parameters()[0]?.device }));
    this.avgFn = avgFn;
    this.useBuffers = useBuffers;
    this.registerLoadStateDictPreHook((_, state, prefix) => {
      const count = state[`${prefix}n_averaged`] as Tensor | undefined;
      if (count !== undefined) this.numAveraged = count.itemSync();
    });
  }

  forward(...args: Parameters<M["forward"]>): ReturnType<M["forward"]> {
    return (this.module.call as (...all: unknown[]) => unknown)(...args) as ReturnType<M["forward"]>;
  }

  /** Takes the model's present parameters into the average; the first ones are copied. */
  updateParameters(model: M): void {
    const values = (from: Module): Tensor[] => [...from.parameters(), ...(this.useBuffers ? from.buffers() : [])];
    const current = values(model);
    noGrad(() => {
      for (const [i, averaged] of values(this.module).entries()) {
        const value = current[i]!.detach().to(averaged.device);
        averaged.copy_(this.numAveraged === 0 ? value : this.avgFn(averaged.detach(), value, this.numAveraged));
      }
      this.n_averaged.add_(1);
    });
    this.numAveraged++;
  }
}

/**
 * Computes the running statistics of batch normalisation anew, from batches: averages of parameters have never seen any.
 *
 * @param batches - Inputs of the model, or lists whose first entry is one.
 * @see torch.optim.swa_utils.update_bn
 */
export function updateBn(batches: Iterable<Tensor | readonly [Tensor, ...unknown[]]>, model: AnyModule<Tensor>): void {
  const norms = model.modules().filter((layer): layer is BatchNorm => layer instanceof BatchNorm);
  if (norms.length === 0) return;
  const momenta = norms.map(({ momentum }) => momentum);
  const setMomentum = (layer: BatchNorm, momentum: number | null): void => { (layer as { momentum: number | null }).momentum = momentum; };
  const { training } = model;
  model.train();
  for (const layer of norms) {
    layer.resetRunningStats();
    // Without a momentum every batch has the same share.
    setMomentum(layer, null);
  }
  noGrad(() => {
    for (const batch of batches) (model.call as (x: Tensor) => unknown)(Array.isArray(batch) ? (batch as readonly [Tensor])[0] : (batch as Tensor));
  });
  norms.forEach((layer, i) => { setMomentum(layer, momenta[i]!); });
  model.train(training);
}
