import type { BufferHandle, DType, Executable, Kernel } from "@gradus/kernel-ir";
import { DeviceMemoryError, dtypeInfo, dtypes, ExprBuilder } from "@gradus/kernel-ir";
import { DeviceError, tensor } from "@gradus/tensor-core";
import { expect, it } from "vitest";
import { decode, encode } from "../compare.js";
import { load } from "../run.js";
import type { Subject } from "../subject.js";

/** x[i] ← x[i] + amount, for each of `count` elements. */
function addProgram(): Kernel {
  const k = new ExprBuilder();
  const at = k.index(0);
  return {
    kind: "kernel",
    name: "add",
    params: [{ dtype: "int32", access: "inout" }],
    scalars: ["int32", "int32"],
    guards: [],
    outer: [k.scalar(0, "int32")],
    inner: [],
    reductions: [],
    stores: [{ over: "outer", param: 0, index: at, value: k.add(k.load(0, "int32", at), k.scalar(1, "int32")) }],
  };
}

/** target[i] ← source[i] */
function copyProgram(): Kernel {
  const k = new ExprBuilder();
  const at = k.index(0);
  return {
    kind: "kernel",
    name: "copy",
    params: [{ dtype: "int32", access: "in" }, { dtype: "int32", access: "out" }],
    scalars: ["int32"],
    guards: [],
    outer: [k.scalar(0, "int32")],
    inner: [],
    reductions: [],
    stores: [{ over: "outer", param: 1, index: at, value: k.load(0, "int32", at) }],
  };
}

/** Elements whose bytes are all different, as far as the type has that many values. */
function patternOf(dtype: DType, count: number): (number | bigint)[] {
  const { kind } = dtypeInfo[dtype];
  if (kind === "bool") return Array.from({ length: count }, (_, i) => Number(i % 3 === 0));
  if (kind === "float") return Array.from({ length: count }, (_, i) => (i - 2) * 1.25);
  const whole = Array.from({ length: count }, (_, i) => (dtype === "uint8" ? (i * 7) % 256 : (i % 16) * 8 - 64));
  return dtype === "int64" ? whole.map(BigInt) : whole;
}

