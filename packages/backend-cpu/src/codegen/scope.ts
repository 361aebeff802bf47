import type { ComputeDType, Expr } from "@gradus/kernel-ir";
import type { Code } from "../assembler/index.js";

/**
 * Where the value of an expression is kept: in one local if it is the same for all points that are computed together, else
 * in vectors.
 */
export type Value = UniformValue | VaryingValue;

export interface UniformValue {
  readonly dtype: ComputeDType;
  /** The scope in which it was computed. */
  readonly home: Scope;
  readonly local: number;
}

/**
 * Points are computed in groups of four. A group's float32, int32 or bool values are one vector (a bool is a mask of 32 bits),
 * its float64 or int64 values are two. Vectors stand group by group.
 */
export interface VaryingValue {
  readonly dtype: ComputeDType;
  readonly home: Scope;
  readonly vectors: readonly number[];
}

export const isVarying = (value: Value): value is VaryingValue => "vectors" in value;

/** Points that are computed together: `4 · groups` neighbours along an axis. */
export interface Lanes {
  /** The axis, or null in a combination of lanes with each other. */
  readonly axis: number | null;
  readonly groups: number;
}

/** Things an expression may refer to, and that a scope defines: `index 2`, `result 0 1`, `left 0`, `element`. */
export type Leaf = string;

export function leafOf(expr: Expr): Leaf | null {
  switch (expr.op) {
    case "index":
      return `index ${String(expr.axis)}`;
    case "result":
      return `result ${String(expr.reduction)} ${String(expr.slot)}`;
    case "left":
    case "right":
      return `${expr.op} ${String(expr.slot)}`;
    case "scalar":
      return `scalar ${String(expr.slot)}`;
    case "element":
      return "element";
    default:
      return null;
  }
}

/**
 * A part of a function in which the same things are defined: the function itself, the body of a loop, a combination of two
 * partial results. A value is computed in the outermost scope in which everything that it depends on is defined, so what
 * does not change in a loop is computed before it, and it is computed once.
 *
 * Code of a scope is written from its beginning to its end, with statements (loops, stores) one after the other. While a
 * statement is being written, values that turn out to belong to this scope still get in before it.
 */
export class Scope {
  readonly depth: number;
  readonly values = new Map<Expr, Value>();
  /** Vectors made of uniform values. */
  readonly splats = new Map<Expr, number>();
  /** Addresses and offsets in bytes, by a description. */
  readonly addresses = new Map<string, number>();
  /** Locals of the vectors that are computed here. */
  readonly vectors: number[] = [];
  readonly lanes: Lanes | null;
  /** Where values go that are computed now. */
  code: Code;
  readonly #leaves = new Map<Leaf, () => Value>();

  /**
   * @param parent - The scope around it.
   * @param main - Where its code stands.
   * @param options - `lanes` replaces what the parent says. `region` marks a part of the program that may not be reached at
   *   all: loads do not move out of it, because their index may be valid only inside.
   */
  constructor(
    readonly parent: Scope | null,
    readonly main: Code,
    readonly options: { readonly lanes?: Lanes | null; readonly region?: boolean } = {},
  ) {
    this.depth = parent === null ? 0 : parent.depth + 1;
    this.lanes = options.lanes !== undefined ? options.lanes : (parent?.lanes ?? null);
    this.code = main.piece();
  }

  /** Writes a statement; values that it needs from this scope are computed before it. */
  statement<T>(write: (code: Code) => T): T {
    const result = write(this.main);
    this.code = this.main.piece();
    return result;
  }

  /**
   * Writes a part of a value that needs a branch. What it needs from this scope is computed before it, and the values of
   * this scope go on after it, also while a statement that follows is being written.
   */
  inline<T>(write: (code: Code) => T): T {
    const code = this.code;
    this.code = code.piece();
    const result = write(code);
    this.code = code;
    return result;
  }

  define(leaf: Leaf, value: () => Value): void {
    this.#leaves.set(leaf, value);
  }

  /** What `leaf` stands for here. */
  leaf(leaf: Leaf): Value {
    const found = this.#leaves.get(leaf);
    if (found !== undefined) return found();
    if (this.parent === null) throw new Error(`internal: ${leaf} is not defined where it is used`);
    return this.parent.leaf(leaf);
  }

  /** The value of `expr`, if it was already computed here or further out. */
  find(expr: Expr): Value | undefined {
    return this.values.get(expr) ?? this.parent?.find(expr);
  }

  /** The innermost region around this scope. */
  get region(): Scope {
    return this.options.region === true || this.parent === null ? this : this.parent.region;
  }

  /** The outermost scope. */
  get root(): Scope {
    return this.parent === null ? this : this.parent.root;
  }
}

/** The leaf under which a scope with lanes along an axis keeps the position of the first lane. */
export const positionOf = (axis: number): Leaf => `position ${String(axis)}`;

/** The innermost of some scopes that lie inside each other. */
export function innermost(first: Scope, ...others: readonly Scope[]): Scope {
  return others.reduce((inner, scope) => (scope.depth > inner.depth ? scope : inner), first);
}
