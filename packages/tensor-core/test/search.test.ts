import { interpreter } from "@gradus/kernel-ir/interpreter";
import * as g from "@gradus/tensor-core";
import { ArgumentError, bucketize, DTypeError, gradcheck, histogram, isin, mode, ones, searchsorted, ShapeError, tensor, Tensor, unique, uniqueConsecutive, zeros } from "@gradus/tensor-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { indices, leaf } from "./support/data.js";
import { useDevice } from "./support/device.js";

useDevice(() => interpreter());

const values = (x: Tensor): number[] => Array.from(x.detach().readSync(), Number);
const numbers = fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 20 });

describe("searchsorted", () => {
  it("counts the elements before a value", () => {
    fc.assert(
      fc.property(numbers, numbers, fc.boolean(), fc.boolean(), (row, wanted, right, outInt32) => {
        const sorted = [...row].sort((a, b) => a - b);
        const got = searchsorted(tensor(sorted), tensor(wanted), { right, outInt32 });
        expect(got.dtype).toBe(outInt32 ? "int32" : "int64");
        expect(values(got)).toEqual(wanted.map((v) => sorted.filter((x) => (right ? x <= v : x < v)).length));
        const order = tensor(row).argsort();
        expect(values(searchsorted(tensor(row), tensor(wanted), { side: right ? "right" : "left", sorter: order }))).toEqual(values(got));
        expect(values(bucketize(tensor(wanted), tensor(sorted), { right }))).toEqual(values(got));
      }),
    );
  });

  it("looks into a row of its own for each row of values, whatever the strides", () => {
    const rows = tensor([[1, 10], [3, 30], [5, 50]]).t();
    expect(searchsorted(rows, tensor([[4, 0], [4, 60]])).toArraySync()).toEqual([[2, 0], [0, 3]]);
    expect(searchsorted(tensor([1, 3]), 2).itemSync()).toBe(1);
    expect(values(searchsorted(tensor([1, 2]), tensor([NaN, Infinity, -Infinity])))).toEqual([2, 2, 0]);
    expect(searchsorted(tensor([1, 2], { dtype: "int64" }), 1.5).itemSync()).toBe(1);
  });

  it("refuses by name", () => {
    expect(() => searchsorted(tensor(1), ones([2]))).toThrow(new ShapeError("searchsorted: expected a sequence with a dimension, got a scalar"));
    expect(() => searchsorted(ones([2, 3]), ones([3, 3]))).toThrow("searchsorted: expected a sequence of one dimension, or the same leading dimensions");
    expect(() => searchsorted(ones([3]), ones([3]), { side: "left", right: true })).toThrow(ArgumentError);
    expect(() => bucketize(ones([2]), ones([2, 2]))).toThrow("bucketize: expected boundaries in one dimension, got shape [2, 2]");
  });
});

describe("which values there are", () => {
  it("unique, with counts and inverse", () => {
    fc.assert(
      fc.property(numbers, (row) => {
        const want = [...new Set(row)].sort((a, b) => a - b);
        const { output, inverse, counts } = unique(tensor(row), { returnInverse: true, returnCounts: true });
        expect(values(output)).toEqual(want);
        expect(values(counts)).toEqual(want.map((v) => row.filter((x) => x === v).length));
        expect(values(output.indexSelect(0, inverse))).toEqual(row);
        const runs = row.filter((v, i) => i === 0 || v !== row[i - 1]);
        expect(values(uniqueConsecutive(tensor(row)))).toEqual(runs);
      }),
    );
  });

  it("of slices", () => {
    const x = tensor([[2, 1, 2], [3, 0, 3]]);
    const { output, inverse, counts } = unique(x, { dim: 1, returnInverse: true, returnCounts: true });
    expect([output.toArraySync(), values(inverse), values(counts)]).toEqual([[[1, 2], [0, 3]], [1, 0, 1], [1, 2]]);
    expect(uniqueConsecutive(tensor([[1, 2], [1, 2], [0, 0]]), { dim: 0 }).toArraySync()).toEqual([[1, 2], [0, 0]]);
    expect(unique(tensor([[2, 1], [1, 2]])).toArraySync()).toEqual([1, 2]);
    expect(unique(tensor([NaN, 1, NaN])).numel()).toBe(3);
    expect(unique(tensor([true, false, true])).toArraySync()).toEqual([false, true]);
  });

  it("isin", () => {
    fc.assert(
      fc.property(numbers, numbers, fc.boolean(), (row, pool, invert) => {
        expect(isin(tensor(row), tensor(pool), { invert }).toArraySync()).toEqual(row.map((v) => pool.includes(v) !== invert));
      }),
    );
    expect(isin(tensor([[1, NaN]]), tensor([NaN, 1])).toArraySync()).toEqual([[true, false]]);
    expect(isin(3, tensor([1, 3])).itemSync()).toBe(true);
    expect(isin(tensor([true]), tensor([false])).toArraySync()).toEqual([false]);
  });

  it("mode takes the smallest of the most frequent, and where it stands last", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 12 }), (row) => {
        const count = (v: number): number => row.filter((x) => x === v).length;
        const best = [...new Set(row)].sort((a, b) => count(b) - count(a) || a - b)[0]!;
        const got = mode(tensor(row));
        expect([got.values.itemSync(), got.indices.itemSync()]).toEqual([best, row.lastIndexOf(best)]);
      }),
    );
    const along = mode(tensor([[1, 2], [3, 2], [3, 1]]), { dim: 0, keepdim: true });
    expect([along.values.toArraySync(), along.indices.toArraySync()]).toEqual([[[3, 2]], [[2, 1]]]);
    return gradcheck((x) => mode(x, { dim: 0 }).values.square(), [leaf([3, 2])], { name: "mode" });
  });
});

describe("histogram", () => {
  it("counts what falls into each bin, the upper end into the last", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1, max: 4, noNaN: true }), { maxLength: 30 }), fc.integer({ min: 1, max: 6 }), (row, bins) => {
        const { hist, binEdges } = histogram(tensor(row, { dtype: "float64" }), bins, { range: [0, 3] });
        const edges = values(binEdges);
        expect(edges[0]).toBe(0);
        expect(edges.at(-1)).toBe(3);
        expect(values(hist)).toEqual(Array.from({ length: bins }, (_, i) => row.filter((v) => v >= edges[i]! && (v < edges[i + 1]! || (i === bins - 1 && v === 3))).length));
      }),
    );
  });

  it("with weights, edges and densities", () => {
    const x = tensor([1, 2, 1]);
    expect(histogram(x, [0, 1.5, 4], { weight: tensor([1, 2, 4]) }).hist.toArraySync()).toEqual([5, 2]);
    const { hist, binEdges } = histogram(x, 2, { density: true });
    expect([hist.toArraySync(), binEdges.toArraySync()]).toEqual([[expect.closeTo(4 / 3, 6), expect.closeTo(2 / 3, 6)], [1, 1.5, 2]]);
    expect(() => histogram(zeros([2], { dtype: "int64" }), 2)).toThrow(DTypeError);
    expect(() => histogram(x, 0)).toThrow("histogram: expected at least 1 bin, got 0");
  });
});

it("views of all elements in one row", () => {
  const x = ones([2, 3]);
  expect([g.ravel(x).storage() === x.storage(), g.ravel(x.t()).storage() === x.storage(), g.ravel(x.t()).shape]).toEqual([true, false, [6]]);
  expect(g.narrowCopy(x, 1, 1, 2).storage() === x.storage()).toBe(false);
  expect(g.take(x, indices([5, -1])).toArraySync()).toEqual([1, 1]);
});
