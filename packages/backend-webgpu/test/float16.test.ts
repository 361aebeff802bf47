import type { Contraction } from "@gradus/kernel-ir";
import { ExprBuilder } from "@gradus/kernel-ir";
import { describe, expect, it } from "vitest";
import { bytesOf, elementsOf, expectAgreement } from "./compare.js";
import { hasWebGpu, sharedDevice } from "./devices.js";
import { elementwise } from "./programs.js";

const hasHalves = async (): Promise<boolean> => (await sharedDevice()).device.features.has("shader-f16");

/** `x · y` of vectors. */
function dot(length: number): Contraction {
  const b = new ExprBuilder();
  const along = { terms: [{ axis: 0, scale: b.int(1) }], shift: b.int(0), divisor: b.int(1), extent: null, stride: b.int(1) };
  return {
    kind: "contraction",
    name: "dot",
    params: [{ dtype: "float16", access: "in" }, { dtype: "float16", access: "in" }, { dtype: "float16", access: "out" }],
    scalars: [],
    guards: [],
    axes: [{ role: "k", extent: b.int(length) }],
    left: { param: 0, offset: b.int(0), coordinates: [along], prologue: null },
    right: { param: 1, offset: b.int(0), coordinates: [along], prologue: null },
    dtype: "float32",
    stores: [{ over: "outer", param: 2, index: b.int(0), value: b.result(0, 0, "float32") }],
  };
}

// Whether the adapter has half floats or not, with the same results.
describe.skipIf(!hasWebGpu)("float16 on webgpu", () => {
  it("is written and read at every place, though two elements may share a word", async () => {
    const device = await sharedDevice();
    const values = [1, 2, 3, 4, 5, 6, 7];
    for (let begin = 0; begin < values.length; begin++) {
      for (let end = begin; end <= values.length; end++) {
        const buffer = device.alloc(14, "float16");
        device.write(buffer, 0, bytesOf("float16", values));
        device.write(buffer, 2 * begin, bytesOf("float16", values.slice(begin, end).map((value) => -value)));
        const expected = values.map((value, i) => (i >= begin && i < end ? -value : value));
        expect(elementsOf("float16", await device.read(buffer))).toEqual(expected);
        expect(elementsOf("float16", await device.read(buffer, 2 * begin, 2 * (end - begin)))).toEqual(expected.slice(begin, end));
        device.free(buffer);
      }
    }
  });

  it("comes back from arithmetic with every bit pattern", async () => {
    const device = await sharedDevice();
    const [from, to] = [device.alloc(131072, "float16"), device.alloc(131072, "float16")];
    const patterns = Uint16Array.from({ length: 65536 }, (_, i) => i);
    device.write(from, 0, new Uint8Array(patterns.buffer));
    device.dispatch(device.prepare(elementwise("twice", ["float16"], "float16", 65536, (b, x) => b.mul(b.mul(x, b.like(2, x)), b.like(0.5, x)))), [from, to], []);
    const results = elementsOf("float16", await device.read(to));
    expect(results).toEqual(elementsOf("float16", new Uint8Array(patterns.buffer)));
    device.free(from);
    device.free(to);
  });

  it("rounds to the nearest, ties to even, and overflows as IEEE 754 says", async () => {
    const halfway = [1 + 2 ** -11, 1 + 3 * 2 ** -11, 65519, 65520, -65520, 2 ** -25, 1.5 * 2 ** -24, 3 * 2 ** -25, 1e-9, 0.1, -1 / 3].map(Math.fround);
    await expectAgreement(await sharedDevice(), { program: elementwise("narrow", ["float32"], "float16", halfway.length, (_, x) => x), buffers: [halfway, halfway.map(() => 0)] });
  });

  it("is summed in float32", async () => {
    // 2049 · 1 and 4097 · ¼: neither is reached by adding float16 to float16.
    const ones = (length: number, value: number) => new Array<number>(length).fill(value);
    for (const [length, value, sum] of [[2050, 1, 2050], [4100, 0.5, 1025]] as const) {
      const [, , result] = await expectAgreement(await sharedDevice(), { program: dot(length), buffers: [ones(length, value), ones(length, value), [0]] });
      expect(result).toEqual([sum]);
    }
  });

  it("occupies two bytes where the adapter has half floats, and a word elsewhere", async () => {
    const { dtypes } = (await sharedDevice()).limits;
    expect(dtypes.float16).toEqual({ storageBytes: (await hasHalves()) ? 2 : 4, compute: "float32" });
    expect(dtypes.bfloat16).toEqual({ storageBytes: 4, compute: "float32" });
  });
});
