import { type RandomSource, generatorOf } from "./random-source.js";

/** Points of the plane in two classes. */
export interface PointDataset {
  /** How many points. */
  readonly N: number;
  /** Their coordinates, mostly in [0, 1). */
  readonly X: readonly (readonly [number, number])[];
  /** Their classes, 0 or 1. */
  readonly y: readonly number[];
}

/** Which points of the unit square belong to class 1. */
const REGIONS = {
  Simple: (x1: number) => x1 < 0.5,
  Diag: (x1: number, x2: number) => x1 + x2 < 0.5,
  Split: (x1: number) => x1 < 0.2 || x1 > 0.8,
  Xor: (x1: number, x2: number) => (x1 < 0.5 && x2 > 0.5) || (x1 > 0.5 && x2 < 0.5),
  Circle: (x1: number, x2: number) => (x1 - 0.5) ** 2 + (x2 - 0.5) ** 2 > 0.1,
};

function sample(n: number, contains: (x1: number, x2: number) => boolean, random: RandomSource | undefined): PointDataset {
  const generator = generatorOf("pointDatasets", random);
  const X = Array.from({ length: n }, () => [generator.uniformDouble(), generator.uniformDouble()] as const);
  return { N: n, X, y: X.map(([x1, x2]) => (contains(x1, x2) ? 1 : 0)) };
}

/** Two arms of ⌊n/2⌋ points each, t·(cos t, sin t)/20 around the centre and the same mirrored at the diagonal. Nothing is random. */
function spiral(n: number): PointDataset {
  const half = Math.floor(n / 2);
  const along = (t: number): [number, number] => [0.5 + (t * Math.cos(t)) / 20, 0.5 + (t * Math.sin(t)) / 20];
  const steps = Array.from({ length: half }, (_, i) => (10 * (i + 5)) / half);
  const first = steps.map(along);
  const second = steps.map((t) => along(-t).reverse() as [number, number]);
  return { N: 2 * half, X: [...first, ...second], y: [...first.map(() => 0), ...second.map(() => 1)] };
}

/**
 * The toy classification problems of minitorch, from one that a straight line solves to one that takes a deep network.
 *
 * | name   | class 1 is |
 * |--------|------------|
 * | Simple | x₁ < 0.5 |
 * | Diag   | x₁ + x₂ < 0.5 |
 * | Split  | x₁ < 0.2 or x₁ > 0.8 |
 * | Xor    | the upper left and the lower right quarter |
 * | Circle | outside the circle of radius √0.1 around (0.5, 0.5) |
 * | Spiral | the second of two interleaved spirals |
 *
 * Each takes the number of points, and a `seed` or `generator` for the five that are random (uniform in the unit square).
 *
 * @see https://minitorch.github.io
 * @example
 * const { X, y } = pointDatasets.Simple(3, { seed: 1 });
 * y.every((label, i) => label === (X[i]![0] < 0.5 ? 1 : 0)); // true
 */
export const pointDatasets = {
  Simple: (n: number, random?: RandomSource) => sample(n, REGIONS.Simple, random),
  Diag: (n: number, random?: RandomSource) => sample(n, REGIONS.Diag, random),
  Split: (n: number, random?: RandomSource) => sample(n, REGIONS.Split, random),
  Xor: (n: number, random?: RandomSource) => sample(n, REGIONS.Xor, random),
  Circle: (n: number, random?: RandomSource) => sample(n, REGIONS.Circle, random),
  Spiral: spiral,
} satisfies Record<string, (n: number, random?: RandomSource) => PointDataset>;

export type PointDatasetName = keyof typeof pointDatasets;
