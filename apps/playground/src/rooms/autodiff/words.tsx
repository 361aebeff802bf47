import type { Graph, Trace } from "@gradus/autograd";
import { brief } from "../../ui/format.js";
import type { Move } from "./moves.js";

/** A number of the graph. */
export const show = (value: number): string => brief(value, 5);

/** How functions look in a node. */
export const signs: Readonly<Record<string, string>> = {
  add: "+", sub: "−", mul: "×", div: "÷", pow: "^", neg: "−", lt: "<", le: "≤", gt: ">", ge: "≥", eq: "=", ne: "≠",
};

/** ∂y/∂a and ∂y/∂b of each function, as formulas. */
const formulas: Readonly<Record<string, readonly string[]>> = {
  add: ["1", "1"], sub: ["1", "−1"], mul: ["b", "a"], div: ["1/b", "−a/b²"], pow: ["b·aᵇ⁻¹", "aᵇ·ln a"], neg: ["−1"], log: ["1/a"], exp: ["eᵃ = y"],
  relu: ["1 if a > 0, else 0"], sigmoid: ["y(1 − y)"], tanh: ["1 − y²"],
};

export const nodeName = ({ nodes }: Graph<number>, id: number): string => {
  const { kind, op, outputs } = nodes[id]!;
  return outputs[0]?.name ?? (kind === "constant" ? show(outputs[0]?.value ?? NaN) : (signs[op] ?? op));
};

const valueOf = ({ nodes }: Graph<number>, id: number): number => nodes[id]!.outputs[0]?.value ?? NaN;

interface NodeProps {
  readonly graph: Graph<number>;
  readonly node: number;
}

/** What a node computes: `2 × 0.5 = 1`. */
export function Computed({ graph, node }: NodeProps) {
  const { op } = graph.nodes[node]!;
  const values = graph.edges.filter(({ to }) => to === node).sort((a, b) => a.input - b.input).map(({ from }) => show(valueOf(graph, from)));
  const sign = signs[op];
  return (
    <>
      <p>
        <strong>{nodeName(graph, node)}</strong> computes its value, and remembers what it was made from:
      </p>
      <p class="formula">
        {sign !== undefined && values.length === 2 ? values.join(` ${sign} `) : `${sign ?? op}(${values.join(", ")})`} = <b>{show(valueOf(graph, node))}</b>
      </p>
    </>
  );
}

export interface MovedProps {
  readonly trace: Trace<number>;
  readonly moves: readonly Move[];
  /** Which of the moves. */
  readonly at: number;
  readonly locals: readonly (readonly number[] | null)[];
}

/** What happens in a move of the backward pass. */
export function Moved({ trace: { graph }, moves, at, locals }: MovedProps) {
  const { node, incoming, isSeed, passes, kept } = moves[at]!;
  const name = (id: number) => <strong>{nodeName(graph, id)}</strong>;
  if (isSeed) {
    return (
      <p>
        The pass begins at the result, {name(node)}: the derivative of a number by itself is <b>{show(incoming)}</b>. It waits in the queue.
      </p>
    );
  }
  const parts = moves.slice(0, at).flatMap((move) => move.passes.filter(({ to }) => to === node).map(({ gradient }) => ({ from: move.node, gradient })));
  return (
    <>
      <p>
        {name(node)} is taken from the queue; all that use it have been visited. Its derivative, coming in, is{" "}
        {parts.length > 1 && (
          <>
            {parts.map(({ from, gradient }, i) => (
              <span key={i}>
                {i > 0 && " + "}
                {show(gradient)} <span class="faint">from {nodeName(graph, from)}</span>
              </span>
            ))}{" "}
            ={" "}
          </>
        )}
        <b>{show(incoming)}</b>.
      </p>
      {kept !== null && (
        <p>
          It is a leaf, so it keeps it: ∂ = <b>{show(kept)}</b>.
        </p>
      )}
      {passes.length > 0 && (
        <div class="table-scroll">
          <table class="table passes">
            <thead>
              <tr>
                <th scope="col">to</th>
                <th scope="col">local</th>
                <th scope="col">incoming × local</th>
                <th scope="col">there now</th>
              </tr>
            </thead>
            <tbody>
              {passes.map(({ input, to, gradient, before, after }) => (
                <tr key={input}>
                  <th scope="row">{nodeName(graph, to)}</th>
                  <td>
                    <span class="faint">{formulas[graph.nodes[node]!.op]?.[input] ?? "0"}</span>
                    <br />
                    {show(locals[node]?.[input] ?? NaN)}
                  </td>
                  <td>
                    <span class="faint">
                      {show(incoming)} × {show(locals[node]?.[input] ?? NaN)}
                    </span>
                    <br />
                    <b>{show(gradient)}</b>
                  </td>
                  <td>
                    <span class="faint">{before === null ? "the first" : `${show(before)} + ${show(gradient)}`}</span>
                    <br />
                    <b>{show(after)}</b>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
