import { arange, ArgumentError, grad, pad, ShapeError, tensor } from "@gradus/tensor-core";
import { describe, expect, it } from "vitest";
import { useDevice } from "./support/device.js";

useDevice();

describe("padding with a tensor's own elements", () => {
  it.each([
    ["reflect", [2, 1], [[2, 1, 0, 1, 2, 1], [5, 4, 3, 4, 5, 4]], [[3, 12, 6], [9, 30, 18]]],
    ["replicate", [2, 1], [[0, 0, 0, 1, 2, 2], [3, 3, 3, 4, 5, 5]], [[6, 4, 11], [24, 10, 23]]],
    ["circular", [3, 1], [[0, 1, 2, 0, 1, 2, 0], [3, 4, 5, 3, 4, 5, 3]], [[12, 7, 9], [33, 21, 23]]],
    ["circular", [-1, 2], [[1, 2, 1, 2], [4, 5, 4, 5]], [[0, 4, 6], [0, 12, 14]]],
    ["reflect", [-1, 1], [[1, 2, 1], [4, 5, 4]], [[0, 4, 2], [0, 10, 5]]],
    ["replicate", [-1, 2], [[1, 2, 2, 2], [4, 5, 5, 5]], [[0, 1, 9], [0, 5, 21]]],
  ] as const)("%s %j, and its gradient", async (mode, padding, want, gradient) => {
    const x = arange(6).to("float64").reshape(1, 2, 3).requiresGrad_();
    const y = pad(x, padding, { mode });
    expect(await y.toArray()).toEqual([want]);
    const [dx] = grad(y.mul(arange(1, 1 + y.numel()).reshape(y.shape)).sum(), [x]);
    expect(await dx.toArray()).toEqual([gradient]);
  });

  it("goes dimension by dimension, corners included", async () => {
    const x = tensor([[1, 2], [3, 4]]);
    expect(await pad(x, [1, 1, 1, 0], { mode: "circular" }).toArray()).toEqual([[4, 3, 4, 3], [2, 1, 2, 1], [4, 3, 4, 3]]);
  });

  it("reaches no further than the tensor does", () => {
    const x = tensor([[1, 2, 3]]);
    expect(() => pad(x, [3, 0], { mode: "reflect" })).toThrow(new ShapeError('pad: expected padding of at most 2 for 3 elements with mode "reflect", got [3, 0] for dimension 1 of [1, 3]'));
    expect(() => pad(x, [4, 0], { mode: "circular" })).toThrow(ShapeError);
    expect(() => pad(tensor([[]]), [1, 0], { mode: "replicate" })).toThrow(ShapeError);
    expect(() => pad(x, [1, 0], { mode: "mirror" as "reflect" })).toThrow(new ArgumentError('pad: expected mode "constant", "reflect", "replicate" or "circular", got "mirror"'));
  });
});
