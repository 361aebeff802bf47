import { ArgumentError, DTypeError } from "../errors.js";
import type { Operand } from "../kernels/elementwise.js";

/** Which operands elementwise ops take, where PyTorch is stricter than the formulas. */

/** PyTorch takes numbers where Python has an operator, and tensors elsewhere. @throws {ArgumentError} for a number. */
export function checkTensors(op: string, operands: readonly Operand[], remedy = ""): void {
  for (const operand of operands) if (typeof operand !== "object") throw new ArgumentError(`${op}: expected a tensor, got ${String(operand)}${remedy}`);
}

/** Bools are not subtracted, nor from numbers either. @throws {DTypeError} if an operand is bool. */
export function checkSubtraction(op: string, ...operands: readonly Operand[]): void {
  if (operands.some((x) => (typeof x === "object" ? x.dtype === "bool" : typeof x === "boolean"))) {
    throw new DTypeError(`${op}: expected operands that are not bool, got bool; use logicalNot to invert a mask, or convert it with to("int64")`);
  }
}

export interface RoundOptions {
  /** Digits to keep after the point; negative ones before it. */
  readonly decimals?: number;
}

/** The entry of the op table that rounds to so many decimals, and the scale that it takes. */
export const roundingOf = ({ decimals = 0 }: RoundOptions = {}): readonly ["round"] | readonly ["roundAfterPoint" | "roundBeforePoint", number] =>
  decimals === 0 ? ["round"] : [decimals > 0 ? "roundAfterPoint" : "roundBeforePoint", 10 ** Math.abs(decimals)];

/** What becomes of the fraction of a quotient. */
export type RoundingMode = "trunc" | "floor" | null;

/** The entry of the op table that divides so. */
export function divisionName(op: string, roundingMode: RoundingMode = null): "div" | "divTrunc" | "divFloor" {
  switch (roundingMode) {
    case null:
      return "div";
    case "trunc":
      return "divTrunc";
    case "floor":
      return "divFloor";
    default:
      throw new ArgumentError(`${op}: expected roundingMode "trunc" or "floor", or none, got ${String(roundingMode)}`);
  }
}
