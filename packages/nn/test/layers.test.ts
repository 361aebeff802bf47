import { cpu } from "@gradus/backend-cpu";
import type { DType, Tensor } from "@gradus/tensor-core";
import { ones, setDefaultDevice } from "@gradus/tensor-core";
import type { Module } from "@gradus/nn";
import {
  AvgPool2d, BatchNorm1d, BatchNorm2d, BCELoss, BCEWithLogitsLoss, Conv1d, Conv2d, CrossEntropyLoss, Dropout, Embedding, Flatten, GELU,
  Identity, L1Loss, LayerNorm, LeakyReLU, Linear, LogSoftmax, MaxPool2d, MSELoss, NLLLoss, ReLU, Sequential, Sigmoid, SiLU, Softmax, Softplus, Tanh,
} from "@gradus/nn";
import { describe, expect, test } from "vitest";
import type { Numbers } from "./fixtures/load.js";
import { expectClose, fixture, toTensor } from "./fixtures/load.js";

setDefaultDevice(cpu());

/** What PyTorch computed, in float64. */
interface Case {
  readonly layer: string;
  readonly training: boolean;
  readonly state: Readonly<Record<string, Numbers>>;
  readonly inputs: readonly Numbers[];
  readonly output: Numbers;
  /** Gradients are those of Σ output · cotangent. */
  readonly cotangent: Numbers;
  readonly inputGradient?: Numbers | null;
  readonly gradients?: Readonly<Record<string, Numbers>>;
  readonly stateAfter: Readonly<Record<string, Numbers>>;
}
const cases = fixture("modules.json") as readonly Case[];

