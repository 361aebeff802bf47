import type { Expr, Guard, Kernel, Over, Reduction, Store } from "@gradus/kernel-ir";
import { reductionChunk } from "@gradus/kernel-ir";
import type { Block } from "./block.js";
import { elementOf } from "./block.js";
import { bare } from "./text.js";
import type { Tuple } from "./tuple.js";
import { declareTuple } from "./tuple.js";

/** One axis of a loop. */
export interface LoopAxis {
  readonly axis: number;
  readonly extent: Expr;
}

/** The inner axes of a space with their numbers, which follow the outer ones. */
export const innerAxes = (space: { readonly outer: readonly Expr[]; readonly inner: readonly Expr[] }): LoopAxis[] =>
  space.inner.map((extent, i) => ({ axis: space.outer.length + i, extent }));

/** Writes the checks; a guard that does not hold is reported and ends the work of this point. */
export function writeGuards(block: Block, guards: readonly Guard[], over: Over): void {
  guards.forEach((guard, number) => {
    if (guard.over !== over) return;
    const holds = block.value(guard.holds);
    block.nest(`if (!(${bare(holds)}))`, (body) => {
      body.line(`fail(${String(number)}u);`);
      body.line("return;");
    });
  });
}

/**
 * Writes checks that end no invocation, for work that a workgroup shares: a guard that does not hold is reported, and `write` is not done.
 */
export function reportGuards(block: Block, guards: readonly Guard[], over: readonly Over[], write: (body: Block) => void): void {
  const names = guards.flatMap((guard, number) => {
    if (!over.includes(guard.over)) return [];
    const holds = block.name(block.value(guard.holds));
    block.line(`if (!${holds}) { fail(${String(number)}u); }`);
    return [holds];
  });
  if (names.length === 0) write(block);
  else block.nest(`if (${names.join(" && ")})`, write);
}

/** Writes the stores. All loads of a point come before its stores, hence the names where there are several. */
export function writeStores(block: Block, stores: readonly Store[], over: Over): void {
  const mine = stores.filter((store) => store.over === over);
  const texts = block.values(mine.flatMap(({ index, value }) => [index, value]));
  const lines = mine.map(({ param, value }, i) => {
    const [place = "", text = ""] = texts.slice(2 * i, 2 * i + 2);
    // To narrow a literal could be refused; as a name it is no literal.
    const stored = mine.length > 1 || value.op === "const" ? block.name(text) : text;
    return `p${String(param)}[${bare(place)}] = ${bare(elementOf(block.context, param).narrow(stored))};`;
  });
  for (const line of lines) block.line(line);
}

/** Writes the work of one outer point; returns the declarations it needs. */
export function writeKernel(block: Block, kernel: Kernel): string[] {
  const inner = innerAxes(kernel);
  writeGuards(block, kernel.guards, "outer");
  const declarations = kernel.reductions.flatMap((reduction, number) => {
    const tuple = declareTuple(reduction.monoid, number, block.context);
    writeReduction(block, reduction, number, tuple, inner);
    reduction.lift.forEach((_, slot) => {
      block.bindResult(number, slot, tuple.component(`result${String(number)}`, slot));
    });
    return tuple.declarations;
  });
  // In a block of its own where a parameter is both read and written: the names of what was read are not true afterwards.
  if (kernel.params.some(({ access }) => access === "inout")) block.nest("", (body) => writeStores(body, kernel.stores, "outer"));
  else writeStores(block, kernel.stores, "outer");
  if (kernel.stores.some((store) => store.over === "inner") || kernel.guards.some((guard) => guard.over === "inner")) {
    block.loops(inner, (body) => {
      writeGuards(body, kernel.guards, "inner");
      writeStores(body, kernel.stores, "inner");
    });
  }
  return declarations;
}

/** The order of `Reduction`'s doc comment, to the letter. */
function writeReduction(block: Block, reduction: Reduction, number: number, tuple: Tuple, inner: readonly LoopAxis[]): void {
  const [total, partial, tail, result] = ["total", "partial", "tail", "result"].map((name) => `${name}${String(number)}`) as [string, string, string, string];
  const row = inner.at(-1);
  if (row === undefined) throw new Error("internal: a reduction has no inner axis");
  const { lanes } = reduction;
  const identity = tuple.identity(block);
  const length = block.value(row.extent);
  const chunk = String(reductionChunk);
  /** `into = combine(into, lift)` at a position of the row. */
  const addPosition = (body: Block, into: string, position: string): void => {
    body.bindIndex(row.axis, position);
    body.line(`${into} = ${tuple.combine(into, tuple.make(body.values(reduction.lift)))};`);
  };

  if (lanes === 1) {
    block.line(`var ${total} = ${identity};`);
    block.loops(inner.slice(0, -1), (body) => {
      body.nest(`for (var begin = 0; begin < ${length}; begin += ${chunk})`, (part) => {
        part.line(`var ${partial} = ${identity};`);
        const index = `i${String(row.axis)}`;
        part.nest(`for (var ${index} = begin; ${index} < min(begin + ${chunk}, ${length}); ${index}++)`, (step) => {
          addPosition(step, partial, index);
        });
        part.line(`${total} = ${tuple.combine(total, partial)};`);
      });
    });
    block.line(`let ${result} = ${total};`);
    return;
  }

  const count = String(lanes);
  const forEachLane = (body: Block, write: (lane: Block) => void): void => body.nest(`for (var lane = 0; lane < ${count}; lane++)`, write);
  const index = `i${String(row.axis)}`;
  block.line(`var ${total}: array<${tuple.type}, ${count}>;`);
  forEachLane(block, (lane) => lane.line(`${total}[lane] = ${identity};`));
  block.line(`var ${tail} = ${identity};`);
  block.loops(inner.slice(0, -1), (body) => {
    body.nest(`for (var begin = 0; begin < ${length} / ${count}; begin += ${chunk})`, (part) => {
      part.line(`var ${partial}: array<${tuple.type}, ${count}>;`);
      forEachLane(part, (lane) => lane.line(`${partial}[lane] = ${identity};`));
      part.nest(`for (var step = begin; step < min(begin + ${chunk}, ${length} / ${count}); step++)`, (step) => {
        forEachLane(step, (lane) => {
          lane.line(`let ${index} = step * ${count} + lane;`);
          addPosition(lane, `${partial}[lane]`, index);
        });
      });
      forEachLane(part, (lane) => lane.line(`${total}[lane] = ${tuple.combine(`${total}[lane]`, `${partial}[lane]`)};`));
    });
    body.nest(`for (var ${index} = ${length} / ${count} * ${count}; ${index} < ${length}; ${index}++)`, (rest) => {
      addPosition(rest, tail, index);
    });
  });
  block.nest(`for (var half = ${String(lanes / 2)}; half > 0; half /= 2)`, (body) => {
    body.nest("for (var lane = 0; lane < half; lane++)", (lane) => {
      lane.line(`${total}[lane] = ${tuple.combine(`${total}[lane]`, `${total}[lane + half]`)};`);
    });
  });
  block.line(`let ${result} = ${tuple.combine(`${total}[0]`, tail)};`);
}
