import { choice, integer, type StateOf, text } from "../../codec.js";

export const networkNames = ["lstm", "attention"] as const;
const corpusNames = ["names", "words", "verse", "own"] as const;
export const learningRates = ["0.001", "0.003", "0.01"] as const;

/** Letters in a line; longer ones are left out. */
export const LONGEST = 40;

export const fields = {
  network: choice(networkNames, "attention"),
  corpus: choice(corpusNames, "names"),
  /** What is learned if the corpus is `own`. */
  lines: text("gradus\ngradient\ngradual\ngrade\ngraduate\ngraph\ngrammar\ngrand\ngravity", 4000),
  rate: choice(learningRates, "0.003"),
  width: choice(["16", "32", "64"], "32"),
  seed: integer({ min: 0, max: 2 ** 31 - 1, initial: 1 }),
  /** Per cent: how daring letters are drawn. */
  temperature: integer({ min: 10, max: 200, initial: 80 }),
  probe: text("gradus", LONGEST),
};

export type State = StateOf<typeof fields>;
