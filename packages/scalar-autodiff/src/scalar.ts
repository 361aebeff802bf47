/**
 * A number that remembers how it was made.
 *
 * Each function of scalars, such as `x.mul(y)`, computes a number and writes down which function made it from which scalars. The
 * result's history is therefore a graph that leads back to the numbers that nobody computed, the leaves. `backward()` walks that
 * graph from a result to its leaves and multiplies by a derivative at each step: the chain rule. At the end every leaf knows how the
 * result would change if it changed:
 *
 *   leaf.derivative = ∂result/∂leaf
 *
 * The functions and their derivatives stand in `functions.ts`, one line each. The walk is that of `@gradus/autograd`, which tensors
 * use as well.
 *
 * @module
 */
import {
  asLeaf,
  backpropagate,
  copyFrom,
  GradientHooks,
  update,
  type Differentiable,
  type Edge,
  type GradientHook,
  type Leaf,
  type Observer,
  type UpdateRule,
} from "@gradus/autograd";
import { numbers } from "./arithmetic.js";
import { functions, type BinaryName, type ScalarFunction, type UnaryName } from "./functions.js";
import { Operation, Origin, type ScalarNode } from "./scalar-node.js";

/** What a function of scalars takes. A plain number is a constant: no derivative is computed for it. */
export type Operand = Scalar | number;

export interface ScalarOptions {
  /** For drawings, traces and errors. */
  readonly name?: string | undefined;
  /** Whether derivatives arrive here (the default): a leaf. Otherwise the scalar is a constant. */
  readonly requiresGrad?: boolean | undefined;
}

/** How a scalar was made. */
export interface ScalarHistory {
  /** The function; null for a leaf. */
  readonly lastFn: ScalarFunction | null;
  /** What it was applied to; empty for a leaf. */
  readonly inputs: readonly Scalar[];
}

export interface BackwardOptions {
  /** Keep what the functions saved, so that `backward` can be called on the same graph again. */
  readonly retainGraph?: boolean | undefined;
  /** Sees each step of the pass. */
  readonly observer?: Observer<number> | undefined;
}

/** One method for each row of the table: a row without a method does not compile. */
type Methods = Readonly<Record<UnaryName, () => Scalar> & Record<BinaryName, (b: Operand) => Scalar>>;

/**
 * A number that remembers how it was made.
 *
 * @example
 * const x = new Scalar(2, { name: "x" });
 * const y = x.mul(x).add(1);
 * y.backward();
 * x.derivative; // 4
 */
export class Scalar implements Methods, Leaf<number, number>, Differentiable<Scalar> {
  data: number;
  name: string | null;
  /** ∂result/∂this, summed over all backward passes so far; null before the first. Only leaves receive it, unless `retainGrad()`. */
  derivative: number | null = null;
  #node: ScalarNode | null;

  constructor(data: number, { name, requiresGrad = true }: ScalarOptions = {}) {
    this.data = data;
    this.name = name ?? null;
    this.#node = requiresGrad ? new Origin(this) : null;
  }

  /** The operand as a scalar: a number becomes a constant, as in `Scalar.from(1).sub(x)`. */
  static from(operand: Operand): Scalar {
    return typeof operand === "number" ? new Scalar(operand, { requiresGrad: false }) : operand;
  }

