import { dtypeInfo, dtypes } from "@gradus/kernel-ir";
import { bfloat16ToNumber, elements, float16ToNumber, numberToBfloat16, numberToFloat16 } from "@gradus/kernel-ir/interpreter";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const bits = new Uint32Array(1);
const real = new Float32Array(bits.buffer);
const float32Of = (pattern: number): number => ((bits[0] = pattern), real[0] ?? NaN);
/** The float32 next to a positive one. */
const neighbour = (value: number, direction: 1 | -1): number => {
  real[0] = value;
  bits[0] = (bits[0] ?? 0) + direction;
  return real[0];
};

const formats = [
  { name: "float16", decode: float16ToNumber, encode: numberToFloat16, infinity: 0x7c00, nan: 0x7e00, smallest: 2 ** -24, one: 0x3c00 },
  { name: "bfloat16", decode: bfloat16ToNumber, encode: numberToBfloat16, infinity: 0x7f80, nan: 0x7fc0, smallest: 2 ** -133, one: 0x3f80 },
] as const;

describe.each(formats)("$name", ({ decode, encode, infinity, nan, smallest, one }) => {
  it("decodes known patterns", () => {
    expect([0, 0x8000, one, infinity, infinity | 0x8000, 1, one + 1].map(decode)).toEqual([
      0, -0, 1, Infinity, -Infinity, smallest, 1 + (infinity === 0x7c00 ? 2 ** -10 : 2 ** -7),
    ]);
  });

  it("gives every pattern back, all NaN as one", () => {
    for (let pattern = 0; pattern < 0x10000; pattern++) {
      const value = decode(pattern);
      const expected = (pattern & 0x7fff) > infinity ? nan : pattern;
      if (encode(value) !== expected) throw new Error(`0x${pattern.toString(16)} became 0x${encode(value).toString(16)}`);
    }
  });

  it("rises with its pattern", () => {
    for (let pattern = 0; pattern < infinity; pattern++) expect(decode(pattern + 1)).toBeGreaterThan(decode(pattern));
  });

  it("rounds to the nearest and half-way cases to even", () => {
    // Beyond the largest finite value the next one would be, in the pattern of Infinity.
    const next = (pattern: number): number => (pattern + 1 < infinity ? decode(pattern + 1) : 2 * decode(pattern) - decode(pattern - 1));
    for (let pattern = 0; pattern < infinity; pattern++) {
      const middle = (decode(pattern) + next(pattern)) / 2;
      for (const sign of [0, 0x8000]) {
        const of = (value: number): number => encode(sign === 0 ? value : -value);
        const even = (pattern & 1) === 0 ? pattern : pattern + 1;
        const got = [neighbour(middle, -1), middle, neighbour(middle, 1)].map(of);
        const wanted = [pattern, even, pattern + 1].map((p) => p | sign);
        if (String(got) !== String(wanted)) throw new Error(`around ${String(middle)}: ${String(got)} instead of ${String(wanted)}`);
      }
    }
  });

  it("keeps its distance from any float32 to half a unit", () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 0x7f7fffff }), (pattern) => {
      const value = float32Of(pattern);
      const code = encode(value);
      if (code >= infinity) return value >= decode(infinity - 1);
      const [below, above] = [decode(Math.max(0, code - 1)), decode(code + 1)];
      const distance = Math.abs(decode(code) - value);
      return distance <= Math.abs(below - value) && distance <= Math.abs(above - value);
    }), { numRuns: 2000 });
  });
});

describe("elements", () => {
  it("come back as they were stored, in their width and little-endian", () => {
    for (const dtype of dtypes) {
      const { byteLength, kind } = dtypeInfo[dtype];
      const view = new DataView(new ArrayBuffer(3 * byteLength));
      const one = dtype === "int64" ? 1n : 1;
      elements[dtype].set(view, byteLength, one);
      expect(elements[dtype].get(view, byteLength)).toBe(one);
      expect([...new Uint8Array(view.buffer)].slice(0, byteLength)).toEqual(new Array(byteLength).fill(0));
      expect([...new Uint8Array(view.buffer)].slice(2 * byteLength)).toEqual(new Array(byteLength).fill(0));
      if (kind !== "float") expect(view.getUint8(byteLength)).toBe(1);
    }
  });

  it("keep the low bits of integers that do not fit", () => {
    const view = new DataView(new ArrayBuffer(8));
    const stored = (dtype: "int8" | "uint8" | "int16" | "int32", value: number): number => {
      elements[dtype].set(view, 0, value);
      return elements[dtype].get(view, 0);
    };
    expect([stored("int8", 200), stored("uint8", -1), stored("int16", 0x18000), stored("int32", 2 ** 31 - 1)]).toEqual([-56, 255, -32768, 2 ** 31 - 1]);
  });

  it("read any byte but 0 as true", () => {
    const view = new DataView(Uint8Array.of(0, 1, 2, 255).buffer);
    expect([0, 1, 2, 3].map((byte) => elements.bool.get(view, byte))).toEqual([0, 1, 1, 1]);
    elements.bool.set(view, 0, 7);
    expect(view.getUint8(0)).toBe(1);
  });
});
