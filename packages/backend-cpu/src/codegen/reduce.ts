import type { Expr, Reduction } from "@gradus/kernel-ir";
import { reductionChunk } from "@gradus/kernel-ir";
import type { Accumulator } from "./accumulator.js";
import { allocate, assign, combineInto, lifted, valuesOf } from "./accumulator.js";
import type { Emitter } from "./emitter.js";
import { axesOf, inChunks, literalPoints, nest, plain, stepThrough, whereNotEmpty } from "./loops.js";
import type { Value } from "./scope.js";
import { Scope } from "./scope.js";
import { extractOf, shuffle, splatOf, vectorsOf } from "./vector.js";

/** Lanes of a reduction along a contiguous axis, in groups of four. */
const groupsOfLanes = 4;

/**
 * Reduces the inner space, in the order that `Reduction` of kernel-ir lays down, and defines the results in `scope`. `scope`
 * stands for one outer point, or for several in lanes.
 */
export function writeReduction(emitter: Emitter, scope: Scope, reduction: Reduction, number: number, inner: readonly Expr[], firstAxis: number): void {
  const total = isSequential(reduction, inner) ? reduceInSequence(emitter, scope, reduction, inner, firstAxis) : reduceInLanes(emitter, scope, reduction, inner, firstAxis);
  valuesOf(total, scope).forEach((value, slot) => scope.define(`result ${String(number)} ${String(slot)}`, () => value));
}

/**
 * Whether a reduction takes one inner point after the other. Then several outer points can be reduced at once, in lanes.
 * With sixteen lanes that is so where rows are known to be shorter: all their points belong to the tail.
 */
export const isSequential = ({ lanes }: Reduction, inner: readonly Expr[]): boolean => lanes === 1 || rowLength(inner) < lanes;

const rowLength = (inner: readonly Expr[]): number => {
  const last = inner.at(-1);
  return last?.op === "const" ? Number(last.value) : Infinity;
};

/** A plain loop over the inner points; with one lane, a partial result is folded into the total after each chunk of a row. */
function reduceInSequence(emitter: Emitter, scope: Scope, reduction: Reduction, inner: readonly Expr[], firstAxis: number): Accumulator {
  const { monoid, lift, lanes } = reduction;
  const total = allocate(emitter, monoid, scope);
  if (lanes === 1) assign(emitter, total, monoid.identity, scope);
  else assignIdleLanes(emitter, total, reduction, scope);
  const lastAxis = firstAxis + inner.length - 1;
  const length = inner.at(-1);
  if (length === undefined) throw new Error("internal: a reduction needs an inner space");

  const started = (at: Scope): Accumulator => {
    const partial = allocate(emitter, monoid, at);
    assign(emitter, partial, monoid.identity, at);
    return partial;
  };
  const add = (partial: Accumulator, exprs: readonly Expr[], at: Scope): void => combineInto(emitter, monoid, partial, lifted(emitter, exprs, partial.varying), at);
  const fold = (partial: Accumulator, at: Scope): void => combineInto(emitter, monoid, total, (s) => valuesOf(partial, s), at);

  const tail = lanes === 1 ? null : started(scope);
  const rows = literalPoints(emitter, inner.slice(0, -1), firstAxis, 16);
  const columns = literalPoints(emitter, [length], lastAxis, 16);
  if (rows !== null && columns !== null && rows.length * columns.length <= 16) {
    // A small window, such as that of pooling, is written out.
    for (const row of columns.length === 0 ? [] : rows) {
      const partial = tail ?? started(scope);
      for (const column of columns) add(partial, lift.map((expr) => column(row(expr))), scope);
      if (tail === null) fold(partial, scope);
    }
  } else {
    whereNotEmpty(emitter, scope, inner, (region) => {
      const limit = emitter.uniform(length, region).local;
      nest(emitter, region, plain(axesOf(inner.slice(0, -1), firstAxis)), (row) => {
        inChunks(emitter, row, limit, reductionChunk, (chunk, position, chunkEnd) => {
          const partial = tail ?? started(chunk);
          stepThrough(emitter, chunk, lastAxis, position, chunkEnd, null, (point) => add(partial, lift, point));
          if (tail === null) fold(partial, chunk);
        });
      });
    });
  }
  if (tail !== null) fold(tail, scope);
  return total;
}

/** What sixteen lanes that nothing was added to come to. */
function assignIdleLanes(emitter: Emitter, total: Accumulator, { monoid, lanes }: Reduction, scope: Scope): void {
  const { root } = scope;
  const idle = root.inline((code) => {
    const at = new Scope(root, code);
    const made = allocate(emitter, monoid, at);
    assign(emitter, made, monoid.identity, at);
    for (let half = lanes / 2; half >= 1; half /= 2) combineInto(emitter, monoid, made, (s) => valuesOf(made, s), at);
    return made;
  });
  scope.statement((code) => {
    total.slots.forEach(({ dtype, locals }, slot) => {
      const [from = 0] = idle.slots[slot]?.locals ?? [];
      for (const local of locals) {
        if (total.varying && dtype === "bool") code.op("i32.const", 0).get(from).op("i32.sub");
        else code.get(from);
        if (total.varying) code.op(splatOf[dtype]);
        code.set(local);
      }
    });
  });
}

