import type { ComputeDType } from "@gradus/kernel-ir";
import { ArgumentError } from "../errors.js";

/**
 * A JavaScript value as the scalar argument of an arithmetic: 0 or 1 for bool, whole numbers for the integers (fractions are
 * cut off, as casts do).
 *
 * @throws {ArgumentError} for what the arithmetic's integers cannot hold: NaN, infinities, numbers beyond their range.
 */
export function scalarArgument(op: string, value: number | bigint | boolean, compute: ComputeDType): number | bigint {
  switch (compute) {
    case "float32":
    case "float64":
      return Number(value);
    case "bool":
      return Number(Number(value) !== 0);
    case "int32": {
      const whole = Math.trunc(Number(value));
      return whole >= -(2 ** 31) && whole < 2 ** 31 ? whole : tooLarge(op, value, compute);
    }
    case "int64": {
      if (typeof value === "bigint") return BigInt.asIntN(64, value) === value ? value : tooLarge(op, value, compute);
      const whole = Math.trunc(Number(value));
      // NaN and infinities are not in the range either.
      return whole >= -(2 ** 63) && whole < 2 ** 63 ? BigInt(whole) : tooLarge(op, value, compute);
    }
  }
}

function tooLarge(op: string, value: number | bigint | boolean, compute: ComputeDType): never {
  throw new ArgumentError(`${op}: expected a number that ${compute} can hold, got ${String(value)}; convert the tensor with to("float32")`);
}
