import { webgpu } from "@gradus/backend-webgpu";
import { LeNet } from "@gradus/models";
import type { DeviceLike } from "gradus";
import { Adam, cpu, DataLoader, functional as F, loadDigits, manualSeed, openScope, setDefaultDevice } from "gradus";
import { expect, it } from "vitest";

/** Losses of a LeNet that learns to read digits, as the demo does, on a page. */
async function losses(device: DeviceLike, steps: number): Promise<number[]> {
  setDefaultDevice(device);
  const { train } = await loadDigits();
  manualSeed(0);
  const net = LeNet.forDigits();
  const optimizer = new Adam(net.parameters());
  const read: number[] = [];
  for (const [x, y] of new DataLoader(train, { batchSize: 16, shuffle: true })) {
    const scope = openScope();
    const loss = scope.run(() => {
      optimizer.zeroGrad();
      const result = F.crossEntropy(net.call(x), y);
      result.backward();
      optimizer.step();
      return result;
    });
    read.push(await loss.item());
    scope.close();
    if (read.length === steps) break;
  }
  return read;
}

it("the demo's training gives the CPU's losses on WebGPU", { timeout: 300_000 }, async () => {
  const device = await webgpu();
  const [actual, expected] = [await losses(device, 10), await losses(cpu(), 10)];
  actual.forEach((loss, i) => { expect(Math.abs(loss - expected[i]!), `step ${i}`).toBeLessThan(1e-4); });
  expect(actual.at(-1)!).toBeLessThan(actual[0]!);
  setDefaultDevice(cpu());
  device.dispose();
});
