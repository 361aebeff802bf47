import { batchNorm, conv1d, conv2d, gradcheck, gradgradcheck, grad, groupNorm, instanceNorm, layerNorm, localResponseNorm, nativeBatchNorm, nativeLayerNorm, ones, rmsNorm, ShapeError, tensor, zeros, type Tensor } from "@gradus/tensor-core";
import { describe, expect, it } from "vitest";
import { leaf, positiveLeaf } from "./support/data.js";
import { useDevice } from "./support/device.js";

useDevice();

type Case = readonly [f: (...inputs: readonly Tensor[]) => Tensor, inputs: () => readonly Tensor[]];

/** First and second derivatives, against differences; the second ones go through the composite, the first through the kernels. */
const derivatives: Record<string, Case> = {
  "batchNorm in training": [(x, weight, bias) => batchNorm(x, { weight: weight, bias: bias, training: true }).square(), () => [leaf([3, 2, 2]), leaf([2], 2), leaf([2], 3)]],
  "batchNorm in training, without parameters": [(x) => batchNorm(x, { training: true }).square(), () => [leaf([4, 2])]],
  "batchNorm in training, permuted": [(x, weight) => batchNorm(x.permute(1, 2, 0), { weight: weight, training: true }).square(), () => [leaf([2, 3, 2]), leaf([2], 2)]],
  "batchNorm of what its weight was computed from": [(x) => batchNorm(x, { weight: x.sum({ dim: 0 }), training: true }).square(), () => [leaf([3, 2])]],
  "batchNorm in evaluation": [
    (x, weight, bias, variance) => batchNorm(x, { weight: weight, bias: bias, runningMean: zeros([2], { dtype: "float64" }), runningVar: variance }).square(),
    () => [leaf([3, 2, 2]), leaf([2], 2), leaf([2], 3), positiveLeaf([2], 4)],
  ],
  layerNorm: [(x, weight, bias) => layerNorm(x, [2, 3], { weight: weight, bias: bias }).square(), () => [leaf([2, 2, 3]), leaf([2, 3], 2), leaf([2, 3], 3)]],
  "layerNorm over everything": [(x, weight) => layerNorm(x, [5], { weight: weight }).square(), () => [leaf([5]), leaf([5], 2)]],
  "layerNorm without parameters": [(x) => layerNorm(x, [4]).square(), () => [leaf([2, 4])]],
  "layerNorm with a bias alone": [(x, bias) => layerNorm(x, [4], { bias: bias }).square(), () => [leaf([2, 4]), leaf([4], 2)]],
  rmsNorm: [(x, weight) => rmsNorm(x, [2, 3], { weight, eps: 0.1 }).square(), () => [leaf([2, 2, 3]), leaf([2, 3], 2)]],
  "rmsNorm without a weight": [(x) => rmsNorm(x, [4]).square(), () => [leaf([2, 4])]],
  groupNorm: [(x, weight, bias) => groupNorm(x, 2, { weight, bias }).square(), () => [leaf([2, 4, 3]), leaf([4], 2), leaf([4], 3)]],
  "groupNorm without parameters, permuted": [(x) => groupNorm(x.t(), 1).square(), () => [leaf([4, 2])]],
  instanceNorm: [(x, weight, bias) => instanceNorm(x, { weight, bias }).square(), () => [leaf([2, 2, 3]), leaf([2], 2), leaf([2], 3)]],
  "instanceNorm with given statistics": [
    (x, weight, variance) => instanceNorm(x, { weight, runningMean: zeros([2], { dtype: "float64" }), runningVar: variance, useInputStats: false }).square(),
    () => [leaf([2, 2, 3]), leaf([2], 2), positiveLeaf([2], 4)],
  ],
  localResponseNorm: [(x) => localResponseNorm(x, 3, { alpha: 0.5 }), () => [leaf([1, 4, 2])]],
  "conv2d with padding same and an even kernel": [(x, w) => conv2d(x, w, null, { padding: "same" }), () => [leaf([1, 1, 3, 4]), leaf([1, 1, 2, 4], 2)]],
};

describe("derivatives", () => {
  it.each(Object.entries(derivatives))("%s", async (name, [f, inputs]) => {
    await gradcheck(f, inputs(), { name });
    await gradgradcheck(f, inputs(), { name, fastMode: true });
  });
});

