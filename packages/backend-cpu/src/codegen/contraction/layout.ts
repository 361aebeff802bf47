import type { Contraction, Operand } from "@gradus/kernel-ir";
import type { Emitter } from "../emitter.js";
import { isLiteral } from "../expressions.js";
import { bestAxis, movesStores } from "../kernel.js";
import type { LoopAxis, SpaceAxis } from "../loops.js";
import { axesOf, plain } from "../loops.js";
import { plainStride } from "./operand.js";

/**
 * Where the axes of a contraction go. The results are contiguous along one of the kept axes: it runs along the columns of a tile, in
 * vectors, alone or with others of the same operand. An axis of the other operand runs along its rows, whose elements are spread to all lanes. The remaining
 * kept axes are loops around that.
 */
export interface Layout {
  readonly columnAxes: readonly SpaceAxis[];
  readonly rowAxis: SpaceAxis | null;
  readonly loops: readonly LoopAxis[];
  readonly summed: readonly SpaceAxis[];
  readonly rowOperand: Operand;
  readonly columnOperand: Operand;
}

/** @param columnAxes - Axes that run along the columns together, of one operand. */
export function layOut({ axes, left, right }: Contraction, columnAxes: readonly number[]): Layout {
  const all = axesOf(axes.map(({ extent }) => extent));
  const roleOf = ({ axis }: SpaceAxis): string | undefined => axes[axis]?.role;
  const columns = all.filter(({ axis }) => columnAxes.includes(axis));
  const swapped = columns.some((axis) => roleOf(axis) === "m");
  const rowAxis = all.filter((axis) => roleOf(axis) === (swapped ? "n" : "m") && !isLiteral(axis.extent, 1)).at(-1) ?? null;
  const around = all.filter((axis) => roleOf(axis) !== "k" && axis !== rowAxis && !columns.includes(axis));
  return {
    columnAxes: columns,
    rowAxis,
    loops: plain([...around.filter((axis) => roleOf(axis) === "batch"), ...around.filter((axis) => roleOf(axis) !== "batch")]),
    summed: all.filter((axis) => roleOf(axis) === "k"),
    rowOperand: swapped ? right : left,
    columnOperand: swapped ? left : right,
  };
}

/** The kept axis along which the results are contiguous, or else an operand. */
export function chooseColumns(emitter: Emitter, { axes, stores, left, right }: Contraction): number | null {
  const free = axes
    .map((axis, i) => ({ ...axis, axis: i }))
    .filter(({ role, extent, axis }) => (role === "m" || role === "n") && !isLiteral(extent, 1) && movesStores(emitter, stores, axis));
  const contiguous = free.filter(({ axis, role }) => isLiteral(plainStride(emitter, role === "m" ? left : right, axis), 1));
  return bestAxis(emitter, free, stores, []) ?? contiguous.at(-1)?.axis ?? free.filter(({ role }) => role === "n").at(-1)?.axis ?? free.at(-1)?.axis ?? null;
}
