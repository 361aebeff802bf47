import { ArgumentError, DTypeError, ShapeError } from "../errors.js";
import { newArange, onesLike } from "../create.js";
import { joinOptions, optionsOf } from "../options.js";
import type { Options } from "../options.js";
import { sameShape, showShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { logsigmoid } from "./activation.js";
import { fusedCrossEntropy } from "./cross-entropy.js";
import { pairwiseDistance } from "./distance.js";
import { abs, add, clampMin, div, eq, exp, ge, le, log, logicalAnd, logicalNot, minimum, mul, ne, neg, relu, softplus, sqrt, square, sub, where } from "./elementwise.js";
import { gather, indexSelect } from "./index-ops.js";
import * as ops from "./formulas/loss.js";
import type { Reduction } from "./loss-reduction.js";
import { LossOptions, reducerOf } from "./loss-reduction.js";
import { checkBroadcast, checkFloating, checkShapeOf, checkTogether, keptAbove } from "./operands.js";
import { logSoftmax } from "./softmax.js";
import { flatten, reshape, squeeze, unsqueeze } from "./view.js";
import { toDType } from "./copy.js";
import { any, mean, sum } from "./reduce.js";
import { cumprod } from "./scan.js";
import { apply } from "../kernels/elementwise.js";

export { LossOptions } from "./loss-reduction.js";
export type { Reduction } from "./loss-reduction.js";

/** Margins are floating numbers, and make losses of integers floating. */
const floated = (x: Tensor): Tensor => (x.isFloatingPoint() ? x : toDType(x, "float32"));
const weighted = (losses: Tensor, weight: Tensor | null): Tensor => (weight === null ? losses : mul(losses, weight));

// Regression

/** Mean squared error, (x − y)². @see torch.nn.functional.mse_loss */
export function mseLoss(input: Tensor, target: Tensor, options?: LossOptions): Tensor {
  const { reduction } = optionsOf("mseLoss", LossOptions, options);
  const reduce = reducerOf("mseLoss", reduction);
  checkBroadcast("mseLoss", input, target);
  return reduce(square(sub(input, target)));
}

/** Mean absolute error, |x − y|. @see torch.nn.functional.l1_loss */
export function l1Loss(input: Tensor, target: Tensor, options?: LossOptions): Tensor {
  const { reduction } = optionsOf("l1Loss", LossOptions, options);
  const reduce = reducerOf("l1Loss", reduction);
  checkBroadcast("l1Loss", input, target);
  return reduce(abs(sub(input, target)));
}

export const SmoothL1LossOptions = /* @__PURE__ */ joinOptions(class {
  /** Where the parabola meets the lines; 0 gives `l1Loss`. 1 by default. */
  readonly beta?: number;
}, LossOptions);
export type SmoothL1LossOptions = Options<typeof SmoothL1LossOptions>;

/**
 * d²/2β where d = |x − y| < β, and d − β/2 elsewhere.
 *
 * @throws {ArgumentError} if β is negative.
 * @see torch.nn.functional.smooth_l1_loss; Girshick, Fast R-CNN (2015)
 */
export function smoothL1Loss(input: Tensor, target: Tensor, options?: SmoothL1LossOptions): Tensor {
  const { beta = 1, reduction } = optionsOf("smoothL1Loss", SmoothL1LossOptions, options);
  const reduce = reducerOf("smoothL1Loss", reduction);
  if (!(beta >= 0)) throw new ArgumentError(`smoothL1Loss: expected a beta of at least 0, got ${String(beta)}`);
  checkBroadcast("smoothL1Loss", input, target);
  return reduce(beta === 0 ? abs(sub(input, target)) : apply(ops.smoothL1Loss, [input, target, beta]));
}

export const HuberLossOptions = /* @__PURE__ */ joinOptions(class {
  /** Where the parabola meets the lines. 1 by default. */
  readonly delta?: number;
}, LossOptions);
export type HuberLossOptions = Options<typeof HuberLossOptions>;

/**
 * d²/2 where d = |x − y| ≤ δ, and δ (d − δ/2) elsewhere.
 *
 * @throws {ArgumentError} unless δ is positive.
 * @see torch.nn.functional.huber_loss; Huber, Robust estimation of a location parameter (1964)
 */
export function huberLoss(input: Tensor, target: Tensor, options?: HuberLossOptions): Tensor {
  const { delta = 1, reduction } = optionsOf("huberLoss", HuberLossOptions, options);
  const reduce = reducerOf("huberLoss", reduction);
  if (!(delta > 0)) throw new ArgumentError(`huberLoss: expected a delta greater than 0, got ${String(delta)}`);
  checkBroadcast("huberLoss", input, target);
  return reduce(apply(ops.huberLoss, [input, target, delta]));
}

export const PoissonNllLossOptions = /* @__PURE__ */ joinOptions(class {
  /** The input is the logarithm of the rate. True by default. */
  readonly logInput?: boolean;
  /** Add Stirling's approximation of log y!. */
  readonly full?: boolean;
  /** Added to the rate before its logarithm. 1e-8 by default. */
  readonly eps?: number;
}, LossOptions);
export type PoissonNllLossOptions = Options<typeof PoissonNllLossOptions>;

/** Negative log-likelihood of counts y under a Poisson distribution: eˣ − y x, or x − y log(x + ε). @see torch.nn.functional.poisson_nll_loss */
export function poissonNllLoss(input: Tensor, target: Tensor, options?: PoissonNllLossOptions): Tensor {
  const { logInput = true, full = false, eps = 1e-8, reduction } = optionsOf("poissonNllLoss", PoissonNllLossOptions, options);
  const reduce = reducerOf("poissonNllLoss", reduction);
  checkBroadcast("poissonNllLoss", input, target);
  const losses = logInput ? sub(exp(input), mul(target, input)) : sub(input, mul(target, log(add(input, eps))));
  return reduce(full ? add(losses, stirling(target)) : losses);
}

/** y log y − y + ½ log 2πy where y > 1, else 0. */
function stirling(y: Tensor): Tensor {
  const small = le(y.detach(), 1);
  // Logarithms of what does not count would have infinite derivatives.
  const counted = where(small, 2, y);
  return where(small, 0, add(sub(mul(counted, log(counted)), counted), mul(log(mul(counted, 2 * Math.PI)), 0.5)));
}

export const GaussianNllLossOptions = /* @__PURE__ */ joinOptions(class {
  /** Add the constant ½ log 2π. */
  readonly full?: boolean;
  /** The least that the variance counts as. 1e-6 by default. */
  readonly eps?: number;
}, LossOptions);
export type GaussianNllLossOptions = Options<typeof GaussianNllLossOptions>;

/**
 * Negative log-likelihood of y under normal distributions: ½ (log σ² + (x − y)²/σ²).
 *
 * @param variance - Of the input's shape, or with one for each last dimension: `[…]` or `[…, 1]` for input `[…, D]`.
 * @throws {ShapeError} if the variance has another shape.
 * @see torch.nn.functional.gaussian_nll_loss; Nix and Weigend, Estimating the mean and variance of the target probability distribution (1994)
 */
export function gaussianNllLoss(input: Tensor, target: Tensor, variance: Tensor, options?: GaussianNllLossOptions): Tensor {
  const op = "gaussianNllLoss";
  const { full = false, eps = 1e-6, reduction } = optionsOf(op, GaussianNllLossOptions, options);
  const reduce = reducerOf(op, reduction);
  checkTogether(op, input, target, variance);
  checkBroadcast(op, input, target);
  const rest = input.shape.slice(0, -1);
  const one = sameShape(variance.shape, rest) && !sameShape(variance.shape, input.shape) ? unsqueeze(variance, -1) : variance;
  if (!sameShape(one.shape, input.shape) && !sameShape(one.shape, [...rest, 1])) {
    throw new ShapeError(`${op}: expected variances of the input's shape ${showShape(input.shape)}, or one for each last dimension, got ${showShape(variance.shape)}`);
  }
  // The gradient passes where the variance is raised, as in PyTorch.
  const bounded = keptAbove(op, one, eps);
  const losses = mul(add(log(bounded), div(square(sub(input, target)), bounded)), 0.5);
  return reduce(full ? add(losses, 0.5 * Math.log(2 * Math.PI)) : losses);
}

// Probabilities

export const KlDivOptions = class {
  /** `batchmean` divides the sum by the first size: the divergence as it is defined. `mean` by default. */
  readonly reduction?: Reduction | "batchmean";
  /** The target is a logarithm, as the input. */
  readonly logTarget?: boolean;
};
export type KlDivOptions = Options<typeof KlDivOptions>;

/**
 * Kullback–Leibler divergence of log-probabilities x from probabilities y: y (log y − x).
 *
 * @see torch.nn.functional.kl_div
 */
export function klDiv(input: Tensor, target: Tensor, options?: KlDivOptions): Tensor {
  const { reduction = "mean", logTarget = false } = optionsOf("klDiv", KlDivOptions, options);
  const perBatch = reduction === "batchmean";
  const reduce = reducerOf("klDiv", perBatch ? "sum" : reduction);
  checkBroadcast("klDiv", input, target);
  const losses = reduce(logTarget ? mul(exp(target), sub(target, input)) : apply(ops.klDiv, [input, target]));
  return perBatch && input.ndim > 0 ? div(losses, input.shape[0] ?? 1) : losses;
}

export const WeightedLossOptions = /* @__PURE__ */ joinOptions(class {
  /** What each loss is multiplied by; broadcast. */
  readonly weight?: Tensor | null;
}, LossOptions);
export type WeightedLossOptions = Options<typeof WeightedLossOptions>;

/**
 * Binary cross-entropy of probabilities: −(y log p + (1 − y) log(1 − p)), each logarithm at least −100.
 *
 * @throws {ShapeError} if the target has another shape.
 * @see torch.nn.functional.binary_cross_entropy
 */
export function binaryCrossEntropy(input: Tensor, target: Tensor, options?: WeightedLossOptions): Tensor {
  const op = "binaryCrossEntropy";
  const { weight = null, reduction } = optionsOf(op, WeightedLossOptions, options);
  const reduce = reducerOf(op, reduction);
  checkBroadcast(op, input, weight);
  checkTogether(op, input, target);
  checkShapeOf(op, "a target", target, input.shape);
  return reduce(weighted(apply(ops.binaryCrossEntropy, [input, target]), weight));
}

export const BceWithLogitsOptions = class extends WeightedLossOptions {
  /** A weight for positive examples of each class. */
  readonly posWeight?: Tensor | null;
};
export type BceWithLogitsOptions = Options<typeof BceWithLogitsOptions>;

/**
 * Binary cross-entropy of logits, as max(x, 0) − x y + log(1 + e^−|x|): finite for every finite x.
 *
 * @throws {ShapeError} if the target has another shape.
 * @see torch.nn.functional.binary_cross_entropy_with_logits
 */
export function binaryCrossEntropyWithLogits(input: Tensor, target: Tensor, options?: BceWithLogitsOptions): Tensor {
  const op = "binaryCrossEntropyWithLogits";
  const { posWeight = null, weight = null, reduction } = optionsOf(op, BceWithLogitsOptions, options);
  const reduce = reducerOf(op, reduction);
  checkBroadcast(op, input, weight, posWeight);
  checkTogether(op, input, target);
  checkShapeOf(op, "a target", target, input.shape);
  // (1 − y) x + (1 + (p − 1) y) · log(1 + e^−x)
  const softplusOfNegative = softplus(neg(input));
  const positive = posWeight === null ? softplusOfNegative : mul(add(mul(sub(posWeight, 1), target), 1), softplusOfNegative);
  return reduce(weighted(add(mul(sub(onesLike(target), target), input), positive), weight));
}

// Classes

export const NllLossOptions = /* @__PURE__ */ joinOptions(class {
  /** A weight for each class. */
  readonly weight?: Tensor | null;
  /** Targets of this class count for nothing. */
  readonly ignoreIndex?: number;
}, LossOptions);
export type NllLossOptions = Options<typeof NllLossOptions>;

/**
 * Negative log-likelihood of the target classes.
 *
 *   loss = −Σₙ w[tₙ] · x[n, tₙ] / Σₙ w[tₙ]
 *
 * @param input - Log-probabilities, `[C]`, `[N, C]` or `[N, C, d₁, …]`.
 * @param target - Class indices, `[]`, `[N]` or `[N, d₁, …]`, int64.
 * @throws {ShapeError} if the shapes do not fit.  @throws {GuardError} if a target is outside [0, C).
 * @see torch.nn.functional.nll_loss
 */
export function nllLoss(input: Tensor, target: Tensor, options?: NllLossOptions): Tensor {
  const given = optionsOf("nllLoss", NllLossOptions, options);
  reducerOf("nllLoss", given.reduction);
  checkClasses("nllLoss", input, target, given.weight ?? null);
  return likelihoodLoss(input, target, given);
}

const classDimOf = (input: Tensor): 0 | 1 => (input.ndim === 1 ? 0 : 1);

function checkClasses(op: string, input: Tensor, target: Tensor, weight: Tensor | null): void {
  checkTogether(op, input, target, weight);
  checkFloating(op, input);
  const expected = input.shape.filter((_, d) => d !== classDimOf(input));
  if (input.ndim === 0 || !sameShape(expected, target.shape)) {
    throw new ShapeError(`${op}: expected a target of shape ${showShape(expected)} for input ${showShape(input.shape)}, got ${showShape(target.shape)}`);
  }
  if (target.dtype !== "int64" && target.dtype !== "int32" && target.dtype !== "uint8") {
    throw new DTypeError(`${op}: expected class indices of int64, got ${target.dtype}; convert them with to("int64")`);
  }
  checkClassWeight(op, input, weight);
}

function checkClassWeight(op: string, input: Tensor, weight: Tensor | null): void {
  if (weight === null) return;
  checkShapeOf(op, "a weight for each class", weight, [input.shape[classDimOf(input)] ?? 0]);
  if (weight.dtype !== input.dtype) throw new DTypeError(`${op}: expected weights of the input's element type ${input.dtype}, got ${weight.dtype}; convert them with to("${input.dtype}")`);
}

function likelihoodLoss(input: Tensor, target: Tensor, { weight = null, ignoreIndex = -100, reduction = "mean" }: NllLossOptions): Tensor {
  const classDim = classDimOf(input);
  if (target.numel() === 0 && reduction === "mean") return mul(sum(input), NaN);
  const classes = toDType(target, "int64");
  const counts = ne(classes, ignoreIndex);
  const safe = toDType(where(counts, classes, 0), classes.dtype);
  const picked = squeeze(gather(input, classDim, unsqueeze(safe, classDim)), classDim);
  const perTarget = weight === null ? toDType(counts, input.dtype) : mul(reshape(indexSelect(weight, 0, flatten(safe)), target.shape), counts);
  const losses = mul(neg(picked), perTarget);
  // 0 · −Infinity would be NaN where the target is ignored.
  const clean = where(counts, losses, 0);
  if (reduction === "none") return clean;
  return reduction === "sum" ? sum(clean) : div(sum(clean), sum(perTarget));
}

export const CrossEntropyOptions = class extends NllLossOptions {
  /** Probability that is spread evenly over all classes. */
  readonly labelSmoothing?: number;
};
export type CrossEntropyOptions = Options<typeof CrossEntropyOptions>;

/**
 * Mean cross-entropy between targets and softmax(logits), in nats.
 *
 *   loss = −(1/N) Σₙ log softmax(logitsₙ)[targetₙ]
 *
 * @param logits - Unnormalised log-probabilities, `[C]`, `[N, C]` or `[N, C, d₁, …]`, floating.
 * @param target - Class indices in [0, C), int64, of the shape of `logits` without the classes; or probabilities of the
 *   shape of `logits`.
 * @throws {ShapeError} if the shapes do not fit.  @throws {GuardError} if a target is outside [0, C).
 * @throws {ArgumentError} unless labelSmoothing is in [0, 1].
 * @see torch.nn.functional.cross_entropy; Goodfellow, Bengio, Courville, Deep Learning (2016), §6.2.2.3
 */
export function crossEntropy(logits: Tensor, target: Tensor, options?: CrossEntropyOptions): Tensor {
  const given = optionsOf("crossEntropy", CrossEntropyOptions, options);
  const op = "crossEntropy";
  const { labelSmoothing = 0, weight = null } = given;
  reducerOf(op, given.reduction);
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) throw new ArgumentError(`${op}: expected labelSmoothing in [0, 1], got ${String(labelSmoothing)}`);
  const classDim = classDimOf(logits);
  if (target.isFloatingPoint()) {
    checkTogether(op, logits, target, weight);
    checkFloating(op, logits);
    checkShapeOf(op, "target probabilities", target, logits.shape);
    checkClassWeight(op, logits, weight);
    return softTargets(logSoftmax(logits, classDim), target, classDim, given);
  }
  checkClasses(op, logits, target, weight);
  if (labelSmoothing === 0 && logits.numel() > 0) {
    const { ignoreIndex = -100, reduction = "mean" } = given;
    return fusedCrossEntropy(logits, classDim, target, weight, ignoreIndex, reduction, (x) => likelihoodLoss(logSoftmax(x, classDim), target, given));
  }
  const logProbabilities = logSoftmax(logits, classDim);
  const hard = likelihoodLoss(logProbabilities, target, given);
  return labelSmoothing === 0 ? hard : add(mul(hard, 1 - labelSmoothing), mul(uniformTargets(logProbabilities, target, classDim, given), labelSmoothing / (logits.shape[classDim] ?? 1)));
}

