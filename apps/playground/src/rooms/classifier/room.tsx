import { useRoomState } from "../../address.js";
import { encode } from "../../codec.js";
import { useEngine } from "../../engine/use-engine.js";
import { palette, type Palette } from "../../theme.js";
import { Button, NumberBox, Panel, Select, Slider } from "../../ui/controls.js";
import { Canvas, type Drawing } from "../../ui/canvas.js";
import { decimals } from "../../ui/format.js";
import { Notice } from "../../ui/notice.js";
import { Counter, Intro } from "../../ui/parts.js";
import { nameAxes, paintField, paintPoint } from "../../ui/plane.js";
import { useAnswer } from "../../ui/use-answer.js";
import { BORDER, datasetNames, fields, separable, type State } from "./fields.js";
import type { Evaluation } from "./service.js";
import "./room.css";

/** How far a step of the gradient goes. */
const RATE = 4;

export function Room() {
  const state = useRoomState("classifier", fields);
  const engine = useEngine("classifier");
  const { value: now } = state;
  const { value: evaluation, failure } = useAnswer(now, encode(fields, now), engine.evaluate);
  const change = (part: Partial<State>): void => void (state.value = { ...state.peek(), ...part });
  const clamp = (value: number): number => Math.round(Math.min(20, Math.max(-20, value)) * 1000) / 1000;
  const descend = ({ gradient }: Evaluation): void =>
    change({ w1: clamp(now.w1 - RATE * gradient.w1), w2: clamp(now.w2 - RATE * gradient.w2), bias: clamp(now.bias - RATE * gradient.bias) });

  return (
    <div class="room classifier" aria-busy={evaluation === null}>
      <Intro title="Can you separate it?">Two weights and a bias draw one straight line. Move them until every point is on the side of its colour, and the loss is as small as it gets.</Intro>
      {failure !== null && <Notice tone="error">{failure.message}</Notice>}
      <div class="classifier-grid">
        <Panel title="Points">
          <div class="stack">
            <Select label="Pattern" value={now.dataset} options={datasetNames.map((name) => [name, name] as const)} onChange={(dataset) => change({ dataset })} />
            <Slider label="Points" value={now.points} min={10} max={200} step={10} onInput={(points) => change({ points })} />
            <NumberBox label="Seed" value={now.seed} min={0} max={2 ** 31 - 1} onChange={(seed) => change({ seed })} />
          </div>
          <h3>The line</h3>
          <div class="stack">
            {(["w1", "w2", "bias"] as const).map((name) => (
              <Slider key={name} label={{ w1: "Weight w₁", w2: "Weight w₂", bias: "Bias b" }[name]} value={now[name]} min={-20} max={20} step={0.1} format={(number) => decimals(number)} onInput={(value) => change({ [name]: value })} />
            ))}
          </div>
          <div class="inline">
            <Button disabled={evaluation === null} onClick={() => evaluation !== null && descend(evaluation)} title="Move all three a little way down the gradient of the loss">
              Step downhill
            </Button>
            <Button onClick={() => change({ w1: fields.w1.initial, w2: fields.w2.initial, bias: fields.bias.initial })}>Reset</Button>
          </div>
        </Panel>
        <Panel title="The plane">
          {evaluation === null ? <div class="square" /> : <Plane state={now} evaluation={evaluation} />}
          <p class="formula" aria-label="The model">
            p(blue) = σ({decimals(now.w1)} x₁ {sign(now.w2)} x₂ {sign(now.bias)})
          </p>
          {evaluation !== null && <Verdict state={now} evaluation={evaluation} />}
        </Panel>
        <Panel title="The loss">
          {evaluation === null ? <div class="square" /> : <LossPicture evaluation={evaluation} />}
          {evaluation !== null && <Losses evaluation={evaluation} />}
        </Panel>
      </div>
    </div>
  );
}

const sign = (value: number): string => `${value < 0 ? "−" : "+"} ${Math.abs(value).toFixed(2)}`;

/** Whether it is done, and what would help. */
function Verdict({ state, evaluation: { right, points } }: { readonly state: State; readonly evaluation: Evaluation }) {
  const wrong = points.length - right;
  if (wrong === 0) return <Notice tone="success">Separated: every point is on its side. Larger weights make the line surer, and the loss smaller still.</Notice>;
  if (separable[state.dataset]) return <Notice tone="info">{wrong} on the wrong side. A line can do it: turn it with the weights, shift it with the bias.</Notice>;
  return (
    <Notice tone="info">
      {wrong} on the wrong side. No straight line separates this pattern; that is what hidden layers are for: <a href={`#/train?dataset=${state.dataset}`}>let a network learn it</a>.
    </Notice>
  );
}

function Losses({ evaluation: { loss, right, points, gradient } }: { readonly evaluation: Evaluation }) {
  return (
    <>
      <dl class="counters">
        <Counter name="Mean loss" value={loss.toFixed(4)} testId="loss" />
        <Counter name="On their side" value={`${right} of ${points.length}`} testId="right" />
        <Counter name="Gradient by w₁, w₂, b" value={`${decimals(gradient.w1)}, ${decimals(gradient.w2)}, ${decimals(gradient.bias)}`} />
      </dl>
      <p class="faint small">
        Each point costs −log of the probability that it is given: nothing far on its side, and as much as its distance on the other. “Step downhill” moves all three numbers a little against the gradient of the mean.
      </p>
    </>
  );
}

