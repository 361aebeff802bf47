/** An expression, its graph, and the backward pass through it as data. */
import type { Trace } from "@gradus/autograd";
import { functions, type ScalarNode, traceOf, type Scalar } from "@gradus/scalar-autodiff";
import { evaluate, ExpressionError, type FunctionName, parse } from "./expression.js";

interface Check {
  readonly name: string;
  readonly value: number;
  readonly derivative: number;
  /** (f(x + h) − f(x − h)) / 2h */
  readonly difference: number;
}

export interface Analysis {
  readonly variables: readonly string[];
  readonly value: number;
  /** null: nothing to differentiate by. */
  readonly trace: Trace<number> | null;
  /** ∂output/∂input of each operation, by the node's id; null for leaves and constants. */
  readonly locals: readonly (readonly number[] | null)[];
  readonly checks: readonly Check[];
}

export type Answer = { readonly analysis: Analysis } | { readonly problem: { readonly message: string; readonly position: number } };

/** Half of the digits of a number: with it the rounding and the curvature do equally little harm. */
const H = 6e-6;

export const service = {
  analyse(expression: string, values: Readonly<Record<string, number>>, shared: boolean): Answer {
    try {
      const program = parse(expression);
      const { result, leaves } = evaluate(program, values, shared);
      const nodes = nodesBehind(result);
      // Before the pass, which releases what the functions saved.
      const localsOf = new Map(nodes.map((node) => [node, localDerivatives(node)]));
      const trace = result.isConstant() ? null : traceOf(result);
      const at = (changed: string, by: number): number => evaluate(program, { ...values, [changed]: (values[changed] ?? 1) + by }, shared).result.data;
      return {
        analysis: {
          variables: program.variables,
          value: result.data,
          trace,
          locals: trace === null ? [] : inOrderOf(trace, nodes).map((node) => (node === null ? null : localsOf.get(node)!)),
          checks: [...leaves].map(([name, { data, derivative }]) => {
            const h = H * Math.max(1, Math.abs(data));
            return { name, value: data, derivative: derivative ?? 0, difference: (at(name, h) - at(name, -h)) / (2 * h) };
          }),
        },
      };
    } catch (error) {
      if (error instanceof ExpressionError) return { problem: { message: error.message, position: error.position } };
      throw error;
    }
  },
};

/** The nodes of a graph, each after its inputs: the order in which `describeGraph` numbers them. */
function nodesBehind(result: Scalar): ScalarNode[] {
  const seen = new Set<ScalarNode>();
  const order: ScalarNode[] = [];
  const visit = (node: ScalarNode | null): void => {
    if (node === null || seen.has(node)) return;
    seen.add(node);
    node.inputs.forEach(visit);
    order.push(node);
  };
  visit(result.node);
  return order;
}

/** The graph numbers constants as well; they have no node. */
function inOrderOf({ graph }: Trace<number>, nodes: readonly ScalarNode[]): (ScalarNode | null)[] {
  let next = 0;
  return graph.nodes.map(({ kind }) => (kind === "constant" ? null : nodes[next++]!));
}

function localDerivatives(node: ScalarNode): readonly number[] | null {
  if (node.lastFn === null) return null;
  const [a, b] = node.operands.map(({ data }) => data);
  return functions[node.lastFn.name as FunctionName].backward.map((rule) => rule(1, a!, b ?? NaN, node.scalar.data));
}
