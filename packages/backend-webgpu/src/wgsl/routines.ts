import type { Scan, Scatter, Sort } from "@gradus/kernel-ir";
import { arithmetic, fromWord, toWord } from "./arithmetic.js";
import type { Block } from "./block.js";
import { elementOf } from "./block.js";
import { innerAxes, writeGuards, writeStores } from "./kernel.js";
import { bare } from "./text.js";
import { sortRank } from "./sorting.js";
import { declareTuple } from "./tuple.js";

/** Writes the work of one outer point of a scan: a loop that carries the running value. Returns declarations it needs. */
export function writeScan(block: Block, scan: Scan): readonly string[] {
  const tuple = declareTuple(scan.monoid, 0, block.context);
  writeGuards(block, scan.guards, "outer");
  block.line(`var running = ${tuple.identity(block)};`);
  block.loops(innerAxes(scan), (body) => {
    writeGuards(body, scan.guards, "inner");
    body.line(`running = ${tuple.combine("running", tuple.make(body.values(scan.lift)))};`);
    scan.lift.forEach((_, slot) => {
      body.bindResult(0, slot, tuple.component("running", slot));
    });
    writeStores(body, scan.stores, "inner");
  });
  return tuple.declarations;
}

/** Writes the work of one outer point of a scatter: the inner points in order, so that the result has no race in it. */
export function writeScatter(block: Block, scatter: Scatter): void {
  writeGuards(block, scatter.guards, "outer");
  block.loops(innerAxes(scatter), (body) => {
    writeGuards(body, scatter.guards, "inner");
    writeScatterPoint(body, scatter);
  });
}

/** Writes what one inner point of a scatter does. */
export function writeScatterPoint(block: Block, { target: { param, index, value, combine, when } }: Scatter): void {
  const held = elementOf(block.context, param);
  const write = (point: Block): void => {
    const [at = "", right = ""] = point.values([index, value]).map((text) => point.name(text));
    const place = `p${String(param)}[${at}]`;
    if (combine !== null) {
      point.bindSide("left", 0, held.widen(place));
      point.bindSide("right", 0, right);
    }
    point.line(`${place} = ${bare(held.narrow(combine === null ? right : point.value(combine)))};`);
  };
  if (when === null) write(block);
  else block.nest(`if (${bare(block.value(when))})`, write);
}

/** Words of scratch memory that a sort needs for each element: its key, and its place in two orders that take turns. */
export const sortScratchWords = 3;

/**
 * Writes the work of one outer point of a sort: a merge sort from small runs to large ones, in scratch memory. It is
 * stable, and n·log n steps also in the worst case.
 */
export function writeSort(block: Block, sort: Sort): readonly string[] {
  const [along] = innerAxes(sort);
  if (along === undefined) throw new Error("internal: a sort has no inner axis");
  const index = `i${String(along.axis)}`;
  const type = arithmetic(sort.key.dtype);

  writeGuards(block, sort.guards, "outer");
  block.line(`let count = ${block.value(along.extent)};`);
  block.line(`let keys = i32(point) * count * ${String(sortScratchWords)};`);
  block.loops([along], (body) => {
    writeGuards(body, sort.guards, "inner");
    // Keys are kept as the bits of their value; `sort_rank` orders them.
    body.line(`scratch[keys + ${index}] = ${toWord[type](body.value(sort.key))};`);
    body.line(`scratch[keys + count + ${index}] = ${index};`);
  });
  block.line("let order = merge_sort(keys, count);");
  block.nest("for (var rank = 0; rank < count; rank++)", (body) => {
    body.line("let place = scratch[order + rank];");
    body.line(`let key = ${fromWord[type]("scratch[keys + place]")};`);
    body.bindIndex(along.axis, "rank");
    body.bindResult(0, 0, "key");
    body.bindResult(0, 1, "place");
    writeStores(body, sort.stores, "inner");
  });

  return [sortRank[type === "float32" ? "float" : "int"], mergeSort(sort.descending ? ">" : "<")];
}

/** A run is taken from the right only where that key comes strictly first: this makes the sort stable. */
const mergeSort = (comesFirst: "<" | ">"): string => `// Sorts the places that stand after the keys; returns where the sorted ones begin.
fn merge_sort(keys: i32, count: i32) -> i32 {
  var runs = keys + count;
  var merged = keys + 2 * count;
  for (var width = 1; width < count; width *= 2) {
    for (var low = 0; low < count; low += 2 * width) {
      let middle = min(low + width, count);
      let high = min(low + 2 * width, count);
      var left = low;
      var right = middle;
      for (var next = low; next < high; next++) {
        var take_right = left == middle;
        if (left < middle && right < high) {
          let left_rank = sort_rank(scratch[keys + scratch[runs + left]]);
          take_right = sort_rank(scratch[keys + scratch[runs + right]]) ${comesFirst} left_rank;
        }
        scratch[merged + next] = scratch[runs + select(left, right, take_right)];
        left += select(1, 0, take_right);
        right += select(0, 1, take_right);
      }
    }
    let swapped = runs;
    runs = merged;
    merged = swapped;
  }
  return runs;
}`;
