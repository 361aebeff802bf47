import {
  describeGraph,
  traceBackward,
  type Graph,
  type Recorder,
  type Trace,
  type ValueDescription,
} from "@gradus/autograd";
import { numbers } from "./arithmetic.js";
import type { Scalar } from "./scalar.js";
import type { ScalarNode } from "./scalar-node.js";

const describe = ({ name, data, derivative }: Scalar): ValueDescription<number> => ({ name, value: data, gradient: derivative });

/** A graph of scalars consists of scalar nodes alone. */
const recorder: Recorder<number, number> = {
  output: (node) => describe((node as ScalarNode).scalar),
  constant: (node, input) => describe((node as ScalarNode).operands[input]!),
  gradient: (derivative) => derivative,
};

/**
 * How a scalar was computed, as data: its leaves, constants and functions with names, values and derivatives. `toDot` draws it.
 */
export function graphOf(scalar: Scalar): Graph<number> {
  return describeGraph([scalar.edge], recorder);
}

/**
 * Runs `scalar.backward(derivative)` and returns its steps as data. `printTrace` shows them as text, `stateAt` replays them.
 *
 * @example
 * const x = new Scalar(3, { name: "x" });
 * traceOf(x.mul(2)).steps.length; // 5
 */
export function traceOf(scalar: Scalar, derivative = 1, { retainGraph }: { readonly retainGraph?: boolean } = {}): Trace<number> {
  return traceBackward(
    { roots: [{ edge: scalar.edge, grad: derivative }], algebra: { add: numbers.add }, retainGraph },
    recorder,
  );
}
