import { cpu } from "@gradus/backend-cpu";
import { ones, setDefaultDevice } from "@gradus/tensor-core";
import {
  AvgPool2d, BatchNorm1d, BatchNorm2d, BCEWithLogitsLoss, Conv1d, Conv2d, CrossEntropyLoss, Dropout, Embedding, Flatten, GELU, Identity, LayerNorm, LeakyReLU,
  Linear, LogSoftmax, MaxPool2d, Module, ModuleDict, ModuleList, ReLU, Sequential, Sigmoid, SiLU, Softmax, Softplus, Tanh,
} from "@gradus/nn";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { pythonArguments } from "../src/python-text.js";
import { fixture } from "./fixtures/load.js";

setDefaultDevice(cpu());

class Net extends Module {
  readonly features = new Sequential(new Conv2d(1, 6, 5, { padding: 2 }), new ReLU(), new MaxPool2d(2));
  readonly heads = new ModuleDict({ color: new Linear(6, 3), size: new Linear(6, 1) });
  readonly layers = new ModuleList([new Linear(2, 3), new Linear(3, 2)]);
  readonly loss = new CrossEntropyLoss();

  forward(): never {
    throw new Error("is only printed");
  }

  override extraRepr(): string {
    return "first line\nsecond line";
  }
}

/** By what make.py calls them. */
const modules: Readonly<Record<string, () => Module>> = {
  "new Linear(4, 2)": () => new Linear(4, 2),
  "new Linear(4, 2, { bias: false })": () => new Linear(4, 2, { bias: false }),
  "new Identity()": () => new Identity(),
  "new Conv1d(1, 2, 3)": () => new Conv1d(1, 2, 3),
  "new Conv2d(1, 6, 5)": () => new Conv2d(1, 6, 5),
  "new Conv2d(4, 8, [3, 5], { stride: 2, padding: [1, 2], dilation: 3, groups: 2, bias: false })": () =>
    new Conv2d(4, 8, [3, 5], { stride: 2, padding: [1, 2], dilation: 3, groups: 2, bias: false }),
  "new Conv2d(1, 1, 3, { padding: 'same' })": () => new Conv2d(1, 1, 3, { padding: "same" }),
  "new Conv2d(1, 1, 3, { padding: 1, paddingMode: 'circular' })": () => new Conv2d(1, 1, 3, { padding: 1, paddingMode: "circular" }),
  "new MaxPool2d(2)": () => new MaxPool2d(2),
  "new MaxPool2d([3, 2], { stride: 2, padding: 1, dilation: 2, ceilMode: true })": () => new MaxPool2d([3, 2], { stride: 2, padding: 1, dilation: 2, ceilMode: true }),
  "new AvgPool2d(3, { stride: [2, 1], padding: 1 })": () => new AvgPool2d(3, { stride: [2, 1], padding: 1 }),
  "new BatchNorm1d(3)": () => new BatchNorm1d(3),
  "new BatchNorm2d(3, { eps: 0.001, momentum: null, affine: false, trackRunningStats: false })": () =>
    new BatchNorm2d(3, { eps: 0.001, momentum: null, affine: false, trackRunningStats: false }),
  "new LayerNorm(5)": () => new LayerNorm(5),
  "new LayerNorm([2, 3], { eps: 1e-12, elementwiseAffine: false })": () => new LayerNorm([2, 3], { eps: 1e-12, elementwiseAffine: false }),
  "new Dropout()": () => new Dropout(),
  "new Dropout(0.25)": () => new Dropout(0.25),
  "new Flatten()": () => new Flatten(),
  "new ReLU()": () => new ReLU(),
  "new ReLU({ inplace: true })": () => new ReLU({ inplace: true }),
  "new LeakyReLU()": () => new LeakyReLU(),
  "new Sigmoid()": () => new Sigmoid(),
  "new Tanh()": () => new Tanh(),
  "new GELU()": () => new GELU(),
  "new SiLU()": () => new SiLU(),
  "new Softmax(1)": () => new Softmax(1),
  "new LogSoftmax(-1)": () => new LogSoftmax(-1),
  "new Embedding(10, 3)": () => new Embedding(10, 3),
  "new Embedding(10, 3, { paddingIdx: 0 })": () => new Embedding(10, 3, { paddingIdx: 0 }),
  "new Embedding(10, 3, { maxNorm: 1.5, scaleGradByFreq: true })": () => new Embedding(10, 3, { maxNorm: 1.5, scaleGradByFreq: true }),
  "new CrossEntropyLoss({ weight: weights })": () => new CrossEntropyLoss({ weight: ones([3]) }),
  "new BCEWithLogitsLoss()": () => new BCEWithLogitsLoss(),
  "new Sequential()": () => new Sequential(),
  "new ModuleList()": () => new ModuleList(),
  "new ModuleDict()": () => new ModuleDict(),
  "new Sequential(new Linear(4, 3), new Sequential(new ReLU(), new Linear(3, 2)))": () => new Sequential(new Linear(4, 3), new Sequential(new ReLU(), new Linear(3, 2))),
  "new Net()": () => new Net(),
};

test("modules print as in PyTorch", () => {
  const printed = Object.fromEntries(Object.entries(modules).map(([name, make]) => [name, String(make())]));
  expect(printed).toEqual(fixture("printed.json"));
});

test("where PyTorch 2 prints otherwise than PyTorch 1.13, its way is taken", () => {
  expect(String(new Softplus())).toBe("Softplus(beta=1.0, threshold=20.0)");
  expect(String(new Softplus({ beta: 0.5 }))).toBe("Softplus(beta=0.5, threshold=20.0)");
  const block = (): Module => new Sequential(new Linear(2, 2));
  expect(String(new ModuleList([block(), block(), new ReLU(), block(), new Tanh(), new Tanh()]))).toBe(`ModuleList(
  (0-1): 2 x Sequential(
    (0): Linear(in_features=2, out_features=2, bias=True)
  )
  (2): ReLU()
  (3): Sequential(
    (0): Linear(in_features=2, out_features=2, bias=True)
  )
  (4-5): 2 x Tanh()
)`);
});

test("Node's console shows the same", () => {
  expect(inspect({ net: new Linear(2, 1) })).toBe("{ net: Linear(in_features=2, out_features=1, bias=True) }");
});

test("numbers look as in Python", () => {
  // Python: ", ".join(f"x={x!r}" for x in (0.1, 1e-4, 9e-5, 1e-5, 1.5e-7, 1e-12, 1e15, 1e16, 2.5e20, inf, -inf, nan, 0))
  const values = [0.1, 1e-4, 9e-5, 1e-5, 1.5e-7, 1e-12, 1e16, 2.5e20, Infinity, -Infinity, NaN, 0, true, null];
  expect(values.map((x) => pythonArguments({ x })).join(", ")).toBe(
    "x=0.1, x=0.0001, x=9e-05, x=1e-05, x=1.5e-07, x=1e-12, x=1e+16, x=2.5e+20, x=inf, x=-inf, x=nan, x=0, x=True, x=None",
  );
});
