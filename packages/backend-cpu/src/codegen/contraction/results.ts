import type { Contraction, Expr } from "@gradus/kernel-ir";
import { dependsOnAxis, topological } from "@gradus/kernel-ir";
import type { Code } from "../../assembler/index.js";
import type { Emitter } from "../emitter.js";
import type { SpaceAxis } from "../loops.js";
import { areRepeatable, checkGuards, stepThrough, stepThroughAll, writeStores } from "../loops.js";
import { scalarTypes } from "../scalar.js";
import type { UniformValue } from "../scope.js";
import { Scope } from "../scope.js";
import { vectorsOf } from "../vector.js";
import { checkRange } from "./bounds.js";
import type { Layout } from "./layout.js";
import type { Locals } from "./locals.js";
import { below, minimum } from "./locals.js";
import { tileArithmetic } from "./tiles.js";

/** Says where along an axis the code of a scope is. */
function definePosition(scope: Scope, axis: SpaceAxis | null | undefined, local: number): void {
  if (axis == null) return;
  const value: UniformValue = { dtype: "int32", home: scope, local };
  scope.define(`index ${String(axis.axis)}`, () => value);
}

/**
 * Stretches of columns along which all that is stored and loaded moves evenly, so that they can be taken as positions of the last column axis, beyond
 * its end. With one axis that is all columns. With several it depends on the strides: the rows of an image without gaps are one run.
 */
class Runs {
  /** A local with the columns of a run. */
  readonly length: number;
  /** For all column axes but the last, a local that says whether it goes on where the one behind it ends. */
  readonly #joined: readonly number[];

  constructor(readonly emitter: Emitter, scope: Scope, contraction: Contraction, readonly axes: readonly SpaceAxis[]) {
    const b = emitter.builder;
    const joined: number[] = [];
    let length = axes.at(-1)?.extent ?? b.int(1);
    let all = b.const(true, "bool");
    for (let i = axes.length - 2; i >= 0; i--) {
      const [outer, inner] = [axes[i], axes[i + 1]] as readonly [SpaceAxis, SpaceAxis];
      all = b.and(all, continues(emitter, contraction, outer, inner));
      length = b.select(all, b.mul(length, outer.extent), length);
      joined.unshift(emitter.uniform(all, scope).local);
    }
    this.length = emitter.uniform(length, scope).local;
    this.#joined = joined;
  }

  /** Says in `scope` where a column is; gives a local with its position in the run, along the last axis. */
  locate(scope: Scope, column: number): number {
    if (this.axes.length < 2) return column;
    const [run, position] = [this.emitter.local("i32"), this.emitter.local("i32")];
    scope.statement((code) => {
      code.get(column).get(column).get(this.length).op("i32.div_u").tee(run).get(this.length).op("i32.mul").op("i32.sub").set(position);
    });
    for (let i = this.axes.length - 2; i >= 0; i--) {
      const at = this.emitter.local("i32");
      const extent = this.emitter.uniform(this.axes[i]?.extent ?? this.emitter.builder.int(1), scope).local;
      scope.statement((code) => code.get(this.#joined[i] ?? 0).if(
        (first) => first.op("i32.const", 0).set(at),
        (digit) => digit.get(run).get(extent).op("i32.rem_u").set(at).get(run).get(extent).op("i32.div_u").set(run),
      ));
      definePosition(scope, this.axes[i], at);
    }
    return position;
  }
}

/** Whether a step along `outer` is the same, for all that is stored and loaded, as going through all of `inner`. */
function continues(emitter: Emitter, { stores, guards }: Contraction, outer: SpaceAxis, inner: SpaceAxis): Expr {
  const b = emitter.builder;
  const roots = [...guards.map(({ holds }) => holds), ...stores.map(({ value }) => value)];
  const loads = topological(roots).flatMap((expr) => (expr.op === "load" ? [expr] : []));
  const never = b.const(false, "bool");
  if ([outer, inner].some(({ axis }) => roots.some((root) => usesPosition(root, axis)))) return never;
  return [...stores.map(({ index }) => index), ...loads.map(({ args: [index] }) => index)].reduce<Expr>((all, index) => {
    const [far, near] = [emitter.stride(index, outer.axis), emitter.stride(index, inner.axis)];
    return far === null || near === null ? never : b.and(all, b.eq(far, b.mul(inner.extent, near)));
  }, b.const(true, "bool"));
}

