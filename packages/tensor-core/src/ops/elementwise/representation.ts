import type { Expr } from "@gradus/kernel-ir";
import { finfo } from "../../dtypes.js";
import { DTypeError } from "../../errors.js";
import { ElementwiseOp } from "../../kernels/elementwise.js";
import type { Chosen, ElementwiseFunction } from "../../kernels/elementwise-function.js";
import { choosing, unary } from "../../kernels/elementwise-function.js";
import { optionsOf } from "../../options.js";
import type { Options } from "../../options.js";
import type { Tensor } from "../../tensor.js";
import type { K } from "./notation.js";
import { bitsOf, bool, float, isFloat, isNegative, one, zero } from "./notation.js";
import { ofTensorAnd, ofTensors } from "../operand-rules.js";

/** What numbers are made of: signs, exponents, infinities, the next number. */

const infinite = (k: K, x: Expr): Expr => k.eq(k.abs(x), k.like(Infinity, x));
const always = (k: K, holds: boolean): Expr => k.const(holds, "bool");
/** The sign bit alone, in the type of `bits`. */
const signBit = (k: K, bits: Expr): Expr => k.const(bits.dtype === "int64" ? -(2n ** 63n) : -(2 ** 31), bits.dtype);
const fromBits = (k: K, bits: Expr): Expr => k.bitcast(bits, bits.dtype === "int64" ? "float64" : "float32");

export const representationOps = {
  isfinite: new ElementwiseOp("isfinite", 1, (k, x) => (isFloat(x) ? k.lt(k.abs(x), k.like(Infinity, x)) : always(k, true)), bool),
  isinf: new ElementwiseOp("isinf", 1, (k, x) => (isFloat(x) ? infinite(k, x) : always(k, false)), bool),
  isposinf: new ElementwiseOp("isposinf", 1, (k, x) => (isFloat(x) ? k.eq(x, k.like(Infinity, x)) : always(k, false)), bool),
  isneginf: new ElementwiseOp("isneginf", 1, (k, x) => (isFloat(x) ? k.eq(x, k.like(-Infinity, x)) : always(k, false)), bool),
  isreal: new ElementwiseOp("isreal", 1, (k) => always(k, true), bool),
  signbit: new ElementwiseOp("signbit", 1, (k, x) => (isFloat(x) ? isNegative(k, x) : x.dtype === "bool" ? always(k, false) : k.lt(x, zero(k, x))), bool),
  /** The part behind the point, with the sign of x. */
  frac: new ElementwiseOp("frac", 1, (k, x) => k.sub(x, k.trunc(x)), { accepts: ["float"], derivatives: [(_, g) => g] }),
  nanToNum: new ElementwiseOp("nanToNum", 4, (k, x, nan, positive, negative) => {
    if (!isFloat(x)) return x;
    return k.select(k.isNaN(x), nan, k.select(k.eq(x, k.like(Infinity, x)), positive, k.select(k.eq(x, k.like(-Infinity, x)), negative, x)));
  }, { type: "first", derivatives: [(k, g, _, x) => k.select(k.lt(k.abs(x), k.like(Infinity, x)), g, zero(k, g)), null, null, null] }),
  // |a| with the sign of b
  copysign: new ElementwiseOp("copysign", 2, copySign, {
    ...float,
    // y/a is 1 or −1
    derivatives: [(k, g, y, a) => k.select(k.eq(a, zero(k, a)), zero(k, g), k.mul(g, k.div(y, a))), null],
  }),
  // One more or less as an integer, which orders floats of one sign. From 0 it is the smallest number with the sign of b.
  nextafter: new ElementwiseOp("nextafter", 2, (k, a, b) => {
    const bits = bitsOf(k, a);
    const grows = k.eq(k.lt(a, b), k.lt(zero(k, a), a));
    const step = fromBits(k, k.select(grows, k.add(bits, one(k, bits)), k.sub(bits, one(k, bits))));
    const smallest = fromBits(k, k.or(k.and(bitsOf(k, b), signBit(k, bits)), one(k, bits)));
    return k.select(k.or(k.isNaN(a), k.isNaN(b)), k.add(a, b), k.select(k.eq(a, b), b, k.select(k.eq(a, zero(k, a)), smallest, step)));
  }, { accepts: ["float"], derivatives: [null, null] }),
  // a · 2ᵇ
  ldexp: new ElementwiseOp("ldexp", 2, (k, a, b) => k.mul(a, k.pow(k.like(2, b), b)), float),
};

