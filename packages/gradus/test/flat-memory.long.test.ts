import { webgpu } from "@gradus/backend-webgpu";
import { cpu, Linear, manualSeed, memoryStats, reclaim, SGD, tensor, withDefaultDevice } from "gradus";
import { describe, expect, inject, it } from "vitest";
import { expectFlat } from "./support/flat-memory.js";

describe("ten thousand eager steps without any dispose keep memory flat", () => {
  it("in a synchronous loop", () => expectFlat({ device: cpu(), steps: 10_000, batch: 256, awaits: false }));
  it("in a loop that awaits", () => expectFlat({ device: cpu(), steps: 10_000, batch: 256, awaits: true }));
});

describe.skipIf(!inject("webgpu"))("ten thousand eager steps of a tiny model on WebGPU", () => {
  it("keep buffers and bytes flat without any dispose", async () => {
    const device = await webgpu();
    const { net, optimizer, x } = withDefaultDevice(device, () => {
      manualSeed(0);
      const model = new Linear(4, 1);
      return { net: model, optimizer: new SGD(model.parameters(), { lr: 0.01 }), x: tensor([[1, 2, 3, 4], [0, 1, 0, -1]]) };
    });
    const seen: { readonly buffers: number; readonly bytesReserved: number; readonly storages: number }[] = [];
    for (let i = 0; i < 10_000; i++) {
      optimizer.zeroGrad();
      const loss = net.call(x).square().mean();
      loss.backward();
      optimizer.step();
      if (i % 10 === 0) await loss.item();
      if (i % 2000 === 1999) {
        await reclaim(device);
        const { buffers, bytesReserved } = device.stats();
        seen.push({ buffers, bytesReserved, storages: memoryStats(device).storages });
      }
    }
    const [first] = seen;
    for (const { buffers, bytesReserved, storages } of seen) {
      // Give or take a group of small storages that some variable still holds.
      expect(Math.abs(buffers - first!.buffers)).toBeLessThan(128);
      expect(Math.abs(storages - first!.storages)).toBeLessThan(128);
      expect(bytesReserved).toBeLessThan(2 * first!.bytesReserved + 2 ** 20);
    }
    device.dispose();
  });
});
