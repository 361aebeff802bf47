import type { Expr, ExprBuilder } from "./expr.js";

/** Whether an expression changes with the position along `axis`. */
export function dependsOnAxis(expr: Expr, axis: number): boolean {
  const seen = new Set<Expr>();
  const stack = [expr];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.op === "index" && node.axis === axis) return true;
    if (seen.has(node)) continue;
    seen.add(node);
    stack.push(...node.args);
  }
  return false;
}

/**
 * By how much an int32 expression grows when the position along `axis` grows by one, where that amount does not itself
 * depend on the position; null where the expression is not linear in it. The literal 0 means that it does not change
 * (a broadcast), the literal 1 that neighbours are contiguous; anything else is a stride. This is what tells a
 * generator which loads become vectors.
 */
export function strideAlong(builder: ExprBuilder, expr: Expr, axis: number): Expr | null {
  switch (expr.op) {
    case "index":
      return builder.int(expr.axis === axis ? 1 : 0);
    case "add":
    case "sub": {
      const [a, b] = strides(builder, expr, axis);
      if (a === null || b === null) return null;
      return expr.op === "add" ? builder.add(a, b) : builder.sub(a, b);
    }
    case "mul": {
      const [a, b] = strides(builder, expr, axis);
      if (a === null || b === null) return null;
      const [left, right] = expr.args as readonly [Expr, Expr];
      if (isZero(a)) return builder.mul(left, b);
      if (isZero(b)) return builder.mul(a, right);
      return null;
    }
    default:
      return dependsOnAxis(expr, axis) ? null : builder.int(0);
  }
}

const strides = (builder: ExprBuilder, expr: Expr, axis: number): readonly [Expr | null, Expr | null] => {
  const [a, b] = expr.args as readonly [Expr, Expr];
  return [strideAlong(builder, a, axis), strideAlong(builder, b, axis)];
};

const isZero = (expr: Expr): boolean => expr.op === "const" && expr.value === 0;
