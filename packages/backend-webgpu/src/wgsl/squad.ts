import type { Kernel } from "@gradus/kernel-ir";
import { reductionChunk } from "@gradus/kernel-ir";
import type { Block } from "./block.js";
import { bindDigits, countDigits, pointCount } from "./digits.js";
import type { Pass } from "./form.js";
import { outerDigits, teamSize } from "./form.js";
import { innerAxes, reportGuards } from "./kernel.js";
import { SharedReduction } from "./reduction.js";
import { writeTeamStores } from "./team.js";
import { declareTuple } from "./tuple.js";
import { squadSize } from "./variants.js";

const squads = teamSize / squadSize;

/** The kernel in one pass, in which every 16 invocations of a workgroup do one outer point. */
export function squadPass(kernel: Kernel): Pass {
  const digits = outerDigits(kernel);
  return { name: "main", invocations: teamSize, workgroups: (valueOf) => Math.ceil(countDigits(digits, valueOf) / squads), write: (block) => writeSquads(block, kernel) };
}

function writeSquads(block: Block, kernel: Kernel): readonly string[] {
  const [digits, inner] = [outerDigits(kernel), innerAxes(kernel)];
  const points = block.name(pointCount(block, digits));
  block.line(`let member = lane % ${String(squadSize)}u;`);
  block.line("let squad = lane - member;");
  block.line(`let number = group * ${String(squads)}u + squad / ${String(squadSize)}u;`);
  // All of a workgroup have to reach its barriers: those beyond the last point do that one again, and store nothing.
  block.line(`let point = min(number, ${points} - 1u);`);
  bindDigits(block, "point", digits);
  const declarations = kernel.reductions.flatMap((reduction, number) => {
    const tuple = declareTuple(reduction.monoid, number, block.context);
    const shared = new SharedReduction(block, reduction, number, tuple, inner);
    const [total, partial, parts] = [shared.name("total"), shared.name("partial"), shared.name("parts")];
    block.line(`var ${total} = ${shared.identity};`);
    block.loops(shared.rowAxes, (body) => {
      body.nest(`for (var begin = 0; begin < ${shared.steps}; begin += ${String(reductionChunk)})`, (chunk) => {
        chunk.line(`var ${partial} = ${shared.identity};`);
        shared.addChunk(chunk, partial, "begin", "i32(member)");
        shared.add(chunk, total, partial);
      });
    });
    shared.finish(parts, "member", "squad");
    return [...tuple.declarations, `var<workgroup> ${parts}: array<${tuple.type}, ${String(teamSize)}>;`];
  });
  block.nest(`if (number < ${points})`, (mine) => {
    reportGuards(mine, kernel.guards, ["outer"], (body) => writeTeamStores(body, kernel, inner, "member", squadSize));
  });
  return declarations;
}
