import { choice, integer, list, type StateOf, text } from "../../codec.js";

/** More elements than these are no picture any more. */
export const MOST_ELEMENTS = 96;

const size = integer({ min: 0, max: 24, initial: 2 });

export const fields = {
  view: choice(["views", "broadcast"], "views"),
  shape: list(size, [3, 4], { most: 4 }),
  chain: text(".transpose(0, 1).slice(0, 1, 4, 2)", 200),
  a: list(size, [3, 1], { most: 4 }),
  b: list(size, [4], { most: 4 }),
};

export type State = StateOf<typeof fields>;

export const chains: readonly (readonly [shape: readonly number[], chain: string])[] = [
  [[3, 4], ".transpose(0, 1)"],
  [[3, 4], ".slice(1, 0, 4, 2)"],
  [[2, 3, 4], ".permute(2, 0, 1)"],
  [[3, 1], ".expand(3, 5)"],
  [[3, 4], ".select(0, 1)"],
  [[3, 4], ".transpose(0, 1).contiguous()"],
  [[3, 4], ".transpose(0, 1).view(12)"],
  [[2, 6], ".reshape(3, 4).unsqueeze(1)"],
];

export const pairs: readonly (readonly [a: readonly number[], b: readonly number[]])[] = [
  [[3, 1], [4]],
  [[2, 3], [3]],
  [[2, 3], [2]],
  [[2, 1, 3], [4, 1]],
  [[], [2, 3]],
  [[4], [3, 1, 1]],
];
