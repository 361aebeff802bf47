import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load, save } from "@gradus/serialization/node";
import { MLP } from "@gradus/models";
import { arange, equal, manualSeed, randn, type Tensor, zeros } from "gradus";

/** Tensors, lists and dictionaries of them, and what a network has learned go to files that PyTorch opens, and come back. */
export async function files(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "gallery-"));
  const file = (name: string): string => join(directory, name);
  try {
    const x = arange(4);
    await save(x, file("x-file"));
    console.log(await load(file("x-file")));

    const y = zeros([4]);
    await save([x, y], file("x-files"));
    const [x2, y2] = (await load(file("x-files"))) as Tensor[];
    console.log(x2, y2);

    await save({ x, y }, file("mydict"));
    console.log(await load(file("mydict")));

    manualSeed(0);
    const net = new MLP([20, 256, 10]);
    const input = randn([2, 20]);
    const output = net.call(input);
    await save(net.stateDict(), file("mlp.params"));

    const clone = new MLP([20, 256, 10]);
    clone.loadStateDict((await load(file("mlp.params"))) as Record<string, Tensor>);
    console.log(clone.eval());
    console.log("the same output:", equal(clone.call(input), output));
  } finally {
    await rm(directory, { recursive: true });
  }
}