/** The loss of targets that are all classes at once. */
function uniformTargets(logProbabilities: Tensor, target: Tensor, classDim: number, { weight = null, ignoreIndex = -100, reduction = "mean" }: CrossEntropyOptions): Tensor {
  const counts = ne(target, ignoreIndex);
  const losses = where(counts, sum(mul(neg(logProbabilities), classWeights(weight, logProbabilities, classDim)), { dim: classDim }), 0);
  if (reduction === "none") return losses;
  if (reduction === "sum") return sum(losses);
  const divisor = weight === null ? toDType(counts, logProbabilities.dtype) : mul(reshape(indexSelect(weight, 0, flatten(toDType(where(counts, target, 0), "int64"))), target.shape), counts);
  return div(sum(losses), sum(divisor));
}

/** Class weights shaped to multiply logits. */
const classWeights = (weight: Tensor | null, logits: Tensor, classDim: number): Tensor | number =>
  weight === null ? 1 : reshape(weight, logits.shape.map((_, d) => (d === classDim ? -1 : 1)));

function softTargets(logProbabilities: Tensor, target: Tensor, classDim: number, { labelSmoothing = 0, weight = null, reduction = "mean" }: CrossEntropyOptions): Tensor {
  const classCount = target.shape[classDim] ?? 1;
  const smoothed = labelSmoothing === 0 ? target : add(mul(target, 1 - labelSmoothing), labelSmoothing / classCount);
  const losses = neg(sum(mul(mul(logProbabilities, smoothed), classWeights(weight, logProbabilities, classDim)), { dim: classDim }));
  // The mean is over targets, not over classes.
  return reduction === "none" ? losses : reduction === "sum" ? sum(losses) : div(sum(losses), target.numel() / classCount);
}

