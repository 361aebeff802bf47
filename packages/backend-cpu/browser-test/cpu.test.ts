import { describe, expect, it } from "vitest";
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
