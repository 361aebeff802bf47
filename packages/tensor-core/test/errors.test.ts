import { interpreter } from "@gradus/kernel-ir/interpreter";
import { asynchronous } from "@gradus/kernel-ir/testing";
import * as g from "@gradus/tensor-core";
import { ArgumentError, conv2d, crossEntropy, DeviceError, DTypeError, GuardError, ones, ShapeError, tensor, zeros } from "@gradus/tensor-core";
import { beforeAll, describe, expect, it } from "vitest";
import { useDevice } from "./support/device.js";

useDevice();
const other = interpreter({ name: "other" });

/** What a call throws: the type says which kind of mistake, the message op, expectation, observation and remedy, in one line. */
const cases: Record<string, readonly [call: () => unknown, error: Error]> = {
  // Shapes
  "matmul of shapes that do not meet": [
    () => ones([8, 5]).matmul(ones([7, 3])),
    new ShapeError("matmul: inner dimensions must match, got [8, 5] @ [7, 3] (5 vs 7)"),
  ],
  "matmul of batches that do not broadcast": [
    () => ones([2, 3, 4]).matmul(ones([5, 4, 1])),
    new ShapeError("matmul: expected shapes that broadcast, got [2] and [5] (2 vs 5 at dimension 0); sizes must be equal or 1"),
  ],
  "matmul of scalars": [() => ones([]).matmul(ones([2])), new ShapeError("matmul: expected tensors with a dimension, got [] @ [2]; use mul for scalars")],
  "add of shapes that do not broadcast": [
    () => ones([2, 3]).add(ones([2, 4])),
    new ShapeError("add: expected shapes that broadcast, got [2, 3] and [2, 4] (3 vs 4 at dimension 1); sizes must be equal or 1"),
  ],
  "a dimension that is not there": [() => ones([2, 3]).sum({ dim: 2 }), new ShapeError("sum: expected a dimension in [-2, 1], got 2")],
  "a dimension twice": [() => ones([2, 3]).sum({ dim: [0, -2] }), new ShapeError("sum: expected each dimension once, got [0, -2]")],
  "the largest of nothing": [() => zeros([0, 3]).max({ dim: 0 }), new ShapeError("max: expected at least one element to choose from, got shape [0, 3]")],
  "linear of wrong features": [
    () => g.linear(ones([2, 3]), ones([5, 4])),
    new ShapeError("linear: expected x of shape […, in] and weight of shape [out, in], got [2, 3] and [5, 4] (3 vs 4)"),
  ],
  "conv2d of wrong channels": [
    () => conv2d(ones([1, 3, 8, 8]), ones([4, 1, 3, 3])),
    new ShapeError("conv2d: expected a weight for 3 input channels (3 in 1 groups), got [4, 1, 3, 3] (1)"),
  ],
  "conv2d of a kernel larger than the image": [
    () => conv2d(ones([1, 1, 2, 2]), ones([1, 1, 3, 3])),
    new ShapeError("conv2d: expected an input at least as large as the kernel, got [1, 1, 2, 2] with padding [0, 0] for a kernel of [3, 3]"),
  ],
  "cat of sizes that differ": [() => g.cat([ones([2, 3]), ones([2, 4])]), new ShapeError("cat: expected sizes that agree except along dimension 0, got [2, 3] and [2, 4]")],
  "ragged rows": [() => tensor([[1, 2], [3]]), new ShapeError("tensor: expected rows of 2 at depth 1, got one of 1")],
  "numbers beside rows": [() => tensor([1, [2]]), new ShapeError("tensor: expected numbers at depth 1, got an array; rows must be nested equally deep")],
  "a shape of another size than its data": [() => tensor([1, 2, 3], { shape: [2, 2] }), new ShapeError("tensor: expected 4 elements for shape [2, 2], got 3")],
  "sizes that are no sizes": [() => zeros([2, -1]), new ShapeError("empty: expected sizes that are whole and not negative, got [2, -1]")],
  "a target of the wrong shape": [
    () => crossEntropy(ones([4, 3]), zeros([3], { dtype: "int64" })),
    new ShapeError("crossEntropy: expected a target of shape [4] for input [4, 3], got [3]"),
  ],

  // Element types
  "matmul of mixed types": [
    () => ones([2, 2]).matmul(ones([2, 2], { dtype: "float64" })),
    new DTypeError("matmul: expected operands of one element type, got float32 and float64; convert one with .to(dtype)"),
  ],
  "softmax of integers": [() => ones([2], { dtype: "int64" }).softmax(0), new DTypeError('softmax: expected a floating tensor, got int64; pass { dtype: "float32" }')],
  "mean of integers": [() => ones([2], { dtype: "int32" }).mean(), new DTypeError('mean: expected a floating tensor, got int32; pass { dtype: "float32" }')],
  "an index of floats": [() => ones([3]).gather(0, ones([1])), new DTypeError("gather: expected an index of int64, got float32; convert it with .to(\"int64\")")],
  "classes as floats of the wrong shape": [
    () => crossEntropy(ones([4, 3]), ones([4])),
    new ShapeError("crossEntropy: expected target probabilities of shape [4, 3], got [4]"),
  ],
  "a typed array that tensors have no type for": [
    () => tensor(new Uint32Array(2)),
    new DTypeError("tensor: expected a typed array of an element type that tensors have, got Uint32Array; convert it, or pass Array.from(data)"),
  ],

  // Devices
  "two devices": [
    () => ones([2]).add(ones([2], { device: other })),
    new DeviceError("add: expected all tensors to be on the same device, found interpreter and other; move one with .to(device)"),
  ],
  "matmul on two devices": [
    () => ones([2, 2], { device: other }).matmul(ones([2, 2])),
    new DeviceError("matmul: expected all tensors to be on the same device, found other and interpreter; move one with .to(device)"),
  ],
  "reading at once where the device answers late": [
    () => ones([2]).readSync(),
    new DeviceError('readSync: expected a device that can read at once, got "interpreter"; use `await t.read()`, or run this in awaitReads()'),
  ],

  // Values and arguments
  "a string as data": [() => tensor(["1"] as unknown as number[]), new ArgumentError("tensor: expected numbers, booleans or bigints, got 1")],
  "an element type by a wrong name": [() => ones([1]).to("float" as "float32"), new ArgumentError('to: expected an element type, a device or a tensor, got "float"; pass a device as an object, such as cpu()')],
  "arange that goes the wrong way": [() => g.arange(3, 0), new ArgumentError("arange: expected bounds that the step leads through, got from 3 to 0 by 1")],
  "a reduction by a wrong name": [
    () => g.mseLoss(ones([2]), ones([2]), { reduction: "avg" as "mean" }),
    new ArgumentError('mseLoss: expected reduction "mean", "sum" or "none", got "avg"'),
  ],
  "dropout of an impossible probability": [() => g.dropout(ones([2]), 1.5), new ArgumentError("dropout: expected a probability between 0 and 1, got 1.5")],
  "cat of nothing": [() => g.cat([]), new ArgumentError("cat: expected at least one tensor, got none")],
  "the operator +": [
    () => (ones([1]) as unknown as number) + 1,
    new ArgumentError("tensor: expected a method for arithmetic and comparison, got an operator; write a.add(b) for a + b, and `await x.item()` for a number"),
  ],
  "the operator >": [() => (ones([1]) as unknown as number) > 1, new ArgumentError("tensor: expected a method for arithmetic and comparison, got an operator; write a.add(b) for a + b, and `await x.item()` for a number")],
};

