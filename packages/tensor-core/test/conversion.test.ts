import { interpreter } from "@gradus/kernel-ir/interpreter";
import { ArgumentError, tensor } from "@gradus/tensor-core";
import { describe, expect, it } from "vitest";
import { useDevice } from "./support/device.js";

useDevice(interpreter);

describe("to", () => {
  it("takes an element type, a device, or both", () => {
    const other = interpreter();
    const x = tensor([1, 2.5]);
    expect(x.to("int32").toArraySync()).toEqual([1, 2]);
    const moved = x.to(other);
    expect([moved.device.backend, moved.dtype, moved.toArraySync()]).toEqual([other, "float32", [1, 2.5]]);
    const both = x.to(other, { dtype: "float64" });
    expect([both.device.backend, both.dtype, both.toArraySync()]).toEqual([other, "float64", [1, 2.5]]);
    for (const t of [moved, both]) t.dispose();
  });

  it("takes another tensor, to be like it", () => {
    const like = tensor([0], { dtype: "int64" });
    const x = tensor([1.5, 2], { requiresGrad: true });
    expect(x.to(like).dtype).toBe("int64");
    const y = x.to(tensor([0], { dtype: "float64" }));
    expect([y.dtype, y.toArraySync()]).toEqual(["float64", [1.5, 2]]);
    y.sum().backward();
    expect([x.grad?.dtype, x.grad?.toArraySync()]).toEqual(["float32", [1, 1]]);
  });

  it("gives the tensor itself where nothing changes, unless a copy is asked for", () => {
    const x = tensor([1]);
    expect(x.to("float32")).toBe(x);
    expect(x.to(x)).toBe(x);
    expect(x.to("float32", { copy: true }).storage()).not.toBe(x.storage());
    expect(x.to("float64", { copy: true }).dtype).toBe("float64");
  });

  it("says what it takes", () => {
    expect(() => tensor([1]).to("cpu" as "float32")).toThrow(new ArgumentError('to: expected an element type, a device or a tensor, got "cpu"; pass a device as an object, such as cpu()'));
  });
});
