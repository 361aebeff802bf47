import type { Expr } from "@gradus/kernel-ir";
import { ElementwiseOp } from "../../kernels/elementwise-op.js";
import type { K } from "./notation.js";
import { bool, zero } from "./notation.js";

/** Comparisons and what is made of them. */

export const isnan = /* @__PURE__ */ new ElementwiseOp("isnan", 1, (k, x) => k.isNaN(x), bool);
export const logicalNot = /* @__PURE__ */ new ElementwiseOp("logicalNot", 1, (k, x) => k.eq(x, zero(k, x)), bool);
export const eq = /* @__PURE__ */ new ElementwiseOp("eq", 2, (k, a, b) => k.eq(a, b), bool);
export const ne = /* @__PURE__ */ new ElementwiseOp("ne", 2, (k, a, b) => k.ne(a, b), bool);
export const lt = /* @__PURE__ */ new ElementwiseOp("lt", 2, (k, a, b) => (a.dtype === "bool" ? k.and(k.not(a), b) : k.lt(a, b)), bool);
export const le = /* @__PURE__ */ new ElementwiseOp("le", 2, (k, a, b) => (a.dtype === "bool" ? k.or(k.not(a), b) : k.le(a, b)), bool);
export const gt = /* @__PURE__ */ new ElementwiseOp("gt", 2, (k, a, b) => (a.dtype === "bool" ? k.and(a, k.not(b)) : k.gt(a, b)), bool);
export const ge = /* @__PURE__ */ new ElementwiseOp("ge", 2, (k, a, b) => (a.dtype === "bool" ? k.or(a, k.not(b)) : k.ge(a, b)), bool);
export const logicalAnd = /* @__PURE__ */ new ElementwiseOp("logicalAnd", 2, (k, a, b) => k.and(k.ne(a, zero(k, a)), k.ne(b, zero(k, b))), bool);
export const logicalOr = /* @__PURE__ */ new ElementwiseOp("logicalOr", 2, (k, a, b) => k.or(k.ne(a, zero(k, a)), k.ne(b, zero(k, b))), bool);
export const logicalXor = /* @__PURE__ */ new ElementwiseOp("logicalXor", 2, (k, a, b) => k.ne(k.ne(a, zero(k, a)), k.ne(b, zero(k, b))), bool);
/** |a − b| ≤ atol + rtol · |b|, or equal; two infinities are close only if equal. */
export const isclose = /* @__PURE__ */ new ElementwiseOp("isclose", 4, isClose, { type: "bool", accepts: ["float"] });
export const iscloseOrNaN = /* @__PURE__ */ new ElementwiseOp("isclose", 4, (k, a, b, rtol, atol) => k.or(isClose(k, a, b, rtol, atol), k.and(k.isNaN(a), k.isNaN(b))), { type: "bool", accepts: ["float"] });

function isClose(k: K, a: Expr, b: Expr, rtol: Expr, atol: Expr): Expr {
  const allowed = k.add(atol, k.abs(k.mul(rtol, b)));
  const near = k.and(k.lt(k.abs(b), k.like(Infinity, b)), k.le(k.abs(k.sub(a, b)), allowed));
  return k.or(k.eq(a, b), near);
}
