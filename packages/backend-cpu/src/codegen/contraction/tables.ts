import type { Contraction, Expr } from "@gradus/kernel-ir";
import type { Code } from "../../assembler/index.js";
import type { Emitter } from "../emitter.js";
import { isLiteral, product, total } from "../expressions.js";
import type { SpaceAxis } from "../loops.js";
import { nest, plain, whereNotEmpty } from "../loops.js";
import type { Scope } from "../scope.js";
import type { Layout } from "./layout.js";
import type { Locals } from "./locals.js";
import type { OperandView } from "./operand.js";
import { stepBytes, tileArithmetic } from "./tiles.js";
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

/** An axis of the loops and one that is summed over, which together say where along a padded dimension an operand is read. */
interface Padding {
  readonly loop: SpaceAxis;
  /** Whether the position is inside. */
  readonly inside: Expr;
  /** Whether some are not. */
  readonly reachesOutside: Expr;
}

/** The innermost loop that moves along a padded dimension; null where none does. */
function paddingOf(emitter: Emitter, { axes }: Contraction, { loops, summed, columnOperand }: Layout): Padding | null {
  const b = emitter.builder;
  const paddings = columnOperand.coordinates.flatMap(({ terms, shift, divisor, extent }): Padding[] => {
    const loop = loops.find(({ axis }) => terms.some((term) => term.axis === axis));
    if (extent === null || !isLiteral(divisor, 1) || loop === undefined || !terms.every(({ axis }) => axis === loop.axis || summed.some((other) => other.axis === axis))) return [];
    const position = total(b, [shift, ...terms.map(({ axis, scale }) => b.mul(b.index(axis), scale))]);
    const spans = terms.map(({ axis, scale }) => b.mul(scale, b.sub(axes[axis]?.extent ?? b.int(1), b.int(1))));
    const least = total(b, [shift, ...spans.map((span) => b.min(span, b.int(0)))]);
    const most = total(b, [shift, ...spans.map((span) => b.max(span, b.int(0)))]);
    return [{ loop, inside: b.and(b.le(b.int(0), position), b.lt(position, extent)), reachesOutside: b.or(b.lt(least, b.int(0)), b.le(extent, most)) }];
  });
  return paddings.sort((one, other) => loops.findIndex(({ axis }) => axis === one.loop.axis) - loops.findIndex(({ axis }) => axis === other.loop.axis)).at(-1) ?? null;
}

/** Tables for the positions of a loop have no more steps than this together: they should stay in a cache. */
const mostStepsOfTables = 2 ** 14;

/**
 * The table of steps: the offsets of both factors of each, in the order of the sum. Along a loop that moves through padding there is one for each position, without
 * the steps that would multiply zeros.
 */
export class StepTable {
  readonly #padding: Padding | null;
  /** A local with the address of the first table. */
  readonly #table: number;
  /** Locals with the address of a list of where each table begins, and behind the last the end; and that say whether there are several. Only with padding. */
  readonly #starts: number = 0;
  readonly #several: number = 0;

  /** @param steps - A local with the number of steps. */
  constructor(readonly emitter: Emitter, scope: Scope, contraction: Contraction, layout: Layout, views: readonly [rows: OperandView, columns: OperandView], readonly steps: number) {
    const b = emitter.builder;
    const { shift } = tileArithmetic[contraction.dtype];
    const { summed } = layout;
    const padding = paddingOf(emitter, contraction, layout);
    this.#padding = padding;
    const at = emitter.local("i32");
    const offsets = views.map((view) => offsetOf(emitter, summed, view, shift));
    const writeSteps = (region: Scope, inside: Expr): void => whereNotEmpty(emitter, region, summed.map(({ extent }) => extent), (steps) => nest(emitter, steps, plain(summed), (point) => {
      const values = offsets.map((offset) => emitter.uniform(offset, point).local);
      const taken = emitter.uniform(inside, point).local;
      point.statement((code) => {
        values.forEach((value, i) => code.get(at).get(value).op("i32.store", 4 * i));
        code.get(at).op("i32.const", stepBytes).get(taken).op("i32.mul").op("i32.add").set(at);
      });
    }));
    if (padding === null) {
      this.#table = scope.statement((code) => {
        const room = takeRoom(emitter, code, "steps", [steps], stepBytes);
        code.get(room).set(at);
        return room;
      });
      writeSteps(scope, b.const(true, "bool"));
      return;
    }
    const { extent } = padding.loop;
    const count = product(b, [extent, ...summed.map((axis) => axis.extent)]);
    const several = b.and(padding.reachesOutside, b.le(count, b.int(mostStepsOfTables)));
    const tables = b.select(several, extent, b.int(1));
    const [tableCount, start] = [emitter.uniform(tables, scope).local, emitter.local("i32")];
    this.#several = emitter.uniform(several, scope).local;
    [this.#table, this.#starts] = scope.statement((code) => {
      // What is written last may be left out, but needs room.
      const entries = emitter.local("i32");
      code.get(tableCount).get(steps).op("i32.mul").op("i32.const", 1).op("i32.add").set(entries);
      const room = takeRoom(emitter, code, "steps", [entries], stepBytes);
      code.get(tableCount).op("i32.const", 1).op("i32.add").set(entries);
      const starts = takeRoom(emitter, code, "starts", [entries], 4);
      code.get(room).set(at).get(starts).set(start);
      return [room, starts];
    });
    const mark = (code: Code): void => void code.get(start).get(at).op("i32.store").get(start).op("i32.const", 4).op("i32.add").set(start);
    nest(emitter, scope, plain([{ axis: padding.loop.axis, extent: tables }]), (table) => {
      table.statement(mark);
      writeSteps(table, b.or(b.eq(several, b.const(false, "bool")), padding.inside));
    });
    scope.statement(mark);
  }

  /** Locals with the address of the steps at a point of the loops, and their number. */
  at(scope: Scope): Locals<"stepTable" | "steps"> {
    const { emitter } = this;
    const padding = this.#padding;
    if (padding === null) return { stepTable: this.#table, steps: this.steps };
    const position = emitter.uniform(emitter.builder.index(padding.loop.axis), scope).local;
    const [start, stepTable, steps] = [emitter.local("i32"), emitter.local("i32"), emitter.local("i32")];
    scope.statement((code) => {
      code.get(this.#starts).get(position).op("i32.const", 0).get(this.#several).op("select").op("i32.const", 4).op("i32.mul").op("i32.add").tee(start);
      code.op("i32.load").tee(stepTable).get(start).op("i32.load", 4).op("i32.sub").op("i32.const", -stepBytes).op("i32.div_s").set(steps);
    });
    return { stepTable, steps };
  }
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
