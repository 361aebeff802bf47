import type { BufferHandle, Kernel } from "@gradus/kernel-ir";
import { DeviceLostError, DeviceMemoryError, dtypes, dtypeInfo, ExprBuilder, GuardError, UnsupportedError } from "@gradus/kernel-ir";
import type { WebGpuBackend } from "@gradus/backend-webgpu";
import { WebGpuError, webgpu } from "@gradus/backend-webgpu";
import { describe, expect, it } from "vitest";
import { bytesOf, elementsOf } from "./compare.js";
import { hasWebGpu, openDevice, sharedDevice } from "./devices.js";
import { at, elementwise, kernel } from "./programs.js";

/** `p0[i] = p0[i] * 2 + s0` in place. */
function doubleAndAdd(length: number): Kernel {
  const b = new ExprBuilder();
  const value = b.add(b.mul(b.load(0, "float32", b.index(0)), b.const(2, "float32")), b.scalar(0, "float32"));
  return kernel("double and add", {
    params: [{ dtype: "float32", access: "inout" }],
    scalars: ["float32"],
    outer: [b.int(length)],
    stores: [{ over: "outer", param: 0, index: b.index(0), value }],
  });
}

const copyOf = (length: number): Kernel => elementwise("copy", ["float32"], "float32", length, (_, x) => x);

/** Copies `p0[p1[i]]`; an index outside of [0, limit) breaks the guard. */
function gather(length: number, limit: number, name = "gather"): Kernel {
  const b = new ExprBuilder();
  const index = b.load(1, "int64", b.index(0));
  const holds = b.and(b.le(b.const(0n, "int64"), index), b.lt(index, b.const(BigInt(limit), "int64")));
  return kernel(name, {
    params: [{ dtype: "float32", access: "in" }, { dtype: "int64", access: "in" }, { dtype: "float32", access: "inout" }],
    outer: [b.int(length)],
    guards: [{ over: "outer", holds, message: `${name}: expected indices in [0, ${limit}), got another; clamp them` }],
    stores: [{ over: "outer", param: 2, index: b.index(0), value: b.load(0, "float32", b.cast(index, "int32")) }],
  });
}

const floats = (...values: number[]): Uint8Array => bytesOf("float32", values);
const longs = (...values: number[]): Uint8Array => bytesOf("int64", values);

function upload(device: WebGpuBackend, bytes: Uint8Array, dtype: "float32" | "int64" = "float32"): BufferHandle {
  const buffer = device.alloc(bytes.length, dtype);
  device.write(buffer, 0, bytes);
  return buffer;
}

const download = async (device: WebGpuBackend, buffer: BufferHandle) => elementsOf("float32", await device.read(buffer));

