import type { Expr } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import { grad } from "../autograd/backward.js";
import { isGradEnabled } from "../autograd/mode.js";
import { Saved } from "../autograd/op-node.js";
import type { KernelBody, KernelOperand } from "../kernels/kernel-op.js";
import { KernelOp } from "../kernels/kernel-op.js";
import { emptyLike, Rows } from "../kernels/rows.js";
import type { Tensor } from "../tensor.js";
import type { Reduction } from "./loss-reduction.js";
import { record, sum } from "./reduce.js";
import { contiguous, flatten, view } from "./view.js";
import { newOnes } from "../create.js";

/**
 * Cross-entropy of class indices in one kernel: no probabilities are kept, only the logarithm of their sum for each target. The
 * gradient computes them anew.
 */

/** Whether the target counts, and its class. Scalars: the ignored class, and how far its neighbours are apart. */
function targetOf(b: KernelBody, input: number): { readonly counts: Expr; readonly index: Expr; readonly apart: Expr } {
  const index = b.input(input, "int32");
  return { counts: b.k.ne(index, b.scalar(0, "int32")), index, apart: b.scalar(1, "int32") };
}

/** Inputs: logits, logits of class 0, target, weights. Outputs: loss, log Σ exp, weight. */
const forwardKernel = (weighted: boolean): KernelOp => new KernelOp({
  name: "crossEntropy",
  build: (b) => {
    const { k } = b;
    const { counts, index, apart } = targetOf(b, 2);
    b.guard(k.or(k.not(counts), k.and(k.le(k.int(0), index), k.lt(index, b.innerCount()))), "crossEntropy: expected targets that are classes of the logits, or ignoreIndex, got one outside; check the targets", "outer");
    const x = b.input(0, b.compute);
    const top = b.maxBesidesNaN(x);
    const logSum = k.add(k.log(b.sum(k.exp(k.sub(x, top)))), top);
    const zero = k.const(0, b.compute);
    const at = (input: number, distance: Expr): Expr => b.inputAt(input, distance, { when: counts, otherwise: zero });
    const weight = weighted ? at(3, index) : k.select(counts, k.like(1, zero), zero);
    b.store(0, k.select(counts, k.mul(k.sub(logSum, at(1, k.mul(index, apart))), weight), zero), "outer");
    b.store(1, logSum, "outer");
    b.store(2, weight, "outer");
  },
});
const forwardKernels = { plain: /* @__PURE__ */ forwardKernel(false), weighted: /* @__PURE__ */ forwardKernel(true) };

/** Σ losses / Σ weights, and Σ weights. */
const meanKernel = /* @__PURE__ */ new KernelOp({
  name: "crossEntropyMean",
  build: (b) => {
    const total = b.sum(b.input(1, b.compute));
    b.store(0, b.k.div(b.sum(b.input(0, b.compute)), total), "outer");
    b.store(1, total, "outer");
  },
});

/** weight · g / divisor: what the gradient of a row of logits is scaled by. */
const shareKernel = /* @__PURE__ */ new KernelOp({ name: "crossEntropyBackward", build: (b) => { b.store(0, b.k.div(b.k.mul(b.input(0, b.compute), b.input(1, b.compute)), b.input(2, b.compute))); } });

/** softmax(x) · share, and 0 where the share is. Inputs: logits, log Σ exp, share. */
const softmaxKernel = /* @__PURE__ */ new KernelOp({
  name: "crossEntropyBackward",
  build: (b) => {
    const { k } = b;
    const share = b.input(2, b.compute);
    const zero = k.like(0, share);
    b.store(0, k.select(k.eq(share, zero), zero, k.mul(k.exp(k.sub(b.input(0, b.compute), b.input(1, b.compute))), share)), "inner");
  },
});

/** Takes the share away from the target's class. Inputs: share, target. */
const targetKernel = /* @__PURE__ */ new KernelOp({
  name: "crossEntropyBackward",
  build: (b) => {
    const { counts, index, apart } = targetOf(b, 1);
    b.scatter(0, b.k.mul(index, apart), b.input(0), (there, share) => b.k.sub(there, share), counts);
  },
});

