import { ShapeError } from "./errors.js";
import type { Shape } from "./shape.js";
import { numelOf, sameShape, showShape } from "./shape.js";

/** Strides of a row-major layout of `shape`, in elements. */
function contiguousStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= Math.max(shape[i] ?? 1, 1);
  }
  return strides;
}

/**
 * How a tensor's elements lie in its storage: element (i₀, i₁, …) stands at `offset + Σ iₖ · stridesₖ`. A value: views
 * and broadcasts are new layouts of the same storage, and every question about them is answered here.
 */
export class Layout {
  readonly numel: number;
  /** Row-major without gaps, whatever the offset. */
  readonly isContiguous: boolean;

  constructor(
    readonly shape: Shape,
    readonly strides: readonly number[],
    readonly offset = 0,
  ) {
    this.numel = numelOf(shape);
    this.isContiguous = isRowMajor(shape, strides, this.numel);
  }

  static contiguous(shape: Shape): Layout {
    return new Layout(shape, contiguousStrides(shape), 0);
  }

  get rank(): number {
    return this.shape.length;
  }

  /** Elements of storage that this layout can reach: one past the last. */
  get extent(): number {
    if (this.numel === 0) return this.offset;
    return this.shape.reduce((last, size, i) => last + (size - 1) * (this.strides[i] ?? 0), this.offset) + 1;
  }

  /** Two places name one element: an expanded dimension. */
  get overlaps(): boolean {
    return this.shape.some((size, i) => size > 1 && this.strides[i] === 0) || mayOverlap(this);
  }

  /** Each element has a place of its own and there are no gaps, in whatever order the dimensions run. */
  get isDense(): boolean {
    return !this.overlaps && this.extent - this.offset === this.numel;
  }

  equals(other: Layout): boolean {
    return this.offset === other.offset && sameShape(this.shape, other.shape) && sameShape(this.strides, other.strides);
  }

  /** The same elements seen as `shape`, which they broadcast to: new and size-1 dimensions get stride 0. */
  expand(op: string, shape: Shape): Layout {
    const lead = shape.length - this.rank;
    if (lead < 0) throw new ShapeError(`${op}: expected at least ${String(this.rank)} dimensions for a tensor of shape ${showShape(this.shape)}, got ${showShape(shape)}`);
    const strides = shape.map((size, i) => {
      const own = this.shape[i - lead];
      if (i < lead || own === undefined) return 0;
      if (own === size) return this.strides[i - lead] ?? 0;
      if (own === 1) return 0;
      throw new ShapeError(`${op}: expected a shape that ${showShape(this.shape)} broadcasts to, got ${showShape(shape)} (${String(own)} vs ${String(size)} at dimension ${String(i)})`);
    });
    return new Layout(shape, strides, this.offset);
  }

  permute(order: readonly number[]): Layout {
    return new Layout(order.map((d) => this.shape[d] ?? 0), order.map((d) => this.strides[d] ?? 0), this.offset);
  }

  /** Positions `start, start + step, …` (`length` of them) along one dimension. */
  slice(dim: number, start: number, length: number, step = 1): Layout {
    const shape = this.shape.map((size, i) => (i === dim ? length : size));
    const strides = this.strides.map((stride, i) => (i === dim ? stride * step : stride));
    return new Layout(shape, strides, length === 0 ? this.offset : this.offset + start * (this.strides[dim] ?? 0));
  }

  /** One position along a dimension, which goes away. */
  select(dim: number, index: number): Layout {
    const drop = (_: number, i: number): boolean => i !== dim;
    return new Layout(this.shape.filter(drop), this.strides.filter(drop), this.offset + index * (this.strides[dim] ?? 0));
  }

  squeeze(dims: readonly number[]): Layout {
    const keep = (_: number, i: number): boolean => !(dims.includes(i) && this.shape[i] === 1);
    return new Layout(this.shape.filter(keep), this.strides.filter(keep), this.offset);
  }

