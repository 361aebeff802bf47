import type { DType } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";

/** What reading a tensor gives. float16 and bfloat16 widen to float32, which holds each of their values. */
export interface TypedArrays {
  float64: Float64Array;
  float32: Float32Array;
  float16: Float32Array;
  bfloat16: Float32Array;
  int64: BigInt64Array;
  int32: Int32Array;
  int16: Int16Array;
  int8: Int8Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}
export type TypedArray = TypedArrays[DType];

const scratch = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(4));

/** The value of a float16 from its bits. */
function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The bits of the float16 nearest to a float32, ties to even. */
function toFloat16(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 0x477ff000 is 65520, half-way from the largest finite float16 to what would follow.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Subnormal: adding 0.5 aligns the fraction so that the hardware rounds it.
    scratch.setUint32(0, magnitude);
    scratch.setFloat32(0, scratch.getFloat32(0) + 0.5);
    return sign | (scratch.getUint32(0) - 0x3f000000);
  }
  const odd = (magnitude >>> 13) & 1;
  return sign | ((magnitude - 0x38000000 + 0xfff + odd) >>> 13);
}

/** The value of a bfloat16 from its bits, the upper half of a float32's. */
function fromBfloat16(bits: number): number {
  scratch.setUint32(0, (bits << 16) >>> 0);
  return scratch.getFloat32(0);
}

/** The bits of the bfloat16 nearest to a float32, ties to even. */
function toBfloat16(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  if ((bits & 0x7fffffff) > 0x7f800000) return 0x7fc0;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

type Elements = ArrayBuffer;

interface Format {
  /** Host bytes, which this may take over, as a typed array. */
  decode(buffer: Elements): TypedArray;
  encode(values: ArrayLike<number | bigint | boolean>): Uint8Array;
}

const bytesOf = (array: ArrayBufferView): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** A typed array whose constructor converts as a cast to it does (wrapping integers, rounding floats). */
const plain = (make: (source: ArrayLike<number>) => TypedArray, decode: (buffer: Elements) => TypedArray): Format => ({
  decode,
  encode: (values) => bytesOf(make(Array.from(values, Number))),
});

const half = (from: (bits: number) => number, to: (value: number) => number): Format => ({
  decode: (buffer) => Float32Array.from(new Uint16Array(buffer), from),
  encode: (values) => bytesOf(Uint16Array.from({ length: values.length }, (_, i) => to(Number(values[i])))),
});

/** How host bytes of each element type become a typed array, and numbers become host bytes. */
const formats: Record<DType, Format> = {
  float64: /* @__PURE__ */ plain((s) => Float64Array.from(s), (b) => new Float64Array(b)),
  float32: /* @__PURE__ */ plain((s) => Float32Array.from(s), (b) => new Float32Array(b)),
  float16: /* @__PURE__ */ half(fromFloat16, toFloat16),
  bfloat16: /* @__PURE__ */ half(fromBfloat16, toBfloat16),
  int64: {
    decode: (b) => new BigInt64Array(b),
    encode: (values) => bytesOf(BigInt64Array.from({ length: values.length }, (_, i) => toBigInt(values[i] ?? 0))),
  },
  int32: /* @__PURE__ */ plain((s) => Int32Array.from(s), (b) => new Int32Array(b)),
  int16: /* @__PURE__ */ plain((s) => Int16Array.from(s), (b) => new Int16Array(b)),
  int8: /* @__PURE__ */ plain((s) => Int8Array.from(s), (b) => new Int8Array(b)),
  uint8: /* @__PURE__ */ plain((s) => Uint8Array.from(s), (b) => new Uint8Array(b)),
  bool: /* @__PURE__ */ plain((s) => Uint8Array.from(s, (x) => (x === 0 ? 0 : 1)), (b) => new Uint8Array(b)),
};

const toBigInt = (value: number | bigint | boolean): bigint => (typeof value === "number" ? BigInt(Number.isFinite(value) ? Math.trunc(value) : 0) : BigInt(value));

/** A copy of host bytes as a typed array of the element type. */
export function decodeBytes(dtype: DType, bytes: Uint8Array): TypedArray {
  const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer;
  return formats[dtype].decode(whole ? (bytes.buffer) : (bytes.slice().buffer));
}

/** The element type whose host layout a typed array has; null where there is none (uint16, uint32, uint64). */
export function dtypeOfArray(array: ArrayBufferView): DType | null {
  if (array instanceof Float32Array) return "float32";
  if (array instanceof Float64Array) return "float64";
  if (array instanceof BigInt64Array) return "int64";
  if (array instanceof Int32Array) return "int32";
  if (array instanceof Int16Array) return "int16";
  if (array instanceof Int8Array) return "int8";
  if (array instanceof Uint8Array || array instanceof Uint8ClampedArray) return "uint8";
  return null;
}

/** Host bytes of `values` as `dtype`, without a copy where the typed array already is that. */
export function encodeValues(dtype: DType, values: ArrayLike<number | bigint | boolean> | ArrayBufferView): Uint8Array {
  if (ArrayBuffer.isView(values)) {
    const own = dtypeOfArray(values);
    if (own === dtype || (own === "uint8" && dtype === "bool" && (values as Uint8Array).every((x) => x <= 1))) return bytesOf(values);
  }
  return formats[dtype].encode(values as ArrayLike<number | bigint | boolean>);
}

/** Bytes of one element on the host. */
export const widthOf = (dtype: DType): number => dtypeInfo[dtype].byteLength;
