/**
 * What can be chosen in the room, as names and bounds. The page shows them, the address carries them, the worker builds from them; each side
 * keeps its own table by these names, which does not compile while a name is missing.
 *
 * @module
 */
import { choice, flag, integer, list, number, type StateOf } from "../../codec.js";

export const datasetNames = [
  "Simple", "Diag", "Split", "Xor", "Circle", "Spiral", "tfCircle", "tfXor", "tfGauss", "tfSpiral", "plane", "bumps",
] as const;
export type DatasetName = (typeof datasetNames)[number];

export const isRegression = (dataset: DatasetName): boolean => dataset === "plane" || dataset === "bumps";

export const featureNames = ["x1", "x2", "x1x1", "x2x2", "x1x2", "sin1", "sin2"] as const;
export type FeatureName = (typeof featureNames)[number];

export const activationNames = ["relu", "leakyRelu", "tanh", "sigmoid", "gelu", "silu", "identity"] as const;
export type ActivationName = (typeof activationNames)[number];

export const initNames = ["default", "xavierUniform", "xavierNormal", "kaimingUniform", "kaimingNormal", "wide", "zeros"] as const;
export type InitName = (typeof initNames)[number];

const lossNames = ["bce", "crossEntropy", "mse", "l1"] as const;
export type LossName = (typeof lossNames)[number];

/** Losses that make sense, the usual one first. */
export const lossesFor = (dataset: DatasetName): readonly LossName[] => (isRegression(dataset) ? ["mse", "l1"] : ["bce", "crossEntropy", "mse"]);

const outputsOf = (loss: LossName): number => (loss === "crossEntropy" ? 2 : 1);

export const optimizerNames = ["sgd", "momentum", "nesterov", "asgd", "rprop", "rmsprop", "adagrad", "adadelta", "adam", "adamw", "adamax", "nadam", "radam"] as const;
export type OptimizerName = (typeof optimizerNames)[number];

export const scheduleNames = ["constant", "step", "exponential", "polynomial", "cosine", "restarts", "warmup"] as const;
export type ScheduleName = (typeof scheduleNames)[number];

export const regularizationNames = ["none", "l1", "l2"] as const;
export type RegularizationName = (typeof regularizationNames)[number];

export const engineNames = ["scalar", "cpu", "webgpu"] as const;
export type EngineName = (typeof engineNames)[number];

export const learningRates = [0.00001, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10] as const;
export const regularizationRates = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1] as const;

/** Pictures of the plane show [−1, 1]² and a little more, so that points on its border are seen whole. */
export const REACH = 1.05;

export const mostLayers = 6;
export const mostUnits = 8;

export const fields = {
  dataset: choice(datasetNames, "Circle"),
  points: integer({ min: 20, max: 500, initial: 200 }),
  /** Standard deviation of the noise on both coordinates; the plane is 2 wide. */
  noise: number({ min: 0, max: 0.5, initial: 0 }),
  /** Per cent of the points that are learned from. */
  trainShare: integer({ min: 10, max: 90, initial: 70 }),
  seed: integer({ min: 0, max: 2 ** 31 - 1, initial: 1 }),
  features: list<FeatureName>(choice(featureNames, "x1"), ["x1", "x2"], { least: 1, most: featureNames.length }),
  layers: list(integer({ min: 1, max: mostUnits, initial: 4 }), [6, 4], { most: mostLayers }),
  activation: choice(activationNames, "tanh"),
  batchNorm: flag(false),
  dropout: number({ min: 0, max: 0.8, initial: 0 }),
  init: choice(initNames, "default"),
  regularization: choice(regularizationNames, "none"),
  regularizationRate: number({ min: 0, max: 1, initial: 0.001 }),
  loss: choice(lossNames, "bce"),
  optimizer: choice(optimizerNames, "adam"),
  learningRate: number({ min: 0, max: 100, initial: 0.01 }),
  schedule: choice(scheduleNames, "constant"),
  batchSize: integer({ min: 1, max: 500, initial: 16 }),
  engine: choice(engineNames, "cpu"),
};

export type Setup = StateOf<typeof fields>;

/** What may change while the network learns; everything else begins anew. */
export const liveKeys = ["learningRate", "schedule", "regularization", "regularizationRate"] as const satisfies readonly (keyof Setup)[];

export const speedNames = ["slow", "steady", "fast"] as const;
export type SpeedName = (typeof speedNames)[number];

/** How it is looked at: in the address too, and of no concern to the worker that trains. */
const viewFields = {
  speed: choice(speedNames, "fast"),
  /** The hidden layer that is looked at more closely, from 1. */
  layer: integer({ min: 1, max: mostLayers, initial: 1 }),
  splits: flag(false),
  hard: flag(false),
  testPoints: flag(false),
};

export const roomFields = { ...fields, ...viewFields };
export type RoomState = StateOf<typeof roomFields>;

/** A setup that can be built: features once and in their order, a loss that fits the data, batches that normalisation can use. */
export function tidy(setup: Setup): Setup {
  const losses = lossesFor(setup.dataset);
  return {
    ...setup,
    features: featureNames.filter((name) => setup.features.includes(name)),
    loss: losses.includes(setup.loss) ? setup.loss : losses[0]!,
    // The variance of a single sample is nothing to divide by.
    batchSize: setup.batchNorm ? Math.max(2, setup.batchSize) : setup.batchSize,
  };
}

export const trainCount = ({ points, trainShare }: Setup): number => Math.max(2, Math.round((points * trainShare) / 100));

/** Batches of an epoch. A last batch of one is left out where normalisation needs two. */
export function batchesOf(setup: Setup): number {
  const count = trainCount(setup);
  const rest = count % setup.batchSize;
  return Math.floor(count / setup.batchSize) + (rest === 0 || (rest === 1 && setup.batchNorm) ? 0 : 1);
}

/** The widths from input to output. */
export const widthsOf = (setup: Setup): number[] => [setup.features.length, ...setup.layers, outputsOf(setup.loss)];
