import { type NodeState, stateAt } from "@gradus/autograd";
import { useEffect, useMemo, useState } from "preact/hooks";
import { Button, Panel } from "../../ui/controls.js";
import { Notice } from "../../ui/notice.js";
import { GraphView } from "./graph-view.js";
import { movesOf } from "./moves.js";
import type { Analysis } from "./service.js";
import { Computed, Moved, nodeName, show } from "./words.js";

/** Milliseconds for a step while it plays. */
const PACE = 1400;

export interface WalkProps {
  readonly analysis: Analysis;
  readonly step: number;
  readonly onStep: (step: number) => void;
}

/** Forward through the nodes that compute something, then back through the graph, one node at a time. */
export function Walk({ analysis, step: wanted, onStep }: WalkProps) {
  const { trace } = analysis;
  const [playing, play] = useState(false);
  const computed = useMemo(() => trace?.graph.nodes.filter(({ kind }) => kind === "operation").map(({ id }) => id) ?? [], [trace]);
  const moves = useMemo(() => (trace === null ? [] : movesOf(trace)), [trace]);
  const last = computed.length + moves.length;
  const step = Math.min(wanted, last);
  const forward = Math.min(step, computed.length);
  const backward = Math.max(0, step - computed.length);
  const move = moves[backward - 1] ?? null;
  const states: readonly NodeState<number>[] = useMemo(() => (trace === null ? [] : stateAt(trace, move?.end ?? 0)), [trace, move]);

  useEffect(() => {
    if (!playing) return undefined;
    if (step >= last) {
      play(false);
      return undefined;
    }
    const timer = setTimeout(() => onStep(step + 1), PACE);
    return () => clearTimeout(timer);
  }, [playing, step, last]);

  if (trace === null) return <Notice tone="info">The value is {show(analysis.value)}. It depends on no name, so it has no derivative.</Notice>;
  const { graph } = trace;
  const go = (to: number) => () => {
    play(false);
    onStep(Math.min(last, Math.max(0, to)));
  };
  const phase = step === 0 ? "Nothing is computed yet" : move === null ? "Forward: values" : "Backward: derivatives";
  const justComputed = forward === 0 ? null : computed[forward - 1]!;
  const visited = states.filter(({ visited: done }) => done).length;

  return (
    <div class="autodiff-grid">
      <Panel title="Graph" class="autodiff-graph" aside={<span class="faint small">{phase}</span>}>
        <div class="walk" role="group" aria-label="Steps">
          <Button onClick={go(0)} disabled={step === 0} title="To the beginning">
            <span aria-hidden="true">⇤</span>
            <span class="visually-hidden">To the beginning</span>
          </Button>
          <Button onClick={go(step - 1)} disabled={step === 0}>
            <span aria-hidden="true">←</span> Back
          </Button>
          <Button
            kind="primary"
            onClick={() => {
              if (step >= last) onStep(0);
              play(!playing);
            }}
          >
            <span aria-hidden="true">{playing ? "❚❚" : "▶"}</span> {playing ? "Pause" : "Play"}
          </Button>
          <Button onClick={go(step + 1)} disabled={step >= last}>
            Forward <span aria-hidden="true">→</span>
          </Button>
          <Button onClick={go(last)} disabled={step >= last} title="To the end">
            <span aria-hidden="true">⇥</span>
            <span class="visually-hidden">To the end</span>
          </Button>
          <input
            type="range"
            aria-label="Step"
            min={0}
            max={last}
            step={1}
            value={step}
            style={{ "--filled": `${(100 * step) / last}%` }}
            onInput={({ currentTarget }) => go(currentTarget.valueAsNumber)()}
          />
          <span class="walk-count" data-testid="step">
            {step} / {last}
          </span>
        </div>
        <GraphView trace={trace} states={states} computed={new Set(computed.slice(0, forward))} current={move?.node ?? justComputed} move={move} />
      </Panel>
      <div class="stack">
        <Panel title="This step">
          <div class="explain" role="status">
            {move !== null ? (
              <Moved trace={trace} moves={moves} at={backward - 1} locals={analysis.locals} />
            ) : justComputed !== null ? (
              <Computed graph={graph} node={justComputed} />
            ) : (
              <p>The leaves have their values. Go forward: each function computes its result and remembers what it was made from; then the way back begins.</p>
            )}
          </div>
          <h3>Waiting in the queue</h3>
          <ul class="queue" aria-label="Queue">
            {graph.nodes
              .filter(({ id, kind }) => kind !== "constant" && !states[id]!.visited && states[id]!.waiting.some((waiting) => waiting !== null))
              .map(({ id }) => {
                const missing = graph.edges.filter(({ from, to }) => from === id && !states[to]!.visited).map(({ to }) => nodeName(graph, to));
                return (
                  <li key={id}>
                    <b>{nodeName(graph, id)}</b> <span class="faint">{missing.length === 0 ? `∂ ${show(states[id]!.waiting[0] ?? 0)}` : `until ${[...new Set(missing)].join(", ")} has been visited`}</span>
                  </li>
                );
              })}
            {move === null && <li class="faint empty">nothing: the way back has not begun</li>}
            {step === last && <li class="faint empty">nothing: all {visited} nodes have been visited</li>}
          </ul>
        </Panel>
        <Checks analysis={analysis} graph={graph} states={states} isOver={step === last} />
      </div>
    </div>
  );
}

interface ChecksProps {
  readonly analysis: Analysis;
  readonly graph: NonNullable<Analysis["trace"]>["graph"];
  readonly states: readonly NodeState<number>[];
  readonly isOver: boolean;
}

/** The derivatives that have arrived, beside what moving each number a little says. */
function Checks({ analysis, graph, states, isOver }: ChecksProps) {
  return (
    <Panel title="Checked by central differences">
      <table class="table">
        <thead>
          <tr>
            <th scope="col">leaf</th>
            <th scope="col">derivative</th>
            <th scope="col">(f(x+h) − f(x−h)) / 2h</th>
          </tr>
        </thead>
        <tbody>
          {analysis.checks.map(({ name, derivative, difference }) => {
            const arrived = states[graph.nodes.findIndex(({ outputs: [first], kind }) => kind === "leaf" && first?.name === name)]?.gradient ?? null;
            const agree = Math.abs(derivative - difference) <= 1e-4 * Math.max(1, Math.abs(derivative));
            return (
              <tr key={name}>
                <th scope="row" class="mono">
                  {name}
                </th>
                <td data-testid={`derivative-${name}`}>{arrived === null ? "–" : show(arrived)}</td>
                <td>
                  {show(difference)} {arrived !== null && isOver && <span class={agree ? "agree" : "differ"}>{agree ? "✓ agrees" : "differs: a corner, or an end of the domain"}</span>}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Panel>
  );
}
