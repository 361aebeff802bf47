import { webgpu } from "@gradus/backend-webgpu";
import type { Backend } from "@gradus/kernel-ir";
import { GPT, LSTMTagger, MLP } from "@gradus/models";
import type { Tensor } from "gradus";
import { Adam, AdamW, cpu, functional as F, Generator, manualSeed, openScope, reclaim, SGD, tensor, withDefaultDevice } from "gradus";
import { describe, expect, inject, it } from "vitest";
import { batches, lenetOn, step } from "./support/lenet.js";

interface Training {
  step(): Tensor;
}

const mlp = (device: Backend): Training => {
  const net = withDefaultDevice(device, () => {
    manualSeed(2);
    return new MLP([8, 16, 4]);
  });
  const optimizer = new Adam(net.parameters(), { lr: 0.01 });
  const x = tensor(Float32Array.from({ length: 64 }, (_, i) => Math.sin(i)), { shape: [8, 8], device });
  const target = tensor(BigInt64Array.from({ length: 8 }, (_, i) => BigInt(i % 4)), { device });
  return {
    step() {
      optimizer.zeroGrad();
      const loss = F.crossEntropy(net.call(x), target);
      loss.backward();
      optimizer.step();
      return loss;
    },
  };
};

const lenet = (device: Backend): Training => {
  const net = lenetOn(device);
  const optimizer = new SGD(net.parameters(), { lr: 0.05, momentum: 0.9 });
  const data = batches(20);
  let next = 0;
  return { step: () => step(device, net, optimizer, data[next++ % data.length]!) };
};

/** Steps of a model that gives every word of a batch one of `classes`. */
function sequences(device: Backend, make: () => { call(words: Tensor): Tensor; parameters(): Iterable<Tensor> }, vocabulary: number, classes: number, length: number): Training {
  const net = withDefaultDevice(device, () => {
    manualSeed(3);
    return make();
  });
  const optimizer = new AdamW(net.parameters(), { lr: 0.003 });
  const generator = new Generator(11);
  const batch = 3;
  const draw = (below: number): BigInt64Array => generator.randint(new BigInt64Array(batch * length), 0, below);
  const data = Array.from({ length: 5 }, () => ({ words: draw(vocabulary), targets: draw(classes) }));
  let next = 0;
  return {
    step() {
      const { words, targets } = data[next++ % data.length]!;
      optimizer.zeroGrad();
      const logits = net.call(tensor(words, { shape: [batch, length], device }));
      const loss = F.crossEntropy(logits.reshape(batch * length, classes), tensor(targets, { device }));
      loss.backward();
      optimizer.step();
      return loss;
    },
  };
}

const tagger = (device: Backend): Training => sequences(device, () => new LSTMTagger(30, 8, 12, 5), 30, 5, 7);
const gpt = (device: Backend): Training => sequences(device, () => new GPT({ vocabularySize: 23, contextLength: 12, dModel: 16, heads: 2, layers: 2 }), 23, 23, 12);

/** Losses of steps that end with a read, each in a scope of its own; `after` looks at the device between steps. */
async function losses(training: Training, steps: number, after: () => void = () => undefined): Promise<number[]> {
  const read: number[] = [];
  for (let i = 0; i < steps; i++) {
    const scope = openScope();
    const loss = scope.run(() => training.step());
    read.push(await loss.item());
    scope.close();
    after();
  }
  return read;
}

