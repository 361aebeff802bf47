import type { Code } from "../../assembler/index.js";
import type { Emitter } from "../emitter.js";
import { minimum } from "./locals.js";
import type { OperandView } from "./operand.js";
import { stepBytes } from "./tiles.js";

/** Where the rows, or columns, of an operand lie: in a table, or so many bytes apart. */
export type Places = { readonly table: number; readonly count: number } | { readonly bytes: number; readonly count: number };

/** Tells the host about a range that does not lie within some memory; `first` is the local with its address, `end` with that behind it. */
export function checkRange(emitter: Emitter, code: Code, param: number, memory: { readonly start: number; readonly length: number }, first: number, end: number): void {
  code.get(first).get(memory.start).op("i32.lt_u").get(end).get(memory.start).get(memory.length).op("i32.add").op("i32.gt_u").op("i32.or");
  code.if((outside) => outside.op("i32.const", param).get(first).get(memory.start).op("i32.sub").op("call", emitter.context.outOfBounds).op("unreachable"));
}

/**
 * Compares everything that tiles and packers take from an operand at one point of the loops with where it ends: every place meets every step, so the ends of both are
 * enough. (What vectors read beyond, and nobody takes, is not counted: buffers have a margin for that.)
 *
 * @param base - The address of the first place at the first step.
 * @param side - Where the operand's offsets stand in an entry of the table of steps.
 */
export function checkOperand(emitter: Emitter, code: Code, view: OperandView, base: number, places: Places, stepTable: number, steps: number, side: number, shift: number): void {
  const { bounds } = view;
  if (bounds === null) return;
  const local = (): number => emitter.local("i32");
  const [first, end, value, least, most] = [local(), local(), local(), local(), local()];
  /** Moves both ends by the least and the greatest entry of a table. */
  const extend = (c: Code, table: number, count: number, entryBytes: number, offset: number): void => {
    const [at, stop] = [local(), local()];
    c.get(table).set(at).get(at).get(count).op("i32.const", entryBytes).op("i32.mul").op("i32.add").set(stop);
    c.get(at).op("i32.load", offset).tee(least).set(most);
    c.loop((round, again) => {
      round.get(at).op("i32.load", offset).set(value);
      minimum(round, value, least, least);
      round.get(value).get(most).get(value).get(most).op("i32.gt_s").op("select").set(most);
      round.get(at).op("i32.const", entryBytes).op("i32.add").tee(at).get(stop).op("i32.ne").branchIf(again);
    });
    c.get(first).get(least).op("i32.add").set(first).get(end).get(most).op("i32.add").set(end);
  };
  code.get(steps).if((some) => {
    some.get(base).tee(first).set(end);
    extend(some, stepTable, steps, stepBytes, side);
    if ("table" in places) extend(some, places.table, places.count, 4, 0);
    else {
      some.get(places.count).op("i32.const", 1).op("i32.sub").get(places.bytes).op("i32.mul").tee(value).op("i32.const", 0).op("i32.lt_s").if(
        (backwards) => backwards.get(first).get(value).op("i32.add").set(first),
        (forwards) => forwards.get(end).get(value).op("i32.add").set(end),
      );
    }
    some.get(end).op("i32.const", 1 << shift).op("i32.add").set(end);
    checkRange(emitter, some, view.param, bounds, first, end);
  });
}
