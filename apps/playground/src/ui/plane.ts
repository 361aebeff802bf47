/** Pictures of the plane [−1, 1]²: coloured fields, level lines, points. */
import { css, diverging, type Palette } from "../theme.js";

const scratch = document.createElement("canvas");

/** Values from −1 to 1 on a square grid, as colours that flow into each other. `hard` shows only their sign, `crisp` each value as a square. */
export function paintField(
  context: CanvasRenderingContext2D,
  palette: Palette,
  values: ArrayLike<number>,
  resolution: number,
  place: { readonly x: number; readonly y: number; readonly size: number; readonly scale?: number; readonly hard?: boolean; readonly crisp?: boolean },
): void {
  const { x, y, size, scale = 1, hard = false, crisp = hard } = place;
  if (scratch.width !== resolution || scratch.height !== resolution) [scratch.width, scratch.height] = [resolution, resolution];
  const brush = scratch.getContext("2d");
  if (brush === null) return;
  const image = brush.createImageData(resolution, resolution);
  for (let i = 0; i < resolution * resolution; i++) {
    const value = values[i]! * scale;
    const [red, green, blue] = diverging(palette, hard ? Math.sign(value) * 0.7 : value * 0.78);
    image.data.set([red, green, blue, 255], 4 * i);
  }
  brush.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = !crisp;
  context.imageSmoothingQuality = "high";
  context.drawImage(scratch, x, y, size, size);
}

/** The factor that brings the largest of some values to 1; nothing but zeros stay zeros. */
export function normalizer(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]!);
    if (size > largest && Number.isFinite(size)) largest = size;
  }
  return largest === 0 ? 1 : 1 / largest;
}

/** The line on which a field is zero, by marching squares: for each square of four neighbours the part of the line inside it. */
export function traceZero(context: CanvasRenderingContext2D, values: ArrayLike<number>, resolution: number, size: number): void {
  const unit = size / resolution;
  context.beginPath();
  for (let row = 0; row + 1 < resolution; row++) {
    for (let column = 0; column + 1 < resolution; column++) {
      const at = row * resolution + column;
      const corners = [values[at]!, values[at + 1]!, values[at + resolution + 1]!, values[at + resolution]!] as const;
      const crossings: [number, number][] = [];
      for (let side = 0; side < 4; side++) {
        const [a, b] = [corners[side]!, corners[(side + 1) % 4]!];
        if (a > 0 === b > 0) continue;
        const t = a / (a - b);
        const [dx, dy] = ([[t, 0], [1, t], [1 - t, 1], [0, 1 - t]] as const)[side]!;
        crossings.push([(column + 0.5 + dx) * unit, (row + 0.5 + dy) * unit]);
      }
      for (let i = 0; i + 1 < crossings.length; i += 2) {
        context.moveTo(...crossings[i]!);
        context.lineTo(...crossings[i + 1]!);
      }
    }
  }
  context.stroke();
}

export interface PointStyle {
  readonly radius: number;
  /** Rings instead of discs: points that are not learned from. */
  readonly hollow?: boolean;
}

/** A point in the colour of its target (−1 to 1), set off from whatever lies under it. */
export function paintPoint(context: CanvasRenderingContext2D, palette: Palette, x: number, y: number, target: number, { radius, hollow = false }: PointStyle): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  const colour = css(diverging(palette, target));
  context.fillStyle = hollow ? palette.surface : colour;
  context.fill();
  context.lineWidth = hollow ? 1.75 : 1;
  context.strokeStyle = hollow ? colour : palette.surface;
  context.stroke();
}

/** The names of the two axes, in the corners to which they run. */
export function nameAxes(context: CanvasRenderingContext2D, { ink, surface }: Palette, size: number): void {
  context.save();
  context.font = "600 12px system-ui, sans-serif";
  context.lineJoin = "round";
  context.lineWidth = 3;
  context.globalAlpha = 0.8;
  context.strokeStyle = surface;
  context.fillStyle = ink;
  for (const [name, x, y, align] of [["x₁ →", size - 7, size - 8, "right"], ["↑ x₂", 7, 17, "left"]] as const) {
    context.textAlign = align;
    context.strokeText(name, x, y);
    context.fillText(name, x, y);
  }
  context.restore();
}