  /** Computes, and remembers how. A function of constants alone is a constant: no derivative would get anywhere. */
  static #apply(fn: ScalarFunction, ...operands: readonly Operand[]): Scalar {
    const scalars = operands.map((operand) => Scalar.from(operand));
    const result = Scalar.from(fn.forward(scalars[0]!.data, scalars[1]?.data ?? NaN));
    if (scalars.some(({ requiresGrad }) => requiresGrad)) result.#node = new Operation(result, fn, scalars);
    return result;
  }

  // ── Functions ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** this + b */
  add(b: Operand): Scalar {
    return Scalar.#apply(functions.add, this, b);
  }

  /** this − b */
  sub(b: Operand): Scalar {
    return Scalar.#apply(functions.sub, this, b);
  }

  /** this · b */
  mul(b: Operand): Scalar {
    return Scalar.#apply(functions.mul, this, b);
  }

  /** this / b */
  div(b: Operand): Scalar {
    return Scalar.#apply(functions.div, this, b);
  }

  /** thisᵇ */
  pow(b: Operand): Scalar {
    return Scalar.#apply(functions.pow, this, b);
  }

  /** −this */
  neg(): Scalar {
    return Scalar.#apply(functions.neg, this);
  }

  /** The natural logarithm; −Infinity at 0 and NaN below. */
  log(): Scalar {
    return Scalar.#apply(functions.log, this);
  }

  /** e to the power of this; Infinity above about 709.78. */
  exp(): Scalar {
    return Scalar.#apply(functions.exp, this);
  }

  /** max(0, this), with derivative 0 at 0. */
  relu(): Scalar {
    return Scalar.#apply(functions.relu, this);
  }

  /** 1 / (1 + e^−this), between 0 and 1. */
  sigmoid(): Scalar {
    return Scalar.#apply(functions.sigmoid, this);
  }

  /** The hyperbolic tangent, between −1 and 1. */
  tanh(): Scalar {
    return Scalar.#apply(functions.tanh, this);
  }

  /** 1 if this < b, else 0. The derivative is zero, as of all comparisons. */
  lt(b: Operand): Scalar {
    return Scalar.#apply(functions.lt, this, b);
  }

  /** 1 if this ≤ b, else 0. */
  le(b: Operand): Scalar {
    return Scalar.#apply(functions.le, this, b);
  }

  /** 1 if this > b, else 0. */
  gt(b: Operand): Scalar {
    return Scalar.#apply(functions.gt, this, b);
  }

  /** 1 if this ≥ b, else 0. */
  ge(b: Operand): Scalar {
    return Scalar.#apply(functions.ge, this, b);
  }

  /** 1 if this = b, else 0. */
  eq(b: Operand): Scalar {
    return Scalar.#apply(functions.eq, this, b);
  }

  /** 1 if this ≠ b, else 0. */
  ne(b: Operand): Scalar {
    return Scalar.#apply(functions.ne, this, b);
  }

  // ── Differentiation ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Adds ∂this/∂leaf · `derivative` to the derivative of every leaf that this scalar was computed from.
   *
   * @throws {Error} on a constant, or if an earlier `backward` without `retainGraph` has released what the functions saved.
   */
  backward(derivative = 1, options: BackwardOptions = {}): void {
    backpropagate({ ...options, roots: [{ edge: this.edge, grad: derivative }], algebra: { add: numbers.add } });
  }

  /** How this scalar was made; null for a constant. */
  get history(): ScalarHistory | null {
    return this.#node && { lastFn: this.#node.lastFn, inputs: this.#node.operands };
  }

  /** What stands for this scalar in the graph; null for a constant. */
  get node(): ScalarNode | null {
    return this.#node;
  }

  /** Where derivatives of this scalar go; an error for a constant, which has none. */
  get edge(): Edge<number> {
    if (this.#node !== null) return this.#node;
    throw new Error(`Scalar: expected one that depends on a leaf, got the constant ${this.data}; set requiresGrad on what it is computed from`);
  }

  /** Whether derivatives arrive here and nothing computed this scalar. */
  isLeaf(): boolean {
    return this.#node instanceof Origin;
  }

  /** Whether no derivative flows here: a number, or computed from numbers alone. */
  isConstant(): boolean {
    return this.#node === null;
  }

  /** Whether derivatives flow here. Can be set, but not on what a function has computed. */
  get requiresGrad(): boolean {
    return this.#node !== null;
  }

  set requiresGrad(required: boolean) {
    if (required === this.requiresGrad) return;
    if (this.#node instanceof Operation) {
      throw new Error(`requiresGrad: expected a leaf or a constant, got the result of ${this.#node.name}; use detach()`);
    }
    this.#node = required ? new Origin(this) : null;
  }

  /** Sets `requiresGrad` and returns this scalar. */
  requiresGrad_(required = true): this {
    this.requiresGrad = required;
    return this;
  }

  /** This number as a constant. */
  detach(): Scalar {
    return new Scalar(this.data, { name: this.name ?? undefined, requiresGrad: false });
  }

  /**
   * Calls `hook` with the finished derivative of this scalar in every backward pass; what it returns, if anything, takes its place.
   *
   * @returns The function that removes the hook.
   */
  registerHook(hook: GradientHook<number>): () => void {
    const node = this.#node;
    if (node === null) throw new Error(`registerHook: expected a scalar that requires a derivative, got the constant ${this.data}`);
    node.hooks ??= new GradientHooks();
    return node.hooks.add(0, hook);
  }

  /** Makes a result, too, keep the derivative that passes through it. */
  retainGrad(): void {
    if (this.isLeaf()) return;
    this.registerHook((d) => {
      this.derivative = (this.derivative ?? 0) + d;
      return undefined;
    });
  }

  // ── What modules and optimizers need ───────────────────────────────────────────────────────────────────────────────────────

  /** PyTorch's word for `derivative`. */
  get grad(): number | null {
    return this.derivative;
  }

  set grad(derivative: number | null) {
    this.derivative = derivative;
  }

  /** This scalar: minitorch's way to read a parameter, as in `this.bias.value`. */
  get value(): this {
    return this;
  }

  [asLeaf](): Scalar {
    return new Scalar(this.data, { name: this.name ?? undefined });
  }

  [copyFrom](source: unknown): void {
    if (typeof source !== "number" && !(source instanceof Scalar)) {
      throw new TypeError(`copy: expected a scalar or a number, got ${source === null ? "null" : typeof source}`);
    }
    this.data = Scalar.from(source).data;
  }

  [update](rule: UpdateRule, state: Record<string, number>, hyperparameters: Readonly<Record<string, number>>): void {
    if (this.derivative === null) throw new Error(`${rule.name}: expected a derivative, got none; call backward() first`);
    const before = Object.fromEntries(rule.state.map((key) => [key, state[key] ?? hyperparameters[rule.initial?.[key] ?? ""] ?? 0]));
    const after = rule.step(numbers, { ...hyperparameters, ...before, param: this.data, grad: this.derivative });
    this.data = after.param;
    for (const key of rule.state) state[key] = after[key]!;
  }

  // ── Printing ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** `Scalar(3, name: "x")`; results show the function that made them. */
  toString(): string {
    const name = this.name === null ? [] : [`name: ${JSON.stringify(this.name)}`];
    const origin = this.#node === null ? ["constant"] : this.#node instanceof Operation ? [`gradFn: ${this.#node.name}`] : [];
    return `Scalar(${[String(this.data), ...name, ...origin].join(", ")})`;
  }

  /** What Node's `console.log` shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** JavaScript has no operators for objects: `a + b` and `a < b` would silently lose the history. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === "string") return this.toString();
    throw new TypeError(
      `${this.toString()}: expected a method, got an operator such as a + b or a < b; write a.add(b) or a.lt(b), or read the number with .data`,
    );
  }
}
