import { webgpu, WebGpuError } from "@gradus/backend-webgpu";
import type { Backend } from "@gradus/kernel-ir";
import { DeviceLostError } from "@gradus/kernel-ir";
import { cpu, DeviceMemoryError, functional as F, Linear, manualSeed, openScope, SGD, tensor, withDefaultDevice } from "gradus";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

/** A way in which a call of WebGPU goes wrong. `at` replaces a call; undefined lets it through. */
interface Fault {
  /** The methods of devices, queues and buffers that it concerns. */
  readonly methods: readonly string[];
  readonly at: (real: GPUDevice, method: string, call: (...args: unknown[]) => unknown, args: readonly unknown[]) => unknown;
  /** The error that reads then reject with, or that calls throw. */
  readonly error: new (...args: never[]) => Error;
}

const everything = ["createBuffer", "createBindGroupLayout", "createShaderModule", "createPipelineLayout", "createComputePipeline", "createBindGroup", "createCommandEncoder", "writeBuffer", "submit", "mapAsync"];

const faults: Readonly<Record<string, Fault>> = {
  "a lost device": {
    methods: everything,
    at: (real, _, call, args) => {
      real.destroy();
      return call(...args);
    },
    error: DeviceLostError,
  },
  "memory that is not there": {
    methods: ["createBuffer"],
    // Nothing has so much; WebGPU says so later.
    at: (real, _, call, [descriptor]) => call({ ...(descriptor as GPUBufferDescriptor), size: real.limits.maxBufferSize }),
    error: DeviceMemoryError,
  },
  "a call that the device refuses": {
    methods: ["createShaderModule", "createBindGroup", "writeBuffer", "submit"],
    at: (real, method, call, args) => {
      const [first] = args as [GPUBindGroupDescriptor];
      if (method === "createShaderModule") return call({ code: "fn main( {" });
      if (method === "createBindGroup") return call({ ...first, entries: [] });
      if (method === "writeBuffer") return call(args[0], 2 ** 40, ...args.slice(2));
      const encoder = real.createCommandEncoder();
      const broken = real.createBuffer({ size: 4, usage: 0x4 | 0x8 });
      encoder.copyBufferToBuffer(broken, 0, broken, 0, 64);
      return call([encoder.finish()]);
    },
    error: WebGpuError,
  },
  "a map that fails": {
    methods: ["mapAsync"],
    at: () => Promise.reject(new Error("no mapping today")),
    error: WebGpuError,
  },
};

/** A device whose calls `intercept` sees. */
function watched(real: GPUDevice, intercept: (method: string, call: (...args: unknown[]) => unknown, args: readonly unknown[]) => unknown): GPUDevice {
  const wrap = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(of, key) {
        const value: unknown = Reflect.get(of, key, of);
        if (key === "queue") return wrap(value as object);
        if (typeof value !== "function") return value;
        const call = (...args: unknown[]): unknown => (value as (...all: unknown[]) => unknown).apply(of, args);
        if (typeof key !== "string" || !everything.includes(key)) return call;
        return (...args: unknown[]): unknown => {
          const made = intercept(key, call, args);
          if (key !== "createBuffer") return made;
          const buffer = made as GPUBuffer;
          const map = buffer.mapAsync.bind(buffer);
          buffer.mapAsync = (...mapArgs) => intercept("mapAsync", map as (...all: unknown[]) => unknown, mapArgs) as ReturnType<GPUBuffer["mapAsync"]>;
          return buffer;
        };
      },
    });
  return wrap(real);
}

/** Losses of two steps of a regression. */
async function train(device: Backend): Promise<number[]> {
  const net = withDefaultDevice(device, () => {
    manualSeed(6);
    return new Linear(3, 2);
  });
  const optimizer = new SGD(net.parameters(), { lr: 0.1 });
  const losses: number[] = [];
  for (let i = 0; i < 2; i++) {
    const scope = openScope();
    try {
      const loss = scope.run(() => {
        optimizer.zeroGrad();
        const x = tensor([[1, 2, 3], [i, -1, 0.5]], { device });
        const result = F.mseLoss(net.call(x), tensor([[1, 0], [0, 1]], { device }));
        result.backward();
        optimizer.step();
        return result;
      });
      losses.push(await loss.item());
    } finally {
      scope.close();
    }
  }
  return losses;
}

const soon = <T>(promise: Promise<T>): Promise<T> =>
  Promise.race([promise, new Promise<never>((_, reject) => setTimeout(() => reject(new Error("nothing after ten seconds")), 10_000))]);

describe.skipIf(!inject("webgpu")).each(Object.entries(faults))("%s, at any call of two training steps", (_, { methods, at, error }) => {
  let expected: readonly number[] = [];
  const open: (() => void)[] = [];
  beforeAll(async () => { expected = await train(cpu()); });
  afterAll(() => { for (const close of open) close(); });

  const freshDevice = async (): Promise<GPUDevice> => {
    const backend = await webgpu();
    open.push(() => backend.dispose());
    return backend.device;
  };

  it("ends in its error or changes nothing, leaves nothing pending, and invents no number", async () => {
    let real = await freshDevice();
    let errors = 0;
    for (let k = 0, found = true; found; k++) {
      const replaced: string[] = [];
      let calls = 0;
      const device = await webgpu({
        device: watched(real, (name, call, args) => {
          if (!methods.includes(name) || calls++ !== k) return call(...args);
          replaced.push(name);
          return at(real, name, call, args);
        }),
      });
      const [outcome] = await soon(Promise.allSettled([train(device)]));
      if (outcome.status === "fulfilled") outcome.value.forEach((loss, i) => { expect(Math.abs(loss - expected[i]!), `call ${k}, loss ${i}`).toBeLessThan(1e-5); });
      else {
        expect(outcome.reason, `call ${k}`).toBeInstanceOf(error);
        errors++;
      }
      const [method] = replaced;
      found = method !== undefined;
      if (error === DeviceLostError && found) {
        await soon(device.lost);
        expect(device.stats()).toMatchObject({ buffers: 0, bytesInUse: 0, bytesReserved: 0 });
        real = await freshDevice();
      } else if (found) {
        // The device goes on once the failure is told; one that nobody read is told to this. A program that it refused stays refused.
        await soon(device.sync()).catch((late: unknown) => { expect(late).toBeInstanceOf(error); });
        const losses = await soon(train(method === "createShaderModule" ? await webgpu({ device: real }) : device));
        losses.forEach((loss, i) => { expect(Math.abs(loss - expected[i]!), `after call ${k}, loss ${i}`).toBeLessThan(1e-5); });
      }
      device.dispose();
    }
    expect(errors).toBeGreaterThan(0);
  });
});
