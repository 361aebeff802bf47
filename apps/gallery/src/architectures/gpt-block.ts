import { Block } from "@gradus/models";
import { manualSeed, randn } from "gradus";

/** A block of GPT-2: what it is made of, and that it does not look ahead. */
export function gptBlock(): void {
  manualSeed(0);
  const block = new Block(48, 4);
  console.log(block);
  console.log("parameters:", block.parameters().reduce((sum, parameter) => sum + parameter.numel(), 0));

  const x = randn([1, 6, 48]);
  const y = block.call(x);
  console.log("output:", y.shape);
  console.log(y.get(0, ":", [0, 1, 2, 3]));

  const changed = x.clone();
  changed.set([0, 5], 0);
  console.log("places that notice a change of the last:", block.call(changed).ne(y).any({ dim: -1 }));
}
