import { canReadAtOnce } from "../awaited-reads.js";
import { ArgumentError, DTypeError, ShapeError } from "../errors.js";
import { DimOptions, optionsOf } from "../options.js";
import type { Options } from "../options.js";
import { resolveDim, showShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { ceil, clampMin, div, floor, isnan, lerp, logicalNot, mul, round, sub, where } from "./elementwise.js";
import { gather } from "./index-ops.js";
import { movedim } from "./rearrange.js";
import type { ValuesAndIndices } from "./reduce.js";
import { any, sum } from "./reduce.js";
import { sort } from "./sort.js";
import { contiguous, reshape, select, squeeze, unsqueeze } from "./view.js";
import { newTensor } from "../create.js";
import { toDType } from "./copy.js";
import { frac } from "./elementwise/representation.js";

/** What sorted rows tell: quantiles, and medians without NaN. */

export const QuantileOptions = class extends DimOptions {
  /** What lies between two elements: a straight line (the default), either of them, the nearer one, or their mean. */
  readonly interpolation?: "linear" | "lower" | "higher" | "nearest" | "midpoint";
};
export type QuantileOptions = Options<typeof QuantileOptions>;

/**
 * The value below which a fraction `q` of the elements lies, of all or along a dimension; NaN where an element is NaN.
 *
 * @param q - One fraction in [0, 1], or a vector of them, which becomes the first dimension of the result.
 * @throws {DTypeError} unless x is float32 or float64, and q of the same type.
 * @see torch.quantile
 * @example
 * quantile(tensor([0, 10]), 0.25).itemSync(); // 2.5
 */
export const quantile = (x: Tensor, q: number | Tensor, options?: QuantileOptions): Tensor => quantiles("quantile", x, q, optionsOf("quantile", QuantileOptions, options));
/** The same of the elements that are not NaN. @see torch.nanquantile */
export const nanquantile = (x: Tensor, q: number | Tensor, options?: QuantileOptions): Tensor => quantiles("nanquantile", x, q, optionsOf("nanquantile", QuantileOptions, options));

const interpolations: readonly NonNullable<QuantileOptions["interpolation"]>[] = ["linear", "lower", "higher", "nearest", "midpoint"];

function quantiles(op: "quantile" | "nanquantile", x: Tensor, q: number | Tensor, { dim, keepdim = false, interpolation = "linear" }: QuantileOptions): Tensor {
  if (x.dtype !== "float32" && x.dtype !== "float64") throw new DTypeError(`${op}: expected a float32 or float64 tensor, got ${x.dtype}`);
  if (x.numel() === 0) throw new ShapeError(`${op}: expected at least one element, got shape ${showShape(x.shape)}`);
  if (!interpolations.includes(interpolation)) throw new ArgumentError(`${op}: expected interpolation ${interpolations.map((name) => `"${name}"`).join(", ")}, got ${interpolation as string}`);
  if (typeof q === "number" && !(q >= 0 && q <= 1)) throw new ArgumentError(`${op}: expected q in [0, 1], got ${q}`);
  if (typeof q === "object") {
    if (q.ndim > 1) throw new ShapeError(`${op}: expected q as a number or a vector, got shape ${showShape(q.shape)}`);
    if (q.dtype !== x.dtype) throw new DTypeError(`${op}: expected q of type ${x.dtype}, got ${q.dtype}; convert it with to()`);
    checkFractions(op, q);
  }
  const d = dim === undefined ? undefined : resolveDim(op, dim, x.ndim);
  // Rows last: [kept…, n].
  const rows = d === undefined || x.ndim === 0 ? reshape(x, [-1]) : movedim(x, d, -1);
  const sorted = sort(rows).values;
  const last = rows.shape.at(-1)! - 1;
  const fractions = typeof q === "object" ? reshape(q.detach(), [-1]) : newTensor(x, [q], { dtype: x.dtype });
  const nan = isnan(rows.detach());
  // NaN is sorted to the end: a row that has one is read there, or ends before it.
  const ranks = op === "quantile"
    ? where(any(nan, { dim: -1, keepdim: true }), last, mul(fractions, last))
    : clampMin(mul(fractions, sub(sum(logicalNot(nan), { dim: -1, keepdim: true }), 1)), 0);
  const [below, weight] = between(ranks, interpolation);
  const at = (index: Tensor): Tensor => gather(sorted, -1, toDType(index, "int64"));
  const values = weight === null ? at(below) : lerp(at(below), at(ceil(ranks)), weight);
  // [kept…, Q] → [Q, kept…], with the reduced dimension back where it was.
  const first = movedim(values, -1, 0);
  const kept = keepdim ? (d === undefined || x.ndim === 0 ? reshape(first, [first.shape[0]!, ...x.shape.map(() => 1)]) : unsqueeze(first, d + 1)) : first;
  return typeof q === "object" && q.ndim === 1 ? kept : select(kept, 0, 0);
}

/** q may only be looked at where the device can be read at once. */
function checkFractions(op: string, q: Tensor): void {
  if (!canReadAtOnce(q.device)) return;
  for (const value of contiguous(q.detach()).readSync()) if (!(value >= 0 && value <= 1)) throw new ArgumentError(`${op}: expected q in [0, 1], got ${String(value)}`);
}

/** The rank to read, and how far to go from it to the next one; null if not at all. */
function between(ranks: Tensor, interpolation: NonNullable<QuantileOptions["interpolation"]>): [below: Tensor, weight: Tensor | number | null] {
  switch (interpolation) {
    case "lower":
      return [floor(ranks), null];
    case "higher":
      return [ceil(ranks), null];
    case "nearest":
      return [round(ranks), null];
    case "midpoint":
      return [floor(ranks), 0.5];
    case "linear":
      return [floor(ranks), frac(ranks)];
  }
}

/** The lower of the two middle elements that are not NaN, of all or along a dimension. @see torch.nanmedian */
export function nanmedian(x: Tensor): Tensor;
export function nanmedian(x: Tensor, options: DimOptions & { readonly dim: number }): ValuesAndIndices;
export function nanmedian(x: Tensor, options?: DimOptions): Tensor | ValuesAndIndices {
  if (options?.dim === undefined) {
    if (x.numel() === 0) return newTensor(x, x.isFloatingPoint() ? NaN : 0, { dtype: x.dtype });
    return nanmedian(reshape(x, [-1]), { dim: 0 }).values;
  }
  const d = resolveDim("nanmedian", options.dim, x.ndim);
  if (x.shape[d] === 0) throw new ShapeError(`nanmedian: expected at least one element along dimension ${d}, got shape ${showShape(x.shape)}`);
  const rows = x.ndim === 0 ? reshape(x, [1]) : movedim(x, d, -1);
  const count = sum(logicalNot(isnan(rows.detach())), { dim: -1, keepdim: true });
  const rank = clampMin(div(sub(count, 1), 2, { roundingMode: "trunc" }), 0);
  return chosen(x, rows, gather(sort(rows.detach()).indices, -1, rank), d, options.keepdim ?? false);
}

/** Values and positions where `index` ([kept…, 1]) points in rows, in the shape that a reduction of x has. */
function chosen(x: Tensor, rows: Tensor, index: Tensor, d: number, keepdim: boolean): ValuesAndIndices {
  const shaped = (t: Tensor): Tensor => (x.ndim === 0 ? select(t, 0, 0) : keepdim ? movedim(t, -1, d) : squeeze(t, -1));
  return { values: shaped(gather(rows, -1, index)), indices: shaped(index) };
}