// Margins

/** log(1 + e^−xy) of targets y that are 1 or −1. @see torch.nn.functional.soft_margin_loss */
export function softMarginLoss(input: Tensor, target: Tensor, options?: LossOptions): Tensor {
  const { reduction } = optionsOf("softMarginLoss", LossOptions, options);
  const reduce = reducerOf("softMarginLoss", reduction);
  checkBroadcast("softMarginLoss", input, target);
  return reduce(apply(ops.softMarginLoss, [input, target]));
}

/**
 * Binary cross-entropy of every class by itself, averaged over classes: −(y log σ(x) + (1 − y) log σ(−x)).
 *
 * @param input - `[N, C]` or `[C]`.  @param target - Of its shape, zeros and ones.
 * @see torch.nn.functional.multilabel_soft_margin_loss
 */
export function multilabelSoftMarginLoss(input: Tensor, target: Tensor, options?: WeightedLossOptions): Tensor {
  const op = "multilabelSoftMarginLoss";
  const { weight = null, reduction } = optionsOf(op, WeightedLossOptions, options);
  const reduce = reducerOf(op, reduction);
  const shape = checkBroadcast(op, input, target);
  checkBroadcast(op, input, weight);
  if (shape.length === 0) throw new ShapeError(`${op}: expected classes along the last dimension, got a scalar`);
  const losses = neg(add(mul(target, logsigmoid(input)), mul(sub(onesLike(target), target), logsigmoid(neg(input)))));
  return reduce(mean(weighted(losses, weight), { dim: -1 }));
}