describe("a bad call says what it expected, what it got and what to do", () => {
  it.each(Object.entries(cases))("%s", (_, [call, error]) => {
    expect(call).toThrow(error.constructor);
    expect(call).toThrow(error);
    expect(error.message).not.toContain("\n");
  });

  it("item of several elements", async () => {
    await expect(ones([2]).item()).rejects.toThrow(new ShapeError("item: expected a tensor of 1 element, got shape [2]"));
  });

  it("an index out of range, at the next read where the device answers late", async () => {
    const picked = ones([3]).gather(0, tensor([5], { dtype: "int64" }));
    await expect(picked.read()).rejects.toThrow(new GuardError("gather: expected indices inside the dimension they point into, got one outside; check the index tensor"));
    const loss = crossEntropy(ones([2, 3]), tensor([0, 3], { dtype: "int64" }));
    await expect(loss.item()).rejects.toThrow(GuardError);
    expect(await ones([2]).add(1).toArray()).toEqual([2, 2]);
  });
});

describe("without a default device", () => {
  beforeAll(() => {
    const before = g.getDefaultDevice();
    g.setDefaultDevice(null);
    return () => g.setDefaultDevice(before);
  });

  it("making a tensor says how to set one", () => {
    const error = new DeviceError("device: expected a default device, none is set; call setDefaultDevice(cpu()) with cpu from @gradus/backend-cpu, or import gradus");
    expect(() => tensor([1])).toThrow(error);
    expect(() => zeros([2])).toThrow(error);
    expect(() => g.memoryStats()).toThrow(error);
  });

  it("tensors on a device of their own work, and so do functions of them", async () => {
    const x = tensor([1, 2], { device: other });
    expect(await x.add(1).zero_().toArray()).toEqual([0, 0]);
    expect(await g.onesLike(x).toArray()).toEqual([1, 1]);
  });
});

