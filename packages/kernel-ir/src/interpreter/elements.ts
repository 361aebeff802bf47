import type { DType } from "../dtype.js";

/** A float32 that holds a float16's value, from the float16's bits. */
export function float16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The bits of the nearest float16, ties to even. */
export function numberToFloat16(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  // 65520 is half-way between the largest finite float16 and what would come next.
  if (magnitude >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude === 0 ? 2 ** -25 : magnitude)));
  const ulp = 2 ** (exponent - 10);
  const units = roundHalfEven(magnitude / ulp);
  // Units of 1024 and more carry the implicit leading one; a carry out of the fraction lands in the exponent.
  return sign | (units < 1024 ? units : (exponent + 14) * 1024 + units);
}

const scratch = new DataView(new ArrayBuffer(4));

/** A bfloat16 is the upper half of a float32. */
export function bfloat16ToNumber(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}

/** The bits of the nearest bfloat16, ties to even. */
export function numberToBfloat16(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** The nearest integer, ties to even, as IEEE 754's roundToIntegralTiesToEven; keeps −0. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest < 0.5) return Object.is(value, -0) ? -0 : floor;
  if (rest > 0.5) return floor === -1 ? -0 : floor + 1;
  const even = floor % 2 === 0 ? floor : floor + 1;
  return even === 0 && value < 0 ? -0 : even;
}

interface ElementAccess {
  get(view: DataView, byte: number): number | bigint;
  set(view: DataView, byte: number, value: number | bigint): void;
}

/** How elements lie in memory: little-endian, in PyTorch's width. Loads widen to the compute type, stores narrow. */
export const elements = {
  float64: { get: (v, b) => v.getFloat64(b, true), set: (v, b, x) => { v.setFloat64(b, Number(x), true); } },
  float32: { get: (v, b) => v.getFloat32(b, true), set: (v, b, x) => { v.setFloat32(b, Number(x), true); } },
  float16: {
    get: (v, b) => float16ToNumber(v.getUint16(b, true)),
    set: (v, b, x) => { v.setUint16(b, numberToFloat16(Number(x)), true); },
  },
  bfloat16: {
    get: (v, b) => bfloat16ToNumber(v.getUint16(b, true)),
    set: (v, b, x) => { v.setUint16(b, numberToBfloat16(Number(x)), true); },
  },
  int64: { get: (v, b) => v.getBigInt64(b, true), set: (v, b, x) => { v.setBigInt64(b, BigInt(x), true); } },
  int32: { get: (v, b) => v.getInt32(b, true), set: (v, b, x) => { v.setInt32(b, Number(x), true); } },
  int16: { get: (v, b) => v.getInt16(b, true), set: (v, b, x) => { v.setInt16(b, Number(x), true); } },
  int8: { get: (v, b) => v.getInt8(b), set: (v, b, x) => { v.setInt8(b, Number(x)); } },
  uint8: { get: (v, b) => v.getUint8(b), set: (v, b, x) => { v.setUint8(b, Number(x)); } },
  bool: { get: (v, b) => (v.getUint8(b) === 0 ? 0 : 1), set: (v, b, x) => { v.setUint8(b, Number(x) === 0 ? 0 : 1); } },
} as const satisfies Record<DType, ElementAccess>;
