import type { Expr } from "@gradus/kernel-ir";
import { ArgumentError, DTypeError, ShapeError } from "../errors.js";
import { ElementwiseOp } from "../kernels/elementwise.js";
import type { Chosen } from "../kernels/elementwise-function.js";
import { choosing, unary } from "../kernels/elementwise-function.js";
import { optionsOf } from "../options.js";
import type { Options } from "../options.js";
import type { Generator } from "../random/generator.js";
import { resolveDim, showShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { fromValues, toDType } from "./copy.js";
import { expm1Of } from "./elementwise/stable.js";
import type { K } from "./elementwise/notation.js";
import { float, numbers, one, zero } from "./elementwise/notation.js";
import { defaultGenerator } from "../random/default-generator.js";
import { softmax, SoftmaxOptions } from "./softmax.js";
import { narrow, reshape } from "./view.js";
import { add, div, log, neg, sub } from "./elementwise.js";
import { max } from "./reduce.js";
import { scatter } from "./index-ops.js";
import { newZeros } from "../create.js";

/**
 * Activations of `torch.nn.functional` that are no methods of tensors. Where a slope changes at a bound, the derivative there
 * is PyTorch's.
 */
/** 1 / (1 + e⁻ˣ), without overflow. */
const logistic = (k: K, x: Expr): Expr => {
  const negative = k.lt(x, zero(k, x));
  const power = k.exp(k.select(negative, x, k.neg(x)));
  return k.div(k.select(negative, power, one(k, x)), k.add(one(k, x), power));
};
/** log(1 + eˣ), without overflow. */
const softplusOf = (k: K, x: Expr): Expr => k.add(k.max(x, zero(k, x)), k.log(k.add(one(k, x), k.exp(k.neg(k.abs(x))))));
/** eˣ − 1 for x ≤ 0. What is tiny stays as it is, also where a device loses what is below the smallest normal number. */
const exponentialBelow = (k: K, x: Expr): Expr => {
  const below = k.min(x, zero(k, x));
  return k.select(k.lt(k.like(-(2 ** -54), x), below), below, expm1Of(k, below));
};
/** x above 0, alpha (e^(x/width) − 1) below. */
const exponentialLinear = (k: K, x: Expr, alpha: Expr, width: Expr): Expr => k.select(k.gt(x, zero(k, x)), x, k.mul(alpha, exponentialBelow(k, k.div(x, width))));
/** Its derivative, whose own derivative at 0 is 0. */
const exponentialLinearSlope = (k: K, g: Expr, x: Expr, alpha: Expr, width: Expr): Expr =>
  k.select(k.gt(x, zero(k, x)), g, k.mul(g, k.mul(k.div(alpha, width), k.exp(k.div(k.select(k.le(zero(k, x), x), zero(k, x), x), width)))));
/** g where low < x < high, else 0: where x is not a number, too. */
const within = (k: K, g: Expr, x: Expr, low: Expr, high: Expr): Expr => k.select(k.and(k.lt(low, x), k.lt(x, high)), g, zero(k, g));

/** g where |x| > bound, else 0. */
const beyond = (k: K, g: Expr, _: Expr, x: Expr, bound: Expr): Expr => k.select(k.gt(k.abs(x), bound), g, zero(k, g));

/** The constants with which activations keep mean 0 and variance 1. */
const [seluAlpha, seluScale] = [1.6732632423543772, 1.0507009873554805];

export const activationOps = {
  hardtanh: new ElementwiseOp("hardtanh", 3, (k, x, low, high) => k.min(k.max(x, low), high), { ...numbers, derivatives: [(k, g, _, x, low, high) => within(k, g, x, low, high), null, null] }),
  relu6: new ElementwiseOp("relu6", 1, (k, x) => k.min(k.max(x, zero(k, x)), k.like(6, x)), { ...numbers, derivatives: [(k, g, _, x) => within(k, g, x, zero(k, x), k.like(6, x))] }),
  // min(max(x + 3, 0), 6) / 6
  hardsigmoid: new ElementwiseOp("hardsigmoid", 1, (k, x) => k.div(k.min(k.max(k.add(x, k.like(3, x)), zero(k, x)), k.like(6, x)), k.like(6, x)), {
    ...float,
    derivatives: [(k, g, _, x) => within(k, k.div(g, k.like(6, g)), x, k.like(-3, x), k.like(3, x))],
  }),
  // x · min(max(x + 3, 0), 6) / 6
  hardswish: new ElementwiseOp("hardswish", 1, (k, x) => k.div(k.mul(x, k.min(k.max(k.add(x, k.like(3, x)), zero(k, x)), k.like(6, x))), k.like(6, x)), {
    ...float,
    derivatives: [(k, g, _, x) => k.select(k.lt(x, k.like(-3, x)), zero(k, g), k.select(k.le(x, k.like(3, x)), k.mul(g, k.add(k.div(x, k.like(3, x)), k.like(0.5, x))), g))],
  }),
  hardshrink: new ElementwiseOp("hardshrink", 2, (k, x, bound) => k.select(k.le(k.abs(x), bound), zero(k, x), x), { ...float, derivatives: [beyond, null] }),
  // x − bound above, x + bound below, and 0 between, as of NaN
  softshrink: new ElementwiseOp("softshrink", 2, (k, x, bound) => k.select(k.gt(x, bound), k.sub(x, bound), k.select(k.lt(x, k.neg(bound)), k.add(x, bound), zero(k, x))), {
    ...float,
    derivatives: [beyond, null],
  }),
  tanhshrink: new ElementwiseOp("tanhshrink", 1, (k, x) => k.sub(x, k.tanh(x)), {
    ...float,
    // 1 − (1 − tanh²)
    derivatives: [(k, g, _, x) => k.mul(g, k.mul(k.tanh(x), k.tanh(x)))],
  }),
  softsign: new ElementwiseOp("softsign", 1, (k, x) => k.div(x, k.add(one(k, x), k.abs(x))), float),
  // −log(1 + e⁻ˣ)
  logsigmoid: new ElementwiseOp("logsigmoid", 1, (k, x) => k.neg(softplusOf(k, k.neg(x))), { ...float, derivatives: [(k, g, _, x) => k.mul(g, logistic(k, k.neg(x)))] }),
  mish: new ElementwiseOp("mish", 1, (k, x) => k.mul(x, k.tanh(softplusOf(k, x))), {
    ...float,
    // t + x σ(x) (1 − t²) with t = tanh(softplus(x))
    derivatives: [(k, g, _, x) => {
      const t = k.tanh(softplusOf(k, x));
      return k.mul(g, k.add(t, k.mul(k.mul(x, logistic(k, x)), k.sub(one(k, t), k.mul(t, t)))));
    }],
  }),
  elu: new ElementwiseOp("elu", 2, (k, x, alpha) => exponentialLinear(k, x, alpha, one(k, x)), { ...float, derivatives: [(k, g, _, x, alpha) => exponentialLinearSlope(k, g, x, alpha, one(k, x)), null] }),
  celu: new ElementwiseOp("celu", 2, (k, x, alpha) => exponentialLinear(k, x, alpha, alpha), { ...float, derivatives: [(k, g, _, x, alpha) => exponentialLinearSlope(k, g, x, alpha, alpha), null] }),
  selu: new ElementwiseOp("selu", 1, (k, x) => k.mul(k.like(seluScale, x), exponentialLinear(k, x, k.like(seluAlpha, x), one(k, x))), {
    ...float,
    derivatives: [(k, g, _, x) => exponentialLinearSlope(k, k.mul(g, k.like(seluScale, g)), x, k.like(seluAlpha, x), one(k, x))],
  }),
  prelu: new ElementwiseOp("prelu", 2, (k, x, weight) => k.select(k.gt(x, zero(k, x)), x, k.mul(weight, x)), float),
  // a σ(b)
  glu: new ElementwiseOp("glu", 2, (k, a, b) => k.mul(a, logistic(k, b)), {
    ...float,
    derivatives: [
      (k, g, _, __, b) => k.mul(g, logistic(k, b)),
      (k, g, _, a, b) => k.mul(k.mul(g, a), k.mul(logistic(k, b), logistic(k, k.neg(b)))),
    ],
  }),
  threshold: new ElementwiseOp("threshold", 3, (k, x, bound, value) => k.select(k.le(x, bound), value, x), { ...numbers, derivatives: [(k, g, _, x, bound) => k.select(k.le(x, bound), zero(k, g), g), null, null] }),
};

const ops = activationOps;

/** min(max(x, 0), 6). @see torch.nn.functional.relu6 */
export const relu6 = unary(ops.relu6);
/** min(max(x + 3, 0), 6) / 6. @see torch.nn.functional.hardsigmoid */
export const hardsigmoid = unary(ops.hardsigmoid);
/** x · min(max(x + 3, 0), 6) / 6. @see torch.nn.functional.hardswish */
export const hardswish = unary(ops.hardswish);
/** x − tanh x. @see torch.nn.functional.tanhshrink */
export const tanhshrink = unary(ops.tanhshrink);
/** x / (1 + |x|). @see torch.nn.functional.softsign */
export const softsign = unary(ops.softsign);
/** log σ(x) = −log(1 + e⁻ˣ). @see torch.nn.functional.logsigmoid */
export const logsigmoid = unary(ops.logsigmoid);
/** x tanh(log(1 + eˣ)). @see torch.nn.functional.mish */
export const mish = unary(ops.mish);
/** scale · (max(x, 0) + min(α (eˣ − 1), 0)), whose constants keep mean 0 and variance 1. @see torch.nn.functional.selu */
export const selu = unary(ops.selu);

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
export const hardtanh = choosing("hardtanh", (op, x: Tensor, options?: HardtanhOptions): Chosen => {
  const { minVal = -1, maxVal = 1 } = optionsOf(op, HardtanhOptions, options);
  return [ops.hardtanh, x, numberOf(x, minVal), numberOf(x, maxVal)];
});

export const ShrinkOptions = class {
  /** 0.5 by default. */
  readonly lambd?: number;
};
export type ShrinkOptions = Options<typeof ShrinkOptions>;

/** x where |x| > lambd, else 0. @see torch.nn.functional.hardshrink */
export const hardshrink = choosing("hardshrink", (op, x: Tensor, options?: ShrinkOptions): Chosen => [ops.hardshrink, x, optionsOf(op, ShrinkOptions, options).lambd ?? 0.5]);
/** x moved towards 0 by lambd, and 0 where it would pass it. @see torch.nn.functional.softshrink */
export const softshrink = choosing("softshrink", (op, x: Tensor, options?: ShrinkOptions): Chosen => {
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
export const elu = choosing("elu", (op, x: Tensor, options?: EluOptions): Chosen => [ops.elu, x, optionsOf(op, EluOptions, options).alpha ?? 1]);
/** x where x > 0, else α (e^(x/α) − 1): `elu` with a slope that does not jump. @see torch.nn.functional.celu */
export const celu = choosing("celu", (op, x: Tensor, options?: EluOptions): Chosen => {
  const { alpha = 1 } = optionsOf(op, EluOptions, options);
  if (alpha === 0) throw new ArgumentError(`${op}: expected an alpha other than 0, got 0`);
  return [ops.celu, x, alpha];
});

/** `value` where x ≤ threshold, else x. @see torch.nn.functional.threshold */
export const threshold = choosing("threshold", (_, x: Tensor, bound: number, value: number): Chosen => [ops.threshold, x, numberOf(x, bound), numberOf(x, value)]);

/**
 * x where x > 0, else weight · x, with one weight or one for each channel (dimension 1).
 *
 * @throws {ShapeError} if there are neither one nor as many weights as channels.
 * @see torch.nn.functional.prelu; He et al., Delving deep into rectifiers (2015)
 */
export function prelu(x: Tensor, weight: Tensor): Tensor {
  const count = weight.numel();
  if (weight.ndim > 1) throw new ShapeError(`prelu: expected a weight of one dimension or none, got ${showShape(weight.shape)}`);
  if (count === 1) return ops.prelu.call([x, reshape(weight, [])]);
  const channels = x.ndim === 0 ? 0 : x.ndim === 1 ? 1 : (x.shape[1] ?? 1);
  if (channels !== count) throw new ShapeError(`prelu: expected one weight, or one for each channel of the input ${showShape(x.shape)}, got ${String(count)}`);
  return ops.prelu.call([x, reshape(weight, [count, ...x.shape.slice(2).map(() => 1)])]);
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
  if (!training) return ops.prelu.call([x, (lower + upper) / 2]);
  return ops.prelu.call([x, fromValues(slopes(x, lower, upper, generator), x.dtype, x.shape, x.device)]);
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
  return ops.glu.call([narrow(x, d, 0, size / 2), narrow(x, d, size / 2, size / 2)]);
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
