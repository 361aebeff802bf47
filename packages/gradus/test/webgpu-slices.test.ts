import { webgpu } from "@gradus/backend-webgpu";
import type { WebGpuBackend } from "@gradus/backend-webgpu";
import type { Backend } from "@gradus/kernel-ir";
import { UnsupportedError } from "@gradus/kernel-ir";
import type { Tensor } from "gradus";
import { cat, cpu, cumsum, functional as F, manualSeed, randn, relu, softmax, sort, tensor, where, withDefaultDevice, zeros } from "gradus";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { withBindingsOf } from "./support/small-bindings.js";

/** Values that look random, the same on every device. */
const values = (device: Backend, ...shape: number[]): Tensor => {
  const length = shape.reduce((a, b) => a * b, 1);
  return tensor(Float32Array.from({ length }, (_, i) => Math.sin(12.9898 * i) * 3), { shape, device });
};

describe.skipIf(!inject("webgpu"))("tensors that are larger than a binding", () => {
  const largest = 16 * 1024;
  let small: WebGpuBackend;
  beforeAll(async () => {
    const { device } = await webgpu();
    small = await webgpu({ device: withBindingsOf(largest, device) });
    return () => {
      small.dispose();
      device.destroy();
    };
  });

  // Each operand with "large" in its name has 40 000 bytes or more.
  const cases: Readonly<Record<string, (device: Backend) => Tensor>> = {
    "elementwise": (device) => values(device, 100, 101).mul(2).add(values(device, 100, 101)),
    "a row or a column for all": (device) => values(device, 100, 101).add(values(device, 101)).mul(values(device, 100, 1)),
    "in place": (device) => values(device, 100, 101).mul_(3).add_(1),
    "transposed": (device) => values(device, 100, 101).t().contiguous(),
    "every other element, backwards": (device) => values(device, 100, 202).slice(1, 0, 202, 2).flip(0).contiguous(),
    "rows that are reduced": (device) => values(device, 100, 101).sum({ dim: 1 }),
    "columns that are reduced": (device) => values(device, 30, 20, 21).sum({ dim: 1 }),
    "softmax": (device) => softmax(values(device, 40, 301), 1),
    "a product with a large left side": (device) => values(device, 300, 40).matmul(values(device, 40, 50)),
    "a product with a large right side": (device) => values(device, 50, 40).matmul(values(device, 300, 40).t()),
    "a product of batches": (device) => values(device, 10, 30, 40).matmul(values(device, 10, 40, 20)),
    "a convolution": (device) => F.conv2d(values(device, 8, 3, 30, 31), values(device, 5, 3, 3, 3), null, { padding: 1, stride: 2 }),
    "maximum pooling": (device) => F.maxPool2d(values(device, 8, 3, 30, 31), 2),
    "running sums": (device) => cumsum(values(device, 40, 301), 1),
    "sorted rows": (device) => sort(values(device, 40, 301), { dim: 1 }).values,
    "a condition": (device) => where(values(device, 100, 101).gt(0), relu(values(device, 100, 101)), zeros([100, 101], { device })),
    "joined": (device) => cat([values(device, 60, 101), values(device, 60, 101)], 0),
    "gathered from a small table": (device) => values(device, 10, 30).indexSelect(0, tensor(BigInt64Array.from({ length: 1000 }, (_, i) => BigInt((7 * i) % 10)), { device })),
  };

  it.each(Object.entries(cases))("%s", async (_, compute) => {
    const expected = await compute(cpu()).toArray();
    const before = small.stats().dispatches;
    const actual = compute(small);
    const flat = (nested: unknown): number[] => [nested].flat(Infinity) as number[];
    const got = flat(await actual.toArray());
    flat(expected).forEach((value, i) => { expect(Math.abs(got[i]! - value), `element ${i}`).toBeLessThanOrEqual(1e-4 * Math.max(1, Math.abs(value))); });
    expect(small.stats().dispatches).toBeGreaterThan(before);
  });

  it("are refused before any work where every result needs all of them", () => {
    const large = values(small, 100, 101);
    const { dispatches } = small.stats();
    expect(() => large.sum()).toThrow(UnsupportedError);
    expect(() => large.sum()).toThrow(`sum: expected buffers that bindings of ${largest} bytes hold, or work that can be divided, got 40400 bytes that one result needs`);
    expect(() => large.indexSelect(0, tensor([99n, 0n], { device: small }))).toThrow(UnsupportedError);
    expect(small.stats().dispatches).toBe(dispatches);
  });

  it("train a model", async () => {
    const losses = async (device: Backend): Promise<number[]> => {
      const weight = withDefaultDevice(device, () => {
        manualSeed(0);
        return randn([60, 200], { requiresGrad: true });
      });
      const [x, y] = [values(device, 12, 200), values(device, 12, 60)];
      const read: number[] = [];
      for (let i = 0; i < 3; i++) {
        weight.grad = null;
        const loss = F.mseLoss(x.matmul(weight.t()), y);
        loss.backward();
        weight.data.sub_(weight.grad!.mul(0.01));
        read.push(await loss.item());
      }
      return read;
    };
    const [actual, expected] = [await losses(small), await losses(cpu())];
    actual.forEach((loss, i) => { expect(Math.abs(loss - expected[i]!) / expected[i]!).toBeLessThan(1e-4); });
  });
});
