import { interpreter } from "@gradus/kernel-ir/interpreter";
import { conv2d, convTranspose2d, randn } from "@gradus/tensor-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { useDevice } from "./support/device.js";

useDevice(interpreter);

type Nested = number[][][][];
const values = (x: { toArraySync(): unknown }): Nested => x.toArraySync() as Nested;

/** The definition: each element of the input puts a scaled kernel down in the result. */
function putDown(x: Nested, weight: Nested, size: readonly [number, number], { stride, padding, dilation, groups }: Record<"stride" | "padding" | "dilation" | "groups", number>): Nested {
  const perGroup = weight[0]!.length;
  const inGroup = x[0]!.length / groups;
  const y = x.map(() => Array.from({ length: perGroup * groups }, () => Array.from({ length: size[0] }, () => new Array<number>(size[1]).fill(0))));
  x.forEach((image, b) => image.forEach((channel, c) => channel.forEach((row, h) => row.forEach((value, w) => {
    weight[c]!.forEach((kernel, o) => kernel.forEach((taps, p) => taps.forEach((tap, q) => {
      const target = y[b]![perGroup * Math.floor(c / inGroup) + o]![h * stride - padding + p * dilation];
      const at = w * stride - padding + q * dilation;
      if (target !== undefined && at >= 0 && at < target.length) target[at]! += value * tap;
    })));
  }))));
  return y;
}

const geometry = fc.record({
  stride: fc.integer({ min: 1, max: 4 }), padding: fc.integer({ min: 0, max: 2 }), dilation: fc.integer({ min: 1, max: 3 }), groups: fc.integer({ min: 1, max: 2 }),
  kernel: fc.integer({ min: 1, max: 4 }), size: fc.integer({ min: 2, max: 7 }), batch: fc.integer({ min: 1, max: 3 }), channels: fc.integer({ min: 1, max: 3 }),
});

describe("transposed convolution", () => {
  it("puts scaled kernels down, for every stride, padding, dilation and number of groups", () => {
    fc.assert(fc.property(geometry, ({ kernel, size, batch, channels, ...options }) => {
      const x = randn([batch, channels * options.groups, size, size + 1], { dtype: "float64" });
      const weight = randn([channels * options.groups, 2, kernel, kernel], { dtype: "float64" });
      const side = (n: number): number => (n - 1) * options.stride - 2 * options.padding + options.dilation * (kernel - 1) + 1;
      fc.pre(side(size) > 0);
      const y = convTranspose2d(x, weight, null, options);
      const expected = putDown(values(x), values(weight), [side(size), side(size + 1)], options);
      expect(y.shape).toEqual([batch, 2 * options.groups, side(size), side(size + 1)]);
      values(y).flat(3).forEach((value, i) => expect(value).toBeCloseTo(expected.flat(3)[i] ?? NaN, 10));
    }), { numRuns: 60 });
  });

  it("is what the gradient of a convolution does, also where the stride leaves a rest", () => {
    fc.assert(fc.property(geometry, ({ kernel, size, batch, channels, ...options }) => {
      const reach = options.dilation * (kernel - 1) + 1;
      fc.pre(size + 2 * options.padding >= reach);
      const x = randn([batch, channels * options.groups, size, size + 1], { dtype: "float64", requiresGrad: true });
      const weight = randn([2 * options.groups, channels, kernel, kernel], { dtype: "float64" });
      const y = conv2d(x, weight, null, options);
      const g = randn(y.shape, { dtype: "float64" });
      y.backward(g);
      const expected = putDown(values(g), values(weight), [size, size + 1], options);
      values(x.grad!).flat(3).forEach((value, i) => expect(value).toBeCloseTo(expected.flat(3)[i] ?? NaN, 10));
    }), { numRuns: 60 });
  });
});
