import type { Options, Reduction, Tensor } from "@gradus/tensor-core";
import {
  BceWithLogitsOptions, binaryCrossEntropy, binaryCrossEntropyWithLogits, cosineEmbeddingLoss, crossEntropy, CrossEntropyOptions, ctcLoss, CtcLossOptions,
  gaussianNllLoss, GaussianNllLossOptions, hingeEmbeddingLoss, huberLoss, HuberLossOptions, joinOptions, klDiv, KlDivOptions, l1Loss, LossOptions, MarginOptions,
  marginRankingLoss, mseLoss, multilabelMarginLoss, multilabelSoftMarginLoss, multiMarginLoss, MultiMarginLossOptions, nllLoss, NllLossOptions, optionsOf,
  poissonNllLoss, PoissonNllLossOptions, smoothL1Loss, SmoothL1LossOptions, softMarginLoss, tripletMarginLoss, TripletMarginLossOptions,
  tripletMarginWithDistanceLoss, WeightedLossOptions,
} from "@gradus/tensor-core";
import { PairwiseDistance } from "./distance.js";
import { Module } from "./tensor-module.js";

/*
 * Every loss is a function of `functional` with its options. What PyTorch keeps in the state, the weights of classes, are buffers.
 */

abstract class Loss<O extends { readonly reduction?: unknown } = LossOptions> extends Module {
  readonly reduction: NonNullable<O["reduction"]> | "mean";

  constructor(protected readonly options: O) {
    super();
    this.reduction = (options.reduction as NonNullable<O["reduction"]> | undefined) ?? "mean";
  }
}

/** A loss with a weight for each class, or for each element. */
abstract class WeightedLoss<O extends WeightedLossOptions = WeightedLossOptions> extends Module {
  readonly weight: Tensor | null;
  readonly reduction: Reduction;
  protected readonly unweighted: Omit<O, "weight">;

  constructor({ weight = null, ...rest }: O) {
    super();
    this.weight = this.registerBuffer("weight", weight);
    this.reduction = rest.reduction ?? "mean";
    this.unweighted = rest;
  }

  /** The weight may have moved to another device since. */
  protected get options(): O {
    return { ...this.unweighted, weight: this.weight } as unknown as O;
  }
}

/**
 * Cross-entropy between targets and softmax(logits), in nats.
 *
 *   loss = −(1/N) Σₙ log softmax(logitsₙ)[targetₙ]
 *
 * Logits `[N, C]` or `[N, C, d₁, …]`; targets are class indices `[N]` or `[N, d₁, …]`, int64, or probabilities of the logits' shape.
 *
 * @see torch.nn.CrossEntropyLoss
 * @example
 * const loss = new CrossEntropyLoss();
 * loss.call(tensor([[0, 0]]), tensor([1], { dtype: "int64" })).itemSync(); // 0.6931471…
 */
export class CrossEntropyLoss extends WeightedLoss<CrossEntropyOptions> {
  constructor(options?: CrossEntropyOptions) {
    super(optionsOf(new.target.name, CrossEntropyOptions, options));
  }

  forward(logits: Tensor, target: Tensor): Tensor {
    return crossEntropy(logits, target, this.options);
  }
}

/** Negative log-likelihood of the target classes, given log-probabilities `[N, C, …]`. @see torch.nn.NLLLoss */
export class NLLLoss extends WeightedLoss<NllLossOptions> {
  constructor(options?: NllLossOptions) {
    super(optionsOf(new.target.name, NllLossOptions, options));
  }

  forward(logProbabilities: Tensor, target: Tensor): Tensor {
    return nllLoss(logProbabilities, target, this.options);
  }
}

/** Binary cross-entropy of probabilities: −(y log p + (1 − y) log(1 − p)), each logarithm at least −100. @see torch.nn.BCELoss */
export class BCELoss extends WeightedLoss {
  constructor(options?: WeightedLossOptions) {
    super(optionsOf(new.target.name, WeightedLossOptions, options));
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return binaryCrossEntropy(input, target, this.options);
  }
}

/**
 * Binary cross-entropy of logits: log(1 + eˣ) − x y, finite for every finite x.
 *
 * @see torch.nn.BCEWithLogitsLoss
 * @example
 * new BCEWithLogitsLoss().call(tensor([0, 100]), tensor([1, 1])).itemSync(); // 0.3465735…
 */
