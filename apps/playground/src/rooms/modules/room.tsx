import { useEffect, useState } from "preact/hooks";
import { useRoomState } from "../../address.js";
import { useEngine } from "../../engine/use-engine.js";
import { css, diverging, palette } from "../../theme.js";
import { Check, NumberBox, Panel, Select } from "../../ui/controls.js";
import { Histogram } from "../../ui/histogram.js";
import { Notice } from "../../ui/notice.js";
import { fields, modelNames, type ModelName, type State } from "./fields.js";
import type { TreeNode, Values } from "./service.js";

const modelLabels: Readonly<Record<ModelName, string>> = {
  mlp: "MLP, 2 – 16 – 16 – 1", lenet: "LeNet-5, 28 × 28", lenetDigits: "LeNet for digits, 8 × 8", lstm: "LSTM over letters", transformer: "Transformer encoder",
};

const count = (value: number): string => value.toLocaleString("en").replaceAll(",", "\u202f");
const list = (numbers: readonly number[]): string => `[${numbers.join(", ")}]`;
const decimals = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(3)).replace("-", "−");

export function Room() {
  const state = useRoomState("modules", fields);
  const engine = useEngine("modules");
  const { value: now } = state;
  const change = (part: Partial<State>): void => void (state.value = { ...state.peek(), ...part });
  const [tree, setTree] = useState<TreeNode | null>(null);
  const [values, setValues] = useState<Values | null>(null);
  const [problem, say] = useState<string | null>(null);
  const told = (work: Promise<unknown>): void => void work.catch((error: unknown) => say(String(error)));

  useEffect(
    () =>
      told(
        (async () => {
          await engine.open(now.model, now.seed);
          setTree(await engine.train("", now.training));
          setValues(await engine.values(state.peek().chosen));
        })(),
      ),
    [now.model, now.seed],
  );
  useEffect(() => told(engine.train("", now.training).then((next) => tree !== null && setTree(next))), [now.training]);
  useEffect(() => {
    if (tree !== null) told(engine.values(now.chosen).then(setValues));
  }, [now.chosen]);

  return (
    <div class="room modules">
      <div class="room-intro">
        <h1>Modules</h1>
        <p>A network is a tree of modules: each has parameters that it learns, buffers that it remembers, and modules below it.</p>
      </div>
      {problem !== null && <Notice tone="error">{problem}</Notice>}
      <div class="toolbar">
        <Select label="Model" value={now.model} options={modelNames.map((name) => [name, modelLabels[name]] as const)} onChange={(model) => change({ model })} />
        <NumberBox label="Seed" value={now.seed} min={0} max={2 ** 31 - 1} onChange={(seed) => change({ seed })} />
        <Check label="Training mode" hint="train() or eval() of the whole model" checked={now.training} onChange={(training) => change({ training })} />
        <dl class="counters">
          <div>
            <dt>Parameters</dt>
            <dd data-testid="parameters">{tree === null ? "–" : count(tree.parameters)}</dd>
          </div>
        </dl>
      </div>
      <div class="modules-grid">
        <Panel title="Tree">
          {tree !== null && (
            <ul class="tree">
              <Branch node={tree} chosen={now.chosen} onChoose={(chosen) => change({ chosen })} onTrain={(path, mode) => told(engine.train(path, mode).then(setTree))} />
            </ul>
          )}
        </Panel>
        <Panel title="Values" aside={<span class="mono small">{now.chosen}</span>}>
          {values === null ? <p class="faint small">Choose a parameter or buffer in the tree: its values and their distribution appear here.</p> : <ValuesView path={now.chosen} values={values} />}
        </Panel>
      </div>
    </div>
  );
}

interface BranchProps {
  readonly node: TreeNode;
  readonly chosen: string;
  readonly onChoose: (path: string) => void;
  readonly onTrain: (path: string, mode: boolean) => void;
}

function Branch({ node, chosen, onChoose, onTrain }: BranchProps) {
  const { path, name, type, text, training, parameters, leaves, children } = node;
  return (
    <li>
      <details open>
        <summary>
          {name !== "" && <span class="mono branch-name">{name}</span>} <strong>{type}</strong>
          <span class="faint mono branch-text">{text}</span>
          <span class="faint branch-count">{parameters === 0 ? "" : count(parameters)}</span>
        </summary>
        <div class="branch">
          <button type="button" class="chip mode" aria-pressed={training} aria-label={`${training ? "train" : "eval"}: mode of ${path === "" ? "the model" : path}`} onClick={() => onTrain(path, !training)}>
            {training ? "train" : "eval"}
          </button>
          {leaves.length > 0 && (
            <ul class="leaves">
              {leaves.map((leaf) => (
                <li key={leaf.path}>
                  <button type="button" class={`leaf ${leaf.kind}`} aria-pressed={leaf.path === chosen} onClick={() => onChoose(leaf.path)}>
                    <span class="mono">{leaf.name}</span>
                    <span class="mono faint">{list(leaf.shape)}</span>
                    <span class="faint">{leaf.kind === "buffer" ? `buffer, ${leaf.dtype}` : count(leaf.count)}</span>
                  </button>
                </li>
              ))}
            </ul>
          )}
          {children.length > 0 && (
            <ul class="tree">
              {children.map((child) => (
                <Branch key={child.path} node={child} chosen={chosen} onChoose={onChoose} onTrain={onTrain} />
              ))}
            </ul>
          )}
        </div>
      </details>
    </li>
  );
}

function ValuesView({ path, values }: { readonly path: string; readonly values: Values }) {
  const { shape, rows, mean, deviation, from, to, counts } = values;
  const largest = Math.max(Math.abs(from), Math.abs(to)) || 1;
  const whole = shape.reduce((a, b) => a * b, 1);
  return (
    <div class="stack">
      <dl class="facts">
        <div>
          <dt>shape</dt>
          <dd>{list(shape)}</dd>
        </div>
        <div>
          <dt>mean</dt>
          <dd>{decimals(mean)}</dd>
        </div>
        <div>
          <dt>deviation</dt>
          <dd data-testid="deviation">{decimals(deviation)}</dd>
        </div>
      </dl>
      <Histogram title={`Distribution of ${path}`} from={from} to={to} counts={counts} />
      <div class="table-scroll" tabIndex={0} role="group" aria-label={`Values of ${path}`}>
        <table class="numbers mono">
          <tbody>
            {rows.map((row, r) => (
              <tr key={r}>
                {row.map((value, c) => (
                  <td key={c} style={{ background: css(diverging(palette.value, (0.6 * value) / largest)) }}>
                    {decimals(value)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {whole > rows.flat().length && <p class="faint small">The first {rows.flat().length} of {count(whole)} values, a row for each place of the first dimension.</p>}
    </div>
  );
}
