import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { getDefaultDevice, memoryStats, setDefaultDevice } from "@gradus/tensor-core";
import { afterAll, describe, expect, inject, it, vi } from "vitest";
import { initialState } from "../src/codec.js";
import { extended, noCurves } from "../src/engine/curves.js";
import { pythonCode, typescriptCode } from "../src/rooms/train/code.js";
import { histogram } from "../src/rooms/train/picture.js";
import { service } from "../src/rooms/train/service.js";
import {
  activationNames, batchesOf, datasetNames, featureNames, fields, initNames, lossesFor, optimizerNames, regularizationNames, scheduleNames, type Setup, tidy,
} from "../src/rooms/train/setup.js";

afterAll(() => service.close());

const defaults = initialState(fields);
const setupOf = (part: Partial<Setup>): Setup => tidy({ ...defaults, ...part });
const advance = (steps: number) => service.advance({ steps, milliseconds: Infinity, spaceLayer: 0 });

async function lossesOf(setup: Setup, steps: number): Promise<number[]> {
  const losses = [(await service.open(setup, 0)).frame.train.loss];
  for (let step = 0; step < steps; step++) losses.push((await advance(1)).train.loss);
  return losses;
}

/** Setups that together use every choice there is. */
const everyChoice: readonly Setup[] = Array.from({ length: 13 }, (_, i) => {
  const pick = <T>(values: readonly T[]): T => values[i % values.length]!;
  const dataset = pick(datasetNames);
  return setupOf({
    dataset,
    loss: pick(lossesFor(dataset)),
    activation: pick(activationNames),
    init: pick(initNames),
    optimizer: pick(optimizerNames),
    schedule: pick(scheduleNames),
    regularization: pick(regularizationNames),
    batchNorm: i % 3 === 1,
    noise: i % 2 === 0 ? 0 : 0.1,
    features: featureNames.filter((_, f) => f < 2 || (f + i) % 3 === 0),
    layers: pick([[3], [4, 2], [], [2, 2, 2]]),
    points: 61,
    batchSize: pick([7, 10, 60]),
    learningRate: 0.01,
    seed: i,
  });
});

describe("training", () => {
  it.each(everyChoice)("is the same on scalars and on tensors: $dataset, $loss, $activation, $optimizer", async (setup) => {
    // Rprop goes by signs alone, so the last bit of a gradient near zero decides where it goes.
    const steps = setup.optimizer === "rprop" ? 3 : 12;
    const tensors = await lossesOf(setup, steps);
    const scalars = await lossesOf({ ...setup, engine: "scalar" }, steps);
    scalars.forEach((loss, i) => expect(Math.abs(loss - tensors[i]!) / Math.max(1, Math.abs(loss)), `step ${i}`).toBeLessThan(1e-3));
    // It does something.
    if (setup.init !== "zeros") expect(tensors.at(-1)).not.toBe(tensors[0]);
  });

  it("gives the same losses when it is opened again", async () => {
    const setup = setupOf({ dropout: 0.2, noise: 0.05 });
    expect(await lossesOf(setup, 10)).toEqual(await lossesOf(setup, 10));
  });

  it("on scalars leaves a network of zeros by the derivative at zero", async () => {
    const setup = setupOf({ init: "zeros", optimizer: "sgd", layers: [], dataset: "Diag" });
    const tensors = await lossesOf(setup, 3);
    const scalars = await lossesOf({ ...setup, engine: "scalar" }, 3);
    scalars.forEach((loss, i) => expect(loss).toBeCloseTo(tensors[i]!, 5));
    expect(tensors.at(-1)).toBeLessThan(Math.LN2);
  });

  it("on scalars drops units as well", async () => {
    const setup = setupOf({ dropout: 0.5, engine: "scalar" });
    const losses = await lossesOf(setup, 5);
    expect(losses).not.toEqual(await lossesOf({ ...setup, dropout: 0 }, 5));
    expect(losses.every(Number.isFinite)).toBe(true);
  });

  it("takes over another learning rate while it learns", async () => {
    const setup = setupOf({ optimizer: "sgd" });
    await service.open(setup, 0);
    const before = await advance(3);
    service.adjust({ ...setup, learningRate: 0 });
    const after = await advance(3);
    expect(after.step).toBe(6);
    expect(after.weights).toEqual(before.weights);
    expect(after.learningRate).toBe(0);
  });

  it("says after which step the loss was no number any more, and stops", async () => {
    const setup = setupOf({ dataset: "plane", loss: "mse", activation: "identity", optimizer: "sgd", learningRate: 10 });
    await service.open(setup, 0);
    const { diverged, step } = await advance(5000);
    expect((await advance(10)).step).toBe(step);
    // It is the first such step, however many are taken at once.
    let frame = (await service.open(setup, 0)).frame;
    while (frame.diverged === null) frame = await advance(1);
    expect(frame.diverged).toBe(diverged);
    expect(diverged).toBeLessThan(20);
  });

  it("shows each unit over the plane, what is inside, and what learns", async () => {
    const { frame, resolution, features, train, test, parameters } = await service.open(setupOf({ layers: [5, 2], features: ["x1", "x2", "x1x2"] }), 1);
    expect(parameters).toBe(3 * 5 + 5 + 5 * 2 + 2 + 2 + 1);
    expect(features.map(({ length }) => length)).toEqual([1600, 1600, 1600]);
    expect(frame.hidden.map((units) => units.map(({ length }) => length))).toEqual([Array(5).fill(resolution ** 2), Array(2).fill(resolution ** 2)]);
    expect(frame.weights.map(({ length }) => length)).toEqual([15, 10, 2]);
    expect(train.targets.length + test.targets.length).toBe(200);
    expect(frame.gradients).toEqual([]);
    expect(frame.space).toMatchObject({ axes: "units", gridSize: 17 });
    const stepped = await advance(1);
    expect(stepped.gradients).toHaveLength(3);
    expect(stepped.activations.map(({ counts }) => counts.reduce((a, b) => a + b))).toEqual([140 * 5, 140 * 2]);
    // The upper left corner of x₁ is near −1, that of x₂ near 1.
    expect([features[0]![0], features[1]![0], features[2]![0]].map((value) => Math.sign(value!))).toEqual([-1, 1, -1]);
  });

  it("sees points on both sides, and tells their space by its principal axes", async () => {
    const { frame } = await service.open(setupOf({ layers: [6] }), 0);
    const { points, axes } = frame.space!;
    const along = [0, 1].map((axis) => points.filter((_, i) => i % 2 === axis));
    const variance = along.map((values) => values.reduce((total, value) => total + value * value, 0));
    expect(axes).toBe("principal");
    expect(variance[0]).toBeGreaterThan(variance[1]!);
    // Principal coordinates are not correlated.
    expect(Math.abs(along[0]!.reduce((total, value, i) => total + value * along[1]![i]!, 0))).toBeLessThan(1e-3 * variance[0]!);
  });

  it("keeps to the memory it needs", async () => {
    await service.open(setupOf({ batchNorm: true, regularization: "l2" }), 0);
    await advance(200);
    const { memory: before } = await advance(0);
    await advance(5000);
    expect((await advance(0)).memory).toEqual(before);
    const again = setupOf({});
    await service.open(again, 0);
    await advance(3);
    const { storages } = memoryStats();
    for (let i = 0; i < 20; i++) {
      await service.open(again, 0);
      await advance(3);
    }
    expect(memoryStats().storages).toBe(storages);
  });
});

