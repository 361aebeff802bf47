import type { Coordinate, Expr, Operand, Program } from "@gradus/kernel-ir";
import { ExprBuilder, mapExpressions } from "@gradus/kernel-ir";
import { substitute } from "../codegen/expressions.js";

/**
 * A program that does a part of another one's work: the positions of `axis` from `first` on, `count` of them. Both are scalar arguments,
 * behind those of the whole. Points of outer axes are independent of each other and reductions lie inside, so the parts together
 * give what the whole gives, bit for bit, however many there are.
 *
 * @param axis - An axis of `outer`, or one of a contraction that is not summed over.
 */
export function partOf(program: Program, axis: number): Program {
  const b = new ExprBuilder();
  const first = b.scalar(program.scalars.length, "int32");
  const count = b.scalar(program.scalars.length + 1, "int32");
  const known = new Map<Expr, Expr>();
  const moved = mapExpressions(program, (expr) =>
    substitute(b, expr, (leaf) => (leaf.op === "index" && leaf.axis === axis ? b.add(leaf, first) : null), known),
  );
  const scalars = [...program.scalars, "int32", "int32"] as const;
  if (moved.kind !== "contraction") return { ...moved, scalars, outer: moved.outer.map((extent, i) => (i === axis ? count : extent)) };
  const start = (coordinate: Coordinate): Coordinate => {
    const shifts = coordinate.terms.filter((term) => term.axis === axis).map(({ scale }) => b.mul(scale, first));
    return shifts.reduce((c, shift) => ({ ...c, shift: b.add(c.shift, shift) }), coordinate);
  };
  const operand = (o: Operand): Operand => ({ ...o, coordinates: o.coordinates.map(start) });
  return {
    ...moved,
    scalars,
    axes: moved.axes.map((old, i) => (i === axis ? { ...old, extent: count } : old)),
    left: operand(moved.left),
    right: operand(moved.right),
  };
}