/** A device in which some methods are replaced; everything else is the real one. */
function withFaults(device: GPUDevice, faults: Partial<Record<keyof GPUDevice, (...args: never[]) => unknown>>): GPUDevice {
  return new Proxy(device, {
    get(target, key) {
      const fault = faults[key as keyof GPUDevice];
      if (fault !== undefined) return fault;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

describe.skipIf(!hasWebGpu)("the webgpu device", () => {
  describe("memory", () => {
    it("holds every type but float64, in 32 bits", async () => {
      const device = await sharedDevice();
      expect(Object.keys(device.limits.dtypes)).toEqual(dtypes.filter((dtype) => dtype !== "float64"));
      expect(device.limits.dtypes.int64).toEqual({ storageBytes: 4, compute: "int32" });
      expect(() => device.alloc(8, "float64")).toThrow(UnsupportedError);
      expect(() => device.alloc(8, "float64")).toThrow("alloc: expected types that WebGPU has, got float64; use float32, or the cpu");
    });

    it("gives back the bytes that were written, in host width, at any element", async () => {
      const device = await sharedDevice();
      for (const dtype of dtypes) {
        if (dtype === "float64") continue;
        const width = dtypeInfo[dtype].byteLength;
        const values = dtype === "bool" ? [1, 0, 1, 1, 0] : [1, 2, 3, 100, 5];
        const bytes = bytesOf(dtype, values);
        const buffer = device.alloc(bytes.length, dtype);
        expect(buffer.byteLength).toBe(5 * width);
        device.write(buffer, 0, bytes);
        expect(await device.read(buffer)).toEqual(bytes);
        expect(await device.read(buffer, 2 * width)).toEqual(bytes.subarray(2 * width));
        // The source lies at an odd place of a larger buffer.
        const moved = new Uint8Array(100);
        moved.set(bytes.subarray(0, 2 * width), 1);
        device.write(buffer, 3 * width, moved.subarray(1, 1 + 2 * width));
        expect(await device.read(buffer, width, 4 * width)).toEqual(bytesOf(dtype, [...values.slice(1, 3), ...values.slice(0, 2)]));
        expect((await device.read(buffer, width, 0)).length).toBe(0);
        device.free(buffer);
      }
    });

    it("copies bytes from shared memory", async () => {
      const device = await sharedDevice();
      const shared = new Uint8Array(new SharedArrayBuffer(8));
      shared.set(floats(3, 4));
      const buffer = upload(device, shared);
      expect(await download(device, buffer)).toEqual([3, 4]);
      device.free(buffer);
    });

    it("refuses int64 values that do not fit 32 bits, and names them", async () => {
      const device = await sharedDevice();
      const buffer = device.alloc(24, "int64");
      device.write(buffer, 0, bytesOf("int64", [2n ** 31n - 1n, -(2n ** 31n), -1n]));
      expect(elementsOf("int64", await device.read(buffer))).toEqual([2n ** 31n - 1n, -(2n ** 31n), -1n]);
      expect(() => device.write(buffer, 0, bytesOf("int64", [1n, 2n ** 31n]))).toThrow(RangeError);
      expect(() => device.write(buffer, 0, bytesOf("int64", [1n, 2n ** 31n]))).toThrow("write: expected int64 values that fit 32 bits on webgpu, got 2147483648 at element 1; keep this tensor on the cpu");
      const program = elementwise("add", ["int64"], "int64", 1, (b, x) => b.add(x, b.scalar(0, "int64")), ["int64"]);
      const output = device.alloc(8, "int64");
      expect(() => device.dispatch(device.prepare(program), [buffer, output], [-(2n ** 31n) - 1n])).toThrow("add: expected int64 values that fit 32 bits on webgpu, got -2147483649; use the cpu");
      device.free(buffer);
      device.free(output);
    });

    it("takes nothing as a size", async () => {
      const device = await sharedDevice();
      const [empty, other] = [device.alloc(0, "float32"), device.alloc(0, "int8")];
      device.write(empty, 0, new Uint8Array(0));
      expect(await device.read(empty)).toEqual(new Uint8Array(0));
      const program = kernel("nothing", {
        params: [{ dtype: "float32", access: "in" }, { dtype: "int8", access: "out" }],
        scalars: ["int32"],
        outer: [new ExprBuilder().scalar(0, "int32")],
        stores: [{ over: "outer", param: 1, index: new ExprBuilder().int(0), value: new ExprBuilder().int(0) }],
      });
      device.dispatch(device.prepare(program), [empty, other], [0]);
      await device.sync();
      device.free(empty);
      device.free(other);
    });

    it("counts, pools and gives back", async () => {
      const device = await openDevice();
      const a = device.alloc(1000, "float32");
      const b = device.alloc(10, "int8");
      expect(device.stats()).toMatchObject({ buffers: 2, bytesInUse: 1010, peakBytes: 1010, bytesReserved: 1024 + 40 });
      device.free(a);
      expect(device.stats()).toMatchObject({ buffers: 1, bytesInUse: 10, peakBytes: 1010, bytesReserved: 1024 + 40 });
      const again = device.alloc(980, "float32");
      expect(device.stats()).toMatchObject({ buffers: 2, bytesReserved: 1024 + 40 });
      device.free(again);
      device.free(b);
      expect(() => device.free(b)).toThrow("internal: free of a buffer that was freed");
      expect(() => device.write(b, 0, new Uint8Array(1))).toThrow("internal: write of a buffer that was freed");
      await expect(device.read(b)).rejects.toThrow("internal: read of a buffer that was freed");
    });

    it("keeps memory flat over thousands of short-lived buffers", async () => {
      const device = await openDevice();
      const program = device.prepare(copyOf(64));
      let input = upload(device, floats(...new Array<number>(64).fill(7)));
      const reserved: number[] = [];
      for (let step = 0; step < 3000; step++) {
        const output = device.alloc(256, "float32");
        device.dispatch(program, [input, output], []);
        device.free(input);
        input = output;
        if (step % 1000 === 999) reserved.push(device.stats().bytesReserved);
      }
      expect(reserved).toEqual([512, 512, 512]);
      expect(await download(device, input)).toEqual(new Array(64).fill(7));
    });

    it("refuses what is larger than the largest buffer, before any work", async () => {
      const device = await sharedDevice();
      const before = device.stats();
      expect(() => device.alloc(device.limits.bytesPerBuffer + 4, "float32")).toThrow(DeviceMemoryError);
      expect(() => device.alloc(device.limits.bytesPerBuffer, "int8")).toThrow(`the largest buffer of this device has ${device.limits.bytesPerBuffer} bytes, use smaller tensors`);
      expect(device.stats()).toEqual(before);
    });
  });

  describe("order", () => {
    it("a write after a dispatch is not seen by it", async () => {
      const device = await sharedDevice();
      const [input, output] = [upload(device, floats(1, 2)), device.alloc(8, "float32")];
      const copy = device.prepare(copyOf(2));
      device.dispatch(copy, [input, output], []);
      device.write(input, 0, floats(30, 40));
      expect(await download(device, output)).toEqual([1, 2]);
      device.dispatch(copy, [input, output], []);
      expect(await download(device, output)).toEqual([30, 40]);
      for (const buffer of [input, output]) device.free(buffer);
    });

    it("a write to memory that no waiting dispatch uses costs no submit", async () => {
      const device = await openDevice();
      const [input, output, other] = [upload(device, floats(1, 2)), device.alloc(8, "float32"), device.alloc(8, "float32")];
      device.dispatch(device.prepare(copyOf(2)), [input, output], []);
      device.write(other, 0, floats(5, 6));
      expect(device.stats().submits).toBe(0);
      device.write(output, 4, floats(9));
      expect(device.stats().submits).toBe(1);
      expect(await download(device, output)).toEqual([1, 9]);
      expect(await download(device, other)).toEqual([5, 6]);
    });

    it("a read is a copy of the moment of its call", async () => {
      const device = await sharedDevice();
      const buffer = upload(device, floats(1));
      const program = device.prepare(doubleAndAdd(1));
      const before = download(device, buffer);
      device.dispatch(program, [buffer], [1]);
      const between = download(device, buffer);
      device.dispatch(program, [buffer], [1]);
      device.write(buffer, 0, floats(-1));
      const after = download(device, buffer);
      device.free(buffer);
      expect(await Promise.all([before, between, after])).toEqual([[1], [3], [-1]]);
    });

    it("freed memory stays what it was for the dispatches before", async () => {
      const device = await sharedDevice();
      const copy = device.prepare(copyOf(4));
      const output = device.alloc(16, "float32");
      const input = upload(device, floats(1, 2, 3, 4));
      device.dispatch(copy, [input, output], []);
      device.free(input);
      // The same size comes from the pool, most likely the same memory.
      const next = upload(device, floats(9, 9, 9, 9));
      expect(await download(device, output)).toEqual([1, 2, 3, 4]);
      for (const buffer of [output, next]) device.free(buffer);
    });

    it("thousands of dispatches keep their scalars, through many rounds of the ring", async () => {
      const device = await openDevice();
      const buffer = upload(device, floats(0));
      const b = new ExprBuilder();
      // x = x / 2 + s: the last twenty scalars decide the result.
      const value = b.add(b.mul(b.load(0, "float32", b.int(0)), b.const(0.5, "float32")), b.scalar(0, "float32"));
      const program = device.prepare(kernel("decay", { params: [{ dtype: "float32", access: "inout" }], scalars: ["float32"], outer: [], stores: [{ over: "outer", param: 0, index: b.int(0), value }] }));
      let expected = 0;
      for (let i = 0; i < 3000; i++) {
        const scalar = Math.fround(Math.sin(i));
        device.dispatch(program, [buffer], [scalar]);
        expected = Math.fround(Math.fround(expected * 0.5) + scalar);
      }
      expect(await download(device, buffer)).toEqual([expected]);
      expect(device.stats()).toMatchObject({ dispatches: 3000, prepared: 1, submits: 6 });
    });

    it("takes programs with many scalars", async () => {
      const device = await openDevice();
      const b = new ExprBuilder();
      const total = Array.from({ length: 100 }, (_, slot) => b.scalar(slot, "float32")).reduce((sum, scalar) => b.add(sum, scalar));
      const program = device.prepare(kernel("many scalars", { params: [{ dtype: "float32", access: "out" }], scalars: new Array<"float32">(100).fill("float32"), outer: [], stores: [{ over: "outer", param: 0, index: b.int(0), value: total }] }));
      const outputs = Array.from({ length: 700 }, () => device.alloc(4, "float32"));
      outputs.forEach((output, i) => device.dispatch(program, [output], Array.from({ length: 100 }, (_, slot) => (slot === 99 ? i : 1))));
      const results = await Promise.all(outputs.map((output) => download(device, output)));
      expect(results).toEqual(outputs.map((_, i) => [99 + i]));
    });

    it("submits on its own when the program pauses", async () => {
      const device = await openDevice();
      const buffer = upload(device, floats(1));
      device.dispatch(device.prepare(doubleAndAdd(1)), [buffer], [0]);
      expect(device.stats().submits).toBe(0);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(device.stats().submits).toBe(1);
      await device.sync();
    });
  });

  describe("programs", () => {
    it("create no bind group for memory that they were bound to before", async () => {
      const real = (await openDevice()).device;
      let created = 0;
      const device = await openDevice({
        device: withFaults(real, {
          createBindGroup: (descriptor: GPUBindGroupDescriptor) => {
            created++;
            return real.createBindGroup(descriptor);
          },
        }),
      });
      const program = device.prepare(copyOf(4));
      const buffers = Array.from({ length: 30 }, (_, i) => upload(device, floats(i, i, i, i)));
      for (let round = 0; round < 3; round++) {
        for (let i = 1; i < 30; i++) device.dispatch(program, [buffers[i - 1]!, buffers[i]!], []);
        await device.sync();
      }
      expect(created).toBe(29);
      expect(await download(device, buffers[29]!)).toEqual([0, 0, 0, 0]);
      // So many at once are not kept, and still right.
      const targets = Array.from({ length: 300 }, () => device.alloc(16, "float32"));
      for (const target of [...targets, ...targets]) device.dispatch(program, [buffers[0]!, target], []);
      const results = await Promise.all(targets.map((target) => download(device, target)));
      expect(results).toEqual(targets.map(() => [0, 0, 0, 0]));
    });

    it("are ready when the device has compiled them, and need not be waited for", async () => {
      const device = await sharedDevice();
      const executable = device.prepare(copyOf(1));
      expect(executable.program.name).toBe("copy");
      await expect(executable.ready).resolves.toBeUndefined();
    });

    it("can be waited for with progress, and tell there that the device refused one", async () => {
      const device = await openDevice();
      for (const length of [1, 2, 3]) device.prepare(copyOf(length));
      const seen: [number, number][] = [];
      await device.warmup({ onProgress: (ready, total) => seen.push([ready, total]) });
      expect(seen).toEqual([[1, 3], [2, 3], [3, 3]]);
      await device.warmup({ onProgress: () => seen.push([0, 0]) });
      expect(seen).toHaveLength(3);
      const real = device.device;
      const broken = await openDevice({ device: withFaults(real, { createShaderModule: () => real.createShaderModule({ code: "fn main( {" }) }) });
      broken.prepare(copyOf(1));
      await expect(broken.warmup()).rejects.toThrow("copy: webgpu could not compile the program (validation)");
    });

    it("are refused where they need more buffers than the device binds", async () => {
      const device = await sharedDevice();
      const most = device.device.limits.maxStorageBuffersPerShaderStage;
      expect(device.limits.buffersPerProgram).toBe(most - 2);
      const sumOf = (inputs: number) => elementwise("sum of many", new Array<"float32">(inputs).fill("float32"), "float32", 3, (b, ...x) => x.reduce((total, value) => b.add(total, value)));
      const program = sumOf(most - 3);
      const buffers = program.params.map((_, i) => upload(device, floats(i, 1, 2)));
      device.dispatch(device.prepare(program), buffers, []);
      expect(await download(device, buffers.at(-1)!)).toEqual([((most - 3) * (most - 4)) / 2, most - 3, 2 * (most - 3)]);
      expect(() => device.prepare(sumOf(most - 2))).toThrow(UnsupportedError);
      expect(() => device.prepare(sumOf(most - 2))).toThrow(`sum of many: expected at most ${most - 2} buffers on webgpu, got ${most - 1}; split the program`);
      for (const buffer of buffers) device.free(buffer);
    });

    it("are refused arguments that do not fit them", async () => {
      const device = await sharedDevice();
      const [a, b, ints] = [device.alloc(8, "float32"), device.alloc(8, "float32"), device.alloc(8, "int32")];
      const copy = device.prepare(copyOf(2));
      expect(() => device.dispatch(copy, [a], [])).toThrow("internal: copy takes 2 buffers and 0 scalars, got 1 and 0");
      expect(() => device.dispatch(copy, [a, a], [])).toThrow("internal: copy was given one buffer for two parameters");
      expect(() => device.dispatch(copy, [a, ints], [])).toThrow("internal: parameter 1 of copy is float32, got a buffer of int32");
      const many = new ExprBuilder();
      const program = kernel("many points", { params: [{ dtype: "float32", access: "out" }], scalars: ["int32"], outer: [many.scalar(0, "int32"), many.scalar(0, "int32")], stores: [{ over: "outer", param: 0, index: many.int(0), value: many.const(0, "float32") }] });
      expect(() => device.dispatch(device.prepare(program), [a], [50_000])).toThrow("many points: expected fewer than 2147483648 points, got more; use smaller tensors");
      for (const buffer of [a, b, ints]) device.free(buffer);
    });
  });

  describe("guards", () => {
    it("tell the next read, once, and let the device go on", async () => {
      const device = await openDevice();
      const source = upload(device, floats(10, 20, 30));
      const indices = upload(device, longs(0, 5, 2), "int64");
      const output = upload(device, floats(-1, -1, -1));
      const program = device.prepare(gather(3, 3));
      device.dispatch(program, [source, indices, output], []);
      const first = device.read(output);
      const second = device.sync();
      await expect(first).rejects.toThrow(GuardError);
      await expect(first).rejects.toThrow("gather: expected indices in [0, 3), got another; clamp them");
      // Called before the failure was told, so its values could come from it.
      await expect(second).rejects.toThrow(GuardError);
      expect(await download(device, output)).toEqual([10, -1, 30]);
      device.write(indices, 0, longs(2, 1, 0));
      device.dispatch(program, [source, indices, output], []);
      expect(await download(device, output)).toEqual([30, 20, 10]);
    });

    it("do not concern reads that were called before", async () => {
      const device = await openDevice();
      const source = upload(device, floats(10));
      const [good, bad] = [upload(device, longs(0), "int64"), upload(device, longs(-1), "int64")];
      const output = upload(device, floats(0));
      const program = device.prepare(gather(1, 1));
      device.dispatch(program, [source, good, output], []);
      const before = download(device, output);
      device.dispatch(program, [source, bad, output], []);
      const after = download(device, output);
      expect(await before).toEqual([10]);
      await expect(after).rejects.toThrow(GuardError);
    });

    it("tell the first of several programs", async () => {
      const device = await openDevice();
      const source = upload(device, floats(10, 20));
      const [good, bad] = [upload(device, longs(0, 1), "int64"), upload(device, longs(0, 9), "int64")];
      const output = device.alloc(8, "float32");
      const [one, two, three] = ["one", "two", "three"].map((name) => device.prepare(gather(2, 2, name)));
      device.dispatch(one!, [source, good, output], []);
      device.dispatch(two!, [source, bad, output], []);
      device.dispatch(three!, [source, bad, output], []);
      await expect(device.sync()).rejects.toThrow("two: expected indices in [0, 2)");
      await expect(device.sync()).resolves.toBeUndefined();
    });

    it("over the inner space end the work of their point", async () => {
      const device = await openDevice();
      const b = new ExprBuilder();
      const x = b.load(0, "float32", at(b, [0, 4], [1, 1]));
      const program = kernel("log", {
        params: [{ dtype: "float32", access: "in" }, { dtype: "float32", access: "inout" }],
        outer: [b.int(2)],
        inner: [b.int(4)],
        guards: [{ over: "inner", holds: b.lt(b.const(0, "float32"), x), message: "log: expected positive numbers" }],
        stores: [{ over: "inner", param: 1, index: at(b, [0, 4], [1, 1]), value: x }],
      });
      const [input, output] = [upload(device, floats(1, 2, 3, 4, 5, -6, 7, 8)), upload(device, floats(0, 0, 0, 0, 0, 0, 0, 0))];
      device.dispatch(device.prepare(program), [input, output], []);
      await expect(device.read(output)).rejects.toThrow("log: expected positive numbers");
      expect(await download(device, output)).toEqual([1, 2, 3, 4, 5, 0, 0, 0]);
    });
  });

  describe("to debug", () => {
    const here = /called at\n {4}.*device\.test\.ts:\d+:\d+/;

    it("a guard that fails names the line of its dispatch", async () => {
      const device = await openDevice({ debug: true });
      const [source, good, bad] = [upload(device, floats(10, 20)), upload(device, longs(0, 1), "int64"), upload(device, longs(0, 9), "int64")];
      const output = device.alloc(8, "float32");
      const program = device.prepare(gather(2, 2));
      const gatherGood = (): void => { device.dispatch(program, [source, good, output], []); };
      const gatherBad = (): void => { device.dispatch(program, [source, bad, output], []); };
      gatherGood();
      gatherBad();
      const error = await device.read(output).then(() => null, (reason: unknown) => reason);
      expect(error).toBeInstanceOf(GuardError);
      expect((error as GuardError).message).toMatch(here);
      expect((error as GuardError).message).toMatch(/called at\n {4}.*gatherBad/);
      expect(device.stats().submits).toBe(3);
    });

    it("so do programs and memory that the device refuses, and devices that do not debug say nothing of it", async () => {
      const real = (await openDevice()).device;
      const faults = {
        createShaderModule: () => real.createShaderModule({ code: "fn main( {" }),
        createBuffer: (descriptor: GPUBufferDescriptor) => real.createBuffer(descriptor.size > 2 ** 20 ? { ...descriptor, size: real.limits.maxBufferSize } : descriptor),
      };
      for (const debug of [true, false]) {
        const device = await openDevice({ device: withFaults(real, faults), debug });
        const buffer = upload(device, floats(1, 2));
        device.dispatch(device.prepare(doubleAndAdd(2)), [buffer], [0]);
        const told = (): Promise<unknown> => device.sync().then(() => null, (reason: unknown) => reason);
        const refusal = await told();
        device.alloc(2 ** 21, "float32");
        const shortage = await told();
        expect(refusal).toBeInstanceOf(WebGpuError);
        expect(shortage).toBeInstanceOf(DeviceMemoryError);
        for (const { message } of [refusal, shortage] as Error[]) {
          if (debug) expect(message).toMatch(here);
          else expect(message).not.toMatch(here);
        }
      }
    });

    it("everything has the name of its op as label", async () => {
      const real = (await openDevice()).device;
      const labels = new Set<string>();
      const noting = <T extends { readonly label?: string }, R>(make: (descriptor: T) => R) => (descriptor: T): R => {
        labels.add(descriptor.label ?? "");
        return make(descriptor);
      };
      const device = await openDevice({
        device: withFaults(real, {
          createBuffer: noting((descriptor: GPUBufferDescriptor) => real.createBuffer(descriptor)),
          createShaderModule: noting((descriptor: GPUShaderModuleDescriptor) => real.createShaderModule(descriptor)),
          createBindGroup: noting((descriptor: GPUBindGroupDescriptor) => real.createBindGroup(descriptor)),
          createComputePipeline: noting((descriptor: GPUComputePipelineDescriptor) => real.createComputePipeline(descriptor)),
          createCommandEncoder: noting((descriptor: GPUCommandEncoderDescriptor) => real.createCommandEncoder(descriptor)),
        }),
      });
      const buffer = upload(device, floats(1, 2));
      device.dispatch(device.prepare(doubleAndAdd(2)), [buffer], [1]);
      expect(await download(device, buffer)).toEqual([3, 5]);
      expect([...labels].sort()).toEqual(["double and add", "failed guard", "scalars", "staging", "tensor"]);
    });
  });

  describe("failures", () => {
    const fresh = async (): Promise<GPUDevice> => (await openDevice()).device;

    it("a program that does not compile: `ready` and the next read name it, and nothing reads as zero", async () => {
      const real = await fresh();
      const device = await openDevice({ device: withFaults(real, { createShaderModule: (() => real.createShaderModule({ code: "fn main( {" })) }) });
      const buffer = upload(device, floats(1, 2));
      const executable = device.prepare(doubleAndAdd(2));
      device.dispatch(executable, [buffer], [0]);
      const reads = [device.read(buffer), device.read(buffer)];
      await expect(executable.ready).rejects.toThrow(WebGpuError);
      for (const read of reads) await expect(read).rejects.toThrow("double and add: webgpu could not compile the program (validation)");
      expect(() => device.dispatch(executable, [buffer], [0])).toThrow("double and add: webgpu could not compile the program");
      // Told once; the device goes on.
      expect(await download(device, buffer)).toEqual([1, 2]);
    });

    it("a batch that the device refuses names its programs", async () => {
      const real = await fresh();
      let faulty = false;
      const device = await openDevice({
        device: withFaults(real, {
          createBindGroup: (descriptor: GPUBindGroupDescriptor) => real.createBindGroup(faulty ? { ...descriptor, entries: [] } : descriptor),
        }),
      });
      const [buffer, other] = [upload(device, floats(1, 2)), upload(device, floats(3, 4))];
      const program = device.prepare(doubleAndAdd(2));
      device.dispatch(program, [buffer], [0]);
      expect(await download(device, buffer)).toEqual([2, 4]);
      faulty = true;
      device.dispatch(program, [other], [0]);
      await expect(device.read(buffer)).rejects.toThrow("webgpu: expected the device to run double and add, it refused (validation)");
      faulty = false;
      device.dispatch(program, [other], [1]);
      expect(await download(device, other)).toEqual([7, 9]);
    });

    it("memory that the device does not have: the next read says so, and the device goes on", async () => {
      const real = await fresh();
      const device = await openDevice({
        device: withFaults(real, {
          // More than a gigabyte is what SwiftShader refuses, after the call.
          createBuffer: (descriptor: GPUBufferDescriptor) => real.createBuffer(descriptor.size > 2 ** 20 ? { ...descriptor, size: real.limits.maxBufferSize } : descriptor),
        }),
      });
      const small = upload(device, floats(1, 2));
      const large = device.alloc(2 ** 21, "float32");
      device.dispatch(device.prepare(copyOf(2)), [small, large], []);
      const reads = [device.read(large), device.read(small)];
      for (const read of reads) await expect(read).rejects.toThrow(DeviceMemoryError);
      await expect(reads[0]).rejects.toThrow("alloc: webgpu has no room for 2097152 bytes, 8 bytes in 1 buffers are in use");
      expect(() => device.write(large, 0, floats(1))).toThrow(DeviceMemoryError);
      device.free(large);
      expect(device.stats()).toMatchObject({ buffers: 1, bytesReserved: 16 });
      expect(await download(device, small)).toEqual([1, 2]);
    });

    it("a read that cannot be mapped rejects", async () => {
      const real = await fresh();
      let faulty = false;
      const device = await openDevice({
        device: withFaults(real, {
          createBuffer: (descriptor: GPUBufferDescriptor) => {
            const buffer = real.createBuffer(descriptor);
            if (faulty) buffer.mapAsync = () => Promise.reject(new Error("no mapping today"));
            return buffer;
          },
        }),
      });
      const buffer = upload(device, floats(1, 2));
      faulty = true;
      await expect(device.read(buffer)).rejects.toThrow("read: expected the device to give its memory, it refused: Error: no mapping today");
    });

    it("a lost device ends the reads under way, settles `lost`, and a new one can be had", async () => {
      const real = await fresh();
      const device = await openDevice({ device: real });
      const buffer = upload(device, floats(1, 2));
      device.dispatch(device.prepare(doubleAndAdd(2)), [buffer], [0]);
      const reads = [device.read(buffer), device.sync()];
      real.destroy();
      for (const read of reads) await expect(read).rejects.toThrow(DeviceLostError);
      expect((await device.lost).reason).not.toBe("");
      expect(() => device.alloc(4, "float32")).toThrow("alloc: expected a live device, webgpu was lost (destroyed");
      await expect(device.read(buffer)).rejects.toThrow(DeviceLostError);
      expect(device.stats()).toMatchObject({ buffers: 0, bytesInUse: 0, bytesReserved: 0 });
      const next = await openDevice();
      expect(await download(next, upload(next, floats(5)))).toEqual([5]);
    });

    it("a disposed device rejects everything and leaves a device that was handed in alive", async () => {
      const real = await fresh();
      const device = await webgpu({ device: real });
      const buffer = upload(device, floats(1));
      device.dispatch(device.prepare(doubleAndAdd(1)), [buffer], [0]);
      const read = device.read(buffer);
      device.dispose();
      device.dispose();
      await expect(read).rejects.toThrow(DeviceLostError);
      await expect(device.sync()).rejects.toThrow("sync: expected a live device, webgpu was disposed; make a new one");
      expect(() => device.prepare(copyOf(1))).toThrow(DeviceLostError);
      const settled = await Promise.race([device.lost.then(() => "lost"), new Promise((resolve) => setTimeout(() => resolve("pending"), 20))]);
      expect(settled).toBe("pending");
      const next = await openDevice({ device: real });
      expect(await download(next, upload(next, floats(5)))).toEqual([5]);
    });
  });
});
