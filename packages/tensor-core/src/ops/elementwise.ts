import type { Expr, ExprBuilder } from "@gradus/kernel-ir";
import type { Operand } from "../kernels/elementwise.js";
import { ElementwiseOp } from "../kernels/elementwise.js";
import type { Tensor } from "../tensor.js";

/**
 * The elementwise ops: one line of mathematics each. Broadcasting, promotion, in-place forms and gradients of every order
 * follow from the formula (`kernels/elementwise.ts`); a derivative stands here only where it is more exact or cheaper than
 * what the rules of `kernels/adjoint.ts` would make of the formula.
 */
type Unary = (x: Tensor) => Tensor;
type K = ExprBuilder;

const float = { type: "float" } as const;
const bool = { type: "bool" } as const;
const numbers = { accepts: ["float", "int"] } as const;

const half = (k: K, x: Expr): Expr => k.like(0.5, x);
const one = (k: K, x: Expr): Expr => k.like(1, x);
const zero = (k: K, x: Expr): Expr => k.like(0, x);
/** 1 / (1 + e⁻ˣ). Large negative arguments give e⁻ˣ = Infinity and so 0. */
const logistic = (k: K, x: Expr): Expr => k.div(one(k, x), k.add(one(k, x), k.exp(k.neg(x))));
/** The same where it will be differentiated: nothing in it overflows, so that no derivative is Infinity · 0. */
const smoothLogistic = (k: K, x: Expr): Expr => {
  const negative = k.lt(x, zero(k, x));
  const power = k.exp(k.select(negative, x, k.neg(x)));
  return k.div(k.select(negative, power, one(k, x)), k.add(one(k, x), power));
};

const isFloat = (x: Expr): boolean => x.dtype === "float32" || x.dtype === "float64";

