import type { Expr, Guard, Store } from "@gradus/kernel-ir";
import { substitute, topological } from "@gradus/kernel-ir";
import type { Code } from "../assembler/index.js";
import type { Emitter } from "./emitter.js";
import type { Lanes, UniformValue } from "./scope.js";
import { innermost, isVarying, positionOf, Scope } from "./scope.js";

/** Lanes of the loops along one axis, widest first; null is one point at a time. */
export type Widths = readonly (number | null)[];

/**
 * Runs `body` with the position along `axis` going from the local `position` on, in steps of as many points as there are
 * lanes, while a whole step fits below the local `limit`. Afterwards `position` is where it stopped.
 *
 * @param groups - Groups of four lanes; null leaves the lanes of `scope` as they are and takes single steps.
 */
export function stepThrough(emitter: Emitter, scope: Scope, axis: number, position: number, limit: number, groups: number | null, body: (scope: Scope) => void): void {
  const step = groups === null ? 1 : 4 * groups;
  scope.statement((code) => {
    let end = limit;
    if (step > 1) {
      end = emitter.local("i32");
      code.get(limit).op("i32.const", step - 1).op("i32.sub").set(end);
    }
    code.get(position).get(end).op("i32.lt_s").if((inside) => {
      inside.loop((round, again) => {
        const points = pointsAt(emitter, scope, round, axis, position, groups);
        body(points);
        emitter.forgetVectors(round, points);
        round.get(position).op("i32.const", step).op("i32.add").tee(position).get(end).op("i32.lt_s").branchIf(again);
      });
    });
  });
}

/**
 * The same with one group of lanes, up to `limit`: the last step begins as far back as it must to be whole, so some points are computed twice. Does nothing
 * where there are fewer than four in all.
 *
 * @param first - Leaves the first position of the whole loop.
 */
export function stepThroughAll(emitter: Emitter, scope: Scope, axis: number, position: number, limit: number, first: (code: Code) => Code, body: (scope: Scope) => void): void {
  const last = emitter.local("i32");
  scope.statement((code) => {
    code.get(limit).op("i32.const", 4).op("i32.sub").tee(last);
    first(code).op("i32.ge_s").get(position).get(limit).op("i32.lt_s").op("i32.and").if((inside) => {
      inside.loop((round, again) => {
        round.get(position).get(last).get(position).get(last).op("i32.lt_s").op("select").set(position);
        body(pointsAt(emitter, scope, round, axis, position, 1));
        round.get(position).op("i32.const", 4).op("i32.add").tee(position).get(limit).op("i32.lt_s").branchIf(again);
      });
    });
  });
}

/**
 * Runs `body` for each stretch of at most `size` positions below the local `limit`, with locals for its first position and its end. `body` takes the
 * position to that end. Gives the local of the position, which is `limit` afterwards.
 */
export function inChunks(emitter: Emitter, scope: Scope, limit: number, size: number, body: (scope: Scope, position: number, end: number) => void): number {
  const position = emitter.local("i32");
  const end = emitter.local("i32");
  scope.statement((code) => {
    code.op("i32.const", 0).set(position);
    code.get(limit).op("i32.const", 0).op("i32.gt_s").if((inside) => {
      inside.loop((round, again) => {
        const chunk = new Scope(scope, round.piece());
        chunk.statement((c) => {
          c.get(position).op("i32.const", size).op("i32.add").tee(end).get(limit).get(end).get(limit).op("i32.lt_s").op("select").set(end);
        });
        body(chunk, position, end);
        round.get(position).get(limit).op("i32.lt_s").branchIf(again);
      });
    });
  });
  return position;
}

/** A scope for the points at a position, in so many groups of lanes. */
function pointsAt(emitter: Emitter, scope: Scope, code: Code, axis: number, position: number, groups: number | null): Scope {
  const lanes: Lanes | null = groups === null ? null : { axis, groups };
  const points = new Scope(scope, code.piece(), lanes === null ? {} : { lanes });
  const index: UniformValue = { dtype: "int32", home: points, local: position };
  points.define(positionOf(axis), () => index);
  if (lanes === null) points.define(`index ${String(axis)}`, () => index);
  else defineLaneIndex(emitter, points, axis, position, lanes.groups);
  return points;
}

/** A local with the position so many steps after the local `position`. */
export function positionAfter(emitter: Emitter, scope: Scope, position: number, distance: number): number {
  const after = emitter.local("i32");
  scope.code.get(position).op("i32.const", distance).op("i32.add").set(after);
  return after;
}

/** The positions of the lanes: the first lane's plus 0, 1, 2, … */
function defineLaneIndex(emitter: Emitter, scope: Scope, axis: number, position: number, groups: number): void {
  let vectors: readonly number[] | null = null;
  scope.define(`index ${String(axis)}`, () => {
    vectors ??= Array.from({ length: groups }, (_, group) => {
      const local = emitter.local("v128");
      const lanes = new Uint8Array(new Int32Array([0, 1, 2, 3].map((lane) => 4 * group + lane)).buffer);
      scope.code.get(position).op("i32x4.splat").op("v128.const", lanes).op("i32x4.add").set(local);
      return local;
    });
    return { dtype: "int32", home: scope, vectors };
  });
}

