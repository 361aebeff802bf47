import type { Expr, ExprBuilder } from "@gradus/kernel-ir";

/** Whether an int32 expression is this literal. */
export const isLiteral = (expr: Expr, value: number): boolean => expr.op === "const" && Number(expr.value) === value;

export const total = (b: ExprBuilder, terms: readonly Expr[]): Expr => terms.reduce((sum, term) => b.add(sum, term), b.int(0));
export const product = (b: ExprBuilder, factors: readonly Expr[]): Expr => factors.reduce((all, factor) => b.mul(all, factor), b.int(1));