/** Every op by name, for tests that run through all of them. */
export const elementwiseOps = {
  // One argument
  neg: new ElementwiseOp("neg", 1, (k, x) => k.neg(x), numbers),
  abs: new ElementwiseOp("abs", 1, (k, x) => k.abs(x), numbers),
  sign: new ElementwiseOp("sign", 1, (k, x) => x.dtype === "bool" ? x : k.select(k.lt(zero(k, x), x), one(k, x), k.select(k.lt(x, zero(k, x)), k.like(-1, x), zero(k, x))), {
    derivatives: [null],
  }),
  square: new ElementwiseOp("square", 1, (k, x) => k.mul(x, x), numbers),
  reciprocal: new ElementwiseOp("reciprocal", 1, (k, x) => k.div(one(k, x), x), { ...float, derivatives: [(k, g, y) => k.neg(k.mul(g, k.mul(y, y)))] }),
  sqrt: new ElementwiseOp("sqrt", 1, (k, x) => k.sqrt(x), float),
  rsqrt: new ElementwiseOp("rsqrt", 1, (k, x) => k.div(one(k, x), k.sqrt(x)), {
    ...float,
    // −½ x^(−3/2) = −½ y³
    derivatives: [(k, g, y) => k.mul(k.like(-0.5, g), k.mul(g, k.mul(y, k.mul(y, y))))],
  }),
  exp: new ElementwiseOp("exp", 1, (k, x) => k.exp(x), float),
  log: new ElementwiseOp("log", 1, (k, x) => k.log(x), float),
  sin: new ElementwiseOp("sin", 1, (k, x) => k.sin(x), float),
  cos: new ElementwiseOp("cos", 1, (k, x) => k.cos(x), float),
  tanh: new ElementwiseOp("tanh", 1, (k, x) => k.tanh(x), float),
  erf: new ElementwiseOp("erf", 1, (k, x) => k.erf(x), float),
  floor: new ElementwiseOp("floor", 1, (k, x) => (isFloat(x) ? k.floor(x) : x)),
  ceil: new ElementwiseOp("ceil", 1, (k, x) => (isFloat(x) ? k.ceil(x) : x)),
  round: new ElementwiseOp("round", 1, (k, x) => (isFloat(x) ? k.round(x) : x)),
  trunc: new ElementwiseOp("trunc", 1, (k, x) => (isFloat(x) ? k.trunc(x) : x)),
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

  // Two arguments
  add: new ElementwiseOp("add", 2, (k, a, b) => (a.dtype === "bool" ? k.or(a, b) : k.add(a, b))),
  sub: new ElementwiseOp("sub", 2, (k, a, b) => k.sub(a, b), numbers),
  mul: new ElementwiseOp("mul", 2, (k, a, b) => (a.dtype === "bool" ? k.and(a, b) : k.mul(a, b))),
  div: new ElementwiseOp("div", 2, (k, a, b) => k.div(a, b), float),
  pow: new ElementwiseOp("pow", 2, power),
  maximum: new ElementwiseOp("maximum", 2, (k, a, b) => (a.dtype === "bool" ? k.or(a, b) : k.max(a, b))),
  minimum: new ElementwiseOp("minimum", 2, (k, a, b) => (a.dtype === "bool" ? k.and(a, b) : k.min(a, b))),
  // a − ⌊a/b⌋·b, with the sign of b
  remainder: new ElementwiseOp("remainder", 2, (k, a, b) => {
    const r = k.rem(a, b);
    const wrong = k.and(k.ne(r, zero(k, r)), k.ne(k.lt(r, zero(k, r)), k.lt(b, zero(k, b))));
    return k.select(wrong, k.add(r, b), r);
  }, numbers),
  /** a + alpha · b */
  addScaled: new ElementwiseOp("add", 3, (k, a, b, alpha) => k.add(a, k.mul(alpha, b)), numbers),
  /** a − alpha · b */
  subScaled: new ElementwiseOp("sub", 3, (k, a, b, alpha) => k.sub(a, k.mul(alpha, b)), numbers),
  /** a + weight · (b − a) */
  lerp: new ElementwiseOp("lerp", 3, (k, a, b, weight) => k.add(a, k.mul(weight, k.sub(b, a))), numbers),
  /** min(max(x, low), high); the gradient passes where low ≤ x ≤ high. */
  clamp: new ElementwiseOp("clamp", 3, (k, x, low, high) => k.min(k.max(x, low), high), {
    ...numbers,
    derivatives: [
      (k, g, _, x, low, high) => k.select(k.and(k.le(low, x), k.le(x, high)), g, zero(k, g)),
      (k, g, _, x, low, high) => k.select(k.and(k.lt(x, low), k.lt(low, high)), g, zero(k, g)),
      (k, g, _, x, low, high) => k.select(k.or(k.gt(x, high), k.gt(low, high)), g, zero(k, g)),
    ],
  }),

  // −(y log p + (1 − y) log(1 − p)), each logarithm at least −100
  binaryCrossEntropy: new ElementwiseOp("binaryCrossEntropy", 2, (k, p, y) => {
    const boundedLog = (x: Expr): Expr => k.max(k.log(x), k.like(-100, x));
    return k.sub(k.mul(k.sub(y, one(k, y)), boundedLog(k.sub(one(k, p), p))), k.mul(y, boundedLog(p)));
  }, {
    ...float,
    derivatives: [
      // (p − y) / (p (1 − p)), the divisor at least 10⁻¹²: PyTorch's bound, which keeps a saturated p from giving Infinity
      (k, g, _, p, y) => k.div(k.mul(g, k.sub(p, y)), k.max(k.mul(k.sub(one(k, p), p), p), k.like(1e-12, p))),
      (k, g, _, p) => k.mul(g, k.sub(k.log(k.sub(one(k, p), p)), k.log(p))),
    ],
  }),

  // Comparisons
  eq: new ElementwiseOp("eq", 2, (k, a, b) => k.eq(a, b), bool),
  ne: new ElementwiseOp("ne", 2, (k, a, b) => k.ne(a, b), bool),
  lt: new ElementwiseOp("lt", 2, (k, a, b) => (a.dtype === "bool" ? k.and(k.not(a), b) : k.lt(a, b)), bool),
  le: new ElementwiseOp("le", 2, (k, a, b) => (a.dtype === "bool" ? k.or(k.not(a), b) : k.le(a, b)), bool),
  gt: new ElementwiseOp("gt", 2, (k, a, b) => (a.dtype === "bool" ? k.and(a, k.not(b)) : k.gt(a, b)), bool),
  ge: new ElementwiseOp("ge", 2, (k, a, b) => (a.dtype === "bool" ? k.or(a, k.not(b)) : k.ge(a, b)), bool),
  logicalAnd: new ElementwiseOp("logicalAnd", 2, (k, a, b) => k.and(k.ne(a, zero(k, a)), k.ne(b, zero(k, b))), bool),
  logicalOr: new ElementwiseOp("logicalOr", 2, (k, a, b) => k.or(k.ne(a, zero(k, a)), k.ne(b, zero(k, b))), bool),

  // Choice
  where: new ElementwiseOp("where", 3, (k, condition, a, b) => k.select(k.cast(condition, "bool"), a, b), { asIs: [0] }),
  copy: new ElementwiseOp("copy", 2, (_, __, source) => source, { type: "first", derivatives: [null, (_, g) => g] }),
} as const;

/** Integer powers multiply; x² and x^½ by floats keep PyTorch's exactness through the general power. */
function power(k: K, a: Expr, b: Expr): Expr {
  if (isFloat(a)) return k.pow(a, b);
  if (a.dtype === "bool") return k.or(a, k.not(b));
  // Square and multiply over the bits of the exponent; a negative exponent gives 0 except for the bases 1 and −1.
  const bits = a.dtype === "int64" ? 63 : 31;
  let result = one(k, a);
  let base = a;
  for (let i = 0; i < Math.min(bits, 6); i++) {
    const odd = k.ne(k.and(b, k.like(2 ** i, b)), zero(k, b));
    result = k.select(odd, k.mul(result, base), result);
    base = k.mul(base, base);
  }
  const parity = k.ne(k.and(b, one(k, b)), zero(k, b));
  const negative = k.select(k.eq(a, one(k, a)), one(k, a), k.select(k.eq(a, k.like(-1, a)), k.select(parity, k.like(-1, a), one(k, a)), zero(k, a)));
  return k.select(k.lt(b, zero(k, b)), negative, result);
}