export class BCEWithLogitsLoss extends WeightedLoss<BceWithLogitsOptions> {
  /** A weight for positive examples of each class. */
  readonly pos_weight: Tensor | null;

  constructor(options?: BceWithLogitsOptions) {
    const { posWeight = null, ...rest } = optionsOf(new.target.name, BceWithLogitsOptions, options);
    super(rest);
    this.pos_weight = this.registerBuffer("pos_weight", posWeight);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return binaryCrossEntropyWithLogits(input, target, { ...this.options, posWeight: this.pos_weight });
  }
}

/** Hinge loss of several classes: Σ_{i≠y} max(0, margin − x_y + xᵢ)ᵖ / C. @see torch.nn.MultiMarginLoss */
export class MultiMarginLoss extends WeightedLoss<MultiMarginLossOptions> {
  constructor(options?: MultiMarginLossOptions) {
    super(optionsOf(new.target.name, MultiMarginLossOptions, options));
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return multiMarginLoss(input, target, this.options);
  }
}

/** Mean of the binary cross-entropies of all classes. @see torch.nn.MultiLabelSoftMarginLoss */
export class MultiLabelSoftMarginLoss extends WeightedLoss {
  constructor(options?: WeightedLossOptions) {
    super(optionsOf(new.target.name, WeightedLossOptions, options));
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return multilabelSoftMarginLoss(input, target, this.options);
  }
}

/** Mean squared error, (x − y)². @see torch.nn.MSELoss */
export class MSELoss extends Loss {
  constructor(options?: LossOptions) {
    super(optionsOf(new.target.name, LossOptions, options));
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return mseLoss(input, target, this.options);
  }
}

/** Mean absolute error, |x − y|. @see torch.nn.L1Loss */
export class L1Loss extends Loss {
  constructor(options?: LossOptions) {
    super(optionsOf(new.target.name, LossOptions, options));
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return l1Loss(input, target, this.options);
  }
}

/** Squared error over 2β below β, absolute error less β/2 above. @see torch.nn.SmoothL1Loss; Girshick, Fast R-CNN (2015) */
export class SmoothL1Loss extends Loss<SmoothL1LossOptions> {
  constructor(options?: SmoothL1LossOptions) {
    super(optionsOf(new.target.name, SmoothL1LossOptions, options));
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return smoothL1Loss(input, target, this.options);
  }
}

/** Half the squared error below δ, δ times (absolute error less δ/2) above. @see torch.nn.HuberLoss */
export class HuberLoss extends Loss<HuberLossOptions> {
  constructor(options?: HuberLossOptions) {
    super(optionsOf(new.target.name, HuberLossOptions, options));
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return huberLoss(input, target, this.options);
  }
}

/** Kullback-Leibler divergence y (log y − x) of log-probabilities x. @see torch.nn.KLDivLoss */
export class KLDivLoss extends Loss<KlDivOptions> {
  constructor(options?: KlDivOptions) {
    super(optionsOf(new.target.name, KlDivOptions, options));
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return klDiv(input, target, this.options);
  }
}

/** eˣ − y x of the logarithm of a Poisson rate. @see torch.nn.PoissonNLLLoss */
export class PoissonNLLLoss extends Loss<PoissonNllLossOptions> {
  constructor(options?: PoissonNllLossOptions) {
    super(optionsOf(new.target.name, PoissonNllLossOptions, options));
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return poissonNllLoss(input, target, this.options);
  }
}

/** ½ (log σ² + (x − y)² / σ²), with the variance as third argument. @see torch.nn.GaussianNLLLoss */
export class GaussianNLLLoss extends Loss<GaussianNllLossOptions> {
  constructor(options?: GaussianNllLossOptions) {
    super(optionsOf(new.target.name, GaussianNllLossOptions, options));
  }

  forward(input: Tensor, target: Tensor, variance: Tensor): Tensor {
    return gaussianNllLoss(input, target, variance, this.options);
  }
}

/** x where y = 1, max(0, margin − x) where y = −1. @see torch.nn.HingeEmbeddingLoss */
export class HingeEmbeddingLoss extends Loss<MarginOptions> {
  constructor(options?: MarginOptions) {
    super(optionsOf(new.target.name, MarginOptions, options));
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return hingeEmbeddingLoss(input, target, this.options);
  }
}

