import type { Expr, LoadExpr, Store } from "@gradus/kernel-ir";
import { topological } from "@gradus/kernel-ir";
import type { Emitter } from "./emitter.js";
import type { SpaceAxis, Widths } from "./loops.js";
import { inChunks, positionAfter, stepThrough } from "./loops.js";
import { Scope } from "./scope.js";

/** Points whose stores are contiguous along one axis and some of whose loads are contiguous along another: a transposition, whatever is computed on the way. */
export interface Crossing {
  /** The axis of the stores, along which lanes run. */
  readonly lanes: SpaceAxis;
  /** The axis of the loads. */
  readonly rows: SpaceAxis;
  readonly loads: readonly LoadExpr[];
  /** How many points of the lanes to compute together. */
  readonly widths: Widths;
}

/** Rows of a tile: as many as a group has lanes. */
const tileRows = 4;
/** Operations from which on a tile of four lanes is work enough. */
const longFormula = 60;
/**
 * Rows that are worked on together, while the lanes go from one end to the other. As many elements of four bytes are a cache line, so each line that is
 * loaded is used up before it is gone; more rows would be more pages than the processor knows the addresses of.
 */
const blockRows = 16;

/** What crosses the lanes along `axis`; null where nothing does. */
export function findCrossing(emitter: Emitter, axes: readonly SpaceAxis[], axis: number, stores: readonly Store[], roots: readonly Expr[]): Crossing | null {
  const lanes = axes.find((a) => a.axis === axis);
  if (lanes === undefined || stores.some(({ index }) => emitter.literalStride(index, axis) !== 1)) return null;
  // What is also written to has to be read where it stands.
  const across = topological(roots).filter((expr): expr is LoadExpr => {
    if (expr.op !== "load" || expr.args.length > 1 || emitter.context.params[expr.param]?.access !== "in") return false;
    const stride = emitter.stride(expr.args[0], axis);
    return stride !== null && !(stride.op === "const" && (stride.value === 0 || stride.value === 1));
  });
  // A tile of eight lanes writes half a cache line at once.
  const widths = topological(roots).length > longFormula ? [1, null] : [2, 1, null];
  let best: Crossing | null = null;
  for (const rows of axes) {
    const loads = rows === lanes ? [] : across.filter(({ args: [index] }) => emitter.literalStride(index, rows.axis) === 1);
    if (loads.length > (best?.loads.length ?? 0)) best = { lanes, rows, loads, widths };
  }
  return best;
}

/** Runs `body` at all points of two axes: in tiles that are transposed in registers, then at the points that are left over. */
export function writeCrossing(emitter: Emitter, scope: Scope, crossing: Crossing, body: (scope: Scope) => void): void {
  const { lanes, rows, widths } = crossing;
  const [columnLimit, rowLimit] = [lanes, rows].map(({ extent }) => emitter.uniform(extent, scope).local) as [number, number];
  const wholeRows = emitter.local("i32");
  scope.statement((code) => code.get(rowLimit).op("i32.const", -tileRows).op("i32.and").set(wholeRows));
  const row = inChunks(emitter, scope, wholeRows, blockRows, (block, first, end) => {
    const column = startAtZero(emitter, block);
    for (const groups of widths) {
      stepThrough(emitter, block, lanes.axis, column, columnLimit, groups, (points) => {
        if (groups !== null) writeTiles(emitter, points, crossing, first, end, body);
        else stepThrough(emitter, points, rows.axis, positionAfter(emitter, points, first, 0), end, null, body);
      });
    }
    block.statement((code) => code.get(end).set(first));
  });
  stepThrough(emitter, scope, rows.axis, row, rowLimit, null, (line) => {
    const column = startAtZero(emitter, line);
    for (const width of [1, null]) stepThrough(emitter, line, lanes.axis, column, columnLimit, width, body);
  });
}

function startAtZero(emitter: Emitter, scope: Scope): number {
  const position = emitter.local("i32");
  scope.statement((code) => code.op("i32.const", 0).set(position));
  return position;
}

/** The tiles of some lanes, from row `first` to row `end`. */
function writeTiles(emitter: Emitter, points: Scope, { rows, loads }: Crossing, first: number, end: number, body: (scope: Scope) => void): void {
  const at = emitter.local("i32");
  points.statement((code) => {
    code.get(first).set(at);
    code.loop((round, again) => {
      const scopes = Array.from({ length: tileRows }, (_, k) => rowOf(emitter, new Scope(points, round.piece()), rows.axis, at, k));
      for (const load of loads) {
        emitter.access.loadAcross(load, scopes).forEach((value, k) => scopes[k]?.values.set(load, value));
      }
      for (const row of scopes) {
        body(row);
        emitter.forgetVectors(round, row);
      }
      round.get(at).op("i32.const", tileRows).op("i32.add").tee(at).get(end).op("i32.lt_s").branchIf(again);
    });
  });
}

/** A scope with the position along `axis` that is `k` after the local `first`. */
function rowOf(emitter: Emitter, scope: Scope, axis: number, first: number, k: number): Scope {
  const local = k === 0 ? first : positionAfter(emitter, scope, first, k);
  const index = { dtype: "int32", home: scope, local } as const;
  scope.define(`index ${String(axis)}`, () => index);
  return scope;
}
