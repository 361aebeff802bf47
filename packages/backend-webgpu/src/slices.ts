import type { Expr, Operand, Program, ScalarArguments } from "@gradus/kernel-ir";
import { ExprBuilder, expressionsOf, mapExpressions, partOf, topological } from "@gradus/kernel-ir";
import type { Interval } from "./intervals.js";
import { intervalOf } from "./intervals.js";

/** What is bound of a buffer. */
export interface Window {
  /** The element at which it begins. */
  readonly start: number;
  readonly offset: number;
  readonly size: number;
}

/** A buffer as a parameter of a dispatch. */
interface Extent {
  /** Bytes of an element on the device. */
  readonly elementBytes: number;
  /** Bytes of the buffer. */
  readonly bytes: number;
}

export interface BindingLimits {
  readonly largest: number;
  /** What offsets are multiples of. */
  readonly alignment: number;
}

/** A part of the outer points of a program, and the windows of the buffers that these work on. */
export interface Slice {
  /** What `sliceable` takes behind the scalar arguments of the whole. */
  readonly scalars: readonly number[];
  readonly windows: readonly Window[];
}

/** The axes that a program can be divided along: their points are independent of each other. */
const outerAxes = (program: Program): readonly number[] =>
  program.kind === "contraction" ? program.axes.flatMap(({ role }, axis) => (role === "k" ? [] : [axis])) : program.outer.map((_, axis) => axis);

const allExtents = (program: Program): readonly Expr[] => (program.kind === "contraction" ? program.axes.map(({ extent }) => extent) : [...program.outer, ...program.inner]);

/**
 * The same program for a slice of its points and windows of its buffers. Behind the scalar arguments of the whole it takes the first position
 * and the count of each outer axis, then the element at which the window of each parameter begins.
 */
export function sliceable(program: Program): Program {
  const part = partOf(program, outerAxes(program));
  const b = new ExprBuilder();
  const starts = part.params.map((_, i) => b.scalar(part.scalars.length + i, "int32"));
  const within = (param: number, index: Expr): Expr => b.sub(index, starts[param]!);
  const known = new Map<Expr, Expr>();
  const moved = (expr: Expr): Expr => {
    const done = known.get(expr);
    if (done !== undefined) return done;
    const [first, ...others] = expr.args.map(moved);
    const args = first === undefined ? [] : [expr.op === "load" ? within(expr.param, first) : first, ...others];
    const result = b.rebuild(expr, args);
    known.set(expr, result);
    return result;
  };
  const operand = (o: Operand): Operand => ({ ...o, offset: within(o.param, o.offset) });
  const scalars = [...part.scalars, ...starts.map(() => "int32" as const)];
  const all = mapExpressions(part, moved);
  if (all.kind === "scatter") return { ...all, scalars, target: { ...all.target, index: within(all.target.param, all.target.index) } };
  const stores = all.stores.map((store) => ({ ...store, index: within(store.param, store.index) }));
  return all.kind === "contraction" ? { ...all, scalars, stores, left: operand(all.left), right: operand(all.right) } : { ...all, scalars, stores };
}

/** The buffers and scalar arguments of a dispatch. */
interface Dispatch {
  readonly program: Program;
  readonly scalars: ScalarArguments;
  readonly buffers: readonly Extent[];
  /** What a slice with these scalar arguments needs to work in. */
  readonly scratchBytes: (scalars: ScalarArguments) => number;
  readonly limits: BindingLimits;
}

/**
 * Divides a dispatch so that no slice needs more of a buffer than a binding holds: the points are halved, along the axis that helps most, until
 * they fit. Null where halving does not help: every result needs all of a buffer, or data say which places it needs.
 */
