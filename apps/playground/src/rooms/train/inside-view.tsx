import { palette } from "../../theme.js";
import { Canvas, type Drawing } from "../../ui/canvas.js";
import { Histogram } from "../../ui/histogram.js";
import { paintPoint } from "../../ui/plane.js";
import type { Frame, HiddenSpace, Opening } from "./frames.js";
import { isRegression, type Setup } from "./setup.js";

export interface InsideProps {
  readonly setup: Setup;
  readonly opening: Opening;
  readonly frame: Frame;
  readonly layer: number;
}

const share = (zeros: number): string | undefined => (zeros < 0.005 ? undefined : `${Math.round(100 * zeros)} % zero`);

/** How the layers answer, how they are corrected, and the space that one of them makes of the plane. */
export function Inside({ setup, opening, frame, layer }: InsideProps) {
  const chosen = Math.min(layer, setup.layers.length);
  return (
    <div class="inside">
      <div class="inside-space">
        {frame.space === null ? (
          <p class="faint small">Without a hidden layer the plane stays as it is: one line separates the classes, or none does.</p>
        ) : (
          <Space space={frame.space} setup={setup} opening={opening} chosen={chosen} />
        )}
      </div>
      <div class="inside-histograms">
        <h3>Activations</h3>
        <div class="histograms">
          {frame.activations.map((each, i) => (
            <Histogram key={i} title={`Hidden layer ${i + 1}`} {...each} note={share(each.zeros)} />
          ))}
          {frame.activations.length === 0 && <p class="faint small">There is no hidden layer.</p>}
        </div>
        <h3>Gradients of the weights</h3>
        <div class="histograms">
          {frame.gradients.map((each, i) => (
            <Histogram key={i} title={i < setup.layers.length ? `Into layer ${i + 1}` : "Into the output"} {...each} note={share(each.zeros)} />
          ))}
          {frame.gradients.length === 0 && <p class="faint small">They come with the first step.</p>}
        </div>
      </div>
    </div>
  );
}

function Space({ space, setup, opening, chosen }: { readonly space: HiddenSpace; readonly setup: Setup; readonly opening: Opening; readonly chosen: number }) {
  const draw = ({ context, width, height }: Drawing): void => {
    const colours = palette.value;
    const { points, grid, gridSize } = space;
    // The same scale for both directions: a space that is stretched should look so.
    const [xs, ys] = [0, 1].map((axis) => grid.filter((_, i) => i % 2 === axis)) as [Float32Array, Float32Array];
    const bounds = [xs, ys].map((values) => [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))] as const) as [readonly [number, number], readonly [number, number]];
    const span = Math.max(...bounds.map(([from, to]) => to - from), 1e-6);
    const margin = 10;
    const scale = (Math.min(width, height) - 2 * margin) / span;
    const middle = bounds.map(([from, to]) => (from + to) / 2) as [number, number];
    const x = (value: number): number => width / 2 + (value - middle[0]) * scale;
    const y = (value: number): number => height / 2 - (value - middle[1]) * scale;

    context.strokeStyle = colours.faint;
    context.globalAlpha = 0.45;
    context.lineWidth = 0.75;
    context.beginPath();
    for (let a = 0; a < gridSize; a++) {
      for (const at of [(b: number) => a * gridSize + b, (b: number) => b * gridSize + a]) {
        for (let b = 0; b < gridSize; b++) {
          const i = at(b);
          if (b === 0) context.moveTo(x(grid[2 * i]!), y(grid[2 * i + 1]!));
          else context.lineTo(x(grid[2 * i]!), y(grid[2 * i + 1]!));
        }
      }
    }
    context.stroke();
    context.globalAlpha = 1;
    const regression = isRegression(setup.dataset);
    opening.train.targets.forEach((target, i) => {
      paintPoint(context, colours, x(points[2 * i]!), y(points[2 * i + 1]!), regression ? target : 2 * target - 1, { radius: 3 });
    });
  };
  const units = setup.layers[chosen - 1]!;
  return (
    <figure class="space">
      <Canvas class="space-canvas" label={`The plane after hidden layer ${chosen}: its grid, bent, and the training points`} draw={draw} />
      <figcaption class="faint small">
        The plane after hidden layer {chosen}: {space.axes === "principal" ? `its ${units} units, seen along the two directions in which the points differ most` : units === 1 ? "one unit, a line" : "its two units"}. The next layer
        separates with straight lines in this space.
      </figcaption>
    </figure>
  );
}
