import { useEffect, useRef, useState } from "preact/hooks";
import { useRoomState } from "../../address.js";
import { useEngine } from "../../engine/use-engine.js";
import { css, diverging, palette } from "../../theme.js";
import { Check, NumberBox, Panel, Select } from "../../ui/controls.js";
import { count, decimals, list } from "../../ui/format.js";
import { Histogram } from "../../ui/histogram.js";
import { Notice } from "../../ui/notice.js";
import { Counter, Facts, Intro } from "../../ui/parts.js";
import { fields, modelNames, type ModelName, type State } from "./fields.js";
import "./room.css";
import type { TreeNode, Values } from "./service.js";
import { Tree } from "./tree.js";

const modelLabels: Readonly<Record<ModelName, string>> = {
  mlp: "MLP, 2-16-16-1", lenetDigits: "LeNet, 8 × 8", lenet: "LeNet, 28 × 28", resnet18: "ResNet-18", resnet50: "ResNet-50", inception: "Inception v3",
  tagger: "LSTM tagger", lstm: "LSTM over letters", gpt: "GPT, 4 blocks", transformer: "Transformer encoder",
};

/** Trees of more modules than this are closed at first. */
const SMALL = 24;

const modulesOf = (node: TreeNode): number => node.children.reduce((total, child) => total + modulesOf(child), 1);
const leavesOf = ({ leaves, children }: TreeNode): string[] => [...leaves.map(({ path }) => path), ...children.flatMap(leavesOf)];

export function Room() {
  const state = useRoomState("modules", fields);
  const engine = useEngine("modules");
  const { value: now } = state;
  const change = (part: Partial<State>): void => void (state.value = { ...state.peek(), ...part });
  const [tree, setTree] = useState<TreeNode | null>(null);
  const [values, setValues] = useState<{ readonly path: string; readonly shown: Values | null } | null>(null);
  const [problem, say] = useState<string | null>(null);
  const shown = useRef<HTMLDivElement>(null);
  const choose = (chosen: string): void => {
    change({ chosen });
    // On a phone the values stand below the tree.
    shown.current?.scrollIntoView({ block: "nearest" });
  };
  const told = (work: Promise<unknown>): void => void work.catch((error: unknown) => say(error instanceof Error ? error.message : String(error)));

  useEffect(() => {
    const opened = { current: true };
    setTree(null);
    setValues(null);
    say(null);
    told(
      (async () => {
        await engine.open(now.model, now.seed);
        const next = await engine.train("", now.training);
        if (!opened.current) return;
        setTree(next);
        // Another model has parameters of other names.
        const paths = leavesOf(next);
        if (!paths.includes(state.peek().chosen)) change({ chosen: paths[0] ?? "" });
      })(),
    );
    return () => {
      opened.current = false;
    };
  }, [now.model, now.seed]);
  useEffect(() => {
    if (tree !== null) told(engine.train("", now.training).then(setTree));
  }, [now.training]);
  useEffect(() => {
    if (tree !== null) told(engine.values(now.chosen).then((shown) => setValues({ path: now.chosen, shown })));
  }, [now.chosen, tree === null]);

  return (
    <div class="room modules" aria-busy={problem === null && values === null}>
      <Intro title="Modules">A network is a tree of modules: each has parameters that it learns, buffers that it remembers, and modules below it.</Intro>
      {problem !== null && <Notice tone="error">{problem}</Notice>}
      <div class="toolbar">
        <Select label="Model" value={now.model} options={modelNames.map((name) => [name, modelLabels[name]] as const)} onChange={(model) => change({ model })} />
        <NumberBox label="Seed" hint="The first numbers follow from it, as in PyTorch" value={now.seed} min={0} max={2 ** 31 - 1} onChange={(seed) => change({ seed })} />
        <Check label="Training mode" hint="train() or eval() of the whole model" checked={now.training} onChange={(training) => change({ training })} />
        <dl class="counters">
          <Counter name="Parameters" value={tree === null ? "–" : count(tree.parameters)} testId="parameters" />
          <Counter name="Modules" value={tree === null ? "–" : count(modulesOf(tree))} />
          <Counter name="As float32" value={tree === null ? "–" : `${((4 * tree.parameters) / 2 ** 20).toFixed(2)} MiB`} />
        </dl>
      </div>
      <div class="modules-grid">
        <Panel title="Tree" aside={<span class="faint small">parameters, of each module with all below it</span>}>
          {tree === null ? (
            <p class="faint small">Building {modelLabels[now.model]} …</p>
          ) : (
            <ul class="tree">
              <Tree
                key={`${now.model} ${now.seed}`}
                node={tree}
                openTo={modulesOf(tree) <= SMALL ? 9 : 2}
                chosen={now.chosen}
                onChoose={choose}
                onTrain={(path, mode) => told(engine.train(path, mode).then(setTree))}
              />
            </ul>
          )}
        </Panel>
        <div class="modules-values" ref={shown}>
          <Panel title="Values" aside={<span class="mono small">{values?.path}</span>}>
            {values?.shown == null ? <p class="faint small">Choose a parameter or buffer in the tree: its values and their distribution appear here.</p> : <ValuesView path={values.path} values={values.shown} />}
          </Panel>
        </div>
      </div>
    </div>
  );
}

const number = (value: number): string => (Number.isInteger(value) ? decimals(value, 0) : decimals(value, 3));

function ValuesView({ path, values }: { readonly path: string; readonly values: Values }) {
  const { shape, rows, mean, deviation, from, to, counts } = values;
  const largest = Math.max(Math.abs(from), Math.abs(to)) || 1;
  const whole = shape.reduce((a, b) => a * b, 1);
  return (
    <div class="stack">
      <Facts entries={[["shape", list(shape)], ["mean", number(mean)], ["deviation", number(deviation), "deviation"], ["least", number(from)], ["greatest", number(to)]]} />
      <Histogram title={`Distribution of ${path}`} from={from} to={to} counts={counts} />
      <div class="table-scroll" tabIndex={0} role="group" aria-label={`Values of ${path}`}>
        <table class="numbers mono">
          <tbody>
            {rows.map((row, r) => (
              <tr key={r}>
                {row.map((value, c) => (
                  <td key={c} style={{ background: css(diverging(palette.value, (0.6 * value) / largest)) }}>
                    {number(value)}
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
