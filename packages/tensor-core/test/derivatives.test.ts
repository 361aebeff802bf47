import { AutogradError, grad, hessian, hvp, jacobian, jvp, noGrad, ShapeError, tensor, Tensor, vhp, vjp } from "@gradus/tensor-core";
import { describe, expect, it } from "vitest";
import { useDevice } from "./support/device.js";
import recorded from "./fixtures/derivatives.json" with { type: "json" };

useDevice();

const double = (values: number | number[] | number[][]): Tensor => tensor(values, { dtype: "float64" });
const x = (): Tensor => double([[0.5, -1.25, 2], [1.5, 0.25, -0.75]]);
const w = (): Tensor => double([0.3, -0.6, 1.1]);
const vectors = (): [Tensor, Tensor] => [double([[1, 0.5, -1], [2, 0, 0.25]]), double([-1, 3, 0.5])];

const vector = (a: Tensor): Tensor => a.matmul(w()).tanh().mul(a.sum());
const both = (a: Tensor, b: Tensor): readonly [Tensor, Tensor] => [a.mul(b).exp().sum({ dim: 1 }), b.square().mul(a.sum({ dim: 0 }))];
const number = (a: Tensor, b: Tensor): Tensor => a.matmul(b).sin().prod().add(b.pow(3).sum());

type Nested = number | readonly Nested[];
const arrays = async (value: unknown): Promise<Nested> =>
  value instanceof Tensor ? ((await value.toArray()) as Nested) : Promise.all((value as readonly unknown[]).map(arrays));
const near = (value: Nested): unknown => (typeof value === "number" ? (expect.closeTo(value, 10) as unknown) : value.map(near));

describe("derivatives of functions agree with PyTorch", () => {
  it.each<[keyof typeof recorded, () => unknown]>([
    ["jacobian", () => jacobian(vector, x())],
    ["jacobianOfBoth", () => jacobian(both, [x(), w()])],
    ["hessian", () => hessian(number, [x(), w()])],
    ["vjp", () => vjp(both, [x(), w()], [double([1, -2]), vectors()[1]])],
    ["jvp", () => jvp(both, [x(), w()], vectors())],
    ["vhp", () => vhp(number, [x(), w()], vectors())],
    ["hvp", () => hvp(number, [x(), w()], vectors())],
    ["thirdDerivative", () => jacobian((a) => hessian((b) => b.pow(4).sum().mul(b.sum()), a, { createGraph: true }), double([1, -2]))],
  ])("%s", async (name, compute) => {
    expect(await arrays(compute())).toEqual(near(recorded[name]));
  });

  it("also where nothing is recorded around them", async () => {
    expect(await arrays(noGrad(() => jacobian(vector, x())))).toEqual(near(recorded.jacobian));
  });
});

describe("derivatives of functions", () => {
  it("have the form of inputs and results: one tensor, or an array", () => {
    const one = jacobian((a) => a.mul(2), x());
    const list = jacobian((a, b) => a.mul(b), [x(), w()]);
    const table = jacobian((a) => [a.sum(), a.exp()] as const, [x()]);
    expect(one.shape).toEqual([2, 3, 2, 3]);
    expect(list.map((each) => each.shape)).toEqual([[2, 3, 2, 3], [2, 3, 3]]);
    expect(table.map((row) => row.map((each) => each.shape))).toEqual([[[2, 3]], [[2, 3, 2, 3]]]);
    const [y, product] = vjp((a) => a.sum(), x());
    expect([y.shape, product.shape]).toEqual([[], [2, 3]]);
    expect(jacobian((a) => a.narrow(0, 0, 0), x()).shape).toEqual([0, 3, 2, 3]);
  });

  it("leave the inputs and their graphs alone, unless createGraph asks for one", async () => {
    const a = x().requiresGrad_();
    const plain = jacobian(vector, a.mul(1));
    expect([plain.requiresGrad, a.grad]).toEqual([false, null]);
    const recordedOne = jacobian((b) => b.square(), a.select(0, 0), { createGraph: true });
    const [d] = grad(recordedOne.sum(), [a]);
    // J = diag(2x), so that dΣJ/dx = 2 in the first row
    expect(await d.toArray()).toEqual([[2, 2, 2], [0, 0, 0]]);
    const [y, product] = jvp((b) => b.pow(3), a, x(), { createGraph: true });
    expect([y.requiresGrad, product.requiresGrad]).toEqual([true, true]);
    // J·v = 3x²v, with v = x: d/dx = 6xv
    expect(await arrays(grad(product.sum(), [a])[0])).toEqual(near(await arrays(x().square().mul(6))));
  });

  it("are zero where nothing depends on an input, or an error if they are to be strict", async () => {
    const constant = (): Tensor => double([1, 2]);
    expect(await jacobian(constant, w()).toArray()).toEqual([[0, 0, 0], [0, 0, 0]]);
    expect(await hessian((a) => a.sum(), w()).toArray()).toEqual([[0, 0, 0], [0, 0, 0], [0, 0, 0]]);
    expect(await jvp(constant, w(), w())[1].toArray()).toEqual([0, 0]);
    expect(await arrays(vhp((a, b) => a.sum().add(b.square().sum()), [w(), w()], [w(), double([1, 1, 1])])[1])).toEqual([[0, 0, 0], [2, 2, 2]]);
    const refusal = new AutogradError("jacobian: expected results that depend on every input, result 0 does not depend on input 1; leave out strict to get zeros");
    expect(() => jacobian((a, _b) => a.mul(2), [w(), x()], { strict: true })).toThrow(refusal);
    expect(() => vjp(constant, w(), constant(), { strict: true })).toThrow("vjp: expected results that depend on every input, result 0 does not depend on input 0");
  });

  it("check what they are given", () => {
    expect(() => hessian((a) => a.mul(2), w())).toThrow(new AutogradError("hessian: expected a function that returns one number, got [3]"));
    expect(() => vjp((a) => a.mul(2), w())).toThrow(new AutogradError("vjp: expected a vector for results, got none; it may be left out only for a single number"));
    expect(() => jvp((a) => a.mul(2), w(), double([1, 2]))).toThrow(new ShapeError("jvp: expected vectors of the shapes of inputs, got [2] for [3]"));
    expect(() => jacobian((() => 3) as unknown as (a: Tensor) => Tensor, w())).toThrow(new AutogradError("jacobian: expected a function that returns tensors, result 0 is number"));
    expect(() => jacobian((async (a: Tensor) => Promise.resolve(a)) as unknown as (a: Tensor) => Tensor, w())).toThrow("jacobian: expected a synchronous callback, got a promise");
  });
});
