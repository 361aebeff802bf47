import { cpu } from "@gradus/backend-cpu";
import { webgpu } from "@gradus/backend-webgpu";
import * as nn from "@gradus/nn";
import type { Module } from "@gradus/nn";
import type { DeviceLike, Tensor } from "@gradus/tensor-core";
import { manualSeed, randn, setDefaultDevice, sigmoid, tensor, withDefaultDevice } from "@gradus/tensor-core";
import { beforeAll, describe, expect, inject, it, test } from "vitest";
import { cases, compare, named } from "./fixtures/all-modules.js";

/** What a module is called with: the shape of its first argument, which gets a gradient, and the others. */
interface Call {
  readonly make: () => Module;
  readonly shape: readonly number[];
  readonly others?: () => readonly Tensor[];
  /** How the first argument is made of random numbers. */
  readonly first?: (x: Tensor) => Tensor;
}

const classes = (): readonly Tensor[] => [tensor([1, 0, 2], { dtype: "int64" })];
const likeInput = (): readonly Tensor[] => [randn([3, 4])];
const probabilities = (): readonly Tensor[] => [sigmoid(randn([3, 4]))];
const layer = (): nn.TransformerEncoderLayer => new nn.TransformerEncoderLayer(4, 2, { dimFeedforward: 5, dropout: 0 });
const image = [2, 4, 6, 7];

/** Modules that have no case of PyTorch's in this folder's table. */
const calls: Readonly<Record<string, Call>> = {
  Sequential: { make: () => new nn.Sequential(new nn.Linear(4, 3), new nn.Tanh(), new nn.Linear(3, 2)), shape: [5, 4] },
  Identity: { make: () => new nn.Identity(), shape: [3] },
  Linear: { make: () => new nn.Linear(7, 5), shape: [3, 2, 7] },
  Conv1d: { make: () => new nn.Conv1d(4, 6, 3, { padding: 2, stride: 2, dilation: 2, groups: 2 }), shape: [2, 4, 11] },
  Conv2d: { make: () => new nn.Conv2d(4, 5, [3, 2], { padding: [1, 0], stride: [1, 2] }), shape: image },
  AvgPool2d: { make: () => new nn.AvgPool2d(3, { stride: 2, padding: 1 }), shape: image },
  MaxPool2d: { make: () => new nn.MaxPool2d(3, { stride: 2, padding: 1 }), shape: image },
  FractionalMaxPool2d: { make: () => new nn.FractionalMaxPool2d(2, { outputSize: [3, 4] }), shape: image },
  FractionalMaxPool3d: { make: () => new nn.FractionalMaxPool3d(2, { outputSize: 2 }), shape: [1, 2, 5, 4, 4] },
  MaxUnpool3d: { make: () => new nn.MaxUnpool3d(2), shape: [1, 1, 1, 1, 2], others: () => [tensor([3, 9], { dtype: "int64" }).reshape(1, 1, 1, 1, 2)] },
  CircularPad1d: { make: () => new nn.CircularPad1d([2, 1]), shape: [2, 3, 5] },
  CircularPad2d: { make: () => new nn.CircularPad2d(2), shape: image },
  CircularPad3d: { make: () => new nn.CircularPad3d(1), shape: [1, 2, 3, 4, 5] },
  ZeroPad1d: { make: () => new nn.ZeroPad1d(2), shape: [2, 3, 5] },
  ZeroPad3d: { make: () => new nn.ZeroPad3d(1), shape: [1, 2, 3, 4, 5] },
  BatchNorm1d: { make: () => new nn.BatchNorm1d(4), shape: [3, 4, 5] },
  BatchNorm2d: { make: () => new nn.BatchNorm2d(4), shape: image },
  CrossMapLRN2d: { make: () => new nn.CrossMapLRN2d(3), shape: image },
  LayerNorm: { make: () => new nn.LayerNorm([6, 7]), shape: image },
  RMSNorm: { make: () => new nn.RMSNorm(7), shape: image },
  Embedding: { make: () => new nn.Embedding(4, 3), shape: [1], first: () => tensor([1, 3, 1, 0], { dtype: "int64" }) },
  ChannelShuffle: { make: () => new nn.ChannelShuffle(2), shape: image },
  Flatten: { make: () => new nn.Flatten(), shape: image },
  Dropout: { make: () => new nn.Dropout(0.4), shape: [40] },
  GELU: { make: () => new nn.GELU(), shape: [40] },
  Hardsigmoid: { make: () => new nn.Hardsigmoid(), shape: [40] },
  LogSoftmax: { make: () => new nn.LogSoftmax(1), shape: [5, 40] },
  ReLU: { make: () => new nn.ReLU(), shape: [40] },
  Sigmoid: { make: () => new nn.Sigmoid(), shape: [40] },
  SiLU: { make: () => new nn.SiLU(), shape: [40] },
  Softmax: { make: () => new nn.Softmax(1), shape: [5, 40] },
  Softplus: { make: () => new nn.Softplus(), shape: [40] },
  Tanh: { make: () => new nn.Tanh(), shape: [40] },
  TransformerDecoder: { make: () => new nn.TransformerDecoder(new nn.TransformerDecoderLayer(4, 2, { dimFeedforward: 5, dropout: 0 }), 2), shape: [3, 2, 4], others: () => [randn([5, 2, 4])] },
  TransformerEncoder: { make: () => new nn.TransformerEncoder(layer(), 2), shape: [3, 2, 4] },
  BCELoss: { make: () => new nn.BCELoss(), shape: [3, 4], first: sigmoid, others: probabilities },
  BCEWithLogitsLoss: { make: () => new nn.BCEWithLogitsLoss(), shape: [3, 4], others: probabilities },
  CrossEntropyLoss: { make: () => new nn.CrossEntropyLoss(), shape: [3, 4], others: classes },
  L1Loss: { make: () => new nn.L1Loss(), shape: [3, 4], others: likeInput },
  MSELoss: { make: () => new nn.MSELoss(), shape: [3, 4], others: likeInput },
  NLLLoss: { make: () => new nn.NLLLoss(), shape: [3, 4], others: classes },
  LazyBatchNorm1d: { make: () => new nn.LazyBatchNorm1d(), shape: [3, 4, 5] },
  LazyBatchNorm2d: { make: () => new nn.LazyBatchNorm2d(), shape: image },
  LazyBatchNorm3d: { make: () => new nn.LazyBatchNorm3d(), shape: [2, 2, 3, 4, 5] },
  LazyConv1d: { make: () => new nn.LazyConv1d(3, 2), shape: [2, 3, 5] },
  LazyConv2d: { make: () => new nn.LazyConv2d(3, 2), shape: image },
  LazyConv3d: { make: () => new nn.LazyConv3d(3, 2), shape: [1, 2, 3, 4, 5] },
  LazyConvTranspose1d: { make: () => new nn.LazyConvTranspose1d(3, 2), shape: [2, 3, 5] },
  LazyConvTranspose2d: { make: () => new nn.LazyConvTranspose2d(3, 2), shape: image },
  LazyConvTranspose3d: { make: () => new nn.LazyConvTranspose3d(3, 2), shape: [1, 2, 3, 4, 5] },
  LazyInstanceNorm1d: { make: () => new nn.LazyInstanceNorm1d({ affine: true }), shape: [3, 4, 5] },
  LazyInstanceNorm2d: { make: () => new nn.LazyInstanceNorm2d({ affine: true }), shape: image },
  LazyInstanceNorm3d: { make: () => new nn.LazyInstanceNorm3d({ affine: true }), shape: [2, 2, 3, 4, 5] },
  LazyLinear: { make: () => new nn.LazyLinear(5), shape: [3, 7] },
  AveragedModel: { make: () => new nn.AveragedModel(new nn.Linear(4, 2)), shape: [3, 4] },
};