  unsqueeze(dim: number): Layout {
    const stride = (this.shape[dim] ?? 1) * (this.strides[dim] ?? 1);
    return new Layout(
      [...this.shape.slice(0, dim), 1, ...this.shape.slice(dim)],
      [...this.strides.slice(0, dim), stride, ...this.strides.slice(dim)],
      this.offset,
    );
  }

  /**
   * The same elements in the same order under another shape, or null where that needs a copy. Each group of dimensions
   * that are contiguous with each other can be split and merged freely.
   */
  view(shape: Shape): Layout | null {
    if (this.isContiguous) return new Layout(shape, contiguousStrides(shape), this.offset);
    if (this.numel === 0) return new Layout(shape, contiguousStrides(shape), this.offset);
    const strides = new Array<number>(shape.length).fill(0);
    // From the last dimension backwards: `chunk` elements lie `base` apart; new dimensions take from it until it is used up.
    let target = shape.length - 1;
    let chunk = 1;
    let base = this.strides.at(-1) ?? 1;
    for (let dim = this.rank - 1; dim >= 0; dim--) {
      chunk *= this.shape[dim] ?? 1;
      const next = dim > 0 ? (this.strides[dim - 1] ?? 0) : null;
      const ends = next === null || ((this.shape[dim - 1] ?? 1) !== 1 && next !== chunk * base);
      if (!ends) continue;
      let taken = 1;
      while (target >= 0 && (taken < chunk || shape[target] === 1)) {
        strides[target] = taken * base;
        taken *= shape[target] ?? 1;
        target--;
      }
      if (taken !== chunk) return null;
      if (next !== null) {
        chunk = 1;
        base = next;
      }
    }
    return target === -1 ? new Layout(shape, strides, this.offset) : null;
  }
}

function isRowMajor(shape: Shape, strides: readonly number[], numel: number): boolean {
  if (numel <= 1) return true;
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const size = shape[i] ?? 1;
    if (size !== 1) {
      if (strides[i] !== step) return false;
      step *= size;
    }
  }
  return true;
}

/** Conservative: false only where sorted strides show that every dimension steps over all smaller ones. */
function mayOverlap(layout: Layout): boolean {
  if (layout.isContiguous) return false;
  const dims = layout.shape
    .map((size, i) => ({ size, stride: Math.abs(layout.strides[i] ?? 0) }))
    .filter(({ size }) => size > 1)
    .sort((a, b) => a.stride - b.stride);
  let reach = 0;
  for (const { size, stride } of dims) {
    if (stride <= reach) return true;
    reach += (size - 1) * stride;
  }
  return false;
}

/** The full shape that `shape` means when one entry may be −1, for `numel` elements. */
export function inferShape(op: string, shape: Shape, numel: number, from: Shape): number[] {
  const unknown = shape.indexOf(-1);
  const rest = shape.reduce((product, size, i) => (i === unknown ? product : product * size), 1);
  if (shape.some((size, i) => !Number.isInteger(size) || (size < 0 && i !== unknown))) {
    throw new ShapeError(`${op}: expected whole sizes with at most one -1, got ${showShape(shape)}`);
  }
  if (unknown === -1) {
    if (rest !== numel) throw new ShapeError(`${op}: expected a shape of ${String(numel)} elements for ${showShape(from)}, got ${showShape(shape)} (${String(rest)})`);
    return [...shape];
  }
  if (rest === 0) throw new ShapeError(`${op}: expected a size that can be inferred, got ${showShape(shape)} for ${String(numel)} elements; write the size instead of -1`);
  if (numel % rest !== 0) throw new ShapeError(`${op}: expected a shape of ${String(numel)} elements for ${showShape(from)}, got ${showShape(shape)}; ${String(numel)} is not divisible by ${String(rest)}`);
  return shape.map((size, i) => (i === unknown ? numel / rest : size));
}
