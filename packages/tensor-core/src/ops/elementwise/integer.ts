import type { Expr } from "@gradus/kernel-ir";
import { ElementwiseOp } from "../../kernels/elementwise.js";
import type { Chosen, ElementwiseFunction } from "../../kernels/elementwise-function.js";
import { binary, choosing } from "../../kernels/elementwise-function.js";
import type { Tensor } from "../../tensor.js";
import { ofTensors } from "../operand-rules.js";
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

export const integerOps = {
  bitwiseNot: new ElementwiseOp("bitwiseNot", 1, (k, x) => k.not(x), int),
  /** bitwiseNot of bools. */
  inverted: new ElementwiseOp("bitwiseNot", 1, (k, x) => k.not(x), { accepts: ["bool"] }),
  bitwiseAnd: new ElementwiseOp("bitwiseAnd", 2, (k, a, b) => k.and(a, b), integers),
  bitwiseOr: new ElementwiseOp("bitwiseOr", 2, (k, a, b) => k.or(a, b), integers),
  bitwiseXor: new ElementwiseOp("bitwiseXor", 2, (k, a, b) => k.xor(a, b), integers),
  /** Bits that are shifted out are lost, all of them by counts that are negative or not below the width. */
  bitwiseLeftShift: new ElementwiseOp("bitwiseLeftShift", 2, (k, a, b) => k.select(within(k, b), k.shl(a, b), zero(k, a)), int),
  /** ⌊a / 2ᵇ⌋; counts that are negative or not below the width leave the sign alone. */
  bitwiseRightShift: new ElementwiseOp("bitwiseRightShift", 2, (k, a, b) => k.shr(a, k.select(within(k, b), b, k.like(widthOf(b) - 1, b))), int),
  gcd: new ElementwiseOp("gcd", 2, greatestDivisor, int),
  lcm: new ElementwiseOp("lcm", 2, (k, a, b) => k.abs(k.mul(k.div(a, greatestDivisor(k, a, b)), b)), int),
};

const ops = integerOps;

/** Every bit inverted; of bools, the opposite. @see torch.bitwise_not */
export const bitwiseNot: ElementwiseFunction<[x: Tensor]> = choosing("bitwiseNot", (_, x: Tensor): Chosen => [x.dtype === "bool" ? ops.inverted : ops.bitwiseNot, x]);
/** The bits that both have. @see torch.bitwise_and */
export const bitwiseAnd = binary(ops.bitwiseAnd);
/** The bits that either has. @see torch.bitwise_or */
export const bitwiseOr = binary(ops.bitwiseOr);
/** The bits in which they differ. @see torch.bitwise_xor */
export const bitwiseXor = binary(ops.bitwiseXor);
/** a · 2ᵇ, without the bits that leave the type. @see torch.bitwise_left_shift */
export const bitwiseLeftShift = binary(ops.bitwiseLeftShift);
/** ⌊a / 2ᵇ⌋. @see torch.bitwise_right_shift */
export const bitwiseRightShift = binary(ops.bitwiseRightShift);
/** The greatest common divisor, ≥ 0; gcd(0, 0) = 0. @see torch.gcd */
export const gcd = ofTensors(ops.gcd);
/** The least common multiple, ≥ 0; 0 if either is. @see torch.lcm */
export const lcm = ofTensors(ops.lcm);
