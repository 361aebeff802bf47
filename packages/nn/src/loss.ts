import type { BceWithLogitsOptions, CrossEntropyOptions, LossOptions, NllLossOptions, Reduction, Tensor, WeightedLossOptions } from "@gradus/tensor-core";
import { binaryCrossEntropy, binaryCrossEntropyWithLogits, crossEntropy, l1Loss, mseLoss, nllLoss } from "@gradus/tensor-core";
import { Module } from "./tensor-module.js";

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
export class CrossEntropyLoss extends Module {
  /** A weight for each class. */
  readonly weight: Tensor | null;
  readonly ignoreIndex: number;
  readonly reduction: Reduction;
  readonly labelSmoothing: number;

  constructor({ weight = null, ignoreIndex = -100, reduction = "mean", labelSmoothing = 0 }: CrossEntropyOptions = {}) {
    super();
    this.weight = this.registerBuffer("weight", weight);
    this.ignoreIndex = ignoreIndex;
    this.reduction = reduction;
    this.labelSmoothing = labelSmoothing;
  }

  forward(logits: Tensor, target: Tensor): Tensor {
    return crossEntropy(logits, target, this);
  }
}

/** Negative log-likelihood of the target classes, given log-probabilities `[N, C, …]`. @see torch.nn.NLLLoss */
export class NLLLoss extends Module {
  /** A weight for each class. */
  readonly weight: Tensor | null;
  readonly ignoreIndex: number;
  readonly reduction: Reduction;

  constructor({ weight = null, ignoreIndex = -100, reduction = "mean" }: NllLossOptions = {}) {
    super();
    this.weight = this.registerBuffer("weight", weight);
    this.ignoreIndex = ignoreIndex;
    this.reduction = reduction;
  }

  forward(logProbabilities: Tensor, target: Tensor): Tensor {
    return nllLoss(logProbabilities, target, this);
  }
}

/** Mean squared error, (x − y)². @see torch.nn.MSELoss */
export class MSELoss extends Module {
  readonly reduction: Reduction;

  constructor({ reduction = "mean" }: LossOptions = {}) {
    super();
    this.reduction = reduction;
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return mseLoss(input, target, this);
  }
}

/** Mean absolute error, |x − y|. @see torch.nn.L1Loss */
export class L1Loss extends Module {
  readonly reduction: Reduction;

  constructor({ reduction = "mean" }: LossOptions = {}) {
    super();
    this.reduction = reduction;
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return l1Loss(input, target, this);
  }
}

/** Binary cross-entropy of probabilities: −(y log p + (1 − y) log(1 − p)), each logarithm at least −100. @see torch.nn.BCELoss */
export class BCELoss extends Module {
  readonly weight: Tensor | null;
  readonly reduction: Reduction;

  constructor({ weight = null, reduction = "mean" }: WeightedLossOptions = {}) {
    super();
    this.weight = this.registerBuffer("weight", weight);
    this.reduction = reduction;
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return binaryCrossEntropy(input, target, this);
  }
}

/**
 * Binary cross-entropy of logits: log(1 + eˣ) − x y, finite for every finite x.
 *
 * @see torch.nn.BCEWithLogitsLoss
 * @example
 * new BCEWithLogitsLoss().call(tensor([0, 100]), tensor([1, 1])).itemSync(); // 0.3465735…
 */
export class BCEWithLogitsLoss extends Module {
  readonly weight: Tensor | null;
  /** A weight for positive examples of each class. */
  readonly pos_weight: Tensor | null;
  readonly reduction: Reduction;

  constructor({ weight = null, posWeight = null, reduction = "mean" }: BceWithLogitsOptions = {}) {
    super();
    this.weight = this.registerBuffer("weight", weight);
    this.pos_weight = this.registerBuffer("pos_weight", posWeight);
    this.reduction = reduction;
  }

  forward(input: Tensor, target: Tensor): Tensor {
    const { weight, pos_weight: posWeight, reduction } = this;
    return binaryCrossEntropyWithLogits(input, target, { weight, posWeight, reduction });
  }
}
