import { useState } from "preact/hooks";
import { palette, type Palette } from "../../theme.js";
import { Canvas, type Drawing } from "../../ui/canvas.js";
import { brief, decimals, percent } from "../../ui/format.js";
import { LineChart } from "../../ui/line-chart.js";
import { nameAxes, normalizer, paintField, paintPoint, traceZero } from "../../ui/plane.js";
import type { Frame, Opening, Points, Score } from "./frames.js";
import type { Curves } from "../../engine/curves.js";
import { describeNode, fieldOf, type NodeId } from "./network-view.js";
import { isRegression, REACH, type RoomState, type Setup } from "./setup.js";

export interface ResultViewProps {
  readonly state: RoomState;
  readonly setup: Setup;
  readonly opening: Opening;
  readonly frame: Frame;
  readonly curves: Curves;
  readonly chosen: NodeId | null;
}

/** The plane as the network sees it now, how far from the truth that is, and how it came there. */
export function ResultView({ state, setup, opening, frame, curves, chosen }: ResultViewProps) {
  const regression = isRegression(setup.dataset);
  const colours = palette.value;
  const linesOf = (what: "Loss" | "Accuracy") => [
    { name: `train${what}`, label: "training", color: colours.highText },
    { name: `test${what}`, label: "test", color: colours.lowText, dashed: true },
  ];
  const description = chosen === null ? null : describeNode(chosen, setup, frame);
  const outputs = chosen === null ? frame.outputs.map((_, row) => ({ column: setup.layers.length + 1, row })) : [chosen];
  return (
    <div class="result">
      <div class={`surfaces surfaces-${outputs.length}`}>
        {outputs.map((node) => (
          <Surface key={`${node.column}.${node.row}`} node={node} state={state} setup={setup} opening={opening} frame={frame} title={description?.title ?? (outputs.length > 1 ? `Probability of class ${node.row}` : regression ? "What it predicts" : "Probability of class 1")} />
        ))}
      </div>
      <Legend regression={regression} />
      {description !== null && (
        <div class="unit">
          <strong>{description.title}</strong>
          <dl>
            {description.terms.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        </div>
      )}
      <table class="scores">
        <thead>
          <tr>
            <th scope="col">
              <span class="visually-hidden">Points</span>
            </th>
            <th scope="col">Loss</th>
            <th scope="col">{regression ? "" : "Accuracy"}</th>
          </tr>
        </thead>
        <tbody>
          <ScoreRow name="Training" mark="train" score={frame.train} />
          <ScoreRow name="Test" mark="test" score={frame.test} />
        </tbody>
      </table>
      <LineChart title="Loss" lines={linesOf("Loss")} curves={curves} height={180} />
      {!regression && <LineChart title="Accuracy" lines={linesOf("Accuracy")} curves={curves} height={130} top={1} format={percent} />}
    </div>
  );
}

const ScoreRow = ({ name, mark, score: { loss, accuracy } }: { readonly name: string; readonly mark: string; readonly score: Score }) => (
  <tr>
    <th scope="row">
      <span class={`line-mark ${mark === "test" ? "dashed" : ""}`} style={{ color: mark === "test" ? palette.value.lowText : palette.value.highText }} aria-hidden="true" />
      {name}
    </th>
    <td data-testid={`${mark}-loss`} data-value={loss}>
      {Number.isFinite(loss) ? loss.toFixed(4) : "no number"}
    </td>
    <td data-testid={`${mark}-accuracy`} data-value={accuracy ?? ""}>
      {accuracy === null ? "" : percent(accuracy)}
    </td>
  </tr>
);

const Legend = ({ regression }: { readonly regression: boolean }) => (
  <div class="legend" aria-hidden="true">
    <span>{regression ? "−1" : "class 0"}</span>
    <span class="legend-bar" />
    <span>{regression ? "1" : "class 1"}</span>
  </div>
);

interface SurfaceProps extends Omit<ResultViewProps, "curves" | "chosen"> {
  readonly node: NodeId;
  readonly title: string;
}

function Surface({ node, state, setup, opening, frame, title }: SurfaceProps) {
  const regression = isRegression(setup.dataset);
  const isOutput = node.column > setup.layers.length;
  const [pointed, point] = useState<{ readonly x1: number; readonly x2: number; readonly place: number } | null>(null);
  const onPointer = (x: number, y: number, { type, currentTarget }: PointerEvent): void => {
    const size = (currentTarget as HTMLCanvasElement).clientWidth;
    const { resolution } = opening;
    const at = (pixel: number): number => Math.min(resolution - 1, Math.max(0, Math.floor((pixel / size) * resolution)));
    point(type === "pointerleave" ? null : { x1: ((2 * x) / size - 1) * REACH, x2: (1 - (2 * y) / size) * REACH, place: at(y) * resolution + at(x) });
  };
  const draw = ({ context, width }: Drawing): void => {
    const colours = palette.value;
    const values = fieldOf(node, setup, opening, frame);
    paintField(context, colours, values, opening.resolution, { x: 0, y: 0, size: width, hard: state.hard, scale: isOutput ? 1 : normalizer(values) });
    context.lineJoin = "round";
    if (!regression || !isOutput) {
      context.lineWidth = 1.5;
      context.strokeStyle = colours.ink;
      context.globalAlpha = 0.65;
      traceZero(context, values, opening.resolution, width);
    }
    if (state.splits && setup.layers.length > 0) {
      context.setLineDash([5, 4]);
      context.lineWidth = 1.25;
      context.globalAlpha = 0.8;
      context.strokeStyle = colours.faint;
      for (const unit of frame.hidden[Math.min(state.layer, setup.layers.length) - 1]!) traceZero(context, unit, opening.resolution, width);
      context.setLineDash([]);
    }
    context.globalAlpha = 1;
    const radius = width < 200 ? 2.4 : 3.3;
    if (state.testPoints) paintPoints(context, colours, opening.test, width, { regression, radius, hollow: true });
    paintPoints(context, colours, opening.train, width, { regression, radius });
    nameAxes(context, colours, width);
  };
  const valueInWords = (value: number): string => (isOutput && !regression ? `${percent((value + 1) / 2)} class ${frame.outputs.length > 1 ? node.row : 1}` : brief(value, 3));
  const words = isOutput ? `${regression ? "What the network predicts" : "Which class the network predicts"} over the plane, with the points` : `${title} over the plane, with the points`;
  return (
    <figure class="surface">
      <Canvas label={words} class="surface-canvas" draw={draw} onPointer={onPointer} />
      <figcaption class="surface-caption faint">
        {pointed === null ? title : `x₁ ${decimals(pointed.x1)}, x₂ ${decimals(pointed.x2)} → ${valueInWords(fieldOf(node, setup, opening, frame)[pointed.place]!)}`}
      </figcaption>
    </figure>
  );
}

/** From a coordinate of the plane to a pixel of a picture `size` wide. */
const toPixel = (coordinate: number, size: number): number => ((coordinate / REACH + 1) / 2) * size;

function paintPoints(
  context: CanvasRenderingContext2D,
  colours: Palette,
  { coordinates, targets }: Points,
  size: number,
  { regression, radius, hollow = false }: { readonly regression: boolean; readonly radius: number; readonly hollow?: boolean },
): void {
  targets.forEach((target, i) => {
    paintPoint(context, colours, toPixel(coordinates[2 * i]!, size), toPixel(-coordinates[2 * i + 1]!, size), regression ? target : 2 * target - 1, { radius, hollow });
  });
}
