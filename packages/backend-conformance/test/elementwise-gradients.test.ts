import type { ElementwiseCase } from "@gradus/backend-conformance";
import { elementwiseCases } from "@gradus/backend-conformance";
import { interpreter } from "@gradus/kernel-ir/interpreter";
import { asynchronous } from "@gradus/kernel-ir/testing";
import type { ElementwiseOp } from "@gradus/tensor-core";
import { formulas, gradcheck, gradgradcheck, setDefaultDevice, tensor, type Tensor } from "@gradus/tensor-core";
import * as elementwiseOps from "@gradus/tensor-core/elementwise-ops";
import { describe, expect, it } from "vitest";
import { sample } from "../src/sampling.js";

setDefaultDevice(asynchronous(interpreter()));

/** Arguments of an op on its domain, conditions as bool. Those that are smooth require grad. */
function argumentsOf(op: ElementwiseOp, { domain, smooth }: ElementwiseCase, shapes: readonly (readonly number[])[]): Tensor[] {
  return Array.from({ length: op.arity }, (_, i) => {
    const dtype = op.options.asIs?.includes(i) === true ? "bool" : "float64";
    const shape = shapes[i] ?? [];
    const size = shape.reduce((product, each) => product * each, 1);
    return tensor(sample(dtype, domain[i] ?? domain[0]!, size, i), { dtype, shape, requiresGrad: smooth.includes(i) });
  });
}

const differentiable = (Object.entries(elementwiseOps) as [keyof typeof elementwiseOps, ElementwiseOp][]).filter(([, op]) => op.options.accepts?.includes("float") !== false);

describe.each(differentiable)("%s", (name, op) => {
  const its: ElementwiseCase = elementwiseCases[name];

  if (its.smooth.length === 0) {
    it("has no gradient that is not zero", async () => {
      const args = argumentsOf(op, its, [[6], [6], [6]]).map((x) => (x.isFloatingPoint() ? x.requiresGrad_() : x));
      const result = formulas.apply(op, args);
      if (!result.requiresGrad) return;
      result.sum().backward();
      for (const x of args) if (x.grad !== null) expect(await x.grad.toArray()).toEqual([0, 0, 0, 0, 0, 0]);
    });
    return;
  }

  it("has the derivatives that differences give", async () => {
    await gradcheck((...args) => formulas.apply(op, args), argumentsOf(op, its, [[7], [7], [7]]), { name });
  });

  it("has them summed over what was broadcast", async () => {
    await gradcheck((...args) => formulas.apply(op, args), argumentsOf(op, its, [[2, 3], [3], [2, 1]]), { name });
    await gradcheck((...args) => formulas.apply(op, args), argumentsOf(op, its, [[], [2, 2], [2]]), { name });
  });

  it("has second derivatives", async () => {
    await gradgradcheck((...args) => formulas.apply(op, args), argumentsOf(op, its, [[3], [3], [3]]), { name });
  });

  it("has them in place too", async () => {
    if (op.options.asIs?.includes(0) === true) return;
    const inPlace = (...[first, ...rest]: readonly Tensor[]): Tensor => formulas.applyInPlace(op, [first!.mul(1), ...rest]);
    await gradcheck(inPlace, argumentsOf(op, its, [[4], [4], [4]]), { name: `${name}_` });
    await gradgradcheck(inPlace, argumentsOf(op, its, [[2, 2], [2], []]), { name: `${name}_`, fastMode: true });
  });
});
