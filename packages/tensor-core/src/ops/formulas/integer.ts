import type { Expr } from "@gradus/kernel-ir";
import { ElementwiseOp } from "../../kernels/elementwise-op.js";
import type { K } from "./notation.js";
import { integers, zero } from "./notation.js";

/** Bits and divisors. */

const int = { accepts: ["int"] } as const;

const widthOf = (x: Expr): number => (x.dtype === "int64" ? 64 : 32);

/** Whether a shift stays within the number; machines take counts modulo the width. */
const within = (k: K, count: Expr): Expr => k.and(k.le(zero(k, count), count), k.lt(count, k.like(widthOf(count), count)));

/** Euclid's algorithm, as often as numbers of that width can need: the remainder is at most half of every second dividend. */
function greatestDivisor(k: K, a: Expr, b: Expr): Expr {
  let [large, small] = [k.abs(a), k.abs(b)];
  const steps = Math.ceil(1.4405 * widthOf(a));
  // Division by 0 leaves 0, so that a finished pair stays as it is.
  for (let i = 0; i < steps; i++) [large, small] = [k.select(k.eq(small, zero(k, small)), large, small), k.rem(large, small)];
  return large;
}

export const bitwiseNot = /* @__PURE__ */ new ElementwiseOp("bitwiseNot", 1, (k, x) => k.not(x), int);
/** bitwiseNot of bools. */
export const inverted = /* @__PURE__ */ new ElementwiseOp("bitwiseNot", 1, (k, x) => k.not(x), { accepts: ["bool"] });
export const bitwiseAnd = /* @__PURE__ */ new ElementwiseOp("bitwiseAnd", 2, (k, a, b) => k.and(a, b), integers);
export const bitwiseOr = /* @__PURE__ */ new ElementwiseOp("bitwiseOr", 2, (k, a, b) => k.or(a, b), integers);
export const bitwiseXor = /* @__PURE__ */ new ElementwiseOp("bitwiseXor", 2, (k, a, b) => k.xor(a, b), integers);
/** Bits that are shifted out are lost, all of them by counts that are negative or not below the width. */
export const bitwiseLeftShift = /* @__PURE__ */ new ElementwiseOp("bitwiseLeftShift", 2, (k, a, b) => k.select(within(k, b), k.shl(a, b), zero(k, a)), int);
/** ⌊a / 2ᵇ⌋; counts that are negative or not below the width leave the sign alone. */
export const bitwiseRightShift = /* @__PURE__ */ new ElementwiseOp("bitwiseRightShift", 2, (k, a, b) => k.shr(a, k.select(within(k, b), b, k.like(widthOf(b) - 1, b))), int);
export const gcd = /* @__PURE__ */ new ElementwiseOp("gcd", 2, greatestDivisor, int);
export const lcm = /* @__PURE__ */ new ElementwiseOp("lcm", 2, (k, a, b) => k.abs(k.mul(k.div(a, greatestDivisor(k, a, b)), b)), int);
