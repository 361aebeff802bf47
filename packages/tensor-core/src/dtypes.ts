import type { DType, FloatDType, IntDType } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import { DTypeError } from "./errors.js";

/** Whether a string names an element type. */
export const isDType = (name: string): name is DType => Object.hasOwn(dtypeInfo, name);

/** What a floating type can represent. */
export interface FloatInfo {
  readonly dtype: FloatDType;
  readonly bits: number;
  /** Distance from 1 to the next larger number. */
  readonly eps: number;
  /** The largest finite number; the smallest is `min`. */
  readonly max: number;
  readonly min: number;
  /** The smallest positive number of full precision, which PyTorch also calls `smallest_normal`. */
  readonly tiny: number;
  readonly smallestNormal: number;
  /** The decimal digits that survive: 10^−digits. */
  readonly resolution: number;
}

const floatInfo = (dtype: FloatDType, bits: number, fractionBits: number, maxExponent: number, digits: number): FloatInfo => {
  // Written so that no power overflows.
  const max = (2 - 2 ** -fractionBits) * 2 ** maxExponent;
  const tiny = 2 ** (1 - maxExponent);
  return { dtype, bits, eps: 2 ** -fractionBits, max, min: -max, tiny, smallestNormal: tiny, resolution: Number(`1e-${String(digits)}`) };
};
const floats: Readonly<Record<FloatDType, FloatInfo>> = {
  float64: /* @__PURE__ */ floatInfo("float64", 64, 52, 1023, 15),
  float32: /* @__PURE__ */ floatInfo("float32", 32, 23, 127, 6),
  float16: /* @__PURE__ */ floatInfo("float16", 16, 10, 15, 3),
  bfloat16: /* @__PURE__ */ floatInfo("bfloat16", 16, 7, 127, 2),
};

/**
 * What a floating type can represent.
 *
 * @throws {DTypeError} for other types.
 * @see torch.finfo
 * @example
 * finfo("float32").eps; // 1.1920928955078125e-7
 */
export function finfo(dtype: DType = "float32"): FloatInfo {
  if (!(dtype in floats)) throw new DTypeError(`finfo: expected a floating type, got ${dtype}; use iinfo for integers`);
  return floats[dtype as FloatDType];
}

/** What an integer type can represent: bigints for int64. */
export interface IntInfo {
  readonly dtype: IntDType;
  readonly bits: number;
  readonly min: number | bigint;
  readonly max: number | bigint;
}

/**
 * What an integer type can represent.
 *
 * @throws {DTypeError} for other types.
 * @see torch.iinfo
 * @example
 * iinfo("int64").max; // 9223372036854775807n
 */
export function iinfo(dtype: DType): IntInfo {
  const { kind, byteLength } = dtypeInfo[dtype];
  if (kind !== "int") throw new DTypeError(`iinfo: expected an integer type, got ${dtype}; use finfo for floats`);
  const bits = 8 * byteLength;
  const own = dtype as IntDType;
  if (own === "int64") return { dtype: own, bits, min: -(2n ** 63n), max: 2n ** 63n - 1n };
  return own === "uint8" ? { dtype: own, bits, min: 0, max: 2 ** bits - 1 } : { dtype: own, bits, min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 };
}
