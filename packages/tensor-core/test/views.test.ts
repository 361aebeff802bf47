import type { Shape } from "@gradus/tensor-core";
import { arange, ones, ShapeError, tensor, type Tensor, zeros } from "@gradus/tensor-core";
import { describe, expect, it } from "vitest";
import { useDevice } from "./support/device.js";
import { fixture } from "./support/fixtures.js";

useDevice();

interface ViewCase {
  readonly shape: Shape;
  readonly steps: readonly {
    readonly op: "permute" | "transpose" | "expand" | "squeeze" | "unsqueeze" | "select" | "narrow" | "slice" | "view" | "flatten" | "T";
    readonly args: readonly unknown[];
    readonly shape: Shape;
    readonly stride: Shape;
    readonly offset: number;
    readonly contiguous: boolean;
  }[];
  readonly values: readonly number[];
}

const applied = (x: Tensor, op: ViewCase["steps"][number]["op"], args: readonly unknown[]): Tensor =>
  op === "T" ? x.T : (x[op] as (...args: readonly unknown[]) => Tensor)(...args);

describe("chains of views, as PyTorch makes them", () => {
  const cases = fixture("views.jsonl.gz") as ViewCase[];
  const blocks = Array.from({ length: 10 }, (_, i) => cases.slice(i * 40, (i + 1) * 40));
  it.each(blocks.map((block, i) => [i * 40, block] as const))("from chain %i on", async (_, block) => {
    for (const { shape, steps, values } of block) {
      const base = arange(shape.reduce((product, size) => product * size, 1)).view(shape);
      let x = base;
      let chain = `[${shape.join(", ")}]`;
      for (const { op, args, shape: want, stride, offset, contiguous } of steps) {
        x = applied(x, op, args);
        chain += ` .${op}(${args.map((arg) => JSON.stringify(arg)).join(", ")})`;
        // Along a dimension of one element a stride says nothing, and in a tensor without elements an offset does not either.
        const geometry = { shape: x.shape, offset: x.numel() === 0 ? offset : x.storageOffset(), contiguous: x.isContiguous() };
        expect(geometry, chain).toEqual({ shape: want, offset, contiguous });
        const telling = (strides: Shape): Shape => (x.numel() === 0 ? [] : strides.filter((__, d) => want[d] !== 1));
        expect(telling(x.stride()), chain).toEqual(telling(stride));
        expect(x.storage()).toBe(base.storage());
      }
      expect(Array.from(await x.read(), Number), chain).toEqual(values);
    }
  });
});

describe("views share their storage", () => {
  it("expand gives stride 0 on the same storage", () => {
    const x = tensor([1, 2, 3]);
    const wide = x.expand(4, 3);
    expect(wide.stride()).toEqual([0, 1]);
    expect(wide.stride(0)).toBe(0);
    expect(wide.storage()).toBe(x.storage());
    expect(wide.isContiguous()).toBe(false);
  });

  it("what is written through one is seen through all", async () => {
    const x = zeros([2, 3]);
    const row = x.select(0, 1);
    const transposed = x.t();
    row.fill_(1);
    transposed.set([2, 0], 7);
    x.data.set([0, 0], 5);
    expect(await x.toArray()).toEqual([[5, 0, 7], [1, 1, 1]]);
    expect(await row.toArray()).toEqual([1, 1, 1]);
    expect(await transposed.toArray()).toEqual([[5, 1], [0, 1], [7, 1]]);
  });

  it("clone, contiguous of a permuted tensor and reshape across gaps do not share", async () => {
    const x = tensor([[1, 2], [3, 4]]);
    expect(x.contiguous()).toBe(x);
    expect(x.reshape(4).storage()).toBe(x.storage());
    for (const copy of [x.clone(), x.t().contiguous(), x.t().reshape(4)]) {
      expect(copy.storage()).not.toBe(x.storage());
      copy.zero_();
    }
    expect(await x.toArray()).toEqual([[1, 2], [3, 4]]);
  });

  it("a reshape of the same shape, and of a scalar", async () => {
    const x = tensor(5);
    expect(x.reshape(1, 1).shape).toEqual([1, 1]);
    expect(x.flatten().shape).toEqual([1]);
    expect(await x.expand(2, 2).toArray()).toEqual([[5, 5], [5, 5]]);
    expect(x.t()).toBe(x);
  });
});

describe("views without elements", () => {
  it("can be made, copied and read", async () => {
    const x = zeros([3, 0, 2]);
    expect(x.stride()).toHaveLength(3);
    expect(x.isContiguous()).toBe(true);
    for (const view of [x.permute(2, 0, 1), x.select(0, 2), x.view(0, 6), x.reshape(2, 0), x.expand(4, 3, 0, 2), x.narrow(0, 3, 0), x.flatten()]) {
      expect(view.numel()).toBe(0);
      expect(await view.read()).toHaveLength(0);
      expect(await view.clone().read()).toHaveLength(0);
    }
    expect(await tensor([1, 2, 3]).slice(0, 5).toArray()).toEqual([]);
    expect(await tensor([[1, 2]]).narrow(1, 2, 0).toArray()).toEqual([[]]);
  });
});

describe("errors say what does not fit", () => {
  const x = (): Tensor => ones([2, 3]);
  it.each<[string, () => unknown, string]>([
    ["view of another number of elements", () => x().view(4, 2), "view: expected a shape of 6 elements for [2, 3], got [4, 2] (8)"],
    ["view across gaps", () => x().t().view(6), "view: expected a shape that fits the strides [1, 3] of a tensor of shape [3, 2], got [6]; use reshape, which copies where it must"],
    ["two sizes to infer", () => x().view(-1, -1), "view: expected whole sizes with at most one -1, got [-1, -1]"],
    ["a size that cannot be inferred", () => x().view(-1, 4), "view: expected a shape of 6 elements for [2, 3], got [-1, 4]; 6 is not divisible by 4"],
    ["permute with a dimension twice", () => x().permute(0, 0), "permute: expected each of 2 dimensions once, got [0, 0]"],
    ["a dimension that is not there", () => x().transpose(0, 2), "transpose: expected a dimension in [-2, 1], got 2"],
    ["expand of a dimension that is not 1", () => x().expand(4, 3), "expand: expected a shape that [2, 3] broadcasts to, got [4, 3] (2 vs 4 at dimension 0)"],
    ["t of a cube", () => ones([1, 2, 3]).t(), "t: expected at most 2 dimensions, got shape [1, 2, 3]; use transpose or permute"],
  ])("%s", (_, run, message) => {
    expect(run).toThrow(ShapeError);
    expect(run).toThrow(new ShapeError(message));
  });
  it.each<[string, () => unknown, string]>([
    ["select", () => x().select(1, 3), "select: expected an index in [-3, 2] for dimension 1 of [2, 3], got 3"],
    ["narrow", () => x().narrow(1, 2, 2), "narrow: expected start and length inside the 3 positions of dimension 1 of [2, 3], got 2 and 2"],
    ["asStrided", () => x().asStrided([4], [2]), "asStrided: expected a layout inside the storage of 6 elements, got shape [4], strides [2], offset 0"],
  ])("%s outside", (_, run, message) => {
    expect(run).toThrow(new RangeError(message));
  });
});
