import { DTypeError, ShapeError } from "../errors.js";
import { broadcastShapes, sameShape, showShape } from "../shape.js";
import type { Shape } from "../shape.js";
import { checkSameDevice } from "../tensor.js";
import type { Tensor } from "../tensor.js";
import { clampMin } from "./elementwise.js";
import { record } from "./reduce.js";
import { newZeros } from "../create.js";

/** What functions that are made of other ops check before the first of them runs, so that errors name the function that was called. */

/** Live tensors on one device. */
export function checkTogether(op: string, ...tensors: readonly (Tensor | null | undefined)[]): void {
  const given = tensors.filter((x) => x !== null && x !== undefined);
  for (const x of given) x.checkUsable(op);
  checkSameDevice(op, given);
}

/** @throws {DTypeError} unless all are floating. */
export function checkFloating(op: string, ...tensors: readonly Tensor[]): void {
  for (const x of tensors) if (!x.isFloatingPoint()) throw new DTypeError(`${op}: expected a floating tensor, got ${x.dtype}; convert it with to("float32")`);
}

/** Live tensors on one device whose shapes broadcast, to the shape that is returned. */
export function checkBroadcast(op: string, ...tensors: readonly (Tensor | null | undefined)[]): Shape {
  checkTogether(op, ...tensors);
  return broadcastShapes(op, ...tensors.filter((x) => x !== null && x !== undefined).map((x) => x.shape));
}

/** @throws {ShapeError} unless `x` has the shape. */
export function checkShapeOf(op: string, name: string, x: Tensor, shape: Shape): void {
  if (!sameShape(x.shape, shape)) throw new ShapeError(`${op}: expected ${name} of shape ${showShape(shape)}, got ${showShape(x.shape)}`);
}

/** max(x, bound) whose gradient passes everywhere: for divisors that are kept from 0. */
export function keptAbove(op: string, x: Tensor, bound: number): Tensor {
  const result = clampMin(x.detach(), bound);
  record(op, [x], [result], () => ([g]) => [g ?? null]);
  return result;
}

/** A result of steps, whose gradient for `input` is zero wherever there is one. */
export function withoutSlope(op: string, result: Tensor, input: Tensor): Tensor {
  const alias = result.detach();
  const { shape } = input;
  record(op, [result, input], [alias], () => ([g]) => [g ?? null, g === null || g === undefined ? null : (): Tensor => newZeros(g, shape)]);
  return alias;
}
