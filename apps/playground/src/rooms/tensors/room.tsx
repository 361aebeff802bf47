import { useId, useState } from "preact/hooks";
import { useRoomState } from "../../address.js";
import { encode } from "../../codec.js";
import { useEngine } from "../../engine/use-engine.js";
import { Panel, Segmented } from "../../ui/controls.js";
import { decimals, list } from "../../ui/format.js";
import { Notice } from "../../ui/notice.js";
import { Facts, Intro } from "../../ui/parts.js";
import { useAnswer } from "../../ui/use-answer.js";
import { chains, fields, pairs, type State } from "./fields.js";
import { Grid, indexOf } from "./grid.js";
import type { Chain, Stage } from "./service.js";
import "./room.css";

export function Room() {
  const state = useRoomState("tensors", fields);
  const engine = useEngine("tensors");
  const { value: now } = state;
  const change = (part: Partial<State>): void => void (state.value = { ...state.peek(), ...part });
  const chain = useAnswer(now, encode(fields, now), ({ shape, chain: calls }) => engine.chain(shape, calls));
  const meeting = useAnswer(now, encode(fields, now), ({ a, b }) => engine.broadcast(a, b));
  return (
    <div class="room tensors" aria-busy={chain.value === null}>
      <Intro title="Tensors">The elements lie in a row. Shape, strides and offset say which of them is where; most ways to look at a tensor change only these.</Intro>
      <Segmented label="Look at" value={now.view} options={[["views", "Views"], ["broadcast", "Broadcasting"]]} onChange={(view) => change({ view })} />
      {now.view === "views" ? <Views state={now} change={change} chain={chain.value} /> : <Broadcasting state={now} change={change} meeting={meeting.value} />}
    </div>
  );
}

interface PartProps {
  readonly state: State;
  readonly change: (part: Partial<State>) => void;
}

/** Sizes, typed as one writes them: `3, 4`. */
function ShapeInput({ label, shape, onChange }: { readonly label: string; readonly shape: readonly number[]; readonly onChange: (shape: readonly number[]) => void }) {
  const id = useId();
  const [problem, say] = useState("");
  const read = (text: string): void => {
    const sizes = text.replace(/^\s*\[|\]\s*$/g, "").split(/[\s,]+/).filter((part) => part !== "");
    const next = fields.shape.read(sizes.join(","));
    say(next === undefined ? "Up to four whole numbers from 0 to 24, such as 3, 4" : "");
    if (next !== undefined) onChange(next);
  };
  return (
    <div class="control shape-input">
      <label for={id}>
        <span>{label}</span>
      </label>
      <input key={shape.join()} id={id} type="text" class="mono" value={shape.join(", ")} aria-describedby={`${id}-problem`} onChange={({ currentTarget }) => read(currentTarget.value)} />
      <span id={`${id}-problem`} class="expression-problem" role="status">
        {problem}
      </span>
    </div>
  );
}

function Views({ state, change, chain }: PartProps & { readonly chain: Chain | null }) {
  const id = useId();
  const stage = chain?.stages.at(-1);
  return (
    <>
      <Panel title="From a tensor, by a chain of calls">
        <div class="tensor-source">
          <ShapeInput label="Shape" shape={state.shape} onChange={(shape) => change({ shape })} />
          <div class="control">
            <label for={id}>
              <span>Calls</span>
            </label>
            <input id={id} type="text" class="mono" spellcheck={false} autocomplete="off" maxLength={200} value={state.chain} onInput={({ currentTarget }) => change({ chain: currentTarget.value })} />
          </div>
        </div>
        <p class="mono small">
          arange({state.shape.reduce((a, b) => a * b, 1)}).reshape({list(state.shape)}){state.chain}
        </p>
        <div class="inline" role="group" aria-label="Examples">
          {chains.map(([shape, calls]) => (
            <button key={calls} type="button" class="chip mono" onClick={() => change({ shape, chain: calls })}>
              {list(shape)} {calls}
            </button>
          ))}
        </div>
        {chain?.problem != null && <Notice tone="warning">{chain.problem}</Notice>}
      </Panel>
      {chain !== null && stage !== undefined && <StageView key={`${state.shape.join()}${state.chain}`} stages={chain.stages} stage={stage} />}
    </>
  );
}

