import { interpreter } from "@gradus/kernel-ir/interpreter";
import { DTypeError, ones, tensor, zeros } from "@gradus/tensor-core";
import { expect, test } from "vitest";
import { useDevice } from "./support/device.js";

useDevice(() => interpreter());

test("writing through data is seen by the tensor and not by autograd", () => {
  const w = ones([2], { requiresGrad: true });
  const loss = w.mul(w).sum();
  w.data.set([0], 99);
  loss.backward();
  expect(w.toArraySync()).toEqual([99, 1]);
  // As in PyTorch, the derivative is taken at what now stands in the saved tensor.
  expect(w.grad?.toArraySync()).toEqual([198, 2]);
});

test("assigning data makes an alias, of another element type too", () => {
  const w = ones([2], { requiresGrad: true });
  const source = tensor([1, 2, 3], { dtype: "float64" });
  w.data = source;
  source.set(0, 5);
  expect([w.dtype, w.shape, w.requiresGrad, w.isLeaf]).toEqual(["float64", [3], true, true]);
  w.mul(2).sum().backward();
  expect([w.toArraySync(), w.grad?.toArraySync(), w.grad?.dtype]).toEqual([[5, 2, 3], [2, 2, 2], "float64"]);
});

test("what requires grad stays floating", () => {
  const w = ones([2], { requiresGrad: true });
  const integers = zeros([2], { dtype: "int64" });
  expect(() => {
    w.data = integers;
  }).toThrow(new DTypeError('data: expected floating elements for a tensor that requires grad, got int64; convert them with to("float32")'));
  const plain = ones([2]);
  plain.data = integers;
  expect(plain.dtype).toBe("int64");
});
