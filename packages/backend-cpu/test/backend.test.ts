import type { Backend, BufferHandle, Coordinate, Expr, Kernel, Sort } from "@gradus/kernel-ir";
import { DeviceLostError, DeviceMemoryError, ExprBuilder } from "@gradus/kernel-ir";
import { describe, expect, it } from "vitest";
import { cpu } from "../src/index.js";

const bytesOf = (...numbers: number[]): Uint8Array => new Uint8Array(new Float32Array(numbers).buffer);
const numbersOf = (bytes: Uint8Array): number[] => [...new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)];

/** out[i] = in[i] · scale, over n points. */
function scaleKernel(): Kernel {
  const b = new ExprBuilder();
  return {
    kind: "kernel",
    name: "scale",
    guards: [],
    params: [{ dtype: "float32", access: "in" }, { dtype: "float32", access: "out" }],
    scalars: ["int32", "float32"],
    outer: [b.scalar(0, "int32")],
    inner: [],
    reductions: [],
    stores: [{ over: "outer", param: 1, index: b.index(0), value: b.mul(b.load(0, "float32", b.index(0)), b.scalar(1, "float32")) }],
  };
}

/** Sorts n keys, and needs sixteen bytes for each while it runs. */
function sortKernel(): Sort {
  const b = new ExprBuilder();
  return {
    kind: "sort",
    name: "sort",
    guards: [],
    params: [{ dtype: "float32", access: "in" }, { dtype: "float32", access: "out" }],
    scalars: ["int32"],
    outer: [],
    inner: [b.scalar(0, "int32")],
    key: b.load(0, "float32", b.index(0)),
    descending: false,
    stores: [{ over: "inner", param: 1, index: b.index(0), value: b.result(0, 0, "float32") }],
  };
}