function StageView({ stages, stage }: { readonly stages: readonly Stage[]; readonly stage: Stage }) {
  const [element, choose] = useState(0);
  const { tensor, storage } = stage;
  const { shape, strides, offset, positions, values } = tensor;
  const position = positions[element];
  const index = indexOf(shape, element);
  const shade = (value: number): number => value / Math.max(1, storage.length - 1);
  return (
    <div class="tensor-grid">
      <Panel title="Tensor" aside={<span class="faint small mono">{list(shape)}</span>}>
        <Grid label="Elements of the tensor" shape={shape} texts={values.map(String)} shades={values.map(shade)} strides={strides} chosen={positions.flatMap((each, i) => (each === position ? [i] : []))} onChoose={choose} />
        <Facts entries={[["shape", list(shape), "shape"], ["strides", list(strides), "strides"], ["offset", offset, "offset"], ["contiguous", tensor.contiguous ? "yes" : "no"]]} />
      </Panel>
      <Panel title="Storage" aside={<span class="faint small">{storage.length} elements in a row</span>}>
        <div class="storage" role="img" aria-label={`Storage: ${storage.join(", ")}`}>
          {storage.map((value, i) => (
            <span key={i} class={`cell ${i === position ? "chosen" : ""} ${positions.includes(i) ? "" : "unreached"}`} style={{ "--shade": shade(value) }}>
              {value}
            </span>
          ))}
        </div>
        <p class="faint small">Dashed: what this tensor does not reach.</p>
        <p class="formula mono" role="status" data-testid="formula">
          {position === undefined ? "no element" : `[${index.join(", ")}] → ${[String(offset), ...index.map((i, d) => `${i}·${strides[d]!}`)].join(" + ")} = ${position}`}
        </p>
        <h3>How it came here</h3>
        <ol class="stages">
          {stages.map(({ call, tensor: { shape: size, strides: steps }, shared }, i) => (
            <li key={i}>
              <span class="mono">{call === "" ? "the beginning" : call}</span>
              <span class="faint">
                {list(size)}, strides {list(steps)}
                {i === 0 ? "" : shared ? " · the same storage" : " · copied"}
              </span>
            </li>
          ))}
        </ol>
      </Panel>
    </div>
  );
}

type Meeting = { readonly shape: readonly number[]; readonly a: readonly number[]; readonly b: readonly number[] } | { readonly problem: string };

function Broadcasting({ state, change, meeting }: PartProps & { readonly meeting: Meeting | null }) {
  const { a, b } = state;
  return (
    <>
      <Panel title="Two shapes">
        <div class="tensor-source even">
          <ShapeInput label="Shape of a" shape={a} onChange={(next) => change({ a: next })} />
          <ShapeInput label="Shape of b" shape={b} onChange={(next) => change({ b: next })} />
        </div>
        <div class="inline" role="group" aria-label="Examples">
          {pairs.map(([first, second]) => (
            <button key={`${list(first)}${list(second)}`} type="button" class="chip mono" onClick={() => change({ a: first, b: second })}>
              {list(first)} + {list(second)}
            </button>
          ))}
        </div>
        <Rules a={a} b={b} />
        {meeting !== null && "problem" in meeting && <Notice tone="warning">{meeting.problem}</Notice>}
      </Panel>
      {meeting !== null && "shape" in meeting && <MeetingView key={`${list(a)}${list(b)}`} a={a} b={b} meeting={meeting} />}
    </>
  );
}