/** 1 − cos where y = 1, max(0, cos − margin) where y = −1. @see torch.nn.CosineEmbeddingLoss */
export class CosineEmbeddingLoss extends Loss<MarginOptions> {
  constructor(options?: MarginOptions) {
    super(optionsOf(new.target.name, MarginOptions, options));
  }

  forward(input1: Tensor, input2: Tensor, target: Tensor): Tensor {
    return cosineEmbeddingLoss(input1, input2, target, this.options);
  }
}

/** max(0, −y (x₁ − x₂) + margin). @see torch.nn.MarginRankingLoss */
export class MarginRankingLoss extends Loss<MarginOptions> {
  constructor(options?: MarginOptions) {
    super(optionsOf(new.target.name, MarginOptions, options));
  }

  forward(input1: Tensor, input2: Tensor, target: Tensor): Tensor {
    return marginRankingLoss(input1, input2, target, this.options);
  }
}

/** log(1 + e^(−y x)). @see torch.nn.SoftMarginLoss */
export class SoftMarginLoss extends Loss {
  constructor(options?: LossOptions) {
    super(optionsOf(new.target.name, LossOptions, options));
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return softMarginLoss(input, target, this.options);
  }
}

/** Hinge loss between the classes that are targets and those that are not. @see torch.nn.MultiLabelMarginLoss */
export class MultiLabelMarginLoss extends Loss {
  constructor(options?: LossOptions) {
    super(optionsOf(new.target.name, LossOptions, options));
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return multilabelMarginLoss(input, target, this.options);
  }
}

/** max(0, ‖a − p‖ − ‖a − n‖ + margin). @see torch.nn.TripletMarginLoss; Balntas et al. (2016) */
export class TripletMarginLoss extends Loss<TripletMarginLossOptions> {
  constructor(options?: TripletMarginLossOptions) {
    super(optionsOf(new.target.name, TripletMarginLossOptions, options));
  }

  forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    return tripletMarginLoss(anchor, positive, negative, this.options);
  }
}

/** A function of two tensors, or a module that is one. */
type Distance = ((a: Tensor, b: Tensor) => Tensor) | Module;

const TripletDistanceOptions = /* @__PURE__ */ joinOptions(class {
  /** The Euclidean distance unless given. */
  readonly distanceFunction?: Distance | null;
  /** 1 by default. */
  readonly margin?: number;
  /** Use the positive instead of the anchor where it is closer to the negative. */
  readonly swap?: boolean;
}, LossOptions);
type TripletDistanceOptions = Options<typeof TripletDistanceOptions>;

/** TripletMarginLoss with a distance of your own. @see torch.nn.TripletMarginWithDistanceLoss */
export class TripletMarginWithDistanceLoss extends Loss<Omit<TripletDistanceOptions, "distanceFunction">> {
  readonly distance_function: Distance;

  constructor(options?: TripletDistanceOptions) {
    const { distanceFunction = null, ...rest } = optionsOf(new.target.name, TripletDistanceOptions, options);
    super(rest);
    this.distance_function = distanceFunction ?? new PairwiseDistance();
  }

  forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    const { distance_function: distance } = this;
    const distanceFunction = distance instanceof Module ? (a: Tensor, b: Tensor): Tensor => distance.call(a, b) as Tensor : distance;
    return tripletMarginWithDistanceLoss(anchor, positive, negative, { ...this.options, distanceFunction });
  }
}

/** Connectionist temporal classification: −log of the probability of a label sequence under all alignments. @see torch.nn.CTCLoss; Graves et al. (2006) */
export class CTCLoss extends Loss<CtcLossOptions> {
  constructor(options?: CtcLossOptions) {
    super(optionsOf(new.target.name, CtcLossOptions, options));
  }

  /**
   * @param logProbabilities - `[T, N, C]`.
   * @param targets - `[N, S]`, or all sequences one after another.
   */
  forward(logProbabilities: Tensor, targets: Tensor, inputLengths: Tensor | readonly number[], targetLengths: Tensor | readonly number[]): Tensor {
    return ctcLoss(logProbabilities, targets, inputLengths, targetLengths, this.options);
  }
}