export const MarginOptions = /* @__PURE__ */ joinOptions(class {
  readonly margin?: number;
}, LossOptions);
export type MarginOptions = Options<typeof MarginOptions>;

/** x where the target is 1, max(0, margin − x) where it is −1. The margin is 1 by default. @see torch.nn.functional.hinge_embedding_loss */
export function hingeEmbeddingLoss(input: Tensor, target: Tensor, options?: MarginOptions): Tensor {
  const { margin = 1, reduction } = optionsOf("hingeEmbeddingLoss", MarginOptions, options);
  const reduce = reducerOf("hingeEmbeddingLoss", reduction);
  checkBroadcast("hingeEmbeddingLoss", input, target);
  const distance = floated(input);
  const apart = where(ne(target, 1), clampMin(add(neg(distance), margin), 0), 0);
  return reduce(add(apart, where(ne(target, -1), distance, 0)));
}

/** max(0, margin − y (x₁ − x₂)): the first should rank higher where y is 1, lower where it is −1. The margin is 0 by default. @see torch.nn.functional.margin_ranking_loss */
export function marginRankingLoss(input1: Tensor, input2: Tensor, target: Tensor, options?: MarginOptions): Tensor {
  const op = "marginRankingLoss";
  const { margin = 0, reduction } = optionsOf(op, MarginOptions, options);
  const reduce = reducerOf(op, reduction);
  checkTogether(op, input1, input2, target);
  if (input1.ndim !== input2.ndim || input1.ndim !== target.ndim) {
    throw new ShapeError(`${op}: expected inputs and a target of as many dimensions, got ${showShape(input1.shape)}, ${showShape(input2.shape)} and ${showShape(target.shape)}`);
  }
  checkBroadcast(op, input1, input2, target);
  return reduce(clampMin(add(floated(mul(neg(target), sub(input1, input2))), margin), 0));
}