describe.skipIf(!inject("webgpu")).each([["an MLP", mlp], ["LeNet", lenet], ["the LSTM tagger", tagger], ["a small GPT", gpt]] as const)("training %s on WebGPU", (_, make) => {
  it("gives the CPU's losses, submits at most four times a step, reads only the loss, and creates nothing once it has come around", async () => {
    const device = await webgpu();
    const seen = [device.stats()];
    const mine = await losses(make(device), 20, () => { seen.push(device.stats()); });
    const onCpu = await losses(make(cpu()), 20);
    mine.forEach((loss, i) => { expect(Math.abs(loss - onCpu[i]!), `step ${i}`).toBeLessThan(1e-4); });
    expect(mine.at(-1)).not.toBe(mine[0]);

    const perStep = seen.slice(1).map((now, i) => {
      const before = seen[i]!;
      return { submits: now.submits - before.submits, readBytes: now.readBytes - before.readBytes, prepared: now.prepared - before.prepared, buffersCreated: now.buffersCreated - before.buffersCreated };
    });
    for (const { submits, readBytes } of perStep) {
      expect(submits).toBeLessThanOrEqual(4);
      expect(readBytes).toBe(4);
    }
    // The first step makes the optimizer's state, the second is the first that has it.
    for (const { prepared, buffersCreated } of perStep.slice(2)) expect({ prepared, buffersCreated }).toEqual({ prepared: 0, buffersCreated: 0 });
    await reclaim(device);
    device.dispose();
  });
});

describe.skipIf(!inject("webgpu"))("LeNet on WebGPU without a scope", () => {
  it("creates no buffer and no pipeline after the first reclaim", async () => {
    const device = await webgpu();
    const training = lenet(device);
    const made: { readonly buffersCreated: number; readonly pipelines: number }[] = [];
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 5; i++) await training.step().item();
      const { buffersCreated, pipelines } = device.stats();
      made.push({ buffersCreated, pipelines });
      await reclaim(device);
    }
    const [first] = made;
    expect(first!.buffersCreated).toBeGreaterThan(100);
    for (const later of made.slice(1)) expect(later).toEqual(first);
    device.dispose();
  });
});

/** A device that counts the pipelines it is asked for. */
function countingPipelines(device: GPUDevice) {
  const calls = { createComputePipeline: 0, createComputePipelineAsync: 0 };
  const counting = new Proxy(device, {
    get(target, key): unknown {
      if (key in calls) calls[key as keyof typeof calls]++;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
  return { calls, counting };
}

describe.skipIf(!inject("webgpu"))("a rehearsal of a LeNet step", () => {
  it("compiles all of its programs beside other work, tells how far it is, and computes nothing", async () => {
    const { device: real } = await webgpu();
    const { calls, counting } = countingPipelines(real);
    const device = await webgpu({ device: counting });
    const net = lenetOn(device);
    const optimizer = new SGD(net.parameters(), { lr: 0.05 });
    const [batch] = batches(1);
    await device.sync();
    const { dispatches } = device.stats();
    const before = { ...calls };
    const seen: (readonly [number, number])[] = [];
    await device.warmup({ rehearse: () => step(device, net, optimizer, batch!), onProgress: (ready, total) => { seen.push([ready, total]); } });
    expect(device.stats().dispatches).toBe(dispatches);
    expect(calls.createComputePipeline).toBe(before.createComputePipeline);
    expect(seen.length).toBeGreaterThan(10);
    seen.forEach(([ready, total], i) => { expect([ready, total]).toEqual([i + 1, seen.length]); });

    const { pipelines } = device.stats();
    const loss = await step(device, net, optimizer, batch!).item();
    expect(device.stats().pipelines).toBe(pipelines);
    expect(calls.createComputePipeline).toBe(before.createComputePipeline);
    const host = cpu();
    const onCpu = lenetOn(host);
    expect(Math.abs(loss - await step(host, onCpu, new SGD(onCpu.parameters(), { lr: 0.05 }), batch!).item())).toBeLessThan(1e-4);

    await expect(device.warmup({ rehearse: async () => { await Promise.resolve(); } })).rejects.toThrow("warmup: expected a synchronous rehearsal, got a promise");
    let refusal: Promise<unknown> = Promise.resolve();
    await device.warmup({ rehearse: () => { refusal = expect(step(device, net, optimizer, batch!).item()).rejects.toThrow("read: expected no reads in a rehearsal"); } });
    await refusal;
    await reclaim(device);
    device.dispose();
    real.destroy();
  });
});