/** The rules of broadcasting, dimension by dimension, from the last one on. */
function Rules({ a, b }: { readonly a: readonly number[]; readonly b: readonly number[] }) {
  const rank = Math.max(a.length, b.length);
  const at = (shape: readonly number[], d: number): number | undefined => shape[d - (rank - shape.length)];
  const say = (x: number | undefined, y: number | undefined): readonly [result: string, rule: string] => {
    if (x === undefined || y === undefined) return [String(x ?? y), `${x === undefined ? "a" : "b"} has none: counts as 1`];
    if (x === y) return [String(x), "equal"];
    if (x === 1 || y === 1) return [String(x === 1 ? y : x), `the 1 of ${x === 1 ? "a" : "b"} is repeated`];
    return ["✕", "neither is 1: they do not fit"];
  };
  if (rank === 0) return <p class="faint small">Two numbers without dimensions: they simply meet.</p>;
  return (
    <div class="table-scroll">
      <table class="table rules">
        <thead>
          <tr>
            <th scope="col">dimension</th>
            <th scope="col">a</th>
            <th scope="col">b</th>
            <th scope="col">result</th>
            <th scope="col">rule</th>
          </tr>
        </thead>
        <tbody>
          {Array.from({ length: rank }, (_, d) => {
            const [result, rule] = say(at(a, d), at(b, d));
            return (
              <tr key={d} class={result === "✕" ? "misfit" : ""}>
                <th scope="row">{decimals(d - rank, 0)}</th>
                <td>{at(a, d) ?? "–"}</td>
                <td>{at(b, d) ?? "–"}</td>
                <td>{result}</td>
                <td>{rule}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function MeetingView({ a, b, meeting }: { readonly a: readonly number[]; readonly b: readonly number[]; readonly meeting: Extract<Meeting, { shape: unknown }> }) {
  const [element, choose] = useState(0);
  const count = (shape: readonly number[]): number => shape.reduce((x, y) => x * y, 1);
  const [fromA, fromB] = [meeting.a[element], meeting.b[element]];
  const texts = (name: string, shape: readonly number[]): string[] => Array.from({ length: count(shape) }, (_, i) => `${name}${i}`);
  const shades = (shape: readonly number[]): number[] => Array.from({ length: count(shape) }, (_, i) => i / Math.max(1, count(shape) - 1));
  const only = (position: number | undefined): number[] => (position === undefined ? [] : [position]);
  return (
    <div class="tensor-grid three">
      <Panel title="a" aside={<span class="faint small mono">{list(a)}</span>}>
        <Grid label="Elements of a" shape={a} texts={texts("a", a)} shades={shades(a)} chosen={only(fromA)} onChoose={(i) => choose(Math.max(0, meeting.a.indexOf(i)))} />
      </Panel>
      <Panel title="b" aside={<span class="faint small mono">{list(b)}</span>}>
        <Grid label="Elements of b" shape={b} texts={texts("b", b)} shades={shades(b)} chosen={only(fromB)} onChoose={(i) => choose(Math.max(0, meeting.b.indexOf(i)))} />
      </Panel>
      <Panel title="a + b" aside={<span class="faint small mono" data-testid="result-shape">{list(meeting.shape)}</span>}>
        <Grid
          label="Elements of a + b"
          shape={meeting.shape}
          texts={meeting.a.map((i, at) => `a${i}+b${meeting.b[at]!}`)}
          shades={meeting.a.map(() => 0)}
          chosen={only(meeting.a.length === 0 ? undefined : element)}
          marks={meeting.a.map((i, at) => (i === fromA ? "from-a" : meeting.b[at] === fromB ? "from-b" : ""))}
          onChoose={choose}
        />
        <p class="faint small">
          <span class="swatch-a" aria-hidden="true" /> uses the same element of a, <span class="swatch-b" aria-hidden="true" /> the same of b.
        </p>
        <p class="formula mono" role="status" data-testid="formula">
          {fromA === undefined ? "no element" : `[${indexOf(meeting.shape, element).join(", ")}] = a[${indexOf(a, fromA).join(", ")}] + b[${indexOf(b, fromB!).join(", ")}]`}
        </p>
      </Panel>
    </div>
  );
}
