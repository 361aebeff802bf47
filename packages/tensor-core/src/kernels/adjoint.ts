import type { AluOp, Expr, ExprBuilder } from "@gradus/kernel-ir";
import { isAlu, topological } from "@gradus/kernel-ir";

/**
 * Derivatives of expressions.
 *
 * Each rule gives, for `y = op(a, b)` and a gradient `g` of y, the gradients of a and b; null is zero. Every elementwise
 * op differentiates itself through this table, to any order, and its derivative reaches the device as one kernel.
 */
type Rule = (k: ExprBuilder, g: Expr, y: Expr, a: Expr, b: Expr) => readonly (Expr | null)[];

const zero = (k: ExprBuilder, like: Expr): Expr => k.like(0, like);

const rules: Record<AluOp, Rule> = {
  add: (_, g) => [g, g],
  sub: (k, g) => [g, k.neg(g)],
  mul: (k, g, _, a, b) => [k.mul(g, b), k.mul(g, a)],
  div: (k, g, y, _, b) => [k.div(g, b), k.neg(k.mul(k.div(g, b), y))],
  // a rem b = a − b · trunc(a / b)
  rem: (k, g, _, a, b) => [g, k.neg(k.mul(g, k.trunc(k.div(a, b))))],
  // Where both are equal each gets half, as PyTorch's minimum and maximum.
  min: (k, g, _, a, b) => extremum(k, g, a, b, k.lt(b, a), k.lt(a, b)),
  max: (k, g, _, a, b) => extremum(k, g, a, b, k.lt(a, b), k.lt(b, a)),
  neg: (k, g) => [k.neg(g)],
  abs: (k, g, _, a) => [k.select(k.lt(a, zero(k, a)), k.neg(g), k.select(k.lt(zero(k, a), a), g, zero(k, g)))],
  sqrt: (k, g, y) => [k.div(g, k.mul(k.like(2, y), y))],
  floor: (k, g) => [zero(k, g)],
  ceil: (k, g) => [zero(k, g)],
  trunc: (k, g) => [zero(k, g)],
  round: (k, g) => [zero(k, g)],
  exp: (k, g, y) => [k.mul(g, y)],
  log: (k, g, _, a) => [k.div(g, a)],
  sin: (k, g, _, a) => [k.mul(g, k.cos(a))],
  cos: (k, g, _, a) => [k.neg(k.mul(g, k.sin(a)))],
  tanh: (k, g, y) => [k.mul(g, k.sub(k.like(1, y), k.mul(y, y)))],
  // 2/√π · exp(−a²)
  erf: (k, g, _, a) => [k.mul(g, k.mul(k.like(2 / Math.sqrt(Math.PI), a), k.exp(k.neg(k.mul(a, a)))))],
  // ∂/∂a = b·a^(b−1), zero where b is; ∂/∂b = y·ln a, zero where a is and b is not negative.
  pow: (k, g, y, a, b) => [
    k.select(k.eq(b, zero(k, b)), zero(k, g), k.mul(g, k.mul(b, k.pow(a, k.sub(b, k.like(1, b)))))),
    k.select(k.and(k.eq(a, zero(k, a)), k.ge(b, zero(k, b))), zero(k, g), k.mul(g, k.mul(y, k.log(a)))),
  ],
  eq: () => [],
  ne: () => [],
  lt: () => [],
  le: () => [],
  and: () => [],
  or: () => [],
  xor: () => [],
  not: () => [],
  shl: () => [],
  shr: () => [],
  ushr: () => [],
};

/** Gradients of the larger or the smaller of two. Where one is NaN neither has lost, and both get all of it, as in PyTorch. */
function extremum(k: ExprBuilder, g: Expr, a: Expr, b: Expr, aLost: Expr, bLost: Expr): Expr[] {
  const half = k.mul(g, k.like(0.5, g));
  const share = (lost: Expr): Expr => k.select(k.eq(a, b), half, k.select(lost, zero(k, g), g));
  return [share(aLost), share(bLost)];
}

const isFloat = (expr: Expr): boolean => expr.dtype === "float32" || expr.dtype === "float64";

/**
 * The gradient of each of `leaves`, given the gradient `g` of `root`: reverse mode over the expression itself. Null where
 * the root does not depend on the leaf through differentiable steps. A leaf stops the walk.
 */
export function adjoints(k: ExprBuilder, root: Expr, g: Expr, leaves: readonly Expr[]): (Expr | null)[] {
  const gradients = new Map<Expr, Expr>([[root, g]]);
  const give = (to: Expr | undefined, gradient: Expr | null | undefined): void => {
    if (to === undefined || gradient === null || gradient === undefined || !isFloat(to)) return;
    const known = gradients.get(to);
    gradients.set(to, known === undefined ? gradient : k.add(known, gradient));
  };
  const order = topological([root]);
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i];
    const gradient = node === undefined ? undefined : gradients.get(node);
    if (node === undefined || gradient === undefined || leaves.includes(node)) continue;
    const [a, b, c] = node.args;
    if (isAlu(node)) {
      const parts = rules[node.op](k, gradient, node, a, b ?? a);
      node.args.forEach((arg, j) => { give(arg, parts[j]); });
    } else if (node.op === "select") {
      give(b, k.select(a, gradient, zero(k, gradient)));
      give(c, k.select(a, zero(k, gradient), gradient));
    } else if (node.op === "cast" && isFloat(a)) {
      give(a, k.cast(gradient, a.dtype));
    }
  }
  return leaves.map((leaf) => gradients.get(leaf) ?? null);
}
