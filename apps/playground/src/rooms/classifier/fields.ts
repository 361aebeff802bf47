import { choice, integer, number, type StateOf } from "../../codec.js";

export const datasetNames = ["Simple", "Diag", "Split", "Xor", "Circle", "Spiral"] as const;
export type DatasetName = (typeof datasetNames)[number];

/** Whether a straight line can separate it. */
export const separable: Readonly<Record<DatasetName, boolean>> = { Simple: true, Diag: true, Split: false, Xor: false, Circle: false, Spiral: false };

/** How far the picture reaches beyond the unit square, so that points on its border are seen whole. */
export const BORDER = 0.035;

const weight = (initial: number) => number({ min: -20, max: 20, initial });

export const fields = {
  dataset: choice(datasetNames, "Simple"),
  points: integer({ min: 10, max: 200, initial: 50 }),
  seed: integer({ min: 0, max: 2 ** 31 - 1, initial: 1 }),
  w1: weight(1),
  w2: weight(1),
  bias: weight(-0.5),
};

export type State = StateOf<typeof fields>;