function Plane({ state, evaluation }: { readonly state: State; readonly evaluation: Evaluation }) {
  const draw = ({ context, width }: Drawing): void => {
    const colours = palette.value;
    const { x, y } = frameOf(width);
    paintField(context, colours, evaluation.field, evaluation.resolution, { x: 0, y: 0, size: width });
    paintLine(context, colours, state, width);
    nameAxes(context, colours, width);
    // From each point on the wrong side to the line: what it would have to be moved.
    const length = Math.hypot(state.w1, state.w2);
    context.strokeStyle = colours.ink;
    context.lineWidth = 1;
    context.globalAlpha = 0.35;
    for (const { x1, x2, margin, target } of evaluation.points) {
      if (margin > 0 || length < 1e-9) continue;
      const distance = (target === 1 ? margin : -margin) / length;
      context.beginPath();
      context.moveTo(x(x1), y(x2));
      context.lineTo(x(x1 - (distance * state.w1) / length), y(x2 - (distance * state.w2) / length));
      context.stroke();
    }
    context.globalAlpha = 1;
    for (const { x1, x2, target } of evaluation.points) paintPoint(context, colours, x(x1), y(x2), 2 * target - 1, { radius: 4.5 });
  };
  return <Canvas class="square" label="The unit square in two colours, the line between them, and the points; short lines lead from points on the wrong side to the line" draw={draw} />;
}

/** From the unit square to a picture with a border around it. */
const frameOf = (size: number) => ({
  x: (x1: number): number => ((x1 + BORDER) / (1 + 2 * BORDER)) * size,
  y: (x2: number): number => ((1 - x2 + BORDER) / (1 + 2 * BORDER)) * size,
});

/** The places where both classes are equally probable. */
function paintLine(context: CanvasRenderingContext2D, colours: Palette, { w1, w2, bias }: State, size: number): void {
  const length = Math.hypot(w1, w2);
  if (length < 1e-9) return;
  // The point of the line that is nearest to the origin, and from there far to both sides.
  const [nx, ny] = [(-bias * w1) / length ** 2, (-bias * w2) / length ** 2];
  const [dx, dy] = [-w2 / length, w1 / length];
  const { x, y } = frameOf(size);
  const end = (t: number): [number, number] => [x(nx + t * dx), y(ny + t * dy)];
  context.strokeStyle = colours.ink;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(...end(-100));
  context.lineTo(...end(100));
  context.stroke();
}

/** Each point on the curve of the loss: to the right what is safe, to the left what is wrong, and how much it costs. */
function LossPicture({ evaluation }: { readonly evaluation: Evaluation }) {
  const draw = ({ context, width, height }: Drawing): void => {
    const colours = palette.value;
    const [left, bottom, top] = [42, 30, 14];
    const reach = Math.max(4, ...evaluation.points.map(({ margin }) => Math.abs(margin)));
    const highest = Math.log1p(Math.exp(-reach)) + reach;
    const x = (margin: number): number => left + ((margin + reach) / (2 * reach)) * (width - left - 10);
    const y = (loss: number): number => height - bottom - (loss / highest) * (height - bottom - top);
    const curve = (margin: number): number => Math.max(-margin, 0) + Math.log1p(Math.exp(-Math.abs(margin)));

    context.fillStyle = colours.line;
    context.globalAlpha = 0.5;
    context.fillRect(left, top, x(0) - left, height - bottom - top);
    context.globalAlpha = 1;
    context.strokeStyle = colours.line;
    context.lineWidth = 1;
    context.strokeRect(left, top, width - left - 10, height - bottom - top);
    context.fillStyle = colours.faint;
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "center";
    context.fillText("wrong side", (left + x(0)) / 2, top + 16);
    context.fillText("right side", (x(0) + width - 10) / 2, top + 16);
    context.fillText("distance from the line × |w|", (left + width - 10) / 2, height - 4);
    for (const margin of [-reach, 0, reach]) context.fillText(margin.toFixed(0).replace("-", "−"), x(margin), height - bottom + 13);
    context.textAlign = "right";
    for (const loss of [0, highest / 2, highest]) context.fillText(loss.toFixed(1), left - 6, y(loss) + 4);
    context.save();
    context.translate(10, (top + height - bottom) / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = "center";
    context.fillText("loss", 0, 0);
    context.restore();

    context.strokeStyle = colours.faint;
    context.lineWidth = 1.5;
    context.beginPath();
    for (let i = 0; i <= 100; i++) {
      const margin = -reach + (2 * reach * i) / 100;
      context.lineTo(x(margin), y(curve(margin)));
    }
    context.stroke();
    for (const { margin, loss, target } of evaluation.points) paintPoint(context, colours, x(margin), y(loss), 2 * target - 1, { radius: 4 });
  };
  return <Canvas class="square" label="The loss of each point over its distance from the line: nothing far on the right side, growing in a straight line on the wrong side" draw={draw} />;
}
