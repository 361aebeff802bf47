/**
 * A backward pass step by step, as plain data that a page can replay in both directions.
 *
 * @module
 */
import { backpropagate, type BackpropagateOptions } from "./backpropagate.js";
import { labelOf, numberGraph, type Describer, type Graph } from "./graph.js";
import type { Edge, GradNode } from "./grad-node.js";

/**
 * One step. Nodes are ids of the trace's graph. Where gradients meet or accumulate, `before` and `after` say what was there, so that
 * a step can be undone as well as done; null: nothing yet.
 */
export type TraceStep<V> =
  /** The pass starts with this gradient at a root. */
  | { readonly kind: "seed"; readonly to: number; readonly slot: number; readonly gradient: V; readonly before: V | null; readonly after: V }
  /** All gradients of a node's outputs have come. */
  | { readonly kind: "visit"; readonly node: number; readonly gradients: readonly (V | null)[] }
  /** The chain rule gives `gradient` to input `input` of `node`, which is output `slot` of the node `to`. */
  | {
      readonly kind: "pass";
      readonly node: number;
      readonly input: number;
      readonly to: number;
      readonly slot: number;
      readonly gradient: V;
      readonly before: V | null;
      readonly after: V;
    }
  /** A leaf adds its finished gradient to what it has from earlier passes. */
  | { readonly kind: "accumulate"; readonly node: number; readonly gradient: V; readonly before: V | null; readonly after: V | null };

export interface Trace<V> {
  /** The graph as it was before the pass. */
  readonly graph: Graph<V>;
  readonly steps: readonly TraceStep<V>[];
}

/** What a recorder must know beside the graph: how to keep a gradient. */
export interface Recorder<G, V> extends Describer<G, V> {
  /** A copy of a gradient that stays valid when the pass has gone on. */
  gradient(grad: G): V;
}

/**
 * Runs a backward pass and records it.
 */
export function traceBackward<G, V>(options: Omit<BackpropagateOptions<G>, "observer">, recorder: Recorder<G, V>): Trace<V> {
  const { graph, ids } = numberGraph(
    options.roots.map(({ edge }) => edge),
    recorder,
  );
  const steps: TraceStep<V>[] = [];
  const waiting = new Map<string, V>();
  const idOf = (node: GradNode<G>): number => ids.get(node)!;
  /** What waited at an edge, and what waits there now. */
  const meet = (edge: Edge<G>, total: G) => {
    const key = `${idOf(edge.node)}:${edge.slot}`;
    const before = waiting.get(key) ?? null;
    const after = recorder.gradient(total);
    waiting.set(key, after);
    return { to: idOf(edge.node), slot: edge.slot, before, after };
  };
  const gradientOf = (id: number): V | null => graph.nodes[id]?.outputs[0]?.gradient ?? null;

  backpropagate({
    ...options,
    observer: {
      seed(edge, grad, total) {
        steps.push({ kind: "seed", gradient: recorder.gradient(grad), ...meet(edge, total) });
      },
      visit(node, grads) {
        steps.push({ kind: "visit", node: idOf(node), gradients: grads.map((grad) => (grad === null ? null : recorder.gradient(grad))) });
      },
      pass(node, input, grad, total) {
        const edge = node.inputs[input]!;
        steps.push({ kind: "pass", node: idOf(node), input, gradient: recorder.gradient(grad), ...meet(edge, total) });
      },
      accumulate(leaf, grad) {
        const node = idOf(leaf);
        const after = recorder.output(leaf, 0).gradient;
        steps.push({ kind: "accumulate", node, gradient: recorder.gradient(grad), before: gradientOf(node), after });
      },
    },
  });
  return { graph, steps };
}

/** What a node looks like in the middle of a pass. */
export interface NodeState<V> {
  /** What has come to each output so far. */
  readonly waiting: readonly (V | null)[];
  /** Whether the pass has been here. */
  readonly visited: boolean;
  /** What a leaf has accumulated; null for others. */
  readonly gradient: V | null;
}

/**
 * The state of every node after the first `count` steps, by id: what a page draws while the user moves back and forth.
 */
export function stateAt<V>({ graph, steps }: Trace<V>, count: number): readonly NodeState<V>[] {
  const states = graph.nodes.map(({ kind, outputs }) => {
    const gradient: V | null = kind === "leaf" ? (outputs[0]?.gradient ?? null) : null;
    return { waiting: outputs.map((): V | null => null), visited: false, gradient };
  });
  for (const step of steps.slice(0, count)) {
    switch (step.kind) {
      case "seed":
      case "pass":
        states[step.to]!.waiting[step.slot] = step.after;
        break;
      case "visit":
        states[step.node]!.visited = true;
        break;
      case "accumulate":
        states[step.node]!.gradient = step.after;
        break;
    }
  }
  return states;
}

/**
 * The trace as text, one line a step.
 *
 * @param format - How a gradient is written.
 */
export function printTrace<V>({ graph, steps }: Trace<V>, format: (value: V) => string = String): string {
  const label = (id: number): string => labelOf(graph.nodes[id]!, format);
  const sum = (before: V | null, gradient: V, after: V | null): string =>
    before === null || after === null ? "" : `: ${format(before)} + ${format(gradient)} = ${format(after)}`;
  const line = (step: TraceStep<V>): string => {
    switch (step.kind) {
      case "seed":
        return `start at ${label(step.to)} with ${format(step.gradient)}${sum(step.before, step.gradient, step.after)}`;
      case "visit":
        return `${label(step.node)} receives ${step.gradients.map((grad) => (grad === null ? "nothing" : format(grad))).join(", ")}`;
      case "pass":
        return `  gives ${format(step.gradient)} to ${label(step.to)}${sum(step.before, step.gradient, step.after)}`;
      case "accumulate":
        return `  accumulates ${format(step.gradient)}${sum(step.before, step.gradient, step.after)}`;
    }
  };
  return steps.map(line).join("\n");
}
