import type { Expr } from "@gradus/kernel-ir";
import { ElementwiseOp } from "../../kernels/elementwise-op.js";
import type { K } from "./notation.js";
import { bitsOf, bool, float, isFloat, isNegative, one, zero } from "./notation.js";

/** What numbers are made of: signs, exponents, infinities, the next number. */

const infinite = (k: K, x: Expr): Expr => k.eq(k.abs(x), k.like(Infinity, x));

const always = (k: K, holds: boolean): Expr => k.const(holds, "bool");

/** The sign bit alone, in the type of `bits`. */
const signBit = (k: K, bits: Expr): Expr => k.const(bits.dtype === "int64" ? -(2n ** 63n) : -(2 ** 31), bits.dtype);

const fromBits = (k: K, bits: Expr): Expr => k.bitcast(bits, bits.dtype === "int64" ? "float64" : "float32");

export const isfinite = /* @__PURE__ */ new ElementwiseOp("isfinite", 1, (k, x) => (isFloat(x) ? k.lt(k.abs(x), k.like(Infinity, x)) : always(k, true)), bool);
export const isinf = /* @__PURE__ */ new ElementwiseOp("isinf", 1, (k, x) => (isFloat(x) ? infinite(k, x) : always(k, false)), bool);
export const isposinf = /* @__PURE__ */ new ElementwiseOp("isposinf", 1, (k, x) => (isFloat(x) ? k.eq(x, k.like(Infinity, x)) : always(k, false)), bool);
export const isneginf = /* @__PURE__ */ new ElementwiseOp("isneginf", 1, (k, x) => (isFloat(x) ? k.eq(x, k.like(-Infinity, x)) : always(k, false)), bool);
export const isreal = /* @__PURE__ */ new ElementwiseOp("isreal", 1, (k) => always(k, true), bool);
export const signbit = /* @__PURE__ */ new ElementwiseOp("signbit", 1, (k, x) => (isFloat(x) ? isNegative(k, x) : x.dtype === "bool" ? always(k, false) : k.lt(x, zero(k, x))), bool);
/** The part behind the point, with the sign of x. */
export const frac = /* @__PURE__ */ new ElementwiseOp("frac", 1, (k, x) => k.sub(x, k.trunc(x)), { accepts: ["float"], derivatives: [(_, g) => g] });
export const nanToNum = /* @__PURE__ */ new ElementwiseOp("nanToNum", 4, (k, x, nan, positive, negative) => {
  if (!isFloat(x)) return x;
  return k.select(k.isNaN(x), nan, k.select(k.eq(x, k.like(Infinity, x)), positive, k.select(k.eq(x, k.like(-Infinity, x)), negative, x)));
}, { type: "first", derivatives: [(k, g, _, x) => k.select(k.lt(k.abs(x), k.like(Infinity, x)), g, zero(k, g)), null, null, null] });
// |a| with the sign of b
export const copysign = /* @__PURE__ */ new ElementwiseOp("copysign", 2, copySign, {
  type: "float",
  // y/a is 1 or −1
  derivatives: [(k, g, y, a) => k.select(k.eq(a, zero(k, a)), zero(k, g), k.mul(g, k.div(y, a))), null],
});
// One more or less as an integer, which orders floats of one sign. From 0 it is the smallest number with the sign of b.
export const nextafter = /* @__PURE__ */ new ElementwiseOp("nextafter", 2, (k, a, b) => {
  const bits = bitsOf(k, a);
  const grows = k.eq(k.lt(a, b), k.lt(zero(k, a), a));
  const step = fromBits(k, k.select(grows, k.add(bits, one(k, bits)), k.sub(bits, one(k, bits))));
  const smallest = fromBits(k, k.or(k.and(bitsOf(k, b), signBit(k, bits)), one(k, bits)));
  return k.select(k.or(k.isNaN(a), k.isNaN(b)), k.add(a, b), k.select(k.eq(a, b), b, k.select(k.eq(a, zero(k, a)), smallest, step)));
}, { accepts: ["float"], derivatives: [null, null] });
// a · 2ᵇ
export const ldexp = /* @__PURE__ */ new ElementwiseOp("ldexp", 2, (k, a, b) => k.mul(a, k.pow(k.like(2, b), b)), float);

function copySign(k: K, a: Expr, b: Expr): Expr {
  const [bits, sign] = [bitsOf(k, a), bitsOf(k, b)];
  return fromBits(k, k.or(k.and(bits, k.not(signBit(k, bits))), k.and(sign, signBit(k, sign))));
}
