import type { Expr } from "@gradus/kernel-ir";
import type { ElementwiseOptions } from "../../kernels/elementwise-op.js";
import { ElementwiseOp } from "../../kernels/elementwise-op.js";
import type { K } from "./notation.js";
import { float, isFloat, numbers, one, zero } from "./notation.js";

/** Arithmetic and the functions that a device has itself. A derivative stands here only where it is more exact or cheaper than what `kernels/adjoint.ts` would make of the formula. */

// One argument
export const neg = /* @__PURE__ */ new ElementwiseOp("neg", 1, (k, x) => k.neg(x), numbers);
export const abs = /* @__PURE__ */ new ElementwiseOp("abs", 1, (k, x) => k.abs(x), numbers);
export const sign = /* @__PURE__ */ new ElementwiseOp("sign", 1, signOf, { derivatives: [null] });
export const sgn = /* @__PURE__ */ new ElementwiseOp("sgn", 1, signOf, { derivatives: [null] });
export const square = /* @__PURE__ */ new ElementwiseOp("square", 1, (k, x) => k.mul(x, x), { type: "number" });
export const reciprocal = /* @__PURE__ */ new ElementwiseOp("reciprocal", 1, (k, x) => k.div(one(k, x), x), { type: "float", derivatives: [(k, g, y) => k.neg(k.mul(g, k.mul(y, y)))] });
export const sqrt = /* @__PURE__ */ new ElementwiseOp("sqrt", 1, (k, x) => k.sqrt(x), float);
export const rsqrt = /* @__PURE__ */ new ElementwiseOp("rsqrt", 1, (k, x) => k.div(one(k, x), k.sqrt(x)), {
  type: "float",
  // −½ x^(−3/2) = −½ y³
  derivatives: [(k, g, y) => k.mul(k.like(-0.5, g), k.mul(g, k.mul(y, k.mul(y, y))))],
});
/** √x, whose gradient at 0 is 0: for variances. */
export const std = /* @__PURE__ */ new ElementwiseOp("std", 1, (k, x) => k.sqrt(x), { type: "float", derivatives: [(k, g, y) => k.select(k.eq(y, zero(k, y)), zero(k, g), k.div(g, k.add(y, y)))] });
export const exp = /* @__PURE__ */ new ElementwiseOp("exp", 1, (k, x) => k.exp(x), float);
export const log = /* @__PURE__ */ new ElementwiseOp("log", 1, (k, x) => k.log(x), float);
export const sin = /* @__PURE__ */ new ElementwiseOp("sin", 1, (k, x) => k.sin(x), float);
export const cos = /* @__PURE__ */ new ElementwiseOp("cos", 1, (k, x) => k.cos(x), float);
export const tanh = /* @__PURE__ */ new ElementwiseOp("tanh", 1, (k, x) => k.tanh(x), float);
export const erf = /* @__PURE__ */ new ElementwiseOp("erf", 1, (k, x) => k.erf(x), float);
export const floor = /* @__PURE__ */ new ElementwiseOp("floor", 1, (k, x) => (isFloat(x) ? k.floor(x) : x), numbers);
export const ceil = /* @__PURE__ */ new ElementwiseOp("ceil", 1, (k, x) => (isFloat(x) ? k.ceil(x) : x), numbers);
export const round = /* @__PURE__ */ new ElementwiseOp("round", 1, (k, x) => (isFloat(x) ? k.round(x) : x), numbers);
export const trunc = /* @__PURE__ */ new ElementwiseOp("trunc", 1, (k, x) => (isFloat(x) ? k.trunc(x) : x), numbers);
/** The nearest multiple of 1 / scale, and that of scale: for digits after the point, and before it. */
export const roundAfterPoint = /* @__PURE__ */ new ElementwiseOp("round", 2, (k, x, scale) => k.div(k.round(k.mul(x, scale)), scale), { type: "float", derivatives: [null, null] });
export const roundBeforePoint = /* @__PURE__ */ new ElementwiseOp("round", 2, (k, x, scale) => k.mul(k.round(k.div(x, scale)), scale), { type: "float", derivatives: [null, null] });
export const clone = /* @__PURE__ */ new ElementwiseOp("clone", 1, (_, x) => x);