/** Sixteen lanes along the last inner axis, a tail, and halving at the end. */
function reduceInLanes(emitter: Emitter, scope: Scope, { monoid, lift }: Reduction, inner: readonly Expr[], firstAxis: number): Accumulator {
  const laneCount = 4 * groupsOfLanes;
  const lastAxis = firstAxis + inner.length - 1;
  const length = inner.at(-1);
  if (length === undefined) throw new Error("internal: a reduction needs an inner space");
  if (scope.lanes !== null) throw new Error("internal: lanes along an inner axis inside of lanes along an outer one");

  const tail = allocate(emitter, monoid, scope);
  assign(emitter, tail, monoid.identity, scope);
  const total = inLanes(scope, groupsOfLanes, (lanes) => {
    const made = allocate(emitter, monoid, lanes);
    assign(emitter, made, monoid.identity, lanes);
    return made;
  });

  whereNotEmpty(emitter, scope, inner, (region) => {
    const limit = emitter.uniform(length, region).local;
    const vectorLimit = emitter.local("i32");
    region.statement((code) => code.get(limit).op("i32.const", -laneCount).op("i32.and").set(vectorLimit));
    nest(emitter, region, plain(axesOf(inner.slice(0, -1), firstAxis)), (row) => {
      const position = inChunks(emitter, row, vectorLimit, reductionChunk * laneCount, (chunk, at, chunkEnd) => {
        inLanes(chunk, groupsOfLanes, (lanes) => {
          const partial = allocate(emitter, monoid, lanes);
          assign(emitter, partial, monoid.identity, lanes);
          stepThrough(emitter, lanes, lastAxis, at, chunkEnd, groupsOfLanes, (point) => {
            combineInto(emitter, monoid, partial, lifted(emitter, lift, true), point);
          });
          combineInto(emitter, monoid, total, (s) => valuesOf(partial, s), lanes);
        });
      });
      stepThrough(emitter, row, lastAxis, position, limit, null, (point) => {
        combineInto(emitter, monoid, tail, lifted(emitter, lift, false), point);
      });
    });
  });

  // total[l] = combine(total[l], total[l + h]) for h = 8, 4: whole groups; for h = 2, 1: within the group that is left.
  const groupsFrom = (accumulator: Accumulator, from: number, count: number): Accumulator => ({
    varying: true,
    slots: accumulator.slots.map(({ dtype, locals }) => ({ dtype, locals: locals.slice(from * vectorsOf[dtype], (from + count) * vectorsOf[dtype]) })),
  });
  for (let groups = groupsOfLanes / 2; groups >= 1; groups /= 2) {
    inLanes(scope, groups, (lanes) => {
      combineInto(emitter, monoid, groupsFrom(total, 0, groups), (s) => valuesOf(groupsFrom(total, groups, groups), s), lanes);
    });
  }
  const group = groupsFrom(total, 0, 1);
  for (const half of [2, 1]) {
    inLanes(scope, 1, (lanes) => {
      combineInto(emitter, monoid, group, (s) => upperLanes(emitter, group, half, s), lanes);
    });
  }
  const result = allocate(emitter, monoid, scope);
  scope.statement((code) => {
    result.slots.forEach(({ dtype, locals }, slot) => {
      code.get(group.slots[slot]?.locals[0] ?? 0).op(extractOf[dtype], 0);
      if (dtype === "bool") code.op("i32.const", 1).op("i32.and");
      code.set(locals[0] ?? 0);
    });
  });
  combineInto(emitter, monoid, result, (s) => valuesOf(tail, s), scope);
  return result;
}

/** The lanes from `half` on of a group of four, moved to the front. */
function upperLanes(emitter: Emitter, group: Accumulator, half: number, scope: Scope): Value[] {
  return group.slots.map(({ dtype, locals }) => {
    const [low = 0, high = 0] = locals;
    if (vectorsOf[dtype] === 2 && half === 2) return { dtype, home: scope, vectors: [high, high] };
    const moved = emitter.local("v128");
    const lanes = vectorsOf[dtype] === 2 ? shuffle(8, [1, 1]) : shuffle(4, half === 2 ? [2, 3, 2, 3] : [1, 1, 1, 1]);
    scope.code.get(low).get(low).op("i8x16.shuffle", lanes).set(moved);
    return { dtype, home: scope, vectors: vectorsOf[dtype] === 2 ? [moved, moved] : [moved] };
  });
}

/** A scope with lanes that follow no axis. */
function inLanes<T>(scope: Scope, groups: number, body: (scope: Scope) => T): T {
  return scope.statement((code) => body(new Scope(scope, code.piece(), { lanes: { axis: null, groups } })));
}
