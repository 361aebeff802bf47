import type { ComputeDType, DType } from "./dtype.js";
import { dtypeInfo } from "./dtype.js";

/**
 * The scalar operations. `takes` names the arithmetics an op is defined for, `gives` its result type.
 *
 * - `div` of integers truncates toward zero; `x / 0` and `x rem 0` are 0 (no trap, so that a lane which a `select`
 *   discards can do no harm); the most negative integer divided by −1 wraps.
 * - `rem` has the sign of the dividend, as C's `%` and `fmod`.
 * - `min` and `max` of floats return NaN when either side is NaN, and order −0 below +0.
 * - `round` goes to the nearest integer, ties to even.
 * - `shr` keeps the sign, `ushr` fills with zeros; shift counts are taken modulo the width.
 * - Integers wrap. Floats follow IEEE 754 in their own precision: no excess precision, no reassociation.
 */
export const aluOps = {
  add: { arity: 2, takes: "number", gives: "same" },
  sub: { arity: 2, takes: "number", gives: "same" },
  mul: { arity: 2, takes: "number", gives: "same" },
  div: { arity: 2, takes: "number", gives: "same" },
  rem: { arity: 2, takes: "number", gives: "same" },
  min: { arity: 2, takes: "number", gives: "same" },
  max: { arity: 2, takes: "number", gives: "same" },
  neg: { arity: 1, takes: "number", gives: "same" },
  abs: { arity: 1, takes: "number", gives: "same" },
  sqrt: { arity: 1, takes: "float", gives: "same" },
  floor: { arity: 1, takes: "float", gives: "same" },
  ceil: { arity: 1, takes: "float", gives: "same" },
  trunc: { arity: 1, takes: "float", gives: "same" },
  round: { arity: 1, takes: "float", gives: "same" },
  eq: { arity: 2, takes: "any", gives: "bool" },
  ne: { arity: 2, takes: "any", gives: "bool" },
  lt: { arity: 2, takes: "number", gives: "bool" },
  le: { arity: 2, takes: "number", gives: "bool" },
  and: { arity: 2, takes: "bits", gives: "same" },
  or: { arity: 2, takes: "bits", gives: "same" },
  xor: { arity: 2, takes: "bits", gives: "same" },
  not: { arity: 1, takes: "bits", gives: "same" },
  shl: { arity: 2, takes: "int", gives: "same" },
  shr: { arity: 2, takes: "int", gives: "same" },
  ushr: { arity: 2, takes: "int", gives: "same" },
  exp: { arity: 1, takes: "float", gives: "same" },
  log: { arity: 1, takes: "float", gives: "same" },
  sin: { arity: 1, takes: "float", gives: "same" },
  cos: { arity: 1, takes: "float", gives: "same" },
  tanh: { arity: 1, takes: "float", gives: "same" },
  erf: { arity: 1, takes: "float", gives: "same" },
  pow: { arity: 2, takes: "float", gives: "same" },
} as const satisfies Record<string, AluOpInfo>;

interface AluOpInfo {
  readonly arity: 1 | 2;
  readonly takes: "number" | "float" | "int" | "bits" | "any";
  readonly gives: "same" | "bool";
}

export type AluOp = keyof typeof aluOps;

/** The ops that `lower` in `math/` rewrites into the others for float32; in float64 they are the host's `Math`. */
export const transcendentalOps = ["exp", "log", "sin", "cos", "tanh", "erf", "pow"] as const satisfies readonly AluOp[];
export type TranscendentalOp = (typeof transcendentalOps)[number];

interface Node {
  /** Rises with creation, so that sorting by id is a topological order. */
  readonly id: number;
  readonly dtype: ComputeDType;
  /** The expressions that this one is computed from. */
  readonly args: readonly Expr[];
}

