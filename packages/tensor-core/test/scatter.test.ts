import { interpreter } from "@gradus/kernel-ir/interpreter";
import type { ScatterReduction, TensorFunction } from "@gradus/tensor-core";
import * as g from "@gradus/tensor-core";
import { ArgumentError, DTypeError, gradcheck, gradgradcheck, ones, scatter, scatterReduce, ShapeError, tensor, Tensor, zeros } from "@gradus/tensor-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { indices, leaf } from "./support/data.js";
import { useDevice } from "./support/device.js";

useDevice(() => interpreter());

const values = (x: Tensor): number[] => Array.from(x.detach().readSync(), Number);

/** The definition of scatterReduce, one element after the other. */
function naive(x: number[][], dim: 0 | 1, index: number[][], source: number[][], how: ScatterReduction, includeSelf: boolean): number[][] {
  const found = x.map((row, i) => row.map((value, j) => ({ values: includeSelf ? [value] : ([] as number[]), own: value, i, j })));
  index.forEach((row, i) => { row.forEach((at, j) => (dim === 0 ? found[at]![j]! : found[i]![at]!).values.push(source[i]![j]!)); });
  const join: Record<ScatterReduction, (list: readonly number[]) => number> = {
    sum: (list) => list.reduce((a, b) => a + b, 0),
    prod: (list) => list.reduce((a, b) => a * b, 1),
    mean: (list) => list.reduce((a, b) => a + b, 0) / list.length,
    amax: (list) => Math.max(...list),
    amin: (list) => Math.min(...list),
  };
  return found.map((row) => row.map((place) => (place.values.length === 0 ? place.own : join[how](place.values))));
}

const number = fc.integer({ min: -4, max: 4 });
const matrix = (rows: number, columns: number, of: fc.Arbitrary<number>): fc.Arbitrary<number[][]> => fc.array(fc.array(of, { minLength: columns, maxLength: columns }), { minLength: rows, maxLength: rows });

describe("scatterReduce", () => {
  it.each(["sum", "prod", "mean", "amax", "amin"] as const)("by %s is what its definition says", (how) => {
    fc.assert(
      fc.property(
        fc.constantFrom(0 as const, 1 as const), matrix(3, 4, number), matrix(2, 3, fc.integer({ min: 0, max: 2 })), matrix(3, 3, number), fc.boolean(), fc.boolean(),
        (dim, x, index, source, includeSelf, permuted) => {
          const own = tensor(x, { dtype: "float64" });
          const laidOut = permuted ? own.t().contiguous().t() : own;
          const got = scatterReduce(laidOut, dim, tensor(index, { dtype: "int64" }), tensor(source, { dtype: "float64" }), how, { includeSelf });
          expect(got.toArraySync()).toEqual(naive(x, dim, index, source, how, includeSelf).map((row) => row.map((v) => expect.closeTo(v, 9) as number)));
        },
      ),
      { numRuns: 60 },
    );
  });

  it("keeps element types, integers rounding their means down", () => {
    const at = indices([0, 0]);
    expect(scatterReduce(tensor([-4], { dtype: "int64" }), 0, at, tensor([1, 0], { dtype: "int64" }), "mean").toArraySync()).toEqual([-1]);
    expect(scatterReduce(tensor([7], { dtype: "uint8" }), 0, at, tensor([9, 3], { dtype: "uint8" }), "amin", { includeSelf: false }).toArraySync()).toEqual([3]);
    expect(scatterReduce(tensor([true]), 0, at, tensor([true, false]), "prod").toArraySync()).toEqual([false]);
  });

  it("takes scalars for vectors of one element, and an empty index for none", () => {
    expect(scatterReduce(tensor(3), 0, tensor(0, { dtype: "int64" }), tensor(4), "sum").itemSync()).toBe(7);
    expect(scatterReduce(tensor([3, 4]), 0, zeros([0], { dtype: "int64" }), zeros([0]), "amax", { includeSelf: false }).toArraySync()).toEqual([3, 4]);
  });
});

