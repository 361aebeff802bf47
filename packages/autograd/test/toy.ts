import { backpropagate, nextSequence, type BackpropagateOptions, type Edge, type GradNode, type InputGradient } from "@gradus/autograd";

/** The smallest kind of value: gradients are numbers. */
export const algebra = { add: (a: number, b: number): number => a + b };

export interface ToyLeaf extends GradNode<number> {
  grad: number | null;
}

export function leaf(name = "leaf"): ToyLeaf {
  return {
    name,
    inputs: [],
    grad: null,
    accumulate(grad) {
      this.grad = (this.grad ?? 0) + grad;
    },
  };
}

/** Output 0 of a node. */
export const edge = (node: GradNode<number>, slot = 0): Edge<number> => ({ node, slot });

/** A node with one output; `rules[i]` turns its gradient into that of input i. */
export function op(
  name: string,
  inputs: readonly (GradNode<number> | null)[],
  ...rules: ((grad: number) => InputGradient<number>)[]
): GradNode<number> {
  return {
    name,
    sequence: nextSequence(),
    inputs: inputs.map((input) => (input === null ? null : edge(input))),
    vjp: ([grad]) => rules.map((rule) => rule(grad!)),
  };
}

/** A sum of inputs with weights. */
export const sum = (name: string, ...terms: readonly (readonly [GradNode<number>, number])[]): GradNode<number> =>
  op(name, terms.map(([node]) => node), ...terms.map(([, weight]) => (grad: number) => grad * weight));

export function sweep(
  root: GradNode<number>,
  options: Partial<BackpropagateOptions<number>> = {},
): readonly (number | null)[] {
  return backpropagate({ roots: [{ edge: edge(root), grad: 1 }], algebra, ...options });
}
