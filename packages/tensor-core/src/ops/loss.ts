import { ArgumentError, DTypeError, ShapeError } from "../errors.js";
import { sameShape, showShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { onesLike } from "../create.js";
import { elementwiseOps, where } from "./elementwise.js";
import { gather, indexSelect } from "./index-ops.js";
import { logSoftmax } from "./softmax.js";
import { flatten, reshape, unsqueeze } from "./view.js";

/** How the losses of the elements become one: their mean, their sum, or all of them as they are. */
export type Reduction = "mean" | "sum" | "none";

export interface LossOptions {
  readonly reduction?: Reduction;
}

function reduced(op: string, losses: Tensor, reduction: Reduction = "mean"): Tensor {
  switch (reduction) {
    case "mean":
      return losses.mean();
    case "sum":
      return losses.sum();
    case "none":
      return losses;
    default:
      throw new ArgumentError(`${op}: expected reduction "mean", "sum" or "none", got ${String(reduction)}`);
  }
}

/** Mean squared error, (x − y)². @see torch.nn.functional.mse_loss */
export const mseLoss = (input: Tensor, target: Tensor, options: LossOptions = {}): Tensor => reduced("mseLoss", input.sub(target).square(), options.reduction);
/** Mean absolute error, |x − y|. @see torch.nn.functional.l1_loss */
export const l1Loss = (input: Tensor, target: Tensor, options: LossOptions = {}): Tensor => reduced("l1Loss", input.sub(target).abs(), options.reduction);

export interface NllLossOptions extends LossOptions {
  /** A weight for each class. */
  readonly weight?: Tensor | null;
  /** Targets of this class count for nothing. */
  readonly ignoreIndex?: number;
}

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
export function nllLoss(input: Tensor, target: Tensor, options: NllLossOptions = {}): Tensor {
  const { weight = null, ignoreIndex = -100, reduction = "mean" } = options;
  const classDim = input.ndim === 1 ? 0 : 1;
  const expected = input.shape.filter((_, d) => d !== classDim);
  if (input.ndim === 0 || !sameShape(expected, target.shape)) {
    throw new ShapeError(`nllLoss: expected a target of shape ${showShape(expected)} for input ${showShape(input.shape)}, got ${showShape(target.shape)}`);
  }
  if (target.dtype !== "int64" && target.dtype !== "int32" && target.dtype !== "uint8") {
    throw new DTypeError(`nllLoss: expected class indices of int64, got ${target.dtype}; convert them with to("int64")`);
  }
  if (target.numel() === 0 && reduction === "mean") return input.sum().mul(NaN);
  const classes = target.to("int64");
  const counts = classes.ne(ignoreIndex);
  const safe = where(counts, classes, 0).to(classes.dtype);
  const picked = gather(input, classDim, unsqueeze(safe, classDim)).squeeze(classDim);
  const perTarget = weight === null ? counts.to(input.dtype) : reshape(indexSelect(weight, 0, flatten(safe)), target.shape).mul(counts);
  const losses = picked.neg().mul(perTarget);
  // 0 · −Infinity would be NaN where the target is ignored.
  const clean = where(counts, losses, 0);
  if (reduction === "none") return clean;
  return reduction === "sum" ? clean.sum() : clean.sum().div(perTarget.sum());
}

export interface CrossEntropyOptions extends NllLossOptions {
  /** Probability that is spread evenly over all classes. */
  readonly labelSmoothing?: number;
}

/**
 * Mean cross-entropy between targets and softmax(logits), in nats.
 *
 *   loss = −(1/N) Σₙ log softmax(logitsₙ)[targetₙ]
 *
 * @param logits - Unnormalised log-probabilities, `[C]`, `[N, C]` or `[N, C, d₁, …]`, floating.
 * @param target - Class indices in [0, C), int64, of the shape of `logits` without the classes; or probabilities of the
 *   shape of `logits`.
 * @throws {ShapeError} if the shapes do not fit.  @throws {GuardError} if a target is outside [0, C).
 * @see torch.nn.functional.cross_entropy; Goodfellow, Bengio, Courville, Deep Learning (2016), §6.2.2.3
 */
export function crossEntropy(logits: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { labelSmoothing = 0, weight = null, ignoreIndex = -100, reduction = "mean" } = options;
  const classDim = logits.ndim === 1 ? 0 : 1;
  const logProbabilities = logSoftmax(logits, classDim);
  if (target.isFloatingPoint()) return softTargets(logProbabilities, target, classDim, options);
  const hard = nllLoss(logProbabilities, target, options);
  if (labelSmoothing === 0) return hard;
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) throw new ArgumentError(`crossEntropy: expected labelSmoothing in [0, 1], got ${String(labelSmoothing)}`);
  const classCount = logits.shape[classDim] ?? 1;
  const counts = target.ne(ignoreIndex);
  const spread = logProbabilities.neg().mul(classWeights(weight, logits, classDim)).sum({ dim: classDim });
  const smooth = where(counts, spread, 0);
  const divisor = weight === null ? counts.to(logits.dtype) : reshape(indexSelect(weight, 0, flatten(where(counts, target, 0).to(target.dtype))), target.shape).mul(counts);
  const uniform = reduction === "none" ? smooth : reduction === "sum" ? smooth.sum() : smooth.sum().div(divisor.sum());
  return hard.mul(1 - labelSmoothing).add(uniform.mul(labelSmoothing / classCount));
}

