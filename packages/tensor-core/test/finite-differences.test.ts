import { interpreter } from "@gradus/kernel-ir/interpreter";
import { conj, conjPhysical, DTypeError, gradcheck, gradient, ones, positive, resolveConj, resolveNeg, tensor, Tensor } from "@gradus/tensor-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { leaf } from "./support/data.js";
import { useDevice } from "./support/device.js";

useDevice(() => interpreter());

const close = (list: readonly number[]): number[] => list.map((value) => expect.closeTo(value, 6) as number);
const values = (x: Tensor): number[] => Array.from(x.detach().readSync(), Number);

describe("gradient", () => {
  it("of a parabola is exact wherever differences of second order are taken", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 6 }), fc.boolean(), (gaps, even) => {
        const at = gaps.reduce<number[]>((list, gap) => [...list, list.at(-1)! + (even ? 0.5 : gap)], [0]);
        const x = tensor(at.map((t) => 3 * t * t - t), { dtype: "float64" });
        const [slope] = gradient(x, { spacing: even ? 0.5 : [tensor(at, { dtype: "float64" })], edgeOrder: 2 });
        expect(values(slope!)).toEqual(close(at.map((t) => 6 * t - 1)));
      }),
    );
  });

  it("along the dimensions that are named, with a spacing for each", () => {
    const x = tensor([[1, 2, 4], [3, 6, 12]], { dtype: "int64" });
    const [down, right] = gradient(x, { spacing: [2, 1] });
    expect([down!.toArraySync(), right!.toArraySync()]).toEqual([[[1, 2, 4], [1, 2, 4]], [[1, 1.5, 2], [3, 4.5, 6]]]);
    expect(gradient(x, { dim: -1 }).map((y) => y.toArraySync())).toEqual([right!.toArraySync()]);
  });

  it("has the gradient of its differences", async () => {
    await gradcheck((x) => gradient(x, { edgeOrder: 2 }), [leaf([3, 4])], { name: "gradient" });
    await gradcheck((x) => gradient(x, { spacing: [tensor([0, 1, 3, 4], { dtype: "float64" })] }), [leaf([4])], { name: "gradient" });
  });

  it("refuses by name", () => {
    expect(() => gradient(ones([3, 1]))).toThrow("gradient: expected at least 2 elements along dimension 1, got shape [3, 1]");
    expect(() => gradient(ones([3, 3]), { spacing: [1], dim: [1, 0] })).toThrow("gradient: expected a spacing for each of 2 dimensions, got 1");
    expect(() => gradient(ones([3, 3]), { dim: [1, 1] })).toThrow("gradient: expected each dimension once");
    expect(() => gradient(ones([3, 3]), { dim: 3 })).toThrow("gradient: expected a dimension in [-2, 1], got 3");
  });
});

it("of real numbers the conjugates are the numbers themselves", () => {
  const x = tensor([1, -2]);
  expect([conj, conjPhysical, resolveConj, resolveNeg, positive].every((f) => f(x) === x)).toBe(true);
  expect(() => positive(tensor([true]))).toThrow(DTypeError);
});