/** The layers by what make.py calls them. Weights are loaded, so that here only their number counts. */
const weights = (): Tensor => ones([3]);
const layers: Readonly<Record<string, () => Module>> = {
  "new Linear(3, 2)": () => new Linear(3, 2),
  "new Linear(3, 2, { bias: false })": () => new Linear(3, 2, { bias: false }),
  "new Identity()": () => new Identity(),
  "new Flatten()": () => new Flatten(),
  "new Flatten(0, 1)": () => new Flatten(0, 1),
  "new Conv1d(2, 3, 3, { padding: 1, stride: 2 })": () => new Conv1d(2, 3, 3, { padding: 1, stride: 2 }),
  "new Conv1d(2, 3, 2, { padding: 'same', dilation: 2, bias: false })": () => new Conv1d(2, 3, 2, { padding: "same", dilation: 2, bias: false }),
  "new Conv2d(1, 2, 3)": () => new Conv2d(1, 2, 3),
  "new Conv2d(2, 4, [3, 2], { stride: [2, 1], padding: [1, 0], groups: 2 })": () => new Conv2d(2, 4, [3, 2], { stride: [2, 1], padding: [1, 0], groups: 2 }),
  "new Conv2d(2, 2, 2, { padding: 'same' })": () => new Conv2d(2, 2, 2, { padding: "same" }),
  "new Conv2d(1, 2, 2, { dilation: 2, padding: 'valid' })": () => new Conv2d(1, 2, 2, { dilation: 2, padding: "valid" }),
  "new Conv1d(2, 3, 3, { padding: 2, paddingMode: 'circular' })": () => new Conv1d(2, 3, 3, { padding: 2, paddingMode: "circular" }),
  "new Conv2d(1, 2, [2, 3], { padding: 'same', paddingMode: 'reflect' })": () => new Conv2d(1, 2, [2, 3], { padding: "same", paddingMode: "reflect" }),
  "new Conv2d(1, 2, 3, { padding: [1, 2], paddingMode: 'replicate' })": () => new Conv2d(1, 2, 3, { padding: [1, 2], paddingMode: "replicate" }),
  "new MaxPool2d(2)": () => new MaxPool2d(2),
  "new MaxPool2d(3, { stride: 2, padding: 1, ceilMode: true })": () => new MaxPool2d(3, { stride: 2, padding: 1, ceilMode: true }),
  "new MaxPool2d(2, { stride: 1, dilation: 2 })": () => new MaxPool2d(2, { stride: 1, dilation: 2 }),
  "new AvgPool2d(2)": () => new AvgPool2d(2),
  "new AvgPool2d([3, 2], { stride: 2, padding: 1, countIncludePad: false })": () => new AvgPool2d([3, 2], { stride: 2, padding: 1, countIncludePad: false }),
  "new AvgPool2d(3, { stride: 2, padding: 1, ceilMode: true, divisorOverride: 5 })": () => new AvgPool2d(3, { stride: 2, padding: 1, ceilMode: true, divisorOverride: 5 }),
  "new BatchNorm1d(3)": () => new BatchNorm1d(3),
  "new BatchNorm1d(2, { momentum: 0.3, eps: 1e-3 })": () => new BatchNorm1d(2, { momentum: 0.3, eps: 1e-3 }),
  "new BatchNorm1d(3, { momentum: null })": () => new BatchNorm1d(3, { momentum: null }),
  "new BatchNorm2d(2)": () => new BatchNorm2d(2),
  "new BatchNorm2d(2, { affine: false })": () => new BatchNorm2d(2, { affine: false }),
  "new BatchNorm2d(2, { trackRunningStats: false })": () => new BatchNorm2d(2, { trackRunningStats: false }),
  "new LayerNorm(4)": () => new LayerNorm(4),
  "new LayerNorm([2, 3], { eps: 0.01 })": () => new LayerNorm([2, 3], { eps: 0.01 }),
  "new LayerNorm(4, { elementwiseAffine: false })": () => new LayerNorm(4, { elementwiseAffine: false }),
  "new ReLU()": () => new ReLU(),
  "new LeakyReLU()": () => new LeakyReLU(),
  "new LeakyReLU(0.25)": () => new LeakyReLU(0.25),
  "new Sigmoid()": () => new Sigmoid(),
  "new Tanh()": () => new Tanh(),
  "new GELU()": () => new GELU(),
  "new SiLU()": () => new SiLU(),
  "new GELU({ approximate: 'tanh' })": () => new GELU({ approximate: "tanh" }),
  "new Softplus()": () => new Softplus(),
  "new Softplus({ beta: 2, threshold: 1 })": () => new Softplus({ beta: 2, threshold: 1 }),
  "new Softmax(0)": () => new Softmax(0),
  "new Softmax(-1)": () => new Softmax(-1),
  "new LogSoftmax(1)": () => new LogSoftmax(1),
  "new Dropout(0.5)": () => new Dropout(0.5),
  "new Dropout(0)": () => new Dropout(0),
  "new Embedding(5, 3)": () => new Embedding(5, 3),
  "new Embedding(5, 3, { paddingIdx: 2 })": () => new Embedding(5, 3, { paddingIdx: 2 }),
  "new Embedding(5, 3, { paddingIdx: -1 })": () => new Embedding(5, 3, { paddingIdx: -1 }),
  "new Embedding(4, 3, { maxNorm: 1.5 })": () => new Embedding(4, 3, { maxNorm: 1.5 }),
  "new Embedding(4, 3, { maxNorm: 1, normType: 1 })": () => new Embedding(4, 3, { maxNorm: 1, normType: 1 }),
  "new Embedding(4, 3, { scaleGradByFreq: true, paddingIdx: 3 })": () => new Embedding(4, 3, { scaleGradByFreq: true, paddingIdx: 3 }),
  "new Sequential(new Conv2d(1, 2, 3, { padding: 1 }), new BatchNorm2d(2), new ReLU(), new MaxPool2d(2), new Flatten(), new Linear(8, 3), new Softmax(1))": () =>
    new Sequential(new Conv2d(1, 2, 3, { padding: 1 }), new BatchNorm2d(2), new ReLU(), new MaxPool2d(2), new Flatten(), new Linear(8, 3), new Softmax(1)),
  ...Object.fromEntries(
    (["mean", "sum", "none"] as const).flatMap((reduction) =>
      [CrossEntropyLoss, NLLLoss, MSELoss, L1Loss, BCELoss, BCEWithLogitsLoss].map((Loss) => [`new ${Loss.name}({ reduction: '${reduction}' })`, () => new Loss({ reduction })]),
    ),
  ),
  "new CrossEntropyLoss()": () => new CrossEntropyLoss(),
  "new CrossEntropyLoss({ weight: weights })": () => new CrossEntropyLoss({ weight: weights() }),
  "new CrossEntropyLoss({ weight: weights, ignoreIndex: 1, labelSmoothing: 0.25 })": () => new CrossEntropyLoss({ weight: weights(), ignoreIndex: 1, labelSmoothing: 0.25 }),
  "new CrossEntropyLoss({ labelSmoothing: 0.1 })": () => new CrossEntropyLoss({ labelSmoothing: 0.1 }),
  "new NLLLoss({ weight: weights, ignoreIndex: 0 })": () => new NLLLoss({ weight: weights(), ignoreIndex: 0 }),
  "new BCELoss({ weight: weights })": () => new BCELoss({ weight: weights() }),
  "new BCEWithLogitsLoss({ weight: weights, posWeight: weights })": () => new BCEWithLogitsLoss({ weight: weights(), posWeight: weights() }),
};

