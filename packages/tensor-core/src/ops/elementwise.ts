import type { Expr } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import { canReadAtOnce } from "../awaited-reads.js";
import type { Operand } from "../kernels/elementwise.js";
import type { ElementwiseOptions } from "../kernels/elementwise.js";
import { ElementwiseOp } from "../kernels/elementwise.js";
import type { Chosen, ElementwiseFunction } from "../kernels/elementwise-function.js";
import { binary, choosing, unary } from "../kernels/elementwise-function.js";
import { ArgumentError, DeviceError, DTypeError, ShapeError } from "../errors.js";
import { optionsOf } from "../options.js";
import type { Options } from "../options.js";
import { broadcastShapes, sameShape, showShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { activationOps } from "./activation.js";
import { lossOps } from "./loss-formulas.js";
import { checkSameDevice } from "../tensor.js";
import { all } from "./reduce.js";
import { checkAlpha, checkSubtraction, checkTensors, factorFor, ofTensorAnd, ofTensors } from "./operand-rules.js";
import { exponentialOps } from "./elementwise/exponential.js";
import { integerOps } from "./elementwise/integer.js";
import type { K } from "./elementwise/notation.js";
import { bool, float, half, isFloat, logistic, numbers, one, zero } from "./elementwise/notation.js";
import { representationOps } from "./elementwise/representation.js";
import { trigonometryOps } from "./elementwise/trigonometry.js";
import { toDType } from "./copy.js";

export * from "./elementwise/exponential.js";
export * from "./elementwise/integer.js";
export * from "./elementwise/representation.js";
export * from "./elementwise/trigonometry.js";

/**
 * The elementwise ops: one line of mathematics each. Broadcasting, promotion, in-place forms and gradients of every order
 * follow from the formula (`kernels/elementwise.ts`); a derivative stands here only where it is more exact or cheaper than
 * what the rules of `kernels/adjoint.ts` would make of the formula.
 */
/** The same where it will be differentiated: nothing in it overflows, so that no derivative is Infinity · 0. */
const smoothLogistic = (k: K, x: Expr): Expr => {
  const negative = k.lt(x, zero(k, x));
  const power = k.exp(k.select(negative, x, k.neg(x)));
  return k.div(k.select(negative, power, one(k, x)), k.add(one(k, x), power));
};

/** Every op by name, for tests that run through all of them. */
export const elementwiseOps = {
  ...exponentialOps,
  ...trigonometryOps,
  ...representationOps,
  ...integerOps,

  // One argument
  neg: new ElementwiseOp("neg", 1, (k, x) => k.neg(x), numbers),
  abs: new ElementwiseOp("abs", 1, (k, x) => k.abs(x), numbers),
  sign: new ElementwiseOp("sign", 1, signOf, { derivatives: [null] }),
  sgn: new ElementwiseOp("sgn", 1, signOf, { derivatives: [null] }),
  square: new ElementwiseOp("square", 1, (k, x) => k.mul(x, x), { type: "number" }),
  reciprocal: new ElementwiseOp("reciprocal", 1, (k, x) => k.div(one(k, x), x), { ...float, derivatives: [(k, g, y) => k.neg(k.mul(g, k.mul(y, y)))] }),
  sqrt: new ElementwiseOp("sqrt", 1, (k, x) => k.sqrt(x), float),
  rsqrt: new ElementwiseOp("rsqrt", 1, (k, x) => k.div(one(k, x), k.sqrt(x)), {
    ...float,
    // −½ x^(−3/2) = −½ y³
    derivatives: [(k, g, y) => k.mul(k.like(-0.5, g), k.mul(g, k.mul(y, k.mul(y, y))))],
  }),
  /** √x, whose gradient at 0 is 0: for variances. */
  std: new ElementwiseOp("std", 1, (k, x) => k.sqrt(x), { ...float, derivatives: [(k, g, y) => k.select(k.eq(y, zero(k, y)), zero(k, g), k.div(g, k.add(y, y)))] }),
  exp: new ElementwiseOp("exp", 1, (k, x) => k.exp(x), float),
  log: new ElementwiseOp("log", 1, (k, x) => k.log(x), float),
  sin: new ElementwiseOp("sin", 1, (k, x) => k.sin(x), float),
  cos: new ElementwiseOp("cos", 1, (k, x) => k.cos(x), float),
  tanh: new ElementwiseOp("tanh", 1, (k, x) => k.tanh(x), float),
  erf: new ElementwiseOp("erf", 1, (k, x) => k.erf(x), float),
  floor: new ElementwiseOp("floor", 1, (k, x) => (isFloat(x) ? k.floor(x) : x), numbers),
  ceil: new ElementwiseOp("ceil", 1, (k, x) => (isFloat(x) ? k.ceil(x) : x), numbers),
  round: new ElementwiseOp("round", 1, (k, x) => (isFloat(x) ? k.round(x) : x), numbers),
  trunc: new ElementwiseOp("trunc", 1, (k, x) => (isFloat(x) ? k.trunc(x) : x), numbers),
  /** The nearest multiple of 1 / scale, and that of scale: for digits after the point, and before it. */
  roundAfterPoint: new ElementwiseOp("round", 2, (k, x, scale) => k.div(k.round(k.mul(x, scale)), scale), { ...float, derivatives: [null, null] }),
  roundBeforePoint: new ElementwiseOp("round", 2, (k, x, scale) => k.mul(k.round(k.div(x, scale)), scale), { ...float, derivatives: [null, null] }),
  isnan: new ElementwiseOp("isnan", 1, (k, x) => k.isNaN(x), bool),
  logicalNot: new ElementwiseOp("logicalNot", 1, (k, x) => k.eq(x, zero(k, x)), bool),
  clone: new ElementwiseOp("clone", 1, (_, x) => x),

  // Activations
  relu: new ElementwiseOp("relu", 1, (k, x) => k.max(x, zero(k, x)), { ...numbers, derivatives: [(k, g, y) => k.select(k.le(y, zero(k, y)), zero(k, g), g)] }),
  sigmoid: new ElementwiseOp("sigmoid", 1, logistic, { ...float, derivatives: [(k, g, y) => k.mul(g, k.mul(y, k.sub(one(k, y), y)))] }),
  // x · ½(1 + erf(x/√2))
  gelu: new ElementwiseOp("gelu", 1, (k, x) => k.mul(k.mul(x, half(k, x)), k.add(one(k, x), k.erf(k.mul(x, k.like(Math.SQRT1_2, x))))), {
    ...float,
    // Φ(x) + x φ(x)
    derivatives: [(k, g, _, x) => {
      const cdf = k.mul(half(k, x), k.add(one(k, x), k.erf(k.mul(x, k.like(Math.SQRT1_2, x)))));
      const pdf = k.mul(k.like(1 / Math.sqrt(2 * Math.PI), x), k.exp(k.mul(k.like(-0.5, x), k.mul(x, x))));
      return k.mul(g, k.add(cdf, k.mul(x, pdf)));
    }],
  }),
  // ½ x (1 + tanh(√(2/π) (x + 0.044715 x³)))
  geluTanh: new ElementwiseOp("gelu", 1, (k, x) => {
    const inner = k.mul(k.like(Math.sqrt(2 / Math.PI), x), k.add(x, k.mul(k.like(0.044715, x), k.mul(x, k.mul(x, x)))));
    return k.mul(k.mul(half(k, x), x), k.add(one(k, x), k.tanh(inner)));
  }, float),
  silu: new ElementwiseOp("silu", 1, (k, x) => k.mul(x, logistic(k, x)), {
    ...float,
    derivatives: [(k, g, _, x) => {
      const s = smoothLogistic(k, x);
      return k.mul(g, k.mul(s, k.add(one(k, x), k.mul(x, k.sub(one(k, x), s)))));
    }],
  }),
  leakyRelu: new ElementwiseOp("leakyRelu", 2, (k, x, slope) => k.select(k.gt(x, zero(k, x)), x, k.mul(x, slope)), numbers),
  // log(1 + eˣ), as max(x, 0) + log(1 + e^−|x|)
  softplus: new ElementwiseOp("softplus", 1, (k, x) => k.add(k.max(x, zero(k, x)), k.log(k.add(one(k, x), k.exp(k.neg(k.abs(x)))))), {
    ...float,
    derivatives: [(k, g, _, x) => k.mul(g, smoothLogistic(k, x))],
  }),
  /** softplus(beta · x) / beta, and x itself where beta · x is above the threshold. */
  softplusScaled: new ElementwiseOp("softplus", 3, (k, x, beta, threshold) => {
    const scaled = k.mul(beta, x);
    const smooth = k.add(k.max(scaled, zero(k, x)), k.log(k.add(one(k, x), k.exp(k.neg(k.abs(scaled))))));
    return k.select(k.gt(scaled, threshold), x, k.div(smooth, beta));
  }, {
    ...float,
    derivatives: [(k, g, _, x, beta, threshold) => k.select(k.gt(k.mul(beta, x), threshold), g, k.mul(g, smoothLogistic(k, k.mul(beta, x)))), null, null],
  }),

  ...activationOps,

  // Two arguments
  add: new ElementwiseOp("add", 2, (k, a, b) => (a.dtype === "bool" ? k.or(a, b) : k.add(a, b))),
  sub: new ElementwiseOp("sub", 2, (k, a, b) => k.sub(a, b), numbers),
  mul: new ElementwiseOp("mul", 2, (k, a, b) => (a.dtype === "bool" ? k.and(a, b) : k.mul(a, b))),
  div: new ElementwiseOp("div", 2, (k, a, b) => k.div(a, b), float),
  /** a / b without its fraction. */
  divTrunc: new ElementwiseOp("div", 2, (k, a, b) => (isFloat(a) ? k.trunc(k.div(a, b)) : k.div(a, b)), { ...numbers, derivatives: [null, null] }),
  /** ⌊a / b⌋, as (a − a mod b) / b: the quotient itself may round up to the next integer. */
  divFloor: new ElementwiseOp("div", 2, floorQuotient, { ...numbers, derivatives: [null, null] }),
  pow: new ElementwiseOp("pow", 2, power, numbers),
  maximum: new ElementwiseOp("maximum", 2, largest),
  minimum: new ElementwiseOp("minimum", 2, smallest),
  // a − ⌊a/b⌋·b, with the sign of b
  remainder: new ElementwiseOp("remainder", 2, (k, a, b) => {
    const r = k.rem(a, b);
    const wrong = k.and(k.ne(r, zero(k, r)), k.ne(k.lt(r, zero(k, r)), k.lt(b, zero(k, b))));
    return k.select(wrong, k.add(r, b), r);
  }, numbers),
  /** a − trunc(a/b)·b, with the sign of a */
  fmod: new ElementwiseOp("fmod", 2, (k, a, b) => k.rem(a, b), numbers),
  /** The larger and the smaller, where NaN counts as missing; the first argument has the gradient of a tie. */
  fmax: new ElementwiseOp("fmax", 2, (k, a, b) => (isFloat(a) ? k.select(fmaxTakesFirst(k, a, b), a, b) : largest(k, a, b)), { derivatives: first(fmaxTakesFirst) }),
  fmin: new ElementwiseOp("fmin", 2, (k, a, b) => (isFloat(a) ? k.select(fminTakesFirst(k, a, b), a, b) : smallest(k, a, b)), { derivatives: first(fminTakesFirst) }),
  floatPower: new ElementwiseOp("floatPower", 2, power, { type: "float64" }),
  /** 0 below 0, 1 above, and `value` at 0. */
  heaviside: new ElementwiseOp("heaviside", 2, (k, x, value) => (x.dtype === "bool" ? k.or(x, value) : k.select(k.eq(x, zero(k, x)), value, k.select(k.lt(zero(k, x), x), one(k, x), zero(k, x)))), { derivatives: [null, null] }),
  /** x + value · a · b, and x + value · a / b */
  addcmul: new ElementwiseOp("addcmul", 4, (k, x, a, b, value) => k.add(x, k.mul(k.mul(value, a), b)), numbers),
  addcdiv: new ElementwiseOp("addcdiv", 4, (k, x, a, b, value) => k.add(x, k.div(k.mul(value, a), b)), { accepts: ["float"] }),
  /** a + alpha · b */
  addScaled: new ElementwiseOp("add", 3, (k, a, b, alpha) => k.add(a, k.mul(alpha, b)), numbers),
  /** a − alpha · b */
  subScaled: new ElementwiseOp("sub", 3, (k, a, b, alpha) => k.sub(a, k.mul(alpha, b)), numbers),
  /** a + weight · (b − a) */
  lerp: new ElementwiseOp("lerp", 3, (k, a, b, weight) => k.add(a, k.mul(weight, k.sub(b, a))), numbers),
  /** max(x, low) and min(x, high), where x has the whole gradient of a tie. */
  clampMin: new ElementwiseOp("clampMin", 2, (k, x, low) => (x.dtype === "bool" ? k.or(x, low) : k.max(x, low)), {
    derivatives: [(k, g, _, x, low) => k.select(k.le(low, x), g, zero(k, g)), (k, g, _, x, low) => k.select(k.lt(x, low), g, zero(k, g))],
  }),
  clampMax: new ElementwiseOp("clampMax", 2, (k, x, high) => (x.dtype === "bool" ? k.and(x, high) : k.min(x, high)), {
    derivatives: [(k, g, _, x, high) => k.select(k.le(x, high), g, zero(k, g)), (k, g, _, x, high) => k.select(k.gt(x, high), g, zero(k, g))],
  }),
  /** min(max(x, low), high); the gradient passes where low ≤ x ≤ high. */
  clamp: new ElementwiseOp("clamp", 3, (k, x, low, high) => k.min(k.max(x, low), high), {
    ...numbers,
    derivatives: [
      (k, g, _, x, low, high) => k.select(k.and(k.le(low, x), k.le(x, high)), g, zero(k, g)),
      (k, g, _, x, low, high) => k.select(k.and(k.lt(x, low), k.lt(low, high)), g, zero(k, g)),
      (k, g, _, x, low, high) => k.select(k.or(k.gt(x, high), k.gt(low, high)), g, zero(k, g)),
    ],
  }),

  ...lossOps,

  // Comparisons
  eq: new ElementwiseOp("eq", 2, (k, a, b) => k.eq(a, b), bool),
  ne: new ElementwiseOp("ne", 2, (k, a, b) => k.ne(a, b), bool),
  lt: new ElementwiseOp("lt", 2, (k, a, b) => (a.dtype === "bool" ? k.and(k.not(a), b) : k.lt(a, b)), bool),
  le: new ElementwiseOp("le", 2, (k, a, b) => (a.dtype === "bool" ? k.or(k.not(a), b) : k.le(a, b)), bool),
  gt: new ElementwiseOp("gt", 2, (k, a, b) => (a.dtype === "bool" ? k.and(a, k.not(b)) : k.gt(a, b)), bool),
  ge: new ElementwiseOp("ge", 2, (k, a, b) => (a.dtype === "bool" ? k.or(a, k.not(b)) : k.ge(a, b)), bool),
  logicalAnd: new ElementwiseOp("logicalAnd", 2, (k, a, b) => k.and(k.ne(a, zero(k, a)), k.ne(b, zero(k, b))), bool),
  logicalOr: new ElementwiseOp("logicalOr", 2, (k, a, b) => k.or(k.ne(a, zero(k, a)), k.ne(b, zero(k, b))), bool),
  logicalXor: new ElementwiseOp("logicalXor", 2, (k, a, b) => k.ne(k.ne(a, zero(k, a)), k.ne(b, zero(k, b))), bool),
  /** |a − b| ≤ atol + rtol · |b|, or equal; two infinities are close only if equal. */
  isclose: new ElementwiseOp("isclose", 4, isClose, { type: "bool", accepts: ["float"] }),
  iscloseOrNaN: new ElementwiseOp("isclose", 4, (k, a, b, rtol, atol) => k.or(isClose(k, a, b, rtol, atol), k.and(k.isNaN(a), k.isNaN(b))), { type: "bool", accepts: ["float"] }),

  // Choice
  where: new ElementwiseOp("where", 3, (k, condition, a, b) => k.select(k.cast(condition, "bool"), a, b), { asIs: [0] }),
  copy: new ElementwiseOp("copy", 2, (_, __, source) => source, { type: "first", derivatives: [null, (_, g) => g] }),
} as const;

function isClose(k: K, a: Expr, b: Expr, rtol: Expr, atol: Expr): Expr {
  const allowed = k.add(atol, k.abs(k.mul(rtol, b)));
  const near = k.and(k.lt(k.abs(b), k.like(Infinity, b)), k.le(k.abs(k.sub(a, b)), allowed));
  return k.or(k.eq(a, b), near);
}
function largest(k: K, a: Expr, b: Expr): Expr {
  return a.dtype === "bool" ? k.or(a, b) : k.max(a, b);
}
function smallest(k: K, a: Expr, b: Expr): Expr {
  return a.dtype === "bool" ? k.and(a, b) : k.min(a, b);
}
function fmaxTakesFirst(k: K, a: Expr, b: Expr): Expr {
  return k.or(k.ge(a, b), k.isNaN(b));
}
function fminTakesFirst(k: K, a: Expr, b: Expr): Expr {
  return k.or(k.le(a, b), k.isNaN(b));
}
/** Derivatives of a choice between two: all of the gradient for the one that was taken. */
function first(takesFirst: (k: K, a: Expr, b: Expr) => Expr): NonNullable<ElementwiseOptions["derivatives"]> {
  return [(k, g, _, a, b) => k.select(takesFirst(k, a, b), g, zero(k, g)), (k, g, _, a, b) => k.select(takesFirst(k, a, b), zero(k, g), g)];
}

function signOf(k: K, x: Expr): Expr {
  if (x.dtype === "bool") return x;
  return k.select(k.lt(zero(k, x), x), one(k, x), k.select(k.lt(x, zero(k, x)), k.like(-1, x), zero(k, x)));
}

/** Integer powers multiply; x² and x^½ by floats keep PyTorch's exactness through the general power. */
function power(k: K, a: Expr, b: Expr): Expr {
  if (isFloat(a)) return k.pow(a, b);
  // Square and multiply over the bits of the exponent; a negative exponent gives 0 except for the bases 1 and −1.
  const bits = a.dtype === "int64" ? 63 : 31;
  let result = one(k, a);
  let base = a;
  for (let i = 0; i < bits; i++) {
    const odd = k.ne(k.and(k.ushr(b, k.like(i, b)), one(k, b)), zero(k, b));
    result = k.select(odd, k.mul(result, base), result);
    base = k.mul(base, base);
  }
  const parity = k.ne(k.and(b, one(k, b)), zero(k, b));
  const negative = k.select(k.eq(a, one(k, a)), one(k, a), k.select(k.eq(a, k.like(-1, a)), k.select(parity, k.like(-1, a), one(k, a)), zero(k, a)));
  return k.select(k.lt(b, zero(k, b)), negative, result);
}

function floorQuotient(k: K, a: Expr, b: Expr): Expr {
  const quotient = k.div(a, b);
  const rest = k.rem(a, b);
  const below = k.and(k.ne(rest, zero(k, rest)), k.ne(k.lt(rest, zero(k, rest)), k.lt(b, zero(k, b))));
  if (!isFloat(a)) return k.select(below, k.sub(quotient, one(k, a)), quotient);
  const exact = k.div(k.sub(a, rest), b);
  const whole = k.round(k.select(below, k.sub(exact, one(k, a)), exact));
  // A division by zero has no remainder; and a quotient of zero keeps its sign.
  return k.select(k.or(k.eq(b, zero(k, b)), k.eq(whole, zero(k, a))), k.select(k.eq(b, zero(k, b)), quotient, k.mul(quotient, zero(k, a))), whole);
}

const ops = elementwiseOps;

function comparison(op: ElementwiseOp): ElementwiseFunction<[a: Tensor, b: Operand]> {
  return ofTensorAnd(op, "; exchange the operands");
}

/** −x. @see torch.neg */
export const neg = unary(ops.neg);
/** |x|; the gradient at 0 is 0. @see torch.abs */
export const abs = unary(ops.abs);
/** −1, 0 or 1; NaN gives 0. @see torch.sign */
export const sign = unary(ops.sign);
/** −1, 0 or 1; NaN gives 0. For real numbers the same as sign. @see torch.sgn */
export const sgn = unary(ops.sgn);
/** x²; of bools, int64. @see torch.square */
export const square = unary(ops.square);
/** 1/x. @see torch.reciprocal */
export const reciprocal = unary(ops.reciprocal);
/** √x; NaN below 0. @see torch.sqrt */
export const sqrt = unary(ops.sqrt);
/** 1/√x. @see torch.rsqrt */
export const rsqrt = unary(ops.rsqrt);
/**
 * eˣ. float32 overflows to Infinity above about 88.72. Integers give float32.
 *
 * @see torch.exp
 * @example
 * exp(tensor([0, 1])).toArraySync(); // [1, 2.7182817459106445]
 */
export const exp = unary(ops.exp);
/** Natural logarithm: −Infinity at 0, NaN below. @see torch.log */
export const log = unary(ops.log);
/** sin x, x in radians. @see torch.sin */
export const sin = unary(ops.sin);
/** cos x, x in radians. @see torch.cos */
export const cos = unary(ops.cos);
/** Hyperbolic tangent. @see torch.tanh */
export const tanh = unary(ops.tanh);
/** Error function, 2/√π ∫₀ˣ e^(−t²) dt. @see torch.erf */
export const erf = unary(ops.erf);
/** Largest integer ≤ x. @see torch.floor */
export const floor = unary(ops.floor);
/** Smallest integer ≥ x. @see torch.ceil */
export const ceil = unary(ops.ceil);
export const RoundOptions = class {
  /** Digits to keep after the point; negative ones before it. */
  readonly decimals?: number;
};
export type RoundOptions = Options<typeof RoundOptions>;

/** Nearest integer, ties to even; or the nearest number of so many decimals. @see torch.round */
export const round = choosing("round", (op, x: Tensor, options?: RoundOptions): Chosen => {
  const { decimals = 0 } = optionsOf(op, RoundOptions, options);
  if (decimals === 0) return [ops.round, x];
  return [decimals > 0 ? ops.roundAfterPoint : ops.roundBeforePoint, x, 10 ** Math.abs(decimals)];
});
/** The integer part. @see torch.trunc */
export const trunc = unary(ops.trunc);
/** True where x is NaN. @see torch.isnan */
export const isnan = unary(ops.isnan);
/** True where x is zero. @see torch.logical_not */
export const logicalNot = unary(ops.logicalNot);
/** max(x, 0). @see torch.relu */
export const relu = unary(ops.relu);
/** 1/(1 + e⁻ˣ). @see torch.sigmoid */
export const sigmoid = unary(ops.sigmoid);
export const GeluOptions = class {
  readonly approximate?: "none" | "tanh";
};
export type GeluOptions = Options<typeof GeluOptions>;

/** x Φ(x), with the exact Φ or an approximation by tanh. @see torch.nn.functional.gelu */
export const gelu = choosing("gelu", (op, x: Tensor, options?: GeluOptions): Chosen => {
  const { approximate = "none" } = optionsOf(op, GeluOptions, options);
  switch (approximate) {
    case "none":
      return [ops.gelu, x];
    case "tanh":
      return [ops.geluTanh, x];
    default:
      throw new ArgumentError(`${op}: expected approximate "none" or "tanh", got ${String(approximate)}`);
  }
});
/** x σ(x). @see torch.nn.functional.silu */
export const silu = unary(ops.silu);
export const SoftplusOptions = class {
  /** 1 by default. */
  readonly beta?: number;
  /** Where βx is above it, the result is x. 20 by default. */
  readonly threshold?: number;
};
export type SoftplusOptions = Options<typeof SoftplusOptions>;

/** 1/β · log(1 + e^βx). @see torch.nn.functional.softplus */
export const softplus = choosing("softplus", (op, x: Tensor, options?: SoftplusOptions): Chosen => {
  const { beta = 1, threshold = 20 } = optionsOf(op, SoftplusOptions, options);
  return beta === 1 && threshold === 20 ? [ops.softplus, x] : [ops.softplusScaled, x, beta, threshold];
});
/** x where x > 0, else slope · x. @see torch.nn.functional.leaky_relu */
export const leakyRelu = choosing("leakyRelu", (_, x: Tensor, slope?: number): Chosen => [ops.leakyRelu, x, slope ?? 0.01]);

export const AlphaOptions = class {
  /** What the second operand is multiplied with. */
  readonly alpha?: number | bigint;
};
export type AlphaOptions = Options<typeof AlphaOptions>;

/** a + alpha · b, broadcast. @see torch.add */
export const add = choosing("add", (op, a: Operand, b: Operand, options?: AlphaOptions): Chosen => {
  if (options === undefined) return [ops.add, a, b];
  const { alpha } = optionsOf(op, AlphaOptions, options);
  if (alpha === undefined) return [ops.add, a, b];
  checkAlpha(op, alpha, a, b);
  return [ops.addScaled, a, b, alpha];
});
/** a − alpha · b, broadcast. @throws {DTypeError} if either is bool. @see torch.sub */
export const sub = choosing("sub", (op, a: Operand, b: Operand, options?: AlphaOptions): Chosen => {
  checkSubtraction(op, a, b);
  if (options === undefined) return [ops.sub, a, b];
  const { alpha } = optionsOf(op, AlphaOptions, options);
  if (alpha === undefined) return [ops.sub, a, b];
  checkAlpha(op, alpha, a, b);
  return [ops.subScaled, a, b, alpha];
});

/** a · b, broadcast. @see torch.mul */
export const mul = binary(ops.mul);
/** What becomes of the fraction of a quotient. */
export type RoundingMode = "trunc" | "floor" | null;
export const DivOptions = class {
  /** `trunc` leaves the fraction out, `floor` rounds down; integers stay integers then. */
  readonly roundingMode?: RoundingMode;
};
export type DivOptions = Options<typeof DivOptions>;

/** a / b, broadcast; integers give float32 unless they are rounded. @see torch.div */
export const div = choosing("div", (op, a: Operand, b: Operand, options?: DivOptions): Chosen => [divisionBy(op, optionsOf(op, DivOptions, options).roundingMode ?? null), a, b]);

function divisionBy(op: string, roundingMode: RoundingMode): ElementwiseOp {
  switch (roundingMode) {
    case null:
      return ops.div;
    case "trunc":
      return ops.divTrunc;
    case "floor":
      return ops.divFloor;
    default:
      throw new ArgumentError(`${op}: expected roundingMode "trunc" or "floor", or none, got ${String(roundingMode)}`);
  }
}

/** ⌊a / b⌋, broadcast. @see torch.floor_divide */
export const floorDivide = binary(ops.divFloor);
/** aᵇ, broadcast. @see torch.pow */
export const pow = binary(ops.pow);
/** The larger of two; NaN if either is. @see torch.maximum */
export const maximum = ofTensors(ops.maximum, "; use clampMin for a number");
/** The smaller of two; NaN if either is. @see torch.minimum */
export const minimum = ofTensors(ops.minimum, "; use clampMax for a number");
/** The remainder of a / b with the sign of b. @see torch.remainder */
export const remainder = binary(ops.remainder);
/** The remainder of a / b with the sign of a. @see torch.fmod */
export const fmod = ofTensorAnd(ops.fmod);
/** The larger of two; the other one where either is NaN. @see torch.fmax */
export const fmax = ofTensors(ops.fmax);
/** The smaller of two; the other one where either is NaN. @see torch.fmin */
export const fmin = ofTensors(ops.fmin);
/** aᵇ in float64. @see torch.float_power */
export const floatPower = choosing("floatPower", (op, a: Operand, b: Operand): Chosen => {
  if (op.endsWith("_") && typeof a === "object" && a.dtype !== "float64") throw new DTypeError(`${op}: expected a float64 tensor to write to, got ${a.dtype}; use floatPower, which returns a new tensor`);
  return [ops.floatPower, a, b];
});
/** 0 where x < 0, 1 where x > 0, `values` where x = 0. @throws {DTypeError} if the types differ. @see torch.heaviside */
export const heaviside: ElementwiseFunction<[x: Tensor, values: Tensor]> = choosing("heaviside", (op, x: Tensor, values: Tensor): Chosen => {
  checkTensors(op, [x, values]);
  if (x.dtype !== values.dtype) throw new DTypeError(`${op}: expected tensors of one type, got ${x.dtype} and ${values.dtype}; convert one with to()`);
  return [ops.heaviside, x, values];
});
export const ValueOptions = class {
  /** What the product or quotient is multiplied with; 1 by default. */
  readonly value?: number | bigint;
};
export type ValueOptions = Options<typeof ValueOptions>;

/** x + value · a · b. @see torch.addcmul */
export const addcmul = choosing("addcmul", (op, x: Tensor, a: Tensor, b: Tensor, options?: ValueOptions): Chosen => [ops.addcmul, x, a, b, factorFor(optionsOf(op, ValueOptions, options).value ?? 1, x, a, b)]);
/** x + value · a / b. @throws {DTypeError} for integers. @see torch.addcdiv */
export const addcdiv = choosing("addcdiv", (op, x: Tensor, a: Tensor, b: Tensor, options?: ValueOptions): Chosen => [ops.addcdiv, x, a, b, optionsOf(op, ValueOptions, options).value ?? 1]);
/** a + weight · (b − a). @see torch.lerp */
export const lerp = choosing("lerp", (_, a: Operand, b: Operand, weight: Operand): Chosen => [ops.lerp, a, b, weight]);
export const ClampBounds = class {
  readonly min?: Operand;
  readonly max?: Operand;
};
export type ClampBounds = Options<typeof ClampBounds>;

/** x limited to [min, max]; either may be left out. @throws {ArgumentError} if both are. @see torch.clamp */
export const clamp = choosing("clamp", (op, x: Tensor, bounds?: ClampBounds): Chosen => {
  const { min, max } = optionsOf(op, ClampBounds, bounds);
  checkTensors(op, [x]);
  if (min !== undefined && max !== undefined) return [ops.clamp, x, min, max];
  if (min !== undefined) return [ops.clampMin, x, min];
  if (max !== undefined) return [ops.clampMax, x, max];
  throw new ArgumentError(`${op}: expected min, max or both, got neither`);
});
/** x, but at least `min`. @see torch.clamp_min */
export const clampMin = ofTensorAnd(ops.clampMin);
/** x, but at most `max`. @see torch.clamp_max */
export const clampMax = ofTensorAnd(ops.clampMax);

/** a = b, as bool. @see torch.eq */
export const eq = comparison(ops.eq);
/** a ≠ b, as bool. @see torch.ne */
export const ne = comparison(ops.ne);
/** a < b, as bool. @see torch.lt */
export const lt = comparison(ops.lt);
/** a ≤ b, as bool. @see torch.le */
export const le = comparison(ops.le);
/** a > b, as bool. @see torch.gt */
export const gt = comparison(ops.gt);
/** a ≥ b, as bool. @see torch.ge */
export const ge = comparison(ops.ge);
/** Both are nonzero. @see torch.logical_and */
export const logicalAnd = ofTensors(ops.logicalAnd);
/** Either is nonzero. @see torch.logical_or */
export const logicalOr = ofTensors(ops.logicalOr);
/** Just one of them is nonzero. @see torch.logical_xor */
export const logicalXor = ofTensors(ops.logicalXor);

export const ClosenessOptions = class {
  /** Relative to |b|; 1e-5 by default. */
  readonly rtol?: number;
  /** 1e-8 by default. */
  readonly atol?: number;
  /** Whether two NaN count as close. */
  readonly equalNan?: boolean;
};
export type ClosenessOptions = Options<typeof ClosenessOptions>;

/** |a − b| ≤ atol + rtol · |b|, element by element. @see torch.isclose */
export function isclose(a: Tensor, b: Tensor, options?: ClosenessOptions): Tensor {
  return closeness("isclose", a, b, optionsOf("isclose", ClosenessOptions, options));
}

/**
 * Whether all elements are close. It reads the result at once.
 *
 * @throws {DeviceError} on a device that cannot: there it is `await isclose(a, b).all().item()`.
 * @see torch.allclose
 */
export function allclose(a: Tensor, b: Tensor, options?: ClosenessOptions): boolean {
  checkReadable("allclose", a, "await isclose(a, b).all().item()");
  return Boolean(all(closeness("allclose", a, b, optionsOf("allclose", ClosenessOptions, options))).itemSync());
}

/**
 * Whether two tensors have the same shape and elements. It reads the result at once.
 *
 * @throws {DeviceError} on a device that cannot: there it is `await a.eq(b).all().item()`.
 * @see torch.equal
 */
export function equal(a: Tensor, b: Tensor): boolean {
  checkTensors("equal", [a, b]);
  checkReadable("equal", a, "await a.eq(b).all().item()");
  checkSameDevice("equal", [a, b]);
  return sameShape(a.shape, b.shape) && Boolean(all(ops.eq.call([a.detach(), b.detach()])).itemSync());
}

function closeness(op: string, a: Tensor, b: Tensor, { rtol = 1e-5, atol = 1e-8, equalNan = false }: ClosenessOptions): Tensor {
  checkTensors(op, [a, b]);
  if (a.dtype !== b.dtype) throw new DTypeError(`${op}: expected tensors of one type, got ${a.dtype} and ${b.dtype}; convert one with to()`);
  for (const [name, value] of Object.entries({ rtol, atol })) if (!(value >= 0)) throw new ArgumentError(`${op}: expected ${name} >= 0, got ${value}`);
  broadcastShapes(op, a.shape, b.shape);
  const [x, y] = a.isFloatingPoint() ? [a, b] : [toDType(a, "float32"), toDType(b, "float32")];
  return (equalNan ? ops.iscloseOrNaN : ops.isclose).call([x, y, rtol, atol]);
}

function checkReadable(op: string, x: Tensor, remedy: string): void {
  if (!canReadAtOnce(x.device)) throw new DeviceError(`${op}: device "${x.device.name}" cannot read synchronously; use \`${remedy}\``);
}

/**
 * a where the condition holds, else b; all three broadcast.
 *
 * @see torch.where
 * @example
 * where(tensor([true, false]), 1, tensor([5, 6])).toArraySync(); // [1, 6]
 */
export const where = (condition: Tensor, a: Operand, b: Operand): Tensor => ops.where.call([condition, a, b]);
/** `value`, a number or a scalar tensor, where the mask holds, else x, whose element type stays. @see torch.Tensor.masked_fill */
export const maskedFill = (x: Tensor, mask: Tensor, value: Operand): Tensor => {
  if (typeof value === "object" && value.ndim > 0) throw new ShapeError(`maskedFill: expected a number or a scalar tensor, got shape ${showShape(value.shape)}; use where for several values`);
  return ops.where.call([mask, asElementOf(x, value), x]);
};

/** A value in the element type of a tensor, with whose type it then cannot interfere. */
function asElementOf(x: Tensor, value: Operand): Operand {
  if (typeof value === "object") return toDType(value, x.dtype);
  const { kind } = dtypeInfo[x.dtype];
  return kind === "bool" ? Boolean(value) : kind === "int" && typeof value === "number" ? Math.trunc(value) : value;
}
/** `value`, a number or a scalar tensor, everywhere. @see torch.fill */
export const fill = choosing("fill", (op, x: Tensor, value: Operand): Chosen => {
  if (typeof value === "object" && value.ndim > 0) throw new ShapeError(`${op}: expected a number or a scalar tensor, got shape ${showShape(value.shape)}; use copy_ for several values`);
  return [ops.copy, x, value];
});
/** A contiguous copy with a storage of its own. @see torch.clone */
export const clone = unary(ops.clone);
