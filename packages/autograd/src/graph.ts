/**
 * A graph as plain data, for drawing: it can be sent, stored and compared, and holds no reference to the nodes.
 *
 * @module
 */
import type { Edge, GradNode } from "./grad-node.js";

/** What a drawing says about one value. */
export interface ValueDescription<V> {
  readonly name: string | null;
  readonly value: V | null;
  readonly gradient: V | null;
}

/** Turns what a graph consists of into what a drawing of it shows. */
export interface Describer<G, V> {
  /** Output `slot` of a node. */
  output(node: GradNode<G>, slot: number): ValueDescription<V>;
  /** The constant at an input through which no gradient flows; null or absent: it is not drawn. */
  constant?(node: GradNode<G>, input: number): ValueDescription<V> | null;
}

export interface GraphNode<V> {
  /** The node's place in `nodes`. */
  readonly id: number;
  readonly kind: "leaf" | "operation" | "constant";
  readonly op: string;
  readonly outputs: readonly ValueDescription<V>[];
}

/** Output `slot` of node `from` is input `input` of node `to`. */
export interface GraphEdge {
  readonly from: number;
  readonly slot: number;
  readonly to: number;
  readonly input: number;
}

export interface Graph<V> {
  /** Each node stands after those that it was computed from. */
  readonly nodes: readonly GraphNode<V>[];
  readonly edges: readonly GraphEdge[];
  /** The results, as (node, slot). */
  readonly roots: readonly { readonly node: number; readonly slot: number }[];
}

/** Describes everything behind `roots`. */
export function describeGraph<G, V>(roots: readonly Edge<G>[], describer: Describer<G, V>): Graph<V> {
  return numberGraph(roots, describer).graph;
}

/** The description together with the ids that it gave to the nodes. */
export function numberGraph<G, V>(
  roots: readonly Edge<G>[],
  describer: Describer<G, V>,
): { readonly graph: Graph<V>; readonly ids: ReadonlyMap<GradNode<G>, number> } {
  const ids = new Map<GradNode<G>, number>();
  const nodes: GraphNode<V>[] = [];
  const edges: GraphEdge[] = [];
  const addConstant = (node: GradNode<G>, input: number): number | undefined => {
    const constant = describer.constant?.(node, input) ?? null;
    if (constant === null) return undefined;
    return nodes.push({ id: nodes.length, kind: "constant", op: "constant", outputs: [constant] }) - 1;
  };
  const addNode = (node: GradNode<G>): void => {
    const sources = node.inputs.map((edge, i) => (edge === null ? addConstant(node, i) : ids.get(edge.node)));
    const id = nodes.length;
    ids.set(node, id);
    nodes.push({
      id,
      kind: node.accumulate === undefined ? "operation" : "leaf",
      op: node.name,
      outputs: Array.from({ length: node.outputs ?? 1 }, (_, slot) => describer.output(node, slot)),
    });
    for (const [input, from] of sources.entries()) {
      if (from !== undefined) edges.push({ from, slot: node.inputs[input]?.slot ?? 0, to: id, input });
    }
  };
  forEachAfterItsInputs(
    roots.map(({ node }) => node),
    addNode,
  );
  return { graph: { nodes, edges, roots: roots.map(({ node, slot }) => ({ node: ids.get(node)!, slot })) }, ids };
}

/** Visits each node once, after all that it was computed from; iterative, because a graph may be deep. */
function forEachAfterItsInputs<G>(roots: readonly GradNode<G>[], visit: (node: GradNode<G>) => void): void {
  const seen = new Set<GradNode<G>>();
  const path: { readonly node: GradNode<G>; next: number }[] = [];
  const enter = (node: GradNode<G>): void => {
    if (seen.has(node)) return;
    seen.add(node);
    path.push({ node, next: 0 });
  };
  for (const root of roots) {
    enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      if (top.next === top.node.inputs.length) {
        visit(top.node);
        path.pop();
        continue;
      }
      const edge = top.node.inputs[top.next++];
      if (edge != null) enter(edge.node);
    }
  }
}

/** What to call a node: its name, a constant's value, or its op. */
export function labelOf<V>({ kind, op, outputs: [first] }: GraphNode<V>, format: (value: V) => string): string {
  if (first?.name != null) return first.name;
  return kind === "constant" && first?.value != null ? format(first.value) : op;
}

const shapes = { leaf: "box", operation: "ellipse", constant: "plaintext" } satisfies Record<GraphNode<unknown>["kind"], string>;

/**
 * The graph in Graphviz's DOT language, from left to right: leaves as boxes, operations as ellipses, constants bare.
 *
 * @param format - How values and gradients are written.
 */
export function toDot<V>(graph: Graph<V>, format: (value: V) => string = String): string {
  const describe = ({ value, gradient }: ValueDescription<V>): string[] => [
    ...(value === null ? [] : [`= ${format(value)}`]),
    ...(gradient === null ? [] : [`∂ ${format(gradient)}`]),
  ];
  const nodes = graph.nodes.map((node) => {
    const label = labelOf(node, format);
    // An operation whose result has a name shows both.
    const title = node.kind === "operation" && label !== node.op ? [`${label}: ${node.op}`] : [label];
    const lines = node.kind === "constant" ? title : [...title, ...node.outputs.flatMap(describe)];
    return `  n${node.id} [shape=${shapes[node.kind]}, label=${quote(lines.join("\n"))}];`;
  });
  const edges = graph.edges.map(({ from, to }) => `  n${from} -> n${to};`);
  return ["digraph {", "  rankdir=LR;", ...nodes, ...edges, "}", ""].join("\n");
}

const quote = (text: string): string => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
