import { ArgumentError, DTypeError } from "../errors.js";
import type { Operand } from "../kernels/elementwise.js";
import type { ElementwiseOp } from "../kernels/elementwise-op.js";
import type { Chosen, ElementwiseFunction } from "../kernels/elementwise-function.js";
import { choosing } from "../kernels/elementwise-function.js";
import { refuseOptions } from "../options.js";
import type { Tensor } from "../tensor.js";

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

const isFloating = (x: Operand): boolean => (typeof x === "object" ? x.isFloatingPoint() : typeof x === "number" && !Number.isInteger(x));

/** Integers are not added in fractions. @throws {ArgumentError} if `alpha` is one and the operands are integers. */
export function checkAlpha(op: string, alpha: number | bigint, ...operands: readonly Operand[]): void {
  if (typeof alpha === "number" && !Number.isInteger(alpha) && !operands.some(isFloating)) throw new ArgumentError(`${op}: expected a whole alpha for integers, got ${alpha}`);
}

/** A factor as an op on these operands takes it: integers leave its fraction out. */
export const factorFor = (factor: number | bigint, ...operands: readonly Operand[]): number | bigint => (typeof factor === "number" && !operands.some(isFloating) ? Math.trunc(factor) : factor);

/** The function of an op for two tensors. */
export function ofTensors(op: ElementwiseOp, remedy?: string): ElementwiseFunction<[a: Tensor, b: Tensor]> {
  return choosing(op.name, (name, a: Tensor, b: Tensor, options?: undefined): Chosen => {
    refuseOptions(name, options);
    checkTensors(name, [a, b], remedy);
    return [op, a, b];
  });
}
/** The function of an op for a tensor, and a tensor or number. */
export function ofTensorAnd(op: ElementwiseOp, remedy?: string): ElementwiseFunction<[a: Tensor, b: Operand]> {
  return choosing(op.name, (name, a: Tensor, b: Operand, options?: undefined): Chosen => {
    refuseOptions(name, options);
    checkTensors(name, [a], remedy);
    return [op, a, b];
  });
}