const at = (): Tensor => indices([1, 0, 1, 1, 2, 0], [3, 2]);
const differentiable: Record<string, readonly [f: TensorFunction, inputs: () => readonly Tensor[]]> = {
  ...Object.fromEntries(
    (["sum", "prod", "mean", "amax", "amin"] as const).flatMap((how) =>
      [true, false].map((includeSelf) => [`scatterReduce by ${how}, ${includeSelf ? "with" : "without"} self`, [(x, s) => scatterReduce(x, 0, at(), s, how, { includeSelf }), () => [leaf([3, 2]), leaf([4, 2], 2)]]] as const),
    ),
  ),
  "scatterReduce by prod, a zero among the source": [(x, s) => scatterReduce(x, 0, at(), s.mul(tensor([[1, 0], [1, 1], [0, 1]], { dtype: "float64" })), "prod"), () => [leaf([3, 2]), leaf([3, 2], 2)]],
  "scatter, adding": [(x, s) => scatter(x, 0, at(), s, { reduce: "add" }), () => [leaf([3, 2]), leaf([3, 2], 2)]],
  "scatter of a larger source": [(x, s) => scatter(x, 0, indices([0, 1], [1, 2]), s).square(), () => [leaf([3, 2]), leaf([2, 3], 2)]],
  "indexAdd with alpha": [(x, s) => g.indexAdd(x, 1, indices([1, 1]), s, { alpha: -2 }).square(), () => [leaf([2, 3]), leaf([2, 2], 2)]],
  indexCopy: [(x, s) => g.indexCopy(x, 0, indices([2, 0]), s).square(), () => [leaf([3, 2]), leaf([2, 2], 2)]],
  "indexFill with a tensor": [(x, v) => g.indexFill(x, 1, indices([2, 0]), v).square(), () => [leaf([2, 3]), leaf([], 2)]],
  "indexReduce by mean": [(x, s) => g.indexReduce(x, 0, indices([1, 1]), s, "mean").square(), () => [leaf([3, 2]), leaf([2, 2], 2)]],
  put: [(x, s) => g.put(x, indices([-1, 0]), s).square(), () => [leaf([2, 3]), leaf([2], 2)]],
  "put, accumulating": [(x, s) => g.put(x, indices([1, 1]), s, { accumulate: true }).square(), () => [leaf([2, 3]), leaf([2], 2)]],
  maskedScatter: [(x, s) => g.maskedScatter(x, tensor([[true, false, true], [false, false, true]]), s).square(), () => [leaf([2, 3]), leaf([4], 2)]],
  selectScatter: [(x, s) => g.selectScatter(x, s, 1, -1).square(), () => [leaf([2, 3]), leaf([2], 2)]],
  sliceScatter: [(x, s) => g.sliceScatter(x, s, { dim: 1, start: 1, step: 2 }).square(), () => [leaf([2, 4]), leaf([2, 2], 2)]],
  diagonalScatter: [(x, s) => g.diagonalScatter(x, s, { offset: 1 }).square(), () => [leaf([2, 3]), leaf([2], 2)]],
  asStridedScatter: [(x, s) => g.asStridedScatter(x, s, [2, 2], [3, 1], { storageOffset: 1 }).square(), () => [leaf([2, 3]), leaf([2, 2], 2)]],
};

describe.each(Object.entries(differentiable))("%s", (name, [f, inputs]) => {
  it("has the gradient of its differences", () => gradcheck(f, inputs(), { name }));
  it("has the gradient of its gradient", () => gradgradcheck(f, inputs(), { name }));
});