export function slicesOf(dispatch: Dispatch): readonly Slice[] | null {
  const { program, limits } = dispatch;
  const axes = outerAxes(program);
  const whole = allExtents(program).map((extent): Interval => ({ least: 0, most: valueOf(extent, dispatch) - 1 }));
  if (axes.some((axis) => whole[axis]!.most < 0)) return [];
  const sliceOf = (box: readonly Interval[]): Slice => {
    const windows = windowsOf(dispatch, box);
    const places = axes.flatMap((axis) => [box[axis]!.least, box[axis]!.most - box[axis]!.least + 1]);
    return { scalars: [...places, ...windows.map(({ start }) => start)], windows };
  };
  /** Bytes that no binding holds. */
  const tooMuch = (slice: Slice): number => {
    const sizes = [...slice.windows.map(({ size }) => size), dispatch.scratchBytes([...dispatch.scalars, ...slice.scalars])];
    return sizes.reduce((sum, size) => sum + (size > limits.largest ? size : 0), 0);
  };
  const divide = (box: readonly Interval[]): readonly Slice[] | null => {
    const slice = sliceOf(box);
    const bytes = tooMuch(slice);
    if (bytes === 0) return [slice];
    let best: { readonly halves: readonly (readonly Interval[])[]; readonly bytes: number } = { halves: [], bytes };
    for (const axis of axes) {
      const { least, most } = box[axis]!;
      if (least === most) continue;
      const middle = Math.floor((least + most) / 2);
      const halves = [{ least, most: middle }, { least: middle + 1, most }].map((half) => box.map((interval, i) => (i === axis ? half : interval)));
      const left = Math.max(...halves.map((half) => tooMuch(sliceOf(half))));
      if (left < best.bytes) best = { halves, bytes: left };
    }
    const slices = best.halves.map(divide);
    return best.halves.length === 0 || slices.includes(null) ? null : slices.flatMap((part) => part ?? []);
  };
  return divide(whole);
}

/** The value of a literal or of a scalar argument. */
const valueOf = (leaf: Expr, { scalars }: Dispatch): number => Number(leaf.op === "const" ? leaf.value : leaf.op === "scalar" ? scalars[leaf.slot] : NaN);

/** What the points of a box need of each buffer. */
function windowsOf(dispatch: Dispatch, box: readonly Interval[]): readonly Window[] {
  const { program, buffers, limits: { largest, alignment } } = dispatch;
  const known = new Map<Expr, Interval>();
  const leafOf = (leaf: Expr): Interval => {
    if (leaf.op === "index") return box[leaf.axis]!;
    const value = valueOf(leaf, dispatch);
    return { least: value, most: value };
  };
  const of = (expr: Expr): Interval => intervalOf(expr, leafOf, known);
  const needed = program.params.map((): Interval[] => []);
  for (const expr of topological(expressionsOf(program))) if (expr.op === "load") needed[expr.param]!.push(of(expr.args[0]));
  if (program.kind === "scatter") needed[program.target.param]!.push(of(program.target.index));
  else for (const { param, index } of program.stores) needed[param]!.push(of(index));
  if (program.kind === "contraction") for (const operand of [program.left, program.right]) needed[operand.param]!.push(of(indexOf(operand)));

  return buffers.map(({ bytes, elementBytes }, param): Window => {
    if (bytes <= largest) return { start: 0, offset: 0, size: bytes };
    // Places outside of the buffer are those of loads that a condition forbids.
    const last = bytes / elementBytes - 1;
    const least = Math.min(last, Math.max(0, Math.min(...needed[param]!.map((interval) => interval.least))));
    const most = Math.max(least, Math.min(last, Math.max(...needed[param]!.map((interval) => interval.most))));
    const offset = Math.floor((least * elementBytes) / alignment) * alignment;
    return { start: offset / elementBytes, offset, size: Math.ceil(((most + 1) * elementBytes - offset) / 4) * 4 };
  });
}

/** The place in the buffer that an operand reads, as an expression: positions in the padding are clamped to the edge. */
function indexOf({ offset, coordinates }: Operand): Expr {
  const b = new ExprBuilder();
  return coordinates.reduce((index, { terms, shift, divisor, extent, stride }) => {
    const position = b.div(terms.reduce((sum, { axis, scale }) => b.add(sum, b.mul(b.index(axis), scale)), shift), divisor);
    const inside = extent === null ? position : b.max(b.int(0), b.min(position, b.sub(extent, b.int(1))));
    return b.add(index, b.mul(inside, stride));
  }, offset);
}
