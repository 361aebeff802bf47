import type { Options, Tensor } from "@gradus/tensor-core";
import { ArgumentError, cat, joinOptions, logSoftmax, optionsOf, ShapeError, where } from "@gradus/tensor-core";
import { ModuleList, Sequential } from "./containers.js";
import { FactoryOptions } from "./factory.js";
import { Linear } from "./linear.js";
import { Module } from "./tensor-module.js";

export const AdaptiveLogSoftmaxOptions = /* @__PURE__ */ joinOptions(class {
  /** By what the vectors of each further cluster are shorter. */
  readonly divValue?: number;
  /** Whether the head has a bias. */
  readonly headBias?: boolean;
}, FactoryOptions);
export type AdaptiveLogSoftmaxOptions = Options<typeof AdaptiveLogSoftmaxOptions>;

type Tail = Sequential<readonly [Linear, Linear]>;

/**
 * A softmax over many classes of which few are frequent: the head knows the frequent ones and one entry for each cluster of the others,
 * whose classes are told apart by a tail of shorter vectors.
 *
 * @throws {ArgumentError} unless the cutoffs rise from 1 to below the number of classes.
 * @see torch.nn.AdaptiveLogSoftmaxWithLoss; Grave et al., Efficient softmax approximation for GPUs (2017)
 */
export class AdaptiveLogSoftmaxWithLoss extends Module {
  /** Where clusters begin, and the number of classes. */
  readonly cutoffs: readonly number[];
  readonly divValue: number;
  readonly head: Linear;
  readonly tail: ModuleList<Tail>;

  constructor(
    readonly inFeatures: number,
    readonly nClasses: number,
    cutoffs: readonly number[],
    options?: AdaptiveLogSoftmaxOptions,
  ) {
    const { divValue = 4, headBias = false, device, dtype } = optionsOf(new.target.name, AdaptiveLogSoftmaxOptions, options);
    super();
    const rises = cutoffs.every((cutoff, i) => Number.isInteger(cutoff) && cutoff > (cutoffs[i - 1] ?? 0) && cutoff < nClasses);
    if (cutoffs.length === 0 || !rises) throw new ArgumentError(`AdaptiveLogSoftmaxWithLoss: expected cutoffs that rise from 1 to below ${nClasses}, got [${cutoffs.join(", ")}]`);
    this.cutoffs = [...cutoffs, nClasses];
    this.divValue = divValue;
    this.head = new Linear(inFeatures, cutoffs[0]! + cutoffs.length, { bias: headBias, device, dtype });
    const tails = cutoffs.map((cutoff, i) => {
      const size = Math.floor(inFeatures / divValue ** (i + 1));
      return new Sequential(new Linear(inFeatures, size, { bias: false, device, dtype }), new Linear(size, this.cutoffs[i + 1]! - cutoff, { bias: false, device, dtype }));
    });
    this.tail = new ModuleList<Tail>(tails);
  }

  resetParameters(): void {
    this.head.resetParameters();
    for (const cluster of this.tail) {
      cluster[0].resetParameters();
      cluster[1].resetParameters();
    }
  }

  /**
   * @param input - `[N, inFeatures]`, or `[inFeatures]`.
   * @param target - Classes, `[N]` or a scalar.
   * @returns The log-probability of each target, and their mean, negated.
   */
  forward(input: Tensor, target: Tensor): { readonly output: Tensor; readonly loss: Tensor } {
    if (input.ndim !== target.ndim + 1 || input.ndim > 2 || (input.ndim === 2 && input.shape[0] !== target.shape[0])) {
      throw new ShapeError(`AdaptiveLogSoftmaxWithLoss: expected an input [N, ${this.inFeatures}] and targets [N], got [${input.shape.join(", ")}] and [${target.shape.join(", ")}]`);
    }
    const isBatch = input.ndim === 2;
    const [x, y] = isBatch ? [input, target] : [input.unsqueeze(0), target.unsqueeze(0)];
    // Every cluster for every target, and the right one chosen: which targets are in a cluster need not be known here.
    const picked = (logProbabilities: Tensor, classes: Tensor): Tensor => logProbabilities.gather(1, classes.unsqueeze(1)).squeeze(1);
    const head = logSoftmax(this.head.call(x), 1);
    const shortlist = this.cutoffs[0]!;
    let output = picked(head, y.clampMax(shortlist - 1));
    for (const [i, cluster] of [...this.tail].entries()) {
      const [low, high] = [this.cutoffs[i]!, this.cutoffs[i + 1]!];
      const inside = picked(logSoftmax(cluster.call(x), 1), y.clampMin(low).clampMax(high - 1).sub(low));
      output = where(y.ge(low).logicalAnd(y.lt(high)), inside.add(head.select(1, shortlist + i)), output);
    }
    const loss = output.mean().neg();
    return { output: isBatch ? output : output.squeeze(0), loss };
  }

  /** Log-probabilities of all classes, `[N, nClasses]`. */
  logProb(input: Tensor): Tensor {
    const head = logSoftmax(this.head.call(input), 1);
    const shortlist = this.cutoffs[0]!;
    const clusters = [...this.tail].map((cluster, i) => logSoftmax(cluster.call(input), 1).add(head.select(1, shortlist + i).unsqueeze(1)));
    return cat([head.narrow(1, 0, shortlist), ...clusters], 1);
  }

  /** The most probable class of each input, `[N]`. */
  predict(input: Tensor): Tensor {
    return this.logProb(input).argmax({ dim: 1 });
  }
}
