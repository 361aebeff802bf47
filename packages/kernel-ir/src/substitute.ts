import type { Expr, ExprBuilder } from "./expr.js";

/** An expression with some of its leaves replaced; null leaves a leaf as it is. `known` carries what was done for other expressions. */
export function substitute(builder: ExprBuilder, root: Expr, replacement: (leaf: Expr) => Expr | null, known = new Map<Expr, Expr>()): Expr {
  const done = known.get(root);
  if (done !== undefined) return done;
  let result = replacement(root) ?? root;
  if (result === root && root.args.length > 0) {
    const args = root.args.map((arg) => substitute(builder, arg, replacement, known));
    if (args.some((arg, i) => arg !== root.args[i])) result = builder.rebuild(root, args);
  }
  known.set(root, result);
  return result;
}
