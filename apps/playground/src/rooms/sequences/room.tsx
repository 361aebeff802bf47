import { useEffect, useId, useRef, useState } from "preact/hooks";
import { useRoomState } from "../../address.js";
import { useEngine } from "../../engine/use-engine.js";
import { css, diverging, palette } from "../../theme.js";
import { Canvas, type Drawing } from "../../ui/canvas.js";
import { Button, NumberBox, Panel, Segmented, Select, Slider } from "../../ui/controls.js";
import { LineChart } from "../../ui/line-chart.js";
import { Notice } from "../../ui/notice.js";
import { fields, learningRates, type State } from "./fields.js";
import type { Frame, Opening, Probe, View } from "./service.js";
import "./room.css";

const FRAME_MILLISECONDS = 80;
/** Random spelling of as many letters costs this much. */
const guessing = (alphabet: number): string => Math.log(alphabet).toFixed(2);

export function Room() {
  const state = useRoomState("sequences", fields);
  const engine = useEngine("sequences");
  const { value: now } = state;
  const change = (part: Partial<State>): void => void (state.value = { ...state.peek(), ...part });
  const [opening, setOpening] = useState<Opening | null>(null);
  const [frame, setFrame] = useState<Frame | null>(null);
  const [curve, setCurve] = useState<readonly [number[], number[]]>([[], []]);
  const [running, run] = useState(false);
  const [problem, say] = useState<string | null>(null);
  const live = useRef({ running: false, session: 0 });
  const linesId = useId();
  const probeId = useId();
  const isRunning = (): boolean => live.current.running;
  const view = (): View => ({ temperature: state.peek().temperature / 100, probe: state.peek().probe });

  const pause = (): void => {
    live.current.running = false;
    run(false);
  };
  const fail = (error: unknown): void => {
    pause();
    say(error instanceof Error ? error.message : String(error));
  };
  const show = (next: Frame): void => {
    setFrame(next);
    const { loss, step } = next;
    if (loss === null) return;
    setCurve(([steps, losses]) => {
      const keep = (values: number[]): number[] => (steps.length > 800 ? values.filter((_, i) => i % 2 === 0) : values);
      return [[...keep(steps), step], [...keep(losses), loss]];
    });
  };
  const open = async (): Promise<void> => {
    const own = ++live.current.session;
    pause();
    try {
      const answer = await engine.open(state.peek(), view());
      if (own !== live.current.session) return;
      say(null);
      setOpening(answer);
      setCurve([[], []]);
      setFrame(answer.frame);
    } catch (error) {
      if (own === live.current.session) fail(error);
    }
  };
  const advance = async (steps: number): Promise<void> => {
    const own = live.current.session;
    try {
      const next = await engine.advance(steps, FRAME_MILLISECONDS, view());
      if (own === live.current.session) show(next);
    } catch (error) {
      if (own === live.current.session) fail(error);
    }
  };
  const play = async (): Promise<void> => {
    live.current.running = true;
    run(true);
    while (isRunning()) await advance(Infinity);
  };

  useEffect(() => void open(), [now.network, now.corpus, now.corpus === "own" ? now.lines : "", now.rate, now.width, now.seed]);
  useEffect(() => {
    if (opening !== null && !isRunning()) void advance(0);
  }, [now.temperature, now.probe]);
  useEffect(() => pause, []);

  return (
    <div class="room sequences" aria-busy={opening === null}>
      <div class="room-intro">
        <h1>Sequences</h1>
        <p>A network learns to spell: from the letters so far, the probabilities of the next. What it makes up shows what it has learned.</p>
      </div>
      <div class="toolbar" role="group" aria-label="Training">
        <div class="inline">
          <Button onClick={() => void open()}>
            <span aria-hidden="true">↺</span> Reset
          </Button>
          <Button kind="primary" disabled={opening === null || problem !== null} onClick={running ? pause : () => void play()}>
            <span aria-hidden="true">{running ? "❚❚" : "▶"}</span> {running ? "Pause" : "Play"}
          </Button>
        </div>
        <dl class="counters">
          <div>
            <dt>Step</dt>
            <dd data-testid="step">{frame?.step ?? 0}</dd>
          </div>
          <div>
            <dt>Steps/s</dt>
            <dd>{frame === null || frame.stepsPerSecond === 0 ? "–" : Math.round(frame.stepsPerSecond)}</dd>
          </div>
          <div>
            <dt>Loss, nats a letter</dt>
            <dd data-testid="loss" data-value={curve[1].at(-1) ?? ""}>
              {curve[1].at(-1)?.toFixed(3) ?? "–"}
            </dd>
          </div>
        </dl>
        <Segmented label="Network" value={now.network} options={[["attention", "GPT block"], ["lstm", "LSTM"]]} onChange={(network) => change({ network })} />
      </div>
      {problem !== null && <Notice tone="error">{problem}</Notice>}
      <div class="sequences-grid">
        <Panel title="Words" class="sequences-words">
          <Select label="To learn" value={now.corpus} options={[["names", "given names"], ["words", "numbers in words"], ["own", "your own words"]]} onChange={(corpus) => change({ corpus })} />
          {now.corpus === "own" && (
            <div class="control">
              <label for={linesId}>
                <span>One word in each line</span>
              </label>
              <textarea id={linesId} rows={5} maxLength={4000} value={now.lines} onChange={({ currentTarget }) => change({ lines: currentTarget.value })} />
            </div>
          )}
          <Select label="Learning rate" value={now.rate} options={learningRates.map((rate) => [rate, rate] as const)} onChange={(rate) => change({ rate })} />
          <Select label="Width" value={now.width} options={[["16", "16"], ["32", "32"], ["64", "64"]]} onChange={(width) => change({ width })} />
          <NumberBox label="Seed" value={now.seed} min={0} max={2 ** 31 - 1} onChange={(seed) => change({ seed })} />
          {opening !== null && (
            <p class="small faint">
              {opening.words} words of {opening.alphabet.length - 1} letters; {opening.parameters} parameters. Guessing costs {guessing(opening.alphabet.length)} nats a letter.
            </p>
          )}
        </Panel>
        <Panel title="Made up" class="sequences-samples">
          <Slider label="Temperature" value={now.temperature} min={10} max={200} step={10} format={(value) => (value / 100).toFixed(1)} onInput={(temperature) => change({ temperature })} />
          <ul class="samples" aria-label="Words that the network makes up">
            {frame?.samples.map(({ word, known }, i) => (
              <li key={i} class={known ? "known" : ""}>
                {word === "" ? "(nothing)" : word}
                {known && <span class="small faint"> a word it has seen</span>}
              </li>
            ))}
          </ul>
        </Panel>
        <Panel title="Learning" class="sequences-learning">
          <LineChart label={`Loss over steps, now ${curve[1].at(-1)?.toFixed(3) ?? "not known"}`} lines={[{ label: "training", color: palette.value.highText }]} data={curve} height={210} />
        </Panel>
        <Panel title="Reading a word" class="sequences-reading">
          <div class="control probe">
            <label for={probeId}>
              <span>Word</span>
            </label>
            <input id={probeId} type="text" class="mono" maxLength={24} value={now.probe} onInput={({ currentTarget }) => change({ probe: currentTarget.value })} />
          </div>
          {frame !== null && <Reading probe={frame.probe} />}
        </Panel>
      </div>
    </div>
  );
}

