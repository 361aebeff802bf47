import type { ComputeDType, DType } from "./dtype.js";
import type { Expr } from "./expr.js";

/** A buffer that a program works on. A buffer is bound to at most one parameter of a dispatch. */
export interface Param {
  readonly dtype: DType;
  readonly access: "in" | "out" | "inout";
}

/** What every program has. */
interface ProgramBase {
  /** The op this program computes, for errors, profiles and the printer. Not part of its meaning. */
  readonly name: string;
  readonly params: readonly Param[];
  /** Types of the scalar arguments: offsets, extents, strides and the numbers that a user passed. */
  readonly scalars: readonly ComputeDType[];
  /** Each must hold, or the dispatch is an error that says `message`; on asynchronous devices the next read says it. */
  readonly guards: readonly Guard[];
}

/** The index space of kernels and routines. An extent is a literal or a scalar argument, an int32. */
interface Space {
  readonly outer: readonly Expr[];
  /** Runs for each point of `outer`. Its axes are numbered after the outer ones. */
  readonly inner: readonly Expr[];
}

/** Which points a store or a guard is evaluated at: once per outer point, or at each inner point of it. */
export type Over = "outer" | "inner";

export interface Guard {
  readonly over: Over;
  readonly holds: Expr;
  /** `gather: expected indices in [0, 10); …`: what was expected and the remedy. */
  readonly message: string;
}

/** Writes `value` to element `index` of a parameter. No two points of a kernel store to the same element. */
export interface Store {
  readonly over: Over;
  readonly param: number;
  readonly index: Expr;
  readonly value: Expr;
}

/**
 * An associative operation on a small tuple, such as (sum), (maximum, its position) or (count, mean, M2).
 * `combine` gives each component of the result from the components `left(slot)` and `right(slot)`.
 */
export interface Monoid {
  readonly identity: readonly Expr[];
  readonly combine: readonly Expr[];
}

/**
 * Reduces the inner space to one tuple. `lift` makes the tuple of one inner point; it may use results of earlier
 * reductions, and may not use later ones.
 *
 * The order of combining is part of the program's meaning, so that every device and any number of threads gives the
 * same answer. With L = `lanes` and C = `reductionChunk`:
 *
 * ```
 * total[l] = identity for l < L;  tail = identity
 * for each row (a point of all inner axes but the last, in row-major order):
 *   for each chunk of at most C full steps of L consecutive positions of the row:
 *     partial[l] = identity
 *     for each step, for each l:  partial[l] = combine(partial[l], lift(position of lane l))
 *     total[l] = combine(total[l], partial[l])
 *   for each of the row's last (length mod L) positions:  tail = combine(tail, lift(position))
 * for h = L/2, L/4, …, 1:  total[l] = combine(total[l], total[l + h]) for l < h
 * result = combine(total[0], tail)
 * ```
 *
 * An empty inner space gives the identity. With L = 1 there is no tail, and `result = total[0]`.
 */
export interface Reduction {
  readonly monoid: Monoid;
  readonly lift: readonly Expr[];
  /** 16 where the last inner axis is contiguous in memory, 1 where the outer axis is. */
  readonly lanes: 1 | 16;
}

/** Steps after which a partial result is folded into the total: rounding errors grow with its square root. */
export const reductionChunk = 512;

/**
 * A map over `outer`, preceded by any number of reductions over `inner`. Elementwise ops have no reduction, softmax
 * has two, layer norm two with several stores, argmax one on (value, index).
 *
 * For each outer point: the guards over outer; then the reductions in order; then the stores over outer; then, at each
 * inner point in order, the guards and stores over inner. A parameter that is both loaded and stored (`inout`) is loaded
 * only at the element which the same point stores.
 */
export interface Kernel extends ProgramBase, Space {
  readonly kind: "kernel";
  readonly reductions: readonly Reduction[];
  readonly stores: readonly Store[];
}

/** An axis of a contraction. Which operands it appears in follows from its role. */
export interface Axis {
  /** `batch`: both operands and the result; `m`: left and result; `n`: right and result; `k`: both operands, summed. */
  readonly role: "batch" | "m" | "n" | "k";
  readonly extent: Expr;
}

/**
 * Where along one dimension of an operand a point of the contraction lands:
 *
 *   position = (Σ index(axis) · scale + shift) / divisor
 *
 * Positions outside `[0, extent)`, and those where the division leaves a remainder, read as zero: that is padding and
 * the transposed convolution. A device may leave out terms with such a zero, which shows only where the other factor is infinite or NaN. A null
 * extent says that every position is inside and the divisor is 1.
 */
export interface Coordinate {
  readonly terms: readonly { readonly axis: number; readonly scale: Expr }[];
  readonly shift: Expr;
  readonly divisor: Expr;
  readonly extent: Expr | null;
  /** Elements between neighbours of this dimension in the buffer. */
  readonly stride: Expr;
}

export interface Operand {
  readonly param: number;
  readonly offset: Expr;
  readonly coordinates: readonly Coordinate[];
  /** Applied to each element that is read (the leaf `element`), not to the zeros outside; null leaves it as it is. */
  readonly prologue: Expr | null;
}

/**
 * A sum of products: batched matrix products, convolutions and the gradients of both.
 *
 *   result(batch, m, n) = Σ_k left(batch, m, k) · right(batch, n, k)
 *
 * Axes are numbered in order, index expressions in stores use those numbers, and `result(0, 0)` is the sum. The sum starts
 * at zero and adds over k in the row-major order of the k axes, each product rounded before it is added (a device may fuse
 * the two). A device that would idle otherwise may add parts of a long sum apart, always the same ones, and says so. An epilogue is in the stores: a bias, an activation, or adding to what an `inout` parameter held.
 */
export interface Contraction extends ProgramBase {
  readonly kind: "contraction";
  readonly axes: readonly Axis[];
  readonly left: Operand;
  readonly right: Operand;
  /** The arithmetic that products are summed in. What an operand reads is converted to it first. */
  readonly dtype: ComputeDType;
  /** One per output, all over "outer": once per point of the batch, m and n axes. */
  readonly stores: readonly Store[];
}

/**
 * Running results along the inner axis, from left to right: at each point, `result(0, slot)` includes that point. A device that would idle otherwise may
 * combine parts of a long row apart, always the same ones, and says so.
 */
export interface Scan extends ProgramBase, Space {
  readonly kind: "scan";
  readonly monoid: Monoid;
  readonly lift: readonly Expr[];
  readonly stores: readonly Store[];
}

/**
 * Writes to computed places. For each outer point the inner points run in row-major order, so that the result does not
 * depend on the device: the last write wins, sums add in source order. Different outer points never write to the same
 * element. `combine` makes the new value from what is there (`left`) and `value` (`right`), of an `inout` parameter; null replaces.
 */
export interface Scatter extends ProgramBase, Space {
  readonly kind: "scatter";
  readonly target: {
    readonly param: number;
    readonly index: Expr;
    readonly value: Expr;
    readonly combine: Expr | null;
    /** Points where this does not hold write nothing. */
    readonly when: Expr | null;
  };
}

/**
 * A stable sort along the single inner axis. NaN is larger than every number, as in PyTorch. In the stores, the inner
 * index is the rank, `result(0, 0)` the key of that rank and `result(0, 1)` (int32) the position that it came from.
 */
export interface Sort extends ProgramBase, Space {
  readonly kind: "sort";
  readonly key: Expr;
  readonly descending: boolean;
  readonly stores: readonly Store[];
}

export type Routine = Scan | Scatter | Sort;

/** What a device can be asked to compute. */
export type Program = Kernel | Contraction | Routine;
