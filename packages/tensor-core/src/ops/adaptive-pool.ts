import { ArgumentError, ShapeError } from "../errors.js";
import { optionsOf } from "../options.js";
import type { Options } from "../options.js";
import { numelOf, showShape } from "../shape.js";
import type { Shape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import type { Generator } from "../random/generator.js";
import { averageOver, maxPool1dWithIndices, maxPool2dWithIndices, maxPool3dWithIndices } from "./pool.js";
import type { Pooled } from "./pool.js";
import { defaultGenerator } from "../random/default-generator.js";
import type { Taps, WindowTable } from "./resample.js";
import { maximumOver, resample, tapsOf } from "./resample.js";
import type { PerDimension } from "./windows.js";
import { checkPlanes, checkPooled, perDimension } from "./windows.js";

/** Pools that are told how many windows to make, and not how large. */

/** Sizes of the result; null keeps that of the input. */
export type OutputSize = number | readonly (number | null)[];

/** Window i of `outputs` over `inputs` elements is [⌊i · inputs / outputs⌋, ⌈(i + 1) · inputs / outputs⌉): neighbours may overlap. */
const adaptiveWindow = (inputs: number, outputs: number, i: number): readonly [start: number, end: number] =>
  [Math.floor((i * inputs) / outputs), Math.ceil(((i + 1) * inputs) / outputs)];

/** For each window its elements, with equal weights that add up to 1. */
const averageTaps = (inputs: number, outputs: number): Taps =>
  tapsOf(inputs, Array.from({ length: outputs }, (_, i) => {
    const [start, end] = adaptiveWindow(inputs, outputs, i);
    return Array.from({ length: end - start }, (__, j): [number, number] => [start + j, 1 / (end - start)]);
  }));

function outputSizes(op: string, n: number, x: Tensor, outputSize: OutputSize): number[] {
  const own = x.shape.slice(-n);
  const wanted = typeof outputSize === "number" ? new Array<number>(n).fill(outputSize) : outputSize.length === 1 ? new Array<number | null>(n).fill(outputSize[0] ?? null) : outputSize;
  if (wanted.length !== n) throw new ArgumentError(`${op}: expected ${String(n)} sizes, or one for all dimensions, got ${String(outputSize)}`);
  return wanted.map((size, d) => {
    if (size !== null && !(Number.isInteger(size) && size >= 0)) throw new ArgumentError(`${op}: expected sizes that are whole and not negative, got ${String(outputSize)}`);
    return size ?? own[d] ?? 0;
  });
}

/** Checks that there is something to pool in every plane. */
function checkAdaptive(op: string, n: number, x: Tensor): void {
  checkPooled(op, n, x);
  if (x.shape.slice(-n).includes(0)) throw new ShapeError(`${op}: expected an input with elements to pool, got ${showShape(x.shape)}`);
}

/** Where the sizes divide, all windows are alike: how large they are. */
const evenWindow = (inputs: Shape, outputs: readonly number[]): number[] | null =>
  outputs.every((size, d) => size > 0 && (inputs[d] ?? 0) % size === 0) ? outputs.map((size, d) => (inputs[d] ?? 0) / size) : null;

export function adaptiveAverage(op: string, n: number, x: Tensor, outputSize: OutputSize): Tensor {
  checkAdaptive(op, n, x);
  const inputs = x.shape.slice(-n);
  const sizes = outputSizes(op, n, x, outputSize);
  const kernel = evenWindow(inputs, sizes);
  if (kernel === null) return resample(op, x, sizes.map((size, d) => averageTaps(inputs[d] ?? 0, size)));
  return averageOver(op, x, { windows: { kernel, stride: kernel, padding: sizes.map(() => 0), dilation: sizes.map(() => 1), sizes }, divisor: 0, countPadding: 1 });
}

const slidingMaximum = { 1: maxPool1dWithIndices, 2: maxPool2dWithIndices, 3: maxPool3dWithIndices } as const;

function adaptiveMaximum(op: string, n: 1 | 2 | 3, x: Tensor, outputSize: OutputSize): Pooled {
  checkAdaptive(op, n, x);
  const inputs = x.shape.slice(-n);
  const sizes = outputSizes(op, n, x, outputSize);
  const kernel = evenWindow(inputs, sizes);
  if (kernel !== null && x.numel() > 0) return slidingMaximum[n](x, kernel);
  return maximumOver(op, x, sizes.map((size, d) => ({ rows: 1, ...averageTaps(inputs[d] ?? 0, size) })));
}

/** `adaptiveAvgPool2d` for one dimension. @see torch.nn.functional.adaptive_avg_pool1d */
export const adaptiveAvgPool1d = (x: Tensor, outputSize: OutputSize): Tensor => adaptiveAverage("adaptiveAvgPool1d", 1, x, outputSize);
/**
 * Averages over as many windows as are asked for; window i of n over s elements is [⌊i s / n⌋, ⌈(i + 1) s / n⌉).
 *
 * @param x - `[batch, channels, H, W]` or `[channels, H, W]`.  @param outputSize - `[H', W']`, or one number for both; null keeps a size.
 * @see torch.nn.functional.adaptive_avg_pool2d
 * @example
 * adaptiveAvgPool2d(tensor([[[1, 2, 3]]]), [1, 2]).toArraySync(); // [[[1.5, 2.5]]]
 */
export const adaptiveAvgPool2d = (x: Tensor, outputSize: OutputSize): Tensor => adaptiveAverage("adaptiveAvgPool2d", 2, x, outputSize);
/** `adaptiveAvgPool2d` for three dimensions. @see torch.nn.functional.adaptive_avg_pool3d */
export const adaptiveAvgPool3d = (x: Tensor, outputSize: OutputSize): Tensor => adaptiveAverage("adaptiveAvgPool3d", 3, x, outputSize);

/** `adaptiveMaxPool2d` for one dimension. @see torch.nn.functional.adaptive_max_pool1d */
export const adaptiveMaxPool1d = (x: Tensor, outputSize: OutputSize): Tensor => adaptiveMaximum("adaptiveMaxPool1d", 1, x, outputSize).values;
/** Maxima over as many windows as are asked for: those of `adaptiveAvgPool2d`. @see torch.nn.functional.adaptive_max_pool2d */
export const adaptiveMaxPool2d = (x: Tensor, outputSize: OutputSize): Tensor => adaptiveMaximum("adaptiveMaxPool2d", 2, x, outputSize).values;
/** `adaptiveMaxPool2d` for three dimensions. @see torch.nn.functional.adaptive_max_pool3d */
export const adaptiveMaxPool3d = (x: Tensor, outputSize: OutputSize): Tensor => adaptiveMaximum("adaptiveMaxPool3d", 3, x, outputSize).values;
/** `adaptiveMaxPool1d`, and where the maxima stand. @see torch.nn.functional.adaptive_max_pool1d_with_indices */
export const adaptiveMaxPool1dWithIndices = (x: Tensor, outputSize: OutputSize): Pooled => adaptiveMaximum("adaptiveMaxPool1dWithIndices", 1, x, outputSize);
/** `adaptiveMaxPool2d`, and where the maxima stand in each plane. @see torch.nn.functional.adaptive_max_pool2d_with_indices */
export const adaptiveMaxPool2dWithIndices = (x: Tensor, outputSize: OutputSize): Pooled => adaptiveMaximum("adaptiveMaxPool2dWithIndices", 2, x, outputSize);
/** `adaptiveMaxPool3d`, and where the maxima stand in each volume. @see torch.nn.functional.adaptive_max_pool3d_with_indices */
export const adaptiveMaxPool3dWithIndices = (x: Tensor, outputSize: OutputSize): Pooled => adaptiveMaximum("adaptiveMaxPool3dWithIndices", 3, x, outputSize);

export const FractionalMaxPoolOptions = class {
  /** Sizes of the result; or pass `outputRatio`. */
  readonly outputSize?: PerDimension | null;
  /** The result's sizes as shares of the input's, between 0 and 1. */
  readonly outputRatio?: PerDimension | null;
  /** Where the random starts come from; the default generator if absent. */
  readonly generator?: Generator;
  /** The random starts themselves, `[batch, channels, dimensions]` between 0 and 1, instead of drawing them. They are read. */
  readonly randomSamples?: Tensor | null;
};
export type FractionalMaxPoolOptions = Options<typeof FractionalMaxPoolOptions>;

/** Starts of windows whose distances are drawn at random, so that `outputs` of them cover `inputs` elements. */
function randomStarts(sample: number, inputs: number, outputs: number, window: number): number[] {
  const alpha = outputs > 1 ? (inputs - window) / (outputs - 1) : 0;
  const starts = Array.from({ length: outputs }, (_, i) => Math.trunc((i + sample) * alpha) - Math.trunc(sample * alpha));
  if (outputs > 0) starts[outputs - 1] = inputs - window;
  return starts;
}

function fractionalMaxPool(op: string, n: 2 | 3, x: Tensor, kernelSize: PerDimension, { outputSize = null, outputRatio = null, generator = defaultGenerator(), randomSamples = null }: FractionalMaxPoolOptions): Pooled {
  checkPooled(op, n, x);
  checkPlanes(op, n, x);
  const inputs = x.shape.slice(-n);
  const kernel = perDimension(op, "kernelSize", kernelSize, n, 1);
  const sizes = outputSize !== null ? perDimension(op, "outputSize", outputSize, n, 1) : sharesOf(op, inputs, outputRatio);
  if (sizes.some((size, d) => size + (kernel[d] ?? 1) - 1 > (inputs[d] ?? 0))) {
    throw new ShapeError(`${op}: expected an input of at least ${showShape(sizes.map((size, d) => size + (kernel[d] ?? 1) - 1))} for a result of ${showShape(sizes)} with windows of [${kernel.join(", ")}], got ${showShape(inputs)}`);
  }
  const rows = numelOf(x.shape.slice(0, -n));
  if (randomSamples !== null && (randomSamples.shape.at(-1) !== n || randomSamples.numel() < rows * n)) throw new ShapeError(`${op}: expected ${String(n)} random samples for each of ${String(rows)} planes, got shape ${showShape(randomSamples.shape)}`);
  const samples = randomSamples !== null ? (randomSamples.readSync() as Float32Array) : generator.uniform(x.dtype === "float64" ? new Float64Array(rows * n) : new Float32Array(rows * n));
  const tables = sizes.map((outputs, d): WindowTable => {
    const width = kernel[d] ?? 1;
    // PyTorch draws the columns first in two dimensions, and goes from front to back in three.
    const drawn = n === 2 ? 1 - d : d;
    const positions = new Int32Array(rows * outputs * width);
    for (let row = 0, at = 0; row < rows; row++) {
      for (const start of randomStarts(samples[row * n + drawn] ?? 0, inputs[d] ?? 0, outputs, width)) for (let j = 0; j < width; j++) positions[at++] = start + j;
    }
    return { rows, outputs, width, positions };
  });
  return maximumOver(op, x, tables);
}

function sharesOf(op: string, inputs: Shape, ratio: PerDimension | null): number[] {
  if (ratio === null) throw new ArgumentError(`${op}: expected an outputSize or an outputRatio, got neither`);
  const shares = typeof ratio === "number" ? inputs.map(() => ratio) : ratio;
  if (shares.length !== inputs.length || shares.some((share) => !(share > 0 && share < 1))) throw new ArgumentError(`${op}: expected ratios between 0 and 1, got ${String(ratio)}`);
  return inputs.map((size, d) => Math.floor(size * (shares[d] ?? 1)));
}

/**
 * Maxima over windows whose distances vary at random, for sizes that are not a whole fraction of the input's.
 *
 * @throws {ShapeError} if the windows do not fit into the input.
 * @see torch.nn.functional.fractional_max_pool2d; Graham, Fractional max-pooling (2014)
 */
export const fractionalMaxPool2d = (x: Tensor, kernelSize: PerDimension, options?: FractionalMaxPoolOptions): Tensor => fractionalMaxPool("fractionalMaxPool2d", 2, x, kernelSize, optionsOf("fractionalMaxPool2d", FractionalMaxPoolOptions, options)).values;
/** `fractionalMaxPool2d` for three dimensions. @see torch.nn.functional.fractional_max_pool3d */
export const fractionalMaxPool3d = (x: Tensor, kernelSize: PerDimension, options?: FractionalMaxPoolOptions): Tensor => fractionalMaxPool("fractionalMaxPool3d", 3, x, kernelSize, optionsOf("fractionalMaxPool3d", FractionalMaxPoolOptions, options)).values;
/** `fractionalMaxPool2d`, and where the maxima stand in each plane. @see torch.nn.functional.fractional_max_pool2d_with_indices */
export const fractionalMaxPool2dWithIndices = (x: Tensor, kernelSize: PerDimension, options?: FractionalMaxPoolOptions): Pooled => fractionalMaxPool("fractionalMaxPool2dWithIndices", 2, x, kernelSize, optionsOf("fractionalMaxPool2dWithIndices", FractionalMaxPoolOptions, options));
/** `fractionalMaxPool3d`, and where the maxima stand in each volume. @see torch.nn.functional.fractional_max_pool3d_with_indices */
export const fractionalMaxPool3dWithIndices = (x: Tensor, kernelSize: PerDimension, options?: FractionalMaxPoolOptions): Pooled => fractionalMaxPool("fractionalMaxPool3dWithIndices", 3, x, kernelSize, optionsOf("fractionalMaxPool3dWithIndices", FractionalMaxPoolOptions, options));