describe("the device", () => {
  it("finds the machine's multiply-add, also behind Node's flag, and does without it where that is asked for", () => {
    const b = new ExprBuilder();
    const product = (device: Backend): number => {
      const plain = (axis: number): Coordinate => ({ terms: [{ axis, scale: b.int(1) }], shift: b.int(0), divisor: b.int(1), extent: null, stride: b.int(1) });
      const dot = device.prepare({
        kind: "contraction", name: "dot", guards: [], scalars: [], dtype: "float32",
        params: [{ dtype: "float32", access: "in" }, { dtype: "float32", access: "in" }, { dtype: "float32", access: "out" }],
        axes: [{ role: "k", extent: b.int(2) }],
        left: { param: 0, offset: b.int(0), coordinates: [plain(0)], prologue: null },
        right: { param: 1, offset: b.int(0), coordinates: [plain(0)], prologue: null },
        stores: [{ over: "outer", param: 2, index: b.int(0), value: b.result(0, 0, "float32") }],
      });
      const [x, y, out] = [device.alloc(8, "float32"), device.alloc(8, "float32"), device.alloc(4, "float32")];
      const e = 2 ** -12;
      device.write(x, 0, bytesOf(-1, 1 + e));
      device.write(y, 0, bytesOf(1, 1 + e));
      device.dispatch(dot, [x, y, out], []);
      return numbersOf(device.readSync?.(out) ?? new Uint8Array(0))[0] ?? NaN;
    };
    // (1 + e)² − 1 is 2e + e², or 2e where the square was rounded before.
    expect(product(cpu({ relaxed: false }))).toBe(2 ** -11);
    expect(product(cpu({ relaxed: true }))).toBe(2 ** -11 + 2 ** -24);
  });

  it("pairs vectors where the engine can and it is asked for, and says where it cannot", () => {
    // The flag is for the whole process; results are the same with it, so the other tests do not mind.
    if (Number.parseInt(process.versions.v8, 10) < 13) {
      expect(() => cpu({ revectorize: true })).toThrow(/^cpu: expected an engine that pairs vectors because revectorize: true was asked for, found none; use Node 24/);
      return;
    }
    const [plain, paired] = [false, true].map((revectorize) => {
      const device = cpu({ revectorize, threads: 1 });
      const n = 4096 + 5;
      const [x, y] = [device.alloc(4 * n, "float32"), device.alloc(4 * n, "float32")] as const;
      device.write(x, 0, new Uint8Array(Float32Array.from({ length: n }, (_, i) => Math.sin(i) * 100).buffer));
      const b = new ExprBuilder();
      const kernel = scaleKernel();
      const program = device.prepare({ ...kernel, stores: [{ over: "outer", param: 1, index: b.index(0), value: b.exp(b.load(0, "float32", b.index(0))) }] });
      // Often enough that the engine optimises it.
      for (let i = 0; i < 2000; i++) device.dispatch(program, [x, y], [n, 1]);
      return numbersOf(device.readSync(y));
    });
    expect(paired).toEqual(plain);
  });

  it("acts in program order: a read sees what was issued before it and nothing after", async () => {
    const device = cpu();
    const [x, y] = [device.alloc(8, "float32"), device.alloc(8, "float32")];
    const scale = device.prepare(scaleKernel());
    await scale.ready;
    device.write(x, 0, bytesOf(1, 2));
    device.dispatch(scale, [x, y], [2, 10]);
    const read = device.read(y);
    device.dispatch(scale, [x, y], [2, 100]);
    device.write(x, 4, bytesOf(5));
    expect(numbersOf(await read)).toEqual([10, 20]);
    expect(numbersOf(device.readSync(y))).toEqual([100, 200]);
    expect(numbersOf(device.readSync(x, 4, 4))).toEqual([5]);
    await device.sync();
  });

  it("keeps contents when the memory grows", () => {
    const device = cpu();
    const x = device.alloc(4, "float32");
    device.write(x, 0, bytesOf(7));
    const reserved = device.stats().bytesReserved;
    const large = device.alloc(10_000_000, "float32");
    expect(device.stats().bytesReserved).toBeGreaterThan(reserved);
    expect(numbersOf(device.readSync(x))).toEqual([7]);
    device.free(large);
    expect(device.stats()).toMatchObject({ buffers: 1, bytesInUse: 4, peakBytes: 10_000_004 });
  });

  it("counts programs and dispatches", () => {
    const device = cpu();
    const [x, y] = [device.alloc(8, "float32"), device.alloc(8, "float32")];
    const scale = device.prepare(scaleKernel());
    for (let i = 0; i < 3; i++) device.dispatch(scale, [x, y], [2, 1]);
    expect(device.stats()).toMatchObject({ prepared: 1, dispatches: 3 });
  });

  it("runs out of memory with a typed error and goes on", () => {
    const device = cpu({ maxBytes: 2 ** 20 });
    expect(device.limits.totalBytes).toBe(2 ** 20);
    const [x, y] = [device.alloc(8, "float32"), device.alloc(8, "float32")];
    expect(() => device.alloc(2 ** 20, "float32")).toThrow(DeviceMemoryError);
    expect(() => cpu().alloc(2 ** 31, "float32")).toThrow("a buffer has at most 2147418112 bytes; split the tensor");
    device.write(x, 0, bytesOf(1, 2));
    device.dispatch(device.prepare(scaleKernel()), [x, y], [2, 3]);
    expect(numbersOf(device.readSync(y))).toEqual([3, 6]);
  });

  it("names the ops whose results fill the memory", () => {
    const device = cpu({ maxBytes: 2 ** 20, threads: 1 });
    const [x, unused] = [device.alloc(4096, "float32"), device.alloc(4096, "float32")];
    const scale = device.prepare(scaleKernel());
    const other = device.prepare({ ...scaleKernel(), name: "other" });
    const results = Array.from({ length: 5 }, () => device.alloc(65_536, "float32"));
    results.forEach((result, i) => device.dispatch(i < 3 ? scale : other, [x, result], [1024, 2]));
    // What was freed, and what only the host has, counts for nobody.
    device.free(results[0]!);
    device.free(unused);
    expect(() => device.alloc(2 ** 20, "float32")).toThrow("are in use, most of them results of scale (131072 bytes in 2), other (131072 bytes in 2)");
  });

  it("grows in the middle of a program", () => {
    const device = cpu();
    const keys = Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 100_003);
    const [x, y] = [device.alloc(400_000, "float32"), device.alloc(400_000, "float32")];
    device.write(x, 0, bytesOf(...keys));
    const reserved = device.stats().bytesReserved;
    device.dispatch(device.prepare(sortKernel()), [x, y], [keys.length]);
    expect(device.stats().bytesReserved).toBeGreaterThan(reserved);
    expect(numbersOf(device.readSync(y))).toEqual(keys.sort((a, b) => a - b));
  });

  it("gives back what a program needed while it ran, also when there was no room for it", () => {
    const device = cpu({ maxBytes: 2 ** 20 });
    const executable = device.prepare(sortKernel());
    const [x, y] = [device.alloc(240_000, "float32"), device.alloc(240_000, "float32")];
    expect(() => device.dispatch(executable, [x, y], [60_000])).toThrow(DeviceMemoryError);
    device.write(x, 0, bytesOf(3, 1, 2));
    device.dispatch(executable, [x, y], [3]);
    expect(numbersOf(device.readSync(y, 0, 12))).toEqual([1, 2, 3]);
    device.free(x);
    device.free(y);
    expect(device.alloc(480_000, "float32").byteLength).toBe(480_000);
  });

  it.each([[40, 72, 300], [3, 9, 5], [40, 7, 600]])("finds a matrix product of %i × %i, over %i, that leaves a buffer", (m, n, k) => {
    const device = cpu({ checkBounds: true });
    const b = new ExprBuilder();
    const [rows, columns, steps] = [0, 1, 2].map((slot) => b.scalar(slot, "int32")) as [Expr, Expr, Expr];
    const coordinate = (axis: number, stride: Expr): Coordinate => ({ terms: [{ axis, scale: b.int(1) }], shift: b.int(0), divisor: b.int(1), extent: null, stride });
    const product = device.prepare({
      kind: "contraction", name: "product", dtype: "float32", scalars: ["int32", "int32", "int32"], guards: [],
      params: [{ dtype: "float32", access: "in" }, { dtype: "float32", access: "in" }, { dtype: "float32", access: "out" }],
      axes: [{ role: "m", extent: rows }, { role: "n", extent: columns }, { role: "k", extent: steps }],
      left: { param: 0, offset: b.int(0), coordinates: [coordinate(0, steps), coordinate(2, b.int(1))], prologue: null },
      right: { param: 1, offset: b.int(0), coordinates: [coordinate(2, columns), coordinate(1, b.int(1))], prologue: null },
      stores: [{ over: "outer", param: 2, index: b.add(b.mul(b.index(0), columns), b.index(1)), value: b.result(0, 0, "float32") }],
    });
    const sizes = [m * k, k * n, m * n];
    const run = (short: number): void => device.dispatch(product, sizes.map((size, i) => device.alloc(4 * (i === short ? size - 1 : size), "float32")), [m, n, k]);
    expect(() => run(-1)).not.toThrow();
    for (const short of [0, 1, 2]) expect(() => run(short)).toThrow(new RegExp(`internal: product: byte \\d+ of parameter ${String(short)} \\(float32\\) is outside of its buffer`));
  });

  it("says what is wrong with handles and arguments", () => {
    const device = cpu({ checkBounds: true });
    const [x, y] = [device.alloc(8, "float32"), device.alloc(8, "float32")];
    const scale = device.prepare(scaleKernel());
    expect(() => device.dispatch(scale, [x], [2, 1])).toThrow("internal: scale takes 2 buffers and 2 scalars, got 1 and 2");
    expect(() => device.dispatch(scale, [x, x], [2, 1])).toThrow("internal: scale was given one buffer for two parameters");
    expect(() => device.dispatch(scale, [x, y], [3, 1])).toThrow("internal: scale: byte 8 of parameter 0 (float32) is outside of its buffer");
    expect(() => device.write(x, 4, bytesOf(1, 2))).toThrow("internal: write outside of a buffer");
    expect(() => device.readSync(x, 0, 9)).toThrow("internal: read outside of a buffer");
    device.free(x);
    expect(() => device.free(x)).toThrow("internal: free of a buffer that was freed");
    expect(() => device.readSync(x)).toThrow("internal: read of a buffer that was freed");
    expect(() => device.dispatch(scale, [x, y], [2, 1])).toThrow("internal: scale was given a buffer that was freed");
  });

  it("refuses everything after it was disposed", async () => {
    const device = cpu({ name: "mine" });
    const x: BufferHandle = device.alloc(4, "float32");
    device.dispose();
    expect(() => device.alloc(4, "float32")).toThrow(DeviceLostError);
    expect(() => device.readSync(x)).toThrow("read: expected a live device, mine was disposed; make a new one");
    await expect(device.read(x)).rejects.toThrow(DeviceLostError);
    expect(() => device.prepare(scaleKernel())).toThrow(DeviceLostError);
  });

  it("takes int64 scalars as bigints or numbers", () => {
    const b = new ExprBuilder();
    const device = cpu();
    const out = device.alloc(8, "int64");
    const fill = device.prepare({
      kind: "kernel",
      name: "fill",
      guards: [],
      params: [{ dtype: "int64", access: "out" }],
      scalars: ["int64"],
      outer: [],
      inner: [],
      reductions: [],
      stores: [{ over: "outer", param: 0, index: b.int(0), value: b.scalar(0, "int64") }],
    });
    for (const value of [5, -(2n ** 63n)]) {
      device.dispatch(fill, [out], [value]);
      expect(new BigInt64Array(device.readSync(out).buffer)[0]).toBe(BigInt(value));
    }
  });
});