describe("in place", () => {
  const inPlace: Record<string, (x: Tensor) => readonly [inPlace: Tensor, plain: Tensor]> = {
    scatter: (x) => [x.clone().scatter_(0, indices([1, 0], [1, 2]), 5), x.scatter(0, indices([1, 0], [1, 2]), 5)],
    "scatter, multiplying": (x) => [x.clone().scatter_(0, indices([1, 0], [1, 2]), 5, { reduce: "multiply" }), x.scatter(0, indices([1, 0], [1, 2]), 5, { reduce: "multiply" })],
    scatterReduce: (x) => [x.clone().scatterReduce_(0, indices([1, 0], [1, 2]), ones([1, 2]), "amax"), x.scatterReduce(0, indices([1, 0], [1, 2]), ones([1, 2]), "amax")],
    indexAdd: (x) => [x.clone().indexAdd_(0, indices([0]), ones([1, 3])), x.indexAdd(0, indices([0]), ones([1, 3]))],
    indexCopy: (x) => [x.clone().indexCopy_(0, indices([0]), ones([1, 3])), x.indexCopy(0, indices([0]), ones([1, 3]))],
    indexFill: (x) => [x.clone().indexFill_(1, indices([0, 2]), 7), x.indexFill(1, indices([0, 2]), 7)],
    indexReduce: (x) => [x.clone().indexReduce_(1, indices([0, 2]), ones([2, 2]), "prod"), x.indexReduce(1, indices([0, 2]), ones([2, 2]), "prod")],
    put: (x) => [x.clone().put_(indices([5]), ones([1])), x.put(indices([5]), ones([1]))],
    maskedFill: (x) => [x.clone().maskedFill_(x.gt(2), -1), x.maskedFill(x.gt(2), -1)],
    maskedScatter: (x) => [x.clone().maskedScatter_(x.gt(2), zeros([6])), x.maskedScatter(x.gt(2), zeros([6]))],
    tril: (x) => [x.clone().tril_(), x.tril()],
  };
  it.each(Object.entries(inPlace))("%s gives what it gives as a new tensor", (_, f) => {
    const [written, plain] = f(tensor([[1, 2, 3], [4, 5, 6]]));
    expect(written.toArraySync()).toEqual(plain.toArraySync());
  });

  it("keeps the history of both", () => {
    const x = ones([3], { requiresGrad: true });
    const source = tensor([5, 6], { requiresGrad: true });
    const y = x.mul(2);
    y.indexCopy_(0, indices([2, 0]), source);
    y.square().sum().backward();
    expect(values(x.grad!)).toEqual([0, 8, 0]);
    expect(values(source.grad!)).toEqual([10, 12]);
  });

  it("refuses a leaf, and a source inside of the target", () => {
    expect(() => ones([3], { requiresGrad: true }).indexFill_(0, indices([0]), 1)).toThrow("indexFill_: expected a tensor that may be overwritten");
    const x = ones([4]);
    expect(() => x.indexCopy_(0, indices([0, 1]), x.slice(0, 1, 3))).toThrow(ArgumentError);
    expect(() => x.scatter_(0, indices([0, 1, 2, 3]), x)).toThrow("scatter_: expected a source with memory of its own");
    expect(x.slice(0, 0, 2).indexCopy_(0, indices([0, 1]), x.slice(0, 2)).toArraySync()).toEqual([1, 1]);
  });

  it("fillDiagonal_ fills squares, matrices and cubes, and wraps where asked to", () => {
    expect(zeros([2, 3]).fillDiagonal_(1).toArraySync()).toEqual([[1, 0, 0], [0, 1, 0]]);
    expect(values(zeros([2, 2, 2]).fillDiagonal_(1))).toEqual([1, 0, 0, 0, 0, 0, 0, 1]);
    expect(zeros([5, 2]).fillDiagonal_(1, { wrap: true }).toArraySync()).toEqual([[1, 0], [0, 1], [0, 0], [1, 0], [0, 1]]);
  });
});

describe("refuses", () => {
  it.each<[string, () => unknown, Error]>([
    ["a source of another type", () => scatter(ones([2]), 0, indices([0]), ones([1], { dtype: "int64" })), new DTypeError('scatter: expected a source of float32, got int64; convert it with .to("float32")')],
    ["an index of another rank", () => scatterReduce(ones([2, 2]), 0, indices([0]), ones([2, 2]), "sum"), new ShapeError("scatterReduce: expected an index of rank 2, no larger than [2, 2] except along dimension 0, got [1]")],
    ["a reduction that is none", () => scatterReduce(ones([2]), 0, indices([0]), ones([1]), "max" as "amax"), new ArgumentError('scatterReduce: expected reduce "sum", "prod", "mean", "amax" or "amin", got "max"')],
    ["a source that does not fit", () => g.indexCopy(ones([3, 2]), 0, indices([0]), ones([2, 2])), new ShapeError("indexCopy: expected a source of shape [1, 2], got [2, 2]")],
    ["an element that does not fit", () => g.selectScatter(ones([3, 2]), ones([3]), 0, 0), new ShapeError("selectScatter: expected elements of shape [2], got [3]")],
    ["as many elements as places", () => g.put(ones([3]), indices([0, 1]), ones([3])), new ShapeError("put: expected as many elements as indices, got 3 for 2")],
  ])("%s", (_, call, error) => {
    expect(call).toThrow(error);
  });

  it("an index outside, with the op's name", () => {
    expect(() => g.indexFill(ones([3]), 0, indices([3]), 0).readSync()).toThrow("indexFill: expected indices inside the dimension");
    expect(() => scatterReduce(ones([3]), 0, indices([-1]), ones([1]), "sum").readSync()).toThrow("scatterReduce: expected indices inside the dimension");
  });
});
