import type { Expr, Guard, Scan, Scatter, Sort, Store } from "@gradus/kernel-ir";
import { topological } from "@gradus/kernel-ir";
import type { Code, ValueType } from "../assembler/index.js";
import { allocate, assign, combineInto, lifted, valuesOf } from "./accumulator.js";
import type { Emitter } from "./emitter.js";
import { arrange, bestAxis } from "./kernel.js";
import type { LoopAxis } from "./loops.js";
import { axesOf, checkGuards, nest, plain, stepThrough, usesWideValues, whereNotEmpty, writeStores } from "./loops.js";
import { scalarTypes } from "./scalar.js";
import type { UniformValue } from "./scope.js";
import { Scope } from "./scope.js";

/** Splits the guards into those over the outer and those over the inner space. */
const split = (guards: readonly Guard[]): { readonly outer: readonly Guard[]; readonly inner: readonly Guard[] } => ({
  outer: guards.filter(({ over }) => over === "outer"),
  inner: guards.filter(({ over }) => over === "inner"),
});

/** The outer axes as loops, with lanes along the one that is contiguous: each lane goes through inner points of its own. */
const outerLoops = (emitter: Emitter, outer: readonly Expr[], stores: readonly Store[], roots: readonly Expr[]): LoopAxis[] => {
  const axis = bestAxis(emitter, axesOf(outer), stores, roots);
  return arrange(axesOf(outer), axis, usesWideValues(topological(roots)) ? [2, 1, null] : [4, 1, null], false);
};

/** The running tuple in locals, one inner point after the other. */
export function writeScan(emitter: Emitter, scope: Scope, { outer, inner, guards, monoid, lift, stores }: Scan): void {
  const { outer: outerGuards, inner: innerGuards } = split(guards);
  const loops = outerLoops(emitter, outer, stores, [...lift, ...stores.flatMap(({ index, value }) => [index, value])]);
  whereNotEmpty(emitter, scope, outer, (region) => {
    nest(emitter, region, loops, (row) => {
      checkGuards(emitter, row, outerGuards);
      const running = allocate(emitter, monoid, row);
      assign(emitter, running, monoid.identity, row);
      whereNotEmpty(emitter, row, inner, (space) => {
        nest(emitter, space, plain(axesOf(inner, outer.length)), (point) => {
          checkGuards(emitter, point, innerGuards);
          combineInto(emitter, monoid, running, lifted(emitter, lift, running.varying), point);
          valuesOf(running, point).forEach((value, slot) => point.define(`result 0 ${String(slot)}`, () => value));
          writeStores(emitter, point, stores);
        });
      });
    });
  });
}

/** One inner point after the other: several may write to one element, and their order counts. */
export function writeScatter(emitter: Emitter, scope: Scope, { outer, inner, guards, target }: Scatter): void {
  const { outer: outerGuards, inner: innerGuards } = split(guards);
  const write = target.combine === null ? target.value : target.combine;
  const store: Store = { over: "inner", param: target.param, index: target.index, value: write };
  // Under a condition, some lanes would write and some would not.
  const loops = target.when === null ? outerLoops(emitter, outer, [store], [target.index, target.value]) : plain(axesOf(outer));
  whereNotEmpty(emitter, scope, outer, (region) => {
    nest(emitter, region, loops, (row) => {
      checkGuards(emitter, row, outerGuards);
      whereNotEmpty(emitter, row, inner, (space) => {
        nest(emitter, space, plain(axesOf(inner, outer.length)), (point) => {
          checkGuards(emitter, point, innerGuards);
          if (target.when === null) writeTarget(emitter, point, target, store);
          else {
            const when = emitter.uniform(target.when, point).local;
            // A region: where the condition does not hold, loads of the value may be out of range.
            point.statement((code) => code.get(when).if((inside) => writeTarget(emitter, new Scope(point, inside, { region: true }), target, store)));
          }
        });
      });
    });
  });
}

function writeTarget(emitter: Emitter, scope: Scope, { param, index, value, combine }: Scatter["target"], store: Store): void {
  if (combine === null) {
    writeStores(emitter, scope, [store]);
    return;
  }
  const right = emitter.evaluate(value, scope);
  const left = emitter.access.readElement(param, index, scope);
  scope.statement((code) => {
    const inside = new Scope(scope, code.piece());
    inside.define("left 0", () => ({ ...left, home: inside }));
    inside.define("right 0", () => ({ ...right, home: inside }));
    writeStores(emitter, inside, [store]);
  });
}

/**
 * A stable merge sort from the bottom up. Keys and the positions that they come from lie in scratch memory, in two halves between
 * which they are merged back and forth.
 */
