import { interpreter } from "@gradus/kernel-ir/interpreter";
import type { TensorFunction } from "@gradus/tensor-core";
import * as g from "@gradus/tensor-core";
import { arange, ArgumentError, gradcheck, ones, ShapeError, tensor, Tensor, tensorSplit, zeros } from "@gradus/tensor-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { indices, leaf } from "./support/data.js";
import { useDevice } from "./support/device.js";

useDevice(() => interpreter());

const values = (x: Tensor): number[] => Array.from(x.detach().readSync(), Number);

describe("joining", () => {
  it("in every direction", () => {
    const [a, b] = [tensor([1, 2]), tensor([3, 4])];
    expect(g.hstack([a, b]).toArraySync()).toEqual([1, 2, 3, 4]);
    expect(g.vstack([a, b]).toArraySync()).toEqual([[1, 2], [3, 4]]);
    expect(g.dstack([a, b]).toArraySync()).toEqual([[[1, 3], [2, 4]]]);
    expect(g.columnStack([a, tensor([[5], [6]])]).toArraySync()).toEqual([[1, 5], [2, 6]]);
    expect(g.hstack([tensor([[1], [2]]), tensor([[3], [4]])]).toArraySync()).toEqual([[1, 3], [2, 4]]);
    expect(g.hstack([tensor(1), tensor(2)]).toArraySync()).toEqual([1, 2]);
    expect(g.blockDiag([tensor([[1, 2]]), tensor(3), tensor([4, 5])]).toArraySync()).toEqual([[1, 2, 0, 0, 0], [0, 0, 3, 0, 0], [0, 0, 0, 4, 5]]);
  });

  it("grids", () => {
    const [a, b] = [tensor([1, 2, 3]), tensor([4, 5])];
    expect(g.meshgrid([a, b]).map((x) => x.toArraySync())).toEqual([[[1, 1], [2, 2], [3, 3]], [[4, 5], [4, 5], [4, 5]]]);
    expect(g.meshgrid([a, b], { indexing: "xy" }).map((x) => x.toArraySync())).toEqual([[[1, 2, 3], [1, 2, 3]], [[4, 4, 4], [5, 5, 5]]]);
    expect(g.meshgrid([a, b, tensor(7)], { indexing: "xy" }).map((x) => x.shape)).toEqual([[2, 3, 1], [2, 3, 1], [2, 3, 1]]);
    expect(g.cartesianProd([tensor([1, 2]), tensor([3, 4])]).toArraySync()).toEqual([[1, 3], [1, 4], [2, 3], [2, 4]]);
    expect(g.combinations(a, { r: 2, withReplacement: true }).toArraySync()).toEqual([[1, 1], [1, 2], [1, 3], [2, 2], [2, 3], [3, 3]]);
    expect(g.combinations(a, { r: 4 }).shape).toEqual([0, 4]);
  });

  it("ranks that are at least so large", () => {
    expect(g.atleast3d([tensor(1), ones([2]), ones([2, 3]), ones([1, 2, 3, 4])]).map((x) => x.shape)).toEqual([[1, 1, 1], [1, 2, 1], [2, 3, 1], [1, 2, 3, 4]]);
    expect(g.atleast2d(ones([2])).shape).toEqual([1, 2]);
  });

  it("refuses by name", () => {
    expect(() => g.vstack([])).toThrow(new ArgumentError("vstack: expected at least one tensor, got none"));
    expect(() => g.cat([ones([2]), null as unknown as Tensor])).toThrow(new ArgumentError("cat: expected an array of tensors, got another value at place 1"));
    expect(() => g.stack(ones([2]) as unknown as Tensor[])).toThrow(new ArgumentError("stack: expected an array of tensors, got object"));
    expect(() => g.unbind(tensor(1))).toThrow(new ShapeError("unbind: expected a tensor with a dimension, got a scalar"));
    expect(() => tensorSplit(ones([4]), "abc" as unknown as number)).toThrow("tensorSplit: expected a number of sections or an array of positions, got abc");
    expect(() => g.hstack([ones([2, 2]), ones([3, 2])])).toThrow(new ShapeError("hstack: expected sizes that agree except along dimension 1, got [2, 2] and [3, 2]"));
    expect(() => g.meshgrid([ones([2, 2])])).toThrow("meshgrid: expected vectors or scalars, got shape [2, 2]");
    expect(() => g.meshgrid([ones([2])], { indexing: "ji" as "ij" })).toThrow('meshgrid: expected indexing "ij" or "xy", got ji');
  });
});

describe("splitting", () => {
  it("into any number of parts gives parts that differ by one and join to the whole", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 1, max: 15 }), (size, sections) => {
        const x = arange(size);
        const parts = tensorSplit(x, sections);
        const sizes = parts.map((part) => part.numel());
        expect(parts).toHaveLength(sections);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        expect([...sizes].sort((a, b) => b - a)).toEqual(sizes);
        expect(parts.flatMap(values)).toEqual(values(x));
      }),
    );
  });

  it("at positions cuts as slices do", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -8, max: 8 }), { maxLength: 4 }), (cuts) => {
        const plain = Array.from({ length: 6 }, (_, i) => i);
        const want = [0, ...cuts].map((from, i) => plain.slice(from, cuts[i] ?? 6));
        expect(tensorSplit(arange(6), cuts).map(values)).toEqual(want);
        expect(tensorSplit(arange(6), indices(cuts)).map(values)).toEqual(want);
      }),
    );
  });

  it("in every direction gives views", () => {
    const x = arange(16).reshape(2, 4, 2);
    expect(g.hsplit(x, 2).map((part) => part.shape)).toEqual([[2, 2, 2], [2, 2, 2]]);
    expect(g.vsplit(x, [1]).map((part) => part.shape)).toEqual([[1, 4, 2], [1, 4, 2]]);
    expect(g.dsplit(x, 2).map((part) => part.storage() === x.storage())).toEqual([true, true]);
    expect(() => g.hsplit(ones([5]), 2)).toThrow("hsplit: expected a number of sections that divides the size 5");
    expect(() => g.dsplit(ones([5, 2]), 2)).toThrow(new ShapeError("dsplit: expected at least 3 dimensions, got shape [5, 2]"));
  });
});

