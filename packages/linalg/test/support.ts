import { Generator, memoryStats, reclaim, setDefaultDevice, tensor, type Tensor } from "@gradus/tensor-core";
import { cpu } from "@gradus/backend-cpu";
import { afterAll, beforeAll, expect } from "vitest";

/** The device of a test file; afterwards nothing may be left on it. */
export function useCpu(): void {
  const device = cpu();
  beforeAll(() => setDefaultDevice(device));
  afterAll(async () => {
    setDefaultDevice(null);
    await new Promise((resolve) => setTimeout(resolve, 0));
    await reclaim(device);
    const { storages, bytes } = memoryStats(device);
    expect({ storages, bytes }, "left behind").toEqual({ storages: 0, bytes: 0 });
  });
}

/** Standard normal numbers in float64, the same for the same seed. Requires grad. */
export function leaf(shape: readonly number[], seed = 1): Tensor {
  const values = new Float64Array(shape.reduce((count, size) => count * size, 1));
  new Generator(seed).normal(values);
  return tensor(values, { shape, requiresGrad: true });
}

export const values = (x: Tensor): number[] => Array.from(x.detach().readSync(), Number);

/** Fails unless all elements are as close as float64 allows for well-conditioned problems. */
export function expectEqual(got: Tensor, want: Tensor, digits = 10): void {
  expect(got.shape).toEqual(want.shape);
  expect(values(got)).toEqual(values(want).map((value) => expect.closeTo(value, digits) as number));
}
