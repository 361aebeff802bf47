import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Contraction, Coordinate, Executable, Kernel, Program } from "@gradus/kernel-ir";
import { ExprBuilder, GuardError } from "@gradus/kernel-ir";
import { build } from "vite";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { CpuDevice, CpuOptions } from "../src/index.js";
import { cpu } from "../src/index.js";
import { cells, open } from "../src/threads/worker.js";

const devices: CpuDevice[] = [];
function deviceOf(options: CpuOptions): CpuDevice {
  const device = cpu(options);
  devices.push(device);
  return device;
}
afterEach(() => {
  vi.restoreAllMocks();
  for (const device of devices.splice(0)) device.dispose();
});

/** left[m, k] · right[k, n], where `accumulate` adds it to what the result held. */
function matmul(accumulate = false): Contraction {
  const b = new ExprBuilder();
  const [m, n, k] = [b.scalar(0, "int32"), b.scalar(1, "int32"), b.scalar(2, "int32")];
  const along = (axis: number, stride = b.int(1)): Coordinate => ({ terms: [{ axis, scale: b.int(1) }], shift: b.int(0), divisor: b.int(1), extent: null, stride });
  const index = b.add(b.mul(b.index(0), n), b.index(1));
  const sum = b.result(0, 0, "float32");
  return {
    kind: "contraction", name: "matmul", guards: [], scalars: ["int32", "int32", "int32"], dtype: "float32",
    params: [{ dtype: "float32", access: "in" }, { dtype: "float32", access: "in" }, { dtype: "float32", access: accumulate ? "inout" : "out" }],
    axes: [{ role: "m", extent: m }, { role: "n", extent: n }, { role: "k", extent: k }],
    left: { param: 0, offset: b.int(0), coordinates: [along(0, k), along(2)], prologue: null },
    right: { param: 1, offset: b.int(0), coordinates: [along(2, n), along(1)], prologue: null },
    stores: [{ over: "outer", param: 2, index, value: accumulate ? b.add(b.load(2, "float32", index), sum) : sum }],
  };
}

/** out[i] = in[i] + 1, whose elements must be below a number; a second guard wants them positive. */
function guarded(): Kernel {
  const b = new ExprBuilder();
  const element = b.load(0, "float32", b.index(0));
  return {
    kind: "kernel", name: "guarded", scalars: ["int32"],
    params: [{ dtype: "float32", access: "in" }, { dtype: "float32", access: "out" }],
    guards: [
      { over: "outer", holds: b.lt(element, b.const(1000, "float32")), message: "guarded: too large" },
      { over: "outer", holds: b.lt(b.const(0, "float32"), element), message: "guarded: not positive" },
    ],
    outer: [b.scalar(0, "int32")], inner: [], reductions: [],
    stores: [{ over: "outer", param: 1, index: b.index(0), value: b.add(element, b.const(1, "float32")) }],
  };
}

const bytesOf = (numbers: ArrayLike<number>): Uint8Array => new Uint8Array(Float32Array.from(numbers).buffer);

/** Puts data on a device once; gives what dispatches with it and reads the last buffer. */
function prepared(device: CpuDevice, program: Program, data: readonly ArrayLike<number>[], scalars: readonly number[]): () => Float32Array {
  const executable: Executable = device.prepare(program);
  const buffers = data.map((numbers) => {
    const buffer = device.alloc(4 * numbers.length, "float32");
    device.write(buffer, 0, bytesOf(numbers));
    return buffer;
  });
  return () => {
    device.dispatch(executable, buffers, scalars);
    return new Float32Array(device.readSync(buffers.at(-1)!).buffer);
  };
}

const size = 160;
const factors = [0, 1].map((seed) => Float32Array.from({ length: size * size }, (_, i) => Math.sin(i * (seed + 1))));
const product = (device: CpuDevice, accumulate = false): (() => Float32Array) =>
  prepared(device, matmul(accumulate), [...factors, new Float32Array(size * size)], [size, size, size]);

/** The threads that are started from now on, and the memory that they share. */
function watchWorkers(): { readonly workers: InstanceType<typeof import("node:worker_threads").Worker>[]; readonly memories: WebAssembly.Memory[] } {
  const threads = process.getBuiltinModule("node:worker_threads");
  const { Worker } = threads;
  const seen: ReturnType<typeof watchWorkers> = { workers: [], memories: [] };
  vi.spyOn(threads, "Worker").mockImplementation(function (source, options) {
    const worker = new Worker(source, options);
    seen.workers.push(worker);
    seen.memories.push((options?.workerData as { memory: WebAssembly.Memory }).memory);
    return worker;
  });
  return seen;
}

