import type { Expr } from "@gradus/kernel-ir";
import { ElementwiseOp } from "../../kernels/elementwise-op.js";
import type { K } from "./notation.js";
import { one, squared, times, zero } from "./notation.js";
import { erfcOf, expm1Of, log1pOf, xTimes } from "./stable.js";

/** Exponentials, logarithms and the error function. Formulas hold in float32 and in float64. */

/** 2/√π */
const slopeOfErf = 1.1283791670955126;

/** log(z/(1 − z)) */
const logOdds = (k: K, z: Expr): Expr => k.log(k.div(z, k.sub(one(k, z), z)));

const slopeOfLogOdds = (k: K, g: Expr, z: Expr): Expr => k.div(g, k.mul(z, k.sub(one(k, z), z)));

export const exp2 = /* @__PURE__ */ new ElementwiseOp("exp2", 1, (k, x) => k.pow(k.like(2, x), x), { type: "float", derivatives: [(k, g, y) => k.mul(g, times(k, y, Math.LN2))] });
export const expm1 = /* @__PURE__ */ new ElementwiseOp("expm1", 1, expm1Of, { type: "float", derivatives: [(k, g, y) => k.mul(g, k.add(y, one(k, y)))] });
export const log1p = /* @__PURE__ */ new ElementwiseOp("log1p", 1, log1pOf, { type: "float", derivatives: [(k, g, _, x) => k.div(g, k.add(x, one(k, x)))] });
export const log2 = /* @__PURE__ */ new ElementwiseOp("log2", 1, (k, x) => times(k, k.log(x), Math.LOG2E), { type: "float", derivatives: [(k, g, _, x) => k.div(g, times(k, x, Math.LN2))] });
export const log10 = /* @__PURE__ */ new ElementwiseOp("log10", 1, (k, x) => times(k, k.log(x), Math.LOG10E), { type: "float", derivatives: [(k, g, _, x) => k.div(g, times(k, x, Math.LN10))] });
export const erfc = /* @__PURE__ */ new ElementwiseOp("erfc", 1, erfcOf, { type: "float", derivatives: [(k, g, _, x) => k.neg(k.mul(g, times(k, k.exp(k.neg(squared(k, x))), slopeOfErf)))] });
export const logit = /* @__PURE__ */ new ElementwiseOp("logit", 1, logOdds, {
  type: "float",
  derivatives: [(k, g, _, x) => k.select(k.and(k.le(zero(k, x), x), k.le(x, one(k, x))), slopeOfLogOdds(k, g, x), k.like(NaN, g))],
});
/** logit of x limited to [eps, 1 − eps]. */
export const logitClamped = /* @__PURE__ */ new ElementwiseOp("logit", 2, (k, x, eps) => logOdds(k, k.select(k.lt(x, eps), eps, k.select(k.gt(x, k.sub(one(k, x), eps)), k.sub(one(k, x), eps), x))), {
  type: "float",
  derivatives: [(k, g, _, x, eps) => k.select(k.and(k.le(eps, x), k.le(x, k.sub(one(k, x), eps))), slopeOfLogOdds(k, g, x), zero(k, g)), null],
});
// log(eᵃ + eᵇ), the larger taken out; equal infinities have no difference
export const logaddexp = /* @__PURE__ */ new ElementwiseOp("logaddexp", 2, (k, a, b) => {
  const sum = k.add(k.max(a, b), log1pOf(k, k.exp(k.neg(k.abs(k.sub(a, b))))));
  return k.select(k.and(k.eq(a, b), k.eq(k.abs(a), k.like(Infinity, a))), a, sum);
}, { accepts: ["float"], derivatives: [(k, g, _, a, b) => k.div(g, k.add(one(k, a), k.exp(k.sub(b, a)))), (k, g, _, a, b) => k.div(g, k.add(one(k, a), k.exp(k.sub(a, b))))] });
export const logaddexp2 = /* @__PURE__ */ new ElementwiseOp("logaddexp2", 2, (k, a, b) => {
  const power = k.pow(k.like(2, a), k.neg(k.abs(k.sub(a, b))));
  const sum = k.add(k.max(a, b), times(k, log1pOf(k, power), Math.LOG2E));
  return k.select(k.and(k.eq(a, b), k.eq(k.abs(a), k.like(Infinity, a))), a, sum);
}, {
  accepts: ["float"],
  derivatives: [(k, g, _, a, b) => k.div(g, k.add(one(k, a), k.pow(k.like(2, a), k.sub(b, a)))), (k, g, _, a, b) => k.div(g, k.add(one(k, a), k.pow(k.like(2, a), k.sub(a, b))))],
});
// a log b, 0 where a is 0 unless b is NaN
export const xlogy = /* @__PURE__ */ new ElementwiseOp("xlogy", 2, (k, a, b) => xTimes(k, a, b, k.log(b)), {
  type: "float",
  derivatives: [
    (k, g, _, a, b) => k.select(k.and(k.eq(a, zero(k, a)), k.le(b, zero(k, b))), zero(k, g), xTimes(k, g, b, k.log(b))),
    (k, g, _, a, b) => k.div(k.mul(g, a), b),
  ],
});