async function compare({ layer, training, state, inputs, output, cotangent, inputGradient, gradients, stateAfter }: Case, float: DType, tolerance: number): Promise<void> {
  const module = layers[layer]!().to(float).train(training);
  expect(Object.keys(module.stateDict())).toEqual(Object.keys(state));
  module.loadStateDict(Object.fromEntries(Object.entries(state).map(([name, value]) => [name, toTensor(value, float)])));

  const given = inputs.map((input) => toTensor(input, float));
  if (given[0]!.isFloatingPoint()) given[0]!.requiresGrad_();
  const result = module.call(...given) as Tensor;
  expect(result.dtype).toBe(float);
  await expectClose(result, output, tolerance, "output");

  if (gradients !== undefined) {
    result.backward(toTensor(cotangent, float));
    if (inputGradient !== null && inputGradient !== undefined) await expectClose(given[0]!.grad, inputGradient, tolerance, "gradient of the input");
    expect(module.namedParameters().map(([name]) => name)).toEqual(Object.keys(gradients));
    for (const [name, parameter] of module.namedParameters()) await expectClose(parameter.grad, gradients[name]!, tolerance, `gradient of ${name}`);
  }
  for (const [name, value] of Object.entries(module.stateDict())) await expectClose(value, stateAfter[name]!, tolerance, `${name} afterwards`);
}

describe("compute what PyTorch computes", () => {
  test("the fixture and this file know the same layers", () => {
    expect([...new Set(cases.map(({ layer }) => layer))].sort()).toEqual(Object.keys(layers).sort());
  });

  const named = cases.map((each) => [`${each.layer} of [${each.inputs[0]!.shape.join(", ")}]${each.training ? "" : ", evaluation"}`, each] as const);
  test.each(named)("%s", async (_, each) => {
    await compare(each, "float64", 1e-13);
    await compare(each, "float32", 2e-6);
  });
});

describe("arguments that cannot be", () => {
  test.each([
    ["Conv2d: expected channels that groups divide, got 3 in, 4 out and 2 groups", () => new Conv2d(3, 4, 1, { groups: 2 })],
    ['Conv2d: expected stride 1 with padding "same", got (2, 1)', () => new Conv2d(3, 4, 3, { padding: "same", stride: [2, 1] })],
    ["Dropout: expected a probability between 0 and 1, got 1.5", () => new Dropout(1.5)],
    ["Embedding: expected a paddingIdx within 3 rows, got 3", () => new Embedding(3, 2, { paddingIdx: 3 })],
    ["BatchNorm2d: expected 4 dimensions with 3 channels in the second, got shape [2, 3]", () => new BatchNorm2d(3).call(ones([2, 3]))],
    ["BatchNorm1d: expected 2 or 3 dimensions with 3 channels in the second, got shape [2, 4]", () => new BatchNorm1d(3).call(ones([2, 4]))],
    ["linear: expected x of shape […, in] and weight of shape [out, in], got [2, 4] and [2, 3] (4 vs 3)", () => new Linear(3, 2).call(ones([2, 4]))],
  ])("%s", (message, act) => {
    expect(act).toThrow(message);
  });
});

test("returnIndices gives the positions of the maxima as well", async () => {
  const { values, indices } = new MaxPool2d(2, { returnIndices: true }).call(toTensor({ shape: [1, 2, 4], dtype: "float32", data: [1, 5, 2, 3, 4, 0, 9, 8] }));
  expect([await values.toArray(), await indices.toArray()]).toEqual([[[[5, 9]]], [[[1, 6]]]]);
});

test("an in-place ReLU writes over its input", async () => {
  const x = toTensor({ shape: [2], dtype: "float32", data: [-1, 2] });
  const y = new ReLU({ inplace: true }).call(x);
  expect(y).toBe(x);
  expect(await x.toArray()).toEqual([0, 2]);
});