describe("threads", () => {
  it("are as many as the machine runs at once, or as many as are asked for", () => {
    expect(deviceOf({}).numThreads).toBe(process.getBuiltinModule("node:os").availableParallelism());
    const device = deviceOf({ threads: 3 });
    expect(device.numThreads).toBe(3);
    device.setNumThreads(1);
    expect(device.numThreads).toBe(1);
    expect(() => device.setNumThreads(0)).toThrow("cpu: expected a whole number of threads from 1 on, got 0");
    expect(() => cpu({ threads: 1.5 })).toThrow("got 1.5");
  });

  it("start with the first work for them, and stop when fewer are wanted", async () => {
    const { workers } = watchWorkers();
    const device = deviceOf({ threads: 3, shareAll: true });
    const [multiply, alone] = [product(device), product(deviceOf({ threads: 1 }))];
    expect(workers.length).toBe(0);
    const expected = alone();
    expect(multiply()).toEqual(expected);
    expect(workers.length).toBe(2);
    const stopped = new Promise((resolve) => workers[1]!.once("exit", resolve));
    device.setNumThreads(2);
    await stopped;
    expect(multiply()).toEqual(expected);
    device.setNumThreads(4);
    expect(multiply()).toEqual(expected);
    expect(workers.length).toBe(4);
  });

  it("are not started for little work", () => {
    const { workers } = watchWorkers();
    const device = deviceOf({ threads: 2 });
    const small = prepared(device, matmul(), [[1, 2], [3, 4], [0]], [1, 1, 2]);
    for (let i = 0; i < 100; i++) expect(small()).toEqual(Float32Array.of(11));
    expect(workers.length).toBe(0);
  });

  it("compute the same bits however many they are, whatever is cut", () => {
    const results = [1, 2, 3, 5].map((threads) => {
      const device = deviceOf({ threads, shareAll: true });
      const sizes = [[1, 7, 300], [64, 3, 50], [3, 129, 600], [33, 65, 1]] as const;
      return sizes.map(([m, n, k]) => {
        const numbers = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.cos(i * i));
        return prepared(device, matmul(), [numbers(m * k), numbers(k * n), numbers(m * n)], [m, n, k])();
      });
    });
    for (const other of results.slice(1)) expect(other).toEqual(results[0]);
  });

  it("report the guard that one thread would report", () => {
    for (const [bad, message] of [[5000, "too large"], [-1, "not positive"]] as const) {
      const numbers = Float32Array.from({ length: 999 }, (_, i) => 1 + (i % 7));
      numbers[700] = bad;
      numbers[900] = bad === -1 ? 5000 : -1;
      const run = prepared(deviceOf({ threads: 3, shareAll: true }), guarded(), [numbers, numbers], [999]);
      expect(run).toThrow(GuardError);
      expect(run).toThrow(message);
    }
  });

  it("that have ended are let go of, and the device says so", async () => {
    const { workers } = watchWorkers();
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const device = deviceOf({ threads: 3, shareAll: true });
    const multiply = product(device);
    const expected = multiply();
    // The device does not know yet: its work does not wait for threads that are gone.
    const gone = workers[0]!.terminate();
    expect(multiply()).toEqual(expected);
    await gone;
    await vi.waitFor(() => expect(warn).toHaveBeenCalledOnce());
    expect(warn).toHaveBeenCalledWith("cpu: a worker thread ended by itself; the device goes on with 2 of 3 threads");
    expect(multiply()).toEqual(expected);
  });

  it("that hang in the middle of their part are stopped, and the work is done again or reported within two seconds", async () => {
    const { workers, memories } = watchWorkers();
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const { Worker } = process.getBuiltinModule("node:worker_threads");
    const device = deviceOf({ threads: 2, shareAll: true });
    const [multiply, accumulate] = [product(device), product(device, true)];
    const expected = multiply();
    const hang = async (): Promise<void> => {
      // Goes in as workers do, and does not come out.
      const rogue = new Worker(`
        const { memory, gate, open } = require("node:worker_threads").workerData;
        const cells = new Int32Array(memory.buffer);
        require("node:worker_threads").parentPort.postMessage("up");
        for (;;) {
          const inside = Atomics.load(cells, gate);
          if (inside >= open && Atomics.compareExchange(cells, gate, inside, inside + 1) === inside) break;
        }`, { eval: true, workerData: { memory: memories[0], gate: cells.gate, open } });
      await new Promise((resolve) => rogue.once("message", resolve));
      rogue.unref();
    };
    const patient = (run: () => Float32Array): unknown => {
      const start = performance.now();
      try {
        return run();
      } catch (error) {
        return (error as Error).message;
      } finally {
        expect(performance.now() - start).toBeLessThan(2000);
      }
    };

    /** Until the rogue has got in, which it may miss. */
    const until = (run: () => Float32Array, happened: () => boolean): unknown => {
      for (let i = 0; i < 1000; i++) {
        const result = patient(run);
        if (happened()) return result;
      }
      return null;
    };
    await hang();
    expect(until(multiply, () => warn.mock.calls.length > 0)).toEqual(expected);
    expect(warn.mock.calls[0]![0]).toMatch(/^cpu: a worker thread did not finish its part within \d+ ms and was stopped; matmul is computed again by one thread$/);
    // It goes on, with new threads.
    expect(multiply()).toEqual(expected);
    expect(workers.length).toBe(3);
    await hang();
    let failure: unknown;
    until(() => {
      try {
        return accumulate();
      } catch (error) {
        failure = error;
        throw error;
      }
    }, () => failure !== undefined);
    expect(String(failure)).toMatch(/matmul: expected every thread of cpu to finish, a worker thread did not finish .* what the op wrote to is not complete/);
    expect(multiply()).toEqual(expected);
  });

  it("do without memory that others took, and use what is left of it", () => {
    const device = deviceOf({ threads: 3, shareAll: true, maxBytes: 2 ** 23 });
    // Sums of more than one block wait in memory that each thread takes for itself.
    const [m, n, k] = [9, 40, 1100];
    const numbers = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => i % 5);
    const run = prepared(device, matmul(), [numbers(m * k), numbers(k * n), numbers(m * n)], [m, n, k]);
    const expected = run();
    const buffers = [];
    try {
      for (;;) buffers.push(device.alloc(50_000, "uint8"));
    } catch (error) {
      expect(String(error)).toContain("no room");
    }
    for (const buffer of buffers) device.free(buffer);
    expect(run()).toEqual(expected);
    expect(device.stats().bytesReserved).toBeLessThanOrEqual(2 ** 23);
  });
});

