import type { Kernel } from "@gradus/kernel-ir";
import { reductionChunk } from "@gradus/kernel-ir";
import type { Block } from "./block.js";
import { bindDigits, pointCount } from "./digits.js";
import { teamSize } from "./form.js";
import type { LoopAxis } from "./kernel.js";
import { innerAxes, reportGuards, writeStores } from "./kernel.js";
import { SharedReduction } from "./reduction.js";
import { declareTuple } from "./tuple.js";

/** Writes the work of one outer point, shared by a workgroup; returns the declarations it needs. */
export function writeTeamKernel(block: Block, kernel: Kernel): readonly string[] {
  const inner = innerAxes(kernel);
  const declarations = kernel.reductions.flatMap((reduction, number) => {
    const tuple = declareTuple(reduction.monoid, number, block.context);
    const parts = `parts${String(number)}`;
    writeReduction(new SharedReduction(block, reduction, number, tuple, inner), parts);
    return [...tuple.declarations, `var<workgroup> ${parts}: array<${tuple.type}, ${String(teamSize)}>;`];
  });
  reportGuards(block, kernel.guards, ["outer"], (body) => writeTeamStores(body, kernel, inner, "lane", teamSize));
  return declarations;
}

/**
 * Writes the stores of one outer point, which `size` invocations share.
 *
 * @param lane - The number of an invocation among them.
 */
export function writeTeamStores(block: Block, kernel: Kernel, inner: readonly LoopAxis[], lane: string, size: number): void {
  if (kernel.stores.some(({ over }) => over === "outer")) block.nest(`if (${lane} == 0u)`, (body) => writeStores(body, kernel.stores, "outer"));
  if (![...kernel.stores, ...kernel.guards].some(({ over }) => over === "inner")) return;
  block.nest(`for (var position = ${lane}; position < ${pointCount(block, inner)}; position += ${String(size)}u)`, (body) => {
    bindDigits(body, "position", inner);
    reportGuards(body, kernel.guards, ["inner"], (point) => writeStores(point, kernel.stores, "inner"));
  });
}

/** Each invocation computes the partial result of one lane of a chunk; those of a round are then folded into the totals. */
function writeReduction(shared: SharedReduction, parts: string): void {
  const { block, reduction: { lanes }, rowAxes, rows, chunks } = shared;
  const [total, partial] = [shared.name("total"), shared.name("partial")];
  const [count, perRound] = [String(lanes), String(teamSize / lanes)];
  const lane = lanes === 1 ? "" : block.name(`i32(lane % ${count}u)`);
  block.line(`var ${total} = ${shared.identity};`);
  block.nest(`for (var first = 0u; first < ${rows} * ${chunks}; first += ${perRound}u)`, (round) => {
    round.line(`let part = first + lane${lanes === 1 ? "" : ` / ${count}u`};`);
    round.line(`var ${partial} = ${shared.identity};`);
    round.nest(`if (part < ${rows} * ${chunks})`, (body) => {
      bindDigits(body, `(part / ${chunks})`, rowAxes);
      body.line(`let begin = i32(part % ${chunks}) * ${String(reductionChunk)};`);
      shared.addChunk(body, partial, "begin", lane);
    });
    round.line(`${parts}[lane] = ${partial};`);
    round.line("workgroupBarrier();");
    round.nest(`if (lane < ${count}u)`, (folding) => {
      folding.nest(`for (var other = 0u; other < min(${perRound}u, ${rows} * ${chunks} - first); other++)`, (body) => {
        shared.add(body, total, `${parts}[other * ${count}u + lane]`);
      });
    });
    round.line("workgroupBarrier();");
  });
  shared.finish(parts, "lane", "0u");
}