/**
 * 1 − cos(x₁, x₂) where the target is 1, max(0, cos(x₁, x₂) − margin) where it is −1. The margin is 0 by default.
 *
 * @param input1 - `[N, D]` or `[D]`.  @param target - `[N]` or `[]`.
 * @see torch.nn.functional.cosine_embedding_loss
 */
export function cosineEmbeddingLoss(input1: Tensor, input2: Tensor, target: Tensor, options?: MarginOptions): Tensor {
  const op = "cosineEmbeddingLoss";
  const { margin = 0, reduction } = optionsOf(op, MarginOptions, options);
  const reduce = reducerOf(op, reduction);
  checkTogether(op, input1, input2, target);
  if (target.ndim > 1 || input1.ndim !== target.ndim + 1 || input2.ndim !== target.ndim + 1) {
    throw new ShapeError(`${op}: expected inputs [N, D] and a target [N], or [D] and [], got ${showShape(input1.shape)}, ${showShape(input2.shape)} and ${showShape(target.shape)}`);
  }
  checkBroadcast(op, input1, input2);
  const dim = target.ndim;
  const magnitude = (x: Tensor): Tensor => add(sum(square(x), { dim }), 1e-12);
  const cosine = div(sum(mul(input1, input2), { dim }), sqrt(mul(magnitude(input1), magnitude(input2))));
  const alike = where(eq(target, 1), add(neg(cosine), 1), 0);
  return reduce(add(alike, where(eq(target, -1), clampMin(sub(cosine, margin), 0), 0)));
}

