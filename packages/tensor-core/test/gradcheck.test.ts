import { GradientError } from "@gradus/autograd";
import { AutogradError, DTypeError, ElementwiseOp, formulas, grad, gradcheck, gradgradcheck, memoryStats, noGrad, reclaim, tensor } from "@gradus/tensor-core";
import { describe, expect, it } from "vitest";
import { leaf } from "./support/data.js";
import { useDevice } from "./support/device.js";

useDevice();

/** x² with a derivative that is wrong by a factor, for x > 1 only. */
const wrongSquare = (factor: number): ElementwiseOp =>
  new ElementwiseOp("wrongSquare", 1, (k, x) => k.mul(x, x), {
    derivatives: [(k, g, _, x) => k.mul(g, k.mul(k.select(k.lt(k.like(1, x), x), k.like(2 * factor, x), k.like(2, x)), x))],
  });

describe("gradcheck", () => {
  it("accepts what is right, of first and second order", async () => {
    const [x, y] = [leaf([2, 3]), leaf([3, 2], 2)];
    const f = (a: typeof x, b: typeof y) => [a.matmul(b).tanh(), a.exp().sum({ dim: 0 })] as const;
    await gradcheck(f, [x, y]);
    await gradgradcheck(f, [x, y]);
  });

  it("names function, argument, point, received and expected derivative", async () => {
    const op = wrongSquare(1.001);
    const x = tensor([0.5, 2], { dtype: "float64", requiresGrad: true });
    const error: unknown = await gradcheck((a) => formulas.apply(op, [a]), [x], { name: "wrongSquare" }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(GradientError);
    const { message, index, received, expected } = error as GradientError;
    expect(message).toMatch(/^wrongSquare: expected the derivative \S+ with respect to input 1, received \S+\n {2}at \(0\.5, 2\)$/);
    expect(index).toBe(1);
    expect(received / expected).toBeCloseTo(1.001, 6);
    const two = gradcheck((a, b) => formulas.apply(op, [a]).add(b), [x, leaf([2])], { name: "sum" });
    await expect(two).rejects.toThrow("sum, argument 0 of shape [2]: expected the derivative");
  });

  it("finds the same along one direction, without the index", async () => {
    const x = leaf([4]);
    await gradcheck((a) => a.exp(), [x], { fastMode: true });
    const op = wrongSquare(1.001);
    await expect(gradcheck((a) => formulas.apply(op, [a.add(3)]), [x], { fastMode: true, name: "wrongSquare" })).rejects.toThrow(/^wrongSquare: expected the derivative/);
  });

  it("sees a second derivative that is wrong where the first is right", async () => {
    const x = tensor([0.5, 2], { dtype: "float64", requiresGrad: true });
    // d/dx (2·x·x̄ − x̄²) = 2·x̄, which is 2x where x̄ = x is constant; but that does not depend on x any more.
    const cut = (a: typeof x): typeof x => a.mul(a.detach()).mul(2).sub(a.detach().square());
    const [first] = grad(cut(x).sum(), [x]);
    expect(await first.toArray()).toEqual([1, 4]);
    await expect(gradgradcheck(cut, [x])).rejects.toThrow(GradientError);
  });

  it("confirms by differences that an unused input has no gradient", async () => {
    const [x, y] = [leaf([2]), leaf([2], 2)];
    await gradcheck((a) => a.mul(2), [x, y]);
    await expect(gradcheck((a, b) => a.mul(b.detach()), [x, y])).rejects.toThrow("argument 1 of shape [2]");
    await expect(gradcheck((a) => a.detach().mul(a.detach()), [x])).rejects.toThrow(GradientError);
  });

  it("leaves gradients, inputs and memory as they were, inside of noGrad too", async () => {
    const x = leaf([3]);
    await gradcheck((a) => a.sin().mul_(2), [x]);
    await reclaim();
    const before = memoryStats().bytes;
    const checks: Promise<void>[] = [];
    noGrad(() => {
      checks.push(gradcheck((a) => a.sin().mul_(2), [x]), gradgradcheck((a) => a.sin(), [x]));
    });
    await Promise.all(checks);
    expect(x.grad).toBeNull();
    await reclaim();
    expect(memoryStats().bytes).toBe(before);
  });

  it("checks inputs of other layouts, and leaves inputs that need no gradient alone", async () => {
    const x = leaf([3, 2]).detach().t().requiresGrad_();
    const index = tensor([0, 2], { dtype: "int64" });
    await gradcheck((a, i) => a.indexSelect(1, i), [x, index]);
    await gradgradcheck((a, i) => a.indexSelect(1, i).square(), [x, index]);
  });

  it("says what it needs", async () => {
    await expect(gradcheck((a) => a, [leaf([2]).detach()])).rejects.toThrow(
      new AutogradError("gradcheck: expected an input that requires grad, got none; set requiresGrad on what is to be checked"),
    );
    await expect(gradcheck((a) => a, [tensor([1], { requiresGrad: true })])).rejects.toThrow(
      new DTypeError('gradcheck: expected float64 inputs, because differences of float32 values are too coarse; convert input 0 with to("float64")'),
    );
  });
});
