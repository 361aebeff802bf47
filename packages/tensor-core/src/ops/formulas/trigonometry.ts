import type { Expr } from "@gradus/kernel-ir";
import { ElementwiseOp } from "../../kernels/elementwise-op.js";
import type { K } from "./notation.js";
import { float, half, isNegative, odd, one, polynomial, squared, times, zero } from "./notation.js";
import { log1pOf } from "./stable.js";

/** Angles, their functions and the inverses; the hyperbolic ones too. Formulas hold in float32 and in float64. */

/**
 * arctan of x ≥ 0: π/2 + arctan(−1/x) above tan(3π/8), π/4 + arctan((x − 1)/(x + 1)) above 0.66, and a rational function
 * of x² below. The coefficients are those of S. Moshier's Cephes library (`atan.c`); the error is below one unit in the last place
 * of float64.
 */
function arctangent(k: K, x: Expr): Expr {
  const large = k.gt(x, k.like(2.414213562373095, x));
  const middle = k.gt(x, k.like(0.66, x));
  const reduced = k.select(large, k.div(k.like(-1, x), x), k.select(middle, k.div(k.sub(x, one(k, x)), k.add(x, one(k, x))), x));
  const offset = k.select(large, k.like(Math.PI / 2, x), k.select(middle, k.like(Math.PI / 4, x), zero(k, x)));
  // What π/2 lacks as a float64; nothing in float32, whose own rest is smaller than its rounding.
  const rest = k.select(large, k.like(piRest, x), k.select(middle, k.like(piRest / 2, x), zero(k, x)));
  const square = squared(k, reduced);
  const over = polynomial(k, square, [-0.8750608600031904, -16.157537187333652, -75.00855792314705, -122.88666844901361, -64.85021904942025]);
  const under = polynomial(k, square, [1, 24.858464901423062, 165.02700983169885, 432.88106049129027, 485.3903996359137, 194.5506571482614]);
  const small = k.add(k.mul(reduced, k.div(k.mul(square, over), under)), reduced);
  return k.add(offset, k.add(small, rest));
}

const piRest = 6.123233995736766e-17;

const atanOf = (k: K, x: Expr): Expr => odd(k, x, arctangent(k, k.abs(x)));

/** The quadrants of arctan: signs count on zeros too, and two infinities are a diagonal. */
function angleOf(k: K, y: Expr, x: Expr): Expr {
  const [height, width] = [k.abs(y), k.abs(x)];
  const flat = k.select(k.eq(height, width), k.select(k.eq(height, zero(k, y)), zero(k, y), k.like(Math.PI / 4, y)), arctangent(k, k.div(height, width)));
  const angle = k.select(isNegative(k, x), k.sub(k.like(Math.PI, y), flat), flat);
  return k.select(k.or(k.isNaN(y), k.isNaN(x)), k.add(y, x), k.select(isNegative(k, y), k.neg(angle), angle));
}

/** √(1 − x²), without cancellation near ±1. */
const cosineOfSine = (k: K, x: Expr): Expr => k.sqrt(k.mul(k.sub(one(k, x), x), k.add(one(k, x), x)));

/** e^|x|/2 and e^−|x|/2. The root of the power is squared, so that the first is finite as long as the result is. */
function halfPowers(k: K, x: Expr): readonly [growing: Expr, falling: Expr] {
  const root = k.exp(k.mul(k.abs(x), half(k, x)));
  return [k.mul(k.mul(half(k, x), root), root), k.div(half(k, x), k.mul(root, root))];
}

/** e^|x|/2 − e^−|x|/2 with the sign of x; near 0, where that cancels, 2t/(1 − t²) with t = tanh(x/2). */
function sinhOf(k: K, x: Expr): Expr {
  const t = k.tanh(k.mul(x, half(k, x)));
  const near = k.div(times(k, t, 2), k.sub(one(k, x), squared(k, t)));
  const [growing, falling] = halfPowers(k, x);
  return k.select(k.lt(k.abs(x), one(k, x)), near, odd(k, x, k.sub(growing, falling)));
}

/** Above this x² + 1 is x², in float64 too. */
const enormous = 2 ** 28;