/** Whether a value depends on the position along an axis other than by where it is loaded from. */
function usesPosition(root: Expr, axis: number): boolean {
  if (!dependsOnAxis(root, axis)) return false;
  if (root.op === "index") return true;
  const args: readonly Expr[] = root.op === "load" ? root.args.slice(1) : root.args;
  return args.some((arg) => usesPosition(arg, axis));
}

/** A tile: its first row and column, its size, and the locals with the address of its sums and the bytes between their rows. */
export type TilePlace = Locals<"row" | "height" | "column" | "width" | "result" | "resultRow">;

/** Where the sums of a contraction go. */
export class Results {
  readonly #runs: Runs;
  /** Whether what is stored is the sum and nothing else, in order. */
  readonly #inOrder: boolean;
  readonly #shift: number;

  constructor(readonly emitter: Emitter, scope: Scope, readonly contraction: Contraction, readonly layout: Layout) {
    this.#runs = new Runs(emitter, scope, contraction, layout.columnAxes);
    const { dtype, stores: [store, ...more], guards, params } = contraction;
    this.#shift = tileArithmetic[dtype].shift;
    const column = layout.columnAxes.at(-1);
    this.#inOrder = store !== undefined && column !== undefined && more.length === 0 && guards.length === 0 && store.value.op === "result"
      && params[store.param]?.dtype === dtype && dtype !== "bool"
      && emitter.literalStride(store.index, column.axis) === 1 && (layout.rowAxis === null || emitter.stride(store.index, layout.rowAxis.axis) !== null);
  }