/** Allocation, transfers, and the order in which everything acts. */
export function memorySuite(subject: Subject): void {
  const bytes = (values: readonly number[]): Uint8Array => encode("int32", values);
  const read = async (buffer: BufferHandle): Promise<unknown> => decode("int32", await subject.device.read(buffer));
  /** Runs with a buffer of int32 that is freed at the end. */
  const withBuffer = async (values: readonly number[], body: (buffer: BufferHandle) => Promise<void>): Promise<void> => {
    const buffer = load(subject.device, "int32", values);
    try {
      await body(buffer);
    } finally {
      subject.device.free(buffer);
    }
  };
  const prepareAdd = (): Executable => subject.device.prepare(addProgram());

  for (const dtype of dtypes) {
    subject.test(`keeps ${dtype} as written, whole and in parts`, [dtype], async () => {
      const { device } = subject;
      const { byteLength: width } = dtypeInfo[dtype];
      const values = patternOf(dtype, 21);
      const buffer = load(device, dtype, values);
      expect(buffer.byteLength).toBe(21 * width);
      expect(decode(dtype, await device.read(buffer))).toEqual(values);
      expect(decode(dtype, await device.read(buffer, 3 * width))).toEqual(values.slice(3));
      expect(decode(dtype, await device.read(buffer, 5 * width, 7 * width))).toEqual(values.slice(5, 12));
      expect(await device.read(buffer, 21 * width)).toHaveLength(0);
      device.write(buffer, 9 * width, encode(dtype, values.slice(0, 3)));
      expect(decode(dtype, await device.read(buffer))).toEqual([...values.slice(0, 9), ...values.slice(0, 3), ...values.slice(12)]);
      device.free(buffer);
    });
  }

  it("has the element types that it declares, and refuses the others by name", () => {
    const { limits } = subject.device;
    expect(dtypes.filter((dtype) => limits.dtypes[dtype] === undefined)).toEqual(dtypes.filter((dtype) => !subject.supports(dtype)));
    expect(limits.dtypes.int64?.compute === "int32").toBe(!subject.hasWideIntegers);
    for (const dtype of dtypes) {
      if (subject.supports(dtype)) continue;
      expect(() => subject.device.alloc(8, dtype), dtype).toThrow(dtype);
      expect(() => tensor([1], { dtype, device: subject.device }), dtype).toThrow(dtype);
    }
    expect(Object.keys(subject.device.limits.dtypes).filter((dtype) => !Object.hasOwn(dtypeInfo, dtype))).toEqual([]);
  });

  it("keeps the extremes of its types", async () => {
    const { device } = subject;
    const extremes: Partial<Record<DType, readonly (number | bigint)[]>> = {
      float32: [3.4028234663852886e38, -Infinity, Infinity, -0, NaN],
      float64: [Number.MAX_VALUE, Number.MIN_VALUE, -Infinity, -0, NaN],
      float16: [65504, 2 ** -24, -Infinity, NaN],
      bfloat16: [3.3895313892515355e38, -Infinity, NaN],
      int64: subject.hasWideIntegers ? [2n ** 63n - 1n, -(2n ** 63n)] : [2n ** 31n - 1n, -(2n ** 31n)],
      int32: [2 ** 31 - 1, -(2 ** 31)],
      int16: [32767, -32768],
      int8: [127, -128],
      uint8: [255, 0],
    };
    for (const [dtype, values] of Object.entries(extremes) as [DType, readonly (number | bigint)[]][]) {
      if (!subject.supports(dtype)) continue;
      const buffer = load(device, dtype, values);
      expect(decode(dtype, await device.read(buffer)), dtype).toEqual(values);
      device.free(buffer);
    }
  });

  it("takes buffers of no bytes", async () => {
    const { device } = subject;
    const before = device.stats();
    const buffer = device.alloc(0, "float32");
    expect(buffer.byteLength).toBe(0);
    device.write(buffer, 0, new Uint8Array(0));
    expect(await device.read(buffer)).toHaveLength(0);
    expect(device.stats()).toMatchObject({ buffers: before.buffers + 1, bytesInUse: before.bytesInUse });
    device.free(buffer);
    expect(device.stats().buffers).toBe(before.buffers);
  });

  it("copies: what the host does with its bytes afterwards changes nothing", async () => {
    await withBuffer([0, 0], async (buffer) => {
      const { device } = subject;
      const source = bytes([1, 2]);
      device.write(buffer, 0, source);
      source.fill(0);
      const first = await device.read(buffer);
      first.fill(0);
      expect(await read(buffer)).toEqual([1, 2]);
    });
  });

  it("writes bytes that are part of a larger array, and bytes of shared memory", async () => {
    await withBuffer([0, 0], async (buffer) => {
      subject.device.write(buffer, 0, bytes([9, 1, 2, 9]).subarray(4, 12));
      expect(await read(buffer)).toEqual([1, 2]);
      const shared = new Uint8Array(new SharedArrayBuffer(8));
      shared.set(bytes([3, 4]));
      subject.device.write(buffer, 0, shared);
      expect(await read(buffer)).toEqual([3, 4]);
    });
  });

  it("reads what was there at the call, whatever follows", async () => {
    const { device } = subject;
    const add = prepareAdd();
    const buffer = load(device, "int32", [1, 2]);
    const reads = [device.read(buffer)];
    device.write(buffer, 0, bytes([10, 20]));
    reads.push(device.read(buffer));
    device.dispatch(add, [buffer], [2, 1]);
    reads.push(device.read(buffer, 4));
    device.free(buffer);
    expect((await Promise.all(reads)).map((each) => decode("int32", each))).toEqual([[1, 2], [10, 20], [21]]);
  });

  it("acts in program order, writes between dispatches included", async () => {
    const { device } = subject;
    const add = prepareAdd();
    const copy = device.prepare(copyProgram());
    const [x, first, second] = [load(device, "int32", [1, 2]), load(device, "int32", [0, 0]), load(device, "int32", [0, 0])];
    device.dispatch(add, [x], [2, 10]);
    device.dispatch(copy, [x, first], [2]);
    device.write(x, 4, bytes([100]));
    for (let i = 0; i < 50; i++) device.dispatch(add, [x], [2, 1]);
    device.dispatch(copy, [x, second], [2]);
    device.write(x, 0, bytes([0, 0]));
    const results = await Promise.all([read(first), read(second), read(x)]);
    expect(results).toEqual([[11, 12], [61, 150], [0, 0]]);
    for (const buffer of [x, first, second]) device.free(buffer);
  });

  it("lets a dispatch finish with a buffer that is freed right after it", async () => {
    const { device } = subject;
    const copy = device.prepare(copyProgram());
    const target = load(device, "int32", [0, 0]);
    for (let i = 0; i < 20; i++) {
      const source = load(device, "int32", [i, -i]);
      device.dispatch(copy, [source, target], [2]);
      device.free(source);
      // Likely the same memory again.
      device.free(load(device, "int32", [77, 77]));
    }
    expect(await read(target)).toEqual([19, -19]);
    device.free(target);
  });

  it("does nothing for an extent of zero", async () => {
    await withBuffer([5], async (buffer) => {
      subject.device.dispatch(prepareAdd(), [buffer], [0, 1]);
      expect(await read(buffer)).toEqual([5]);
    });
  });

  it("counts what it has", () => {
    const { device } = subject;
    const before = device.stats();
    const [x, y] = [device.alloc(1000, "float32"), device.alloc(24, "int32")];
    expect(device.stats()).toMatchObject({ buffers: before.buffers + 2, bytesInUse: before.bytesInUse + 1024 });
    device.free(x);
    expect(device.stats()).toMatchObject({ buffers: before.buffers + 1, bytesInUse: before.bytesInUse + 24 });
    expect(device.stats().peakBytes).toBeGreaterThanOrEqual(before.bytesInUse + 1024);
    expect(device.stats().bytesReserved).toBeGreaterThanOrEqual(device.stats().bytesInUse);
    device.dispatch(prepareAdd(), [y], [6, 1]);
    expect(device.stats()).toMatchObject({ prepared: before.prepared + 1, dispatches: before.dispatches + 1 });
    device.free(y);
  });

  it("refuses a buffer that was freed", async () => {
    const { device } = subject;
    const add = prepareAdd();
    const buffer = load(device, "int32", [1]);
    device.free(buffer);
    expect(() => device.free(buffer)).toThrow("freed");
    expect(() => device.write(buffer, 0, bytes([1]))).toThrow("freed");
    expect(() => device.dispatch(add, [buffer], [1, 1])).toThrow("freed");
    await expect(device.read(buffer)).rejects.toThrow("freed");
  });

  it("refuses transfers outside of a buffer", async () => {
    await withBuffer([1, 2], async (buffer) => {
      const { device } = subject;
      expect(() => device.write(buffer, 4, bytes([1, 2]))).toThrow(RangeError);
      expect(() => device.write(buffer, -4, bytes([1]))).toThrow(RangeError);
      await expect(device.read(buffer, 4, 8)).rejects.toThrow(RangeError);
      await expect(device.read(buffer, -4, 4)).rejects.toThrow(RangeError);
    });
  });

  it("says when there is no room, and goes on", async () => {
    const { device } = subject;
    const before = device.stats();
    const { bytesPerBuffer } = device.limits;
    const more = (Math.floor(bytesPerBuffer / 8) + 1) * 8;
    expect(() => device.alloc(more, "float32")).toThrow(DeviceMemoryError);
    expect(device.stats()).toMatchObject({ buffers: before.buffers, bytesInUse: before.bytesInUse });
    await withBuffer([3], async (buffer) => {
      expect(await read(buffer)).toEqual([3]);
    });
  });

  it("reads at once like a read that is awaited, or tensors say that it cannot", async () => {
    const { device } = subject;
    const readSync = device.readSync?.bind(device);
    if (readSync === undefined) {
      expect(() => tensor([1], { device }).readSync()).toThrow(DeviceError);
      return;
    }
    await withBuffer([1, 2, 3], async (buffer) => {
      device.dispatch(prepareAdd(), [buffer], [3, 1]);
      expect(readSync(buffer)).toEqual(await device.read(buffer));
      expect(decode("int32", readSync(buffer, 4, 4))).toEqual([3]);
    });
  });

  it("has a name that a tensor on it tells", () => {
    expect(tensor([1], { device: subject.device }).device.name).toBe(subject.device.name);
  });
}