/** Class weights shaped to multiply logits. */
const classWeights = (weight: Tensor | null, logits: Tensor, classDim: number): Tensor | number =>
  weight === null ? 1 : reshape(weight, logits.shape.map((_, d) => (d === classDim ? -1 : 1)));

function softTargets(logProbabilities: Tensor, target: Tensor, classDim: number, { labelSmoothing = 0, weight = null, reduction = "mean" }: CrossEntropyOptions): Tensor {
  if (!sameShape(target.shape, logProbabilities.shape)) {
    throw new ShapeError(`crossEntropy: expected target probabilities of the logits' shape ${showShape(logProbabilities.shape)}, got ${showShape(target.shape)}`);
  }
  const classCount = target.shape[classDim] ?? 1;
  const smoothed = labelSmoothing === 0 ? target : target.mul(1 - labelSmoothing).add(labelSmoothing / classCount);
  const losses = logProbabilities.mul(smoothed).mul(classWeights(weight, logProbabilities, classDim)).sum({ dim: classDim }).neg();
  // The mean is over targets, not over classes.
  return reduction === "none" ? losses : reduction === "sum" ? losses.sum() : losses.sum().div(target.numel() / classCount);
}

export interface WeightedLossOptions extends LossOptions {
  readonly weight?: Tensor | null;
}

/**
 * Binary cross-entropy of probabilities: −(y log p + (1 − y) log(1 − p)), each logarithm at least −100.
 *
 * @see torch.nn.functional.binary_cross_entropy
 */
export function binaryCrossEntropy(input: Tensor, target: Tensor, options: WeightedLossOptions = {}): Tensor {
  checkSameShapes("binaryCrossEntropy", input, target);
  const losses = elementwiseOps.binaryCrossEntropy.call([input, target]);
  const weighted = options.weight === undefined || options.weight === null ? losses : losses.mul(options.weight);
  return reduced("binaryCrossEntropy", weighted, options.reduction);
}

export interface BceWithLogitsOptions extends WeightedLossOptions {
  /** A weight for positive examples of each class. */
  readonly posWeight?: Tensor | null;
}

/**
 * Binary cross-entropy of logits, as max(x, 0) − x y + log(1 + e^−|x|): finite for every finite x.
 *
 * @see torch.nn.functional.binary_cross_entropy_with_logits
 */
export function binaryCrossEntropyWithLogits(input: Tensor, target: Tensor, options: BceWithLogitsOptions = {}): Tensor {
  checkSameShapes("binaryCrossEntropyWithLogits", input, target);
  const { posWeight = null, weight = null, reduction } = options;
  // (1 − y) x + (1 + (p − 1) y) · log(1 + e^−x)
  const softplusOfNegative = input.neg().softplus();
  const losses =
    posWeight === null
      ? onesLike(target).sub(target).mul(input).add(softplusOfNegative)
      : onesLike(target).sub(target).mul(input).add(posWeight.sub(1).mul(target).add(1).mul(softplusOfNegative));
  return reduced("binaryCrossEntropyWithLogits", weight === null ? losses : losses.mul(weight), reduction);
}

function checkSameShapes(op: string, input: Tensor, target: Tensor): void {
  if (!sameShape(input.shape, target.shape)) throw new ShapeError(`${op}: expected a target of the input's shape ${showShape(input.shape)}, got ${showShape(target.shape)}`);
}

