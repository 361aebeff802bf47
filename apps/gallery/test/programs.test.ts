import { readFileSync } from "node:fs";
import { webgpu } from "@gradus/backend-webgpu";
import { Block } from "@gradus/models";
import { cpu, Generator, Linear, manualSeed, type Module, randn, ReLU, Sequential, type Tensor } from "gradus";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { characterGpt } from "../src/architectures/character-gpt.js";
import { courses } from "../src/courses.js";
import { CenteredLayer, MyLinear } from "../src/dive-into-deep-learning/custom-layers.js";
import { devices } from "../src/dive-into-deep-learning/devices.js";
import { FixedHiddenMLP, MySequential } from "../src/dive-into-deep-learning/modules.js";
import { BatchNorm } from "../src/fast-ai/batch-norm.js";
import { ResBlock } from "../src/fast-ai/resnet.js";
import { modules } from "../src/minitorch/modules.js";
import { Network, scalars } from "../src/minitorch/scalars.js";
import { listing, programNamed, programs } from "../src/programs.js";
import { printedBy, printedByOriginal } from "./support.js";

describe("minitorch", () => {
  test("the tree of scalars has its parameters by name, modes that spread, and gradients", async () => {
    const lines = (await printedBy(modules)).split("\n");
    expect(lines).toEqual(expect.arrayContaining(["p1 = 5", "a.p2 = 10", "b.c.p3 = 15", "after a.train(): eval train eval eval", "module(2) = 47", "∂/∂b.c.p3 = 1", "b.c.p3 is now 1"]));
  });

  test("the network of scalars has minitorch's parameters", () => {
    const network = new Network(3, new Generator(0));
    expect(network.namedParameters().map(([name]) => name).slice(0, 10)).toEqual([
      "layer1.weight_0_0", "layer1.weight_0_1", "layer1.weight_0_2", "layer1.weight_1_0", "layer1.weight_1_1", "layer1.weight_1_2", "layer1.bias_0", "layer1.bias_1", "layer1.bias_2",
      "layer2.weight_0_0",
    ]);
    expect(network.parameters().length).toBe(9 + 12 + 4);
  });

  // The tensors' losses are held beside PyTorch's in originals.test.ts.
  test.each(["Simple", "Diag", "Circle"] as const)("scalars solve %s by the same losses as tensors", { timeout: 60_000 }, async (name) => {
    const printed = await printedBy(() => { scalars([name]); });
    expect(printedByOriginal("minitorch.tensors")).toContain(printed);
    expect(printed).toMatch(/correct 50 of 50$/);
  });
});

describe("tensors of two devices do not meet", () => {
  const expectDevices = (printed: string, name: string): void => {
    expect(printed).toContain(`x + y: add: expected all tensors to be on the same device, found cpu and ${name}; move one with .to(device)`);
    expect(printed).toContain("x as a copy there, + y: [ 2, 3, 4 ]");
    expect(printed).toContain(`the network is on ${name}`);
    const [, here, there] = /FixedHiddenMLP: (\S+) and (\S+)/.exec(printed)!;
    expect(Number(there)).toBeCloseTo(Number(here), 3);
  };

  test("on two CPUs", async () => {
    expectDevices(await printedBy(() => devices(cpu({ name: "cpu:1" }))), "cpu:1");
  });

  test.skipIf(!inject("webgpu"))("on CPU and WebGPU, with the loop of FixedHiddenMLP", { timeout: 60_000 }, async () => {
    const gpu = await webgpu();
    onTestFinished(() => { gpu.dispose(); });
    expectDevices(await printedBy(() => devices(gpu)), "webgpu");
  });
});

describe.skipIf(!inject("webgpu"))("layers of one's own compute on WebGPU what they compute on the CPU, and learn the same", { timeout: 120_000 }, () => {
  test.each<[string, () => Module, readonly number[]]>([
    ["CenteredLayer", () => new Sequential(new Linear(8, 6), new CenteredLayer()), [3, 8]],
    ["MyLinear", () => new Sequential(new MyLinear(8, 6), new MyLinear(6, 2)), [3, 8]],
    ["MySequential", () => new MySequential(new Linear(8, 4), new ReLU()), [3, 8]],
    ["FixedHiddenMLP", () => new FixedHiddenMLP(), [3, 20]],
    ["BatchNorm by hand", () => new BatchNorm(4), [3, 4, 5, 5]],
    ["ResBlock", () => new ResBlock(4, 8, 2), [2, 4, 6, 6]],
    ["GPT-2's block", () => new Block(8, 2), [2, 5, 8]],
  ])("%s", async (_, make, shape) => {
    const gpu = await webgpu();
    onTestFinished(() => { gpu.dispose(); });
    manualSeed(0);
    const [here, x] = [make(), randn(shape)];
    const there = here.clone().to(gpu);
    const learned = async (module: Module, input: Tensor): Promise<number[][]> => {
      const output = (await module.call(input)) as Tensor;
      output.square().sum().backward();
      return Promise.all([output, ...module.parameters().map(({ grad }) => grad!), ...module.buffers()].map(async (tensor) => Array.from((await tensor.read()) as ArrayLike<number | bigint>, Number)));
    };
    const want = await learned(here, x);
    const got = await learned(there, x.to(gpu));
    for (const [i, values] of got.entries()) expect(values.map((value, j) => Math.abs(value - want[i]![j]!)).every((distance, j) => distance < 1e-3 * (1 + Math.abs(want[i]![j]!))), `tensor ${i}`).toBe(true);
  });
});

test("the character GPT learns, and writes", { timeout: 60_000 }, async () => {
  const printed = await printedBy(() => characterGpt({ steps: 20, written: 30, evaluated: 50 }));
  const [, loss] = /held out: loss (\S+)/.exec(printed)!;
  // All 85 characters are equally likely at first.
  expect(Number(loss)).toBeLessThan(Math.log(85) - 1);
  expect(printed.split("The ")[1]).toHaveLength(30);
});

test("a program is found by its name, with its course where two have it", () => {
  expect(programNamed("tiny-model")).toBe(courses["pytorch-tutorials"]!["tiny-model"]);
  expect(programNamed("minitorch/modules")).toBe(courses.minitorch!.modules);
  expect(() => programNamed("modules")).toThrow(new RangeError('gallery: expected the name of one program, got "modules"; say minitorch/modules or dive-into-deep-learning/modules'));
  expect(() => programNamed("odel")).toThrow(new RangeError('gallery: expected the name of a program, got "odel"; without a name all are listed'));
  expect(listing().split("\n")).toHaveLength(programs.size);
});

test("the README lists every program", () => {
  const rows = Object.entries(courses).flatMap(([course, programs]) => Object.entries(programs).map(([name, { about }]) => `| [\`${course}/${name}\`](src/${course}/${name}.ts) | ${about} |`));
  expect(readFileSync(new URL("../README.md", import.meta.url), "utf8")).toContain(rows.join("\n"));
});
