import { useEffect, useId, useState } from "preact/hooks";
import { useRoomState } from "../../address.js";
import { useEngine } from "../../engine/use-engine.js";
import { Check, Panel } from "../../ui/controls.js";
import { Notice } from "../../ui/notice.js";
import { Intro } from "../../ui/parts.js";
import { useAnswer } from "../../ui/use-answer.js";
import { examples, fields, type State } from "./fields.js";
import "./room.css";
import type { Analysis } from "./service.js";
import { Walk } from "./walk.js";

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
      <Intro title="Autodiff, step by step">A computation remembers how it was made; walking back through it with the chain rule gives every derivative at once.</Intro>
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
            {problem === null ? (
              <span class="faint">Numbers, names, + − * / ^ and comparisons; log, exp, relu, sigmoid, tanh; parts may have names: z = x * y; …</span>
            ) : (
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
