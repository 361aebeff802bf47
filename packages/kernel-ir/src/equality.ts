import { expressionsOf } from "./children.js";
import type { Expr } from "./expr.js";
import type { Operand, Program, Store } from "./program.js";

/** What an expression is apart from its arguments. */
function label(expr: Expr): string {
  switch (expr.op) {
    case "const":
      return `const ${expr.dtype} ${Object.is(expr.value, -0) ? "-0" : String(expr.value)}`;
    case "scalar":
      return `scalar ${expr.dtype} ${String(expr.slot)}`;
    case "index":
      return `index ${String(expr.axis)}`;
    case "load":
      return `load ${expr.dtype} ${String(expr.param)}`;
    case "result":
      return `result ${expr.dtype} ${String(expr.reduction)} ${String(expr.slot)}`;
    case "left":
    case "right":
      return `${expr.op} ${expr.dtype} ${String(expr.slot)}`;
    default:
      return `${expr.op} ${expr.dtype}`;
  }
}

const frameOfStores = (stores: readonly Store[]): unknown => stores.map((store) => [store.over, store.param]);

const frameOfOperand = (operand: Operand): unknown => [
  operand.param,
  operand.coordinates.map((c) => [c.terms.map((term) => term.axis), c.extent === null]),
  operand.prologue === null,
];

/** What a program is apart from its expressions, as plain data. */
function frame(program: Program): unknown {
  const base = [
    program.kind,
    program.params.map((param) => [param.dtype, param.access]),
    program.scalars,
    program.guards.map((guard) => [guard.over, guard.message]),
  ];
  if (program.kind === "contraction") {
    return [
      base,
      program.axes.map((axis) => axis.role),
      frameOfOperand(program.left),
      frameOfOperand(program.right),
      program.dtype,
      frameOfStores(program.stores),
    ];
  }
  const space = [program.outer.length, program.inner.length];
  switch (program.kind) {
    case "kernel":
      return [
        base,
        space,
        program.reductions.map((r) => [r.lanes, r.monoid.identity.length, r.monoid.combine.length, r.lift.length]),
        frameOfStores(program.stores),
      ];
    case "scan":
      return [base, space, program.lift.length, frameOfStores(program.stores)];
    case "scatter":
      return [base, space, program.target.param, program.target.combine === null, program.target.when === null];
    case "sort":
      return [base, space, program.descending, frameOfStores(program.stores)];
  }
}

/** FNV-1a over UTF-16 code units. */
function hashText(text: string, seed: number): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

const expressionHashes = new WeakMap<Expr, number>();

function hashExpression(root: Expr): number {
  // Iterative: expressions can be deep (twenty rounds of a random bit generator).
  const stack: Expr[] = [root];
  for (let expr = stack.at(-1); expr !== undefined; expr = stack.at(-1)) {
    const missing = expr.args.filter((arg) => !expressionHashes.has(arg));
    if (missing.length > 0 && !expressionHashes.has(expr)) {
      stack.push(...missing);
      continue;
    }
    stack.pop();
    if (expressionHashes.has(expr)) continue;
    let hash = hashText(label(expr), 0x811c9dc5);
    for (const arg of expr.args) hash = Math.imul(hash ^ (expressionHashes.get(arg) ?? 0), 0x01000193) >>> 0;
    expressionHashes.set(expr, hash);
  }
  return expressionHashes.get(root) ?? 0;
}

/** A number that equal programs share. It narrows a search; `equalPrograms` decides. */
export function hashProgram(program: Program): number {
  let hash = hashText(JSON.stringify(frame(program)), 0x811c9dc5);
  for (const expr of expressionsOf(program)) hash = Math.imul(hash ^ hashExpression(expr), 0x01000193) >>> 0;
  return hash;
}

/** Whether two expressions compute the same thing in the same way, though they may come from different builders. */
export function equalExpressions(a: Expr, b: Expr): boolean {
  return sameExpressions([a], [b]);
}

function sameExpressions(as: readonly Expr[], bs: readonly Expr[]): boolean {
  if (as.length !== bs.length) return false;
  const counterpart = new Map<Expr, Expr>();
  const stack: (readonly [Expr, Expr])[] = as.map((a, i) => [a, bs[i] ?? a]);
  for (let pair = stack.pop(); pair !== undefined; pair = stack.pop()) {
    const [a, b] = pair;
    if (a === b || counterpart.get(a) === b) continue;
    if (label(a) !== label(b) || a.args.length !== b.args.length) return false;
    counterpart.set(a, b);
    a.args.forEach((arg, i) => stack.push([arg, b.args[i] ?? arg]));
  }
  return true;
}

/** Whether two programs are the same apart from their names. */
export function equalPrograms(a: Program, b: Program): boolean {
  if (a === b) return true;
  return JSON.stringify(frame(a)) === JSON.stringify(frame(b)) && sameExpressions(expressionsOf(a), expressionsOf(b));
}
