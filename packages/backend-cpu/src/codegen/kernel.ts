import type { Expr, Guard, Kernel, Reduction, Store } from "@gradus/kernel-ir";
import { dependsOnAxis, substitute, topological } from "@gradus/kernel-ir";
import { findCrossing, writeCrossing } from "./crossing.js";
import type { Emitter } from "./emitter.js";
import type { LoopAxis, SpaceAxis, Widths } from "./loops.js";
import { areRepeatable, axesOf, checkGuards, nest, plain, usesWideValues, whereNotEmpty, writeStores } from "./loops.js";
import { isSequential, writeReduction } from "./reduce.js";
import type { Scope } from "./scope.js";

/**
 * A kernel as loops. Four or more points are computed together along one axis, the one along which memory is contiguous:
 *
 * - without an inner space, any axis: the order of points has no meaning;
 * - with sixteen-lane reductions of rows that may be longer, the last inner axis, which is what those lanes are;
 * - else an outer axis, each lane being an outer point with its own reductions; or if none is contiguous, inner axes in the stores.
 */
export function writeKernel(emitter: Emitter, scope: Scope, kernel: Kernel): void {
  const pointwise = kernel.reductions.length === 0 && [...kernel.guards, ...kernel.stores].every(({ over }) => over === (kernel.inner.length > 0 ? "inner" : "outer"));
  whereNotEmpty(emitter, scope, pointwise ? [...kernel.outer, ...kernel.inner] : kernel.outer, (region) => {
    if (pointwise) {
      writePoints(emitter, region, axesOf([...kernel.outer, ...kernel.inner]), kernel.guards, kernel.stores);
      return;
    }
    const roots = [...kernel.stores.flatMap(({ index, value }) => [index, value]), ...kernel.reductions.flatMap(({ lift }) => lift)];
    const lanesAreInner = kernel.reductions.some((reduction) => !isSequential(reduction, kernel.inner));
    const axis = lanesAreInner ? null : bestAxis(emitter, axesOf(kernel.outer), kernel.stores.filter(({ over }) => over === "outer"), roots);
    const loops = arrange(axesOf(kernel.outer), axis, widthsFor(emitter, roots, axis), areRepeatable(kernel.stores, roots));
    nest(emitter, region, loops, (point) => writeOuterPoint(emitter, point, kernel));
  });
}

/** Everything that happens at one outer point, or at several in lanes. */
function writeOuterPoint(emitter: Emitter, scope: Scope, kernel: Kernel): void {
  const { inner, outer, guards, stores, reductions } = kernel;
  const over = <T extends { readonly over: "outer" | "inner" }>(list: readonly T[], which: "outer" | "inner"): T[] => list.filter((item) => item.over === which);
  checkGuards(emitter, scope, over(guards, "outer"));
  const innerGuards = over(guards, "inner");
  if (reductions.length > 0 && innerGuards.length > 0) {
    // Reductions may load at indices that these guards protect, so they are checked first.
    writeInner(emitter, scope, inner, outer.length, innerGuards, []);
  }
  const early = scope.lanes === null ? planEarlyStores(emitter, kernel) : { before: [], reductions, innerStores: over(stores, "inner") };
  early.reductions.forEach((reduction, r) => {
    const before = early.before.flatMap(({ reduction: first, store }) => (first === r ? [store] : []));
    if (before.length > 0) writeInner(emitter, scope, inner, outer.length, [], before);
    writeReduction(emitter, scope, reduction, r, inner, outer.length);
  });
  writeStores(emitter, scope, over(stores, "outer"));
  const { innerStores } = early;
  if (innerStores.length > 0 || (reductions.length === 0 && innerGuards.length > 0)) {
    writeInner(emitter, scope, inner, outer.length, reductions.length > 0 ? [] : innerGuards, innerStores);
  }
}

/** Operations from which on storing a value and loading it again costs less than computing it twice. */
const worthStoring = 12;

interface EarlyStores {
  /** Stores that come before a reduction. */
  readonly before: readonly { readonly reduction: number; readonly store: Store }[];
  readonly reductions: readonly Reduction[];
  readonly innerStores: readonly Store[];
}

/**
 * Where a store and a reduction need the same at each inner point, as softmax sums exponentials and then divides them, it is computed once,
 * into the place where the result will stand; both find it there.
 */
function planEarlyStores(emitter: Emitter, { outer, inner, reductions, stores, params }: Kernel): EarlyStores {
  const b = emitter.builder;
  const before: { reduction: number; store: Store }[] = [];
  const reading = [...reductions];
  const innerStores = stores.filter(({ over }) => over === "inner").map((store) => {
    const dtype = params[store.param]?.dtype;
    // The place must hold the value exactly, and nothing may be read from it.
    if (params[store.param]?.access !== "out" || (dtype !== "float32" && dtype !== "float64")) return store;
    const used = topological([store.value]).reverse();
    for (const [r, reduction] of reading.entries()) {
      if (isSequential(reduction, inner)) continue;
      const computed = new Set(topological(reduction.lift));
      const isWorthIt = (expr: Expr): boolean => topological([expr]).length >= worthStoring && inner.some((_, i) => dependsOnAxis(expr, outer.length + i));
      // The largest part that both have.
      const part = used.find((expr) => expr.dtype === dtype && computed.has(expr) && isWorthIt(expr));
      if (part === undefined) continue;
      before.push({ reduction: r, store: { ...store, value: part } });
      const there = b.load(store.param, dtype, store.index);
      const read = (expr: Expr): Expr => substitute(b, expr, (e) => (e === part ? there : null));
      reading[r] = { ...reduction, lift: reduction.lift.map(read) };
      return { ...store, value: read(store.value) };
    }
    return store;
  });
  return { before, reductions: reading, innerStores };
}

