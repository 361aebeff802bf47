import type { Expr } from "@gradus/kernel-ir";

// WGSL lets a compiler treat floats as real numbers: to take (1 − x) + x for 1 and x · 0 for 0, or to factor x out of
// c·x + d·x. Kernel-ir does not, and its functions live on the difference: the low part of a sum in two parts is zero for
// real numbers. `rounded`, in `library.ts`, hides from the compiler where a value comes from; this file says where it has to.

type Family = "sum" | "product";

const family = (expr: Expr): Family | null => {
  if (expr.dtype !== "float32") return null;
  if (expr.op === "add" || expr.op === "sub") return "sum";
  return expr.op === "mul" || expr.op === "div" ? "product" : null;
};

/** Whether the argument at `position` of a node has to be hidden from the compiler. */
export function mustBeRounded(node: Expr, position: number): boolean {
  const kind = family(node);
  const arg = node.args[position];
  const other = node.args[1 - position];
  if (kind === null || arg === undefined || other === undefined) return false;
  if (isLiteral(arg)) return arg.op !== "const" || arg.value === 0 || !Number.isFinite(arg.value);
  if (family(arg) !== kind) return false;
  // (1 − x) + 1e-12 would become 1 − x, with one literal for two.
  if (holdsLiteral(arg, kind) && holdsLiteral(other, kind)) return true;
  const factors = factorsOf(other, kind);
  return [...factorsOf(arg, kind)].some((factor) => factors.has(factor));
}

/** What could cancel or be factored out: the terms of a sum and the factors of those. Literals are in every formula. */
function factorsOf(root: Expr, kind: Family): Set<Expr> {
  const factors = new Set<Expr>();
  const open = (expr: Expr, as: Family): void => {
    if (isLiteral(expr) || factors.has(expr)) return;
    factors.add(expr);
    const is = family(expr);
    if (is === as || is === "product") for (const arg of expr.args) open(arg, is);
  };
  open(root, kind);
  return factors;
}

/** Whether a literal is a term of a sum, or a factor of a product. */
const holdsLiteral = (expr: Expr, kind: Family): boolean => isLiteral(expr) || (family(expr) === kind && expr.args.some((arg) => holdsLiteral(arg, kind)));

/** Whether an expression is made of literals alone. */
const isLiteral = (expr: Expr): boolean => expr.op === "const" || (expr.args.length > 0 && expr.args.every(isLiteral));
