import type { Expr } from "@gradus/kernel-ir";
import type { Code } from "../../assembler/index.js";
import type { Emitter } from "../emitter.js";
import { total } from "../expressions.js";
import type { SpaceAxis } from "../loops.js";
import { nest, plain, whereNotEmpty } from "../loops.js";
import type { Scope } from "../scope.js";
import type { OperandView } from "./operand.js";
import { stepBytes } from "./tiles.js";
import { workspace } from "./workspace.js";

/** Leaves the address of memory for as many items as the product of some locals, for the length of the dispatch. */
export function takeScratch(emitter: Emitter, code: Code, counts: readonly number[], itemBytes: number): Code {
  code.op("f64.const", itemBytes);
  for (const count of counts) code.get(count).op("f64.convert_i32_s").op("f64.mul");
  return code.op("call", emitter.context.scratch);
}

/** A local with the address of room for `count` items: in the workspace, or from the pool if there are too many for that. */
export function takeRoom(emitter: Emitter, code: Code, part: keyof typeof workspace, counts: readonly number[], itemBytes: number): number {
  const room = emitter.local("i32");
  const { offset, bytes } = workspace[part];
  code.op("f64.const", itemBytes);
  for (const count of counts) code.get(count).op("f64.convert_i32_s").op("f64.mul");
  code.op("f64.const", bytes).op("f64.gt").if(
    (large) => takeScratch(emitter, large, counts, itemBytes),
    (small) => small.get(emitter.context.workspace).op("i32.const", offset).op("i32.add"),
    "i32",
  );
  code.set(room);
  return room;
}

/** By how many bytes the positions along some axes move in an operand. */
function offsetOf(emitter: Emitter, axes: readonly SpaceAxis[], view: OperandView, shift: number): Expr {
  const b = emitter.builder;
  return total(b, axes.map(({ axis }) => b.mul(b.index(axis), b.mul(view.stride(axis), b.int(1 << shift)))));
}

/** The table of steps: the offsets of both factors of each, in the order of the sum. Gives a local with its address. */
export function writeStepTable(emitter: Emitter, scope: Scope, summed: readonly SpaceAxis[], views: readonly [rows: OperandView, columns: OperandView], count: number, shift: number): number {
  const at = emitter.local("i32");
  const table = scope.statement((code) => {
    const room = takeRoom(emitter, code, "steps", [count], stepBytes);
    code.get(room).set(at);
    return room;
  });
  const offsets = views.map((view) => offsetOf(emitter, summed, view, shift));
  whereNotEmpty(emitter, scope, summed.map(({ extent }) => extent), (region) => nest(emitter, region, plain(summed), (point) => {
    const values = offsets.map((offset) => emitter.uniform(offset, point).local);
    point.statement((code) => {
      values.forEach((value, i) => code.get(at).get(value).op("i32.store", 4 * i));
      code.get(at).op("i32.const", stepBytes).op("i32.add").set(at);
    });
  }));
  return table;
}

/** A table of where the positions along some axes are, in order. Gives a local with its address. */
export function writePlaces(emitter: Emitter, scope: Scope, part: "columns" | "rows", axes: readonly SpaceAxis[], view: OperandView, count: number, shift: number): number {
  const at = emitter.local("i32");
  const table = scope.statement((code) => {
    const room = takeRoom(emitter, code, part, [count], 4);
    code.get(room).set(at);
    return room;
  });
  const offset = offsetOf(emitter, axes, view, shift);
  nest(emitter, scope, plain(axes), (point) => {
    const value = emitter.uniform(offset, point).local;
    point.statement((code) => code.get(at).get(value).op("i32.store").get(at).op("i32.const", 4).op("i32.add").set(at));
  });
  return table;
}