describe("a histogram", () => {
  it("counts every value that is a number, once", () => {
    const { from, to, counts, zeros } = histogram([-1, 0, 0, 1, NaN, 3]);
    expect([from, to, zeros]).toEqual([-1, 3, 0.4]);
    expect(counts.reduce((a, b) => a + b)).toBe(5);
    expect([counts[0], counts.at(-1)]).toEqual([1, 1]);
    expect(histogram([]).counts.every((count) => count === 0)).toBe(true);
  });
});

describe("curves", () => {
  it("stay short however long they go on, and keep their beginning", () => {
    let curves = noCurves;
    for (let step = 0; step < 20_000; step++) curves = extended(curves, { step, values: { loss: 1 / (step + 1) } });
    expect(curves.steps.length).toBeLessThanOrEqual(1200);
    expect([curves.steps[0], curves.steps.at(-1)]).toEqual([0, 19_999]);
    expect(curves.steps).toEqual([...curves.steps].sort((a, b) => a - b));
    expect(curves.values.loss).toEqual(curves.steps.map((step) => 1 / (step + 1)));
    // The same moment, seen again.
    expect(extended(curves, { step: 19_999, values: { loss: 5 } })).toEqual(curves);
  });
});

/** What a program of the room prints. */
const printed = (text: string): [number, number] => {
  const [, train, test] = /training loss (\S+), test loss (\S+)/.exec(text)!;
  return [Number(train), Number(test)];
};

/** As in the room: the losses after the epochs that the program runs. */
async function lossesHere(setup: Setup): Promise<[number, number]> {
  await service.open(setup, 0);
  const { train, test } = await advance(100 * batchesOf(setup));
  return [train.loss, test.loss];
}

/** Small rates and few epochs' worth of steps keep two ways of rounding together. */
const programs = everyChoice.map((setup) => ({ ...setup, learningRate: 0.001 }));
const dropped = setupOf({ dropout: 0.1, learningRate: 0.001, points: 60 });

describe("the program in TypeScript", () => {
  it.each([...programs, dropped])("gets the numbers of the room: $dataset, $loss, $schedule", async (setup) => {
    const here = await lossesHere(setup);
    const directory = mkdtempSync(join(import.meta.dirname, ".program-"));
    const device = getDefaultDevice();
    const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
    try {
      const file = join(directory, "program.ts");
      writeFileSync(file, typescriptCode(setup));
      await import(/* @vite-ignore */ file);
      const [train, test] = printed(String(log.mock.calls[0]?.[0]));
      expect(train).toBeCloseTo(here[0], 5);
      expect(test).toBeCloseTo(here[1], 5);
    } finally {
      log.mockRestore();
      rmSync(directory, { recursive: true });
      // The program has made a CPU of its own the default.
      setDefaultDevice(device);
    }
  });
});

const python = inject("pythonWithTorch");

// Python takes seconds to load PyTorch, so one process runs all programs.
it.skipIf(python === null)("the programs in PyTorch get the numbers of the room", async () => {
  const setups = [...programs.filter((_, i) => i % 2 === 1), dropped];
  const run = "import json, sys\nfor program in json.load(sys.stdin): exec(program, {})";
  const lines = execFileSync(python!, ["-c", run], { input: JSON.stringify(setups.map(pythonCode)), encoding: "utf8" }).trim().split("\n");
  expect(lines).toHaveLength(setups.length);
  for (const [i, setup] of setups.entries()) {
    const [train, test] = printed(lines[i]!);
    const here = await lossesHere(setup);
    expect(train, JSON.stringify(setup)).toBeCloseTo(here[0], 3);
    expect(test, JSON.stringify(setup)).toBeCloseTo(here[1], 3);
  }
});
