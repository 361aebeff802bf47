import { choice, flag, integer, type StateOf, text } from "../../codec.js";

export const modelNames = ["mlp", "lenetDigits", "lenet", "resnet18", "resnet50", "inception", "tagger", "lstm", "gpt", "transformer"] as const;
export type ModelName = (typeof modelNames)[number];

export const fields = {
  model: choice(modelNames, "lenetDigits"),
  seed: integer({ min: 0, max: 2 ** 31 - 1, initial: 0 }),
  training: flag(true),
  /** The parameter or buffer that is looked at. */
  chosen: text("conv1.weight", 200),
};

export type State = StateOf<typeof fields>;
