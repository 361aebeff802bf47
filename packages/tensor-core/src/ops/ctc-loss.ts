import { ArgumentError, DTypeError, ShapeError } from "../errors.js";
import { fullLike, tensor } from "../create.js";
import { ElementwiseOp } from "../kernels/elementwise-op.js";
import { joinOptions, optionsOf } from "../options.js";
import type { Options } from "../options.js";
import { showShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { add, div, eq, exp, logicalAnd, ne, neg, sub, where } from "./elementwise.js";
import { gather } from "./index-ops.js";
import { cat, stack, unbind } from "./join.js";
import { LossOptions, reducerOf } from "./loss-reduction.js";
import { checkFloating, checkTogether } from "./operands.js";
import { pad } from "./pad.js";
import { expand, narrow, reshape, select, unsqueeze } from "./view.js";
import { toDType } from "./copy.js";
import { sum } from "./reduce.js";
import { apply } from "../kernels/elementwise.js";

export const CtcLossOptions = /* @__PURE__ */ joinOptions(class {
  /** The class of the blank. 0 by default. */
  readonly blank?: number;
  /** Count losses that are infinite, because a target is longer than its input, as 0. */
  readonly zeroInfinity?: boolean;
}, LossOptions);
export type CtcLossOptions = Options<typeof CtcLossOptions>;

/** log(eᵃ + eᵇ + eᶜ), also of infinities: a share of nothing is no gradient. */
const logSumOfThree = /* @__PURE__ */ new ElementwiseOp("logSumExp", 3, (k, a, b, c) => {
  const top = k.max(k.max(a, b), c);
  const shift = k.select(k.eq(k.abs(top), k.like(Infinity, top)), k.like(0, top), top);
  return k.add(k.log(k.add(k.add(k.exp(k.sub(a, shift)), k.exp(k.sub(b, shift))), k.exp(k.sub(c, shift)))), shift);
}, {
  derivatives: /* @__PURE__ */ [0, 1, 2].map((i) => (k, g, y, ...terms) => {
    const x = terms[i] ?? y;
    return k.select(k.eq(x, k.like(-Infinity, x)), k.like(0, g), k.mul(g, k.exp(k.sub(x, y))));
  }),
});

/** Lengths on the host, where they decide how far the recurrence runs. */
function lengthsOf(name: string, lengths: Tensor | readonly number[], batch: number, most: number): number[] {
  const list = Array.isArray(lengths) ? [...(lengths as readonly number[])] : Array.from((lengths as Tensor).detach().readSync(), Number);
  if (list.length !== batch) throw new ShapeError(`ctcLoss: expected ${name} of ${String(batch)} samples, got ${String(list.length)}`);
  if (list.some((length) => !Number.isInteger(length) || length < 0 || length > most)) throw new ArgumentError(`ctcLoss: expected ${name} between 0 and ${String(most)}, got [${list.join(", ")}]`);
  return list;
}

/**
 * Connectionist temporal classification: −log of the probability of a label sequence, summed over all ways of placing it in a
 * longer input with blanks and repetitions.
 *
 * @param logProbs - Log-probabilities, `[T, N, C]` or `[T, C]`.
 * @param targets - Labels other than the blank, `[N, S]`, or all of them one after the other, `[Σ lengths]`; integers.
 * @param inputLengths - How many of the T steps count, for each sample.  @param targetLengths - How many labels each sample has.
 * @returns The mean of the losses divided by their target lengths, unless `reduction` says otherwise.
 * @remarks As in PyTorch the gradient takes `logProbs` for the result of `logSoftmax`: it contains a term that vanishes there.
 * @throws {ShapeError} if the shapes do not fit.  @throws {ArgumentError} if a length is out of range.
 * @see torch.nn.functional.ctc_loss; Graves et al., Connectionist temporal classification (2006)
 */
export function ctcLoss(logProbs: Tensor, targets: Tensor, inputLengths: Tensor | readonly number[], targetLengths: Tensor | readonly number[], options?: CtcLossOptions): Tensor {
  const op = "ctcLoss";
  const { blank = 0, reduction = "mean", zeroInfinity = false } = optionsOf("ctcLoss", CtcLossOptions, options);
  const reduce = reducerOf(op, reduction);
  checkTogether(op, logProbs, targets);
  checkFloating(op, logProbs);
  if (targets.isFloatingPoint() || targets.dtype === "bool") throw new DTypeError(`${op}: expected integer targets, got ${targets.dtype}; convert them with to("int64")`);
  if (logProbs.ndim !== 2 && logProbs.ndim !== 3) throw new ShapeError(`${op}: expected log-probabilities [T, N, C] or [T, C], got ${showShape(logProbs.shape)}`);
  const isBatch = logProbs.ndim === 3;
  const all = isBatch ? logProbs : unsqueeze(logProbs, 1);
  const [steps = 0, batch = 0, classes = 0] = all.shape;
  if (!Number.isInteger(blank) || blank < 0 || blank >= classes) throw new ArgumentError(`${op}: expected a blank in [0, ${String(classes)}), got ${String(blank)}`);
  const inputs = lengthsOf("inputLengths", inputLengths, batch, steps);
  const lengths = lengthsOf("targetLengths", targetLengths, batch, targets.ndim === 2 ? (targets.shape[1] ?? 0) : targets.numel());
  const labels = labelsOf(op, targets, lengths, batch);
  const losses = negativeLogLikelihood(all, labels, inputs, lengths, blank);
  const finite = zeroInfinity ? where(eq(losses.detach(), Infinity), 0, losses) : losses;
  const result = reduction === "mean" ? div(finite, tensor(lengths.map((length) => Math.max(length, 1)), { dtype: losses.dtype, device: losses.device })) : finite;
  return reduce(isBatch || reduction !== "none" ? result : reshape(result, []));
}

/** The labels as [N, longest], with zeros behind the end of each. */
function labelsOf(op: string, targets: Tensor, lengths: readonly number[], batch: number): Tensor {
  const longest = Math.max(0, ...lengths);
  const whole = toDType(targets, "int64");
  if (targets.ndim === 2) {
    if (targets.shape[0] !== batch) throw new ShapeError(`${op}: expected targets of ${String(batch)} samples, got ${showShape(targets.shape)}`);
    // What stands behind the end need not be a class.
    const counts = tensor(lengths.flatMap((length) => Array.from({ length: longest }, (_, i) => i < length)), { dtype: "bool", device: targets.device, shape: [batch, longest] });
    return where(counts, narrow(whole, 1, 0, longest), 0);
  }
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (targets.ndim !== 1 || targets.numel() !== total) throw new ShapeError(`${op}: expected targets [N, S], or [${String(total)}] for lengths [${lengths.join(", ")}], got ${showShape(targets.shape)}`);
  let start = 0;
  return stack(lengths.map((length) => {
    const own = pad(narrow(whole, 0, start, length), [0, longest - length]);
    start += length;
    return own;
  }));
}

/**
 * α over time: for every sample the probabilities of all prefixes of blank, label, blank, label, …, blank. A place is reached from
 * itself, from the one before, and past a blank between two different labels.
 */
function negativeLogLikelihood(logProbs: Tensor, labels: Tensor, inputs: readonly number[], lengths: readonly number[], blank: number): Tensor {
  const { device } = logProbs;
  const [steps = 0, batch = 0] = logProbs.shape;
  const count = labels.shape[1] ?? 0;
  const places = 2 * count + 1;
  const blanks = fullLike(labels, blank);
  const extended = cat([reshape(stack([blanks, labels], 2), [batch, 2 * count]), tensor(new Array<number>(batch).fill(blank), { dtype: "int64", device, shape: [batch, 1] })], 1);
  const never = (width: number): Tensor => tensor(new Array<number>(batch * width).fill(-Infinity), { dtype: logProbs.dtype, device, shape: [batch, width] });
  /** Whether the place two before may be left for this one: it is a label, and another one. */
  const passes = places > 2 ? pad(logicalAnd(ne(narrow(extended, 1, 2, places - 2), narrow(extended, 1, 0, places - 2)), ne(narrow(extended, 1, 2, places - 2), blank)), [2, 0]) : null;
  const emitted = gather(logProbs, 2, expand(unsqueeze(extended, 0), [steps, batch, places]));
  const hasStep = (t: number): Tensor => tensor(inputs.map((length) => length > t), { device, shape: [batch, 1] });
  const moved = (alpha: Tensor, by: number): Tensor => cat([never(Math.min(by, places)), narrow(alpha, 1, 0, Math.max(places - by, 0))], 1);

  // Before the first step everything is in the first place, from which the first label is one step away.
  let alpha = cat([tensor(new Array<number>(batch).fill(0), { dtype: logProbs.dtype, device, shape: [batch, 1] }), never(places - 1)], 1);
  for (let t = 0; t < steps; t++) {
    const skipped = passes === null ? never(places) : where(passes, moved(alpha, 2), -Infinity);
    const next = add(apply(logSumOfThree, [alpha, moved(alpha, 1), skipped]), select(emitted, 0, t));
    alpha = where(hasStep(t), next, alpha);
  }
  // The end is the last label or the blank behind it.
  const endings = tensor(lengths.flatMap((length) => [2 * length, Math.max(2 * length - 1, 0)]), { dtype: "int64", device, shape: [batch, 2] });
  const [last, before] = unbind(gather(alpha, 1, endings), 1);
  if (last === undefined || before === undefined) throw new Error("internal: two endings were gathered");
  const empty = tensor(lengths.map((length) => length === 0), { device });
  const likelihood = apply(logSumOfThree, [last, where(empty, -Infinity, before), -Infinity]);
  return add(neg(likelihood), normalisation(logProbs, inputs));
}

/** Nothing, with the gradient of Σ exp(logProbs) over the steps that count. */
function normalisation(logProbs: Tensor, inputs: readonly number[]): Tensor {
  const [steps = 0, batch = 0] = logProbs.shape;
  const counts = tensor(Array.from({ length: steps }, (_, t) => inputs.map((length) => length > t)).flat(), { dtype: "bool", device: logProbs.device, shape: [steps, batch, 1] });
  const total = sum(where(counts, exp(logProbs), 0), { dim: [0, 2] });
  return sub(total, total.detach());
}
