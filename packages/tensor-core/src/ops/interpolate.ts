import { ArgumentError, DTypeError, ShapeError } from "../errors.js";
import { optionsOf } from "../options.js";
import type { Options } from "../options.js";
import { showShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { adaptiveAverage } from "./adaptive-pool.js";
import type { Taps } from "./resample.js";
import { resample, tapsOf } from "./resample.js";

/** Interpolation: which input positions each output position is made of, and with what weights. */

export type InterpolateMode = "nearest" | "nearest-exact" | "linear" | "bilinear" | "bicubic" | "trilinear" | "area";

export const InterpolateOptions = class {
  /** Sizes of the result: one number for all spatial dimensions, or one each. Either this or `scaleFactor`. */
  readonly size?: number | readonly number[] | null;
  /** How many times larger the result is. */
  readonly scaleFactor?: number | readonly number[] | null;
  /** `nearest` by default. */
  readonly mode?: InterpolateMode;
  /** The centres of the corner elements keep their values, instead of the outer edges of the tensor. Not for `nearest` and `area`. */
  readonly alignCorners?: boolean | null;
  /** Use the quotient of the sizes as the scale, and not `scaleFactor` itself, which they may be a rounding of. */
  readonly recomputeScaleFactor?: boolean | null;
  /** Average over what is left out when an image shrinks: for `bilinear` and `bicubic`. */
  readonly antialias?: boolean;
};
export type InterpolateOptions = Options<typeof InterpolateOptions>;

/** One dimension: its sizes, and the scale that the caller gave, if it counts. */
interface Stretch {
  readonly inputs: number;
  readonly outputs: number;
  readonly factor: number | null;
  readonly alignCorners: boolean;
}

/** Input steps for one output step. */
function stepOf({ inputs, outputs, factor, alignCorners }: Stretch): number {
  if (alignCorners) return outputs > 1 ? (inputs - 1) / (outputs - 1) : 0;
  return factor !== null && factor > 0 ? 1 / factor : inputs / outputs;
}

/** Where an output position's centre lies in the input. */
const centreOf = (i: number, step: number, alignCorners: boolean): number => (alignCorners ? i * step : (i + 0.5) * step - 0.5);

type Row = readonly (readonly [position: number, weight: number])[];
const rowsOf = (outputs: number, row: (i: number) => Row): Row[] => Array.from({ length: outputs }, (_, i) => row(i));
const limited = (position: number, size: number): number => Math.min(Math.max(position, 0), size - 1);

/** PyTorch computes these positions in single precision, which decides between neighbours. */
const nearest = (offset: number) => (stretch: Stretch): Row[] => {
  const step = Math.fround(stepOf(stretch));
  return rowsOf(stretch.outputs, (i) => [[Math.min(Math.floor(Math.fround((i + offset) * step)), stretch.inputs - 1), 1]]);
};

function linear(stretch: Stretch): Row[] {
  const { inputs, outputs, alignCorners } = stretch;
  if (inputs === outputs) return rowsOf(outputs, (i) => [[i, 1]]);
  const step = stepOf(stretch);
  return rowsOf(outputs, (i) => {
    const centre = Math.max(centreOf(i, step, alignCorners), 0);
    const first = Math.min(Math.floor(centre), inputs - 1);
    const share = Math.min(centre - first, 1);
    return [[first, 1 - share], [Math.min(first + 1, inputs - 1), share]];
  });
}

/** Keys' cubic convolution kernel, which is 1 at 0, and 0 at other whole numbers and from 2 on. */
function cubicWeight(distance: number, a: number): number {
  const x = Math.abs(distance);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

function cubic(stretch: Stretch): Row[] {
  const { inputs, outputs, alignCorners } = stretch;
  const step = stepOf(stretch);
  return rowsOf(outputs, (i) => {
    const centre = centreOf(i, step, alignCorners);
    const first = Math.floor(centre);
    return [-1, 0, 1, 2].map((j) => [limited(first + j, inputs), cubicWeight(centre - first - j, -0.75)] as const);
  });
}

/** A filter over all that an output element covers, stretched where the image shrinks. */
const filtered = (support: number, weight: (distance: number) => number) => (stretch: Stretch): Row[] => {
  const { inputs, outputs } = stretch;
  const step = stepOf(stretch);
  const shrink = Math.max(step, 1);
  return rowsOf(outputs, (i) => {
    const centre = step * (i + 0.5);
    const first = Math.max(Math.trunc(centre - support * shrink + 0.5), 0);
    const end = Math.min(Math.trunc(centre + support * shrink + 0.5), inputs);
    const weights = Array.from({ length: Math.max(end - first, 0) }, (_, j) => weight((first + j - centre + 0.5) / shrink));
    const total = weights.reduce((sum, w) => sum + w, 0);
    return weights.map((w, j) => [first + j, total === 0 ? w : w / total] as const);
  });
};
const triangle = /* @__PURE__ */ filtered(1, (x) => Math.max(1 - Math.abs(x), 0));
const smoothCubic = /* @__PURE__ */ filtered(2, (x) => cubicWeight(x, -0.5));

/** For each mode the number of spatial dimensions that it is for, and its rows without and with antialiasing. */
const modes: Readonly<Record<Exclude<InterpolateMode, "area">, { readonly dims: readonly number[]; readonly rows: (stretch: Stretch) => Row[]; readonly antialiased?: (stretch: Stretch) => Row[] }>> = {
  nearest: { dims: [1, 2, 3], rows: /* @__PURE__ */ nearest(0) },
  "nearest-exact": { dims: [1, 2, 3], rows: /* @__PURE__ */ nearest(0.5) },
  linear: { dims: [1], rows: linear },
  bilinear: { dims: [2], rows: linear, antialiased: triangle },
  bicubic: { dims: [2], rows: cubic, antialiased: smoothCubic },
  trilinear: { dims: [3], rows: linear },
};

/**
 * A tensor over a coarser or finer grid.
 *
 * @param x - `[N, C, L]`, `[N, C, H, W]` or `[N, C, D, H, W]`: `linear` is for one spatial dimension, `bilinear` and `bicubic` for two,
 *   `trilinear` for three. Floating; `nearest` takes uint8 too.
 * @throws {ArgumentError} unless there is either a size or a factor, and the options fit the mode.
 * @throws {ShapeError} if the mode is for another number of dimensions.
 * @see torch.nn.functional.interpolate; Keys, Cubic convolution interpolation for digital image processing (1981)
 * @example
 * interpolate(tensor([[[1, 3]]]), { size: 3, mode: "linear", alignCorners: true }).toArraySync(); // [[[1, 2, 3]]]
 */
export function interpolate(x: Tensor, options?: InterpolateOptions): Tensor {
  return interpolated("interpolate", x, optionsOf("interpolate", InterpolateOptions, options));
}

function interpolated(op: string, x: Tensor, options: InterpolateOptions): Tensor {
  const { mode = "nearest", alignCorners = null, antialias = false } = options;
  x.checkUsable(op);
  const n = x.ndim - 2;
  if (n < 1 || n > 3) throw new ShapeError(`${op}: expected an input of 3, 4 or 5 dimensions, [N, C, …], got ${showShape(x.shape)}`);
  if (mode !== "area" && !Object.hasOwn(modes, mode)) throw new ArgumentError(`${op}: expected mode "${[...Object.keys(modes), "area"].join('", "')}", got "${mode}"`);
  const given = mode === "area" ? null : modes[mode];
  const hasCorners = mode !== "area" && !mode.startsWith("nearest");
  if (given !== null && !given.dims.includes(n)) throw new ShapeError(`${op}: expected ${String((given.dims[0] ?? 0) + 2)} dimensions for mode "${mode}", got ${showShape(x.shape)}`);
  if (alignCorners !== null && !hasCorners) throw new ArgumentError(`${op}: expected alignCorners only with a linear or cubic mode, got it with "${mode}"`);
  if (antialias && given?.antialiased === undefined) throw new ArgumentError(`${op}: expected antialias only with "bilinear" or "bicubic", got it with "${mode}"`);
  if (!x.isFloatingPoint() && !(x.dtype === "uint8" && mode.startsWith("nearest"))) throw new DTypeError(`${op}: expected a floating tensor, got ${x.dtype}; convert it with to("float32")`);
  const { sizes, factors } = targetOf(op, x, n, options);
  if (sizes.some((size) => size < 1) || x.shape.slice(2).includes(0)) throw new ShapeError(`${op}: expected sizes of at least 1, got ${showShape(sizes)} from ${showShape(x.shape)}`);
  if (given === null) return adaptiveAverage(op, n, x, sizes);
  const rows = antialias ? (given.antialiased ?? given.rows) : given.rows;
  const taps = sizes.map((outputs, d): Taps => {
    const inputs = x.shape[d + 2] ?? 0;
    return tapsOf(inputs, rows({ inputs, outputs, factor: factors?.[d] ?? null, alignCorners: alignCorners === true }));
  });
  return resample(op, x, taps);
}

/** The sizes of the result, and the factors if they count as the scale. */
function targetOf(op: string, x: Tensor, n: number, { size = null, scaleFactor = null, recomputeScaleFactor = null }: InterpolateOptions): { readonly sizes: readonly number[]; readonly factors: readonly number[] | null } {
  if ((size === null) === (scaleFactor === null)) throw new ArgumentError(`${op}: expected either a size or a scaleFactor, got ${size === null ? "neither" : "both"}`);
  const forEach = (name: string, value: number | readonly number[]): readonly number[] => {
    const list = typeof value === "number" ? new Array<number>(n).fill(value) : value;
    if (list.length !== n) throw new ArgumentError(`${op}: expected one ${name} or ${String(n)} of them for ${showShape(x.shape)}, got ${String(value)}`);
    return list;
  };
  if (size !== null) {
    if (recomputeScaleFactor === true) throw new ArgumentError(`${op}: expected recomputeScaleFactor only with a scaleFactor, got it with a size`);
    const sizes = forEach("size", size);
    if (!sizes.every(Number.isInteger)) throw new ArgumentError(`${op}: expected whole sizes, got ${String(size)}`);
    return { sizes, factors: null };
  }
  const factors = forEach("scaleFactor", scaleFactor ?? 1);
  const sizes = factors.map((factor, d) => Math.floor((x.shape[d + 2] ?? 0) * factor));
  return { sizes, factors: recomputeScaleFactor === true ? null : factors };
}

/** `interpolate` to the nearest element. @see torch.nn.functional.upsample_nearest */
export const upsampleNearest = (x: Tensor, options: Pick<InterpolateOptions, "size" | "scaleFactor"> = {}): Tensor => interpolated("upsampleNearest", x, { size: options.size ?? null, scaleFactor: options.scaleFactor ?? null });
/** `interpolate` linearly in two dimensions, with aligned corners. @see torch.nn.functional.upsample_bilinear */
export const upsampleBilinear = (x: Tensor, options: Pick<InterpolateOptions, "size" | "scaleFactor"> = {}): Tensor =>
  interpolated("upsampleBilinear", x, { size: options.size ?? null, scaleFactor: options.scaleFactor ?? null, mode: "bilinear", alignCorners: true });