describe("batchNorm", () => {
  it("moves the running statistics towards the batch's, with the unbiased variance", async () => {
    const x = tensor([[1, 0], [3, 0], [8, 3]]);
    const [runningMean, runningVar] = [tensor([0, 10]), tensor([1, 1])];
    await batchNorm(x, { runningMean, runningVar, training: true, momentum: 0.25 }).read();
    // Means 4 and 1; variances with n − 1: 13 and 3.
    expect(await runningMean.toArray()).toEqual([1, 7.75]);
    expect(await runningVar.toArray()).toEqual([4, 1.5]);
  });

  it("counts the writes to the running statistics", () => {
    const runningVar = ones([2], { requiresGrad: true });
    const before = runningVar.mul(runningVar).sum();
    batchNorm(tensor([[1, 2], [3, 4]]), { runningMean: zeros([2]), runningVar, training: true });
    expect(() => grad(before, [runningVar])).toThrow("changed in place");
  });

  it("is exact far from zero", async () => {
    const x = tensor([1e6 - 1, 1e6 + 1, 1e6 - 1, 1e6 + 1], { shape: [4, 1] });
    expect(await batchNorm(x, { training: true, eps: 0 }).toArray()).toEqual([[-1], [1], [-1], [1]]);
  });

  it("says what does not fit", () => {
    expect(() => batchNorm(ones([3]))).toThrow(new ShapeError("batchNorm: expected an input of shape [batch, channels, …], got [3]"));
    expect(() => batchNorm(ones([2, 3]), { weight: ones([2]), training: true })).toThrow("batchNorm: expected weight of shape [3], got [2]");
    expect(() => batchNorm(ones([1, 3]), { training: true })).toThrow("batchNorm: expected more than 1 value for each channel in training, got input [1, 3]; use a larger batch, or eval()");
    expect(() => batchNorm(ones([2, 3]))).toThrow("batchNorm: expected running statistics in evaluation, got none; pass { training: true } to use the batch's own");
    expect(() => batchNorm(ones([2, 3], { dtype: "int64" }), { training: true })).toThrow("batchNorm: expected a floating tensor, got int64");
    expect(() => batchNorm(ones([2, 3]), { bias: ones([3], { dtype: "float64" }), training: true })).toThrow("batchNorm: expected bias of the input's element type float32, got float64");
  });
});

describe("layerNorm", () => {
  it("normalises each sample by itself", async () => {
    const y = layerNorm(tensor([[[1, 3], [5, 7]], [[0, 0], [0, 4]]]), [2, 2], { eps: 0, weight: tensor([[1, 2], [3, 4]]), bias: tensor([[0, 0], [0, 1]]) });
    const s = Math.sqrt(5);
    const expected = [[[-3 / s, -2 / s], [3 / s, 12 / s + 1]], [[-1 / Math.sqrt(3), -2 / Math.sqrt(3)], [-3 / Math.sqrt(3), 4 * Math.sqrt(3) + 1]]].flat(2);
    (await y.flatten(0).read()).forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
  });

  it("says what does not fit", () => {
    expect(() => layerNorm(ones([2, 3]), [2])).toThrow(new ShapeError("layerNorm: expected an input whose last dimensions are [2], got [2, 3]"));
    expect(() => layerNorm(ones([2, 3]), [3], { weight: ones([2]) })).toThrow("layerNorm: expected weight of shape [3], got [2]");
  });
});

describe("normalisations with their statistics", () => {
  const x = (): Tensor => tensor([[1, 3], [0, 20]]);

  it("layer norm: of each sample", async () => {
    const [y, mean, inverse] = nativeLayerNorm(x(), [2], { eps: 0 });
    expect(await y.toArray()).toEqual([[-1, 1], [-1, 1]]);
    expect(await mean.toArray()).toEqual([[2], [10]]);
    expect(await inverse.toArray()).toEqual([[1], [Math.fround(0.1)]]);
    expect(() => nativeLayerNorm(x(), [3])).toThrow(new ShapeError("nativeLayerNorm: expected an input whose last dimensions are [3], got [2, 2]"));
  });

  it("batch norm: of each channel in training, else none", async () => {
    const [y, mean, inverse] = nativeBatchNorm(x(), { training: true, eps: 0 });
    expect(await y.toArray()).toEqual([[1, -1], [-1, 1]]);
    expect(await mean.toArray()).toEqual([0.5, 11.5]);
    expect(await inverse.toArray()).toEqual([2, Math.fround(1 / 8.5)]);
    const [same, none] = nativeBatchNorm(x(), { runningMean: tensor([0, 0]), runningVar: tensor([1, 1]), eps: 0 });
    expect([await same.toArray(), none.shape]).toEqual([[[1, 3], [0, 20]], [0]]);
  });
});

describe('padding "same"', () => {
  it("pads an even kernel once more behind, as PyTorch does", async () => {
    const y = conv1d(tensor([[[1, 2, 3]]]), tensor([[[1, 10]]]), null, { padding: "same" });
    expect(await y.toArray()).toEqual([[[21, 32, 3]]]);
  });

  it("wants stride 1", () => {
    expect(() => conv1d(ones([1, 1, 4]), ones([1, 1, 2]), null, { padding: "same", stride: 2 })).toThrow('conv1d: expected stride 1 with padding "same", got [2]');
  });
});