function copySign(k: K, a: Expr, b: Expr): Expr {
  const [bits, sign] = [bitsOf(k, a), bitsOf(k, b)];
  return fromBits(k, k.or(k.and(bits, k.not(signBit(k, bits))), k.and(sign, signBit(k, sign))));
}

const ops = representationOps;

/** Neither infinite nor NaN. @see torch.isfinite */
export const isfinite = unary(ops.isfinite);
/** Infinity or −Infinity. @see torch.isinf */
export const isinf = unary(ops.isinf);
/** Infinity. @see torch.isposinf */
export const isposinf = unary(ops.isposinf);
/** −Infinity. @see torch.isneginf */
export const isneginf = unary(ops.isneginf);
/** True everywhere: there are no complex tensors. @see torch.isreal */
export const isreal = unary(ops.isreal);
/** Whether the sign is negative; that of −0 is. @see torch.signbit */
export const signbit = unary(ops.signbit);
/** +x: x itself. @throws {DTypeError} if x is bool. @see torch.positive */
export function positive(x: Tensor): Tensor {
  if (x.dtype === "bool") throw new DTypeError("positive: expected numbers, got bool; convert it with to(\"int64\")");
  return x;
}
/** The complex conjugate: x itself, because there are no complex tensors. @see torch.conj */
export const conj = (x: Tensor): Tensor => x;
/** @see torch.conj_physical */
export const conjPhysical = (x: Tensor): Tensor => x;
/** @see torch.resolve_conj */
export const resolveConj = (x: Tensor): Tensor => x;
/** @see torch.resolve_neg */
export const resolveNeg = (x: Tensor): Tensor => x;
/** The part behind the point, with the sign of x. @see torch.frac */
export const frac = unary(ops.frac);
export const NanToNumOptions = class {
  /** In place of NaN; 0 by default. */
  readonly nan?: number;
  /** In place of Infinity; the largest finite number by default. */
  readonly posinf?: number;
  /** In place of −Infinity; the smallest finite number by default. */
  readonly neginf?: number;
};
export type NanToNumOptions = Options<typeof NanToNumOptions>;

/** Numbers in place of NaN and infinities. @see torch.nan_to_num */
export const nanToNum = choosing("nanToNum", (op, x: Tensor, options?: NanToNumOptions): Chosen => {
  const { nan = 0, posinf, neginf } = optionsOf(op, NanToNumOptions, options);
  if (!x.isFloatingPoint()) return [ops.nanToNum, x, 0, 0, 0];
  const { max } = finfo(x.dtype);
  return [ops.nanToNum, x, nan, posinf ?? max, neginf ?? -max];
});
/** |a| with the sign of b; that of −0 counts. @see torch.copysign */
export const copysign = ofTensorAnd(ops.copysign);
/** The number that follows a in the direction of b. @throws {DTypeError} for half precision. @see torch.nextafter */
export const nextafter: ElementwiseFunction<[a: Tensor, b: Tensor]> = choosing("nextafter", (op, a: Tensor, b: Tensor): Chosen => {
  for (const { dtype } of [a, b]) if (dtype !== "float32" && dtype !== "float64") throw new DTypeError(`${op}: expected float32 or float64 tensors, got ${dtype}`);
  return [ops.nextafter, a, b];
});
/** a · 2ᵇ. @see torch.ldexp */
export const ldexp = ofTensors(ops.ldexp);
