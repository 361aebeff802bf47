import { interpreter } from "@gradus/kernel-ir/interpreter";
import type { DType, Tensor } from "@gradus/tensor-core";
import { arange, argmax, ArgumentError, avgPool2d, broadcastShapes, cat, DTypeError, fliplr, flipud, gather, grad, indexAdd, linspace, manualSeed, maskedSelect, maxPool1dWithIndices, maxPool2dWithIndices, median, nonzero, normal, ones, prod, scatter, ShapeError, sum, tensor, tril, zeros } from "@gradus/tensor-core";
import { describe, expect, it } from "vitest";
import { useDevice } from "./support/device.js";

const device = useDevice(interpreter);
const dispatches = (): number => device.stats().dispatches;
const int = (data: readonly (number | readonly number[])[], dtype: DType = "int64"): Tensor => tensor(data as number[], { dtype });

describe("reductions", () => {
  it("sum and multiply in the type that is asked for", () => {
    const counts = int([2, 3], "int32");
    for (const reduce of [sum, prod]) {
      expect(reduce(counts).dtype).toBe("int64");
      expect(reduce(counts, { dtype: "int32" }).dtype).toBe("int32");
      expect(reduce(counts, { dtype: "float64" }).dtype).toBe("float64");
    }
    // Converted first: 2.7 counts as 2.
    expect(sum(tensor([2.7, 1.2]), { dtype: "int32" }).itemSync()).toBe(3);
  });

  it("answer for bytes in bytes", () => {
    expect([int([0, 2], "uint8").any().dtype, int([0, 2], "uint8").any().itemSync(), int([0, 2], "uint8").all().itemSync()]).toEqual(["uint8", 1, 0]);
    expect(int([0, 2], "int16").any().dtype).toBe("bool");
  });

  it("name themselves where there is nothing to choose from", () => {
    const x = zeros([2, 0]);
    for (const name of ["amax", "amin", "argmax", "argmin"] as const) expect(() => x[name]({ dim: 1 }), name).toThrow(new ShapeError(`${name}: expected at least one element to choose from, got shape [2, 0]`));
    expect(() => argmax(tensor([true]))).toThrow(new DTypeError('argmax: expected a tensor of numbers, got bool; convert it with to("uint8")'));
  });

  it("find the first NaN where the median is one", () => {
    const { values, indices } = median(tensor([[3, NaN, 1, NaN], [4, 1, 3, 2]]), { dim: 1 });
    expect([values.toArraySync(), indices.toArraySync()]).toEqual([[NaN, 2], [1, 3]]);
    expect(median(tensor([])).itemSync()).toBeNaN();
    expect(() => median(zeros([2, 0]), { dim: 1 })).toThrow(ShapeError);
  });
});

describe("indices", () => {
  it("add alpha times the source", () => {
    const x = ones([2, 2]);
    const [index, source] = [int([1, 0]), tensor([[1, 2], [3, 4]])];
    expect(indexAdd(x, 0, index, source, { alpha: -1 }).toArraySync()).toEqual([[-2, -3], [0, -1]]);
    expect(indexAdd(int([0, 0], "uint8"), 0, int([0], "int32"), int([3], "uint8"), { alpha: 2 }).toArraySync()).toEqual([6, 0]);
    expect(indexAdd(tensor([true, false]), 0, int([1]), tensor([true]), { alpha: false }).toArraySync()).toEqual([true, false]);
    expect(indexAdd(tensor(1), 0, int([0]), tensor(2), { alpha: 3 }).itemSync()).toBe(7);
    const s = tensor([1, 2], { requiresGrad: true });
    const [ds] = grad(indexAdd(zeros([2]), 0, int([1, 1]), s, { alpha: 4 }).sum(), [s]);
    expect(ds.toArraySync()).toEqual([4, 4]);
  });

  it("put one number in many places", () => {
    expect(scatter(zeros([3]), 0, int([0, 2]), 5).toArraySync()).toEqual([5, 0, 5]);
    expect(int([1, 1]).scatter(0, int([1]), 7n).toArraySync()).toEqual([1, 7]);
  });

  it.each<[what: string, prepare: () => () => unknown, message: string]>([
    ["a source of another type", () => { const [x, at, source] = [zeros([3]), int([0]), tensor([1], { dtype: "float64" })]; return () => scatter(x, 0, at, source); }, 'scatter: expected a source of float32, got float64; convert it with .to("float32")'],
    ["an index of another rank", () => { const [x, at, source] = [zeros([3, 2]), int([0]), zeros([1])]; return () => x.scatterAdd(0, at, source); }, "scatterAdd: expected an index of rank 2, no larger than [3, 2] except along dimension 0, got [1]"],
    ["an index that is not int64", () => { const [x, at] = [zeros([3]), int([0], "int32")]; return () => gather(x, 0, at); }, 'gather: expected an index of int64, got int32; convert it with .to("int64")'],
    ["a source that is no slice", () => { const [x, at, source] = [zeros([3, 2]), int([0]), zeros([1, 3])]; return () => indexAdd(x, 0, at, source); }, "indexAdd: expected a source of shape [1, 2], got [1, 3]"],
  ])("refuse %s before any work", (_, prepare, message) => {
    const call = prepare();
    const before = dispatches();
    expect(call).toThrow(message);
    expect(dispatches()).toBe(before);
  });

  it("of no elements may be of any type", () => {
    expect(gather(tensor([1, 2]), 0, zeros([0], { dtype: "uint8" })).shape).toEqual([0]);
  });

  it("can be bytes that mask", () => {
    const mask = int([1, 0, 1], "uint8");
    const x = tensor([1, 2, 3]);
    expect(x.get(mask).toArraySync()).toEqual([1, 3]);
    expect(maskedSelect(x, mask).toArraySync()).toEqual([1, 3]);
    expect(x.set([mask], 0).toArraySync()).toEqual([0, 2, 0]);
  });

  it("are found as rows, or as a tensor for each dimension", () => {
    const x = tensor([[0, 1], [2, 0]]);
    expect(nonzero(x).toArraySync()).toEqual([[0, 1], [1, 0]]);
    const columns = nonzero(x, { asTuple: true });
    expect(columns.map((column) => column.toArraySync())).toEqual([[0, 1], [1, 0]]);
    expect(x.get(...columns).toArraySync()).toEqual([1, 2]);
    expect(nonzero(tensor(3), { asTuple: true }).map((column) => column.toArraySync())).toEqual([[0]]);
  });

  it("take values of the tensor's own type only", () => {
    const x = ones([2, 2], { dtype: "float64" });
    expect(() => x.set([":", [1]], zeros([2, 1]))).toThrow(new DTypeError('set: expected values of float64, got float32; convert them with .to("float64")'));
    // A plain slice is copied to, and copying converts.
    expect(x.set([":", 1], zeros([2])).toArraySync()).toEqual([[1, 0], [1, 0]]);
  });
});

