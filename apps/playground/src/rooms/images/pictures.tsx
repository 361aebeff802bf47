import { useRef } from "preact/hooks";
import { css, diverging, palette, type Palette } from "../../theme.js";
import { Canvas, type Drawing } from "../../ui/canvas.js";
import { normalizer, paintField } from "../../ui/plane.js";
import type { Look, Maps } from "./service.js";

/** Pictures of a layer in rows. Below zero is the low colour, above it the high one; each is as strong as its strongest pixel. */
export function MapsView({ name, height, width, maps }: Maps) {
  // Few pixels need little room; more than these are looked at in one picture.
  const columns = Math.min(maps.length, width > 4 ? 8 : 16);
  const rows = Math.ceil(maps.length / columns);
  const draw = ({ context, width: available }: Drawing): void => {
    const cell = available / columns;
    const gap = maps.length > 1 ? 3 : 0;
    context.imageSmoothingEnabled = false;
    maps.forEach((values, i) => {
      const at = { x: (i % columns) * cell + gap / 2, y: ((Math.floor(i / columns) * cell) / width) * height + gap / 2, width: cell - gap, height: (cell / width) * height - gap };
      paintMap(context, palette.value, values, { height, width }, at);
    });
  };
  return (
    <figure class="maps">
      <figcaption class="small faint">
        {name}: {maps.length > 1 ? `${maps.length} of ${height} × ${width}` : `${height * width} units`}
      </figcaption>
      <Canvas class="maps-canvas" aspect={(columns * width) / (rows * height)} label={`${name}: ${maps.length} maps`} draw={draw} />
    </figure>
  );
}

/** One map, pixel by pixel. */
function paintMap(
  context: CanvasRenderingContext2D,
  colours: Palette,
  values: Float32Array,
  size: { readonly height: number; readonly width: number },
  place: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
): void {
  const scale = normalizer(values);
  const [dx, dy] = [place.width / size.width, place.height / size.height];
  values.forEach((value, i) => {
    context.fillStyle = css(diverging(colours, 0.78 * value * scale));
    // A little over the edge, so that no seam is left between neighbours.
    context.fillRect(place.x + (i % size.width) * dx, place.y + Math.floor(i / size.width) * dy, dx + 0.4, dy + 0.4);
  });
}

/** One image, large. */
export function Picture({ look }: { readonly look: Look }) {
  const draw = ({ context, width }: Drawing): void => paintField(context, palette.value, look.pixels, look.size, { x: 0, y: 0, size: width, crisp: true });
  return <Canvas class="picture" label={`What the network is given: ${look.size} × ${look.size} pixels`} draw={draw} />;
}

/** The side of the paper, in its own pixels. */
export const PAPER = 64;

export interface PaperProps {
  readonly mask: Float32Array;
  readonly onDraw: (mask: Float32Array) => void;
}

/** Where a digit is drawn, with a pen as thick as in the collection. */
export function Paper({ mask, onDraw }: PaperProps) {
  const last = useRef<readonly [number, number] | null>(null);
  const width = useRef(1);
  const draw = ({ context, width: side }: Drawing): void => {
    width.current = side;
    paintField(context, palette.value, mask, PAPER, { x: 0, y: 0, size: side });
    if (mask.every((value) => value === 0)) {
      context.fillStyle = palette.value.faint;
      context.textAlign = "center";
      context.font = "14px system-ui, sans-serif";
      context.fillText("draw a digit here", side / 2, side / 2);
    }
  };
  const onPointer = (x: number, y: number, event: PointerEvent): void => {
    if (event.type === "pointerup" || event.type === "pointerleave" || event.buttons === 0) {
      last.current = null;
      return;
    }
    const [column, row] = [(x / width.current) * PAPER, (y / width.current) * PAPER];
    const [fromColumn, fromRow] = last.current ?? [column, row];
    last.current = [column, row];
    onDraw(withStroke(mask, fromColumn, fromRow, column, row));
  };
  return <Canvas class="paper" label="Paper: draw a digit with mouse, pen or finger. Without them, choose a test image instead." draw={draw} onPointer={onPointer} />;
}

const PEN = 4.2;

/** The mask with a line on it, as if drawn with a round pen. */
function withStroke(mask: Float32Array, x1: number, y1: number, x2: number, y2: number): Float32Array {
  const next = mask.slice();
  const length = Math.hypot(x2 - x1, y2 - y1);
  for (let i = 0; i < next.length; i++) {
    const [x, y] = [(i % PAPER) + 0.5, Math.floor(i / PAPER) + 0.5];
    const t = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length ** 2));
    if (Math.hypot(x - x1 - t * (x2 - x1), y - y1 - t * (y2 - y1)) <= PEN) next[i] = 1;
  }
  return next;
}

/** Right ones in the high colour, wrong ones in the low one; never so strong that the number on it cannot be read. */
const shade = (right: boolean, share: number): number => (right ? 0.5 * share : -Math.min(0.5, 1.5 * share));

/** How often each class was taken for which. */
export function Confusion({ confusion, classes }: { readonly confusion: readonly (readonly number[])[]; readonly classes: readonly string[] }) {
  const colours = palette.value;
  return (
    <div class="table-scroll" tabIndex={0} role="group" aria-label="Confusion matrix">
      <table class="confusion">
        <caption class="small faint">Rows: what it is. Columns: what it was taken for.</caption>
        <thead>
          <tr>
            <td />
            {classes.map((name) => (
              <th key={name} scope="col">
                {name.slice(0, 5)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {confusion.map((row, truth) => {
            const total = Math.max(1, row.reduce((a, b) => a + b, 0));
            return (
              <tr key={truth}>
                <th scope="row">{classes[truth]!.slice(0, 8)}</th>
                {row.map((count, guess) => (
                  <td key={guess} style={{ background: css(diverging(colours, shade(guess === truth, count / total))) }}>
                    {count === 0 ? "" : count}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
