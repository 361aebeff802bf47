import { MLP } from "@gradus/models";
import { cpu, functional as F, manualSeed, memoryStats, randint, randn, reclaim, SGD, withDefaultDevice } from "gradus";
import { expect } from "vitest";

interface Run {
  readonly steps: number;
  /** Whether the loop reads each loss by `await`, or at once now and then. */
  readonly awaits: boolean;
}

/**
 * Trains a small model in the plainest way: no scope, no dispose. Each step makes about 4 MB, so that without reclaiming a
 * thousand of them would need 4 GB.
 */
export async function expectFlat({ steps, awaits }: Run): Promise<void> {
  const device = cpu();
  const { net, optimizer, x, target } = withDefaultDevice(device, () => {
    manualSeed(0);
    const model = new MLP([32, 256, 10]);
    return { net: model, optimizer: new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 }), x: randn([512, 32]), target: randint(0, 10, [512]) };
  });
  const step = (): ReturnType<typeof F.crossEntropy> => {
    optimizer.zeroGrad();
    const loss = F.crossEntropy(net.call(x), target);
    loss.backward();
    optimizer.step();
    return loss;
  };
  const losses: number[] = [];
  /** Bytes reserved after each tenth of the run. */
  const reserved: number[] = [];
  for (let i = 0; i < steps; i++) {
    const loss = step();
    if (awaits) losses.push(await loss.item());
    else if (i % 10 === 0) losses.push(loss.itemSync());
    if ((i + 1) % (steps / 10) === 0) reserved.push(memoryStats(device).reservedBytes);
  }
  const { peakBytes, collections } = memoryStats(device);
  expect(peakBytes).toBeLessThan(600 * 2 ** 20);
  expect(collections).toBeGreaterThan(3);
  // WebAssembly memory never shrinks, so that flat means: no growth in the second half.
  expect(reserved.at(-1)).toBe(reserved[4]);
  expect(losses.at(-1)!).toBeLessThan(losses[0]!);
  expect(losses.every(Number.isFinite)).toBe(true);
  await reclaim(device);
  // The model, its gradients, the optimizer's state, the data, and what shares a group of 64 with them.
  expect(memoryStats(device).storages).toBeLessThan(150);
}
