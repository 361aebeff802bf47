import { ShapeError } from "./errors.js";

/** Sizes of the dimensions of a tensor. The empty shape is that of a single number. */
export type Shape = readonly number[];

/** `[2, 3]`, as errors and printing show a shape. */
export const showShape = (shape: Shape): string => `[${shape.join(", ")}]`;

/** Number of elements: the product of the sizes, 1 for the empty shape. */
export function numelOf(shape: Shape): number {
  let count = 1;
  for (const size of shape) count *= size;
  return count;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** As many dimensions as PyTorch reduces. */
function checkRank(op: string, rank: number): void {
  if (rank > 64) throw new ShapeError(`${op}: expected at most 64 dimensions, got ${String(rank)}`);
}

/** The dimension that `dim` means in a tensor of `rank` dimensions; negative ones count from the end. */
export function resolveDim(op: string, dim: number, rank: number): number {
  checkRank(op, rank);
  const bound = Math.max(rank, 1);
  if (!Number.isInteger(dim) || dim < -bound || dim >= bound) {
    throw new ShapeError(`${op}: expected a dimension in [${String(-bound)}, ${String(bound - 1)}], got ${String(dim)}`);
  }
  return dim < 0 ? dim + bound : dim;
}

/** The dimensions that `dims` means, each at most once; undefined, null or the empty list mean all, as in PyTorch. */
export function resolveDims(op: string, dims: number | readonly number[] | null | undefined, rank: number): number[] {
  checkRank(op, rank);
  const listed = typeof dims === "number" ? [dims] : (dims ?? []);
  if (listed.length === 0) return Array.from({ length: rank }, (_, i) => i);
  const resolved = listed.map((dim) => resolveDim(op, dim, rank));
  if (new Set(resolved).size !== resolved.length) throw new ShapeError(`${op}: expected each dimension once, got [${listed.join(", ")}]`);
  return rank === 0 ? [] : resolved;
}

/** Checks that `shape` is a list of non-negative whole numbers whose product can be addressed. */
export function checkShape(op: string, shape: Shape): void {
  let count = 1;
  for (const size of shape) {
    if (!Number.isInteger(size) || size < 0) throw new ShapeError(`${op}: expected sizes that are whole and not negative, got ${showShape(shape)}`);
    count *= size;
  }
  if (count > 2 ** 31 - 1) throw new ShapeError(`${op}: expected at most 2147483647 elements, got ${showShape(shape)} (${String(count)}); split the tensor`);
}

/** The shape that all of `shapes` broadcast to: aligned at the last dimension, sizes equal or 1. */
export function broadcastShapes(op: string, ...shapes: readonly Shape[]): Shape {
  const [first = [], second = first] = shapes;
  if (shapes.length <= 2 && sameShape(first, second)) return first;
  const rank = Math.max(...shapes.map((shape) => shape.length));
  const result = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    const lead = rank - shape.length;
    shape.forEach((size, i) => {
      const known = result[lead + i] ?? 1;
      if (size === known || size === 1) return;
      if (known !== 1) {
        throw new ShapeError(
          `${op}: expected shapes that broadcast, got ${shapes.map(showShape).join(" and ")} (${String(known)} vs ${String(size)} at dimension ${String(lead + i)}); sizes must be equal or 1`,
        );
      }
      result[lead + i] = size;
    });
  }
  return result;
}