describe("views", () => {
  it("unfold equals slices", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 4 }), fc.boolean(), (total, size, step, permuted) => {
        fc.pre(size <= total);
        const base = arange(total * 3).reshape(total, 3);
        const x = permuted ? base.t().contiguous().t() : base;
        const got = x.unfold(0, size, step);
        const starts = Array.from({ length: Math.floor((total - size) / step) + 1 }, (_, i) => i * step);
        expect(got.toArraySync()).toEqual(g.stack(starts.map((from) => x.slice(0, from, from + size).t())).toArraySync());
      }),
    );
    expect(() => ones([3]).unfold(0, 4, 1)).toThrow("unfold: expected windows of at most 3 positions, got 4");
  });

  it("by the shape of another tensor, with errors of their own names", () => {
    const x = arange(6);
    expect(x.viewAs(zeros([2, 3])).shape).toEqual([2, 3]);
    expect(x.reshapeAs(zeros([3, 2])).shape).toEqual([3, 2]);
    expect(x.expandAs(zeros([2, 6])).stride()).toEqual([0, 1]);
    expect(() => x.viewAs(zeros([4, 2]))).toThrow("viewAs: expected a shape of 6 elements");
    expect(() => x.expandAs(zeros([5]))).toThrow("expandAs: expected a shape that [6] broadcasts to");
    expect(g.broadcastTensors([ones([2, 1]), ones([3])]).map((y) => y.shape)).toEqual([[2, 3], [2, 3]]);
  });

  it("transposes by their letters", () => {
    const x = arange(12).reshape(2, 2, 3);
    expect([x.mT.shape, x.mH.shape, x.adjoint().shape, x.select(0, 0).H.shape]).toEqual([[2, 3, 2], [2, 3, 2], [2, 3, 2], [3, 2]]);
    expect(() => arange(3).mT).toThrow("mT: expected at least 2 dimensions, got shape [3]");
  });

  it("change a tensor's own shape in place, its history and its views'", () => {
    const x = ones([2, 3], { requiresGrad: true });
    const y = x.mul(tensor([1, 2, 3]));
    const row = y.select(0, 1);
    expect(y.unsqueeze_(0).shape).toEqual([1, 2, 3]);
    expect(y.squeeze_().t_().shape).toEqual([3, 2]);
    expect(y.transpose_(0, 1).transpose_(-1, -2).toArraySync()).toEqual([[1, 1], [2, 2], [3, 3]]);
    row.mul_(10);
    y.mul(tensor([[1], [10], [100]])).sum().backward();
    expect(x.grad!.toArraySync()).toEqual([[1, 20, 300], [10, 200, 3000]]);
    expect(() => x.t_()).toThrow("t_: expected a tensor that may be changed, got a leaf that requires grad");
  });

  it("indices of triangles are where tril and triu keep elements", () => {
    for (const [rows, columns, offset] of [[3, 4, 0], [4, 2, -1], [2, 3, 2], [0, 3, 0], [3, 3, -5]] as const) {
      const whole = ones([rows, columns]);
      expect(g.trilIndices(rows, columns, offset).toArraySync()).toEqual(whole.tril(offset).nonzero().t().toArraySync());
      expect(g.triuIndices(rows, columns, offset).toArraySync()).toEqual(whole.triu(offset).nonzero().t().toArraySync());
    }
  });
});

const differentiable: Record<string, readonly [f: TensorFunction, inputs: () => readonly Tensor[]]> = {
  vstack: [(a, b) => g.vstack([a, b]).square(), () => [leaf([3]), leaf([2, 3], 2)]],
  blockDiag: [(a, b) => g.blockDiag([a, b]).square(), () => [leaf([2, 1]), leaf([2], 2)]],
  meshgrid: [(a, b) => g.meshgrid([a, b], { indexing: "xy" })[0]!.mul(g.meshgrid([a, b], { indexing: "xy" })[1]!), () => [leaf([2]), leaf([3], 2)]],
  cartesianProd: [(a, b) => g.cartesianProd([a, b]).square(), () => [leaf([2]), leaf([3], 2)]],
  combinations: [(x) => g.combinations(x).prod({ dim: 1 }), () => [leaf([4])]],
  unfold: [(x) => x.unfold(1, 2, 1).square(), () => [leaf([2, 4])]],
  diagflat: [(x) => g.diagflat(x, -1).square(), () => [leaf([2, 2])]],
};

it.each(Object.entries(differentiable))("%s has the gradient of its differences", (name, [f, inputs]) => gradcheck(f, inputs(), { name }));
