import type { Backend, BufferHandle, Kernel } from "@gradus/kernel-ir";
import { DeviceLostError, DeviceMemoryError, ExprBuilder, GuardError } from "@gradus/kernel-ir";
import { interpreter } from "@gradus/kernel-ir/interpreter";
import { asynchronous, canaries, failing, recording, replay } from "@gradus/kernel-ir/testing";
import { describe, expect, it } from "vitest";

/** out[i] = in[i] · scalar₁ for i < scalar₀; the values must be positive. `shift` moves the writes. */
function scaleProgram(shift = 0): Kernel {
  const k = new ExprBuilder();
  const at = k.index(0);
  const x = k.load(0, "float32", at);
  return {
    kind: "kernel",
    name: "scale",
    params: [{ dtype: "float32", access: "in" }, { dtype: "float32", access: "out" }],
    scalars: ["int32", "float32"],
    guards: [{ over: "outer", holds: k.lt(k.const(0, "float32"), x), message: "scale: expected positive numbers, got another; check the input" }],
    outer: [k.scalar(0, "int32")],
    inner: [],
    reductions: [],
    stores: [{ over: "outer", param: 1, index: k.add(at, k.int(shift)), value: k.mul(x, k.scalar(1, "float32")) }],
  };
}

const bytesOf = (values: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
const valuesOf = (bytes: Uint8Array): number[] => [...new Float32Array(bytes.slice().buffer)];

function load(device: Backend, values: readonly number[]): BufferHandle {
  const buffer = device.alloc(4 * values.length, "float32");
  device.write(buffer, 0, bytesOf(values));
  return buffer;
}

describe("every double", () => {
  const stacks: Record<string, () => Backend> = {
    recording: () => recording(interpreter()),
    asynchronous: () => asynchronous(interpreter()),
    canaries: () => canaries(interpreter()),
    failing: () => failing(interpreter(), { failAt: null }),
    "all of them": () => recording(asynchronous(canaries(failing(interpreter(), { failAt: null })))),
    "all of them the other way round": () => failing(canaries(asynchronous(recording(interpreter()))), { failAt: null }),
  };
  it.each(Object.entries(stacks))("computes, counts and disposes as what it stands before: %s", async (_, make) => {
    const device = make();
    const [x, y] = [load(device, [1, 2, 3]), device.alloc(12, "float32")];
    const scale = device.prepare(scaleProgram());
    device.dispatch(scale, [x, y], [3, 10]);
    const early = device.read(y);
    device.dispatch(scale, [x, y], [3, 100]);
    expect(valuesOf(await early)).toEqual([10, 20, 30]);
    expect(valuesOf(await device.read(y, 4, 8))).toEqual([200, 300]);
    expect(device.stats()).toMatchObject({ buffers: 2, bytesInUse: 24, peakBytes: 24, prepared: 1, dispatches: 2 });
    device.free(x);
    expect(() => device.free(x)).toThrow("internal: free of a buffer that was freed");
    expect(() => device.write(x, 0, new Uint8Array(1))).toThrow("freed");
    await expect(device.read(x)).rejects.toThrow("freed");
    expect(() => device.dispatch(scale, [x, y], [3, 1])).toThrow("freed");
    device.free(y);
    await device.sync();
    expect(device.stats()).toMatchObject({ buffers: 0, bytesInUse: 0 });
    device.dispose();
    expect(() => device.alloc(4, "float32")).toThrow(DeviceLostError);
  });

  it("reads at once exactly where the device below it can", () => {
    const doubles = [recording, canaries, (inner: Backend) => failing(inner, { failAt: null })];
    const readsAtOnce = (device: Backend): boolean => device.readSync !== undefined;
    expect(doubles.map((double) => readsAtOnce(double(interpreter())))).toEqual([true, true, true]);
    const late = asynchronous(interpreter());
    expect(readsAtOnce(late)).toBe(false);
    expect(doubles.map((double) => readsAtOnce(double(late)))).toEqual([false, false, false]);
  });
});

describe("asynchronous", () => {
  it("resolves a read in a later turn, with the bytes of the call", async () => {
    const device = asynchronous(interpreter());
    const buffer = load(device, [1]);
    let settled = false;
    const read = device.read(buffer).then((bytes) => {
      settled = true;
      return bytes;
    });
    device.write(buffer, 0, bytesOf([2]));
    device.free(buffer);
    for (let i = 0; i < 100; i++) await Promise.resolve();
    expect(settled).toBe(false);
    expect(valuesOf(await read)).toEqual([1]);
  });

  it("gives out memory full of NaN, whatever was there", async () => {
    const device = asynchronous(interpreter());
    expect(valuesOf(await device.read(device.alloc(8, "float32")))).toEqual([NaN, NaN]);
  });

  it("poisons what is freed before it goes back, some frees later", () => {
    const below = recording(interpreter());
    const device = asynchronous(below);
    const first = load(device, [1]);
    device.free(first);
    const [inner] = below.log.flatMap((event) => (event.kind === "alloc" ? [event.buffer] : []));
    expect(valuesOf(below.readSync!(inner!))).toEqual([NaN]);
    for (let i = 0; i < 20; i++) device.free(device.alloc(4, "float32"));
    expect(below.log.some((event) => event.kind === "free" && event.buffer === inner)).toBe(true);
    expect(device.stats().buffers).toBe(0);
  });

  it("gives back what waits to be freed when memory runs out", () => {
    const device = asynchronous(interpreter({ capacity: 8 }));
    device.free(device.alloc(8, "float32"));
    const whole = device.alloc(8, "float32");
    expect(() => device.alloc(4, "float32")).toThrow(DeviceMemoryError);
    expect(whole.byteLength).toBe(8);
  });

  it("refuses one buffer for two parameters, and a buffer of another type", () => {
    const device = asynchronous(interpreter());
    const [x, wrong] = [load(device, [1]), device.alloc(4, "int32")];
    const scale = device.prepare(scaleProgram());
    expect(() => device.dispatch(scale, [x, x], [1, 1])).toThrow("internal: scale was given one buffer for two parameters");
    expect(() => device.dispatch(scale, [x, wrong], [1, 1])).toThrow("internal: parameter 1 of scale is float32, got a buffer of int32");
  });

  it("tells of a guard at the next read or sync, once", async () => {
    const device = asynchronous(interpreter());
    const [x, y] = [load(device, [-1]), load(device, [5])];
    const scale = device.prepare(scaleProgram());
    const before = device.read(y);
    device.dispatch(scale, [x, y], [1, 1]);
    const [after, last] = [device.read(y), device.read(y)];
    expect(valuesOf(await before)).toEqual([5]);
    await expect(after).rejects.toThrow(GuardError);
    await expect(last).resolves.toHaveLength(4);
    device.dispatch(scale, [x, y], [1, 1]);
    await expect(device.sync()).rejects.toThrow("scale: expected positive numbers");
    await device.sync();
  });
});

describe("canaries", () => {
  it.each(["float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"] as const)("let a clean program on %s pass", async (dtype) => {
    const device = canaries(interpreter());
    const buffer = device.alloc(16, dtype);
    device.write(buffer, 0, new Uint8Array(16));
    expect(await device.read(buffer)).toEqual(new Uint8Array(16));
    device.free(buffer);
    const empty = device.alloc(0, dtype);
    expect(device.readSync!(empty)).toHaveLength(0);
    device.free(empty);
  });

  it("notice a write behind the end, at a read and at a free", async () => {
    const device = canaries(interpreter());
    const [x, y, z] = [load(device, [1]), device.alloc(4, "float32"), device.alloc(4, "float32")];
    const stray = device.prepare(scaleProgram(3));
    device.dispatch(stray, [x, y], [1, 1]);
    device.dispatch(stray, [x, z], [1, 1]);
    const message = "internal: a program wrote behind the end of a float32 buffer of 4 bytes, at byte 12";
    expect(() => device.readSync!(y)).toThrow(message);
    await expect(device.read(y)).rejects.toThrow(message);
    expect(() => device.free(z)).toThrow(message);
  });

  it("notice it on a device that cannot read at once, at the next read or sync", async () => {
    const device = canaries(asynchronous(interpreter()));
    const [x, y] = [load(device, [1]), device.alloc(4, "float32")];
    device.dispatch(device.prepare(scaleProgram(1)), [x, y], [1, 1]);
    device.free(y);
    await expect(device.read(x)).rejects.toThrow("at byte 4");
    await device.sync();
  });

  it("keep host writes and reads inside", async () => {
    const device = canaries(interpreter());
    const buffer = device.alloc(4, "float32");
    expect(() => device.write(buffer, 4, new Uint8Array(1))).toThrow("internal: write outside of a buffer");
    await expect(device.read(buffer, 0, 5)).rejects.toThrow("internal: read outside of a buffer");
  });
});

describe("failing", () => {
  it("fails the allocation asked for and no other", () => {
    const device = failing(interpreter(), { failAt: 2 });
    device.alloc(4, "float32");
    expect(() => device.alloc(8, "float32")).toThrow("alloc: interpreter has no room for 8 bytes, 4 bytes in 1 buffers are in use");
    device.alloc(4, "float32");
    expect(device.allocations).toBe(3);
    device.arm({ failAt: 1, times: 2 });
    expect(() => device.alloc(4, "float32")).toThrow(DeviceMemoryError);
    expect(() => device.alloc(4, "float32")).toThrow(DeviceMemoryError);
    device.alloc(4, "float32");
    expect(device.stats().buffers).toBe(3);
  });
});

describe("recording", () => {
  it("logs what succeeded, with copies", () => {
    const device = recording(interpreter({ capacity: 8 }));
    const bytes = bytesOf([3]);
    const [x, y] = [device.alloc(4, "float32"), device.alloc(4, "float32")];
    device.write(x, 0, bytes);
    bytes.fill(0);
    const scalars = [1, 2];
    const buffers = [x, y];
    device.dispatch(device.prepare(scaleProgram()), buffers, scalars);
    scalars[1] = 9;
    buffers.length = 0;
    device.readSync!(y);
    expect(() => device.alloc(4, "float32")).toThrow(DeviceMemoryError);
    device.free(x);
    expect(device.log.map(({ kind }) => kind)).toEqual(["alloc", "alloc", "write", "prepare", "dispatch", "read", "free"]);
    expect(device.log[2]).toMatchObject({ buffer: x, bytes: bytesOf([3]) });
    expect(device.log[4]).toMatchObject({ buffers: [x, y], scalars: [1, 2] });
    expect(device.count("alloc")).toBe(2);
    device.clear();
    expect(device.log).toEqual([]);
  });

  it("replays on new batches and scalars, with new memory each time", () => {
    const device = recording(interpreter());
    // From before the recording: a state that each replay changes.
    const [state, next] = [load(device, [1]), device.alloc(4, "float32")];
    const scale = device.prepare(scaleProgram());
    device.clear();
    const x = load(device, [5]);
    const inside = device.alloc(4, "float32");
    device.dispatch(scale, [x, inside], [1, 2]);
    const output = device.alloc(4, "float32");
    device.dispatch(scale, [inside, output], [1, 3]);
    device.free(x);
    device.dispatch(scale, [state, next], [1, 7]);
    device.free(state);
    const stretch = [...device.log];
    const write = stretch.find(({ kind }) => kind === "write")!;
    const dispatch = stretch.find(({ kind }) => kind === "dispatch")!;
    for (const buffer of [inside, output, next]) device.free(buffer);

    // What is from before must still be there, so this one cannot be replayed; the others ask nothing of it.
    expect(() => replay(device, stretch)).toThrow("dispatch of a buffer that was freed");
    expect(device.stats().buffers).toBe(0);
    const own = stretch.filter((event) => event.kind !== "dispatch" || event.buffers[0] !== state);
    const before = device.count("prepare");
    for (const [batch, factor] of [[10, 2], [20, 4]] as const) {
      const [result] = replay(device, own, { bytes: new Map([[write, bytesOf([batch])]]), scalars: new Map([[dispatch, [1, factor]]]), outputs: [output] });
      expect(valuesOf(device.readSync!(result!))).toEqual([batch * factor * 3]);
      expect(device.stats().buffers).toBe(1);
      device.free(result!);
    }
    expect(device.count("prepare")).toBe(before);
  });

  it("keeps an output that the recording freed, and uses what is from before in place", () => {
    const device = recording(interpreter());
    const x = load(device, [1]);
    const scale = device.prepare(scaleProgram());
    device.clear();
    const y = device.alloc(4, "float32");
    device.dispatch(scale, [x, y], [1, 2]);
    device.free(y);
    const stretch = [...device.log];
    device.write(x, 0, bytesOf([8]));
    const [again] = replay(device, stretch, { outputs: [y] });
    expect(valuesOf(device.readSync!(again!))).toEqual([16]);
    expect(device.stats().buffers).toBe(2);
  });

  it("leaves nothing behind when a replay runs out of memory", () => {
    const device = failing(recording(interpreter()), { failAt: null });
    const log = recording(device);
    const buffers = [log.alloc(4, "float32"), log.alloc(4, "float32")];
    const stretch = [...log.log];
    for (const buffer of buffers) log.free(buffer);
    device.arm({ failAt: 2 });
    expect(() => replay(log, stretch, { outputs: buffers })).toThrow(DeviceMemoryError);
    expect(log.stats().buffers).toBe(0);
  });
});