/**
 * The loss of targets that were checked.
 *
 * @param composite - The same, made of other ops, for derivatives of derivatives.
 */
export function fusedCrossEntropy(logits: Tensor, classDim: number, target: Tensor, weight: Tensor | null, ignoreIndex: number, reduction: Reduction, composite: (logits: Tensor) => Tensor): Tensor {
  const op = "crossEntropy";
  const { compute } = dtypeInfo[logits.dtype];
  const rows = new Rows(logits.shape, [classDim]);
  const losses = emptyLike(logits, target.shape);
  const [logSums, weights] = [emptyLike(logits, target.shape, compute), emptyLike(logits, target.shape, compute)];
  const apart = logits.layout.strides[classDim] ?? 0;
  const first: KernelOperand = { ...rows.over(logits), strides: [...rows.kept.map((d) => logits.layout.strides[d] ?? 0), 0] };
  const table = weight === null ? [] : [((own: Tensor): KernelOperand => ({ storage: own.elements, offset: own.layout.offset, strides: rows.space.outer.concat(0).map(() => 0) }))(contiguous(weight.detach()))];
  (weight === null ? forwardKernels.plain : forwardKernels.weighted).run(
    logits.device,
    rows.space,
    [rows.over(logits), first, rows.perRow(target), ...table],
    [rows.perRow(losses), rows.perRow(logSums), rows.perRow(weights)],
    compute,
    [ignoreIndex, apart],
  );
  const { result, divisor } = reduced(losses, weights, reduction);
  record(op, [logits], [result], () => {
    const [savedLogits, savedTarget] = [new Saved(op, logits), new Saved(op, target)];
    return ([g]) => {
      if (g === null || g === undefined) return [null];
      return [(): Tensor | null => {
        const x = savedLogits.value;
        if (isGradEnabled()) {
          const alias = view(x, x.shape);
          return grad(composite(alias), [alias], { gradOutputs: [g], createGraph: true })[0];
        }
        const [dx, share] = [emptyLike(x, x.shape), emptyLike(x, target.shape, compute)];
        const everywhere = (t: Tensor): KernelOperand => ({ storage: t.elements, offset: t.layout.offset, strides: [...rows.kept.map(() => 0), 0] });
        const perTarget = { outer: rows.space.outer, inner: [1] };
        const one = newOnes(g, []);
        shareKernel.run(g.device, perTarget, [rows.perRow(weights), reduction === "none" ? rows.perRow(g) : everywhere(g), everywhere(divisor ?? one)], [rows.perRow(share)], compute, []);
        softmaxKernel.run(g.device, rows.space, [rows.over(x), rows.perRow(logSums), rows.perRow(share)], [rows.over(dx)], compute, []);
        const start: KernelOperand = { ...rows.over(dx), strides: [...rows.kept.map((d) => dx.layout.strides[d] ?? 0), 0] };
        targetKernel.run(g.device, perTarget, [rows.perRow(share), rows.perRow(savedTarget.value)], [start], compute, [ignoreIndex, dx.layout.strides[classDim] ?? 0]);
        return dx;
      }];
    };
  });
  return result;
}

function reduced(losses: Tensor, weights: Tensor, reduction: Reduction): { readonly result: Tensor; readonly divisor: Tensor | null } {
  if (reduction === "none") return { result: losses, divisor: null };
  if (reduction === "sum") return { result: sum(losses), divisor: null };
  const rows = new Rows([losses.numel()], [0]);
  const [result, divisor] = [emptyLike(losses, []), emptyLike(weights, [])];
  meanKernel.run(losses.device, rows.space, [rows.over(flatten(losses)), rows.over(flatten(weights))], [rows.perRow(result), rows.perRow(divisor)], dtypeInfo[losses.dtype].compute, []);
  return { result, divisor };
}
