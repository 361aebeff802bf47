import { interpreter } from "@gradus/kernel-ir/interpreter";
import { manualSeed, multinomial, poisson, rand, randintLike, randLike, randnLike, tensor, zeros } from "@gradus/tensor-core";
import { beforeEach, expect, it } from "vitest";
import { useDevice } from "../support/device.js";

useDevice(interpreter);
beforeEach(() => void manualSeed(5));

/** One sequence after `torch.manual_seed(5)`, in PyTorch 1.13. */
it("continues like PyTorch's through every distribution", () => {
  expect(zeros([3]).exponential_(2).toArraySync()).toEqual([0.5136321187019348, 0.15038900077342987, 0.22379054129123688]);
  expect(zeros([4], { dtype: "int64" }).geometric_(0.3).toArraySync()).toEqual([4, 4, 1, 2]);
  expect(zeros([2]).cauchy_().toArraySync()).toEqual([0.8275168538093567, 1.9238395690917969]);
  expect(zeros([3]).logNormal_().toArraySync()).toEqual([0.4484216272830963, 4.698760509490967, 0.5237079858779907]);
  expect(zeros([3], { dtype: "int16" }).random_().toArraySync()).toEqual([32459, 27713, 3503]);
  expect(zeros([3], { dtype: "int64" }).random_(-5, 5).toArraySync()).toEqual([1, -1, -1]);
  expect(zeros([3], { dtype: "float16" }).random_().toArraySync()).toEqual([1724, 363, 1201]);
  expect(zeros([6], { dtype: "bool" }).random_().toArraySync()).toEqual([true, true, false, true, true, false]);
  expect(multinomial(tensor([[0.1, 0, 0.9], [1, 1, 1]]), 2).toArraySync()).toEqual([[2, 0], [2, 0]]);
  expect(multinomial(tensor([0.1, 0, 0.9]), 5, { replacement: true }).toArraySync()).toEqual([0, 2, 2, 2, 2]);
  expect(poisson(tensor([0.5, 3, 0, 40, 100.5])).toArraySync()).toEqual([1, 3, 0, 40, 108]);
  expect(rand([1]).toArraySync()).toEqual([0.7671375870704651]);
  expect(zeros([4], { dtype: "uint8" }).bernoulli_(0.5).toArraySync()).toEqual([0, 0, 0, 0]);
});

it("draws in the shape and type of another tensor", () => {
  const x = zeros([2, 3], { dtype: "float64" });
  for (const like of [randLike(x), randnLike(x), randintLike(x, 0, 9)]) expect({ shape: like.shape, dtype: like.dtype }).toEqual({ shape: [2, 3], dtype: "float64" });
});

it("refuses bounds that the type cannot hold", () => {
  expect(() => zeros([1], { dtype: "uint8" }).random_(0, 300)).toThrow("random_: expected bounds that uint8 can hold");
  expect(() => zeros([1]).random_(3, 3)).toThrow("random_: expected from < to");
});
