import { interpreter } from "@gradus/kernel-ir/interpreter";
import { recording } from "@gradus/kernel-ir/testing";
import { describe, expect, it } from "vitest";
import * as g from "../src/index.js";
import type { Tensor } from "../src/index.js";

const device = recording(interpreter());
g.setDefaultDevice(device);

const dispatchesOf = (body: () => unknown): number => {
  const before = device.stats().dispatches;
  body();
  return device.stats().dispatches - before;
};
const numbers = (count: number, scale = 1): number[] => Array.from({ length: count }, (_, i) => scale * Math.sin(3 * i + 1));
const leaf = (shape: readonly number[], dtype: "float32" | "float64" = "float64", scale = 1): Tensor => g.tensor(numbers(shape.reduce((n, s) => n * s, 1), scale), { shape, dtype, requiresGrad: true });

const functions: Record<string, (a: Tensor, b: Tensor) => Tensor> = {
  chain: (a, b) => a.mul(b).add(a).relu(),
  numbers: (a, b) => a.mul(2.5).sub(b).div(3).add(1),
  "shared values": (a, b) => {
    const s = a.sigmoid();
    return s.mul(s).add(s.mul(b)).sub(s);
  },
  "derivatives of their own": (a, b) => g.gelu(a.mul(b)).add(g.silu(a)).add(b.square().add(1).sqrt()),
  conditions: (a, b) => g.where(a.gt(b), a.exp(), b.tanh()).mul(a.gt(0)),
  "a whole": (a, b) => a.sub(a.mean()).div(b.abs().add(1)),
};

describe("fuse", () => {
  for (const [name, f] of Object.entries(functions)) {
    it(`gives the results and gradients of the function: ${name}`, () => {
      for (const [shapeA, shapeB] of [[[4, 5], [4, 5]], [[4, 5], [5]], [[3, 1], [1, 4]], [[], [2]], [[0, 3], [3]]] as const) {
        const [a, b] = [leaf(shapeA), leaf(shapeB)];
        const run = (h: typeof f): unknown[] => {
          const y = h(a, b);
          return [y.shape, y.readSync(), ...g.grad(y.sum(), [a, b]).map((x) => x.readSync())];
        };
        const [expected, actual] = [run(f), run(g.fuse(f))];
        expected.forEach((value, i) => {
          const [e, r] = [Array.from(value as number[]), Array.from(actual[i] as number[])];
          expect(r.length).toBe(e.length);
          e.forEach((x, j) => expect(r[j], `${String(i)} ${String(j)}`).toBeCloseTo(x, 12));
        });
      }
    });
    it(`differentiates twice: ${name}`, async () => {
      // No two of them are equal: comparisons jump there.
      const [a, b] = [leaf([2, 3]), leaf([3], "float64", 0.7)];
      await expect(g.gradcheck(g.fuse(f), [a, b])).resolves.toBeUndefined();
      await expect(g.gradgradcheck(g.fuse(f), [a, b])).resolves.toBeUndefined();
    });
  }

  it("is one kernel forward and one for each gradient, prepared once", () => {
    const f = g.fuse(functions["chain"]!);
    const [a, b] = [leaf([10], "float32"), leaf([10], "float32")];
    expect(dispatchesOf(() => f(a, b))).toBe(1);
    const y = f(a, b);
    expect(dispatchesOf(() => g.grad(y, [a, b], { gradOutputs: g.onesLike(y) }))).toBe(3);
    const { prepared } = device.stats();
    for (let i = 0; i < 3; i++) f(a, b);
    expect(device.stats().prepared).toBe(prepared);
  });

  it("follows numbers, conditions and tensors from outside, which may change from call to call", () => {
    let factor = 2;
    let negate = false;
    let other = g.tensor([1, 1]);
    const f = g.fuse((x: Tensor) => {
      const y = x.mul(factor).add(other);
      return negate ? y.neg() : y;
    });
    const x = g.tensor([1, 2]);
    expect(f(x).toArraySync()).toEqual([3, 5]);
    factor = 10;
    expect(f(x).toArraySync()).toEqual([11, 21]);
    other = g.tensor([0, 5]);
    negate = true;
    expect(f(x).toArraySync()).toEqual([-10, -25]);
  });

  it("compares, nests, and hands through what it did not compute", () => {
    const [a, b] = [g.tensor([1, 2]), g.tensor([2, 1])];
    expect(g.fuse((x: Tensor, y: Tensor) => x.mul(2).gt(y))(a, b).toArraySync()).toEqual([false, true]);
    const square = g.fuse((x: Tensor) => x.mul(x));
    expect(dispatchesOf(() => expect(g.fuse((x: Tensor) => square(x).add(1))(a).dtype).toBe("float32"))).toBe(1);
    expect(g.fuse((x: Tensor) => x)(a)).toBe(a);
  });

  it("says what it cannot do", () => {
    const a = g.tensor([[1, 2], [3, 4]]);
    expect(() => g.fuse((x: Tensor) => x.add(1).matmul(x))(a)).toThrow("fuse: expected elementwise operations, got matmul of what the fused function has computed");
    expect(() => g.fuse((x: Tensor) => x.add(1).sum())(a)).toThrow(g.ArgumentError);
    expect(() => g.fuse((x: Tensor) => x.add(g.tensor([1, 2], { dtype: "float64" })))(a)).toThrow("fuse: expected tensors of one floating-point type, and of bool, got float32 and float64");
    expect(() => g.fuse((x: Tensor) => x.add(1))(g.tensor([1, 2], { dtype: "int32" }))).toThrow(g.DTypeError);
    expect(() => g.fuse((x: Tensor) => { const y = x.mul(2); x.fill_(0); return y; })(a)).toThrow("it writes to a tensor that it reads");
    expect(() => g.fuse((x: Tensor) => x.add(g.tensor([1, 2, 3])))(a)).toThrow(g.ShapeError);
    let kept: Tensor | undefined;
    g.fuse((x: Tensor) => (kept = x.mul(3)).add(1))(a);
    expect(() => kept!.add(1)).toThrow("or after its end");
    expect(a.add(1).toArraySync()).toEqual([[1, 1], [1, 1]]);
  });
});
