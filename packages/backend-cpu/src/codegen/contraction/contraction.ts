import type { Contraction } from "@gradus/kernel-ir";
import type { Emitter } from "../emitter.js";
import { isLiteral, product } from "../expressions.js";
import { nest, whereNotEmpty } from "../loops.js";
import { Scope } from "../scope.js";
import type { Tables } from "./blocks.js";
import { Blocks, rowsWorthPacking } from "./blocks.js";
import { chooseColumns, layOut } from "./layout.js";
import type { Layout } from "./layout.js";
import { viewOperand } from "./operand.js";
import { Results } from "./results.js";
import { StepTable, writePlaces } from "./tables.js";
import { tileArithmetic } from "./tiles.js";

/** Fewer columns than this along one axis leave too much of a tile empty. */
const fewColumns = 8;
/** As many along one axis make it worth packing rows anew for each position of the others. */
const manyColumns = 256;

/**
 * A contraction as tiles. Where the axis along which the results are contiguous turns out to be short at run time (the 3 of a 3 × 3 kernel, in the gradient of a
 * convolution's weights; a row of a small image), all axes of its operand run along the columns together.
 */
export function writeContraction(emitter: Emitter, scope: Scope, contraction: Contraction): void {
  const { axes } = contraction;
  const kept = axes.filter(({ role }) => role !== "k").map(({ extent }) => extent);
  whereNotEmpty(emitter, scope, kept, (region) => {
    const column = chooseColumns(emitter, contraction);
    const role = column === null ? "n" : axes[column]?.role;
    const together = axes.flatMap((axis, i) => (axis.role === role && !isLiteral(axis.extent, 1) ? [i] : []));
    const alone = layOut(contraction, column === null ? [] : [column]);
    if (column === null || together.length === 1) {
      writeLayout(emitter, region, contraction, alone);
      return;
    }
    const b = emitter.builder;
    const count = axes[column]?.extent ?? b.int(1);
    const rows = product(b, axes.flatMap(({ role: other, extent }) => (other === (role === "n" ? "m" : "n") ? [extent] : [])));
    const all = product(b, together.map((i) => axes[i]?.extent ?? b.int(1)));
    const few = b.and(b.and(b.lt(count, b.int(fewColumns)), b.lt(b.mul(count, b.int(2)), all)), b.le(b.int(fewColumns), rows));
    const notMany = b.and(b.and(b.lt(count, b.int(manyColumns)), b.lt(count, all)), b.le(b.int(rowsWorthPacking), rows));
    const flat = b.or(few, notMany);
    const isFlat = emitter.uniform(flat, region).local;
    region.statement((code) => code.get(isFlat).if(
      (inside) => writeLayout(emitter, new Scope(region, inside, { region: true }), contraction, layOut(contraction, together)),
      (inside) => writeLayout(emitter, new Scope(region, inside, { region: true }), contraction, alone),
    ));
  });
}

/** Everything in one layout: views of the operands, tables, the loops around the tiles. */
function writeLayout(emitter: Emitter, scope: Scope, contraction: Contraction, layout: Layout): void {
  const b = emitter.builder;
  const { columnAxes, rowAxis, loops: [firstLoop, ...otherLoops], summed } = layout;
  const { shift } = tileArithmetic[contraction.dtype];
  const rows = viewOperand(emitter, scope, contraction, layout.rowOperand, firstLoop?.axis ?? null, null);
  const columns = viewOperand(emitter, scope, contraction, layout.columnOperand, firstLoop?.axis ?? null, columnAxes.at(-1)?.axis ?? null);
  const [columnAxis, ...moreColumns] = columnAxes;
  const columnsAreNeighbours = moreColumns.length === 0 && columnAxis !== undefined && columns.contiguous(columnAxis.axis);
  const rowsAreNeighbours = rowAxis !== null && rows.contiguous(rowAxis.axis);
  const extents = {
    rowCount: emitter.uniform(rowAxis?.extent ?? b.int(1), scope).local,
    columnCount: emitter.uniform(product(b, columnAxes.map(({ extent }) => extent)), scope).local,
    steps: emitter.uniform(product(b, summed.map(({ extent }) => extent)), scope).local,
  };
  const results = new Results(emitter, scope, contraction, layout);
  const blocks = new Blocks(emitter, scope, layout, results, { columns: columnsAreNeighbours ? "neighbouringColumns" : "columns", rows: rowsAreNeighbours ? "neighbouringRows" : "rows" }, extents);
  const tables: Tables = {
    steps: new StepTable(emitter, scope, contraction, layout, [rows, columns], extents.steps),
    columnTable: columnsAreNeighbours ? emitter.local("i32") : writePlaces(emitter, scope, "columns", columnAxes, columns, extents.columnCount, shift),
    rowTable: rowAxis === null || rowsAreNeighbours ? emitter.local("i32") : scope.statement((code) => {
      const table = emitter.local("i32");
      code.get(blocks.rowsPacked).if((packed) => {
        const inside = new Scope(scope, packed, { region: true });
        const made = writePlaces(emitter, inside, "rows", [rowAxis], rows, extents.rowCount, shift);
        inside.statement((c) => c.get(made).set(table));
      });
      return table;
    }),
  };
  const inside = (point: Scope): void => blocks.write(point, rows, columns, tables);
  if (firstLoop === undefined) {
    inside(scope);
    return;
  }
  nest(emitter, scope, [firstLoop], (slice) => {
    rows.copySlice?.(slice);
    columns.copySlice?.(slice);
    nest(emitter, slice, otherLoops, inside);
  });
}
