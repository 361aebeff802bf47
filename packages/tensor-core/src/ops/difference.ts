import { ArgumentError, ShapeError } from "../errors.js";
import { resolveDim, showShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { cat } from "./join.js";
import { sum } from "./reduce.js";
import { cumsum } from "./scan.js";
import { narrow, reshape } from "./view.js";

/** Differences between neighbours, and areas under lines. */

export interface DiffOptions {
  /** How often to take differences; 1 by default. */
  readonly n?: number;
  readonly dim?: number;
  /** Put before and behind the elements first. */
  readonly prepend?: Tensor;
  readonly append?: Tensor;
}

/** All but the first, and all but the last along a dimension. */
const neighbours = (x: Tensor, d: number): [next: Tensor, previous: Tensor] => {
  const n = Math.max(x.shape[d]! - 1, 0);
  return [narrow(x, d, x.shape[d]! - n, n), narrow(x, d, 0, n)];
};

/** xᵢ₊₁ − xᵢ along a dimension, n times; of bools, whether they differ. @see torch.diff */
export function diff(x: Tensor, { n = 1, dim = -1, prepend, append }: DiffOptions = {}): Tensor {
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
    result = result.dtype === "bool" ? next.logicalXor(previous) : next.sub(previous);
  }
  return result === x ? x.clone() : result;
}

export interface TrapezoidOptions {
  /** Where the values stand; evenly, `dx` apart, if absent. */
  readonly x?: Tensor;
  /** 1 by default. */
  readonly dx?: number;
  readonly dim?: number;
}

/** The area under the line through the values, along a dimension: Σ (yᵢ + yᵢ₊₁)/2 · (xᵢ₊₁ − xᵢ). @see torch.trapezoid */
export function trapezoid(y: Tensor, options: TrapezoidOptions = {}): Tensor {
  const [areas, d] = trapezoids("trapezoid", y, options);
  return sum(areas, { dim: d });
}
/** The area up to each of the values but the first. @see torch.cumulative_trapezoid */
export function cumulativeTrapezoid(y: Tensor, options: TrapezoidOptions = {}): Tensor {
  const [areas, d] = trapezoids("cumulativeTrapezoid", y, options);
  return cumsum(areas, d);
}

function trapezoids(op: string, y: Tensor, { x, dx = 1, dim = -1 }: TrapezoidOptions): [areas: Tensor, dim: number] {
  if (y.ndim === 0) throw new ShapeError(`${op}: expected at least one dimension, got a scalar`);
  if (y.dtype === "bool" || x?.dtype === "bool") throw new ArgumentError(`${op}: expected numbers, got bool; convert them with to("float32")`);
  const d = resolveDim(op, dim, y.ndim);
  const [next, previous] = neighbours(y, d);
  const doubled = next.add(previous);
  if (x === undefined) return [doubled.mul(dx / 2), d];
  // One place for each value along the dimension, or one for each element.
  const places = x.ndim === 1 && y.ndim > 1 ? reshape(x, y.shape.map((_, i) => (i === d ? x.shape[0]! : 1))) : x;
  const along = places.ndim - (y.ndim - d);
  if (places.shape[along] !== y.shape[d]) throw new ShapeError(`${op}: expected ${y.shape[d]!} places along dimension ${d}, got shape ${showShape(x.shape)}`);
  const [right, left] = neighbours(places, along);
  return [doubled.mul(right.sub(left)).div(2), d];
}