describe("devices", () => {
  it("come from backends, each once, and may be made when first needed", () => {
    const late = asynchronous(interpreter({ name: "late" }));
    let made = 0;
    const before = g.getDefaultDevice();
    g.setDefaultDevice(() => {
      made++;
      return late;
    });
    expect(made).toBe(0);
    expect(zeros([1]).device).toBe(zeros([1]).device);
    expect([made, zeros([1]).device.name, String(zeros([1]).device)]).toEqual([1, "late", "late"]);
    g.setDefaultDevice(before);
    expect(g.withDefaultDevice(other, () => zeros([1]).device.name)).toBe("other");
    expect(() => g.withDefaultDevice(other, () => { throw new RangeError("mine"); })).toThrow("mine");
    expect(g.getDefaultDevice()).toBe(before);
  });

  it("move tensors, and gradients back", async () => {
    const x = tensor([1, 2], { device: other, requiresGrad: true });
    const here = x.to(g.getDefaultDevice());
    expect([here.device.name, here.requiresGrad]).toEqual(["interpreter", true]);
    expect(x.to(other)).toBe(x);
    expect(() => here.to(other)).toThrow(
      new DeviceError('to: expected a source that can be read at once, got "interpreter"; use `tensor(await t.read(), { shape: t.shape, device })`'),
    );
    expect(await here.mul(2).toArray()).toEqual([2, 4]);
    const both = interpreter({ name: "both" });
    const y = x.to(both).mul(3);
    y.sum().backward();
    expect(x.grad!.device.name).toBe("other");
    expect(await x.grad!.toArray()).toEqual([3, 3]);
  });

  it("that answer late are described by what is known", () => {
    expect(String(ones([2, 3]))).toContain("[2, 3]");
    expect(String(ones([2, 3]))).toContain("await");
  });

  it("are as dead as their backend after it is disposed", async () => {
    const gone = interpreter({ name: "gone" });
    const x = tensor([1], { device: gone });
    gone.dispose();
    await expect(x.read()).rejects.toThrow(g.DeviceLostError);
    expect(() => x.add(1)).toThrow(new g.DeviceLostError("alloc: expected a live device, gone was disposed; make a new one"));
  });
});
