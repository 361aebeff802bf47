import { webgpu } from "@gradus/backend-webgpu";
import type { Backend } from "@gradus/kernel-ir";
import { MLP } from "@gradus/models";
import type { Tensor } from "gradus";
import { cpu, functional as F, manualSeed, SGD, tensor, withDefaultDevice } from "gradus";
import { describe, expect, inject, it } from "vitest";

describe.skipIf(!inject("webgpu"))("a device that is lost", () => {
  const shape = [8, 16, 4] as const;

  /** A model with the given parameters, and a step of it. */
  function training(device: Backend, state: readonly Float32Array[] | null): { step(): Tensor; parameters: () => Tensor[] } {
    const net = withDefaultDevice(device, () => {
      manualSeed(2);
      return new MLP([...shape]);
    });
    const parameters = (): Tensor[] => [...net.parameters()];
    state?.forEach((values, i) => {
      const p = parameters()[i]!;
      p.data.copy_(tensor(values, { shape: p.shape, device }));
    });
    const optimizer = new SGD(net.parameters(), { lr: 0.5 });
    const x = tensor(Float32Array.from({ length: 64 }, (_, i) => Math.sin(i)), { shape: [8, 8], device });
    const target = tensor(BigInt64Array.from({ length: 8 }, (_, i) => BigInt(i % 4)), { device });
    const step = (): Tensor => {
      optimizer.zeroGrad();
      const loss = F.crossEntropy(net.call(x), target);
      loss.backward();
      optimizer.step();
      return loss;
    };
    return { step, parameters };
  }

  it("rejects the reads under way within a second, and training goes on on a new one, ten times in a row", async () => {
    const uninterrupted = training(cpu(), null);
    let state: Float32Array[] | null = null;
    for (let round = 0; round < 10; round++) {
      const device = await webgpu();
      const mine = training(device, state);
      expect(await mine.step().item()).toBeCloseTo(await uninterrupted.step().item(), 4);
      state = await Promise.all(mine.parameters().map(async (p) => (await p.detach().read()) as Float32Array));

      const [loss, weight] = [mine.step().item(), mine.parameters()[0]!.read()];
      device.device.destroy();
      const late = new Promise((resolve) => setTimeout(resolve, 1000)).then(() => "nothing after a second");
      const told = Promise.allSettled([loss, weight]).then((results) => results.map((result) => (result.status === "rejected" ? (result.reason as Error).name : result.status)));
      expect(await Promise.race([told, late])).toEqual(["DeviceLostError", "DeviceLostError"]);
      await device.lost;
      expect(device.stats()).toMatchObject({ buffers: 0, bytesInUse: 0, bytesReserved: 0 });
    }
  });
});