export const TripletMarginLossOptions = /* @__PURE__ */ joinOptions(class {
  /** 1 by default. */
  readonly margin?: number;
  /** Of the norm. 2 by default. */
  readonly p?: number;
  /** Added to each difference. 1e-6 by default. */
  readonly eps?: number;
  /** Use the positive instead of the anchor where it is closer to the negative. */
  readonly swap?: boolean;
}, LossOptions);
export type TripletMarginLossOptions = Options<typeof TripletMarginLossOptions>;

/**
 * max(0, ‖a − p‖ − ‖a − n‖ + margin): the anchor should be closer to the positive than to the negative.
 *
 * @param anchor - `[N, D]` or `[D]`; so are the others.
 * @see torch.nn.functional.triplet_margin_loss; Balntas et al., Learning shallow convolutional feature descriptors with triplet losses (2016)
 */
export function tripletMarginLoss(anchor: Tensor, positive: Tensor, negative: Tensor, options?: TripletMarginLossOptions): Tensor {
  const op = "tripletMarginLoss";
  const { margin = 1, p = 2, eps = 1e-6, swap = false, reduction } = optionsOf(op, TripletMarginLossOptions, options);
  checkTogether(op, anchor, positive, negative);
  if (anchor.ndim !== positive.ndim || anchor.ndim !== negative.ndim) {
    throw new ShapeError(`${op}: expected tensors of as many dimensions, got ${showShape(anchor.shape)}, ${showShape(positive.shape)} and ${showShape(negative.shape)}`);
  }
  checkBroadcast(op, anchor, positive, negative);
  return tripletLoss(op, anchor, positive, negative, (a, b) => pairwiseDistance(a, b, { p, eps }), margin, swap, reduction);
}

