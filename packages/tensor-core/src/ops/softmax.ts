import type { DType } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import { Saved } from "../autograd/op-node.js";
import { DTypeError } from "../errors.js";
import { KernelOp } from "../kernels/kernel-op.js";
import { emptyLike, Rows } from "../kernels/rows.js";
import { optionsOf } from "../options.js";
import type { Options } from "../options.js";
import { resolveDim } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { toDType } from "./copy.js";
import { abs, add, eq, exp, log, mul, neg, sub, where } from "./elementwise.js";
import { amax, record, sum } from "./reduce.js";
import { squeeze } from "./view.js";

/** exp(x − max) / Σ exp(x − max): shifted so that the largest exponent is 0. A NaN makes the sum NaN, whatever is taken off. */
const softmaxKernel = /* @__PURE__ */ new KernelOp({
  name: "softmax",
  build: (b) => {
    const { k } = b;
    const x = b.input(0);
    const power = k.exp(k.sub(x, b.maxBesidesNaN(x)));
    b.store(0, k.mul(power, k.div(k.like(1, power), b.sum(power))));
  },
});
/** y (g − Σ g y) */
const softmaxBackwardKernel = /* @__PURE__ */ new KernelOp({
  name: "softmaxBackward",
  build: (b) => {
    const [g, y] = [b.input(0), b.input(1)];
    b.store(0, b.k.mul(y, b.k.sub(g, b.sum(b.k.mul(g, y)))));
  },
});
/** (x − max) − log Σ exp(x − max) */
const logSoftmaxKernel = /* @__PURE__ */ new KernelOp({
  name: "logSoftmax",
  build: (b) => {
    const { k } = b;
    const x = b.input(0);
    const shifted = k.sub(x, b.maxBesidesNaN(x));
    b.store(0, k.sub(shifted, k.log(b.sum(k.exp(shifted)))));
  },
});
/** g − exp(y) Σ g */
const logSoftmaxBackwardKernel = /* @__PURE__ */ new KernelOp({
  name: "logSoftmaxBackward",
  build: (b) => {
    const { k } = b;
    const [g, y] = [b.input(0), b.input(1)];
    b.store(0, k.sub(g, k.mul(k.exp(y), b.sum(g))));
  },
});

/** Runs a kernel whose inputs and only output all have the same shape, row by row along `dim`. */
function alongRows(op: KernelOp, inputs: readonly [Tensor, ...Tensor[]], dim: number): Tensor {
  const [x] = inputs;
  x.checkUsable(op.name);
  const rows = new Rows(x.shape, x.ndim === 0 ? [] : [dim]);
  const result = emptyLike(x, x.shape);
  if (x.numel() > 0) op.run(x.device, rows.space, inputs.map((input) => rows.over(input)), [rows.over(result)], dtypeInfo[x.dtype].compute, []);
  return result;
}

export const SoftmaxOptions = class {
  /** Convert to this type first. */
  readonly dtype?: DType;
};
export type SoftmaxOptions = Options<typeof SoftmaxOptions>;

function floating(op: string, x: Tensor, { dtype }: SoftmaxOptions): Tensor {
  const source = dtype === undefined ? x : toDType(x, dtype);
  if (!source.isFloatingPoint()) throw new DTypeError(`${op}: expected a floating tensor, got ${source.dtype}; pass { dtype: "float32" }`);
  return source;
}

/**
 * Softmax along a dimension: yᵢ = exp(xᵢ) / Σⱼ exp(xⱼ).
 *
 * @see torch.softmax
 * @example
 * softmax(tensor([0, 0]), 0).toArraySync(); // [0.5, 0.5]
 */
export function softmax(x: Tensor, dim: number, options?: SoftmaxOptions): Tensor {
  const source = floating("softmax", x, optionsOf("softmax", SoftmaxOptions, options));
  const d = resolveDim("softmax", dim, x.ndim);
  const y = alongRows(softmaxKernel, [source], d);
  record("softmax", [source], [y], () => {
    const saved = new Saved("softmax", y);
    return ([g]) => [g === null || g === undefined ? null : (): Tensor => softmaxGradient(g, saved.value, d)];
  });
  return y;
}

/** An op of its own, so that it can be differentiated again. */
function softmaxGradient(g: Tensor, y: Tensor, d: number): Tensor {
  const result = alongRows(softmaxBackwardKernel, [g, y], d);
  record("softmaxBackward", [g, y], [result], () => {
    const [savedG, savedY] = [new Saved("softmaxBackward", g), new Saved("softmaxBackward", y)];
    return ([h]) => {
      if (h === null || h === undefined) return [null, null];
      const sumOf = (a: Tensor): Tensor => sum(a, { dim: d, keepdim: true });
      return [
        // The Jacobian is symmetric.
        (): Tensor => softmaxGradient(h, savedY.value, d),
        // r = y g − y Σ g y, so ∂/∂y: h (g − Σ g y) − g Σ h y
        (): Tensor => {
          const [G, Y] = [savedG.value, savedY.value];
          return sub(mul(h, sub(G, sumOf(mul(G, Y)))), mul(G, sumOf(mul(h, Y))));
        },
      ];
    };
  });
  return result;
}

/**
 * Logarithm of the softmax along a dimension, finite for logits up to the largest float.
 *
 * @see torch.log_softmax
 */
export function logSoftmax(x: Tensor, dim: number, options?: SoftmaxOptions): Tensor {
  const source = floating("logSoftmax", x, optionsOf("logSoftmax", SoftmaxOptions, options));
  const d = resolveDim("logSoftmax", dim, x.ndim);
  const y = alongRows(logSoftmaxKernel, [source], d);
  record("logSoftmax", [source], [y], () => {
    const saved = new Saved("logSoftmax", y);
    return ([g]) => [g === null || g === undefined ? null : (): Tensor => logSoftmaxGradient(g, saved.value, d)];
  });
  return y;
}

function logSoftmaxGradient(g: Tensor, y: Tensor, d: number): Tensor {
  const result = alongRows(logSoftmaxBackwardKernel, [g, y], d);
  record("logSoftmaxBackward", [g, y], [result], () => {
    const [savedG, savedY] = [new Saved("logSoftmaxBackward", g), new Saved("logSoftmaxBackward", y)];
    return ([h]) => {
      if (h === null || h === undefined) return [null, null];
      const sumOf = (a: Tensor): Tensor => sum(a, { dim: d, keepdim: true });
      // r = g − eʸ Σ g
      return [
        (): Tensor => sub(h, sumOf(mul(h, exp(savedY.value)))),
        (): Tensor => neg(mul(mul(h, exp(savedY.value)), sumOf(savedG.value))),
      ];
    };
  });
  return result;
}

/** log Σ exp(x) over dimensions, without overflow. @see torch.logsumexp */
export function logsumexp(input: Tensor, options: { readonly dim: number | readonly number[]; readonly keepdim?: boolean }): Tensor {
  const x = input.isFloatingPoint() ? input : toDType(input, "float32");
  const top = amax(x.detach(), { dim: options.dim, keepdim: true });
  // Where the maximum is infinite, shifting by it would give NaN.
  const shift = where(eq(abs(top), Infinity), 0, top);
  const result = add(log(sum(exp(sub(x, shift)), { dim: options.dim, keepdim: true })), shift);
  return options.keepdim === true ? result : squeeze(result, options.dim);
}
