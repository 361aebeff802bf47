import { GradientHooks, nextSequence, releasedError, type Edge, type GradNode } from "@gradus/autograd";
import type { ScalarFunction } from "./functions.js";
import type { Scalar } from "./scalar.js";

/** What stands for a scalar in the graph. A node with a single output is its own edge. */
export type ScalarNode = Operation | Origin;

/** Stands for a result. It points at what the result was computed from, so that derivatives find their way back. */
export class Operation implements GradNode<number>, Edge<number> {
  readonly sequence = nextSequence();
  readonly inputs: readonly (ScalarNode | null)[];
  readonly node = this;
  readonly slot = 0;
  hooks: GradientHooks<number> | undefined;
  /** The numbers that the derivatives need, as they were at the time: a leaf may have moved since. */
  #saved: { readonly a: number; readonly b: number; readonly y: number } | null;

  constructor(
    readonly scalar: Scalar,
    readonly lastFn: ScalarFunction,
    readonly operands: readonly Scalar[],
  ) {
    this.inputs = operands.map(({ node }) => node);
    this.#saved = { a: operands[0]!.data, b: operands[1]?.data ?? NaN, y: scalar.data };
  }

  get name(): string {
    return this.lastFn.name;
  }

  /** The chain rule: d/dinput = d/doutput · doutput/dinput, for each input. */
  vjp([d]: readonly (number | null)[]): (() => number)[] {
    const saved = this.#saved;
    if (saved === null) throw releasedError(this.name);
    return this.lastFn.backward.map((rule) => () => rule(d!, saved.a, saved.b, saved.y));
  }

  release(): void {
    this.#saved = null;
  }
}

/** Stands for a leaf: nothing came before it, so here derivatives arrive. */
export class Origin implements GradNode<number>, Edge<number> {
  readonly name = "leaf";
  readonly lastFn = null;
  readonly operands: readonly Scalar[] = [];
  readonly inputs: readonly [] = [];
  readonly node = this;
  readonly slot = 0;
  hooks: GradientHooks<number> | undefined;

  constructor(readonly scalar: Scalar) {}

  accumulate(d: number): void {
    this.scalar.grad = (this.scalar.grad ?? 0) + d;
  }
}
