import type { Frame } from "./frames.js";

/** How many moments a curve has at most: more than a screen has columns. */
const MOST = 1200;

/** The curves: step, losses and accuracies. */
export interface Curves {
  readonly steps: readonly number[];
  readonly trainLoss: readonly number[];
  readonly testLoss: readonly number[];
  readonly trainAccuracy: readonly number[];
  readonly testAccuracy: readonly number[];
}

export const noCurves: Curves = { steps: [], trainLoss: [], testLoss: [], trainAccuracy: [], testAccuracy: [] };

/**
 * The curves with one more moment. When they become too long, every second moment is dropped: the whole course stays visible and memory does
 * not grow, however long somebody trains.
 */
export function extended(curves: Curves, { step, train, test }: Frame): Curves {
  const moment: Readonly<Record<keyof Curves, number>> = {
    steps: step,
    trainLoss: train.loss,
    testLoss: test.loss,
    trainAccuracy: train.accuracy ?? NaN,
    testAccuracy: test.accuracy ?? NaN,
  };
  const thin = curves.steps.length >= MOST;
  const next = (key: keyof Curves): number[] => [...(thin ? curves[key].filter((_, i) => i % 2 === 0) : curves[key]), moment[key]];
  return { steps: next("steps"), trainLoss: next("trainLoss"), testLoss: next("testLoss"), trainAccuracy: next("trainAccuracy"), testAccuracy: next("testAccuracy") };
}
