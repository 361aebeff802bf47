import { useEffect, useId } from "preact/hooks";
import { useRoomState } from "../../address.js";
import { useCourse } from "../../engine/course.js";
import { useEngine } from "../../engine/use-engine.js";
import { palette } from "../../theme.js";
import { NumberBox, Panel, Segmented, Select, Slider } from "../../ui/controls.js";
import { count } from "../../ui/format.js";
import { LineChart } from "../../ui/line-chart.js";
import { Notice } from "../../ui/notice.js";
import { Counter, Intro, Transport } from "../../ui/parts.js";
import { fields, learningRates, LONGEST, type State } from "./fields.js";
import { Reading } from "./reading.js";
import "./room.css";
import type { View } from "./service.js";

const FRAME_MILLISECONDS = 80;

export function Room() {
  const state = useRoomState("sequences", fields);
  const engine = useEngine("sequences");
  const { value: now } = state;
  const change = (part: Partial<State>): void => void (state.value = { ...state.peek(), ...part });
  const view = (): View => ({ temperature: state.peek().temperature / 100, probe: state.peek().probe });
  const course = useCourse({
    open: () => engine.open(state.peek(), view()),
    advance: (steps) => engine.advance(steps, FRAME_MILLISECONDS, view()),
    moment: ({ step, loss }) => (loss === null ? null : { step, values: { loss } }),
  });
  const [opening, frame, curves, running, failure] = [course.opening.value, course.frame.value, course.curves.value, course.running.value, course.failure.value];
  const [linesId, probeId] = [useId(), useId()];

  useEffect(() => void course.open(), [now.network, now.corpus, now.corpus === "own" ? now.lines : "", now.rate, now.width, now.seed]);
  useEffect(() => void course.look(), [now.temperature, now.probe]);

  const loss = curves.values.loss?.at(-1);
  return (
    <div class="room sequences" aria-busy={opening === null && failure === null}>
      <Intro title="Sequences">A network learns to spell: from the letters so far, the probabilities of the next. What it makes up shows what it has learned. Press Play.</Intro>
      <div class="toolbar" role="group" aria-label="Training">
        <Transport running={running} stuck={opening === null || failure !== null} onReset={() => void course.open()} onPlay={course.play} onPause={course.pause} onStep={() => void course.step()} />
        <dl class="counters">
          <Counter name="Step" value={count(frame?.step ?? 0)} testId="step" />
          <Counter name="Steps/s" value={frame === null || frame.stepsPerSecond === 0 ? "–" : count(frame.stepsPerSecond)} />
          <Counter name="Loss, nats a letter" value={loss?.toFixed(3) ?? "–"} testId="loss" exactly={loss} />
        </dl>
        <Segmented label="Network" value={now.network} options={[["attention", "GPT block"], ["lstm", "LSTM"]]} onChange={(network) => change({ network })} />
      </div>
      {failure !== null && <Notice tone="error">{failure.message}</Notice>}
      <div class="sequences-grid">
        <Panel title="What it learns" class="sequences-words">
          <Select label="Lines" value={now.corpus} options={[["names", "given names"], ["words", "numbers in words"], ["verse", "a poem of Carroll’s"], ["own", "your own"]]} onChange={(corpus) => change({ corpus })} />
          {now.corpus === "own" && (
            <div class="control">
              <label for={linesId}>
                <span>Words or short lines, each in a line of its own</span>
              </label>
              <textarea id={linesId} rows={6} maxLength={4000} value={now.lines} onInput={({ currentTarget }) => change({ lines: currentTarget.value })} />
            </div>
          )}
          <Select label="Learning rate" value={now.rate} options={learningRates.map((rate) => [rate, rate] as const)} onChange={(rate) => change({ rate })} />
          <Select label="Width" value={now.width} options={[["16", "16"], ["32", "32"], ["64", "64"]]} onChange={(width) => change({ width })} />
          <NumberBox label="Seed" value={now.seed} min={0} max={2 ** 31 - 1} onChange={(seed) => change({ seed })} />
          {opening !== null && (
            <p class="small faint">
              {count(opening.lines)} lines of {opening.alphabet.length - 1} different letters; {count(opening.parameters)} parameters. Guessing costs {Math.log(opening.alphabet.length).toFixed(2)} nats a letter.
            </p>
          )}
        </Panel>
        <Panel title="Made up" class="sequences-samples">
          <Slider label="Temperature" hint="How daring the letters are drawn" value={now.temperature} min={10} max={200} step={10} format={(value) => (value / 100).toFixed(1)} onInput={(temperature) => change({ temperature })} />
          <ul class="samples" aria-label="What the network makes up">
            {frame?.samples.map(({ text, known }, i) => (
              <li key={i}>
                {text === "" ? "(nothing)" : text}
                {known && <span class="small faint"> it has seen this</span>}
              </li>
            ))}
          </ul>
        </Panel>
        <Panel title="Learning" class="sequences-learning">
          <LineChart title="Loss" lines={[{ name: "loss", label: "training", color: palette.value.highText }]} curves={curves} height={270} />
        </Panel>
        <Panel title="Reading" class="sequences-reading">
          <div class="control probe">
            <label for={probeId}>
              <span>A word or line of yours</span>
            </label>
            <input id={probeId} type="text" class="mono" maxLength={LONGEST} value={now.probe} onInput={({ currentTarget }) => change({ probe: currentTarget.value })} />
          </div>
          {frame !== null && <Reading probe={frame.probe} typed={now.probe} />}
        </Panel>
      </div>
    </div>
  );
}