export function writeSort(emitter: Emitter, scope: Scope, { outer, inner, guards, key, descending, stores }: Sort): void {
  const { outer: outerGuards, inner: innerGuards } = split(guards);
  const length = inner[0];
  if (length === undefined) throw new Error("internal: a sort needs an inner axis");
  const axis = outer.length;
  const type = scalarTypes[key.dtype];
  const keyBytes = type === "i64" || type === "f64" ? 8 : 4;

  whereNotEmpty(emitter, scope, outer, (region) => {
    const n = emitter.uniform(length, region).local;
    const [keys, places, otherKeys, otherPlaces] = [0, 0, 0, 0].map(() => emitter.local("i32")) as [number, number, number, number];
    const scratch = emitter.local("i32");
    region.statement((code) => {
      const bytes = (size: number): Code => code.get(n).op("i32.const", size).op("i32.mul");
      // Keys first, so that they are aligned.
      code.get(n).op("f64.convert_i32_s").op("f64.const", 2 * (keyBytes + 4)).op("f64.mul").op("call", emitter.context.scratch).set(scratch);
      code.get(scratch).set(keys);
      bytes(keyBytes).get(scratch).op("i32.add").set(otherKeys);
      bytes(2 * keyBytes).get(scratch).op("i32.add").set(places);
      bytes(2 * keyBytes + 4).get(scratch).op("i32.add").set(otherPlaces);
    });
    nest(emitter, region, plain(axesOf(outer)), (row) => {
      checkGuards(emitter, row, outerGuards);
      const position = emitter.local("i32");
      row.statement((code) => code.op("i32.const", 0).set(position));
      stepThrough(emitter, row, axis, position, n, null, (point) => {
        checkGuards(emitter, point, innerGuards);
        const value = emitter.uniform(key, point).local;
        point.statement((code) => {
          element(code, keys, position, keyBytes).get(value).op(`${type}.store`);
          element(code, places, position, 4).get(position).op("i32.store");
        });
      });
      row.statement((code) => mergeSort(emitter, code, { n, type, keyBytes, keys, places, otherKeys, otherPlaces, descending }));
      row.statement((code) => code.op("i32.const", 0).set(position));
      stepThrough(emitter, row, axis, position, n, null, (point) => {
        const [value, place] = [emitter.local(type), emitter.local("i32")];
        point.statement((code) => {
          element(code, keys, position, keyBytes).op(`${type}.load`).set(value);
          element(code, places, position, 4).op("i32.load").set(place);
        });
        const results: UniformValue[] = [
          { dtype: key.dtype, home: point, local: value },
          { dtype: "int32", home: point, local: place },
        ];
        results.forEach((result, slot) => point.define(`result 0 ${String(slot)}`, () => result));
        writeStores(emitter, point, stores);
      });
    });
  });
}

interface MergeSort {
  readonly n: number;
  readonly type: Exclude<ValueType, "v128">;
  readonly keyBytes: number;
  readonly keys: number;
  readonly places: number;
  readonly otherKeys: number;
  readonly otherPlaces: number;
  readonly descending: boolean;
}

/** Leaves the address of element `index` of an array at `base`. */
const element = (code: Code, base: number, index: number, bytes: number): Code => code.get(base).get(index).op("i32.const", bytes).op("i32.mul").op("i32.add");

function mergeSort(emitter: Emitter, code: Code, { n, type, keyBytes, keys, places, otherKeys, otherPlaces, descending }: MergeSort): void {
  const [run, start, middle, end, left, right, out, swap] = Array.from({ length: 8 }, () => emitter.local("i32")) as [number, number, number, number, number, number, number, number];
  const [leftKey, rightKey] = [emitter.local(type), emitter.local(type)];
  /** Whether the right key has to come before the left one; if they are equal, the left one comes first. */
  const rightFirst = (c: Code): void => {
    const [low, high] = descending ? [leftKey, rightKey] : [rightKey, leftKey];
    c.get(low).get(high).op(type === "f32" || type === "f64" ? `${type}.lt` : `${type}.lt_s`);
    if (type === "f32" || type === "f64") {
      // NaN is larger than every number: high is NaN and low is not.
      c.get(high).get(high).op(`${type}.ne`).get(low).get(low).op(`${type}.eq`).op("i32.and").op("i32.or");
    }
  };
  const move = (c: Code, from: number, keyLocal: number): void => {
    element(c, otherKeys, out, keyBytes).get(keyLocal).op(`${type}.store`);
    element(c, otherPlaces, out, 4);
    element(c, places, from, 4).op("i32.load").op("i32.store");
    c.get(from).op("i32.const", 1).op("i32.add").set(from);
    c.get(out).op("i32.const", 1).op("i32.add").set(out);
  };
  const bounded = (c: Code, base: number, to: number): void => {
    c.get(base).get(run).op("i32.add").tee(to).get(n).get(to).get(n).op("i32.lt_u").op("select").set(to);
  };
  code.op("i32.const", 1).set(run);
  code.block((sorting, sorted) => {
    sorting.loop((pass, nextPass) => {
      pass.get(run).get(n).op("i32.ge_u").branchIf(sorted);
      pass.op("i32.const", 0).set(start);
      pass.loop((pair, nextPair) => {
        bounded(pair, start, middle);
        bounded(pair, middle, end);
        pair.get(start).set(left).get(middle).set(right).get(start).set(out);
        pair.block((merging, merged) => {
          merging.loop((step, nextStep) => {
            // A side that is used up leaves the other.
            step.get(out).get(end).op("i32.ge_u").branchIf(merged);
            step.block((takeLeft, leftTaken) => {
              takeLeft.block((takeRight, chooseRight) => {
                takeRight.get(left).get(middle).op("i32.ge_u").if((c) => {
                  element(c, keys, right, keyBytes).op(`${type}.load`).set(rightKey);
                  c.branch(chooseRight);
                });
                element(takeRight, keys, left, keyBytes).op(`${type}.load`).set(leftKey);
                takeRight.get(right).get(end).op("i32.lt_u").if((c) => {
                  element(c, keys, right, keyBytes).op(`${type}.load`).set(rightKey);
                  rightFirst(c);
                  c.branchIf(chooseRight);
                });
                move(takeRight, left, leftKey);
                takeRight.branch(leftTaken);
              });
              move(takeLeft, right, rightKey);
            });
            step.branch(nextStep);
          });
        });
        pair.get(end).tee(start).get(n).op("i32.lt_u").branchIf(nextPair);
      });
      // The merged runs are the input of the next pass.
      for (const [a, b] of [[keys, otherKeys], [places, otherPlaces]] as const) pass.get(a).set(swap).get(b).set(a).get(swap).set(b);
      pass.get(run).op("i32.const", 1).op("i32.shl").set(run);
      pass.branch(nextPass);
    });
  });
}
