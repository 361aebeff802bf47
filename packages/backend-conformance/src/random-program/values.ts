import type { ComputeDType, Expr } from "@gradus/kernel-ir";
import type { Draft, Scope, Term } from "./draft.js";
import { isFloat, isInt, tameBound } from "./draft.js";
import { randomLoad } from "./loads.js";

/** An expression of type `dtype` with up to `depth` ops one above the other. */
export function randomValue(draft: Draft, dtype: ComputeDType, scope: Scope, depth: number, loads = true): Term {
  const dice = draft.dice;
  if (depth <= 0 || dice.chance(0.1)) return leaf(draft, dtype, scope, loads);
  const builder = draft.builder;
  const of = (type: ComputeDType): Term => randomValue(draft, type, scope, depth - 1, loads);
  const types = draft.computeTypes();
  if (dice.chance(0.12)) return cast(draft, of(dice.pick(types)), dtype);
  if (dice.chance(0.12)) {
    const [condition, yes, no] = [of("bool"), of(dtype), of(dtype)];
    return { expr: builder.select(condition.expr, yes.expr, no.expr), bound: Math.max(yes.bound, no.bound) };
  }
  if (dtype === "bool") {
    if (dice.chance(0.3)) {
      const [a, b] = [of("bool"), of("bool")];
      const op = dice.pick(["and", "or", "xor", "eq", "ne", "not"] as const);
      return { expr: op === "not" ? builder.not(a.expr) : builder.alu(op, a.expr, b.expr), bound: 1 };
    }
    const type = dice.pick(types.filter((one) => one !== "bool"));
    const op = dice.pick(["eq", "ne", "lt", "le"] as const);
    return { expr: builder.alu(op, of(type).expr, of(type).expr), bound: 1 };
  }
  return draft.exact ? exactOp(draft, dtype, of) : anyOp(draft, dtype, of);
}

function leaf(draft: Draft, dtype: ComputeDType, scope: Scope, loads: boolean): Term {
  const dice = draft.dice;
  const given = scope.leaves.filter(({ expr }) => expr.dtype === dtype);
  if (given.length > 0 && dice.chance(0.6)) return dice.pick(given);
  if (dtype === "int32" && scope.axes.length > 0 && dice.chance(0.2)) {
    const { axis, size } = dice.pick(scope.axes);
    return { expr: draft.builder.index(axis), bound: Math.max(1, size) };
  }
  return loads && dice.chance(0.75) ? randomLoad(draft, dtype, scope) : draft.constant(dtype);
}

function exactOp(draft: Draft, dtype: ComputeDType, of: (dtype: ComputeDType) => Term): Term {
  const builder = draft.builder;
  const a = tame(draft, of(dtype));
  const both = (op: "min" | "max" | "and" | "or" | "xor", bound: (x: number, y: number) => number): Term => {
    const b = tame(draft, of(dtype));
    return { expr: builder.alu(op, a.expr, b.expr), bound: bound(a.bound, b.bound) };
  };
  // Bits that are needed for either operand, with its sign.
  const bits = (x: number, y: number): number => 2 ** Math.ceil(Math.log2(Math.max(x, y) + 1));
  const steps: readonly (() => Term)[] = [
    () => sumOf(draft, a, tame(draft, of(dtype))),
    () => sumOf(draft, a, { expr: builder.neg(a.expr), bound: a.bound }),
    () => {
      const b = tame(draft, of(dtype));
      return { expr: builder.mul(a.expr, b.expr), bound: a.bound * b.bound };
    },
    () => both("min", Math.max),
    () => both("max", Math.max),
    () => ({ expr: builder.neg(a.expr), bound: a.bound }),
    () => ({ expr: builder.abs(a.expr), bound: a.bound }),
  ];
  const floats: readonly (() => Term)[] = (["floor", "ceil", "trunc", "round"] as const).map((op) => () => ({ expr: builder.alu(op, a.expr), bound: a.bound }));
  const integers: readonly (() => Term)[] = [
    () => both("and", bits),
    () => both("or", bits),
    () => both("xor", bits),
    () => ({ expr: builder.not(a.expr), bound: a.bound + 1 }),
    () => ({ expr: builder.div(a.expr, of(dtype).expr), bound: a.bound }),
    () => ({ expr: builder.rem(a.expr, of(dtype).expr), bound: a.bound }),
    () => ({ expr: builder.shl(a.expr, builder.const(3, dtype)), bound: a.bound * 8 }),
    () => ({ expr: builder.shr(a.expr, builder.const(2, dtype)), bound: a.bound }),
  ];
  return tame(draft, draft.dice.pick([...steps, ...steps, ...(isFloat(dtype) ? floats : integers)])());
}

function anyOp(draft: Draft, dtype: ComputeDType, of: (dtype: ComputeDType) => Term): Term {
  const builder = draft.builder;
  const unary = ["neg", "abs"] as const;
  const binary = ["add", "sub", "mul", "add", "sub", "mul", "div", "rem", "min", "max"] as const;
  const floats = ["sqrt", "floor", "ceil", "trunc", "round"] as const;
  const functions = ["exp", "log", "sin", "cos", "tanh", "erf", "pow"] as const;
  const integers = ["and", "or", "xor", "shl", "shr", "ushr", "not"] as const;
  const group = draft.dice.pick<readonly (typeof unary | typeof binary | typeof floats | typeof functions | typeof integers)[number][]>([
    unary, binary, binary, binary, ...(isFloat(dtype) ? [floats, functions] : [integers, integers]),
  ]);
  const op = draft.dice.pick(group);
  const a = of(dtype).expr;
  const isUnary = ["neg", "abs", "not", ...floats, "exp", "log", "sin", "cos", "tanh", "erf"].includes(op);
  return { expr: isUnary ? builder.alu(op, a) : builder.alu(op, a, of(dtype).expr), bound: Infinity };
}

export function sumOf(draft: Draft, a: Term, b: Term): Term {
  if (!draft.exact) return { expr: draft.builder.add(a.expr, b.expr), bound: Infinity };
  const [x, y] = [tame(draft, a), tame(draft, b)];
  return { expr: draft.builder.add(x.expr, y.expr), bound: x.bound + y.bound };
}

export function cast(draft: Draft, term: Term, dtype: ComputeDType): Term {
  const from = tame(draft, term);
  return { expr: draft.builder.cast(from.expr, dtype), bound: dtype === "bool" ? 1 : from.bound };
}

/** What is written. A device may ignore the sign of zero, so exact arithmetic writes only one of the two. */
export function settled(draft: Draft, value: Expr): Expr {
  if (!draft.exact || !isFloat(value.dtype)) return value;
  const zero = draft.builder.like(0, value);
  return draft.builder.select(draft.builder.eq(value, zero), zero, value);
}

/** The same while it is small, something small where it could grow too large to stay exact. */
export function tame(draft: Draft, term: Term, limit = 2 ** 12): Term {
  if (!draft.exact || term.bound <= limit) return term;
  const { dtype } = term.expr;
  if (dtype === "bool") return term;
  const builder = draft.builder;
  if (isInt(dtype)) return { expr: builder.rem(term.expr, builder.const(tameBound + 1, dtype)), bound: tameBound };
  return { expr: builder.max(builder.const(-tameBound, dtype), builder.min(builder.const(tameBound, dtype), term.expr)), bound: tameBound };
}
