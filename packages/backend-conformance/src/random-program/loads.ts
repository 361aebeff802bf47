import type { ComputeDType } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import type { Draft, Scope, Term } from "./draft.js";
import { smallBound } from "./draft.js";
import { affine, indexAt, product, selector } from "./layouts.js";

/** An element of a parameter, widened to `compute`, in one of the ways that programs read memory. */
export function randomLoad(draft: Draft, compute: ComputeDType, scope: Scope): Term {
  const dice = draft.dice;
  const candidates = draft.dtypes.filter((dtype) => dtypeInfo[dtype].compute === compute);
  if (candidates.length === 0 || draft.room() < 3) return draft.constant(compute);
  const dtype = dice.pick(candidates);
  const bound = draft.exact ? (compute === "bool" ? 1 : smallBound) : Infinity;
  const axis = scope.axes.length === 0 ? undefined : dice.pick(scope.axes);
  const builder = draft.builder;
  const access = axis === undefined ? "plain" : dice.pick(["plain", "plain", "plain", "predicated", "gathered", "folded"] as const);
  const others = scope.axes.filter((one) => one !== axis);
  switch (axis === undefined ? "plain" : access) {
    case "predicated": {
      // A window that reaches over the edges of a dimension, as padding does.
      const size = dice.int(1, Math.max(1, axis?.size ?? 1));
      const layout = affine(draft, [...others, { axis: -1, size }], false);
      const position = builder.sub(builder.mul(builder.index(axis?.axis ?? 0), draft.number(dice.int(1, 2))), draft.number(dice.int(0, 2)));
      const when = builder.and(builder.le(builder.int(0), position), builder.lt(position, draft.number(size)));
      const otherwise = draft.constant(compute);
      const param = draft.param(dtype, "in", layout.length);
      return { expr: builder.load(param, dtype, indexAt(draft, layout, position), { when, otherwise: otherwise.expr }), bound };
    }
    case "gathered": {
      const size = dice.int(1, 9);
      const layout = affine(draft, [...others, { axis: -1, size }], false);
      const index = indexAt(draft, layout, selector(draft, scope.axes, size));
      return { expr: builder.load(draft.param(dtype, "in", layout.length), dtype, index), bound };
    }
    case "folded": {
      // One axis read as two, as a reshape of a transposed tensor does.
      const size = dice.int(1, 4);
      const [row, column] = [builder.div(builder.index(axis?.axis ?? 0), builder.int(size)), builder.rem(builder.index(axis?.axis ?? 0), builder.int(size))];
      const rows = Math.floor(Math.max(0, (axis?.size ?? 1) - 1) / size) + 1;
      const layout = affine(draft, others, false);
      const step = layout.length;
      const index = builder.add(layout.index, builder.add(product(draft, row, step), product(draft, column, step * rows)));
      return { expr: builder.load(draft.param(dtype, "in", step * rows * size), dtype, index), bound };
    }
    default: {
      const layout = affine(draft, dice.chance(0.2) ? others : scope.axes, false);
      return { expr: builder.load(draft.param(dtype, "in", layout.length), dtype, layout.index), bound };
    }
  }
}
