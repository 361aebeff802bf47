import { finfo } from "../../dtypes.js";
import { DTypeError } from "../../errors.js";
import type { Chosen, ElementwiseFunction } from "../../kernels/elementwise-function.js";
import { choosing, unary } from "../../kernels/elementwise-function.js";
import { optionsOf } from "../../options.js";
import type { Options } from "../../options.js";
import type { Tensor } from "../../tensor.js";
import { ofTensorAnd, ofTensors } from "../operand-rules.js";
import * as ops from "../formulas/representation.js";

/** Neither infinite nor NaN. @see torch.isfinite */
export const isfinite = /* @__PURE__ */ unary(ops.isfinite);
/** Infinity or −Infinity. @see torch.isinf */
export const isinf = /* @__PURE__ */ unary(ops.isinf);
/** Infinity. @see torch.isposinf */
export const isposinf = /* @__PURE__ */ unary(ops.isposinf);
/** −Infinity. @see torch.isneginf */
export const isneginf = /* @__PURE__ */ unary(ops.isneginf);
/** True everywhere: there are no complex tensors. @see torch.isreal */
export const isreal = /* @__PURE__ */ unary(ops.isreal);
/** Whether the sign is negative; that of −0 is. @see torch.signbit */
export const signbit = /* @__PURE__ */ unary(ops.signbit);

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
export const frac = /* @__PURE__ */ unary(ops.frac);

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
export const nanToNum = /* @__PURE__ */ choosing("nanToNum", (op, x: Tensor, options?: NanToNumOptions): Chosen => {
  const { nan = 0, posinf, neginf } = optionsOf(op, NanToNumOptions, options);
  if (!x.isFloatingPoint()) return [ops.nanToNum, x, 0, 0, 0];
  const { max } = finfo(x.dtype);
  return [ops.nanToNum, x, nan, posinf ?? max, neginf ?? -max];
});

/** |a| with the sign of b; that of −0 counts. @see torch.copysign */
export const copysign = /* @__PURE__ */ ofTensorAnd(ops.copysign);
/** The number that follows a in the direction of b. @throws {DTypeError} for half precision. @see torch.nextafter */
export const nextafter: ElementwiseFunction<[a: Tensor, b: Tensor]> = /* @__PURE__ */ choosing("nextafter", (op, a: Tensor, b: Tensor): Chosen => {
  for (const { dtype } of [a, b]) if (dtype !== "float32" && dtype !== "float64") throw new DTypeError(`${op}: expected float32 or float64 tensors, got ${dtype}`);
  return [ops.nextafter, a, b];
});

/** a · 2ᵇ. @see torch.ldexp */
export const ldexp = /* @__PURE__ */ ofTensors(ops.ldexp);
