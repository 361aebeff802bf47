import type { Expr, Sort } from "@gradus/kernel-ir";
import { arithmetic, fromWord, toWord } from "./arithmetic.js";
import type { Block } from "./block.js";
import type { Digit } from "./digits.js";
import { bindDigits, countDigits, pointCount } from "./digits.js";
import type { Form, Pass } from "./form.js";
import { byInvocation, innerDigits, outerDigits, teamSize } from "./form.js";
import { reportGuards, writeStores } from "./kernel.js";

// A merge sort of many invocations. Workgroups sort runs in their memory; then runs are merged, pair by pair, until one is left. To merge needs
// no order among invocations: an element's place in the merged run is its place in its own run and the number of elements of the other
// run that come before it, which a binary search finds. Of equal keys those of the left run come first, so the sort is stable.

/** Elements that one workgroup sorts. */
const runLength = 512;

/** What is sorted: each row of a space by itself. */
interface Rows {
  readonly rows: readonly Digit[];
  readonly along: readonly Digit[];
  readonly key: Expr;
  readonly descending: boolean;
  /** Binds axes that are in neither, before the key is computed. */
  readonly bindOthers?: (block: Block) => void;
}

/** Passes that sort, and how the pass after them finds what they have sorted. */
interface Sorting extends Required<Form> {
  /**
   * Names the place in `scratch` where the sorted keys begin; the positions that they came from stand `elements` behind them.
   *
   * @returns the two names.
   */
  readonly find: (block: Block) => { readonly keys: string; readonly elements: string };
}

/** How often runs are merged. */
function mergeRounds(length: number): number {
  let rounds = 0;
  for (let width = runLength; width < length; width *= 2) rounds++;
  return rounds;
}

export function sortingPasses({ rows, along, key, descending, bindOthers }: Rows): Sorting {
  const type = arithmetic(key.dtype);
  const all = [...rows, ...along];
  const declarations = [sortRank[type === "float32" ? "float" : "int"]];
  const comesFirst = descending ? ">" : "<";
  const run = String(runLength);
  /** Names the number of all elements and of those of a row. */
  const nameCounts = (block: Block): { readonly elements: string; readonly length: string } => ({ elements: block.name(pointCount(block, all)), length: block.name(pointCount(block, along)) });

  const sortRuns: Pass = {
    name: "sort_runs",
    invocations: teamSize,
    workgroups: (valueOf) => countDigits(rows, valueOf) * Math.ceil(countDigits(along, valueOf) / runLength),
    write: (block) => {
      const { elements, length } = nameCounts(block);
      const runs = block.name(`(${length} + ${String(runLength - 1)}u) / ${run}u`);
      const row = block.name(`group / ${runs}`);
      block.line(`if (${row} >= ${pointCount(block, rows)}) { return; }`);
      bindDigits(block, row, rows);
      bindOthers?.(block);
      block.line(`let first = group % ${runs} * ${run}u;`);
      block.line(`let count = min(${run}u, ${length} - first);`);
      const forEach = (where: Block, write: (body: Block) => void): void => where.nest(`for (var own = lane; own < count; own += ${String(teamSize)}u)`, write);
      forEach(block, (body) => {
        bindDigits(body, "(first + own)", along);
        body.line(`run_keys[own] = ${toWord[type](body.value(key))};`);
        body.line("run_places[own] = i32(first + own);");
      });
      block.line("workgroupBarrier();");
      block.line("var area = 0u;");
      block.nest("for (var width = 1u; width < count; width *= 2u)", (body) => {
        forEach(body, (each) => {
          each.line(`let to = ${run}u - area + merge_in_run(own, area, count, width);`);
          each.line("run_keys[to] = run_keys[area + own];");
          each.line("run_places[to] = run_places[area + own];");
        });
        body.line(`area = ${run}u - area;`);
        body.line("workgroupBarrier();");
      });
      forEach(block, (body) => {
        body.line(`let to = ${row} * ${length} + first + own;`);
        body.line("scratch[to] = run_keys[area + own];");
        body.line(`scratch[${elements} + to] = run_places[area + own];`);
      });
      const memory = ["run_keys", "run_places"].map((name) => `var<workgroup> ${name}: array<i32, ${String(2 * runLength)}>;`);
      return [...declarations, ...memory, mergePlace("merge_in_run", "run_keys", comesFirst)];
    },
  };

  const mergeRuns: Pass = {
    ...byInvocation(all, (block) => {
      const { elements, length } = nameCounts(block);
      block.line(`let own = point % ${length};`);
      // Two areas of keys and places take turns.
      block.line(`let source = scalars.round % 2u * 2u * ${elements} + point - own;`);
      block.line(`let target_row = (1u - scalars.round % 2u) * 2u * ${elements} + point - own;`);
      block.line(`let to = target_row + merge_rows(own, source, ${length}, ${run}u << scalars.round);`);
      block.line("scratch[to] = scratch[source + own];");
      block.line(`scratch[${elements} + to] = scratch[${elements} + source + own];`);
      return [...declarations, mergePlace("merge_rows", "scratch", comesFirst)];
    }, { name: "merge_runs" }),
    rounds: (valueOf) => mergeRounds(countDigits(along, valueOf)),
  };

  return {
    passes: [sortRuns, mergeRuns],
    scratchWords: (valueOf) => 4 * countDigits(all, valueOf),
    find: (block) => {
      const { elements, length } = nameCounts(block);
      block.line("var keys = 0u;");
      block.line(`for (var width = ${run}u; width < ${length}; width *= 2u) { keys = 2u * ${elements} - keys; }`);
      return { keys: "keys", elements };
    },
  };
}

