import type { NodeState, TraceStep } from "@gradus/autograd";
import { stateAt } from "@gradus/autograd";
import { useEffect, useId, useMemo, useState } from "preact/hooks";
import { useRoomState } from "../../address.js";
import { useEngine } from "../../engine/use-engine.js";
import { Button, Check, Panel } from "../../ui/controls.js";
import { Notice } from "../../ui/notice.js";
import { useAnswer } from "../../ui/use-answer.js";
import { examples, fields, type State } from "./fields.js";
import { GraphView } from "./graph-view.js";
import { describeStep, nodeName, show } from "./words.js";
import type { Analysis } from "./service.js";
import "./room.css";

/** Milliseconds for a step while it plays. */
const PACE = 1100;

export function Room() {
  const state = useRoomState("autodiff", fields);
  const engine = useEngine("autodiff");
  const { value: now } = state;
  const { expression, values, shared } = now;
  const { value: answer, failure } = useAnswer(now, JSON.stringify([expression, values, shared]), ({ expression: source, values: at, shared: once }) => engine.analyse(source, at, once));
  const change = (part: Partial<State>): void => void (state.value = { ...state.peek(), ...part });
  const id = useId();
  const problem = answer !== null && "problem" in answer ? answer.problem : null;

  // While an expression is being typed, the last one that made sense stays.
  const [analysis, setAnalysis] = useState<Analysis | null>(null);
  useEffect(() => {
    if (answer !== null && "analysis" in answer) setAnalysis(answer.analysis);
  }, [answer]);

  return (
    <div class="room autodiff" aria-busy={answer === null}>
      <div class="room-intro">
        <h1>Autodiff, step by step</h1>
        <p>A computation remembers how it was made; walking back through it with the chain rule gives every derivative at once.</p>
      </div>
      <Panel title="Expression" aside={<Check label="Equal parts are one node" checked={shared} onChange={(next) => change({ shared: next, step: 0 })} />}>
        <div class="expression">
          <label class="visually-hidden" for={id}>
            Expression
          </label>
          <input
            id={id}
            type="text"
            class="mono"
            spellcheck={false}
            autocomplete="off"
            autocapitalize="off"
            maxLength={400}
            value={expression}
            aria-invalid={problem !== null}
            aria-describedby={`${id}-problem`}
            onInput={({ currentTarget }) => change({ expression: currentTarget.value, step: 0 })}
          />
          <div id={`${id}-problem`} class="expression-problem" role="status">
            {problem !== null && (
              <>
                <span class="mono caret" aria-hidden="true">
                  {"\u00a0".repeat(problem.position)}▲
                </span>
                {problem.message} (at place {problem.position + 1})
              </>
            )}
          </div>
        </div>
        <div class="inline" role="group" aria-label="Examples">
          {examples.map(([source, at]) => (
            <button key={source} type="button" class="chip mono" onClick={() => change({ expression: source, values: at, step: 0 })}>
              {source}
            </button>
          ))}
        </div>
        {analysis !== null && <Values analysis={analysis} values={values} onChange={(next) => change({ values: next })} />}
      </Panel>
      {failure !== null && <Notice tone="error">{failure.message}</Notice>}
      {analysis !== null && <Walk analysis={analysis} step={now.step} onStep={(step) => change({ step })} />}
    </div>
  );
}

function Values({ analysis, values, onChange }: { readonly analysis: Analysis; readonly values: State["values"]; readonly onChange: (values: State["values"]) => void }) {
  return (
    <div class="values">
      {analysis.variables.map((name) => (
        <label key={name}>
          <span class="mono">{name} =</span>
          <input
            type="number"
            step="any"
            value={values[name] ?? 1}
            onInput={({ currentTarget: { valueAsNumber } }) => {
              if (Number.isFinite(valueAsNumber)) onChange({ ...values, [name]: valueAsNumber });
            }}
          />
        </label>
      ))}
      {analysis.variables.length === 0 && <p class="faint small">Nothing to differentiate by: write a name, such as x, for a number that may change.</p>}
    </div>
  );
}

/** Forward through the nodes that compute something, then back through the steps of the trace. */
function Walk({ analysis, step: wanted, onStep }: { readonly analysis: Analysis; readonly step: number; readonly onStep: (step: number) => void }) {
  const { trace } = analysis;
  const [playing, play] = useState(false);
  const computed = useMemo(() => trace?.graph.nodes.filter(({ kind }) => kind === "operation").map(({ id }) => id) ?? [], [trace]);
  const steps: readonly TraceStep<number>[] = trace?.steps ?? [];
  const last = computed.length + steps.length;
  const step = Math.min(wanted, last);
  const forward = Math.min(step, computed.length);
  const backward = Math.max(0, step - computed.length);
  const states: readonly NodeState<number>[] = useMemo(() => (trace === null ? [] : stateAt(trace, backward)), [trace, backward]);

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
  const current = backward === 0 ? null : steps[backward - 1]!;
  const queue = trace.graph.nodes.filter(({ id, kind }) => kind !== "constant" && !states[id]!.visited && states[id]!.waiting.some((waiting) => waiting !== null));
  const go = (to: number) => () => {
    play(false);
    onStep(Math.min(last, Math.max(0, to)));
  };
  const phase = step === 0 ? "Nothing is computed yet" : backward === 0 ? "Forward: values" : "Backward: derivatives";

  return (
    <>
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
          <GraphView trace={trace} states={states} computed={new Set(computed.slice(0, forward))} justComputed={backward === 0 && forward > 0 ? computed[forward - 1]! : null} current={current} />
        </Panel>
        <div class="stack">
          <Panel title="This step">
            <div class="explain" role="status">
              {step === 0 ? (
                <p>The leaves have their values. Go forward: each function computes its result and remembers what it was made from.</p>
              ) : current === null ? (
                <p>
                  <strong>{nodeName(trace.graph, computed[forward - 1]!)}</strong> = {show(trace.graph.nodes[computed[forward - 1]!]!.outputs[0]!.value ?? NaN)}
                </p>
              ) : (
                describeStep(trace, current, analysis.locals)
              )}
            </div>
            <h3>Waiting in the queue</h3>
            <ul class="queue" aria-label="Queue">
              {queue.map(({ id }) => (
                <li key={id}>
                  {nodeName(trace.graph, id)} <span class="faint">∂ {show(states[id]!.waiting[0] ?? 0)}</span>
                </li>
              ))}
              {queue.length === 0 && <li class="faint empty">{step === last ? "empty: the pass is over" : backward === 0 ? "the pass has not begun" : "empty"}</li>}
            </ul>
          </Panel>
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
                  const arrived = states[trace.graph.nodes.findIndex(({ outputs: [first], kind }) => kind === "leaf" && first?.name === name)]?.gradient ?? null;
                  const agree = Math.abs(derivative - difference) <= 1e-4 * Math.max(1, Math.abs(derivative));
                  return (
                    <tr key={name}>
                      <th scope="row" class="mono">
                        {name}
                      </th>
                      <td data-testid={`derivative-${name}`}>{arrived === null ? "–" : show(arrived)}</td>
                      <td>
                        {show(difference)} {arrived !== null && step === last && <span class={agree ? "agree" : "differ"}>{agree ? "✓ agrees" : "differs: a corner, or an end of the domain"}</span>}
                      </td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </Panel>
        </div>
      </div>
    </>
  );
}