const ops = elementwiseOps;
const unary = (op: ElementwiseOp): Unary => (x) => op.call([x]);
type Binary = (a: Operand, b: Operand) => Tensor;
const binary = (op: ElementwiseOp): Binary => (a, b) => op.call([a, b]);

/** −x. @see torch.neg */
export const neg = unary(ops.neg);
/** |x|; the gradient at 0 is 0. @see torch.abs */
export const abs = unary(ops.abs);
/** −1, 0 or 1; NaN gives 0. @see torch.sign */
export const sign = unary(ops.sign);
/** x². @see torch.square */
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
/** Nearest integer, ties to even. @see torch.round */
export const round = unary(ops.round);
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
/** x Φ(x), with the exact Φ. @see torch.nn.functional.gelu */
export const gelu = unary(ops.gelu);
/** x σ(x). @see torch.nn.functional.silu */
export const silu = unary(ops.silu);
/** log(1 + eˣ). @see torch.nn.functional.softplus */
export const softplus = unary(ops.softplus);
/** x where x > 0, else slope · x. @see torch.nn.functional.leaky_relu */
export const leakyRelu = (x: Tensor, slope = 0.01): Tensor => ops.leakyRelu.call([x, slope]);

/** a + alpha · b, broadcast. @see torch.add */
export const add = (a: Operand, b: Operand, options?: { readonly alpha?: number }): Tensor =>
  options?.alpha === undefined ? ops.add.call([a, b]) : ops.addScaled.call([a, b, options.alpha]);
/** a − alpha · b, broadcast. @see torch.sub */
export const sub = (a: Operand, b: Operand, options?: { readonly alpha?: number }): Tensor =>
  options?.alpha === undefined ? ops.sub.call([a, b]) : ops.subScaled.call([a, b, options.alpha]);
/** a · b, broadcast. @see torch.mul */
export const mul = binary(ops.mul);
/** a / b, broadcast; integers give float32. @see torch.div */
export const div = binary(ops.div);
/** aᵇ, broadcast. @see torch.pow */
export const pow = binary(ops.pow);
/** The larger of two; NaN if either is. @see torch.maximum */
export const maximum = binary(ops.maximum);
/** The smaller of two; NaN if either is. @see torch.minimum */
export const minimum = binary(ops.minimum);
/** The remainder of a / b with the sign of b. @see torch.remainder */
export const remainder = binary(ops.remainder);
/** a + weight · (b − a). @see torch.lerp */
export const lerp = (a: Operand, b: Operand, weight: Operand): Tensor => ops.lerp.call([a, b, weight]);
/** x limited to [min, max]; either may be left out. @see torch.clamp */
export const clamp = (x: Tensor, bounds: { readonly min?: Operand; readonly max?: Operand }): Tensor =>
  bounds.min === undefined
    ? bounds.max === undefined
      ? x
      : minimum(x, bounds.max)
    : bounds.max === undefined
      ? maximum(x, bounds.min)
      : ops.clamp.call([x, bounds.min, bounds.max]);

/** a = b, as bool. @see torch.eq */
export const eq = binary(ops.eq);
/** a ≠ b, as bool. @see torch.ne */
export const ne = binary(ops.ne);
/** a < b, as bool. @see torch.lt */
export const lt = binary(ops.lt);
/** a ≤ b, as bool. @see torch.le */
export const le = binary(ops.le);
/** a > b, as bool. @see torch.gt */
export const gt = binary(ops.gt);
/** a ≥ b, as bool. @see torch.ge */
export const ge = binary(ops.ge);
/** Both are nonzero. @see torch.logical_and */
export const logicalAnd = binary(ops.logicalAnd);
/** Either is nonzero. @see torch.logical_or */
export const logicalOr = binary(ops.logicalOr);

/**
 * a where the condition holds, else b; all three broadcast.
 *
 * @see torch.where
 * @example
 * where(tensor([true, false]), 1, tensor([5, 6])).toArraySync(); // [1, 6]
 */
export const where = (condition: Tensor, a: Operand, b: Operand): Tensor => ops.where.call([condition, a, b]);
/** `value` where the mask holds, else x. @see torch.Tensor.masked_fill */
export const maskedFill = (x: Tensor, mask: Tensor, value: Operand): Tensor => ops.where.call([mask, value, x]);
/** A contiguous copy with a storage of its own. @see torch.clone */
export const clone = unary(ops.clone);
