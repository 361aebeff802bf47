import { dtypeInfo } from "@gradus/kernel-ir";
import { canReadAtOnce } from "../awaited-reads.js";
import { ArgumentError, DeviceError, DTypeError, ShapeError } from "../errors.js";
import { optionsOf } from "../options.js";
import type { Options } from "../options.js";
import { sameShape, showShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { add, clampMax, div, eq, floor, ge, le, logicalAnd, mul, sub, where } from "./elementwise.js";
import { aminmax } from "./reduce.js";
import { reshape } from "./view.js";
import { toDType } from "./copy.js";
import { newOnes, newTensor, newZeros } from "../create.js";
import { scatterAdd } from "./index-ops.js";

/** Counting elements by value. */

export const BincountOptions = class {
  /** What each element counts, in place of 1. */
  readonly weights?: Tensor;
  /** The least length of the result. */
  readonly minlength?: number;
};
export type BincountOptions = Options<typeof BincountOptions>;

/**
 * How often each of 0, 1, 2 … occurs, up to the largest element.
 *
 * @param x - Non-negative integers, `[N]`.
 * @returns int64; the weights' type if they are float32, else float64, with weights.
 * @throws {DeviceError} on a device that cannot be read at once, because the length of the result depends on values.
 * @see torch.bincount
 * @example
 * bincount(tensor([0, 2, 2], { dtype: "int64" })).toArraySync(); // [1, 0, 2]
 */
export function bincount(x: Tensor, options?: BincountOptions): Tensor {
  const { weights, minlength = 0 } = optionsOf("bincount", BincountOptions, options);
  if (dtypeInfo[x.dtype].kind !== "int") throw new DTypeError(`bincount: expected integers, got ${x.dtype}`);
  if (x.ndim !== 1) throw new ShapeError(`bincount: expected a vector, got shape ${showShape(x.shape)}`);
  if (!Number.isInteger(minlength) || minlength < 0) throw new ArgumentError(`bincount: expected minlength >= 0, got ${minlength}`);
  if (weights !== undefined && !sameShape(weights.shape, x.shape)) throw new ShapeError(`bincount: expected weights of shape ${showShape(x.shape)}, got ${showShape(weights.shape)}`);
  if (!canReadAtOnce(x.device)) throw new DeviceError(`bincount: device "${x.device.name}" cannot be read at once, which the length of the result needs; use zeros([n]).scatterAdd(0, x, ones), or \`await awaitReads(() => …)\``);
  const places = toDType(x, "int64");
  const extremes = x.numel() === 0 ? undefined : aminmax(places);
  const least = extremes?.min.itemSync() ?? 0;
  const most = extremes?.max.itemSync() ?? -1;
  if (least < 0) throw new ArgumentError(`bincount: expected integers that are not negative, got ${least}`);
  const counted = weights === undefined ? newOnes(places, x.shape) : weights.dtype === "float32" ? weights : toDType(weights, "float64");
  return scatterAdd(newZeros(counted, [Math.max(minlength, most + 1)]), 0, places, counted.detach());
}

export const HistcOptions = class {
  /** 100 by default. */
  readonly bins?: number;
  /** The range that the bins divide evenly; that of the elements if both are equal, as by default. */
  readonly min?: number;
  readonly max?: number;
};
export type HistcOptions = Options<typeof HistcOptions>;

/** How many elements lie in each of evenly wide bins; those outside of the range and NaN count nowhere. @see torch.histc */
export function histc(x: Tensor, options?: HistcOptions): Tensor {
  const { bins = 100, min = 0, max: most = 0 } = optionsOf("histc", HistcOptions, options);
  if (!x.isFloatingPoint()) throw new DTypeError(`histc: expected a floating tensor, got ${x.dtype}; convert it with to("float32")`);
  if (!Number.isInteger(bins) || bins < 1) throw new ArgumentError(`histc: expected at least one bin, got ${bins}`);
  if (!Number.isFinite(min) || !Number.isFinite(most)) throw new ArgumentError(`histc: expected a finite range, got from ${min} to ${most}`);
  if (min > most) throw new ArgumentError(`histc: expected min <= max, got from ${min} to ${most}`);
  const flat = reshape(x.detach(), [-1]);
  const result = newZeros(flat, [bins]);
  if (flat.numel() === 0) return result;
  const [low, high] = min === most ? rangeOf(flat) : [newTensor(flat, min, { dtype: x.dtype }), newTensor(flat, most, { dtype: x.dtype })];
  const place = clampMax(floor(mul(div(sub(flat, low), sub(high, low)), bins)), bins - 1);
  const inside = logicalAnd(ge(flat, low), le(flat, high));
  return scatterAdd(result, 0, toDType(where(inside, place, 0), "int64"), toDType(inside, x.dtype));
}

/** From the smallest to the largest element, or one to either side where they are equal. */
function rangeOf(x: Tensor): [low: Tensor, high: Tensor] {
  const { min: least, max: most } = aminmax(x);
  const flat = eq(least, most);
  return [where(flat, sub(least, 1), least), where(flat, add(most, 1), most)];
}
