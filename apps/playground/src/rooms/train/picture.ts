/** What is seen of a network: computed on the CPU from its weights, whichever engine has trained them. */
import { noGrad, scope, type Tensor, tensor } from "@gradus/tensor-core";
import type { Frame, HiddenSpace, Histogram, Score } from "./frames.js";
import { losses, type Network } from "./network.js";
import { isRegression, type Setup } from "./setup.js";
import { batchTensors, type Samples } from "./trainer.js";

/** The outputs, and what each hidden layer gives before dropout, which does nothing in evaluation. */
function runThrough({ net, blocks }: Network, inputs: Tensor): { readonly hidden: readonly Tensor[]; readonly outputs: Tensor } {
  net.eval();
  const results: Tensor[] = [];
  for (const { modules } of blocks) results.push(modules.reduce((x, module) => module.call(x) as Tensor, results.at(-1) ?? inputs));
  return { hidden: results.slice(0, -1), outputs: results.at(-1)! };
}

/** Outputs as values from −1 to 1. */
const shown = ({ loss }: Setup, outputs: Tensor): Tensor =>
  ({
    bce: () => outputs.sigmoid().mul(2).sub(1),
    crossEntropy: () => outputs.softmax(1).mul(2).sub(1),
    mse: () => outputs,
    l1: () => outputs,
  })[loss]();

/** The columns of a matrix. */
function columns(x: Tensor): Float32Array[] {
  const values = x.readSync();
  const [rows = 0, width = 0] = x.shape;
  return Array.from({ length: width }, (_, c) => Float32Array.from({ length: rows }, (_, r) => Number(values[r * width + c])));
}

/** The network over points of the plane. */
export function surfaces(setup: Setup, network: Network, features: Float32Array): Pick<Frame, "outputs" | "hidden"> {
  return scope(() =>
    noGrad(() => {
      const { hidden, outputs } = runThrough(network, tensor(features, { shape: [-1, setup.features.length].map((n) => (n < 0 ? features.length / setup.features.length : n)) }));
      const resting = setup.activation === "sigmoid" ? 0.5 : 0;
      return { outputs: columns(shown(setup, outputs)), hidden: hidden.map((x) => columns(x.sub(resting))) };
    }),
  );
}

/** Loss and accuracy over samples. */
export function score(setup: Setup, network: Network, samples: Samples): Score {
  const rows = Array.from({ length: samples.count }, (_, i) => i);
  return scope(() =>
    noGrad(() => {
      const { inputs, targets } = batchTensors(setup, samples, rows);
      const { outputs } = runThrough(network, inputs);
      const loss = losses[setup.loss].loss(outputs, targets).readSync()[0] as number;
      if (isRegression(setup.dataset)) return { loss, accuracy: null };
      const values = outputs.readSync();
      const isFirst = (i: number): boolean => (setup.loss === "crossEntropy" ? values[2 * i + 1]! > values[2 * i]! : values[i]! > 0);
      const right = rows.filter((i) => isFirst(i) === (samples.targets[i] === 1)).length;
      return { loss, accuracy: right / samples.count };
    }),
  );
}

const BINS = 24;

/** How values are distributed, from the least to the greatest. */
export function histogram(values: ArrayLike<number>): Histogram {
  const finite = Array.from(values).filter(Number.isFinite);
  const [from, to] = [finite.reduce((a, b) => Math.min(a, b), 0), finite.reduce((a, b) => Math.max(a, b), 0)];
  const counts = new Array<number>(BINS).fill(0);
  const width = to - from || 1;
  for (const value of finite) counts[Math.min(BINS - 1, Math.floor(((value - from) / width) * BINS))]! += 1;
  return { from, to, counts, zeros: finite.length === 0 ? 0 : finite.filter((value) => value === 0).length / finite.length };
}

/** Corners of the grid that is bent along with the space. */
export const SPACE_GRID = 17;

/** How each hidden layer answers to the training points, and the space after one of them. */
export function inside(setup: Setup, network: Network, samples: Samples, gridFeatures: Float32Array, layer: number): Pick<Frame, "activations" | "space"> {
  if (setup.layers.length === 0) return { activations: [], space: null };
  const activationsOf = (features: Float32Array): { readonly values: Float32Array; readonly width: number }[] =>
    scope(() =>
      noGrad(() => {
        const { hidden } = runThrough(network, tensor(features, { shape: [features.length / samples.width, samples.width] }));
        return hidden.map((x) => ({ values: Float32Array.from(x.readSync(), Number), width: x.shape[1]! }));
      }),
    );
  const atPoints = activationsOf(samples.features);
  const chosen = Math.min(Math.max(layer, 0), setup.layers.length - 1);
  const { values, width } = atPoints[chosen]!;
  return {
    activations: atPoints.map((each) => histogram(each.values)),
    space: spaceOf(values, activationsOf(gridFeatures)[chosen]!.values, width),
  };
}

function spaceOf(points: Float32Array, grid: Float32Array, width: number): HiddenSpace {
  if (width <= 2) {
    // One unit is a line; it is drawn as one.
    const inPlane = (values: Float32Array): Float32Array => (width === 2 ? values : Float32Array.from({ length: 2 * values.length }, (_, i) => (i % 2 === 0 ? values[i >> 1]! : 0)));
    return { points: inPlane(points), grid: inPlane(grid), gridSize: SPACE_GRID, axes: "units" };
  }
  const { centre, axes } = principalAxes(points, width);
  const project = (values: Float32Array): Float32Array =>
    Float32Array.from({ length: (2 * values.length) / width }, (_, i) => {
      const [row, axis] = [i >> 1, axes[i % 2]!];
      return axis.reduce((total, a, k) => total + a * (values[row * width + k]! - centre[k]!), 0);
    });
  return { points: project(points), grid: project(grid), gridSize: SPACE_GRID, axes: "principal" };
}

/**
 * The two directions in which rows of a matrix differ most, by power iteration. Each starts from the same direction and points to the same side
 * whenever it is asked, so that pictures of neighbouring moments resemble each other.
 */
function principalAxes(values: Float32Array, width: number): { readonly centre: readonly number[]; readonly axes: readonly (readonly number[])[] } {
  const rows = values.length / width;
  const index = Array.from({ length: width }, (_, k) => k);
  const centre = index.map((k) => {
    let total = 0;
    for (let r = 0; r < rows; r++) total += values[r * width + k]!;
    return total / rows;
  });
  const covariance = index.map((a) =>
    index.map((b) => {
      let total = 0;
      for (let r = 0; r < rows; r++) total += (values[r * width + a]! - centre[a]!) * (values[r * width + b]! - centre[b]!);
      return total / rows;
    }),
  );
  const axes: number[][] = [];
  for (const first of [0, 1]) {
    let axis = index.map((k): number => (k === first ? 1 : 0.3));
    for (let round = 0; round < 60; round++) {
      const turned = covariance.map((row) => row.reduce((total, c, k) => total + c * axis[k]!, 0));
      for (const known of axes) {
        const along = known.reduce((total, a, k) => total + a * turned[k]!, 0);
        known.forEach((a, k) => (turned[k]! -= along * a));
      }
      const length = Math.hypot(...turned);
      if (!(length > 1e-12)) break;
      axis = turned.map((a) => a / length);
    }
    const largest = axis.reduce((best, a) => (Math.abs(a) > Math.abs(best) ? a : best), 0);
    axes.push(axis.map((a) => (largest < 0 ? -a : a)));
  }
  return { centre, axes };
}
