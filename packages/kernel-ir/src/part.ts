import { mapExpressions } from "./children.js";
import type { Expr } from "./expr.js";
import { ExprBuilder } from "./expr.js";
import type { Coordinate, Operand, Program } from "./program.js";
import { substitute } from "./substitute.js";

/**
 * A program that does a part of another one's work: along each of `axes` so many positions, from a first one on. These are scalar arguments
 * behind those of the whole: first and count of one axis after the other. Points of outer axes are independent of each other and
 * reductions lie inside, so the parts together give what the whole gives, bit for bit, however many there are.
 *
 * @param axes - Axes of `outer`, or those of a contraction that are not summed over.
 */
export function partOf(program: Program, axes: readonly number[]): Program {
  const b = new ExprBuilder();
  const slot = (i: number): Expr => b.scalar(program.scalars.length + i, "int32");
  const places = new Map(axes.map((axis, i) => [axis, { first: slot(2 * i), count: slot(2 * i + 1) }]));
  const firstAt = (leaf: Expr): Expr | undefined => (leaf.op === "index" ? places.get(leaf.axis)?.first : undefined);
  const known = new Map<Expr, Expr>();
  const moved = mapExpressions(program, (expr) =>
    substitute(b, expr, (leaf) => {
      const first = firstAt(leaf);
      return first === undefined ? null : b.add(leaf, first);
    }, known),
  );
  const scalars = [...program.scalars, ...axes.flatMap(() => ["int32", "int32"] as const)];
  if (moved.kind !== "contraction") return { ...moved, scalars, outer: moved.outer.map((extent, axis) => places.get(axis)?.count ?? extent) };
  const start = (coordinate: Coordinate): Coordinate => {
    const shifts = coordinate.terms.flatMap(({ axis, scale }) => {
      const place = places.get(axis);
      return place === undefined ? [] : [b.mul(scale, place.first)];
    });
    return shifts.reduce((c, shift) => ({ ...c, shift: b.add(c.shift, shift) }), coordinate);
  };
  const operand = (o: Operand): Operand => ({ ...o, coordinates: o.coordinates.map(start) });
  return {
    ...moved,
    scalars,
    axes: moved.axes.map((old, axis) => ({ ...old, extent: places.get(axis)?.count ?? old.extent })),
    left: operand(moved.left),
    right: operand(moved.right),
  };
}
