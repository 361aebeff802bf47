/** The points of the plane that are learned, and what the network sees of them. */
import { pointDatasets } from "@gradus/datasets";
import { Generator, randn, randperm, scope } from "@gradus/tensor-core";
import type { Points } from "./frames.js";
import { type DatasetName, type FeatureName, REACH, type Setup, trainCount } from "./setup.js";

type Sample = readonly [x1: number, x2: number, target: number];
/** `n` samples from uniform numbers in [0, 1) that are drawn two for each sample. */
type Source = (n: number, generator: Generator) => Sample[];

/** minitorch's points lie in the unit square; here the plane is [−1, 1]². */
const minitorch =
  (name: keyof typeof pointDatasets): Source =>
  (n, generator) => {
    const { X, y } = pointDatasets[name](n, { generator });
    return X.map(([x1, x2], i) => [2 * x1 - 1, 2 * x2 - 1, y[i]!]);
  };

/** A sample from two uniform numbers, its place and the number of all. */
const each =
  (make: (u: number, v: number, i: number, n: number) => Sample): Source =>
  (n, generator) =>
    Array.from({ length: n }, (_, i) => make(generator.uniformDouble(), generator.uniformDouble(), i, n));

const polar = (radius: number, angle: number, target: number): Sample => [radius * Math.sin(angle), radius * Math.cos(angle), target];

const { PI, sqrt, log, cos, sin, exp } = Math;

const sources: Readonly<Record<DatasetName, Source>> = {
  Simple: minitorch("Simple"),
  Diag: minitorch("Diag"),
  Split: minitorch("Split"),
  Xor: minitorch("Xor"),
  Circle: minitorch("Circle"),
  Spiral: minitorch("Spiral"),
  // A disc in a ring.
  tfCircle: each((u, v, i, n) => (2 * i < n ? polar(0.42 * u, 2 * PI * v, 1) : polar(0.58 + 0.25 * u, 2 * PI * v, 0))),
  // Four quarters, with a gap between them.
  tfXor: each((u, v) => {
    const away = (w: number): number => (w < 0.5 ? 1.6 * w - 0.85 : 1.6 * w - 0.75);
    return [away(u), away(v), u < 0.5 === v < 0.5 ? 1 : 0];
  }),
  // Two clouds: Box and Muller's normal numbers around two centres.
  tfGauss: each((u, v, i, n) => {
    const [radius, centre] = [0.12 * sqrt(-2 * log(1 - u)), 2 * i < n ? 0.4 : -0.4];
    return [centre + radius * cos(2 * PI * v), centre + radius * sin(2 * PI * v), 2 * i < n ? 1 : 0];
  }),
  // Two arms of 1¾ turns.
  tfSpiral: each((u, _, i, n) => {
    const [t, second] = [(i % Math.ceil(n / 2)) / Math.ceil(n / 2), 2 * i >= n];
    return polar(0.85 * t + 0.02 * u, 3.5 * PI * t + (second ? PI : 0), second ? 0 : 1);
  }),
  plane: each((u, v) => [2 * u - 1, 2 * v - 1, u + v - 1]),
  // Hills and hollows.
  bumps: each((u, v) => {
    const [x1, x2] = [2 * u - 1, 2 * v - 1];
    const hill = (a: number, b: number, height: number): number => height * exp(-12 * ((x1 - a) ** 2 + (x2 - b) ** 2));
    return [x1, x2, hill(-0.6, 0.4, 1) + hill(0, 0.4, -1) + hill(0.6, 0.4, 1) + hill(-0.6, -0.4, -1) + hill(0, -0.4, 1) + hill(0.6, -0.4, -1)];
  }),
};

/** Everything random about the data and its order comes from one generator, in the order in which the code for the setup draws it. */
export function makeData(setup: Setup, generator: Generator): { readonly train: Points; readonly test: Points } {
  const { dataset, points, noise } = setup;
  const samples = sources[dataset](points, generator);
  const [shift, permutation] = scope(() => [randn([points, 2], { dtype: "float64", generator }).readSync(), randperm(points, { generator }).readSync()]);
  // `Spiral` has two arms of ⌊n/2⌋ points, so there may be one less than asked for.
  const order = Array.from(permutation, Number).filter((i) => i < samples.length);
  const pick = (indices: readonly number[]): Points => ({
    coordinates: Float64Array.from(indices.flatMap((i) => [samples[i]![0] + noise * Number(shift[2 * i]), samples[i]![1] + noise * Number(shift[2 * i + 1])])),
    targets: Float64Array.from(indices, (i) => samples[i]![2]),
  });
  const count = Math.min(trainCount(setup), order.length - 1);
  return { train: pick(order.slice(0, count)), test: pick(order.slice(count)) };
}

const featureFunctions: Readonly<Record<FeatureName, (x1: number, x2: number) => number>> = {
  x1: (x1) => x1,
  x2: (_, x2) => x2,
  x1x1: (x1) => x1 * x1,
  x2x2: (_, x2) => x2 * x2,
  x1x2: (x1, x2) => x1 * x2,
  sin1: (x1) => sin(PI * x1),
  sin2: (_, x2) => sin(PI * x2),
};

/** What the network is given of each point, `[points, features]` row after row. */
export function featuresOf(names: readonly FeatureName[], coordinates: Float64Array): Float32Array {
  const width = names.length;
  const result = new Float32Array((coordinates.length / 2) * width);
  for (let i = 0; i < coordinates.length / 2; i++) {
    names.forEach((name, f) => (result[i * width + f] = featureFunctions[name](coordinates[2 * i]!, coordinates[2 * i + 1]!)));
  }
  return result;
}

/** The middles of `resolution`² squares of the plane, from the upper left. */
export function planeGrid(resolution: number): Float64Array {
  const at = (k: number): number => ((2 * (k + 0.5)) / resolution - 1) * REACH;
  return Float64Array.from({ length: 2 * resolution ** 2 }, (_, i) => {
    const square = i >> 1;
    return i % 2 === 0 ? at(square % resolution) : -at(Math.floor(square / resolution));
  });
}
