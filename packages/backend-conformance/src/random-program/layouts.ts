import type { Expr } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import type { Axis, Draft } from "./draft.js";

/** Where the points of some axes lie in a buffer. */
interface Layout {
  /** Where a point of the axes lies; the axis −1, which no program has, is left out. */
  readonly index: Expr;
  /** Elements from one position of the axis −1 to the next. */
  readonly step: number;
  /** Elements that a buffer needs. */
  readonly length: number;
}


/** offset + Σ position·stride over the axes in some order. No two points share an element where it is `injective`. */
export function affine(draft: Draft, axes: readonly Axis[], injective: boolean): Layout {
  const dice = draft.dice;
  const order = dice.chance(0.6) ? [...axes].reverse() : dice.shuffled(axes);
  const [offset0, slack] = [dice.chance(0.3) ? dice.int(1, 3) : 0, dice.chance(0.3) ? dice.int(1, 3) : 0];
  let next = 1;
  let [lowest, highest] = [0, 0];
  const terms = order.map(({ axis, size }) => {
    const stride = next * (dice.chance(0.12) ? 2 : 1);
    if (!injective && dice.chance(0.15)) return { axis, stride: 0 };
    const reversed = dice.chance(0.08);
    next = stride * Math.max(1, size);
    const span = stride * Math.max(0, size - 1);
    if (reversed) lowest -= span;
    else highest += span;
    return { axis, stride: reversed ? -stride : stride };
  });
  const offset = offset0 - lowest;
  const index = terms.reduce(
    (sum, { axis, stride }) => (axis < 0 ? sum : draft.builder.add(sum, product(draft, draft.builder.index(axis), stride))),
    offset === 0 && dice.chance(0.7) ? draft.builder.int(0) : draft.number(offset),
  );
  return { index, step: terms.find(({ axis }) => axis < 0)?.stride ?? 0, length: offset + highest + 1 + slack };
}

export function product(draft: Draft, position: Expr, stride: number): Expr {
  const factor = draft.number(stride, stride === 0 || stride === 1 ? 0.85 : 0.4);
  return draft.dice.chance(0.5) ? draft.builder.mul(position, factor) : draft.builder.mul(factor, position);
}

/** The index with a computed position along the axis −1. */
export function indexAt(draft: Draft, layout: Layout, position: Expr): Expr {
  return draft.builder.add(layout.index, product(draft, position, layout.step));
}

/** A position in [0, size) that the data decide. */
export function selector(draft: Draft, axes: readonly Axis[], size: number): Expr {
  const dtype = draft.dice.pick(draft.dtypes.filter((candidate) => dtypeInfo[candidate].kind === "int" || candidate === "bool"));
  const layout = affine(draft, axes, false);
  const highest = dtype === "bool" ? Math.min(2, size) - 1 : size - 1;
  const values = Array.from({ length: layout.length }, () => {
    const value = draft.dice.int(0, highest);
    return dtypeInfo[dtype].compute === "int64" ? BigInt(value) : value;
  });
  return draft.builder.cast(draft.builder.load(draft.param(dtype, "in", layout.length, values), dtype, layout.index), "int32");
}