/** A literal of an op's own formula. int64 literals are bigints; bool literals are 0 or 1. */
export interface ConstExpr extends Node {
  readonly op: "const";
  readonly value: number | bigint;
}
/** The value of a scalar argument of the program: an offset, an extent, a stride, a learning rate. */
export interface ScalarExpr extends Node {
  readonly op: "scalar";
  readonly slot: number;
}
/** The position along one axis of the program's index space, an int32. Axes count outer first, then inner. */
export interface IndexExpr extends Node {
  readonly op: "index";
  readonly axis: number;
}
/** An element of a buffer. `args` are the index in elements and, when predicated, the condition and the else value. */
export interface LoadExpr extends Node {
  readonly op: "load";
  readonly param: number;
  readonly args: readonly [index: Expr] | readonly [index: Expr, when: Expr, otherwise: Expr];
}
/** A component of a finished reduction, of the running value of a scan, or the sum of a contraction. */
export interface ResultExpr extends Node {
  readonly op: "result";
  readonly reduction: number;
  readonly slot: number;
}
/** In a combining expression: a component of the value so far (`left`) or of the one to be added (`right`). */
export interface SideExpr extends Node {
  readonly op: "left" | "right";
  readonly slot: number;
}
/** In an operand's prologue: the element as loaded. */
export interface ElementExpr extends Node {
  readonly op: "element";
}
/** Converts between arithmetics. Float to int truncates and saturates, NaN becomes 0; to bool is `≠ 0`. */
export interface CastExpr extends Node {
  readonly op: "cast";
}
/** The same bits read as another type of the same width (float32 ↔ int32, float64 ↔ int64). */
export interface BitcastExpr extends Node {
  readonly op: "bitcast";
}
/** `args` are the condition, the value where it holds and the value where it does not. */
export interface SelectExpr extends Node {
  readonly op: "select";
}
export interface AluExpr extends Node {
  readonly op: AluOp;
}

/** A scalar expression: a node in an acyclic graph in which equal expressions are one object. */
export type Expr =
  | ConstExpr
  | ScalarExpr
  | IndexExpr
  | LoadExpr
  | ResultExpr
  | SideExpr
  | ElementExpr
  | CastExpr
  | BitcastExpr
  | SelectExpr
  | AluExpr;

/** Whether an expression is an `AluExpr`. */
export function isAlu(expr: Expr): expr is AluExpr {
  return Object.hasOwn(aluOps, expr.op);
}

let nextId = 0;

const kindOf = { float64: "float", float32: "float", int64: "int", int32: "int", bool: "bool" } as const satisfies Record<
  ComputeDType,
  string
>;

const accepts: Record<AluOpInfo["takes"], readonly string[]> = {
  number: ["float", "int"],
  float: ["float"],
  int: ["int"],
  bits: ["int", "bool"],
  any: ["float", "int", "bool"],
};

/**
 * Builds the expressions of one program. Equal expressions become one object (a common subexpression is computed
 * once), and integer arithmetic is simplified just enough that index expressions stay readable.
 */
export class ExprBuilder {
  readonly #known = new Map<string, Expr>();

