import { cpu } from "@gradus/backend-cpu";
import type { Tensor } from "@gradus/tensor-core";
import { manualSeed, ones, rand, setDefaultDevice, ShapeError, zeros } from "@gradus/tensor-core";
import type { Module } from "@gradus/nn";
import { BatchNorm2d, Conv1d, Conv2d, Embedding, init, LayerNorm, Linear, ReLU, Sequential } from "@gradus/nn";
import { describe, expect, test } from "vitest";
import type { Numbers } from "./fixtures/load.js";
import { expectClose, fixture } from "./fixtures/load.js";

setDefaultDevice(cpu());

const torch = fixture("init.json") as {
  readonly starts: readonly { readonly layer: string; readonly state: Readonly<Record<string, Numbers>>; readonly next: number }[];
  readonly fills: readonly { readonly fill: string; readonly values: Numbers }[];
  readonly gains: Readonly<Record<string, number>>;
};

/** PyTorch's own two kernels differ by this much where they take a sine or a logarithm. */
const lastBits = 4e-7;

describe("layers start from PyTorch's numbers", () => {
  const layers: Readonly<Record<string, () => Module>> = {
    "new Linear(3, 2)": () => new Linear(3, 2),
    "new Linear(30, 20, { bias: false })": () => new Linear(30, 20, { bias: false }),
    "new Conv1d(2, 3, 3)": () => new Conv1d(2, 3, 3),
    "new Conv2d(4, 6, 3, { groups: 2 })": () => new Conv2d(4, 6, 3, { groups: 2 }),
    "new BatchNorm2d(3)": () => new BatchNorm2d(3),
    "new LayerNorm([2, 3])": () => new LayerNorm([2, 3]),
    "new Embedding(5, 3)": () => new Embedding(5, 3),
    "new Embedding(6, 4, { paddingIdx: 1 })": () => new Embedding(6, 4, { paddingIdx: 1 }),
    "new Sequential(new Linear(4, 3), new ReLU(), new Linear(3, 2))": () => new Sequential(new Linear(4, 3), new ReLU(), new Linear(3, 2)),
  };

  test.each(torch.starts)("$layer", async ({ layer, state, next }) => {
    manualSeed(42);
    const module = layers[layer]!();
    // As many numbers were drawn.
    expect(await rand([1]).item()).toBe(next);
    const own = module.stateDict();
    expect(Object.keys(own)).toEqual(Object.keys(state));
    for (const [name, values] of Object.entries(state)) await expectClose(own[name], values, layer.includes("Embedding(6") ? lastBits : 0, name);
  });
});

describe("functions give PyTorch's numbers", () => {
  const fills: Readonly<Record<string, (x: Tensor) => Tensor>> = {
    "init.uniform_(x)": (x) => init.uniform_(x),
    "init.uniform_(x, -1, 2)": (x) => init.uniform_(x, -1, 2),
    "init.normal_(x)": (x) => init.normal_(x),
    "init.normal_(x, 1, 0.5)": (x) => init.normal_(x, 1, 0.5),
    "init.constant_(x, 0.3)": (x) => init.constant_(x, 0.3),
    "init.ones_(x)": (x) => init.ones_(x),
    "init.zeros_(x)": (x) => init.zeros_(x),
    "init.xavierUniform_(x)": (x) => init.xavierUniform_(x),
    "init.xavierUniform_(x, { gain: 2 })": (x) => init.xavierUniform_(x, { gain: 2 }),
    "init.xavierNormal_(x)": (x) => init.xavierNormal_(x),
    "init.kaimingUniform_(x)": (x) => init.kaimingUniform_(x),
    "init.kaimingUniform_(x, { a: 0.2, mode: 'fan_out' })": (x) => init.kaimingUniform_(x, { a: 0.2, mode: "fan_out" }),
    "init.kaimingNormal_(x, { nonlinearity: 'relu' })": (x) => init.kaimingNormal_(x, { nonlinearity: "relu" }),
    "init.kaimingNormal_(x, { mode: 'fan_out', nonlinearity: 'tanh' })": (x) => init.kaimingNormal_(x, { mode: "fan_out", nonlinearity: "tanh" }),
  };

  test.each(torch.fills)("$fill", async ({ fill, values }) => {
    manualSeed(42);
    // A leaf that requires grad may be filled, and nothing is recorded.
    const x = ones(values.shape, { requiresGrad: true });
    expect(fills[fill]!(x)).toBe(x);
    expect([x.isLeaf, x.requiresGrad]).toEqual([true, true]);
    await expectClose(x, values, /ormal/.test(fill) ? lastBits : 0, fill);
  });

  test("gains", () => {
    for (const [name, gain] of Object.entries(torch.gains)) expect(init.calculateGain(name as init.Nonlinearity), name).toBeCloseTo(gain, 15);
    expect(init.calculateGain("leaky_relu", 2)).toBeCloseTo(Math.sqrt(2 / 5), 15);
  });
});

test("a weight needs two dimensions to have fans", () => {
  expect(() => init.xavierUniform_(zeros([3]))).toThrow(new ShapeError("init: expected a weight of at least 2 dimensions, got shape [3]; use uniform_ or normal_"));
  expect(() => init.kaimingUniform_(zeros([3, 3]), { mode: "fan" as "fan_in" })).toThrow('init: expected mode "fan_in" or "fan_out", got "fan"');
});
