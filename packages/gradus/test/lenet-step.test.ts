import type { BufferHandle, ScalarArguments } from "@gradus/kernel-ir";
import type { BackendEvent, RecordingBackend } from "@gradus/kernel-ir/testing";
import { asynchronous, canaries, failing, recording, replay } from "@gradus/kernel-ir/testing";
import type { LeNet } from "@gradus/models";
import type { Tensor } from "gradus";
import { Adam, cpu, DeviceMemoryError, memoryStats, ones, reclaim, scope, SGD, zeros } from "gradus";
import { describe, expect, it } from "vitest";
import type { Batch } from "./support/lenet.js";
import { batches, lenetOn, step } from "./support/lenet.js";

type Dispatch = Extract<BackendEvent, { kind: "dispatch" }>;
const dispatchesOf = (events: readonly BackendEvent[]): Dispatch[] => events.filter((event) => event.kind === "dispatch");
const bitsOf = (net: LeNet): Record<string, unknown> => Object.fromEntries([...net.namedParameters()].map(([name, parameter]) => [name, parameter.readSync()]));

/** What the calls of `body` made the device do. */
function recorded<T>(device: RecordingBackend, body: () => T): { result: T; events: readonly BackendEvent[] } {
  const from = device.log.length;
  const result = body();
  return { result, events: device.log.slice(from) };
}

/** New bytes for the writes of a step that bring a batch. */
function rebound(events: readonly BackendEvent[], from: Batch, to: Batch): Map<BackendEvent, Uint8Array> {
  const bytesOf = (array: ArrayBufferView): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);
  const bytes = new Map<BackendEvent, Uint8Array>();
  for (const event of events) {
    if (event.kind !== "write") continue;
    if (same(event.bytes, bytesOf(from.images))) bytes.set(event, bytesOf(to.images));
    if (same(event.bytes, bytesOf(from.classes))) bytes.set(event, bytesOf(to.classes));
  }
  return bytes;
}

describe("a LeNet step, recorded and replayed on new batches", () => {
  const data = batches(22);
  const optimizers = {
    SGD: (net: LeNet) => new SGD(net.parameters(), { lr: 0.05, momentum: 0.9, weightDecay: 1e-3 }),
    // Its bias correction changes from step to step: a scalar of the update's dispatch.
    Adam: (net: LeNet) => new Adam(net.parameters(), { lr: 0.003 }),
  };

  it.each(Object.entries(optimizers))("equals eager bit for bit with %s", (_, make) => {
    const [eagerDevice, device] = [recording(cpu()), recording(cpu())];
    const [eagerNet, net] = [lenetOn(eagerDevice), lenetOn(device)];
    const [eagerOptimizer, optimizer] = [make(eagerNet), make(net)];
    // The first step makes the optimizer's state; the second is recorded.
    step(device, net, optimizer, data[0]!);
    const { result: loss, events } = recorded(device, () => step(device, net, optimizer, data[1]!));
    for (const batch of data.slice(0, 2)) step(eagerDevice, eagerNet, eagerOptimizer, batch);
    const output = loss.storage().buffer!;

    for (const batch of data.slice(2)) {
      const { result: eagerLoss, events: eagerEvents } = recorded(eagerDevice, () => step(eagerDevice, eagerNet, eagerOptimizer, batch));
      const bytes = rebound(events, data[1]!, batch);
      expect(bytes.size).toBe(2);
      const scalars = new Map<BackendEvent, ScalarArguments>(dispatchesOf(events).map((event, i) => [event, dispatchesOf(eagerEvents)[i]!.scalars]));
      const before = device.stats().buffers;
      const [replayed] = replay(device, events, { bytes, scalars, outputs: [output] }) as [BufferHandle];
      expect(device.stats().buffers - before).toBe(1);
      expect(device.readSync!(replayed)).toEqual(eagerDevice.readSync!(eagerLoss.storage().buffer!));
      device.free(replayed);
    }
    expect(bitsOf(net)).toEqual(bitsOf(eagerNet));
  });

  it("asks the device for the same things in every step, but for the batch and what the optimizer counts", () => {
    const device = recording(cpu());
    const net = lenetOn(device);
    const optimizer = new SGD(net.parameters(), { lr: 0.05, momentum: 0.9 });
    const steps = data.slice(0, 4).map((batch) => recorded(device, () => void step(device, net, optimizer, batch)).events);
    const call = (event: BackendEvent): unknown => {
      if (event.kind === "dispatch") return { name: event.executable.program.name, scalars: event.scalars };
      return event.kind === "alloc" ? { bytes: event.byteLength } : event.kind;
    };
    expect(steps[2]!.map(call)).toEqual(steps[3]!.map(call));
  });
});

