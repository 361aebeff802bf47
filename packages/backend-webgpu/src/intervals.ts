import type { AluOp, Expr } from "@gradus/kernel-ir";
import { isAlu } from "@gradus/kernel-ir";

/** The integers from `least` to `most`. */
export interface Interval {
  readonly least: number;
  readonly most: number;
}

const anything: Interval = { least: -Infinity, most: Infinity };
const truth: Interval = { least: 0, most: 1 };

const hull = (numbers: readonly number[]): Interval => {
  // Infinity − Infinity and 0 · Infinity: nothing is known.
  if (numbers.some(Number.isNaN)) return anything;
  return { least: Math.min(...numbers), most: Math.max(...numbers) };
};

/** Of an operation that is monotone in each argument: what its corners span. */
const corners = (f: (x: number, y: number) => number) => (a: Interval, b: Interval): Interval =>
  hull([f(a.least, b.least), f(a.least, b.most), f(a.most, b.least), f(a.most, b.most)]);

const union = (a: Interval, b: Interval): Interval => ({ least: Math.min(a.least, b.least), most: Math.max(a.most, b.most) });

function remainder(a: Interval, b: Interval): Interval {
  if (b.least !== b.most || b.least <= 0) return anything;
  const divisor = b.least;
  if (a.least < 0) return { least: 1 - divisor, most: divisor - 1 };
  // Within one round the remainder grows with its argument.
  if (Math.floor(a.least / divisor) === Math.floor(a.most / divisor)) return { least: a.least % divisor, most: a.most % divisor };
  return { least: 0, most: divisor - 1 };
}

/** Integer operations of which something is known; of others, and of floats, nothing is. */
const operations: Partial<Record<AluOp, (a: Interval, b: Interval) => Interval>> = {
  add: corners((x, y) => x + y),
  sub: corners((x, y) => x - y),
  mul: corners((x, y) => x * y),
  div: (a, b) => (b.least <= 0 && b.most >= 0 ? anything : corners((x, y) => Math.trunc(x / y))(a, b)),
  rem: remainder,
  min: corners(Math.min),
  max: corners(Math.max),
  neg: ({ least, most }) => ({ least: -most, most: -least }),
  abs: ({ least, most }) => ({ least: least <= 0 && most >= 0 ? 0 : Math.min(Math.abs(least), Math.abs(most)), most: Math.max(Math.abs(least), Math.abs(most)) }),
};

/**
 * Between which numbers an integer expression lies.
 *
 * @param leafOf - The same of index positions and scalar arguments.
 * @param known - What was found of other expressions.
 */
export function intervalOf(expr: Expr, leafOf: (leaf: Expr) => Interval, known: Map<Expr, Interval>): Interval {
  const done = known.get(expr);
  if (done !== undefined) return done;
  const of = (i: number): Interval => {
    const arg = expr.args[i];
    return arg === undefined ? anything : intervalOf(arg, leafOf, known);
  };
  const compute = (): Interval => {
    if (expr.dtype === "bool") return truth;
    if (expr.dtype !== "int32" && expr.dtype !== "int64") return anything;
    if (expr.op === "const") return { least: Number(expr.value), most: Number(expr.value) };
    if (expr.op === "index" || expr.op === "scalar") return leafOf(expr);
    if (expr.op === "select") return union(of(1), of(2));
    if (expr.op === "cast") return of(0);
    return isAlu(expr) ? (operations[expr.op]?.(of(0), of(1)) ?? anything) : anything;
  };
  const result = compute();
  known.set(expr, result);
  return result;
}
