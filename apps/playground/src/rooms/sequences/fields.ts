import { choice, integer, type StateOf, text } from "../../codec.js";

export const networkNames = ["lstm", "attention"] as const;
const corpusNames = ["names", "words", "own"] as const;
export const learningRates = ["0.001", "0.003", "0.01"] as const;

export const fields = {
  network: choice(networkNames, "attention"),
  corpus: choice(corpusNames, "names"),
  /** What is learned if the corpus is `own`: one word in each line. */
  lines: text("", 4000),
  rate: choice(learningRates, "0.003"),
  width: choice(["16", "32", "64"], "32"),
  seed: integer({ min: 0, max: 2 ** 31 - 1, initial: 1 }),
  /** Per cent: how daring letters are drawn. */
  temperature: integer({ min: 10, max: 200, initial: 80 }),
  probe: text("gradus", 24),
};

export type State = StateOf<typeof fields>;
