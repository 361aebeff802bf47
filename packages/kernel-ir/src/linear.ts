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
  // Each shared part once: written out as a tree, an expression can be exponentially larger.
  const known = new Map<Expr, Expr | null>();
  const strideOf = (node: Expr): Expr | null => {
    const done = known.get(node);
    if (done !== undefined) return done;
    const stride = compute(node);
    known.set(node, stride);
    return stride;
  };
  const compute = (node: Expr): Expr | null => {
    if (node.op === "index") return builder.int(node.axis === axis ? 1 : 0);
    if (node.op !== "add" && node.op !== "sub" && node.op !== "mul") return dependsOnAxis(node, axis) ? null : builder.int(0);
    const [left, right] = node.args as readonly [Expr, Expr];
    const [a, b] = [strideOf(left), strideOf(right)];
    if (a === null || b === null) return null;
    if (node.op !== "mul") return builder.alu(node.op, a, b);
    if (isZero(a)) return builder.mul(left, b);
    return isZero(b) ? builder.mul(a, right) : null;
  };
  // An amount that only looks as if it changed, such as i - i, is not worth proving constant.
  const stride = strideOf(expr);
  return stride === null || dependsOnAxis(stride, axis) ? null : stride;
}

const isZero = (expr: Expr): boolean => expr.op === "const" && expr.value === 0;