// Two arguments
export const add = /* @__PURE__ */ new ElementwiseOp("add", 2, (k, a, b) => (a.dtype === "bool" ? k.or(a, b) : k.add(a, b)));
export const sub = /* @__PURE__ */ new ElementwiseOp("sub", 2, (k, a, b) => k.sub(a, b), numbers);
export const mul = /* @__PURE__ */ new ElementwiseOp("mul", 2, (k, a, b) => (a.dtype === "bool" ? k.and(a, b) : k.mul(a, b)));
export const div = /* @__PURE__ */ new ElementwiseOp("div", 2, (k, a, b) => k.div(a, b), float);
/** a / b without its fraction. */
export const divTrunc = /* @__PURE__ */ new ElementwiseOp("div", 2, (k, a, b) => (isFloat(a) ? k.trunc(k.div(a, b)) : k.div(a, b)), { accepts: ["float", "int"], derivatives: [null, null] });
/** ⌊a / b⌋, as (a − a mod b) / b: the quotient itself may round up to the next integer. */
export const divFloor = /* @__PURE__ */ new ElementwiseOp("div", 2, floorQuotient, { accepts: ["float", "int"], derivatives: [null, null] });
export const pow = /* @__PURE__ */ new ElementwiseOp("pow", 2, power, numbers);
export const maximum = /* @__PURE__ */ new ElementwiseOp("maximum", 2, largest);
export const minimum = /* @__PURE__ */ new ElementwiseOp("minimum", 2, smallest);
// a − ⌊a/b⌋·b, with the sign of b
export const remainder = /* @__PURE__ */ new ElementwiseOp("remainder", 2, (k, a, b) => {
  const r = k.rem(a, b);
  const wrong = k.and(k.ne(r, zero(k, r)), k.ne(k.lt(r, zero(k, r)), k.lt(b, zero(k, b))));
  return k.select(wrong, k.add(r, b), r);
}, numbers);
/** a − trunc(a/b)·b, with the sign of a */
export const fmod = /* @__PURE__ */ new ElementwiseOp("fmod", 2, (k, a, b) => k.rem(a, b), numbers);
/** The larger and the smaller, where NaN counts as missing; the first argument has the gradient of a tie. */
export const fmax = /* @__PURE__ */ new ElementwiseOp("fmax", 2, (k, a, b) => (isFloat(a) ? k.select(fmaxTakesFirst(k, a, b), a, b) : largest(k, a, b)), { derivatives: /* @__PURE__ */ first(fmaxTakesFirst) });
export const fmin = /* @__PURE__ */ new ElementwiseOp("fmin", 2, (k, a, b) => (isFloat(a) ? k.select(fminTakesFirst(k, a, b), a, b) : smallest(k, a, b)), { derivatives: /* @__PURE__ */ first(fminTakesFirst) });
export const floatPower = /* @__PURE__ */ new ElementwiseOp("floatPower", 2, power, { type: "float64" });
/** 0 below 0, 1 above, and `value` at 0. */
export const heaviside = /* @__PURE__ */ new ElementwiseOp("heaviside", 2, (k, x, value) => (x.dtype === "bool" ? k.or(x, value) : k.select(k.eq(x, zero(k, x)), value, k.select(k.lt(zero(k, x), x), one(k, x), zero(k, x)))), { derivatives: [null, null] });
/** x + value · a · b, and x + value · a / b */
export const addcmul = /* @__PURE__ */ new ElementwiseOp("addcmul", 4, (k, x, a, b, value) => k.add(x, k.mul(k.mul(value, a), b)), numbers);
export const addcdiv = /* @__PURE__ */ new ElementwiseOp("addcdiv", 4, (k, x, a, b, value) => k.add(x, k.div(k.mul(value, a), b)), { accepts: ["float"] });
/** a + alpha · b */
export const addScaled = /* @__PURE__ */ new ElementwiseOp("add", 3, (k, a, b, alpha) => k.add(a, k.mul(alpha, b)), numbers);
/** a − alpha · b */
export const subScaled = /* @__PURE__ */ new ElementwiseOp("sub", 3, (k, a, b, alpha) => k.sub(a, k.mul(alpha, b)), numbers);
/** a + weight · (b − a) */
export const lerp = /* @__PURE__ */ new ElementwiseOp("lerp", 3, (k, a, b, weight) => k.add(a, k.mul(weight, k.sub(b, a))), numbers);
/** max(x, low) and min(x, high), where x has the whole gradient of a tie. */
export const clampMin = /* @__PURE__ */ new ElementwiseOp("clampMin", 2, (k, x, low) => (x.dtype === "bool" ? k.or(x, low) : k.max(x, low)), {
  derivatives: [(k, g, _, x, low) => k.select(k.le(low, x), g, zero(k, g)), (k, g, _, x, low) => k.select(k.lt(x, low), g, zero(k, g))],
});
export const clampMax = /* @__PURE__ */ new ElementwiseOp("clampMax", 2, (k, x, high) => (x.dtype === "bool" ? k.and(x, high) : k.min(x, high)), {
  derivatives: [(k, g, _, x, high) => k.select(k.le(x, high), g, zero(k, g)), (k, g, _, x, high) => k.select(k.gt(x, high), g, zero(k, g))],
});
/** min(max(x, low), high); the gradient passes where low ≤ x ≤ high. */
export const clamp = /* @__PURE__ */ new ElementwiseOp("clamp", 3, (k, x, low, high) => k.min(k.max(x, low), high), {
  accepts: ["float", "int"],
  derivatives: [
    (k, g, _, x, low, high) => k.select(k.and(k.le(low, x), k.le(x, high)), g, zero(k, g)),
    (k, g, _, x, low, high) => k.select(k.and(k.lt(x, low), k.lt(low, high)), g, zero(k, g)),
    (k, g, _, x, low, high) => k.select(k.or(k.gt(x, high), k.gt(low, high)), g, zero(k, g)),
  ],
});

// Choice
export const where = /* @__PURE__ */ new ElementwiseOp("where", 3, (k, condition, a, b) => k.select(k.cast(condition, "bool"), a, b), { asIs: [0] });
export const copy = /* @__PURE__ */ new ElementwiseOp("copy", 2, (_, __, source) => source, { type: "first", derivatives: [null, (_, g) => g] });

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