describe("shapes and types", () => {
  it("linspace converts the ends of integers first", () => {
    expect(linspace(4.3, 1, 5, { dtype: "int64" }).toArraySync()).toEqual([4, 3, 2, 1, 1]);
    expect(linspace(0.5, 10.7, 5, { dtype: "int64" }).toArraySync()).toEqual([0, 2, 5, 7, 10]);
  });
  it("triangles of bools are bools", () => {
    expect(tril(tensor([[true, true], [true, true]])).toArraySync()).toEqual([[true, false], [true, true]]);
  });
  it("averages of integers have no fraction", () => {
    const x = arange(-8, 8).reshape(1, 1, 4, 4);
    expect(avgPool2d(x, 2, { stride: [] }).toArraySync()).toEqual([[[[-5, -3], [2, 4]]]]);
  });
  it("an empty vector joins anything, and has an empty gradient", () => {
    const [loose, x] = [zeros([0], { requiresGrad: true }), ones([2, 3], { requiresGrad: true })];
    const y = cat([loose, x]);
    expect(y.shape).toEqual([2, 3]);
    const [dLoose, dx] = grad(y.sum(), [loose, x]);
    expect([dLoose.shape, dx.shape]).toEqual([[0], [2, 3]]);
  });
  it("broadcast together, or say which do not", () => {
    expect(broadcastShapes([2, 1], [3], [])).toEqual([2, 3]);
    expect(() => broadcastShapes([2], [3])).toThrow(/^broadcastShapes: expected shapes that broadcast, got \[2\] and \[3\]/);
  });
  it("are named by the op that was called", () => {
    expect(() => fliplr(ones([2]))).toThrow(/^fliplr: expected at least 2 dimensions/);
    expect(() => flipud(tensor(1))).toThrow(/^flipud: expected at least 1 dimension/);
    expect(() => maxPool2dWithIndices(ones([1, 4, 4]), 2, { padding: -1 })).toThrow(/^maxPool2dWithIndices: expected padding/);
    expect(() => zeros([2, 0]).get(":", [0])).toThrow(/^get: expected a dimension with elements/);
  });
});

describe("normal numbers around tensors", () => {
  it("are PyTorch's", () => {
    const close = (x: Tensor, want: readonly number[]): void => { (x.toArraySync() as number[]).forEach((value, i) => { expect(value).toBeCloseTo(want[i] ?? NaN, 5); }); };
    manualSeed(3);
    close(normal(tensor([0, 10, 20]), tensor([1, 2, 0])), [0.8032760620117188, 10.349666595458984, 20]);
    close(normal(tensor([0, 10]), 2), [-1.2274360656738281, 10.092365264892578]);
    close(normal(1, tensor([0.5, 2])), [0.31587040424346924, 1.674990177154541]);
  });
  it("need a shape exactly where no tensor has one", () => {
    expect(() => normal(0, 1, undefined as unknown as number[])).toThrow(new ArgumentError("normal: expected a shape with a mean and a standard deviation that are numbers, got none"));
    expect(() => normal(0, -1, [2])).toThrow(ArgumentError);
    expect(() => normal(int([1]))).toThrow(DTypeError);
  });
});

describe("maxima over windows", () => {
  // torch.nn.functional.max_pool1d(x, 3, padding=…, return_indices=True)
  it.each([
    [0, [NaN, -Infinity, NaN], [2, 3, 8]],
    [1, [NaN, NaN, 2], [0, 2, 6]],
  ])("name the last NaN, or the first of equals, with padding %i", (padding, values, indices) => {
    const x = tensor([[NaN, 1, NaN, -Infinity, -Infinity, -Infinity, 2, 2, NaN]]);
    const pooled = maxPool1dWithIndices(x, 3, { padding });
    expect(pooled.values.toArraySync()).toEqual([values]);
    expect(pooled.indices.toArraySync()).toEqual([indices]);
  });
});
