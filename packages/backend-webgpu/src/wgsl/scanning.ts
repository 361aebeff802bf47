import type { Scan } from "@gradus/kernel-ir";
import type { Block, ShaderContext } from "./block.js";
import { bindDigits, countDigits, pointCount } from "./digits.js";
import type { Form, Pass } from "./form.js";
import { byWorkgroup, innerDigits, outerDigits, teamSize } from "./form.js";
import { reportGuards, writeStores } from "./kernel.js";
import type { Tuple } from "./tuple.js";
import { declareTuple } from "./tuple.js";
import type { ValueOf } from "./variants.js";

// A scan by many workgroups. A row is cut into blocks, a block into stretches of one invocation. First the total of each block is computed, then
// what stands before each block, then the running results, which start from it: each element is read twice and written once.

/** Elements that one invocation runs through. */
const stretchLength = 8;
const blockLength = teamSize * stretchLength;

const memory = "stretches";

/**
 * Makes `memory[lane]`, which was the value of each invocation, the combination of those up to it: in log₂ steps, in each of which a value
 * takes in the one that stands twice as far before it as in the last.
 */
function scanWorkgroup(block: Block, tuple: Tuple, value: string): void {
  block.line(`${memory}[lane] = ${value};`);
  block.line("workgroupBarrier();");
  block.nest(`for (var reach = 1u; reach < ${String(teamSize)}u; reach *= 2u)`, (body) => {
    body.line(`var up_to_here = ${memory}[lane];`);
    body.nest("if (lane >= reach)", (taking) => taking.line(`up_to_here = ${tuple.combine(`${memory}[lane - reach]`, "up_to_here")};`));
    body.line("workgroupBarrier();");
    body.line(`${memory}[lane] = up_to_here;`);
    body.line("workgroupBarrier();");
  });
}

/** A scan as passes of many workgroups. */
export function scanForm(scan: Scan, context: ShaderContext): Form {
  const [outer, along] = [outerDigits(scan), innerDigits(scan)];
  const tuple = declareTuple(scan.monoid, 0, context);
  const declarations = [...tuple.declarations, `var<workgroup> ${memory}: array<${tuple.type}, ${String(teamSize)}>;`];
  const blocksOf = (valueOf: ValueOf): number => Math.ceil(countDigits(along, valueOf) / blockLength);
  const allBlocks = (valueOf: ValueOf): number => countDigits(outer, valueOf) * blocksOf(valueOf);
  /** What stands before a row's only block is known. */
  const ifSeveral = (workgroups: Pass["workgroups"]): Pass["workgroups"] => (valueOf) => (blocksOf(valueOf) > 1 ? workgroups(valueOf) : 0);

  /** Names the number of blocks of a row, and that of all. */
  const nameCounts = (block: Block): { readonly length: string; readonly blocks: string; readonly all: string } => {
    const length = block.name(pointCount(block, along));
    const blocks = block.name(`(${length} + ${String(blockLength - 1)}u) / ${String(blockLength)}u`);
    return { length, blocks, all: block.name(`${blocks} * ${pointCount(block, outer)}`) };
  };
  const place = (all: string, number: string) => (slot: number): string => `scratch[${String(slot)}u * ${all} + ${number}]`;
  const save = (block: Block, all: string, number: string, value: string): void => tuple.toWords(value).forEach((word, slot) => block.line(`${place(all, number)(slot)} = ${word};`));

  /** Writes the work of one block up to where every invocation knows the combination of its own stretch and of all before it in the block. */
  const combineBlock = (block: Block) => {
    const { length, blocks, all } = nameCounts(block);
    block.line(`if (group >= ${all}) { return; }`);
    bindDigits(block, `(group / ${blocks})`, outer);
    block.line(`let begin = group % ${blocks} * ${String(blockLength)}u + lane * ${String(stretchLength)}u;`);
    const forEach = (write: (body: Block) => void): void =>
      block.nest(`for (var position = begin; position < min(begin + ${String(stretchLength)}u, ${length}); position++)`, (body) => {
        bindDigits(body, "position", along);
        write(body);
      });
    const add = (body: Block, into: string): void => body.line(`${into} = ${tuple.combine(into, tuple.make(body.values(scan.lift)))};`);
    block.line(`var stretch = ${tuple.identity(block)};`);
    forEach((body) => add(body, "stretch"));
    scanWorkgroup(block, tuple, "stretch");
    return { blocks, all, forEach, add };
  };

  const totals: Pass = {
    name: "totals",
    invocations: teamSize,
    workgroups: ifSeveral(allBlocks),
    write: (block) => {
      const { all } = combineBlock(block);
      block.nest(`if (lane == ${String(teamSize - 1)}u)`, (body) => save(body, all, "group", `${memory}[lane]`));
      return declarations;
    },
  };

  const carries = byWorkgroup(outer, (block) => {
    const { blocks, all } = nameCounts(block);
    block.line(`var carry = ${tuple.identity(block)};`);
    block.nest(`for (var first = 0u; first < ${blocks}; first += ${String(teamSize)}u)`, (body) => {
      body.line(`let number = point * ${blocks} + first + lane;`);
      body.line(`var total = ${tuple.identity(body)};`);
      body.nest(`if (first + lane < ${blocks})`, (mine) => mine.line(`total = ${tuple.fromWords(place(all, "number"))};`));
      scanWorkgroup(body, tuple, "total");
      body.line("var before = carry;");
      body.nest("if (lane > 0u)", (mine) => mine.line(`before = ${tuple.combine("carry", `${memory}[lane - 1u]`)};`));
      body.nest(`if (first + lane < ${blocks})`, (mine) => save(mine, all, "number", "before"));
      body.line(`carry = ${tuple.combine("carry", `${memory}[${String(teamSize - 1)}u]`)};`);
      body.line("workgroupBarrier();");
    });
    return declarations;
  }, { name: "carries" });

  const store: Pass = {
    name: "store",
    invocations: teamSize,
    workgroups: allBlocks,
    write: (block) => {
      const { blocks, all, forEach, add } = combineBlock(block);
      block.line(`var running = ${tuple.identity(block)};`);
      block.nest(`if (${blocks} > 1u)`, (body) => body.line(`running = ${tuple.fromWords(place(all, "group"))};`));
      block.nest("if (lane > 0u)", (body) => body.line(`running = ${tuple.combine("running", `${memory}[lane - 1u]`)};`));
      forEach((body) => {
        add(body, "running");
        scan.lift.forEach((_, slot) => body.bindResult(0, slot, tuple.component("running", slot)));
        reportGuards(body, scan.guards, ["outer", "inner"], (point) => writeStores(point, scan.stores, "inner"));
      });
      return declarations;
    },
  };
  return { passes: [totals, { ...carries, workgroups: ifSeveral(carries.workgroups) }, store], scratchWords: (valueOf) => scan.lift.length * allBlocks(valueOf) };
}
