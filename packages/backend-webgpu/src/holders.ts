import { dtypeInfo } from "@gradus/kernel-ir";
import type { Elements, HeldDType } from "./wgsl/arithmetic.js";

/** What WebGPU binds and copies, and where, is a multiple of this. */
export const wordBytes = 4;

/** The next multiple of a word. */
export const wholeWords = (bytes: number): number => Math.ceil(bytes / wordBytes) * wordBytes;

type Words = Uint32Array<ArrayBuffer>;

interface Conversion {
  /** Host elements as 32-bit words. */
  readonly hold: (host: Uint8Array<ArrayBuffer>) => Words;
  /** 32-bit words as host elements. */
  readonly release: (words: Words) => Uint8Array<ArrayBuffer>;
}

const bytesOf = (array: Int8Array<ArrayBuffer> | Int16Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Int32Array<ArrayBuffer>) => new Uint8Array(array.buffer);

const signedWords = (words: Words) => new Int32Array(words.buffer);

/** How elements become words and come back; null for those that are words anyway. Arrays start their own buffer. */
const conversions: Readonly<Record<HeldDType, Conversion | null>> = {
  float32: null,
  int32: null,
  float16: {
    hold: (host) => Uint32Array.from(new Uint16Array(host.buffer), float16ToFloat32),
    release: (words) => bytesOf(Uint16Array.from(words, float32ToFloat16)),
  },
  // A bfloat16 is the upper half of a float32.
  bfloat16: {
    hold: (host) => Uint32Array.from(new Uint16Array(host.buffer), (bits) => bits << 16),
    release: (words) => bytesOf(Uint16Array.from(words, (bits) => bits >>> 16)),
  },
  int64: {
    hold: (host) => {
      const halves = new Int32Array(host.buffer);
      const words = new Uint32Array(halves.length / 2);
      for (let i = 0; i < words.length; i++) {
        const low = halves[2 * i]!;
        if (halves[2 * i + 1] !== low >> 31) {
          const value = new BigInt64Array(host.buffer)[i]!;
          throw new RangeError(`write: expected int64 values that fit 32 bits on webgpu, got ${String(value)} at element ${i}; keep this tensor on the cpu`);
        }
        words[i] = low;
      }
      return words;
    },
    release: (words) => {
      const halves = new Int32Array(2 * words.length);
      signedWords(words).forEach((word, i) => {
        halves[2 * i] = word;
        halves[2 * i + 1] = word >> 31;
      });
      return bytesOf(halves);
    },
  },
  int16: {
    hold: (host) => Uint32Array.from(new Int16Array(host.buffer)),
    release: (words) => bytesOf(Int16Array.from(words)),
  },
  int8: {
    hold: (host) => Uint32Array.from(new Int8Array(host.buffer)),
    release: (words) => bytesOf(Int8Array.from(words)),
  },
  uint8: {
    hold: (host) => Uint32Array.from(host),
    release: (words) => Uint8Array.from(words),
  },
  bool: {
    hold: (host) => Uint32Array.from(host, (byte) => Number(byte !== 0)),
    release: (words) => Uint8Array.from(words, (word) => Number(word !== 0)),
  },
};

/** Between the bytes of the host and those of one device. */
export class Holders {
  constructor(readonly elements: Elements) {}

  /** Bytes on the device of `byteLength` bytes in host width. */
  length(dtype: HeldDType, byteLength: number): number {
    return Math.ceil(byteLength / dtypeInfo[dtype].byteLength) * this.elements[dtype].bytes;
  }

  /** Host bytes of whole elements as the device holds them, filled up to whole words. */
  hold(dtype: HeldDType, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const conversion = this.#conversion(dtype);
    // A copy, because the bytes may lie unaligned in their buffer, or in shared memory, which WebGPU refuses.
    const host = new Uint8Array(conversion === null ? wholeWords(bytes.length) : bytes.length);
    host.set(bytes);
    return conversion === null ? host : new Uint8Array(conversion.hold(host).buffer);
  }

  /** What the device holds, which starts its own buffer, as host bytes. */
  release(dtype: HeldDType, held: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    return this.#conversion(dtype)?.release(new Uint32Array(held.buffer)) ?? held;
  }

  /** Null where the device holds what the host does. */
  #conversion(dtype: HeldDType): Conversion | null {
    return this.elements[dtype].bytes === dtypeInfo[dtype].byteLength ? null : conversions[dtype];
  }
}

/** The float32 bits of a float16's value. */
function float16ToFloat32(bits: number): number {
  const sign = (bits & 0x8000) << 16;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return (sign | 0x7f800000 | (fraction << 13)) >>> 0;
  if (exponent > 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0;
  if (fraction === 0) return sign >>> 0;
  // Subnormal: the leading one moves to where a float32 leaves it out.
  const up = Math.clz32(fraction) - 21;
  return (sign | ((113 - up) << 23) | ((fraction << (13 + up)) & 0x7fffff)) >>> 0;
}

/** The bits of a float16 whose value a float32 holds; shaders have rounded it when they stored it. */
function float32ToFloat16(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x47800000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) return sign | ((magnitude - 0x38000000) >> 13);
  // Below 2⁻¹⁴ a float16 counts units of 2⁻²⁴; below that it is zero.
  const exponent = magnitude >> 23;
  return exponent < 103 ? sign : sign | (((magnitude & 0x7fffff) | 0x800000) >> (126 - exponent));
}
