import fc from "fast-check";
import { numberToBfloat16, numberToFloat16 } from "@gradus/kernel-ir/interpreter";
import { describe, expect, it } from "vitest";
import { FailureLog } from "../src/failures.js";
import { Holders } from "../src/holders.js";
import { elementsOn, float16Feature } from "../src/wgsl/arithmetic.js";
import type { MemoryBlock } from "../src/pool.js";
import { BufferPool, sizeClass } from "../src/pool.js";

describe("16-bit floats on the host", () => {
  const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const holders = new Holders(elementsOn(new Set()));

  it("float16: every bit pattern becomes the float32 of its value, and back", () => {
    const words = holders.hold("float16", new Uint8Array(bits.buffer));
    const values = new Float32Array(words.buffer);
    const expected = bits.map((pattern) => (Number.isNaN(values[pattern]) ? 0x7e00 | (pattern & 0x8000) : pattern));
    expect(new Uint16Array(holders.release("float16", words).buffer)).toEqual(expected);
    // Another way to the same: rounding the value finds the pattern.
    expect(Array.from(values, numberToFloat16)).toEqual(Array.from(bits, (pattern) => (Number.isNaN(values[pattern]) ? 0x7e00 : pattern)));
  });

  it("bfloat16: every bit pattern becomes the float32 of its value, and back", () => {
    const words = holders.hold("bfloat16", new Uint8Array(bits.buffer));
    expect(new Uint16Array(holders.release("bfloat16", words).buffer)).toEqual(bits);
    const values = new Float32Array(words.buffer);
    const finite = Array.from(bits).filter((pattern) => !Number.isNaN(values[pattern]));
    expect(finite.map((pattern) => numberToBfloat16(values[pattern] ?? 0))).toEqual(finite);
  });
});

describe("16-bit floats on a device that has them", () => {
  const holders = new Holders(elementsOn(new Set([float16Feature])));

  it("float16 stays as it is, filled up to a word", () => {
    const host = new Uint8Array([1, 2, 3, 4, 5, 6]);
    expect(holders.length("float16", 6)).toBe(6);
    expect(holders.hold("float16", host)).toEqual(new Uint8Array([1, 2, 3, 4, 5, 6, 0, 0]));
    expect(holders.release("float16", holders.hold("float16", host).slice(0, 6))).toEqual(host);
  });

  it("bfloat16 occupies a word there too", () => {
    expect(holders.length("bfloat16", 6)).toBe(12);
  });
});

describe("size classes", () => {
  it("hold the request, waste at most a quarter, and are multiples of four", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 30 }), (bytes) => {
        const size = sizeClass(bytes, 2 ** 30);
        expect(size).toBeGreaterThanOrEqual(bytes);
        expect(size).toBeLessThanOrEqual(Math.max(16, bytes * 1.25 + 4));
        expect(size - bytes).toBeLessThan(2 ** 24);
        expect(size % 4).toBe(0);
        expect(sizeClass(size, 2 ** 30)).toBe(size);
      }),
    );
  });

  it("end at the largest buffer", () => {
    expect(sizeClass(1000, 1004)).toBe(1004);
  });
});

describe("the pool", () => {
  class FakeBuffer {
    destroyed = false;
    destroy(): void {
      this.destroyed = true;
    }
  }

  const makePool = () => {
    const made: FakeBuffer[] = [];
    const failing: ((error: Error) => void)[] = [];
    const pool = new BufferPool(2 ** 30, (_, fail) => {
      const buffer = new FakeBuffer();
      made.push(buffer);
      failing.push(fail);
      return buffer as unknown as GPUBuffer;
    });
    return { pool, made, failing };
  };

  it("never hands out one block twice, counts what it reserves, and keeps a small multiple of the peak", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ bytes: fc.integer({ min: 1, max: 2 ** 28 }), free: fc.nat() }), { maxLength: 60 }), (steps) => {
        const { pool, made } = makePool();
        const inUse: MemoryBlock[] = [];
        let peak = 0;
        const bytesInUse = () => inUse.reduce((total, block) => total + block.bytes, 0);
        for (const { bytes, free } of steps) {
          const block = pool.take(bytes);
          expect(inUse).not.toContain(block);
          expect(block.bytes).toBeGreaterThanOrEqual(bytes);
          inUse.push(block);
          peak = Math.max(peak, bytesInUse());
          if (free % 3 > 0) {
            const [freed] = inUse.splice(free % inUse.length, 1);
            if (!pool.give(freed!)) pool.drop(freed!);
          }
          expect(pool.reservedBytes).toBeGreaterThanOrEqual(bytesInUse());
          expect(pool.reservedBytes).toBeLessThanOrEqual(3 * peak + 64 * 2 ** 20);
        }
        expect(inUse.every(({ buffer }) => !(buffer as unknown as FakeBuffer).destroyed)).toBe(true);
        pool.clear();
        expect(pool.reservedBytes).toBe(0);
        expect(made.every(({ destroyed }) => destroyed)).toBe(true);
      }),
    );
  });

  it("does not keep memory that the device could not give, and lets free memory go", () => {
    const { pool, made, failing } = makePool();
    const [broken, sound] = [pool.take(100), pool.take(100)];
    failing[0]?.(new Error("no room"));
    expect(broken.failure?.message).toBe("no room");
    expect(pool.give(broken)).toBe(false);
    pool.drop(broken);
    expect(pool.give(sound)).toBe(true);
    pool.trim();
    expect(pool.reservedBytes).toBe(0);
    expect(made.every(({ destroyed }) => destroyed)).toBe(true);
    // Given back after the end, as a read that was cut off does.
    expect(pool.give(sound)).toBe(true);
    expect(pool.take(100)).not.toBe(sound);
  });
});

describe("the failure log", () => {
  const check = (log: FailureLog, moment: number): string => {
    try {
      log.check(moment);
      return "fine";
    } catch (error) {
      return (error as Error).message;
    }
  };

  it("tells a failure to the reads since, until one of them has told it", () => {
    const log = new FailureLog();
    const before = log.tick();
    const from = log.tick();
    const [first, second] = [log.tick(), log.tick()];
    log.record(new Error("broken"), from);
    expect(check(log, before)).toBe("fine");
    expect(check(log, first)).toBe("broken");
    const later = log.tick();
    expect(check(log, second)).toBe("broken");
    expect(check(log, later)).toBe("fine");
    log.forgetTold();
    expect(check(log, second)).toBe("fine");
  });

  it("tells the earliest of several, and what followed from it with it", () => {
    const log = new FailureLog();
    const cause = log.tick();
    const consequence = log.tick();
    const read = log.tick();
    log.record(new Error("consequence"), consequence);
    log.record(new Error("cause"), cause);
    expect(check(log, read)).toBe("cause");
    expect(check(log, log.tick())).toBe("fine");
    log.record(new Error("news"), log.tick());
    log.forgetTold();
    expect(check(log, log.tick())).toBe("news");
  });
});