export const TripletMarginWithDistanceLossOptions = /* @__PURE__ */ joinOptions(class {
  /** `pairwiseDistance` by default. */
  readonly distanceFunction?: ((a: Tensor, b: Tensor) => Tensor) | null;
  /** 1 by default. */
  readonly margin?: number;
  readonly swap?: boolean;
}, LossOptions);
export type TripletMarginWithDistanceLossOptions = Options<typeof TripletMarginWithDistanceLossOptions>;

/** `tripletMarginLoss` with a distance of one's own. @see torch.nn.functional.triplet_margin_with_distance_loss */
export function tripletMarginWithDistanceLoss(anchor: Tensor, positive: Tensor, negative: Tensor, options?: TripletMarginWithDistanceLossOptions): Tensor {
  const op = "tripletMarginWithDistanceLoss";
  const { distanceFunction, margin = 1, swap = false, reduction } = optionsOf("tripletMarginWithDistanceLoss", TripletMarginWithDistanceLossOptions, options);
  checkTogether(op, anchor, positive, negative);
  if (anchor.ndim !== positive.ndim || anchor.ndim !== negative.ndim) {
    throw new ShapeError(`${op}: expected tensors of as many dimensions, got ${showShape(anchor.shape)}, ${showShape(positive.shape)} and ${showShape(negative.shape)}`);
  }
  return tripletLoss(op, anchor, positive, negative, distanceFunction ?? pairwiseDistance, margin, swap, reduction);
}

function tripletLoss(op: string, anchor: Tensor, positive: Tensor, negative: Tensor, distance: (a: Tensor, b: Tensor) => Tensor, margin: number, swap: boolean, reduction: Reduction | undefined): Tensor {
  const reduce = reducerOf(op, reduction);
  const near = distance(anchor, positive);
  const far = distance(anchor, negative);
  return reduce(clampMin(add(sub(near, swap ? minimum(far, distance(positive, negative)) : far), margin), 0));
}

/** Input and target of a loss over classes as [N, C] and [N, …], and whether they came without N. */
function asBatch(op: string, input: Tensor, target: Tensor): { readonly scores: Tensor; readonly labels: Tensor } {
  checkTogether(op, input, target);
  checkFloating(op, input);
  if (target.dtype !== "int64") throw new DTypeError(`${op}: expected class indices of int64, got ${target.dtype}; convert them with to("int64")`);
  if (input.ndim > 2 || input.numel() === 0) throw new ShapeError(`${op}: expected scores [N, C] or [C], got ${showShape(input.shape)}`);
  return { scores: input.ndim === 2 ? input : reshape(input, [1, -1]), labels: target };
}

