import type { Scatter } from "@gradus/kernel-ir";
import { dependsOnAxis, ExprBuilder, strideAlong } from "@gradus/kernel-ir";
import type { Form } from "./form.js";
import { byInvocation, innerDigits, outerDigits } from "./form.js";
import { bindDigits, pointCount } from "./digits.js";
import { reportGuards } from "./kernel.js";
import { writeScatterPoint } from "./routines.js";
import { sortingPasses } from "./sorting.js";

/**
 * Whether all outer points of a scatter send their inner points to places at the same distances from each other, as when rows are added to the
 * rows of a table: then they are sorted once for all.
 */
function haveOneOrder({ outer, inner, target }: Scatter): boolean {
  const build = new ExprBuilder();
  return outer.every((_, axis) => {
    const stride = strideAlong(build, target.index, axis);
    return stride !== null && inner.every((_, i) => !dependsOnAxis(stride, outer.length + i));
  });
}

/**
 * A scatter by many invocations, which adds in the same order as a loop: inner points are sorted by where they go, stably, and the first of
 * those that go to one place does them all, in source order.
 */
export function scatterForm(scatter: Scatter): Form {
  const [outer, along] = [outerDigits(scatter), innerDigits(scatter)];
  const rows = haveOneOrder(scatter) ? [] : outer;
  const { passes, scratchWords, find } = sortingPasses({
    rows,
    along,
    key: scatter.target.index,
    descending: false,
    bindOthers: (block) => {
      if (rows.length === 0) for (const { axis } of outer) block.bindIndex(axis, "0");
    },
  });
  const apply = byInvocation([...outer, ...along], (block) => {
    const { keys, elements } = find(block);
    const length = block.name(pointCount(block, along));
    block.line(`let rank = point % ${length};`);
    block.line(`let sorted = ${keys}${rows.length === 0 ? "" : " + point - rank"};`);
    block.line("let key = scratch[sorted + rank];");
    block.nest("if (rank > 0u)", (body) => body.line("if (scratch[sorted + rank - 1u] == key) { return; }"));
    block.nest(`for (var next = rank; next < ${length}; next++)`, (body) => {
      body.line("if (scratch[sorted + next] != key) { break; }");
      bindDigits(body, `u32(scratch[${elements} + sorted + next])`, along);
      reportGuards(body, scatter.guards, ["outer", "inner"], (point) => writeScatterPoint(point, scatter));
    });
    return [];
  }, { name: "apply", nameOf: (axis) => `${axis < outer.length ? "i" : "rank_"}${String(axis)}` });
  return { passes: [...passes, apply], scratchWords };
}
