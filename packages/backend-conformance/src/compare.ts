import type { ComputeDType, DType } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import { elements } from "@gradus/kernel-ir/interpreter";
import { expect } from "vitest";

/** How a device's arithmetic may differ from the interpreter's. What is left out must agree bit for bit, but for the bits of NaN. */
export interface Tolerance {
  /** Units in the last place by which float32 divisions, roots and what is made of them may be off. */
  readonly ulps?: number;
  /** float32 numbers below 2⁻¹²⁶ may count as zeros, of either sign. */
  readonly flushesSubnormals?: boolean;
  /** Comparisons may take them for zeros where arithmetic keeps them, so it is open what a formula makes of one that it compares. */
  readonly comparesSubnormalsAsZeros?: boolean;
  /** Where a product and the sum that it goes into may be rounded together. */
  readonly fusesMultiplyAdd?: "contractions" | "everywhere";
  /** Long sums of products may be added in parts, where their order would keep most of the device idle. */
  readonly splitsProducts?: boolean;
}

export type Elements = readonly (number | bigint)[];

/** Host bytes of elements. */
export function encode(dtype: DType, values: Elements): Uint8Array {
  const { byteLength } = dtypeInfo[dtype];
  const bytes = new Uint8Array(values.length * byteLength);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => elements[dtype].set(view, i * byteLength, dtype === "int64" ? BigInt(value) : Number(value)));
  return bytes;
}

/** Elements from host bytes. */
export function decode(dtype: DType, bytes: Uint8Array): Elements {
  const { byteLength } = dtypeInfo[dtype];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / byteLength }, (_, i) => elements[dtype].get(view, i * byteLength));
}

/** Distance from 1 to the next number of a floating type. */
const epsilonOf = { float64: 2 ** -52, float32: 2 ** -23, float16: 2 ** -10, bfloat16: 2 ** -7 } as const;

const smallestNormal = { float64: 2 ** -1022, float32: 2 ** -126, float16: 2 ** -14, bfloat16: 2 ** -126 } as const;

/** How far a result may be from what is expected. */
export interface Margin {
  /** In units in the last place of the expected value. */
  readonly ulps?: number;
  /** In units in the last place of 1. */
  readonly absolute?: number;
  /** Subnormal numbers of float32 may be zeros, intermediate results too: what is made of them is off by as much. */
  readonly flushesSubnormals?: boolean;
}

/** Whether a result is as expected. Any NaN is as good as another; zeros have signs where nothing is allowed to differ. */
function agrees(dtype: DType, actual: number | bigint, expected: number | bigint, margin: Margin = {}): boolean {
  if (Object.is(actual, expected)) return true;
  if (dtypeInfo[dtype].kind !== "float") return false;
  const [got, want] = [Number(actual), Number(expected)];
  const float = dtype as keyof typeof epsilonOf;
  const { ulps = 0, absolute = 0, flushesSubnormals = false } = margin;
  if (flushesSubnormals && Math.abs(want - got) < 2 * smallestNormal.float32) return true;
  if (ulps === 0 && absolute === 0) return false;
  // Zeros have signs unless terms may cancel.
  if (got === 0 && want === 0) return absolute > 0;
  if (!Number.isFinite(want) || Number.isNaN(got)) return got === want;
  const unit = epsilonOf[float] * Math.max(Math.abs(want), smallestNormal[float]);
  const allowed = ulps * unit + absolute * epsilonOf[float];
  // A result that rounds up to Infinity is near the largest finite number.
  if (!Number.isFinite(got)) return Math.abs(want) + allowed >= largestOf[float];
  return Math.abs(got - want) <= allowed;
}

const largestOf = { float64: Number.MAX_VALUE, float32: (2 - 2 ** -23) * 2 ** 127, float16: 65504, bfloat16: (2 - 2 ** -7) * 2 ** 127 } as const;

/**
 * Fails with the first few elements that are not as expected.
 *
 * @param what - Describes element `i`.
 * @param accepted - One list of expected elements, or several of which each element must fit one.
 */
export function expectElements(name: string, dtype: DType, actual: Elements, accepted: readonly Elements[], margin: Margin = {}, what: (i: number) => string = (i) => `element ${i}`): void {
  const [first = []] = accepted;
  expect(actual.length, `${name}: number of elements`).toBe(first.length);
  const wrong = actual.flatMap((got, i) =>
    accepted.some((expected) => agrees(dtype, got, expected[i]!, margin)) ? [] : [`${what(i)}: expected ${show(first[i]!)}, got ${show(got)}`],
  );
  expect(wrong.slice(0, 5), `${name} (${dtype}), ${wrong.length} of ${actual.length} differ`).toEqual([]);
}

const show = (value: number | bigint): string => (Object.is(value, -0) ? "-0" : String(value));

/** Sample values of an arithmetic: what goes wrong first. */
export const samples: Readonly<Record<ComputeDType, readonly (number | bigint)[]>> = {
  float32: floats(Math.fround(3.4028234663852886e38), 2 ** -126, 2 ** -149),
  float64: floats(Number.MAX_VALUE, 2 ** -1022, Number.MIN_VALUE),
  int32: [0, 1, -1, 2, -2, 3, 7, -8, 31, 32, 33, 63, 100, 127, 128, -128, -129, 255, 256, 32767, -32768, 65535, 65536, 2 ** 30, 2 ** 31 - 1, -(2 ** 31), -(2 ** 31) + 1, 123456789],
  int64: [0, 1, -1, 2, -2, 3, 7, -8, 31, 32, 63, 64, 65, 255, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 40, -(2 ** 53)].map(BigInt).concat([2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n), -(2n ** 63n) + 1n, 0x123456789abcdefn]),
  bool: [0, 1],
};

function floats(largest: number, normal: number, subnormal: number): number[] {
  const positive = [0, 0.5, 1, 1.5, 2, 2.5, 3, 1 / 3, Math.PI / 2, 7.25, 20, 88.5, 100.3, 1e-3, 1e-7, 1e-20, 255.5, 65504, 65520, 2 ** 24 + 2, 2 ** 31, 2 ** 32, 1e10, 1e20, largest, normal, normal * 0.75, subnormal, Infinity];
  return [...positive.flatMap((x) => [x, -x]), NaN];
}
