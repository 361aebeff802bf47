import type { ComputeDType, DType } from "@gradus/kernel-ir";
import { allocate } from "../ops/copy.js";
import { Layout } from "../layout.js";
import type { Shape } from "../shape.js";
import { Tensor } from "../tensor.js";
import type { KernelOp, KernelOperand, KernelSpace } from "./kernel-op.js";

/** A tensor's dimensions split in two: those a kernel runs over and, for each point of them, those it reduces. */
export class Rows {
  readonly kept: readonly number[];
  readonly space: KernelSpace;

  /** @param reduced - Dimensions of the inner space, in the order in which they are run through. */
  constructor(
    readonly shape: Shape,
    readonly reduced: readonly number[],
  ) {
    this.kept = shape.map((_, d) => d).filter((d) => !reduced.includes(d));
    const sizes = (dims: readonly number[]): number[] => dims.map((d) => shape[d] ?? 1);
    // A reduction needs an inner axis, also where there is nothing to reduce.
    this.space = { outer: sizes(this.kept), inner: reduced.length === 0 ? [1] : sizes(reduced) };
  }

  /**
   * Split so that the inner space is run through in the order of memory, for reductions whose order does not matter.
   */
  static inMemoryOrder(x: Tensor, dims: readonly number[]): Rows {
    const strideOf = (d: number): number => x.layout.strides[d] ?? 0;
    return new Rows(x.shape, [...dims].sort((a, b) => strideOf(b) - strideOf(a) || a - b));
  }

  /** The shape with the reduced dimensions as 1, or without them. */
  reducedShape(keepdim: boolean): number[] {
    return keepdim ? this.shape.map((size, d) => (this.reduced.includes(d) ? 1 : size)) : this.kept.map((d) => this.shape[d] ?? 1);
  }

  /** An operand that has all dimensions. */
  over(x: Tensor): KernelOperand {
    const strideOf = (d: number): number => x.layout.strides[d] ?? 0;
    const inner = this.reduced.length === 0 ? [0] : this.reduced.map(strideOf);
    return { storage: x.elements, offset: x.layout.offset, strides: [...this.kept.map(strideOf), ...inner] };
  }

  /** An operand that has the kept dimensions only. */
  perRow(x: Tensor): KernelOperand {
    const layout = x.layout.rank === this.kept.length ? x.layout : x.layout.squeeze(this.reduced);
    return { storage: x.elements, offset: x.layout.offset, strides: [...layout.strides, ...this.space.inner.map(() => 0)] };
  }
}

/** A new tensor of `shape` on the device of `like`. */
export function emptyLike(like: Tensor, shape: Shape, dtype: DType = like.dtype): Tensor {
  const layout = Layout.contiguous(shape);
  return new Tensor(allocate(like.device, layout.numel, dtype), layout);
}

/** Reduces `x` over the inner space of `rows` to new tensors, one per element type in `types`. */
export function reduceRows(op: KernelOp, x: Tensor, rows: Rows, keepdim: boolean, types: readonly DType[], compute: ComputeDType, numbers: readonly (number | bigint)[] = []): Tensor[] {
  x.checkUsable(op.name);
  const results = types.map((dtype) => emptyLike(x, rows.reducedShape(keepdim), dtype));
  const outputs = results.map((r) => ({ storage: r.elements, offset: 0, strides: [...Layout.contiguous(rows.reducedShape(false)).strides, ...rows.space.inner.map(() => 0)] }));
  op.run(x.device, rows.space, [rows.over(x)], outputs, compute, numbers);
  return results;
}
