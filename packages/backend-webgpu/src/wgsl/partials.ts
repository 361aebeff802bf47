import type { Kernel } from "@gradus/kernel-ir";
import { ExprBuilder, reductionChunk } from "@gradus/kernel-ir";
import type { Block, ShaderContext } from "./block.js";
import type { Digit } from "./digits.js";
import { countDigits, pointCount } from "./digits.js";
import type { Form, Pass } from "./form.js";
import { byInvocation, byWorkgroup, innerDigits, outerDigits, teamSize } from "./form.js";
import { innerAxes, reportGuards, writeStores } from "./kernel.js";
import { SharedReduction } from "./reduction.js";
import { declareTuple } from "./tuple.js";
import type { ValueOf } from "./variants.js";

/**
 * A kernel with few outer points and much to reduce for each. For each reduction, invocations of many workgroups compute the partial results of
 * `Reduction`'s doc comment, then a workgroup for each point folds them in order; a last pass stores at the inner points. The results of a reduction
 * stay in the scratch memory for what comes after it, with the partial results behind them.
 */
export function partialsForm(kernel: Kernel, context: ShaderContext): Form {
  const [outer, inner] = [outerDigits(kernel), innerAxes(kernel)];
  const build = new ExprBuilder();
  const tuples = kernel.reductions.map(({ monoid }, number) => declareTuple(monoid, number, context));
  const declarations = tuples.flatMap((tuple) => tuple.declarations);
  /** Words of one point before the results of a reduction. */
  const wordsBefore = (number: number): number => kernel.reductions.slice(0, number).reduce((words, { lift }) => words + lift.length, 0);
  const resultWords = wordsBefore(kernel.reductions.length);

  /** The partial results of a reduction: neighbours in memory belong to neighbouring invocations, which should read neighbouring elements. */
  const partsOf = (number: number): readonly Digit[] => {
    const { lanes } = kernel.reductions[number]!;
    const row = inner.at(-1)!;
    const rows: readonly Digit[] = [...inner.slice(0, -1), { ...row, step: reductionChunk * lanes }];
    return lanes === 1 ? [...rows, ...outer] : [...outer, ...rows, { axis: laneAxis, extent: build.int(lanes) }];
  };
  const laneAxis = outer.length + inner.length;
  const scratch = (slot: string): string => `scratch[${slot}]`;
  const resultPlace = (points: string, number: number) => (slot: number): string => scratch(`${String(wordsBefore(number) + slot)}u * ${points} + point`);

  /** Names the results of the first `count` reductions at the outer point `point`. */
  const bindResults = (block: Block, count: number): string => {
    const points = block.name(pointCount(block, outer));
    kernel.reductions.slice(0, count).forEach(({ lift }, number) => {
      block.line(`let result${String(number)} = ${tuples[number]!.fromWords(resultPlace(points, number))};`);
      lift.forEach((_, slot) => block.bindResult(number, slot, tuples[number]!.component(`result${String(number)}`, slot)));
    });
    return points;
  };

  const passes = kernel.reductions.flatMap((reduction, number): Pass[] => {
    const tuple = tuples[number]!;
    const parts = partsOf(number);
    const { lanes } = reduction;
    const place = (points: string, count: string, part: string) => (slot: number): string => scratch(`${String(resultWords)}u * ${points} + ${String(slot)}u * ${count} + ${part}`);
    const row = inner.at(-1)!.axis;
    const nameOf = (axis: number): string => (axis === row ? "begin" : axis === laneAxis ? "part_lane" : `i${String(axis)}`);
    const partial = byInvocation(parts, (block) => {
      const count = block.name(pointCount(block, parts));
      block.line(`let point = ${outer.reduce((text, { axis, extent }) => `(${text} * u32(${block.value(extent)}) + u32(i${String(axis)}))`, "0u")};`);
      const points = bindResults(block, number);
      const shared = new SharedReduction(block, reduction, number, tuple, inner);
      block.line(`var ${shared.name("partial")} = ${shared.identity};`);
      block.line(`let first_step = begin / ${String(lanes)};`);
      shared.addChunk(block, shared.name("partial"), "first_step", "part_lane");
      tuple.toWords(shared.name("partial")).forEach((word, slot) => block.line(`${place(points, count, "part")(slot)} = ${word};`));
      return declarations;
    }, { name: `partial${String(number)}`, pointName: "part", nameOf });

    const fold = byWorkgroup(outer, (block) => {
      const points = bindResults(block, number);
      const shared = new SharedReduction(block, reduction, number, tuple, inner);
      const [total, memory] = [shared.name("total"), shared.name("parts")];
      const count = block.name(pointCount(block, parts));
      const perRow = block.name(pointCount(block, [{ ...inner.at(-1)!, step: reductionChunk * lanes }]));
      block.line(`var ${total} = ${shared.identity};`);
      block.nest(`if (lane < ${String(lanes)}u)`, (body) => {
        body.nest(`for (var row = 0u; row < ${shared.rows}; row++)`, (rows) => {
          rows.nest(`for (var chunk = 0u; chunk < ${shared.chunks}; chunk++)`, (each) => {
            const part = lanes === 1 ? `(row * ${perRow} + chunk) * ${points} + point` : `((point * ${shared.rows} + row) * ${perRow} + chunk) * ${String(lanes)}u + lane`;
            each.line(`let part = ${part};`);
            shared.add(each, total, tuple.fromWords(place(points, count, "part")));
          });
        });
      });
      shared.finish(memory, "lane", "0u");
      const isLast = number === kernel.reductions.length - 1;
      block.nest("if (lane == 0u)", (body) => {
        tuple.toWords(shared.name("result")).forEach((word, slot) => body.line(`${resultPlace(points, number)(slot)} = ${word};`));
        if (isLast) reportGuards(body, kernel.guards, ["outer"], (point) => writeStores(point, kernel.stores, "outer"));
      });
      return [...declarations, `var<workgroup> ${memory}: array<${tuple.type}, ${String(teamSize)}>;`];
    }, { name: `fold${String(number)}` });
    return [partial, fold];
  });

  const everywhere = [...outer, ...innerDigits(kernel)];
  const store = byInvocation(everywhere, (block) => {
    block.line(`let point = inner_point / ${block.name(pointCount(block, inner))};`);
    bindResults(block, kernel.reductions.length);
    reportGuards(block, kernel.guards, ["outer", "inner"], (body) => writeStores(body, kernel.stores, "inner"));
    return declarations;
  }, { name: "store", pointName: "inner_point" });
  const hasInner = [...kernel.stores, ...kernel.guards].some(({ over }) => over === "inner");
  const partialWords = (valueOf: ValueOf): number => Math.max(...kernel.reductions.map(({ lift }, number) => lift.length * countDigits(partsOf(number), valueOf)));
  return {
    passes: hasInner ? [...passes, store] : passes,
    scratchWords: (valueOf) => resultWords * countDigits(outer, valueOf) + partialWords(valueOf),
  };
}