export const MultiMarginLossOptions = /* @__PURE__ */ joinOptions(class {
  /** Of the hinge: 1 or 2. 1 by default. */
  readonly p?: number;
  /** 1 by default. */
  readonly margin?: number;
  /** A weight for each class. */
  readonly weight?: Tensor | null;
}, LossOptions);
export type MultiMarginLossOptions = Options<typeof MultiMarginLossOptions>;

/**
 * Hinge loss of the target class t against all others: Σ_{i ≠ t} w[t] max(0, margin − x[t] + x[i])ᵖ / C.
 *
 * @param input - Scores, `[N, C]` or `[C]`.  @param target - Classes, `[N]` or `[]`, int64.
 * @throws {GuardError} if a target is outside [0, C).
 * @see torch.nn.functional.multi_margin_loss
 */
export function multiMarginLoss(input: Tensor, target: Tensor, options?: MultiMarginLossOptions): Tensor {
  const op = "multiMarginLoss";
  const { p = 1, margin = 1, weight = null, reduction } = optionsOf(op, MultiMarginLossOptions, options);
  const reduce = reducerOf(op, reduction);
  if (p !== 1 && p !== 2) throw new ArgumentError(`${op}: expected p to be 1 or 2, got ${String(p)}`);
  const { scores, labels } = asBatch(op, input, target);
  const [count = 0, classes = 1] = scores.shape;
  if (labels.ndim > 1 || labels.numel() !== count) throw new ShapeError(`${op}: expected a target of shape [${String(count)}], got ${showShape(target.shape)}`);
  checkTogether(op, scores, weight);
  if (weight !== null) checkShapeOf(op, "a weight for each class", weight, [classes]);
  const at = reshape(labels, [count, 1]);
  const hinge = relu(add(sub(scores, gather(scores, 1, at)), margin));
  const powers = p === 1 ? hinge : square(hinge);
  const each = weight === null ? powers : mul(powers, reshape(indexSelect(weight, 0, flatten(at)), [count, 1]));
  const isTarget = eq(at, newArange(scores, classes));
  return reduce(reshape(div(sum(where(isTarget, 0, each), { dim: 1 }), classes), target.shape));
}

/**
 * Hinge loss of several target classes against all others: Σ_{j ∈ targets} Σ_{i ∉ targets} max(0, 1 − x[j] + x[i]) / C.
 *
 * @param input - Scores, `[N, C]` or `[C]`.  @param target - Of its shape, int64: classes from the front, −1 behind the last one.
 * @throws {GuardError} if a target is outside [0, C).
 * @see torch.nn.functional.multilabel_margin_loss
 */
export function multilabelMarginLoss(input: Tensor, target: Tensor, options?: LossOptions): Tensor {
  const op = "multilabelMarginLoss";
  const { reduction } = optionsOf(op, LossOptions, options);
  const reduce = reducerOf(op, reduction);
  const { scores } = asBatch(op, input, target);
  const [count = 0, classes = 1] = scores.shape;
  if (target.numel() !== scores.numel() || target.ndim > 2) throw new ShapeError(`${op}: expected a target of the input's shape ${showShape(input.shape)}, got ${showShape(target.shape)}`);
  const labels = reshape(target, [count, classes]);
  // Up to the first −1.
  const counts = ne(cumprod(toDType(ge(labels, 0), "int64"), 1), 0);
  const at = toDType(where(counts, labels, 0), "int64");
  const isTarget = any(logicalAnd(eq(unsqueeze(at, 2), newArange(scores, classes)), unsqueeze(counts, 2)), { dim: 1 });
  const hinge = relu(add(sub(unsqueeze(scores, 1), unsqueeze(gather(scores, 1, at), 2)), 1));
  const pairs = logicalAnd(unsqueeze(counts, 2), unsqueeze(logicalNot(isTarget), 1));
  const losses = div(sum(where(pairs, hinge, 0), { dim: [1, 2] }), classes);
  return reduce(input.ndim === 2 ? losses : reshape(losses, []));
}
