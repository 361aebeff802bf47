import { interpreter } from "@gradus/kernel-ir/interpreter";
import { gradcheck, maskedSelect, tensor, Tensor } from "@gradus/tensor-core";
import * as core from "@gradus/tensor-core";
import * as masked from "@gradus/tensor-core/masked";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { useDevice } from "./support/device.js";

// Values are compared at once.
useDevice(() => interpreter());

/** The reductions, and what they are without a mask. */
const reductions: Readonly<Record<string, readonly [with_: (x: Tensor, mask: Tensor) => Tensor, without: (x: Tensor) => Tensor]>> = {
  sum: [(x, mask) => masked.sum(x, { mask }), (x) => core.sum(x)],
  prod: [(x, mask) => masked.prod(x, { mask }), (x) => core.prod(x)],
  amax: [(x, mask) => masked.amax(x, { mask }), (x) => core.amax(x)],
  amin: [(x, mask) => masked.amin(x, { mask }), (x) => core.amin(x)],
  mean: [(x, mask) => masked.mean(x, { mask }), (x) => core.mean(x)],
  var: [(x, mask) => masked.var(x, { mask }), (x) => core.varMean(x, { correction: 0 })[0]],
  std: [(x, mask) => masked.std(x, { mask }), (x) => core.std(x, { correction: 0 })],
  "norm 3": [(x, mask) => masked.norm(x, { mask, ord: 3 }), (x) => core.norm(x, { p: 3 })],
  "norm -∞": [(x, mask) => masked.norm(x, { mask, ord: -Infinity }), (x) => core.norm(x, { p: -Infinity })],
  normalize: [(x, mask) => maskedSelect(masked.normalize(x, 1, 0, { mask }), mask), (x) => core.normalize(x, { p: 1, dim: 0 })],
  logsumexp: [(x, mask) => masked.logsumexp(x, { mask }), (x) => core.logsumexp(x, { dim: 0 })],
  softmax: [(x, mask) => maskedSelect(masked.softmax(x, 0, { mask }), mask), (x) => core.softmax(x, 0)],
  logSoftmax: [(x, mask) => maskedSelect(masked.logSoftmax(x, 0, { mask }), mask), (x) => core.logSoftmax(x, 0)],
  softmin: [(x, mask) => maskedSelect(masked.softmin(x, 0, { mask }), mask), (x) => core.softmax(x.neg(), 0)],
  cumsum: [(x, mask) => maskedSelect(masked.cumsum(x, 0, { mask }), mask), (x) => core.cumsum(x, 0)],
  cumprod: [(x, mask) => maskedSelect(masked.cumprod(x, 0, { mask }), mask), (x) => core.cumprod(x, 0)],
};

const elements = fc.array(fc.tuple(fc.integer({ min: -20, max: 20 }).map((x) => x / 8), fc.boolean()), { minLength: 1, maxLength: 12 }).filter((all) => all.some(([, kept]) => kept));
const split = (all: readonly (readonly [number, boolean])[]): [Tensor, Tensor] => [
  tensor(all.map(([x]) => x), { dtype: "float64" }),
  tensor(all.map(([, kept]) => kept)),
];

describe("a function with a mask", () => {
  it.each(Object.entries(reductions))("%s is the one without of the elements that are left", (_, [withMask, without]) => {
    fc.assert(fc.property(elements, (all) => {
      const [x, mask] = split(all);
      const [actual, expected] = [withMask(x, mask), without(maskedSelect(x, mask))].map((y) => Array.from(y.readSync() as Float64Array)) as [number[], number[]];
      expect(actual.length).toBe(expected.length);
      actual.forEach((y, i) => { expect(y).toBeCloseTo(expected[i]!, 10); });
    }), { numRuns: 60 });
  });

  it("median takes the lower middle of what is left, along a dimension", () => {
    const x = tensor([[5, 1, 4, 2], [3, NaN, 1, 2]]);
    const mask = tensor([[true, true, true, false], [true, true, false, true]]);
    expect(masked.median(x, { mask }).toArraySync()).toEqual([4, 2]);
    expect(masked.median(x, { mask: tensor([[false], [true]]), keepdim: true }).toArraySync()).toEqual([[NaN], [2]]);
  });

  it("finds positions, in the type of the input as PyTorch does", () => {
    const x = tensor([[5, 1, 4], [3, 9, 1]]);
    const mask = tensor([false, true, true]);
    expect(masked.argmax(x, { mask, dim: 1 }).toArraySync()).toEqual([2, 1]);
    expect(masked.argmin(x, { mask, dim: 1, dtype: "int64" }).dtype).toBe("int64");
    expect(masked.argmax(x, { mask }).dtype).toBe("float32");
  });

  it("gives the identity where nothing is left", () => {
    const none = { mask: tensor([false, false]) };
    expect([masked.sum, masked.prod, masked.amax, masked.amin, masked.mean, masked.logsumexp].map((f) => f(tensor([1, 2]), none).itemSync())).toEqual([0, 1, -Infinity, Infinity, NaN, -Infinity]);
    for (const [dtype, least, most] of [["int8", -128, 127], ["uint8", 0, 255], ["int64", -(2n ** 63n), 2n ** 63n - 1n]] as const) {
      const x = tensor([1, 2], { dtype });
      expect([masked.amax(x, none).itemSync(), masked.amin(x, none).itemSync()]).toEqual([least, most]);
    }
  });

  it("takes everything without a mask, and broadcasts one", () => {
    const x = tensor([[1, 2], [3, 4]]);
    expect(masked.sum(x).itemSync()).toBe(10);
    expect(masked.mean(x, { dim: 1 }).toArraySync()).toEqual([1.5, 3.5]);
    expect(masked.sum(x, { mask: tensor([[true], [false]]), dim: 0 }).toArraySync()).toEqual([1, 2]);
  });

  it("has the gradients of what is left", async () => {
    const x = tensor([[0.5, -1, 2], [1.5, 0.25, -0.75]], { dtype: "float64", requiresGrad: true });
    const mask = tensor([[true, false, true], [true, true, true]]);
    const functions: readonly ((x: Tensor) => Tensor)[] = [
      (y) => masked.sum(y, { mask, dim: 1 }), (y) => masked.prod(y, { mask, dim: 1 }), (y) => masked.amax(y, { mask, dim: 1 }), (y) => masked.mean(y, { mask, dim: 0 }),
      (y) => masked.var(y, { mask, correction: 1 }), (y) => masked.std(y, { mask, dim: 1 }), (y) => masked.logsumexp(y, { mask, dim: 1 }), (y) => masked.median(y, { mask }), (y) => masked.norm(y, { mask, dim: 1 }), (y) => masked.normalize(y, 2, 1, { mask }),
      (y) => masked.softmax(y, 1, { mask }), (y) => masked.softmin(y, 0, { mask }), (y) => masked.cumsum(y, 1, { mask }), (y) => masked.cumprod(y, 0, { mask }),
    ];
    for (const f of functions) await gradcheck(f, [x]);
  });

  it("refuses masks that do not fit", () => {
    const x = tensor([[1, 2], [3, 4]]);
    expect(() => masked.sum(x, { mask: tensor([1, 0]) })).toThrow("masked.sum: expected a bool mask, got float32; compare first, as in mask.ne(0)");
    expect(() => masked.mean(x, { mask: tensor([true, true, false]) })).toThrow("masked.mean: expected a mask that broadcasts to [2, 2], got [3]");
    expect(() => masked.amax(tensor([1, 2]), { mask: tensor([[true, true]]) })).toThrow("masked.amax: expected a mask that broadcasts to [2], got [1, 2]");
  });
});
