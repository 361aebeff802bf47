import type { Dataset, Tensor } from "gradus";
import { Adam, DataLoader, functional as F, loadDigits, manualSeed, memoryStats, noGrad, reclaim, scope } from "gradus";
import { LeNet } from "@gradus/models";
import { expect, test } from "vitest";

type Images = Dataset<readonly [Tensor, Tensor]>;

function accuracy(net: LeNet, images: Images): number {
  let right = 0;
  for (const [x, y] of new DataLoader(images, { batchSize: 128 })) right += scope(() => noGrad(() => net.call(x).argmax({ dim: 1 }).eq(y).sum().itemSync()));
  return right / images.length;
}

test("LeNet reads digits after five epochs, and an epoch leaves nothing behind", async () => {
  const { train, test: held } = await loadDigits();
  manualSeed(0);
  const net = LeNet.forDigits();
  const optimizer = new Adam(net.parameters());
  const storages: number[] = [];
  for (let epoch = 0; epoch < 5; epoch++) {
    for (const [x, y] of new DataLoader(train, { batchSize: 32, shuffle: true })) {
      scope(() => {
        optimizer.zeroGrad();
        F.crossEntropy(net.call(x), y).backward();
        optimizer.step();
      });
      x.dispose();
      y.dispose();
    }
    // Gradients that zeroGrad() let go are the garbage collector's.
    await reclaim();
    storages.push(memoryStats().storages);
  }
  // Give or take a group of small storages that some variable still holds.
  expect(Math.max(...storages) - Math.min(...storages)).toBeLessThan(64);
  expect(accuracy(net.eval(), held)).toBeGreaterThanOrEqual(0.97);
});