/** Runs `body` at every position of `axis`: wide steps first, what remains in narrower ones. */
function alongAxis(emitter: Emitter, scope: Scope, { axis, extent, widths, repeatable = false }: LoopAxis, body: (scope: Scope) => void): void {
  const { position, limit } = rangeOf(emitter, scope, extent);
  for (const groups of widths) {
    if (groups === 1 && repeatable) stepThroughAll(emitter, scope, axis, position, limit, (code) => code.op("i32.const", 0), body);
    else stepThrough(emitter, scope, axis, position, limit, groups, body);
  }
}

/**
 * Locals with the first position of a loop and its end: all positions of the axis. This is where threads would share work: each takes
 * a part of the outermost loop, given to it beside the workspace that is its own. Results do not change with the number of parts,
 * because the points of an outer loop are independent of each other and reductions lie inside.
 */
function rangeOf(emitter: Emitter, scope: Scope, extent: Expr): { readonly position: number; readonly limit: number } {
  const limit = emitter.uniform(extent, scope).local;
  const position = emitter.local("i32");
  scope.statement((code) => code.op("i32.const", 0).set(position));
  return { position, limit };
}

/** An axis of an index space, by its number in the program. */
export interface SpaceAxis {
  readonly axis: number;
  readonly extent: Expr;
}

export interface LoopAxis extends SpaceAxis {
  readonly widths: Widths;
  /** Whether points may be computed more than once. */
  readonly repeatable?: boolean;
}

/** Axes that are numbered one after the other. */
export const axesOf = (extents: readonly Expr[], firstAxis = 0): SpaceAxis[] => extents.map((extent, i) => ({ axis: firstAxis + i, extent }));

/** Single steps along each axis. */
export const plain = (axes: readonly SpaceAxis[]): LoopAxis[] => axes.map((axis) => ({ ...axis, widths: [null] }));

/** Nested loops, the first axis outermost. */
export function nest(emitter: Emitter, scope: Scope, axes: readonly LoopAxis[], body: (scope: Scope) => void): void {
  const [first, ...rest] = axes;
  if (first === undefined) body(scope);
  else alongAxis(emitter, scope, first, (inner) => nest(emitter, inner, rest, body));
}

/**
 * A part of the program that is reached only if none of `extents` is zero. Loads that do not depend on the axes move to its
 * beginning, but not out of it.
 */
export function whereNotEmpty(emitter: Emitter, scope: Scope, extents: readonly Expr[], body: (scope: Scope) => void): void {
  const run = (code: Code): void => body(new Scope(scope, code, { region: true }));
  const unknown = extents.filter((extent) => !(extent.op === "const" && Number(extent.value) > 0));
  const locals = unknown.map((extent) => emitter.uniform(extent, scope).local);
  scope.statement((code) => {
    if (locals.length === 0) {
      run(code.piece());
      return;
    }
    locals.forEach((local, i) => {
      code.get(local).op("i32.const", 0).op("i32.gt_s");
      if (i > 0) code.op("i32.and");
    });
    code.if(run);
  });
}

/**
 * Leaves the function where a guard does not hold, with one plus its number in the program. That happens as soon as the
 * guard can be decided, which is before any load whose index it may protect.
 */
export function checkGuards(emitter: Emitter, scope: Scope, guards: readonly Guard[]): void {
  for (const guard of guards) {
    const holds = emitter.evaluate(guard.holds, scope);
    innermost(scope.region, holds.home).inline((code) => {
      if (isVarying(holds)) {
        holds.vectors.forEach((mask, i) => {
          code.get(mask);
          if (i > 0) code.op("v128.and");
        });
        code.op("i32x4.all_true");
      } else {
        code.get(holds.local);
      }
      code.op("i32.eqz").if((fails) => fails.op("i32.const", 1 + emitter.context.guards.indexOf(guard)).op("return"));
    });
  }
}

/** All loads of a point, then all of its stores. */
export function writeStores(emitter: Emitter, scope: Scope, stores: readonly Store[]): void {
  const writes = stores.map(({ param, index, value }) => emitter.access.prepareStore(param, index, value, scope));
  scope.statement((code) => {
    for (const write of writes) write(code);
  });
}

/** Whether points can be computed again and give the same: what is stored is not read. */
export function areRepeatable(stores: readonly Store[], roots: readonly Expr[]): boolean {
  const loaded = new Set(topological(roots).map((expr) => (expr.op === "load" ? expr.param : -1)));
  return stores.every(({ param }) => !loaded.has(param));
}

/** Whether some of the expressions are of 64 bits. */
export const usesWideValues = (exprs: readonly Expr[]): boolean => exprs.some(({ dtype }) => dtype === "float64" || dtype === "int64");

/** The points of axes with small literal extents, as what to put in place of their index expressions; null if there are too many. */
export function literalPoints(emitter: Emitter, extents: readonly Expr[], firstAxis: number, most: number): ((expr: Expr) => Expr)[] | null {
  let points: number[][] = [[]];
  for (const extent of extents) {
    if (extent.op !== "const") return null;
    const count = Number(extent.value);
    if (points.length * count > most) return null;
    points = points.flatMap((point) => Array.from({ length: count }, (_, i) => [...point, i]));
  }
  return points.map((point) => {
    const known = new Map<Expr, Expr>();
    return (expr) =>
      substitute(emitter.builder, expr, (leaf) => {
        const at = leaf.op === "index" ? point[leaf.axis - firstAxis] : undefined;
        return at === undefined ? null : emitter.builder.int(at);
      }, known);
  });
}
