import { expect, test } from "vitest";
import { describeGraph, printTrace, stateAt, toDot, traceBackward, type Describer, type GradNode } from "@gradus/autograd";
import { algebra, edge, leaf, op, sum, sweep, type ToyLeaf } from "./toy.js";

const recorder = {
  output: (node: GradNode<number>) => ({ name: node.name, value: null, gradient: (node as Partial<ToyLeaf>).grad ?? null }),
  gradient: (grad: number) => grad,
};

/** root = 3 a + 5 x, a = 2 x */
function example() {
  const x = leaf("x");
  const a = sum("a", [x, 2]);
  return { x, a, root: sum("root", [a, 3], [x, 5]) };
}

const trace = (root: GradNode<number>) => traceBackward({ roots: [{ edge: edge(root), grad: 1 }], algebra }, recorder);

test("a graph lists each node after those that it was computed from", () => {
  const { root, x } = example();
  const graph = describeGraph([edge(root), edge(x)], recorder);
  expect(graph.nodes.map(({ id, kind, op }) => [id, kind, op])).toEqual([
    [0, "leaf", "x"],
    [1, "operation", "a"],
    [2, "operation", "root"],
  ]);
  expect(graph.edges).toEqual([
    { from: 0, slot: 0, to: 1, input: 0 },
    { from: 1, slot: 0, to: 2, input: 0 },
    { from: 0, slot: 0, to: 2, input: 1 },
  ]);
  expect(graph.roots).toEqual([
    { node: 2, slot: 0 },
    { node: 0, slot: 0 },
  ]);
  expect(structuredClone(graph)).toEqual(graph);
});

test("a deep graph can be described", () => {
  let node: GradNode<number> = leaf();
  for (let i = 0; i < 200_000; i++) node = op("next", [node], (grad) => grad);
  expect(describeGraph([edge(node)], recorder).nodes).toHaveLength(200_001);
});

test("outputs and constants are described where the describer knows them", () => {
  const x = leaf("x");
  const split: GradNode<number> = { name: "split", inputs: [edge(x), null, null], outputs: 2 };
  const describer: Describer<number, number> = {
    output: (_, slot) => ({ name: `out ${slot}`, value: slot, gradient: null }),
    constant: (_, input) => (input === 1 ? { name: null, value: 42, gradient: null } : null),
  };
  const graph = describeGraph([edge(split, 1)], describer);
  expect(graph.nodes.map(({ kind, outputs }) => [kind, outputs.map(({ value }) => value)])).toEqual([
    ["leaf", [0]],
    ["constant", [42]],
    ["operation", [0, 1]],
  ]);
  expect(graph.edges).toEqual([
    { from: 0, slot: 0, to: 2, input: 0 },
    { from: 1, slot: 0, to: 2, input: 1 },
  ]);
  expect(toDot(graph)).toContain('n1 [shape=plaintext, label="42"]');
});

test("DOT: names are quoted, values and gradients formatted", () => {
  const x = leaf('a "quoted" \\ name');
  x.grad = 0.125;
  const dot = toDot(
    describeGraph([edge(sum("add", [x, 1]))], { output: (node, slot) => ({ ...recorder.output(node), value: slot + 2 }) }),
    (value) => value.toFixed(2),
  );
  expect(dot).toMatchInlineSnapshot(`
    "digraph {
      rankdir=LR;
      n0 [shape=box, label="a \\"quoted\\" \\\\ name\\n= 2.00\\n∂ 0.13"];
      n1 [shape=ellipse, label="add\\n= 2.00"];
      n0 -> n1;
    }
    "
  `);
});

test("a trace is plain data: which node, what came in, what the chain rule gave, what accumulated", () => {
  const { root, x } = example();
  x.grad = 100;
  const recorded = trace(root);
  expect(recorded.steps).toEqual([
    { kind: "seed", to: 2, slot: 0, gradient: 1, before: null, after: 1 },
    { kind: "visit", node: 2, gradients: [1] },
    { kind: "pass", node: 2, input: 0, to: 1, slot: 0, gradient: 3, before: null, after: 3 },
    { kind: "pass", node: 2, input: 1, to: 0, slot: 0, gradient: 5, before: null, after: 5 },
    { kind: "visit", node: 1, gradients: [3] },
    { kind: "pass", node: 1, input: 0, to: 0, slot: 0, gradient: 6, before: 5, after: 11 },
    { kind: "visit", node: 0, gradients: [11] },
    { kind: "accumulate", node: 0, gradient: 11, before: 100, after: 111 },
  ]);
  expect(structuredClone(recorded)).toEqual(recorded);
  expect(recorded.graph.nodes[0]!.outputs[0]!.gradient).toBe(100);
  expect(x.grad).toBe(111);
});

test("a trace does what a sweep does", () => {
  const traced = example();
  const swept = example();
  trace(traced.root);
  sweep(swept.root);
  expect(traced.x.grad).toBe(swept.x.grad);
});

test("a trace can be replayed to any step", () => {
  const recorded = trace(example().root);
  const at = (count: number) => stateAt(recorded, count).map(({ waiting, visited, gradient }) => [waiting[0], visited, gradient]);
  expect(at(0)).toEqual([[null, false, null], [null, false, null], [null, false, null]]);
  expect(at(4)).toEqual([[5, false, null], [3, false, null], [1, true, null]]);
  expect(at(6)).toEqual([[11, false, null], [3, true, null], [1, true, null]]);
  expect(at(8)).toEqual([[11, true, 11], [3, true, null], [1, true, null]]);
});

test("going back is undoing: each step says what was there before", () => {
  const recorded = trace(example().root);
  for (const [i, step] of recorded.steps.entries()) {
    const earlier = stateAt(recorded, i);
    if (step.kind === "seed" || step.kind === "pass") expect(earlier[step.to]!.waiting[step.slot]).toBe(step.before);
    if (step.kind === "accumulate") expect(earlier[step.node]!.gradient).toBe(step.before);
    if (step.kind === "visit") expect([earlier[step.node]!.visited, earlier[step.node]!.waiting]).toEqual([false, step.gradients]);
  }
});

test("two seeds meet at one root, and unused outputs receive nothing", () => {
  const pair: GradNode<number> = { name: "pair", inputs: [edge(leaf("x"))], outputs: 2, vjp: ([a]) => [a!] };
  const root = { edge: edge(pair, 0), grad: 2 };
  expect(printTrace(traceBackward({ roots: [root, root], algebra }, recorder))).toMatchInlineSnapshot(`
    "start at pair with 2
    start at pair with 2: 2 + 2 = 4
    pair receives 4, nothing
      gives 4 to x
    x receives 4
      accumulates 4"
  `);
});
