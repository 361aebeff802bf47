import { ArgumentError, DTypeError, ShapeError } from "../errors.js";
import type { Chosen } from "../kernels/elementwise-function.js";
import { choosing, unary } from "../kernels/elementwise-function.js";
import { optionsOf } from "../options.js";
import type { Options } from "../options.js";
import type { Generator } from "../random/generator.js";
import { resolveDim, showShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { fromValues, toDType } from "./copy.js";
import { defaultGenerator } from "../random/default-generator.js";
import { softmax, SoftmaxOptions } from "./softmax.js";
import { narrow, reshape } from "./view.js";
import { add, div, log, neg, sub } from "./elementwise.js";
import { max } from "./reduce.js";
import { scatter } from "./index-ops.js";
import { newZeros } from "../create.js";
import * as ops from "./formulas/activation.js";
import { apply } from "../kernels/elementwise.js";

/** min(max(x, 0), 6). @see torch.nn.functional.relu6 */
export const relu6 = /* @__PURE__ */ unary(ops.relu6);
/** min(max(x + 3, 0), 6) / 6. @see torch.nn.functional.hardsigmoid */
export const hardsigmoid = /* @__PURE__ */ unary(ops.hardsigmoid);
/** x · min(max(x + 3, 0), 6) / 6. @see torch.nn.functional.hardswish */
export const hardswish = /* @__PURE__ */ unary(ops.hardswish);
/** x − tanh x. @see torch.nn.functional.tanhshrink */
export const tanhshrink = /* @__PURE__ */ unary(ops.tanhshrink);
/** x / (1 + |x|). @see torch.nn.functional.softsign */
export const softsign = /* @__PURE__ */ unary(ops.softsign);
/** log σ(x) = −log(1 + e⁻ˣ). @see torch.nn.functional.logsigmoid */
export const logsigmoid = /* @__PURE__ */ unary(ops.logsigmoid);
/** x tanh(log(1 + eˣ)). @see torch.nn.functional.mish */
export const mish = /* @__PURE__ */ unary(ops.mish);
/** scale · (max(x, 0) + min(α (eˣ − 1), 0)), whose constants keep mean 0 and variance 1. @see torch.nn.functional.selu */
export const selu = /* @__PURE__ */ unary(ops.selu);

export const HardtanhOptions = class {
  /** −1 by default. */
  readonly minVal?: number;
  /** 1 by default. */
  readonly maxVal?: number;
};
export type HardtanhOptions = Options<typeof HardtanhOptions>;

/** A number in the type of `x`: integers stay integers here. */
const numberOf = (x: Tensor, value: number): number => (x.isFloatingPoint() ? value : Math.trunc(value));

/** min(max(x, minVal), maxVal); the gradient at the bounds is 0. @see torch.nn.functional.hardtanh */
export const hardtanh = /* @__PURE__ */ choosing("hardtanh", (op, x: Tensor, options?: HardtanhOptions): Chosen => {
  const { minVal = -1, maxVal = 1 } = optionsOf(op, HardtanhOptions, options);
  return [ops.hardtanh, x, numberOf(x, minVal), numberOf(x, maxVal)];
});

export const ShrinkOptions = class {
  /** 0.5 by default. */
  readonly lambd?: number;
};
export type ShrinkOptions = Options<typeof ShrinkOptions>;

/** x where |x| > lambd, else 0. @see torch.nn.functional.hardshrink */
export const hardshrink = /* @__PURE__ */ choosing("hardshrink", (op, x: Tensor, options?: ShrinkOptions): Chosen => [ops.hardshrink, x, optionsOf(op, ShrinkOptions, options).lambd ?? 0.5]);
/** x moved towards 0 by lambd, and 0 where it would pass it. @see torch.nn.functional.softshrink */
export const softshrink = /* @__PURE__ */ choosing("softshrink", (op, x: Tensor, options?: ShrinkOptions): Chosen => {
  const { lambd = 0.5 } = optionsOf(op, ShrinkOptions, options);
  if (!(lambd >= 0)) throw new ArgumentError(`${op}: expected a lambd of at least 0, got ${String(lambd)}`);
  return [ops.softshrink, x, lambd];
});

export const EluOptions = class {
  /** What −x goes towards. 1 by default. */
  readonly alpha?: number;
};
export type EluOptions = Options<typeof EluOptions>;

/** x where x > 0, else α (eˣ − 1). @see torch.nn.functional.elu */
export const elu = /* @__PURE__ */ choosing("elu", (op, x: Tensor, options?: EluOptions): Chosen => [ops.elu, x, optionsOf(op, EluOptions, options).alpha ?? 1]);
/** x where x > 0, else α (e^(x/α) − 1): `elu` with a slope that does not jump. @see torch.nn.functional.celu */
export const celu = /* @__PURE__ */ choosing("celu", (op, x: Tensor, options?: EluOptions): Chosen => {
  const { alpha = 1 } = optionsOf(op, EluOptions, options);
  if (alpha === 0) throw new ArgumentError(`${op}: expected an alpha other than 0, got 0`);
  return [ops.celu, x, alpha];
});

/** `value` where x ≤ threshold, else x. @see torch.nn.functional.threshold */
export const threshold = /* @__PURE__ */ choosing("threshold", (_, x: Tensor, bound: number, value: number): Chosen => [ops.threshold, x, numberOf(x, bound), numberOf(x, value)]);

/**
 * x where x > 0, else weight · x, with one weight or one for each channel (dimension 1).
 *
 * @throws {ShapeError} if there are neither one nor as many weights as channels.
 * @see torch.nn.functional.prelu; He et al., Delving deep into rectifiers (2015)
 */
export function prelu(x: Tensor, weight: Tensor): Tensor {
  const count = weight.numel();
  if (weight.ndim > 1) throw new ShapeError(`prelu: expected a weight of one dimension or none, got ${showShape(weight.shape)}`);
  if (count === 1) return apply(ops.prelu, [x, reshape(weight, [])]);
  const channels = x.ndim === 0 ? 0 : x.ndim === 1 ? 1 : (x.shape[1] ?? 1);
  if (channels !== count) throw new ShapeError(`prelu: expected one weight, or one for each channel of the input ${showShape(x.shape)}, got ${String(count)}`);
  return apply(ops.prelu, [x, reshape(weight, [count, ...x.shape.slice(2).map(() => 1)])]);
}

export const RreluOptions = class {
  /** Slopes below 0 are drawn between these in training, and are their mean otherwise. 1/8 and 1/3 by default. */
  readonly lower?: number;
  readonly upper?: number;
  readonly training?: boolean;
  readonly generator?: Generator;
};
export type RreluOptions = Options<typeof RreluOptions>;

/**
 * x where x > 0, else x times a slope, drawn for each element in training.
 *
 * @throws {ArgumentError} unless lower ≤ upper.
 * @see torch.nn.functional.rrelu; Xu et al., Empirical evaluation of rectified activations in convolutional network (2015)
 */
export function rrelu(x: Tensor, options?: RreluOptions): Tensor {
  const { lower = 1 / 8, upper = 1 / 3, training = false, generator = defaultGenerator() } = optionsOf("rrelu", RreluOptions, options);
  if (!(lower <= upper)) throw new ArgumentError(`rrelu: expected lower to be at most upper, got ${String(lower)} and ${String(upper)}`);
  if (!x.isFloatingPoint()) throw new DTypeError(`rrelu: expected a floating tensor, got ${x.dtype}; convert it with to("float32")`);
  if (!training) return apply(ops.prelu, [x, (lower + upper) / 2]);
  return apply(ops.prelu, [x, fromValues(slopes(x, lower, upper, generator), x.dtype, x.shape, x.device)]);
}

/** Slopes in row-major order. As in PyTorch only elements that are not positive draw one, where they can be looked at; else all do. */
function slopes(x: Tensor, lower: number, upper: number, generator: Generator): Float64Array {
  x.checkUsable("rrelu");
  const elements = x.device.backend.readSync === undefined ? null : Array.from(x.detach().readSync(), Number);
  const below = elements === null ? x.numel() : elements.filter((value) => value <= 0).length;
  const drawn = generator.uniform(new Float64Array(below), lower, upper);
  if (elements === null) return drawn;
  let next = 0;
  return Float64Array.from(elements, (value) => (value <= 0 ? (drawn[next++] ?? 0) : 1));
}

/**
 * a σ(b), where a and b are the halves of x along a dimension.
 *
 * @throws {ShapeError} if the dimension has an odd size.
 * @see torch.nn.functional.glu; Dauphin et al., Language modeling with gated convolutional networks (2017)
 */
export function glu(x: Tensor, dim = -1): Tensor {
  if (x.ndim === 0) throw new ShapeError("glu: expected a tensor with a dimension to halve, got a scalar");
  const d = resolveDim("glu", dim, x.ndim);
  const size = x.shape[d] ?? 0;
  if (size % 2 !== 0) throw new ShapeError(`glu: expected an even size along dimension ${String(d)}, got ${String(size)} of ${showShape(x.shape)}`);
  return apply(ops.glu, [narrow(x, d, 0, size / 2), narrow(x, d, size / 2, size / 2)]);
}

/** Softmax of −x. @see torch.nn.functional.softmin */
export function softmin(x: Tensor, dim: number, options?: SoftmaxOptions): Tensor {
  const { dtype = x.dtype } = optionsOf("softmin", SoftmaxOptions, options);
  return softmax(neg(toDType(x, dtype)), dim);
}

export const GumbelSoftmaxOptions = class {
  /** The temperature: small ones give vectors that are nearly one-hot. 1 by default. */
  readonly tau?: number;
  /** One-hot vectors, with the gradients of the soft ones. */
  readonly hard?: boolean;
  /** −1 by default. */
  readonly dim?: number;
  readonly generator?: Generator;
};
export type GumbelSoftmaxOptions = Options<typeof GumbelSoftmaxOptions>;

/**
 * Samples from the Gumbel-softmax distribution: softmax((x + g) / τ) with g = −log E of exponential noise E.
 *
 * @see torch.nn.functional.gumbel_softmax; Jang, Gu and Poole, Categorical reparameterization with Gumbel-softmax (2017)
 */
export function gumbelSoftmax(logits: Tensor, options?: GumbelSoftmaxOptions): Tensor {
  const op = "gumbelSoftmax";
  const { tau = 1, hard = false, dim = -1, generator = defaultGenerator() } = optionsOf(op, GumbelSoftmaxOptions, options);
  logits.checkUsable(op);
  if (!logits.isFloatingPoint()) throw new DTypeError(`${op}: expected floating logits, got ${logits.dtype}; convert them with to("float32")`);
  const d = resolveDim(op, dim, logits.ndim);
  const count = logits.numel();
  const drawn = generator.exponential(logits.dtype === "float64" ? new Float64Array(count) : new Float32Array(count));
  const noise = log(fromValues(drawn, logits.dtype, logits.shape, logits.device));
  const soft = softmax(div(sub(logits, noise), tau), d);
  if (!hard) return soft;
  const { indices } = max(soft.detach(), { dim: d, keepdim: true });
  const chosen = scatter(newZeros(soft, soft.shape), d, indices, 1);
  return add(sub(chosen, soft.detach()), soft);
}
