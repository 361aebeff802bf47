import { ArgumentError, DTypeError, ShapeError } from "../errors.js";
import { optionsOf } from "../options.js";
import type { Options } from "../options.js";
import { resolveDim, resolveDims, showShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { cat } from "./join.js";
import { sum } from "./reduce.js";
import { cumsum } from "./scan.js";
import { narrow, reshape } from "./view.js";
import { add, clone, div, logicalXor, mul, neg, sub } from "./elementwise.js";
import { newFull } from "../create.js";

/** Differences between neighbours, and areas under lines. */

export const DiffOptions = class {
  /** How often to take differences; 1 by default. */
  readonly n?: number;
  readonly dim?: number;
  /** Put before and behind the elements first. */
  readonly prepend?: Tensor;
  readonly append?: Tensor;
};
export type DiffOptions = Options<typeof DiffOptions>;

/** All but the first, and all but the last along a dimension. */
const neighbours = (x: Tensor, d: number): [next: Tensor, previous: Tensor] => {
  const n = Math.max(x.shape[d]! - 1, 0);
  return [narrow(x, d, x.shape[d]! - n, n), narrow(x, d, 0, n)];
};

/** xᵢ₊₁ − xᵢ along a dimension, n times; of bools, whether they differ. @see torch.diff */
export function diff(x: Tensor, options?: DiffOptions): Tensor {
  const { n = 1, dim = -1, prepend, append } = optionsOf("diff", DiffOptions, options);
  if (!Number.isInteger(n) || n < 0) throw new ArgumentError(`diff: expected n >= 0, got ${n}`);
  if (x.ndim === 0) throw new ShapeError("diff: expected at least one dimension, got a scalar");
  const d = resolveDim("diff", dim, x.ndim);
  for (const end of [prepend, append]) {
    if (end === undefined) continue;
    if (end.ndim !== x.ndim || end.shape.some((size, i) => i !== d && size !== x.shape[i])) {
      throw new ShapeError(`diff: expected what is prepended or appended to have the shape ${showShape(x.shape)} but for dimension ${d}, got ${showShape(end.shape)}`);
    }
  }
  let result = prepend === undefined && append === undefined ? x : cat([prepend, x, append].filter((part) => part !== undefined), d);
  for (let i = 0; i < n; i++) {
    const [next, previous] = neighbours(result, d);
    result = result.dtype === "bool" ? logicalXor(next, previous) : sub(next, previous);
  }
  return result === x ? clone(x) : result;
}

export const TrapezoidOptions = class {
  /** Where the values stand; evenly, `dx` apart, if absent. */
  readonly x?: Tensor;
  /** 1 by default. */
  readonly dx?: number;
  readonly dim?: number;
};
export type TrapezoidOptions = Options<typeof TrapezoidOptions>;

/** The area under the line through the values, along a dimension: Σ (yᵢ + yᵢ₊₁)/2 · (xᵢ₊₁ − xᵢ). @see torch.trapezoid */
export function trapezoid(y: Tensor, options?: TrapezoidOptions): Tensor {
  const [areas, d] = trapezoids("trapezoid", y, optionsOf("trapezoid", TrapezoidOptions, options));
  return sum(areas, { dim: d });
}
/** The area up to each of the values but the first. @see torch.cumulative_trapezoid */
export function cumulativeTrapezoid(y: Tensor, options?: TrapezoidOptions): Tensor {
  const [areas, d] = trapezoids("cumulativeTrapezoid", y, optionsOf("cumulativeTrapezoid", TrapezoidOptions, options));
  return cumsum(areas, d);
}

function trapezoids(op: string, y: Tensor, { x, dx = 1, dim = -1 }: TrapezoidOptions): [areas: Tensor, dim: number] {
  if (y.ndim === 0) throw new ShapeError(`${op}: expected at least one dimension, got a scalar`);
  if (y.dtype === "bool" || x?.dtype === "bool") throw new ArgumentError(`${op}: expected numbers, got bool; convert them with to("float32")`);
  const d = resolveDim(op, dim, y.ndim);
  const [next, previous] = neighbours(y, d);
  const doubled = add(next, previous);
  if (x === undefined) return [mul(doubled, dx / 2), d];
  // One place for each value along the dimension, or one for each element.
  const places = x.ndim === 1 && y.ndim > 1 ? reshape(x, y.shape.map((_, i) => (i === d ? x.shape[0]! : 1))) : x;
  const along = places.ndim - (y.ndim - d);
  if (places.shape[along] !== y.shape[d]) throw new ShapeError(`${op}: expected ${y.shape[d]!} places along dimension ${d}, got shape ${showShape(x.shape)}`);
  const [right, left] = neighbours(places, along);
  return [div(mul(doubled, sub(right, left)), 2), d];
}

export const GradientOptions = class {
  /** How far apart neighbours are: one number, one for each dimension, or the places themselves for each. 1 by default. */
  readonly spacing?: number | readonly number[] | readonly Tensor[];
  /** All by default. */
  readonly dim?: number | readonly number[];
  /** How exact the ends are: 1 (the default) or 2. */
  readonly edgeOrder?: number;
};
export type GradientOptions = Options<typeof GradientOptions>;

/**
 * How fast the values change along dimensions: the slope of a parabola through three neighbours, at the ends that of a line or,
 * with `edgeOrder` 2, of a parabola as well.
 *
 * @returns one tensor for each dimension.
 * @see torch.gradient
 * @example
 * gradient(tensor([1, 2, 4, 8]))[0]?.toArraySync(); // [1, 1.5, 3, 4]
 */
export function gradient(x: Tensor, options?: GradientOptions): Tensor[] {
  const { spacing = 1, dim, edgeOrder = 1 } = optionsOf("gradient", GradientOptions, options);
  if (edgeOrder !== 1 && edgeOrder !== 2) throw new ArgumentError(`gradient: expected edgeOrder 1 or 2, got ${edgeOrder}`);
  if (x.dtype === "uint8" || x.dtype === "bool") throw new DTypeError(`gradient: expected signed numbers, got ${x.dtype}; convert them with to("float32")`);
  const dims = resolveDims("gradient", dim, x.ndim);
  const distances = typeof spacing === "number" ? dims.map(() => spacing) : spacing;
  if (distances.length !== dims.length) throw new ArgumentError(`gradient: expected a spacing for each of ${dims.length} dimensions, got ${distances.length}`);
  dims.forEach((d, i) => {
    const places = distances[i];
    if (x.shape[d]! < edgeOrder + 1) throw new ShapeError(`gradient: expected at least ${edgeOrder + 1} elements along dimension ${d}, got shape ${showShape(x.shape)}`);
    if (typeof places === "object" && (places.ndim !== 1 || places.shape[0] !== x.shape[d])) throw new ShapeError(`gradient: expected ${x.shape[d]!} places along dimension ${d}, got shape ${showShape(places.shape)}`);
  });
  return dims.map((d, i) => slopes(x, d, distances[i]!, edgeOrder));
}

function slopes(x: Tensor, d: number, spacing: number | Tensor, edgeOrder: 1 | 2): Tensor {
  const n = x.shape[d]!;
  // Distances between neighbours, shaped to lie along the dimension.
  const distances = typeof spacing === "number" ? newFull(x, [n - 1], spacing, { dtype: x.isFloatingPoint() ? x.dtype : "float32" }) : diff(spacing);
  const steps = reshape(distances, x.shape.map((_, i) => (i === d ? n - 1 : 1)));
  const line = (start: number): Tensor => div(sub(narrow(x, d, start + 1, 1), narrow(x, d, start, 1)), narrow(steps, d, start, 1));
  const parabola = (start: number, length: number, place: Place): Tensor => {
    const weights = slopeOfParabola[place](narrow(steps, d, start, length), narrow(steps, d, start + 1, length));
    return weights.map((weight, i) => mul(narrow(x, d, start + i, length), weight)).reduce((sum, term) => add(sum, term));
  };
  const ends = edgeOrder === 1 ? [line(0), line(n - 2)] : [parabola(0, 1, "first"), parabola(n - 3, 1, "last")];
  return cat(n > 2 ? [ends[0]!, parabola(0, n - 2, "middle"), ends[1]!] : ends, d);
}

type Place = "first" | "middle" | "last";

/** What three values count in the slope, at one of them, of the parabola through them; a and b are the distances between them. */
const slopeOfParabola: Readonly<Record<Place, (a: Tensor, b: Tensor) => readonly Tensor[]>> = {
  first: (a, b) => [div(neg(add(mul(a, 2), b)), mul(a, add(a, b))), div(add(a, b), mul(a, b)), div(neg(a), mul(b, add(a, b)))],
  middle: (a, b) => [div(neg(b), mul(a, add(a, b))), div(sub(b, a), mul(a, b)), div(a, mul(b, add(a, b)))],
  last: (a, b) => [div(b, mul(a, add(a, b))), div(neg(add(a, b)), mul(a, b)), div(add(mul(b, 2), a), mul(b, add(a, b)))],
};
