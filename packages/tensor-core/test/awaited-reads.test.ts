import { interpreter } from "@gradus/kernel-ir/interpreter";
import { AutogradError, awaitReads, DeviceError, defaultGenerator, GuardError, grad, manualSeed, memoryStats, multinomial, rand, tensor, unique, withDefaultDevice } from "@gradus/tensor-core";
import type { Tensor } from "@gradus/tensor-core";
import { describe, expect, it } from "vitest";
import { useDevice } from "./support/device.js";

describe("awaitReads on a device that cannot be read at once", () => {
  const device = useDevice();

  it("gives ops what they have to know about values", async () => {
    const x = tensor([[0, 2], [3, 0]]);
    expect(() => x.nonzero()).toThrow('nonzero: expected a device that can read at once, because the size of the result depends on values, got "interpreter"; use where(mask, a, b), or `await awaitReads(() => …)`');
    expect(await (await awaitReads(() => x.nonzero())).toArray()).toEqual([[0, 1], [1, 0]]);
    expect(await (await awaitReads(() => x.get(x.gt(0)))).toArray()).toEqual([2, 3]);
    expect(await awaitReads(() => x.sum().itemSync())).toBe(5);
    const { output, counts } = await awaitReads(() => unique(tensor([3, 1, 3]), { returnCounts: true }));
    expect([await output.toArray(), await counts.toArray()]).toEqual([[1, 3], [1, 2]]);
  });

  it("runs once more for each value that it has to wait for, and keeps none of what ended attempts made", async () => {
    const x = tensor([1, 2]);
    let attempts = 0;
    const before = memoryStats().storages;
    const result = await awaitReads(() => {
      attempts++;
      const made = [x.add(1), x.add(2)];
      return made.map((y) => y.sum().itemSync());
    });
    expect(result).toEqual([5, 7]);
    expect(attempts).toBe(3);
    // The tensors of the attempt that went through are an ordinary program's.
    expect(memoryStats().storages - before).toBeLessThanOrEqual(4);
  });

  it("draws the same random numbers as a device that can be read", async () => {
    const sample = (): Tensor => multinomial(rand([5]), 4, { replacement: true });
    manualSeed(3);
    const drawn = await (await awaitReads(sample)).toArray();
    const after = defaultGenerator().getState();
    manualSeed(3);
    expect(drawn).toEqual(await withDefaultDevice(interpreter(), sample).toArray());
    expect(after).toEqual(defaultGenerator().getState());
  });

  it("differentiates a graph from outside, whose backward pass reads", async () => {
    const x = tensor([1, 2, 3], { requiresGrad: true });
    const y = x.square();
    const found = await awaitReads(() => {
      const [g] = grad(y.sum(), [x]);
      return g.get(g.gt(3));
    });
    expect(await found.toArray()).toEqual([4, 6]);
  });

  it("refuses backward(), whose gradients each attempt would add", async () => {
    const x = tensor([1, 2], { requiresGrad: true });
    const added = awaitReads(() => { x.square().sum().backward(); return x.sum().itemSync(); });
    await expect(added).rejects.toThrow(new AutogradError("backward: expected to run once, got a callback of awaitReads, which runs again for each value that it needs; use grad() there, which adds to nothing, or backward() after it"));
    expect(x.grad).toBeNull();
  });

  it("rejects with the error of the callback, or of the read, and is over then", async () => {
    const x = tensor([1]);
    await expect(awaitReads(() => { x.itemSync(); throw new RangeError("mine"); })).rejects.toThrow("mine");
    const wrong = x.gather(0, tensor([5], { dtype: "int64" }));
    await expect(awaitReads(() => wrong.itemSync())).rejects.toThrow(GuardError);
    await expect(awaitReads(() => Promise.resolve(1))).rejects.toThrow("awaitReads: expected a synchronous callback, got a promise");
    expect(() => x.readSync()).toThrow(new DeviceError(`readSync: expected a device that can read at once, got "${device.name}"; use \`await t.read()\`, or run this in awaitReads()`));
  });

  it("keeps two of them apart that wait at the same time", async () => {
    const [x, y] = [tensor([1]), tensor([2])];
    expect(await Promise.all([awaitReads(() => [x.itemSync(), y.itemSync()]), awaitReads(() => [y.itemSync(), x.itemSync()])])).toEqual([[1, 2], [2, 1]]);
  });
});

describe("awaitReads on a device that can be read at once", () => {
  useDevice(() => interpreter());

  it("runs once", async () => {
    let attempts = 0;
    expect(await awaitReads(() => { attempts++; return tensor([4]).itemSync(); })).toBe(4);
    expect(attempts).toBe(1);
  });
});
