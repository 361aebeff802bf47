import type { DType } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import type { Interval } from "./cases/case.js";
import { decode, encode } from "./compare.js";

/** Multiples of these, taken modulo 1, fill an interval evenly and never repeat. */
const irrationals = [0.6180339887498949, 0.7548776662466927, 0.8191725133961645, 0.8566748838545029];

/**
 * `count` numbers of an interval that an element type holds exactly, the same each time.
 *
 * @param stream - Different streams give different numbers.
 */
export function sample(dtype: DType, [low, high]: Interval, count: number, stream = 0): number[] {
  const { kind } = dtypeInfo[dtype];
  const at = (i: number): number => ((i + 1) * irrationals[stream % irrationals.length]! + 0.137 * stream) % 1;
  const values = Array.from({ length: count }, (_, i) => {
    if (kind === "bool") return Math.round(at(i));
    if (kind === "float") return low + at(i) * (high - low);
    const least = Math.ceil(dtype === "uint8" ? Math.max(low, 0) : low);
    return least + Math.floor(at(i) * (Math.floor(high) - least + 1));
  });
  return stored(dtype, values);
}

/** Numbers as an element type holds them. */
export const stored = (dtype: DType, values: readonly number[]): number[] =>
  decode(dtype, encode(dtype, dtypeInfo[dtype].kind === "int" ? values.map(Math.trunc) : values)).map(Number);
