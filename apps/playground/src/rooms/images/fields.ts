import { choice, integer, number, type StateOf } from "../../codec.js";

export const learningRates = ["0.0003", "0.001", "0.003", "0.01"] as const;

export const fields = {
  rate: choice(learningRates, "0.001"),
  batchSize: integer({ min: 1, max: 256, initial: 32 }),
  seed: integer({ min: 0, max: 2 ** 31 - 1, initial: 1 }),
  /** The test image that is looked at; −1 is the drawing. */
  image: number({ min: -1, max: 9999, initial: 0 }),
};

export type State = StateOf<typeof fields>;
