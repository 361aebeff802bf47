import type { Expr } from "@gradus/kernel-ir";
import { ElementwiseOp } from "../../kernels/elementwise-op.js";
import type { K } from "./notation.js";
import { float, half, zero } from "./notation.js";

/** Losses that work one element at a time. */

// −(y log p + (1 − y) log(1 − p)), each logarithm at least −100
export const binaryCrossEntropy = /* @__PURE__ */ new ElementwiseOp("binaryCrossEntropy", 2, (k, p, y) => {
  const one = k.like(1, p);
  const boundedLog = (x: Expr): Expr => k.max(k.log(x), k.like(-100, x));
  return k.sub(k.mul(k.sub(y, one), boundedLog(k.sub(one, p))), k.mul(y, boundedLog(p)));
}, {
  type: "float",
  derivatives: [
    // (p − y) / (p (1 − p)), whose divisor is (p + ε) (1 − p + ε) where it would be smaller than PyTorch's ε = 10⁻¹²
    (k, g, _, p, y) => {
      const [one, bound] = [k.like(1, p), k.like(1e-12, p)];
      const spread = k.mul(k.sub(one, p), p);
      return k.div(k.mul(g, k.sub(p, y)), k.select(k.lt(spread, bound), k.mul(k.add(p, bound), k.add(k.sub(one, p), bound)), spread));
    },
    (k, g, _, p) => k.mul(g, k.sub(k.log(k.sub(k.like(1, p), p)), k.log(p))),
  ],
});
// d²/2β where |d| < β, and |d| − β/2 elsewhere
export const smoothL1Loss = /* @__PURE__ */ new ElementwiseOp("smoothL1Loss", 3, (k, x, y, beta) => {
  const d = k.abs(k.sub(x, y));
  return k.select(k.lt(d, beta), k.div(k.mul(k.mul(half(k, d), d), d), beta), k.sub(d, k.mul(half(k, d), beta)));
}, float);
// d²/2 where |d| ≤ δ, and δ (|d| − δ/2) elsewhere
export const huberLoss = /* @__PURE__ */ new ElementwiseOp("huberLoss", 3, (k, x, y, delta) => {
  const d = k.abs(k.sub(x, y));
  return k.select(k.le(d, delta), k.mul(k.mul(half(k, d), d), d), k.mul(delta, k.sub(d, k.mul(half(k, d), delta))));
}, float);
// log(1 + e^−xy), as max(−xy, 0) + log(1 + e^−|xy|)
export const softMarginLoss = /* @__PURE__ */ new ElementwiseOp("softMarginLoss", 2, (k, x, y) => {
  const z = k.neg(k.mul(x, y));
  return k.add(k.max(z, zero(k, z)), k.log(k.add(k.like(1, z), k.exp(k.neg(k.abs(z))))));
}, {
  type: "float",
  // −y σ(−xy) and −x σ(−xy)
  derivatives: [(k, g, _, x, y) => k.neg(k.mul(k.mul(g, y), opposite(k, k.mul(x, y)))), (k, g, _, x, y) => k.neg(k.mul(k.mul(g, x), opposite(k, k.mul(x, y))))],
});
// y (log y − x), which is 0 at y = 0
export const klDiv = /* @__PURE__ */ new ElementwiseOp("klDiv", 2, (k, x, y) => k.sub(k.select(k.eq(y, zero(k, y)), zero(k, y), k.mul(y, k.log(y))), k.mul(y, x)), float);

/** σ(−z) = 1 / (1 + eᶻ), without overflow. */
function opposite(k: K, z: Expr): Expr {
  const positive = k.lt(zero(k, z), z);
  const power = k.exp(k.select(positive, k.neg(z), z));
  return k.div(k.select(positive, power, k.like(1, z)), k.add(k.like(1, z), power));
}
