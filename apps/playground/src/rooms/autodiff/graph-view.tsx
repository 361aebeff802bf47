import type { NodeState, Trace, TraceStep } from "@gradus/autograd";
import { useMemo } from "preact/hooks";
import { layOut } from "./layout.js";
import { nodeName, show, signs } from "./words.js";

export interface GraphViewProps {
  readonly trace: Trace<number>;
  readonly states: readonly NodeState<number>[];
  /** Operations whose values are known. */
  readonly computed: ReadonlySet<number>;
  readonly justComputed: number | null;
  readonly current: TraceStep<number> | null;
}

const [WIDTH, HEIGHT, COLUMN, ROW, MARGIN] = [96, 62, 150, 84, 14];

export function GraphView({ trace: { graph }, states, computed, justComputed, current }: GraphViewProps) {
  const { places, columns, rows } = useMemo(() => layOut(graph), [graph]);
  const x = (id: number): number => MARGIN + places[id]!.column * COLUMN;
  const y = (id: number): number => MARGIN + places[id]!.row * ROW;
  const [width, height] = [2 * MARGIN + (columns - 1) * COLUMN + WIDTH, 2 * MARGIN + (rows - 1) * ROW + HEIGHT];
  const isAt = (id: number): boolean => (current === null ? justComputed === id : current.kind === "seed" ? current.to === id : current.kind === "pass" ? current.to === id : current.node === id);
  const passes = (from: number, to: number, input: number): boolean => current?.kind === "pass" && current.node === to && current.to === from && current.input === input;

  return (
    <div class="graph-scroll" tabIndex={0} role="group" aria-label="The graph of the expression">
      <svg class="graph" viewBox={`0 0 ${width} ${height}`} width={width} height={height} role="img" aria-label={`${graph.nodes.length} nodes, from what is given on the left to the result on the right`}>
        {graph.edges.map(({ from, to, input }, i) => {
          const count = graph.edges.filter((edge) => edge.to === to).length;
          const [x1, y1, x2, y2] = [x(from) + WIDTH, y(from) + HEIGHT / 2, x(to), y(to) + HEIGHT * ((input + 1) / (count + 1))];
          const bend = Math.max(24, (x2 - x1) / 2);
          return <path key={i} class={`graph-edge ${passes(from, to, input) ? "active" : ""}`} d={`M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`} />;
        })}
        {graph.nodes.map(({ id, kind, op, outputs: [output] }) => {
          const known = kind !== "operation" || computed.has(id);
          const state = states[id]!;
          const derivative = kind === "leaf" ? (state.gradient ?? state.waiting[0] ?? null) : (state.waiting[0] ?? null);
          const title = output?.name ?? (kind === "constant" ? show(output?.value ?? 0) : (signs[op] ?? op));
          return (
            <g key={id} class={`graph-node ${kind} ${state.visited ? "visited" : ""} ${isAt(id) ? "current" : ""}`} transform={`translate(${x(id)} ${y(id)})`}>
              <title>{`${kind} ${nodeName(graph, id)}${known ? `, value ${show(output?.value ?? 0)}` : ""}${derivative === null ? "" : `, derivative ${show(derivative)}`}`}</title>
              <rect width={WIDTH} height={HEIGHT} rx={kind === "operation" ? 8 : HEIGHT / 2} />
              <text class="graph-title" x={WIDTH / 2} y={kind === "constant" ? 30 : 21}>
                {title}
                {kind === "operation" && output?.name != null ? `  (${signs[op] ?? op})` : ""}
              </text>
              {kind === "constant" ? (
                <text class="graph-kind" x={WIDTH / 2} y={45}>
                  constant
                </text>
              ) : (
                <>
                  <text class="graph-value" x={WIDTH / 2} y={37}>
                    {known ? show(output?.value ?? 0) : "?"}
                  </text>
                  <text class="graph-derivative" x={WIDTH / 2} y={53}>
                    {derivative === null ? "" : `∂ ${show(derivative)}`}
                  </text>
                </>
              )}
            </g>
          );
        })}
      </svg>
      <p class="faint small">Round: leaf. Rectangle: computed, not a leaf. Dashed: constant. ∂ is the derivative of the result by this number.</p>
    </div>
  );
}
