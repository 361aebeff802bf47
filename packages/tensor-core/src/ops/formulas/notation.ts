import type { ComputeDType, Expr, ExprBuilder } from "@gradus/kernel-ir";
import type { ElementwiseOptions } from "../../kernels/elementwise-op.js";

/** What the tables of formulas are written with. */
export type K = ExprBuilder;

/** Integers become float32 first. */
export const float = { type: "float" } as const satisfies ElementwiseOptions;
/** The result is bool. */
export const bool = { type: "bool" } as const satisfies ElementwiseOptions;
export const numbers = { accepts: ["float", "int"] } as const satisfies ElementwiseOptions;
export const integers = { accepts: ["int", "bool"] } as const satisfies ElementwiseOptions;

export const half = (k: K, x: Expr): Expr => k.like(0.5, x);
export const one = (k: K, x: Expr): Expr => k.like(1, x);
export const zero = (k: K, x: Expr): Expr => k.like(0, x);
/** x · c */
export const times = (k: K, x: Expr, c: number): Expr => k.mul(x, k.like(c, x));
export const squared = (k: K, x: Expr): Expr => k.mul(x, x);
/** Σ cᵢ·xⁱ, the highest power first. */
export const polynomial = (k: K, x: Expr, coefficients: readonly number[]): Expr =>
  coefficients.slice(1).reduce((sum, c) => k.add(k.mul(sum, x), k.like(c, x)), k.like(coefficients[0] ?? 0, x));

export const isFloat = (x: Expr): boolean => x.dtype === "float32" || x.dtype === "float64";
/** The bits of a float as an integer, whose sign is the float's. */
export const bitsOf = (k: K, x: Expr): Expr => k.bitcast(x, integerOf(x));
const integerOf = (x: Expr): ComputeDType => (x.dtype === "float64" ? "int64" : "int32");
/** Whether the sign bit is set: of −0 too, unlike x < 0. */
export const isNegative = (k: K, x: Expr): Expr => {
  const bits = bitsOf(k, x);
  return k.lt(bits, k.like(0, bits));
};
/** `positive`, a function of |x|, made odd in x. Zeros keep their sign. */
export const odd = (k: K, x: Expr, positive: Expr): Expr => k.select(k.lt(x, zero(k, x)), k.neg(positive), k.select(k.eq(x, zero(k, x)), x, positive));
/** 1 / (1 + e⁻ˣ). Large negative arguments give e⁻ˣ = Infinity and so 0. */
export const logistic = (k: K, x: Expr): Expr => k.div(one(k, x), k.add(one(k, x), k.exp(k.neg(x))));
