import { DeviceMemoryError } from "@gradus/kernel-ir";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CpuBuffer } from "../src/memory.js";
import { MemoryPool } from "../src/memory.js";

const megabyte = 2 ** 20;

describe("the memory pool", () => {
  it("gives buffers that are aligned, large enough and apart from each other, whatever is freed in between", () => {
    const size = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 100_000 }));
    const step = fc.oneof({ weight: 3, arbitrary: fc.record({ alloc: size }) }, { weight: 2, arbitrary: fc.record({ free: fc.nat() }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const pool = new MemoryPool("test", 1024, 64 * megabyte);
        const live: CpuBuffer[] = [];
        let [inUse, peak] = [0, 0];
        for (const action of steps) {
          if ("alloc" in action) {
            const made = pool.alloc(action.alloc);
            expect(made.address % 64).toBe(0);
            expect(made.address).toBeGreaterThanOrEqual(1024);
            // Vector loads of the last element may read behind it.
            expect(made.address + Math.max(made.byteLength, 1) + 63).toBeLessThan(pool.memory.buffer.byteLength);
            live.push(made);
            inUse += action.alloc;
          } else if (live.length > 0) {
            const [gone] = live.splice(action.free % live.length, 1) as [CpuBuffer];
            pool.free(gone);
            inUse -= gone.byteLength;
          }
          peak = Math.max(peak, inUse);
          const sorted = [...live].sort((a, b) => a.address - b.address);
          sorted.forEach((buffer, i) => {
            const next = sorted[i + 1];
            if (next !== undefined) expect(buffer.address + Math.max(buffer.byteLength, 1)).toBeLessThanOrEqual(next.address);
          });
          expect(pool.stats()).toMatchObject({ buffers: live.length, bytesInUse: inUse, peakBytes: peak });
        }
      }),
      { numRuns: 60 },
    );
  });

  it("finds the space of freed neighbours for larger buffers", () => {
    const pool = new MemoryPool("test", 64, 64 * megabyte);
    const small = Array.from({ length: 1000 }, () => pool.alloc(10_000));
    const reserved = pool.stats().bytesReserved;
    for (const buffer of small) pool.free(buffer);
    const large = [pool.alloc(4_000_000), pool.alloc(4_000_000)];
    expect(pool.stats().bytesReserved).toBe(reserved);
    for (const buffer of large) pool.free(buffer);
  });

  it("keeps its size when a program allocates the same again and again in another order", () => {
    const pool = new MemoryPool("test", 64, 256 * megabyte);
    let state = 1;
    const next = (below: number): number => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 8) % below;
    const sizes = Array.from({ length: 200 }, () => 4 * (1 + next(next(2) === 0 ? 100 : 200_000)));
    let after10 = 0;
    for (let round = 0; round < 300; round++) {
      const live = [...sizes].sort(() => next(3) - 1).map((size) => pool.alloc(size));
      while (live.length > 0) pool.free(live.splice(next(live.length), 1)[0] as CpuBuffer);
      if (round === 10) after10 = pool.stats().bytesReserved;
    }
    const { bytesReserved, peakBytes } = pool.stats();
    expect(bytesReserved).toBe(after10);
    expect(bytesReserved).toBeLessThanOrEqual(1.25 * peakBytes);
  });

  it("says how much was asked and held when there is no room, and goes on", () => {
    const pool = new MemoryPool("test", 64, 4 * megabyte);
    const first = pool.alloc(3 * megabyte);
    const before = pool.stats();
    expect(() => pool.alloc(2 * megabyte)).toThrow(DeviceMemoryError);
    expect(() => pool.alloc(2 * megabyte)).toThrow(
      "alloc: test has no room for 2097152 bytes, 3145728 bytes in 1 buffers are in use, 65536 more are reserved and free; free tensors with dispose() or scope(), or use smaller batches",
    );
    expect(pool.stats()).toEqual(before);
    expect(pool.alloc(megabyte / 2).address).toBeGreaterThan(0);
    pool.free(first);
    expect(pool.alloc(3 * megabyte).address).toBeGreaterThan(0);
    expect(pool.stats().bytesReserved).toBeLessThanOrEqual(4 * megabyte);
  });

  it("refuses what no memory could hold", () => {
    const pool = new MemoryPool("test", 64, 2 ** 32);
    for (const size of [2 ** 32, 2 ** 40, Infinity, NaN]) expect(() => pool.alloc(size)).toThrow(DeviceMemoryError);
    expect(pool.stats().buffers).toBe(0);
  });

  it("tells when the memory has grown", () => {
    const pool = new MemoryPool("test", 64, 64 * megabyte);
    let grown = 0;
    pool.onGrow = () => grown++;
    pool.alloc(100);
    expect(grown).toBe(0);
    const before = pool.memory.buffer;
    pool.alloc(megabyte);
    expect(grown).toBe(1);
    expect(pool.memory.buffer).not.toBe(before);
  });

  it("finds out a buffer that is freed twice", () => {
    const pool = new MemoryPool("test", 64, megabyte);
    const buffer = pool.alloc(8);
    pool.free(buffer);
    expect(() => pool.free(buffer)).toThrow("internal: free of a buffer that was freed");
  });
});