describe("programs", () => {
  it("are prepared by the first step alone", () => {
    const device = recording(cpu());
    const net = lenetOn(device);
    const optimizer = new SGD(net.parameters(), { lr: 0.05, momentum: 0.9 });
    const data = batches(4);
    expect(recorded(device, () => void step(device, net, optimizer, data[0]!)).events.some(({ kind }) => kind === "prepare")).toBe(true);
    device.clear();
    for (const batch of data.slice(1)) step(device, net, optimizer, batch);
    expect(device.count("prepare")).toBe(0);
  });

  it("are fewer than ten for three nested loops that write c[i][j]", () => {
    const device = recording(cpu());
    const [a, b, c] = [ones([5, 784], { device }), ones([784, 10], { device }), zeros([5, 10], { device })];
    const before = device.count("prepare");
    for (let i = 0; i < 5; i++) {
      for (let j = 0; j < 10; j++) {
        scope(() => {
          const cell = c.get(i, j);
          for (let k = 0; k < 784; k++) cell.add_(a.get(i, k).mul(b.get(k, j)));
        });
      }
    }
    expect(device.count("prepare") - before).toBeLessThan(10);
    expect(c.readSync()).toEqual(new Float32Array(50).fill(784));
  });
});

describe("a LeNet step on harsher devices", () => {
  it("gives the same bits on a device with canaries that answers late, and leaves nothing behind", async () => {
    const [plain, harsh] = [cpu(), asynchronous(canaries(cpu()))];
    const [plainNet, harshNet] = [lenetOn(plain), lenetOn(harsh)];
    const [plainOptimizer, harshOptimizer] = [plainNet, harshNet].map((net) => new SGD(net.parameters(), { lr: 0.05, momentum: 0.9 })) as [SGD, SGD];
    for (const batch of batches(3)) {
      const [mine, theirs] = [step(harsh, harshNet, harshOptimizer, batch), step(plain, plainNet, plainOptimizer, batch)];
      expect(await mine.read()).toEqual(theirs.readSync());
    }
    await harsh.sync();
    for (const [name, parameter] of harshNet.namedParameters()) {
      expect(await parameter.read(), name).toEqual(new Map<string, Tensor>(plainNet.namedParameters()).get(name)!.readSync());
    }
  });

  it("fails with a typed error for want of any of its allocations, and then goes on to the same result", async () => {
    const device = failing(cpu(), { failAt: null });
    const net = lenetOn(device);
    const saved = Object.fromEntries([...net.namedParameters()].map(([name, value]) => [name, (value as Tensor).detach().clone()]));
    const [batch] = batches(1) as [Batch];
    /** A step from the saved weights, with a new optimizer. */
    const attempt = (): Float32Array => {
      net.loadStateDict(saved);
      return scope(() => step(device, net, new SGD(net.parameters(), { lr: 0.05, momentum: 0.9 }), batch)).readSync() as Float32Array;
    };
    const expected = attempt();
    device.arm({ failAt: null });
    attempt();
    const { allocations } = device;
    expect(allocations).toBeGreaterThan(40);
    await reclaim(device);
    const { storages } = memoryStats(device);

    for (let k = 1; k <= allocations; k++) {
      device.arm({ failAt: k, times: 2 });
      expect(attempt, `allocation ${k} of ${allocations}`).toThrow(DeviceMemoryError);
      device.arm({ failAt: null });
      expect(attempt(), `after allocation ${k}`).toEqual(expected);
    }
    // A single failure is met by collecting garbage and asking again.
    for (let k = 1; k <= allocations; k += 10) {
      device.arm({ failAt: k });
      expect(attempt(), `allocation ${k}, asked for again`).toEqual(expected);
    }
    device.arm({ failAt: null });
    await reclaim(device);
    // Small storages are collected in groups of 64.
    expect(memoryStats(device).storages).toBeLessThan(storages + 64);
  });
});