export const tan = /* @__PURE__ */ new ElementwiseOp("tan", 1, (k, x) => k.div(k.sin(x), k.cos(x)), { type: "float", derivatives: [(k, g, y) => k.mul(g, k.add(one(k, y), squared(k, y)))] });
// arctan(x / √(1 − x²))
export const asin = /* @__PURE__ */ new ElementwiseOp("asin", 1, (k, x) => atanOf(k, k.div(x, cosineOfSine(k, x))), { type: "float", derivatives: [(k, g, _, x) => k.div(g, cosineOfSine(k, x))] });
// 2 arctan √((1 − x) / (1 + x))
export const acos = /* @__PURE__ */ new ElementwiseOp("acos", 1, (k, x) => times(k, arctangent(k, k.sqrt(k.div(k.sub(one(k, x), x), k.add(one(k, x), x)))), 2), {
  type: "float",
  derivatives: [(k, g, _, x) => k.neg(k.div(g, cosineOfSine(k, x)))],
});
export const atan = /* @__PURE__ */ new ElementwiseOp("atan", 1, atanOf, { type: "float", derivatives: [(k, g, _, x) => k.div(g, k.add(one(k, x), squared(k, x)))] });
export const atan2 = /* @__PURE__ */ new ElementwiseOp("atan2", 2, angleOf, {
  type: "float",
  derivatives: [
    (k, g, _, y, x) => k.mul(g, k.div(x, k.add(squared(k, x), squared(k, y)))),
    (k, g, _, y, x) => k.mul(g, k.div(k.neg(y), k.add(squared(k, x), squared(k, y)))),
  ],
});
export const sinh = /* @__PURE__ */ new ElementwiseOp("sinh", 1, sinhOf, { type: "float", derivatives: [(k, g, _, x) => k.mul(g, k.add(...halfPowers(k, x)))] });
export const cosh = /* @__PURE__ */ new ElementwiseOp("cosh", 1, (k, x) => k.add(...halfPowers(k, x)), {
  type: "float",
  derivatives: [(k, g, _, x) => k.mul(g, sinhOf(k, x))],
});
// log(x + √(x² + 1)) = log1p(x + x² / (1 + √(x² + 1)))
export const asinh = /* @__PURE__ */ new ElementwiseOp("asinh", 1, (k, x) => {
  const magnitude = k.abs(x);
  const square = squared(k, magnitude);
  const near = log1pOf(k, k.add(magnitude, k.div(square, k.add(one(k, x), k.sqrt(k.add(square, one(k, x)))))));
  const far = k.add(k.log(magnitude), k.like(Math.LN2, x));
  return odd(k, x, k.select(k.gt(magnitude, k.like(enormous, x)), far, near));
}, { type: "float", derivatives: [(k, g, _, x) => k.div(g, k.sqrt(k.add(squared(k, x), one(k, x))))] });
// log(x + √(x² − 1)) = log1p(t + √(2t + t²)) with t = x − 1
export const acosh = /* @__PURE__ */ new ElementwiseOp("acosh", 1, (k, x) => {
  const t = k.sub(x, one(k, x));
  const near = log1pOf(k, k.add(t, k.sqrt(k.mul(t, k.add(t, k.like(2, x))))));
  const far = k.add(k.log(x), k.like(Math.LN2, x));
  return k.select(k.lt(x, one(k, x)), k.like(NaN, x), k.select(k.gt(x, k.like(enormous, x)), far, near));
}, { type: "float", derivatives: [(k, g, _, x) => k.div(g, k.sqrt(k.mul(k.sub(x, one(k, x)), k.add(x, one(k, x)))))] });
// ½ log((1 + x)/(1 − x)) = ½ log1p(2x / (1 − x))
export const atanh = /* @__PURE__ */ new ElementwiseOp("atanh", 1, (k, x) => {
  const magnitude = k.abs(x);
  return odd(k, x, k.mul(half(k, x), log1pOf(k, k.div(times(k, magnitude, 2), k.sub(one(k, x), magnitude)))));
}, { type: "float", derivatives: [(k, g, _, x) => k.div(g, k.mul(k.sub(one(k, x), x), k.add(one(k, x), x)))] });
// √(a² + b²), the larger taken out so that no square overflows
export const hypot = /* @__PURE__ */ new ElementwiseOp("hypot", 2, (k, a, b) => {
  const [x, y] = [k.abs(a), k.abs(b)];
  const [large, small] = [k.max(x, y), k.min(x, y)];
  const ratio = k.div(small, large);
  const length = k.mul(large, k.sqrt(k.add(one(k, x), squared(k, ratio))));
  const infinite = k.or(k.eq(x, k.like(Infinity, x)), k.eq(y, k.like(Infinity, x)));
  return k.select(infinite, k.like(Infinity, x), k.select(k.eq(large, zero(k, x)), zero(k, x), length));
}, {
  accepts: ["float"],
  derivatives: [(k, g, y, a) => k.mul(g, k.div(a, y)), (k, g, y, _, b) => k.mul(g, k.div(b, y))],
});
// sin(πx) / (πx). The whole turns are taken off x, where that is exact.
export const sinc = /* @__PURE__ */ new ElementwiseOp("sinc", 1, (k, x) => {
  const [sine] = sineAndCosineOfPi(k, x);
  return k.select(k.eq(x, zero(k, x)), one(k, x), k.div(sine, times(k, x, Math.PI)));
}, {
  type: "float",
  // (cos πx − sinc x) / x
  derivatives: [(k, g, y, x) => {
    const [, cosine] = sineAndCosineOfPi(k, x);
    return k.select(k.eq(x, zero(k, x)), zero(k, g), k.mul(g, k.div(k.sub(cosine, y), x)));
  }],
});
export const deg2rad = /* @__PURE__ */ new ElementwiseOp("deg2rad", 1, (k, x) => times(k, x, Math.PI / 180), float);
export const rad2deg = /* @__PURE__ */ new ElementwiseOp("rad2deg", 1, (k, x) => times(k, x, 180 / Math.PI), float);
/** The angle of a real number in the complex plane. */
export const angle = /* @__PURE__ */ new ElementwiseOp("angle", 1, (k, x) => k.select(k.isNaN(x), x, k.select(k.lt(x, zero(k, x)), k.like(Math.PI, x), zero(k, x))), { type: "float", derivatives: [null] });

/** sin πx and cos πx. */
function sineAndCosineOfPi(k: K, x: Expr): readonly [sine: Expr, cosine: Expr] {
  const rest = times(k, k.sub(x, times(k, k.round(k.mul(x, half(k, x))), 2)), Math.PI);
  return [k.sin(rest), k.cos(rest)];
}