  /**
   * Sets where a tile of whole vectors stands among the results, if it can be written there.
   *
   * @param elsewhere - A local that says whether a tile is somewhere else, and has still to be stored; cleared if it is not.
   */
  place(scope: Scope, { row, height, column, width, result, resultRow }: TilePlace, elsewhere: number): void {
    if (!this.#inOrder) return;
    const { emitter, contraction, layout } = this;
    const b = emitter.builder;
    const [store] = contraction.stores;
    if (store === undefined) return;
    const rowStride = layout.rowAxis === null ? b.int(0) : (emitter.stride(store.index, layout.rowAxis.axis) ?? b.int(0));
    const rowBytes = emitter.uniform(b.mul(rowStride, b.int(1 << this.#shift)), scope).local;
    const lanes = tileArithmetic[contraction.dtype].lanes;
    scope.statement((code) => code.get(width).op("i32.const", lanes - 1).op("i32.and").op("i32.eqz").if((whole) => {
      const at = new Scope(scope, whole);
      const position = this.#runs.locate(at, column);
      definePosition(at, layout.rowAxis, row);
      definePosition(at, layout.columnAxes.at(-1), position);
      at.statement((c) => c.get(position).get(width).op("i32.add").get(this.#runs.length).op("i32.le_s").if((inside) => {
        const place = new Scope(at, inside);
        const index = emitter.uniform(store.index, place).local;
        place.code.get(emitter.context.pointers[store.param] ?? 0).get(index).op("i32.const", this.#shift).op("i32.shl").op("i32.add").set(result);
        place.code.get(rowBytes).set(resultRow).op("i32.const", 0).set(elsewhere);
        this.#check(place.code, store.param, { row, height, column, width, result, resultRow });
      }));
    }));
  }

  /** Compares the rows of tiles that are written in place with where the parameter ends. */
  #check(code: Code, param: number, { height, width, result, resultRow }: TilePlace): void {
    const { emitter } = this;
    const { lengths, pointers } = emitter.context;
    if (lengths === null) return;
    const [first, end] = [emitter.local("i32"), emitter.local("i32")];
    for (const last of [false, true]) {
      code.get(result);
      if (last) code.get(height).op("i32.const", 1).op("i32.sub").get(resultRow).op("i32.mul").op("i32.add");
      code.tee(first).get(width).op("i32.const", this.#shift).op("i32.shl").op("i32.add").set(end);
      checkRange(emitter, code, param, { start: pointers[param] ?? 0, length: lengths[param] ?? 0 }, first, end);
    }
  }

  /** The stores of a tile's points. */
  store(scope: Scope, tile: TilePlace): void {
    const { emitter, layout } = this;
    const { row, height, column, width, result } = tile;
    const [rowEnd, columnEnd, first] = [emitter.local("i32"), emitter.local("i32"), emitter.local("i32")];
    scope.statement((code) => {
      code.get(row).get(height).op("i32.add").set(rowEnd);
      code.get(column).get(width).op("i32.add").set(columnEnd);
      code.get(column).set(first);
    });
    below(scope, first, columnEnd, (inRun) => {
      const position = this.#runs.locate(inRun, first);
      const [count, end, start] = [emitter.local("i32"), emitter.local("i32"), emitter.local("i32")];
      inRun.statement((code) => {
        code.get(columnEnd).get(first).op("i32.sub").set(count);
        if (layout.columnAxes.length > 1) {
          code.get(this.#runs.length).get(position).op("i32.sub").set(end);
          minimum(code, count, end, count);
        }
        code.get(position).get(count).op("i32.add").set(end);
        // The address of position 0, as if the tile began there.
        code.get(result).get(first).get(column).op("i32.sub").get(position).op("i32.sub").op("i32.const", this.#shift).op("i32.shl").op("i32.add").set(start);
      });
      this.#storeRun(inRun, tile, rowEnd, { position, end, start });
      inRun.statement((code) => code.get(first).get(count).op("i32.add").set(first));
    });
  }

  #storeRun(scope: Scope, { row: firstRow, resultRow }: TilePlace, rowEnd: number, { position, end, start }: Locals<"position" | "end" | "start">): void {
    const { emitter, contraction: { guards, stores }, layout } = this;
    const repeatable = areRepeatable(stores, [...guards.map(({ holds }) => holds), ...stores.flatMap(({ index, value }) => [index, value])]);
    const [row, address, at] = [emitter.local("i32"), emitter.local("i32"), emitter.local("i32")];
    scope.statement((code) => code.get(firstRow).set(row).get(start).set(address));
    below(scope, row, rowEnd, (inRow) => {
      definePosition(inRow, layout.rowAxis, row);
      inRow.statement((code) => code.get(position).set(at));
      const axis = layout.columnAxes.at(-1)?.axis ?? -1;
      // Without an axis of columns there is one column.
      for (const groups of layout.columnAxes.length === 0 ? [null] : [2, 1, null]) {
        const write = (point: Scope): void => {
          this.#defineResult(point, address, at, groups);
          checkGuards(emitter, point, guards);
          writeStores(emitter, point, stores);
        };
        if (groups === 1 && repeatable) stepThroughAll(emitter, inRow, axis, at, end, (code) => code.get(position), write);
        else stepThrough(emitter, inRow, axis, at, end, groups, write);
      }
      inRow.statement((code) => {
        code.get(address).get(resultRow).op("i32.add").set(address);
        code.get(row).op("i32.const", 1).op("i32.add").set(row);
      });
    });
  }

  /** `result(0, 0)`: the sums at the current columns of a row. */
  #defineResult(scope: Scope, row: number, column: number, groups: number | null): void {
    const { emitter, contraction: { dtype } } = this;
    const address = emitter.local("i32");
    scope.code.get(row).get(column).op("i32.const", this.#shift).op("i32.shl").op("i32.add").set(address);
    if (groups !== null) {
      const vectors = Array.from({ length: groups * vectorsOf[dtype] }, (_, i) => {
        const vector = emitter.local("v128");
        scope.code.get(address).op("v128.load", 16 * i).set(vector);
        return vector;
      });
      scope.define("result 0 0", () => ({ dtype, home: scope, vectors }));
      return;
    }
    const type = scalarTypes[dtype];
    const value = emitter.local(type);
    scope.code.get(address).op(`${type}.load`);
    // A mask of all ones is true.
    if (dtype === "bool") scope.code.op("i32.const", 1).op("i32.and");
    scope.code.set(value);
    scope.define("result 0 0", () => ({ dtype, home: scope, local: value }));
  }
}
