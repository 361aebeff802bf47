import type { Expr } from "@gradus/kernel-ir";
import { ElementwiseOp } from "../../kernels/elementwise-op.js";
import type { K } from "./notation.js";
import { float, half, logistic, numbers, one, zero } from "./notation.js";
import { expm1Of } from "./stable.js";

/** Activations. Where a slope changes at a bound, the derivative there is PyTorch's. */

/** 1 / (1 + e⁻ˣ) where it will be differentiated: nothing in it overflows, so that no derivative is Infinity · 0. */
const smoothLogistic = (k: K, x: Expr): Expr => {
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

/**
 * The elementwise ops: one line of mathematics each. Broadcasting, promotion, in-place forms and gradients of every order
 * follow from the formula (`kernels/elementwise.ts`); a derivative stands here only where it is more exact or cheaper than
 * what the rules of `kernels/adjoint.ts` would make of the formula.
 */
// Activations
export const relu = /* @__PURE__ */ new ElementwiseOp("relu", 1, (k, x) => k.max(x, zero(k, x)), { accepts: ["float", "int"], derivatives: [(k, g, y) => k.select(k.le(y, zero(k, y)), zero(k, g), g)] });
export const sigmoid = /* @__PURE__ */ new ElementwiseOp("sigmoid", 1, logistic, { type: "float", derivatives: [(k, g, y) => k.mul(g, k.mul(y, k.sub(one(k, y), y)))] });
// x · ½(1 + erf(x/√2))
export const gelu = /* @__PURE__ */ new ElementwiseOp("gelu", 1, (k, x) => k.mul(k.mul(x, half(k, x)), k.add(one(k, x), k.erf(k.mul(x, k.like(Math.SQRT1_2, x))))), {
  type: "float",
  // Φ(x) + x φ(x)
  derivatives: [(k, g, _, x) => {
    const cdf = k.mul(half(k, x), k.add(one(k, x), k.erf(k.mul(x, k.like(Math.SQRT1_2, x)))));
    const pdf = k.mul(k.like(1 / Math.sqrt(2 * Math.PI), x), k.exp(k.mul(k.like(-0.5, x), k.mul(x, x))));
    return k.mul(g, k.add(cdf, k.mul(x, pdf)));
  }],
});
// ½ x (1 + tanh(√(2/π) (x + 0.044715 x³)))
export const geluTanh = /* @__PURE__ */ new ElementwiseOp("gelu", 1, (k, x) => {
  const inner = k.mul(k.like(Math.sqrt(2 / Math.PI), x), k.add(x, k.mul(k.like(0.044715, x), k.mul(x, k.mul(x, x)))));
  return k.mul(k.mul(half(k, x), x), k.add(one(k, x), k.tanh(inner)));
}, float);
export const silu = /* @__PURE__ */ new ElementwiseOp("silu", 1, (k, x) => k.mul(x, logistic(k, x)), {
  type: "float",
  derivatives: [(k, g, _, x) => {
    const s = smoothLogistic(k, x);
    return k.mul(g, k.mul(s, k.add(one(k, x), k.mul(x, k.sub(one(k, x), s)))));
  }],
});
export const leakyRelu = /* @__PURE__ */ new ElementwiseOp("leakyRelu", 2, (k, x, slope) => k.select(k.gt(x, zero(k, x)), x, k.mul(x, slope)), numbers);
// log(1 + eˣ), as max(x, 0) + log(1 + e^−|x|)
export const softplus = /* @__PURE__ */ new ElementwiseOp("softplus", 1, (k, x) => k.add(k.max(x, zero(k, x)), k.log(k.add(one(k, x), k.exp(k.neg(k.abs(x)))))), {
  type: "float",
  derivatives: [(k, g, _, x) => k.mul(g, smoothLogistic(k, x))],
});
/** softplus(beta · x) / beta, and x itself where beta · x is above the threshold. */
export const softplusScaled = /* @__PURE__ */ new ElementwiseOp("softplus", 3, (k, x, beta, threshold) => {
  const scaled = k.mul(beta, x);
  const smooth = k.add(k.max(scaled, zero(k, x)), k.log(k.add(one(k, x), k.exp(k.neg(k.abs(scaled))))));
  return k.select(k.gt(scaled, threshold), x, k.div(smooth, beta));
}, {
  type: "float",
  derivatives: [(k, g, _, x, beta, threshold) => k.select(k.gt(k.mul(beta, x), threshold), g, k.mul(g, smoothLogistic(k, k.mul(beta, x)))), null, null],
});
export const hardtanh = /* @__PURE__ */ new ElementwiseOp("hardtanh", 3, (k, x, low, high) => k.min(k.max(x, low), high), { accepts: ["float", "int"], derivatives: [(k, g, _, x, low, high) => within(k, g, x, low, high), null, null] });
export const relu6 = /* @__PURE__ */ new ElementwiseOp("relu6", 1, (k, x) => k.min(k.max(x, zero(k, x)), k.like(6, x)), { accepts: ["float", "int"], derivatives: [(k, g, _, x) => within(k, g, x, zero(k, x), k.like(6, x))] });
// min(max(x + 3, 0), 6) / 6
export const hardsigmoid = /* @__PURE__ */ new ElementwiseOp("hardsigmoid", 1, (k, x) => k.div(k.min(k.max(k.add(x, k.like(3, x)), zero(k, x)), k.like(6, x)), k.like(6, x)), {
  type: "float",
  derivatives: [(k, g, _, x) => within(k, k.div(g, k.like(6, g)), x, k.like(-3, x), k.like(3, x))],
});
// x · min(max(x + 3, 0), 6) / 6
export const hardswish = /* @__PURE__ */ new ElementwiseOp("hardswish", 1, (k, x) => k.div(k.mul(x, k.min(k.max(k.add(x, k.like(3, x)), zero(k, x)), k.like(6, x))), k.like(6, x)), {
  type: "float",
  derivatives: [(k, g, _, x) => k.select(k.lt(x, k.like(-3, x)), zero(k, g), k.select(k.le(x, k.like(3, x)), k.mul(g, k.add(k.div(x, k.like(3, x)), k.like(0.5, x))), g))],
});
export const hardshrink = /* @__PURE__ */ new ElementwiseOp("hardshrink", 2, (k, x, bound) => k.select(k.le(k.abs(x), bound), zero(k, x), x), { type: "float", derivatives: [beyond, null] });
// x − bound above, x + bound below, and 0 between, as of NaN
export const softshrink = /* @__PURE__ */ new ElementwiseOp("softshrink", 2, (k, x, bound) => k.select(k.gt(x, bound), k.sub(x, bound), k.select(k.lt(x, k.neg(bound)), k.add(x, bound), zero(k, x))), {
  type: "float",
  derivatives: [beyond, null],
});
export const tanhshrink = /* @__PURE__ */ new ElementwiseOp("tanhshrink", 1, (k, x) => k.sub(x, k.tanh(x)), {
  type: "float",
  // 1 − (1 − tanh²)
  derivatives: [(k, g, _, x) => k.mul(g, k.mul(k.tanh(x), k.tanh(x)))],
});
export const softsign = /* @__PURE__ */ new ElementwiseOp("softsign", 1, (k, x) => k.div(x, k.add(one(k, x), k.abs(x))), float);
// −log(1 + e⁻ˣ)
export const logsigmoid = /* @__PURE__ */ new ElementwiseOp("logsigmoid", 1, (k, x) => k.neg(softplusOf(k, k.neg(x))), { type: "float", derivatives: [(k, g, _, x) => k.mul(g, smoothLogistic(k, k.neg(x)))] });
export const mish = /* @__PURE__ */ new ElementwiseOp("mish", 1, (k, x) => k.mul(x, k.tanh(softplusOf(k, x))), {
  type: "float",
  // t + x σ(x) (1 − t²) with t = tanh(softplus(x))
  derivatives: [(k, g, _, x) => {
    const t = k.tanh(softplusOf(k, x));
    return k.mul(g, k.add(t, k.mul(k.mul(x, smoothLogistic(k, x)), k.sub(one(k, t), k.mul(t, t)))));
  }],
});
export const elu = /* @__PURE__ */ new ElementwiseOp("elu", 2, (k, x, alpha) => exponentialLinear(k, x, alpha, one(k, x)), { type: "float", derivatives: [(k, g, _, x, alpha) => exponentialLinearSlope(k, g, x, alpha, one(k, x)), null] });
export const celu = /* @__PURE__ */ new ElementwiseOp("celu", 2, (k, x, alpha) => exponentialLinear(k, x, alpha, alpha), { type: "float", derivatives: [(k, g, _, x, alpha) => exponentialLinearSlope(k, g, x, alpha, alpha), null] });
export const selu = /* @__PURE__ */ new ElementwiseOp("selu", 1, (k, x) => k.mul(k.like(seluScale, x), exponentialLinear(k, x, k.like(seluAlpha, x), one(k, x))), {
  type: "float",
  derivatives: [(k, g, _, x) => exponentialLinearSlope(k, k.mul(g, k.like(seluScale, g)), x, k.like(seluAlpha, x), one(k, x))],
});
export const prelu = /* @__PURE__ */ new ElementwiseOp("prelu", 2, (k, x, weight) => k.select(k.gt(x, zero(k, x)), x, k.mul(weight, x)), float);
// a σ(b)
export const glu = /* @__PURE__ */ new ElementwiseOp("glu", 2, (k, a, b) => k.mul(a, smoothLogistic(k, b)), {
  type: "float",
  derivatives: [
    (k, g, _, __, b) => k.mul(g, smoothLogistic(k, b)),
    (k, g, _, a, b) => k.mul(k.mul(g, a), k.mul(smoothLogistic(k, b), smoothLogistic(k, k.neg(b)))),
  ],
});
export const threshold = /* @__PURE__ */ new ElementwiseOp("threshold", 3, (k, x, bound, value) => k.select(k.le(x, bound), value, x), { accepts: ["float", "int"], derivatives: [(k, g, _, x, bound) => k.select(k.le(x, bound), zero(k, g), g), null, null] });