function Reading({ probe }: { readonly probe: Probe }) {
  const { letters, next, attention } = probe;
  return (
    <>
      <div class="table-scroll" tabIndex={0} role="group" aria-label="What may follow each letter">
        <table class="next mono">
          <tbody>
            <tr>
              <th scope="row">after</th>
              {letters.map((letter, i) => (
                <th key={i} scope="col">
                  {letter}
                </th>
              ))}
            </tr>
            {[0, 1, 2].map((rank) => (
              <tr key={rank}>
                <th scope="row">{["likely", "then", "then"][rank]}</th>
                {next.map((choices, i) => {
                  const { letter, probability } = choices[rank] ?? { letter: "", probability: 0 };
                  return (
                    <td key={i} class={letter === letters[i + 1] ? "hit" : ""} style={{ background: css(diverging(palette.value, 0.8 * probability)) }} title={`${letter}: ${(100 * probability).toFixed(0)} %`}>
                      {letter}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="small faint">· is the beginning and the end of a word. Bold: what really follows.</p>
      {attention.length === 0 ? (
        <p class="small faint">An LSTM keeps what it has read in its state; only attention can be shown as a map.</p>
      ) : (
        <div class="heads">
          {attention.map((weights, head) => (
            <Head key={head} name={`Head ${head + 1}`} letters={letters} weights={weights} />
          ))}
        </div>
      )}
    </>
  );
}

/** Which letter looks at which: rows look, columns are looked at. */
function Head({ name, letters, weights }: { readonly name: string; readonly letters: readonly string[]; readonly weights: Float32Array }) {
  const count = letters.length;
  const draw = ({ context, width }: Drawing): void => {
    const colours = palette.value;
    const margin = 18;
    const cell = (width - margin) / count;
    context.font = `${Math.min(12, cell)}px ui-monospace, monospace`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (let row = 0; row < count; row++) {
      context.fillStyle = colours.faint;
      context.fillText(letters[row]!, margin / 2, margin + (row + 0.5) * cell);
      context.fillText(letters[row]!, margin + (row + 0.5) * cell, margin / 2);
      for (let column = 0; column <= row; column++) {
        context.fillStyle = css(diverging(colours, weights[row * count + column]!));
        context.fillRect(margin + column * cell + 0.5, margin + row * cell + 0.5, cell - 1, cell - 1);
      }
    }
  };
  return (
    <figure class="head">
      <Canvas class="square" label={`${name}: which letter looks at which`} draw={draw} />
      <figcaption class="small faint">{name}</figcaption>
    </figure>
  );
}