/** Guards and stores over inner, at one outer point or at several in lanes. */
function writeInner(emitter: Emitter, scope: Scope, inner: readonly Expr[], firstAxis: number, guards: readonly Guard[], stores: readonly Store[]): void {
  whereNotEmpty(emitter, scope, inner, (region) => {
    if (scope.lanes === null) {
      writePoints(emitter, region, axesOf(inner, firstAxis), guards, stores);
      return;
    }
    nest(emitter, region, plain(axesOf(inner, firstAxis)), (point) => {
      checkGuards(emitter, point, guards);
      writeStores(emitter, point, stores);
    });
  });
}

/** Independent points, with lanes along the best axis. */
export function writePoints(emitter: Emitter, scope: Scope, axes: readonly SpaceAxis[], guards: readonly Guard[], stores: readonly Store[]): void {
  const roots = [...guards.map(({ holds }) => holds), ...stores.flatMap(({ index, value }) => [index, value])];
  const axis = bestAxis(emitter, axes, stores, roots) ?? axes.filter(({ axis }) => movesStores(emitter, stores, axis)).at(-1)?.axis ?? null;
  const write = (point: Scope): void => {
    checkGuards(emitter, point, guards);
    writeStores(emitter, point, stores);
  };
  const crossing = axis === null ? null : findCrossing(emitter, axes, axis, stores, roots);
  if (crossing === null) nest(emitter, scope, arrange(axes, axis, widthsFor(emitter, roots, axis), areRepeatable(stores, roots)), write);
  else nest(emitter, scope, plain(axes.filter((a) => a !== crossing.lanes && a !== crossing.rows)), (point) => writeCrossing(emitter, point, crossing, write));
}

/** The loops over some axes, in order, but with the axis of the lanes innermost. */
export function arrange(axes: readonly SpaceAxis[], axis: number | null, widths: Widths, repeatable: boolean): LoopAxis[] {
  const loops = plain(axes);
  const lanes = loops.find((loop) => loop.axis === axis);
  if (lanes === undefined) return loops;
  const literal = lanes.extent.op === "const" ? Number(lanes.extent.value) : Infinity;
  const fitting = widths.filter((groups) => groups === null || 4 * groups <= literal);
  return [...loops.filter((loop) => loop !== lanes), { ...lanes, widths: fitting, repeatable }];
}

/**
 * How many vectors to compute together, by the operations of a formula. Short ones wait for memory. Of longer ones the constants do not fit into registers beside the
 * values, and one that is fetched serves all vectors; of still longer ones neither do the values. Where vectors are paired, registers hold twice as much.
 */
const groupsByLength = [
  { operations: 20, groups: 4, paired: 4 },
  { operations: 75, groups: 6, paired: 6 },
  { operations: 150, groups: 4, paired: 6 },
  { operations: Infinity, groups: 2, paired: 2 },
] as const;

/**
 * How many points to compute together: several vectors at once hide the latency of long formulas and share the cost of the loop;
 * wide values would not fit into registers. Where elements are read under a condition that changes along the
 * axis, small groups lie more often wholly inside or outside.
 */
function widthsFor(emitter: Emitter, roots: readonly Expr[], axis: number | null): Widths {
  const nodes = topological(roots);
  const conditional = nodes.some((expr) => expr.op === "load" && expr.args[1] !== undefined && axis !== null && dependsOnAxis(expr.args[1], axis));
  if (conditional) return [1, null];
  if (usesWideValues(nodes)) return [2, 1, null];
  const fitting = groupsByLength.find(({ operations }) => nodes.length <= operations) ?? groupsByLength[0];
  return [emitter.context.target.pairsVectors ? fitting.paired : fitting.groups, 1, null];
}

/** Whether all stores go to another element from one position of an axis to the next. If not, the axis has one position, and no lanes. */
export const movesStores = (emitter: Emitter, stores: readonly Store[], axis: number): boolean => stores.every(({ index }) => emitter.literalStride(index, axis) !== 0);

/** The axis along which most accesses are contiguous; null if none of them is. */
export function bestAxis(emitter: Emitter, axes: readonly SpaceAxis[], stores: readonly Store[], roots: readonly Expr[]): number | null {
  const loads = topological(roots).flatMap((expr) => (expr.op === "load" ? [expr.args[0]] : []));
  let best: { readonly axis: number; readonly score: number } | null = null;
  for (const { axis, extent } of axes) {
    if ((extent.op === "const" && Number(extent.value) < 4) || !movesStores(emitter, stores, axis)) continue;
    const stored = stores.map(({ index }) => emitter.literalStride(index, axis));
    const loaded = loads.map((index) => emitter.literalStride(index, axis));
    if (![...stored, ...loaded].includes(1)) continue;
    const count = (strides: readonly (number | null)[], stride: number): number => strides.filter((s) => s === stride).length;
    const score = 4 * count(stored, 1) + 2 * count(loaded, 1) + count(loaded, 0);
    if (best === null || score >= best.score) best = { axis, score };
  }
  return best?.axis ?? null;
}
