import { Generator, tensor, type Tensor } from "@gradus/tensor-core";
import { expect } from "vitest";

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