describe("a program that uses threads", () => {
  it("ends when its code ends", async () => {
    const bundle = await build({
      configFile: false,
      logLevel: "silent",
      resolve: { conditions: ["@gradus/source"] },
      ssr: { noExternal: true, resolve: { conditions: ["@gradus/source"] } },
      build: { write: false, ssr: fileURLToPath(new URL("../src/index.ts", import.meta.url)) },
    });
    const [chunk] = (bundle as { output: { code: string }[] }).output;
    const code = `${chunk!.code.replace(/export\s*\{[^}]*\};?\s*$/, "")}
      {
      const device = cpu({ threads: 2, shareAll: true });
      const x = device.alloc(4000, "float32");
      const b = { id: 1, dtype: "int32", args: [], op: "index", axis: 0 };
      const program = { kind: "kernel", name: "fill", guards: [], params: [{ dtype: "float32", access: "out" }], scalars: [], outer: [{ id: 0, dtype: "int32", args: [], op: "const", value: 1000 }],
        inner: [], reductions: [], stores: [{ over: "outer", param: 0, index: b, value: { id: 2, dtype: "float32", args: [b], op: "cast" } }] };
      device.dispatch(device.prepare(program), [x], []);
      console.log(new Float32Array(device.readSync(x).buffer)[999]);
      }`;
    const ended = await new Promise<{ error: unknown; stdout: string }>((resolve) => {
      const child = execFile(process.execPath, ["--input-type=module"], { timeout: 120_000 }, (error, stdout) => resolve({ error, stdout }));
      child.stdin?.end(code);
    });
    expect(ended).toEqual({ error: null, stdout: "999\n" });
  });
});
