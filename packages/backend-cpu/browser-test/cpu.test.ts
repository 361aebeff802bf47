import type { Kernel } from "@gradus/kernel-ir";
import { ExprBuilder } from "@gradus/kernel-ir";
import { describe, expect, it, vi } from "vitest";
import { cpu } from "../src/index.js";
import { expectSameOutcomes } from "../test/random-programs.js";

describe("the CPU device on a page's main thread", () => {
  it("may compile large modules at once, as prepare does", () => {
    // Browsers once refused modules above 4 KB here. This one has a function of a million instructions.
    const size = 1_000_000;
    const leb = (n: number): number[] => [0x80 | (n & 0x7f), 0x80 | ((n >> 7) & 0x7f), 0x80 | ((n >> 14) & 0x7f), n >> 21];
    const head = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, /* types */ 1, 4, 1, 0x60, 0, 0, /* functions */ 3, 2, 1, 0];
    const code = [10, ...leb(size + 7), 1, ...leb(size + 2), 0, ...new Array<number>(size).fill(0x01), 0x0b];
    expect(() => new WebAssembly.Module(new Uint8Array([...head, ...code]))).not.toThrow();
  });

  it("computes what the interpreter computes", () => {
    expectSameOutcomes(0, 60);
  });

  it("has threads on an isolated page, which compute the same", async () => {
    expect(crossOriginIsolated).toBe(true);
    const b = new ExprBuilder();
    const fill: Kernel = {
      kind: "kernel", name: "fill", guards: [], params: [{ dtype: "float32", access: "out" }], scalars: ["int32"], outer: [b.scalar(0, "int32")], inner: [], reductions: [],
      stores: [{ over: "outer", param: 0, index: b.index(0), value: b.sin(b.cast(b.index(0), "float32")) }],
    };
    const started = vi.spyOn(globalThis, "Worker");
    const run = async (threads: number): Promise<Uint8Array> => {
      const device = cpu({ threads });
      expect(device.numThreads).toBe(threads);
      const buffer = device.alloc(400_000, "float32");
      const executable = device.prepare(fill);
      for (let i = 0; i < 20; i++) {
        device.dispatch(executable, [buffer], [100_000]);
        // Workers start while the page's own thread pauses.
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const bytes = device.readSync(buffer);
      device.dispose();
      return bytes;
    };
    const results = [await run(1), await run(3)];
    expect(started).toHaveBeenCalledTimes(2);
    expect(results[0]!.every((byte, i) => byte === results[1]![i])).toBe(true);
    started.mockRestore();
  });

  it("reads and writes while its memory grows", async () => {
    const device = cpu();
    const bytes = crypto.getRandomValues(new Uint8Array(60_000));
    const buffers = Array.from({ length: 200 }, () => {
      const buffer = device.alloc(bytes.length, "uint8");
      device.write(buffer, 0, bytes);
      return buffer;
    });
    const read = await Promise.all(buffers.map((buffer) => device.read(buffer)));
    expect(read.every((copy) => copy.length === bytes.length && copy.every((byte, i) => byte === bytes[i]))).toBe(true);
    device.dispose();
  });
});