  #intern<E extends Expr>(key: string, make: (id: number) => E): E {
    const known = this.#known.get(key);
    if (known !== undefined) return known as E;
    const made = make(nextId++);
    this.#known.set(key, made);
    return made;
  }

  /** A literal. One of float32 is rounded, so that it is the same number on every device and in every later fold. */
  const(value: number | bigint | boolean, dtype: ComputeDType): Expr {
    const literal = literalOf(value, dtype);
    // Object.is tells −0 from 0; String does not.
    const text = Object.is(literal, -0) ? "-0" : String(literal);
    return this.#intern(`const ${dtype} ${text}`, (id) => ({ op: "const", id, dtype, args: [], value: literal }));
  }

  /** An int32 literal, the type of every index expression. */
  int(value: number): Expr {
    return this.const(value, "int32");
  }

  scalar(slot: number, dtype: ComputeDType): Expr {
    return this.#intern(`scalar ${dtype} ${String(slot)}`, (id) => ({ op: "scalar", id, dtype, args: [], slot }));
  }

  index(axis: number): Expr {
    return this.#intern(`index ${String(axis)}`, (id) => ({ op: "index", id, dtype: "int32", args: [], axis }));
  }

  /** Loads element `index` of a parameter; where `when` does not hold, nothing is read and the value is `otherwise`. */
  load(param: number, dtype: DType, index: Expr, predicate?: { readonly when: Expr; readonly otherwise: Expr }): Expr {
    const compute = dtypeInfo[dtype].compute;
    if (predicate === undefined || (predicate.when.op === "const" && predicate.when.value === 1)) {
      const key = `load ${compute} ${String(param)} ${String(index.id)}`;
      return this.#intern(key, (id) => ({ op: "load", id, dtype: compute, args: [index], param }));
    }
    const { when, otherwise } = predicate;
    if (otherwise.dtype !== compute) throw new Error(`internal: a load of ${dtype} needs an else value of ${compute}, got ${otherwise.dtype}`);
    const key = `load ${compute} ${String(param)} ${String(index.id)} ${String(when.id)} ${String(otherwise.id)}`;
    return this.#intern(key, (id) => ({ op: "load", id, dtype: compute, args: [index, when, otherwise], param }));
  }

  result(reduction: number, slot: number, dtype: ComputeDType): Expr {
    const key = `result ${dtype} ${String(reduction)} ${String(slot)}`;
    return this.#intern(key, (id) => ({ op: "result", id, dtype, args: [], reduction, slot }));
  }

  left(slot: number, dtype: ComputeDType): Expr {
    return this.#intern(`left ${dtype} ${String(slot)}`, (id) => ({ op: "left", id, dtype, args: [], slot }));
  }

  right(slot: number, dtype: ComputeDType): Expr {
    return this.#intern(`right ${dtype} ${String(slot)}`, (id) => ({ op: "right", id, dtype, args: [], slot }));
  }

  element(dtype: ComputeDType): Expr {
    return this.#intern(`element ${dtype}`, (id) => ({ op: "element", id, dtype, args: [] }));
  }

  cast(value: Expr, dtype: ComputeDType): Expr {
    if (value.dtype === dtype) return value;
    if (value.op === "const") {
      const folded = castConst(value.value, value.dtype, dtype);
      if (folded !== null) return this.const(folded, dtype);
    }
    return this.#intern(`cast ${dtype} ${String(value.id)}`, (id) => ({ op: "cast", id, dtype, args: [value] }));
  }

  bitcast(value: Expr, dtype: ComputeDType): Expr {
    const pairs = ["float32 int32", "int32 float32", "float64 int64", "int64 float64"];
    if (value.dtype === dtype) return value;
    if (!pairs.includes(`${value.dtype} ${dtype}`)) throw new Error(`internal: no bitcast from ${value.dtype} to ${dtype}`);
    return this.#intern(`bitcast ${dtype} ${String(value.id)}`, (id) => ({ op: "bitcast", id, dtype, args: [value] }));
  }

  select(condition: Expr, yes: Expr, no: Expr): Expr {
    if (condition.dtype !== "bool") throw new Error(`internal: select needs a bool condition, got ${condition.dtype}`);
    if (yes.dtype !== no.dtype) throw new Error(`internal: select needs branches of one type, got ${yes.dtype} and ${no.dtype}`);
    if (condition.op === "const") return condition.value === 1 ? yes : no;
    if (yes === no) return yes;
    const key = `select ${String(condition.id)} ${String(yes.id)} ${String(no.id)}`;
    return this.#intern(key, (id) => ({ op: "select", id, dtype: yes.dtype, args: [condition, yes, no] }));
  }

  /** Any op of `aluOps`. The methods below are the same by name. */
  alu(op: AluOp, ...args: readonly Expr[]): Expr {
    const info: AluOpInfo = aluOps[op];
    const first = args[0];
    if (first === undefined || args.length !== info.arity) throw new Error(`internal: ${op} takes ${String(info.arity)} arguments, got ${String(args.length)}`);
    if (!accepts[info.takes].includes(kindOf[first.dtype]) || args.some((arg) => arg.dtype !== first.dtype)) {
      throw new Error(`internal: ${op} does not take (${args.map((arg) => arg.dtype).join(", ")})`);
    }
    const simpler = this.#simplify(op, args);
    if (simpler !== null) return simpler;
    const dtype = info.gives === "bool" ? "bool" : first.dtype;
    const key = `${op} ${args.map((arg) => String(arg.id)).join(" ")}`;
    return this.#intern(key, (id) => ({ op, id, dtype, args: [...args] }));
  }

  add(a: Expr, b: Expr): Expr { return this.alu("add", a, b); }
  sub(a: Expr, b: Expr): Expr { return this.alu("sub", a, b); }
  mul(a: Expr, b: Expr): Expr { return this.alu("mul", a, b); }
  div(a: Expr, b: Expr): Expr { return this.alu("div", a, b); }
  rem(a: Expr, b: Expr): Expr { return this.alu("rem", a, b); }
  min(a: Expr, b: Expr): Expr { return this.alu("min", a, b); }
  max(a: Expr, b: Expr): Expr { return this.alu("max", a, b); }
  neg(a: Expr): Expr { return this.alu("neg", a); }
  abs(a: Expr): Expr { return this.alu("abs", a); }
  sqrt(a: Expr): Expr { return this.alu("sqrt", a); }
  floor(a: Expr): Expr { return this.alu("floor", a); }
  ceil(a: Expr): Expr { return this.alu("ceil", a); }
  trunc(a: Expr): Expr { return this.alu("trunc", a); }
  round(a: Expr): Expr { return this.alu("round", a); }
  eq(a: Expr, b: Expr): Expr { return this.alu("eq", a, b); }
  ne(a: Expr, b: Expr): Expr { return this.alu("ne", a, b); }
  lt(a: Expr, b: Expr): Expr { return this.alu("lt", a, b); }
  le(a: Expr, b: Expr): Expr { return this.alu("le", a, b); }
  gt(a: Expr, b: Expr): Expr { return this.alu("lt", b, a); }
  ge(a: Expr, b: Expr): Expr { return this.alu("le", b, a); }
  and(a: Expr, b: Expr): Expr { return this.alu("and", a, b); }
  or(a: Expr, b: Expr): Expr { return this.alu("or", a, b); }
  xor(a: Expr, b: Expr): Expr { return this.alu("xor", a, b); }
  not(a: Expr): Expr { return this.alu("not", a); }
  shl(a: Expr, b: Expr): Expr { return this.alu("shl", a, b); }
  shr(a: Expr, b: Expr): Expr { return this.alu("shr", a, b); }
  ushr(a: Expr, b: Expr): Expr { return this.alu("ushr", a, b); }
  exp(a: Expr): Expr { return this.alu("exp", a); }
  log(a: Expr): Expr { return this.alu("log", a); }
  sin(a: Expr): Expr { return this.alu("sin", a); }
  cos(a: Expr): Expr { return this.alu("cos", a); }
  tanh(a: Expr): Expr { return this.alu("tanh", a); }
  erf(a: Expr): Expr { return this.alu("erf", a); }
  pow(a: Expr, b: Expr): Expr { return this.alu("pow", a, b); }
  /** True where a float is NaN. */
  isNaN(a: Expr): Expr { return this.alu("ne", a, a); }
  /** A literal of the same type as `like`. */
  like(value: number, like: Expr): Expr { return this.const(value, like.dtype); }

  /** The same node over other arguments: what a rewriting pass makes of each node that it keeps. */
  rebuild(expr: Expr, args: readonly Expr[]): Expr {
    const [a, b, c] = args as readonly [Expr, Expr, Expr];
    switch (expr.op) {
      case "const":
        return this.const(expr.value, expr.dtype);
      case "scalar":
        return this.scalar(expr.slot, expr.dtype);
      case "index":
        return this.index(expr.axis);
      case "load": {
        const key = `load ${expr.dtype} ${String(expr.param)} ${args.map((arg) => String(arg.id)).join(" ")}`;
        const loadArgs = args.length === 1 ? ([a] as const) : ([a, b, c] as const);
        return this.#intern(key, (id) => ({ op: "load", id, dtype: expr.dtype, args: loadArgs, param: expr.param }));
      }
      case "result":
        return this.result(expr.reduction, expr.slot, expr.dtype);
      case "left":
        return this.left(expr.slot, expr.dtype);
      case "right":
        return this.right(expr.slot, expr.dtype);
      case "element":
        return this.element(expr.dtype);
      case "cast":
        return this.cast(a, expr.dtype);
      case "bitcast":
        return this.bitcast(a, expr.dtype);
      case "select":
        return this.select(a, b, c);
      default:
        return this.alu(expr.op, ...args);
    }
  }

  /** Only identities that hold for every bit pattern: nothing here may turn a NaN or a −0 into something else. */
  #simplify(op: AluOp, args: readonly Expr[]): Expr | null {
    const [a, b] = args as readonly [Expr, Expr | undefined];
    const x = a.op === "const" ? a.value : undefined;
    const y = b?.op === "const" ? b.value : undefined;
    if (b === undefined) return null;
    if (a.dtype === "bool") {
      if (op === "and") return x === 1 ? b : y === 1 ? a : x === 0 ? a : y === 0 ? b : null;
      if (op === "or") return x === 0 ? b : y === 0 ? a : x === 1 ? a : y === 1 ? b : null;
      return null;
    }
    if ((op === "mul" || op === "div") && (y === 1 || y === 1n)) return a;
    if (op === "mul" && (x === 1 || x === 1n)) return b;
    if (a.dtype !== "int32") return null;
    if (typeof x === "number" && typeof y === "number") {
      switch (op) {
        case "add": return this.int((x + y) | 0);
        case "sub": return this.int((x - y) | 0);
        case "mul": return this.int(Math.imul(x, y));
        case "lt": return this.const(x < y, "bool");
        case "le": return this.const(x <= y, "bool");
        case "eq": return this.const(x === y, "bool");
        default: return null;
      }
    }
    if (op === "add") return x === 0 ? b : y === 0 ? a : null;
    if (op === "sub") return y === 0 ? a : null;
    if (op === "mul" && (x === 0 || y === 0)) return this.int(0);
    if (op === "rem" && y === 1) return this.int(0);
    return null;
  }
}

