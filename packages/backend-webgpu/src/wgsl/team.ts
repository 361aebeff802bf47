import type { Kernel, Reduction } from "@gradus/kernel-ir";
import { reductionChunk } from "@gradus/kernel-ir";
import type { Block } from "./block.js";
import { bindDigits, pointCount } from "./digits.js";
import { teamSize } from "./form.js";
import { innerAxes, writeStores } from "./kernel.js";
import type { LoopAxis } from "./kernel.js";
import type { Tuple } from "./tuple.js";
import { declareTuple } from "./tuple.js";

/** Writes the work of one outer point, shared by a workgroup; returns the declarations it needs. */
export function writeTeamKernel(block: Block, kernel: Kernel): readonly string[] {
  const inner = innerAxes(kernel);
  const declarations = kernel.reductions.flatMap((reduction, number) => {
    const tuple = declareTuple(reduction.monoid, number, block.context);
    const parts = `parts${String(number)}`;
    writeReduction(block, reduction, number, tuple, inner, parts);
    reduction.lift.forEach((_, slot) => block.bindResult(number, slot, tuple.component(`result${String(number)}`, slot)));
    return [...tuple.declarations, `var<workgroup> ${parts}: array<${tuple.type}, ${String(teamSize)}>;`];
  });
  if (kernel.stores.some(({ over }) => over === "outer")) block.nest("if (lane == 0u)", (body) => writeStores(body, kernel.stores, "outer"));
  if (kernel.stores.some(({ over }) => over === "inner")) {
    block.nest(`for (var position = lane; position < ${pointCount(block, inner)}; position += ${String(teamSize)}u)`, (body) => {
      bindDigits(body, "position", inner);
      writeStores(body, kernel.stores, "inner");
    });
  }
  return declarations;
}

/**
 * The order of `Reduction`'s doc comment, to the letter: its partial results do not know of each other, so each invocation computes one,
 * and those of a round are then folded into the totals in their order.
 */
function writeReduction(block: Block, reduction: Reduction, number: number, tuple: Tuple, inner: readonly LoopAxis[], parts: string): void {
  const row = inner.at(-1);
  if (row === undefined) throw new Error("internal: a reduction has no inner axis");
  const rowAxes = inner.slice(0, -1);
  const { lanes } = reduction;
  const name = (what: string): string => `${what}${String(number)}`;
  const [total, partial, tail, result] = ["total", "partial", "tail", "result"].map(name) as [string, string, string, string];
  const identity = tuple.identity(block);
  const length = block.value(row.extent);
  const [count, perRound, chunk] = [String(lanes), String(teamSize / lanes), String(reductionChunk)];
  const rows = block.name(pointCount(block, rowAxes));
  const steps = lanes === 1 ? length : block.name(`${length} / ${count}`);
  const chunks = block.name(`u32((${steps} + ${String(reductionChunk - 1)}) / ${chunk})`);
  const lane = lanes === 1 ? null : block.name(`i32(lane % ${count}u)`);
  const addPosition = (body: Block, into: string): void => body.line(`${into} = ${tuple.combine(into, tuple.make(body.values(reduction.lift)))};`);
  const index = `i${String(row.axis)}`;

  block.line(`var ${total} = ${identity};`);
  block.nest(`for (var first = 0u; first < ${rows} * ${chunks}; first += ${perRound}u)`, (round) => {
    round.line(`let part = first + lane${lanes === 1 ? "" : ` / ${count}u`};`);
    round.line(`var ${partial} = ${identity};`);
    round.nest(`if (part < ${rows} * ${chunks})`, (body) => {
      bindDigits(body, `(part / ${chunks})`, rowAxes);
      body.line(`let begin = i32(part % ${chunks}) * ${chunk};`);
      body.nest(`for (var step = begin; step < min(begin + ${chunk}, ${steps}); step++)`, (step) => {
        step.line(`let ${index} = ${lane === null ? "step" : `step * ${count} + ${lane}`};`);
        step.bindIndex(row.axis, index);
        addPosition(step, partial);
      });
    });
    round.line(`${parts}[lane] = ${partial};`);
    round.line("workgroupBarrier();");
    round.nest(`if (lane < ${count}u)`, (folding) => {
      folding.nest(`for (var other = 0u; other < min(${perRound}u, ${rows} * ${chunks} - first); other++)`, (body) => {
        body.line(`${total} = ${tuple.combine(total, `${parts}[other * ${count}u + lane]`)};`);
      });
    });
    round.line("workgroupBarrier();");
  });

  block.line(`${parts}[lane] = ${total};`);
  block.line("workgroupBarrier();");
  if (lanes > 1) {
    block.nest(`for (var half = ${String(lanes / 2)}u; half > 0u; half /= 2u)`, (body) => {
      body.nest("if (lane < half)", (adding) => adding.line(`${parts}[lane] = ${tuple.combine(`${parts}[lane]`, `${parts}[lane + half]`)};`));
      body.line("workgroupBarrier();");
    });
    block.nest("if (lane == 0u)", (body) => {
      body.line(`var ${tail} = ${identity};`);
      body.loops(rowAxes, (each) => {
        each.nest(`for (var ${index} = ${steps} * ${count}; ${index} < ${length}; ${index}++)`, (rest) => {
          rest.bindIndex(row.axis, index);
          addPosition(rest, tail);
        });
      });
      body.line(`${parts}[0] = ${tuple.combine(`${parts}[0]`, tail)};`);
    });
    block.line("workgroupBarrier();");
  }
  block.line(`let ${result} = ${parts}[0];`);
}