/** They hold modules and parameters, and compute nothing. */
const containers = ["ModuleDict", "ModuleList", "ParameterDict", "ParameterList"];

/** A module's result and the gradients of its input and parameters, each as a list of numbers. */
async function computed(device: DeviceLike, { make, shape, others = () => [], first = (x) => x }: Call): Promise<readonly (readonly number[])[]> {
  const tensors = withDefaultDevice(device, () => {
    manualSeed(4);
    const module = make();
    const x = first(randn(shape)).detach();
    const input = x.isFloatingPoint() ? x.requiresGrad_() : x;
    const result = (module.call as (...args: readonly Tensor[]) => Tensor)(input, ...others());
    if (result.requiresGrad) result.mul(randn(result.shape)).sum().backward();
    return [result, input.grad, ...module.parameters().map(({ grad }) => grad)];
  });
  return Promise.all(tensors.map(async (each) => (each === null ? [] : Array.from(await each.detach().read(), Number))));
}

describe.skipIf(!inject("webgpu"))("on WebGPU", () => {
  let device: Awaited<ReturnType<typeof webgpu>>;
  beforeAll(async () => {
    device = await webgpu();
    return () => { device.dispose(); };
  });

  describe("modules compute what they compute in PyTorch, gradients included", () => {
    beforeAll(() => {
      setDefaultDevice(device);
      return () => { setDefaultDevice(null); };
    });

    test.each(named)("%s", (_, each) => compare(each, "float32", 2e-5));
  });

  describe("the others compute what they compute on the CPU", () => {
    const host = cpu();

    test.each(Object.entries(calls))("%s", async (_, call) => {
      const [actual, expected] = [await computed(device, call), await computed(host, call)];
      expect(expected.some((values) => values.some((value) => value !== 0))).toBe(true);
      expected.forEach((values, i) => {
        expect(actual[i], `tensor ${i}`).toHaveLength(values.length);
        values.forEach((value, at) => { expect(Math.abs(actual[i]![at]! - value), `element ${at} of tensor ${i}`).toBeLessThanOrEqual(2e-5 * Math.max(1, Math.abs(value))); });
      });
    });
  });

  it("leaves out no module", () => {
    const modules = Object.entries(nn).flatMap(([name, value]) => (typeof value === "function" && value.prototype instanceof nn.Module ? [name] : []));
    const tried = new Set([...cases.map(({ cls }) => cls), ...Object.keys(calls), ...containers]);
    expect(modules.filter((name) => !tried.has(name))).toEqual([]);
    expect(modules.length).toBeGreaterThan(150);
  });
});