function literalOf(value: number | bigint | boolean, dtype: ComputeDType): number | bigint {
  switch (dtype) {
    case "float64":
      return Number(value);
    case "float32":
      return Math.fround(Number(value));
    case "bool":
      return Number(Boolean(value));
    case "int64":
    case "int32": {
      const integer = BigInt(value);
      if (BigInt.asIntN(dtype === "int64" ? 64 : 32, integer) !== integer) throw new RangeError(`internal: ${String(value)} is no ${dtype}`);
      return dtype === "int64" ? integer : Number(value);
    }
  }
}

function castConst(value: number | bigint, from: ComputeDType, to: ComputeDType): number | bigint | null {
  if (to === "bool") return Number(value) === 0 ? 0 : 1;
  // An integer too large for a double would be rounded twice.
  if (to === "float64" || to === "float32") return Math.abs(Number(value)) > 2 ** 53 && typeof value === "bigint" ? null : Number(value);
  // Integers between integer types; float to int is left to the device's own rule.
  if (kindOf[from] === "float") return null;
  return to === "int64" ? BigInt(value) : Number(BigInt.asIntN(32, BigInt(value)));
}

/** Everything `roots` are computed from, each once, arguments before users. */
export function topological(roots: Iterable<Expr>): Expr[] {
  const seen = new Set<Expr>();
  const stack = [...roots];
  for (let expr = stack.pop(); expr !== undefined; expr = stack.pop()) {
    if (seen.has(expr)) continue;
    seen.add(expr);
    stack.push(...expr.args);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}
