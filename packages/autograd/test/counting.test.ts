import fc from "fast-check";
import { expect, test } from "vitest";
import { backpropagate, GradientHooks, nextSequence, type Edge, type GradNode, type GradientAlgebra } from "@gradus/autograd";

/** A gradient that is counted, as a device's memory is. */
class Counted {
  constructor(readonly value: number) {}
}

class CountingAlgebra implements Required<GradientAlgebra<Counted>> {
  readonly #held = new Map<Counted, number>();
  settled = 0;

  add(a: Counted, b: Counted): Counted {
    this.mustBeHeld(a);
    return new Counted(a.value + b.value);
  }

  hold(grad: Counted): void {
    this.#held.set(grad, (this.#held.get(grad) ?? 0) + 1);
  }

  release(grad: Counted): void {
    this.mustBeHeld(grad);
    const count = this.#held.get(grad)! - 1;
    if (count > 0) this.#held.set(grad, count);
    else this.#held.delete(grad);
  }

  settle(): void {
    this.settled++;
  }

  mustBeHeld(grad: Counted): void {
    if (!this.#held.has(grad)) throw new Error(`gradient ${grad.value} is in use but not held`);
  }

  get held(): Counted[] {
    return [...this.#held].flatMap(([grad, count]) => Array.from({ length: count }, () => grad));
  }
}

/** Output s of a node is Σᵢ weights[s][i] · inputᵢ. */
interface LinearNode {
  readonly inputs: readonly (readonly [node: number, slot: number])[];
  readonly weights: readonly (readonly number[])[];
  readonly hook: number | null;
}

/** A graph of linear nodes, each using earlier ones; those without inputs are leaves. */
const graphs: fc.Arbitrary<LinearNode[]> = fc
  .array(
    fc.record({
      inputs: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 3 }),
      outputs: fc.integer({ min: 1, max: 3 }),
      weights: fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 9, maxLength: 9 }),
      hook: fc.option(fc.integer({ min: -1, max: 3 }), { freq: 4 }),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((specs) => {
    const outputs = specs.map((spec, i) => (i === 0 || spec.inputs.length === 0 ? 1 : spec.outputs));
    return specs.map((spec, i) => ({
      inputs:
        i === 0
          ? []
          : spec.inputs.map(([a, b]) => {
              const node = a % i;
              return [node, b % outputs[node]!] as const;
            }),
      weights: Array.from({ length: outputs[i]! }, (_, s) => spec.inputs.map((_input, k) => spec.weights[3 * s + k]!)),
      hook: spec.hook,
    }));
  });

/** The gradients of all outputs, by going through the nodes backwards: what the sweep must find. */
function reference(graph: readonly LinearNode[], roots: readonly (readonly [number, number])[]): number[][] {
  const grads = graph.map(({ weights }) => weights.map(() => 0));
  for (const [node, slot] of roots) grads[node]![slot]! += 1;
  for (let i = graph.length - 1; i >= 0; i--) {
    const { hook, inputs, weights } = graph[i]!;
    if (hook !== null) grads[i]![0]! *= hook;
    for (const [k, [node, slot]] of inputs.entries()) {
      for (const [s, row] of weights.entries()) grads[node]![slot]! += grads[i]![s]! * row[k]!;
    }
  }
  return grads;
}

/** The same graph for the sweep; leaves write into `taken`, and every use of a gradient checks that it is held. */
function build(graph: readonly LinearNode[], algebra: CountingAlgebra, taken: Map<number, number>, failAt: number): GradNode<Counted>[] {
  const nodes: GradNode<Counted>[] = [];
  let calls = 0;
  const mayFail = (): void => {
    if (calls++ === failAt) throw new Error("out of memory");
  };
  for (const [i, { inputs, weights, hook }] of graph.entries()) {
    const hooks = new GradientHooks<Counted>();
    if (hook !== null) hooks.add(0, (grad) => new Counted(grad.value * hook));
    const common = { sequence: nextSequence(), hooks, inputs: inputs.map(([node, slot]) => ({ node: nodes[node]!, slot })) };
    nodes.push(
      inputs.length === 0
        ? {
            ...common,
            name: `leaf ${i}`,
            accumulate(grad) {
              mayFail();
              algebra.mustBeHeld(grad);
              taken.set(i, grad.value);
            },
          }
        : {
            ...common,
            name: `node ${i}`,
            outputs: weights.length,
            vjp: (grads) =>
              inputs.map((_, k) => () => {
                mayFail();
                let total = 0;
                for (const [s, grad] of grads.entries()) {
                  if (grad === null) continue;
                  algebra.mustBeHeld(grad);
                  // Handing the incoming gradient on unchanged, as an addition does, must be counted as well.
                  if (grads.length === 1 && weights[s]![k] === 1) return grad;
                  total += grad.value * weights[s]![k]!;
                }
                return new Counted(total);
              }),
          },
    );
  }
  return nodes;
}

const cases = graphs.chain((graph) => {
  const output = fc
    .tuple(fc.nat(graph.length - 1), fc.nat(2))
    .map(([node, slot]) => [node, slot % graph[node]!.weights.length] as const);
  return fc.record({
    graph: fc.constant(graph),
    roots: fc.array(output, { minLength: 1, maxLength: 3 }),
    requested: fc.option(fc.array(output, { maxLength: 4 })),
    failAt: fc.nat(12),
  });
});

const edgesOf = (nodes: readonly GradNode<Counted>[], places: readonly (readonly [number, number])[]): Edge<Counted>[] =>
  places.map(([node, slot]) => ({ node: nodes[node]!, slot }));

test("on any graph: the right gradients, and everything held is released", () => {
  fc.assert(
    fc.property(cases, ({ graph, roots, requested }) => {
      const algebra = new CountingAlgebra();
      const taken = new Map<number, number>();
      const nodes = build(graph, algebra, taken, Infinity);
      const inputs = requested === null ? undefined : edgesOf(nodes, requested);
      const results = backpropagate({ roots: edgesOf(nodes, roots).map((edge) => ({ edge, grad: new Counted(1) })), algebra, inputs });
      const expected = reference(graph, roots);
      // + 0: the reference may hold −0, and no gradient (null) is zero.
      if (requested === null) {
        for (const [i, { inputs }] of graph.entries()) if (inputs.length === 0) expect((taken.get(i) ?? 0) + 0).toBe(expected[i]![0]! + 0);
        expect(results).toEqual([]);
      } else {
        expect(taken.size).toBe(0);
        expect(results.map((grad) => (grad?.value ?? 0) + 0)).toEqual(requested.map(([node, slot]) => expected[node]![slot]! + 0));
      }
      for (const grad of results) if (grad !== null) algebra.release(grad);
      expect(algebra.held).toEqual([]);
    }),
    { numRuns: 2000 },
  );
});

test("on any graph: when a node throws, the error passes on and everything held is released", () => {
  let failures = 0;
  fc.assert(
    fc.property(cases, ({ graph, roots, requested, failAt }) => {
      const algebra = new CountingAlgebra();
      const nodes = build(graph, algebra, new Map(), failAt);
      const inputs = requested === null ? undefined : edgesOf(nodes, requested);
      try {
        const results = backpropagate({ roots: edgesOf(nodes, roots).map((edge) => ({ edge, grad: new Counted(1) })), algebra, inputs });
        for (const grad of results) if (grad !== null) algebra.release(grad);
      } catch (error) {
        expect(error).toEqual(new Error("out of memory"));
        expect(algebra.settled).toBeGreaterThan(0);
        failures++;
      }
      expect(algebra.held).toEqual([]);
    }),
    { numRuns: 2000 },
  );
  expect(failures).toBeGreaterThan(100);
});
