import type { GradientHooks } from "./hooks.js";

/** One output of a node: what a value that takes part in differentiation points to. */
export interface Edge<G> {
  readonly node: GradNode<G>;
  readonly slot: number;
}

/** What a vector–Jacobian product gives one input: its gradient, null where none flows, or a thunk that computes it on demand. */
export type InputGradient<G> = G | null | (() => G | null);

/**
 * One step of a computation, as reverse mode sees it: where its inputs came from, and how a gradient passes back through it.
 * `G` is the type of a gradient (a number, a tensor); anything but a function, because a function is read as a thunk.
 */
export interface GradNode<G> {
  /** The op, for errors and drawings. */
  readonly name: string;

  /**
   * What this node was computed from; null where no gradient flows. A node that drops its inputs when it is released must make a
   * later reading of them throw {@link releasedError}.
   */
  readonly inputs: readonly (Edge<G> | null)[];

  /** Number of outputs; 1 when absent. */
  readonly outputs?: number;

  /**
   * The place of this node in the order of creation, from {@link nextSequence}. Among the nodes that are ready, the sweep takes the
   * one that was created last, as PyTorch does, so that three or more gradients that meet are added in PyTorch's order. Without it
   * the order is still deterministic: that in which the sweep discovers the nodes.
   */
  readonly sequence?: number;

  /**
   * The vector–Jacobian product. `grads[slot]` is the gradient of output `slot` (null: zero; at least one is not null).
   * The result has one entry per input. `needed[i]` tells whether input i's gradient is wanted: entries that are not are ignored,
   * and their thunks never called. Absent on leaves.
   */
  vjp?(grads: readonly (G | null)[], needed: readonly boolean[]): readonly InputGradient<G>[];

  /** Present on leaves only: takes the finished gradient. */
  accumulate?(grad: G): void;

  /** Called on the finished gradient of an output before anything uses it. */
  readonly hooks?: GradientHooks<G> | undefined;

  /**
   * Called when the sweep has passed this node and the graph is not retained: drop saved values. A later `vjp` must throw
   * {@link releasedError}.
   */
  release?(): void;
}

let created = 0;

/** The next number in the order of creation, for {@link GradNode.sequence}. */
export function nextSequence(): number {
  return ++created;
}

/** The error of a node whose saved values an earlier backward pass has released. */
export function releasedError(op: string): Error {
  return new Error(
    `${op}: expected saved values for the backward pass, but an earlier backward pass released them; ` +
      "pass { retainGraph: true } to every backward pass but the last",
  );
}