/** A sort as passes of many invocations. */
export function sortForm(sort: Sort): Form {
  const [rows, along] = [outerDigits(sort), innerDigits(sort)];
  const { passes, scratchWords, find } = sortingPasses({ rows, along, key: sort.key, descending: sort.descending });
  const store = byInvocation([...rows, ...along], (block) => {
    const { keys, elements } = find(block);
    block.line(`let key = ${fromWord[arithmetic(sort.key.dtype)](`scratch[${keys} + point]`)};`);
    block.line(`let place = scratch[${keys} + ${elements} + point];`);
    block.bindResult(0, 0, "key");
    block.bindResult(0, 1, "place");
    reportGuards(block, sort.guards, ["outer", "inner"], (body) => writeStores(body, sort.stores, "inner"));
    return [];
  }, { name: "store" });
  return { passes: [...passes, store], scratchWords };
}

/** The order of keys, as integers. */
export const sortRank = {
  float: `// NaN is larger than every number, and all NaNs are alike.
fn sort_rank(key: i32) -> i32 {
  let value = bitcast<f32>(key);
  return select(float_order(value), 0x7fffffff, is_nan(value));
}`,
  int: "fn sort_rank(key: i32) -> i32 {\n  return key;\n}",
} as const;

/** The function that finds an element's place in the merged run, for keys in one memory. */
const mergePlace = (name: string, memory: string, comesFirst: "<" | ">"): string => `// Where the element at \`own\` of \`count\`, which begin at \`base\`, comes to stand when runs of \`width\` are merged.
fn ${name}(own: u32, base: u32, count: u32, width: u32) -> u32 {
  let first = own / (2u * width) * (2u * width);
  let middle = min(first + width, count);
  let is_left = own < middle;
  var low = select(first, middle, is_left);
  var high = select(middle, min(first + 2u * width, count), is_left);
  let rank = sort_rank(${memory}[base + own]);
  while (low < high) {
    let probe = (low + high) / 2u;
    let other = sort_rank(${memory}[base + probe]);
    if (other ${comesFirst} rank || (other == rank && !is_left)) {
      low = probe + 1u;
    } else {
      high = probe;
    }
  }
  return own + low - middle;
}`;
