import type { Graph, Trace, TraceStep } from "@gradus/autograd";
import { brief } from "../../ui/format.js";

/** A number of the graph. */
export const show = (value: number): string => brief(value, 5);

/** How functions look in a node. */
export const signs: Readonly<Record<string, string>> = {
  add: "+", sub: "−", mul: "×", div: "÷", pow: "^", neg: "−", lt: "<", le: "≤", gt: ">", ge: "≥", eq: "=", ne: "≠",
};

/** ∂y/∂a and ∂y/∂b of each function, as formulas. */
const formulas: Readonly<Record<string, readonly string[]>> = {
  add: ["1", "1"], sub: ["1", "−1"], mul: ["b", "a"], div: ["1/b", "−a/b²"], pow: ["b·aᵇ⁻¹", "aᵇ·ln a"], neg: ["−1"], log: ["1/a"], exp: ["eᵃ = y"],
  relu: ["1 where a > 0, else 0"], sigmoid: ["y(1 − y)"], tanh: ["1 − y²"],
};

export const nodeName = ({ nodes }: Graph<number>, id: number): string => {
  const { kind, op, outputs } = nodes[id]!;
  return outputs[0]?.name ?? (kind === "constant" ? show(outputs[0]?.value ?? NaN) : (signs[op] ?? op));
};

/** What happens in a step of the backward pass. */
export function describeStep({ graph, steps }: Trace<number>, step: TraceStep<number>, locals: readonly (readonly number[] | null)[]) {
  const name = (id: number) => <strong>{nodeName(graph, id)}</strong>;
  switch (step.kind) {
    case "seed":
      return (
        <p>
          The pass begins at the result: {name(step.to)}, with the derivative of a number by itself, {show(step.gradient)}.
        </p>
      );
    case "visit":
      return (
        <p>
          {name(step.node)} is taken from the queue: everything that uses it has been visited. Its derivative is <b>{show(step.gradients[0] ?? 0)}</b>.
        </p>
      );
    case "pass": {
      const visit = steps.find((each) => each.kind === "visit" && each.node === step.node);
      const incoming = (visit?.kind === "visit" ? visit.gradients[0] : null) ?? NaN;
      const local = locals[step.node]?.[step.input] ?? NaN;
      const formula = formulas[graph.nodes[step.node]!.op]?.[step.input] ?? "0";
      return (
        <>
          <p>
            The chain rule at {name(step.node)}, for its input {name(step.to)}:
          </p>
          <dl class="chain">
            <dt>incoming</dt>
            <dd>{show(incoming)}</dd>
            <dt>local, {formula}</dt>
            <dd>{show(local)}</dd>
            <dt>incoming × local</dt>
            <dd>
              <b>{show(step.gradient)}</b>
            </dd>
            {step.before !== null && (
              <>
                <dt>meets {show(step.before)}</dt>
                <dd>
                  <b>{show(step.after)}</b>
                </dd>
              </>
            )}
          </dl>
        </>
      );
    }
    case "accumulate":
      return (
        <p>
          The leaf {name(step.node)} keeps its derivative: <b>{show(step.after ?? 0)}</b>.
        </p>
      );
  }
}
