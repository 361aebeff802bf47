import { MLP } from "@gradus/models";
import type { Backend } from "@gradus/kernel-ir";
import { functional as F, manualSeed, memoryStats, randint, randn, reclaim, SGD, withDefaultDevice } from "gradus";
import type { Tensor } from "gradus";
import { expect, vi } from "vitest";

interface Run {
  readonly device: Backend;
  readonly steps: number;
  /** Rows of the input: what a step makes grows with them. */
  readonly batch: number;
  /** Whether the loop reads each loss by `await`, or at once now and then. */
  readonly awaits: boolean;
}

/** Steps after which an activation that was kept is read. */
const later = 100;

/**
 * Trains a small model in the plainest way: no scope, no dispose. A step leaves about 2.4 kB to the collector for
 * each row, so that ten thousand steps of 256 rows would need 6 GB without it. The caller keeps the tensor of every loss, and now and then an activation, which it reads a hundred steps later.
 */
export async function expectFlat({ device, steps, batch, awaits }: Run): Promise<void> {
  const { net, optimizer, x, target } = withDefaultDevice(device, () => {
    manualSeed(0);
    const model = new MLP([32, 256, 10]);
    return { net: model, optimizer: new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 }), x: randn([batch, 32]), target: randint(0, 10, [batch]) };
  });
  const step = (): { readonly loss: Tensor; readonly output: Tensor } => {
    optimizer.zeroGrad();
    const output = net.call(x);
    const loss = F.crossEntropy(output, target);
    loss.backward();
    optimizer.step();
    return { loss, output };
  };
  let garbage = 0;
  const kept: Tensor[] = [];
  const losses: number[] = [];
  let old: { readonly output: Tensor; readonly loss: number; readonly since: number } | null = null;
  for (let i = 0; i < steps; i++) {
    const { loss, output } = step();
    kept.push(loss);
    // From the second step on only garbage is added: gradients and the optimizer's state are there.
    if (i === 1) garbage = -memoryStats(device).bytes;
    if (i === 2) garbage += memoryStats(device).bytes;
    if (awaits) losses.push(await loss.item());
    else if (i % 10 === 0) losses.push(loss.itemSync());
    if (old !== null && i === old.since + later) {
      // What the old activation says of its loss is still what was read then.
      const again = F.crossEntropy(old.output.detach(), target);
      expect(awaits ? await again.item() : again.itemSync()).toBe(old.loss);
      old = null;
    }
    if (i % (steps / 10) === 0) old = { output, loss: losses.at(-1)!, since: i };
  }
  expect(await kept[0]!.item()).toBe(losses[0]);
  // How much is in use between two collections depends on how long they take, up to half of what the device has.
  const { peakBytes, collections } = memoryStats(device);
  expect(peakBytes).toBeLessThanOrEqual((device.limits.totalBytes ?? Infinity) / 2);
  expect(steps * garbage, "left to the collector in all").toBeGreaterThan(1.2 * peakBytes);
  expect(collections).toBeGreaterThan(0);
  /** Browsers collect when they see fit, if asked often enough. */
  const reclaimed = (check: () => void): Promise<void> =>
    vi.waitFor(async () => {
      await reclaim(device);
      check();
    }, { timeout: 60_000 });
  // The model, its gradients, the optimizer's state, the data; a few hundred bytes for each loss and what shares its group.
  await reclaimed(() => { expect(memoryStats(device).bytes).toBeLessThan(2e6 + 200 * steps); });
  kept.length = 0;
  expect(losses.at(-1)!).toBeLessThan(losses[0]!);
  expect(losses.every(Number.isFinite)).toBe(true);
  // The model, its gradients, the optimizer's state, the data, and what shares a group of 64 with them.
  await reclaimed(() => { expect(memoryStats(device).storages).toBeLessThan(256); });
}
