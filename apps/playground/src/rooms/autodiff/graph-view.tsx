import type { NodeState, Trace } from "@gradus/autograd";
import { useMemo } from "preact/hooks";
import { layOut } from "./layout.js";
import type { Move } from "./moves.js";
import { nodeName, show, signs } from "./words.js";

export interface GraphViewProps {
  readonly trace: Trace<number>;
  readonly states: readonly NodeState<number>[];
  /** Operations whose values are known. */
  readonly computed: ReadonlySet<number>;
  /** The node that was computed or visited last. */
  readonly current: number | null;
  readonly move: Move | null;
}

const [WIDTH, HEIGHT, COLUMN, ROW, MARGIN] = [96, 62, 174, 88, 14];

export function GraphView({ trace: { graph }, states, computed, current, move }: GraphViewProps) {
  const { places, columns, rows } = useMemo(() => layOut(graph), [graph]);
  const x = (id: number): number => MARGIN + places[id]!.column * COLUMN;
  const y = (id: number): number => MARGIN + places[id]!.row * ROW;
  const [width, height] = [2 * MARGIN + (columns - 1) * COLUMN + WIDTH, 2 * MARGIN + (rows - 1) * ROW + HEIGHT];
  const edges = graph.edges.map(({ from, to, input }) => {
    const count = graph.edges.filter((edge) => edge.to === to).length;
    const [x1, y1, x2, y2] = [x(from) + WIDTH, y(from) + HEIGHT / 2, x(to), y(to) + HEIGHT * ((input + 1) / (count + 1))];
    const bend = Math.max(24, (x2 - x1) / 2);
    const passed = move?.passes.find((pass) => pass.node === to && pass.to === from && pass.input === input);
    return { path: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`, middle: [(x1 + x2) / 2, (y1 + y2) / 2 - 6] as const, passed };
  });

  return (
    <div class="graph-scroll" tabIndex={0} role="group" aria-label="The graph of the expression">
      {/* As large as the panel allows, and no smaller than one can read. */}
      <svg class="graph" viewBox={`0 0 ${width} ${height}`} style={{ minWidth: `${width * 0.82}px`, maxWidth: `${width * 1.35}px` }} role="img" aria-label={`${graph.nodes.length} nodes, from what is given on the left to the result on the right`}>
        {edges.map(({ path, passed }, i) => (
          <path key={i} class={`graph-edge ${passed === undefined ? "" : "active"}`} d={path} />
        ))}
        {graph.nodes.map(({ id, kind, op, outputs: [output] }) => {
          const known = kind !== "operation" || computed.has(id);
          const state = states[id]!;
          const derivative = kind === "leaf" ? (state.gradient ?? state.waiting[0] ?? null) : (state.waiting[0] ?? null);
          const title = output?.name ?? (kind === "constant" ? show(output?.value ?? 0) : (signs[op] ?? op));
          return (
            <g key={id} class={`graph-node ${kind} ${state.visited ? "visited" : ""} ${current === id ? "current" : ""}`} transform={`translate(${x(id)} ${y(id)})`}>
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
        {edges.map(({ middle: [cx, cy], passed }, i) =>
          passed === undefined ? null : (
            <text key={i} class="graph-passed" x={cx} y={cy}>
              {show(passed.gradient)}
            </text>
          ),
        )}
      </svg>
      <ul class="graph-legend faint small">
        <li>
          <span class="swatch leaf" /> leaf
        </li>
        <li>
          <span class="swatch" /> computed, not a leaf
        </li>
        <li>
          <span class="swatch constant" /> constant
        </li>
        <li>
          <span class="swatch visited" /> visited on the way back
        </li>
        <li>
          <span class="graph-sign">∂</span> derivative of the result by this number
        </li>
      </ul>
    </div>
  );
}
