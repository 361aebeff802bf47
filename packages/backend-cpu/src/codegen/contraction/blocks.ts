import type { Expr } from "@gradus/kernel-ir";
import type { Code, Signature } from "../../assembler/index.js";
import type { Emitter } from "../emitter.js";
import { total } from "../expressions.js";
import type { SpaceAxis } from "../loops.js";
import { Scope } from "../scope.js";
import { checkOperand } from "./bounds.js";
import type { Layout } from "./layout.js";
import type { Locals } from "./locals.js";
import { atLeast, atLeastOnce, atMost, below, minimum, roundedUp } from "./locals.js";
import type { OperandView } from "./operand.js";
import type { Packer } from "./packers.js";
import { lineBytes, packSignature } from "./packers.js";
import type { Results } from "./results.js";
import type { StepTable } from "./tables.js";
import { takeRoom, takeScratch } from "./tables.js";
import type { TileShapes } from "./tiles.js";
import { largestTile, packerNumber, panelWidths, stepBytes, tileArithmetic, tileNumber, tileShapesFor, tileSignature, tileTableStart } from "./tiles.js";
import { mostChunkRows, workspace } from "./workspace.js";

/** Rows from which copying the columns of a tile into a panel costs little next to the products that they take part in. */
export const rowsWorthPacking = 24;
/** Columns from which the same is true of rows. */
const columnsWorthPacking = 64;
/** Steps of a sum that are worked on together: a panel of columns and one of rows stay in the first-level cache. Without panels, more. */
const mostSteps = { packed: 256, unpacked: 512 } as const;
/** Bytes of rows that are worked on together, a quarter of a usual second-level cache; and of columns. */
const chunkBytes = 2 ** 18;
const groupBytes = 2 ** 19;
/** Steps of neighbours that are packed together. */
const stepsOfNeighbours = 8;

/** The sizes that a contraction has at run time, and where its memory is. */
type Sizes = Locals<
  | "rowCount" | "columnCount" | "steps" | "tileRows" | "tileColumns" | "columnsPacked" | "rowsPacked" | "blockSteps" | "chunkRows" | "groupColumns"
  | "columnPanels" | "columnPanelBytes" | "rowPanels" | "rowPanelBytes" | "sums" | "severalBlocks"
>;

/** The extents of a contraction: locals. */
export type Extents = Locals<"rowCount" | "columnCount" | "steps">;
/** The table of steps, and locals with the addresses of those of columns and rows. */
export interface Tables extends Locals<"columnTable" | "rowTable"> {
  readonly steps: StepTable;
}

/** Where the code is, as it goes inwards. */
type InBlock = Locals<"steps" | "group" | "groupEnd" | "block" | "count" | "blockTable" | "left" | "right" | "rowBytes" | "columnBytes">;
type InColumns = InBlock & Locals<"chunk" | "chunkEnd" | "column" | "width" | "vectors" | "source">;

/**
 * The loops around the tiles at one point of the outer loops, from the outside: groups of columns, blocks of the sum, chunks of rows, the columns of a tile,
 * its rows (Goto and van de Geijn, Anatomy of high-performance matrix multiplication, 2008). What is used again soon is small enough to stay in a cache until
 * then: a panel of columns in the first level, a chunk of rows in the second. Between blocks, partial sums wait in memory, which does not change the order of
 * additions.
 */
export class Blocks {
  readonly #shift: number;
  readonly #lanes: number;
  readonly #shapes: TileShapes;
  readonly #widths: { readonly columns: number; readonly rows: number };
  /** Columns, or rows, that the packers of neighbours take at once. */
  readonly #line: number;
  readonly #s: Sizes;

  /** @param packers - The functions that pack columns and rows. */
  constructor(
    readonly emitter: Emitter,
    scope: Scope,
    readonly layout: Layout,
    readonly results: Results,
    readonly packers: { readonly columns: Packer; readonly rows: Packer },
    extents: Extents,
  ) {
    const { dtype } = results.contraction;
    ({ shift: this.#shift, lanes: this.#lanes } = tileArithmetic[dtype]);
    this.#shapes = tileShapesFor(emitter.context.target);
    this.#widths = panelWidths(dtype, this.#shapes);
    this.#line = lineBytes >> this.#shift;
    this.#s = scope.statement((code) => this.#measure(code, extents));
  }

  /** A local that says whether rows are packed. */
  get rowsPacked(): number {
    return this.#s.rowsPacked;
  }

  // --- Sizes ---

  #measure(code: Code, extents: Extents): Sizes {
    const { emitter } = this;
    const local = (): number => emitter.local("i32");
    const { rowCount, columnCount, steps } = extents;
    const shape = this.#chooseShape(code, extents);
    const [columnsPacked, rowsPacked] = [local(), local()];
    if (this.packers.columns === "columns") code.op("i32.const", 1).set(columnsPacked);
    else code.get(rowCount).op("i32.const", rowsWorthPacking).op("i32.ge_s").set(columnsPacked);
    code.get(columnsPacked).get(rowCount).op("i32.const", rowsWorthPacking).op("i32.ge_s").op("i32.and");
    code.get(columnCount).op("i32.const", columnsWorthPacking).op("i32.ge_s").op("i32.and").set(rowsPacked);

    code.get(columnsPacked).if((packed) => packed.op("call", emitter.context.panels));

    // Blocks of the same length, or nearly.
    const [blockSteps, blockBytes] = [local(), local()];
    code.op("i32.const", mostSteps.packed).op("i32.const", mostSteps.unpacked).get(columnsPacked).op("select").set(blockBytes);
    code.get(steps).get(steps).get(blockBytes).op("i32.add").op("i32.const", 1).op("i32.sub").get(blockBytes).op("i32.div_u").set(blockSteps);
    atLeast(code, blockSteps, 1);
    code.get(blockSteps).op("i32.add").op("i32.const", 1).op("i32.sub").get(blockSteps).op("i32.div_u").set(blockSteps);
    roundedUp(code, blockSteps, 4).set(blockSteps);
    atLeast(code, blockSteps, 4);
    code.get(blockSteps).op("i32.const", this.#shift).op("i32.shl").set(blockBytes);

    const [chunkRows, groupColumns] = [local(), local()];
    for (const [size, bytes, count] of [[chunkRows, chunkBytes, rowCount], [groupColumns, groupBytes, columnCount]] as const) {
      code.op("i32.const", bytes).get(blockBytes).op("i32.div_u").op("i32.const", -this.#line).op("i32.and").set(size);
      atLeast(code, size, this.#line);
      minimum(code, size, count, size);
    }
    atMost(code, chunkRows, mostChunkRows);
    code.get(columnCount).get(groupColumns).get(columnsPacked).op("i32.eqz").op("select").set(groupColumns);

    const panels = (part: "columnPanels" | "rowPanels", count: number, packed: number): number => {
      const [padded, room] = [local(), local()];
      code.get(packed).if((yes) => {
        roundedUp(yes, count, this.#line).set(padded);
        yes.get(takeRoom(emitter, yes, part, [padded, blockBytes], 1)).set(room);
      });
      return room;
    };
    const panelBytes = (width: number): number => {
      const bytes = local();
      code.get(blockBytes).op("i32.const", width).op("i32.mul").set(bytes);
      return bytes;
    };

    const [sums, severalBlocks] = [local(), local()];
    code.get(steps).get(blockSteps).op("i32.gt_s").tee(severalBlocks).if((several) => {
      const padded = local();
      roundedUp(several, groupColumns, this.#lanes * largestTile.vectors).set(padded);
      takeScratch(emitter, several, [rowCount, padded], 1 << this.#shift).set(sums);
    });
    return {
      ...extents, ...shape, columnsPacked, rowsPacked, blockSteps, chunkRows, groupColumns, sums, severalBlocks,
      columnPanels: panels("columnPanels", groupColumns, columnsPacked), columnPanelBytes: panelBytes(this.#widths.columns),
      rowPanels: panels("rowPanels", chunkRows, rowsPacked), rowPanelBytes: panelBytes(this.#widths.rows),
    };
  }

  /**
   * Wide tiles, where two divides the rows better than four and there are columns enough; but not of panels, which are narrower. Five to seven rows are split
   * evenly between two tiles.
   */
  #chooseShape(code: Code, { rowCount, columnCount }: Extents): Locals<"tileRows" | "tileColumns"> {
    const [tileRows, tileColumns] = [this.emitter.local("i32"), this.emitter.local("i32")];
    const { tall, wide } = this.#shapes;
    code.op("i32.const", tall.rows).set(tileRows).op("i32.const", this.#widths.columns).set(tileColumns);
    code.get(rowCount).op("i32.const", tall.rows).op("i32.gt_s").get(rowCount).op("i32.const", 2 * tall.rows).op("i32.lt_s").op("i32.and").if((uneven) => {
      uneven.get(rowCount).op("i32.const", 1).op("i32.add").op("i32.const", 1).op("i32.shr_u").set(tileRows);
    });
    if (this.packers.columns === "columns") return { tileRows, tileColumns };
    code.get(columnCount).op("i32.const", this.#widths.columns).op("i32.gt_s");
    // One, two, five or six rows.
    code.get(rowCount).op("i32.const", 6).op("i32.le_s").op("i32.and").get(rowCount).op("i32.const", 1).op("i32.sub").op("i32.const", 2).op("i32.and").op("i32.eqz").op("i32.and");
    code.if((inside) => {
      inside.get(tileRows).op("i32.const", wide.rows).get(tileRows).op("i32.const", wide.rows).op("i32.lt_s").op("select").set(tileRows);
      inside.op("i32.const", this.#lanes * wide.vectors).set(tileColumns);
    });
    return { tileRows, tileColumns };
  }

  // --- Loops ---

  /** All tiles of one point of the outer loops. */
  write(scope: Scope, rows: OperandView, columns: OperandView, tables: Tables): void {
    const { emitter } = this;
    const b = emitter.builder;
    const local = (): number => emitter.local("i32");
    const s = this.#s;
    const strideBytes = (view: OperandView, axis: SpaceAxis | null | undefined): number => emitter.uniform(axis == null ? b.int(0) : this.#bytes(view.stride(axis.axis)), scope).local;
    const rowBytes = strideBytes(rows, this.layout.rowAxis);
    const columnBytes = strideBytes(columns, this.layout.columnAxes[0]);
    const [left, right] = [this.#addressOfPoint(scope, rows), this.#addressOfPoint(scope, columns)];

    const { stepTable, steps } = tables.steps.at(scope);
    const [group, groupEnd] = [local(), local()];
    scope.statement((code) => {
      const gathered = this.packers.columns === "columns";
      checkOperand(emitter, code, rows, left, { bytes: rowBytes, count: s.rowCount }, stepTable, steps, 0, this.#shift);
      checkOperand(emitter, code, columns, right, gathered ? { table: tables.columnTable, count: s.columnCount } : { bytes: columnBytes, count: s.columnCount }, stepTable, steps, 4, this.#shift);
      code.op("i32.const", 0).set(group);
    });
    below(scope, group, s.columnCount, (inGroup) => {
      const [block, count, blockTable] = [local(), local(), local()];
      inGroup.statement((code) => {
        code.get(group).get(s.groupColumns).op("i32.add").set(groupEnd);
        minimum(code, groupEnd, s.columnCount, groupEnd);
        code.op("i32.const", 0).set(block);
      });
      // At least once: an empty sum is zero.
      atLeastOnce(inGroup, block, steps, (inBlock) => {
        const place: InBlock = { steps, group, groupEnd, block, count, blockTable, left, right, rowBytes, columnBytes };
        inBlock.statement((code) => {
          code.get(steps).get(block).op("i32.sub").set(count);
          minimum(code, count, s.blockSteps, count);
          code.get(stepTable).get(block).op("i32.const", stepBytes).op("i32.mul").op("i32.add").set(blockTable);
          code.get(s.columnsPacked).if((pack) => this.#packColumns(pack, place, tables));
        });
        this.#writeChunks(inBlock, place, tables);
        inBlock.statement((code) => code.get(block).get(s.blockSteps).op("i32.add").set(block));
      });
      inGroup.statement((code) => code.get(groupEnd).set(group));
    });
  }

  #writeChunks(scope: Scope, place: InBlock, tables: Tables): void {
    const local = (): number => this.emitter.local("i32");
    const s = this.#s;
    const [chunk, chunkEnd, column, width, vectors, source] = [local(), local(), local(), local(), local(), local()];
    const inside: InColumns = { ...place, chunk, chunkEnd, column, width, vectors, source };
    scope.statement((code) => code.op("i32.const", 0).set(chunk));
    below(scope, chunk, s.rowCount, (inChunk) => {
      inChunk.statement((code) => {
        code.get(chunk).get(s.chunkRows).op("i32.add").set(chunkEnd);
        minimum(code, chunkEnd, s.rowCount, chunkEnd);
        code.get(s.rowsPacked).if((pack) => this.#packRows(pack, inside, tables));
        code.get(place.group).set(column);
      });
      below(inChunk, column, place.groupEnd, (inColumns) => {
        inColumns.statement((code) => {
          code.get(place.groupEnd).get(column).op("i32.sub").set(width);
          minimum(code, s.tileColumns, width, width);
          code.get(width).op("i32.const", this.#lanes - 1).op("i32.add").op("i32.const", Math.log2(this.#lanes)).op("i32.shr_u").set(vectors);
          code.get(s.columnsPacked).if(
            (packed) => this.#panel(packed, s.columnPanels, s.columnPanelBytes, column, place.group, this.#widths.columns),
            (inOperand) => inOperand.get(place.right).get(column).get(place.columnBytes).op("i32.mul").op("i32.add"),
            "i32",
          );
          code.set(source);
        });
        this.#writeTiles(inColumns, inside);
        inColumns.statement((code) => code.get(column).get(s.tileColumns).op("i32.add").set(column));
      });
      inChunk.statement((code) => code.get(chunkEnd).set(chunk));
    });
  }

  // --- Panels ---

  #packColumns(code: Code, { group, groupEnd, right, columnBytes, count, blockTable }: InBlock, { columnTable }: Tables): void {
    const s = this.#s;
    this.#pack(code, this.packers.columns, { first: group, end: groupEnd, operand: right, bytes: columnBytes, table: columnTable, panels: s.columnPanels, panelBytes: s.columnPanelBytes, count, blockTable }, this.#widths.columns, 4);
  }

  #packRows(code: Code, { chunk, chunkEnd, left, rowBytes, count, blockTable }: Omit<InColumns, "column">, { rowTable }: Tables): void {
    const s = this.#s;
    this.#pack(code, this.packers.rows, { first: chunk, end: chunkEnd, operand: left, bytes: rowBytes, table: rowTable, panels: s.rowPanels, panelBytes: s.rowPanelBytes, count, blockTable }, this.#widths.rows, 0);
  }

  /**
   * Packs columns, or rows, from `first` to `end`. Neighbours a few steps at a time, through all panels: what is read then is a few long stretches of memory.
   *
   * @param side - Where their offsets stand in an entry of the table of steps.
   */
  #pack(
    code: Code,
    packer: Packer,
    p: Locals<"first" | "end" | "operand" | "bytes" | "table" | "panels" | "panelBytes" | "count" | "blockTable">,
    width: number,
    side: number,
  ): void {
    const local = (): number => this.emitter.local("i32");
    const [at, panel, step, steps] = [local(), local(), local(), local()];
    const neighbours = packer === "neighbouringColumns" || packer === "neighbouringRows";
    const columns = neighbours ? this.#line : width;
    const eachPanel = (c: Code): void => {
      c.get(p.first).set(at).get(p.panels).get(step).op("i32.const", width << this.#shift).op("i32.mul").op("i32.add").set(panel);
      c.loop((round, again) => {
        if (neighbours) round.get(p.operand).get(at).get(p.bytes).op("i32.mul").op("i32.add").op("i32.const", 0);
        else round.get(p.operand).get(p.table).get(at).op("i32.const", 4).op("i32.mul").op("i32.add");
        round.get(p.end).get(at).op("i32.sub").get(p.blockTable).get(step).op("i32.const", stepBytes).op("i32.mul").op("i32.add").op("i32.const", side).op("i32.add");
        round.get(steps).get(panel).get(p.panelBytes);
        this.#call(round, packSignature, (n) => n.op("i32.const", packerNumber(packer)));
        round.get(panel).get(p.panelBytes).op("i32.const", columns / width).op("i32.mul").op("i32.add").set(panel);
        round.get(at).op("i32.const", columns).op("i32.add").tee(at).get(p.end).op("i32.lt_s").branchIf(again);
      });
    };
    code.op("i32.const", 0).set(step);
    if (!neighbours) {
      code.get(p.count).set(steps);
      eachPanel(code);
      return;
    }
    code.loop((round, again) => {
      round.get(p.count).get(step).op("i32.sub").set(steps);
      atMost(round, steps, stepsOfNeighbours);
      eachPanel(round);
      round.get(step).get(steps).op("i32.add").tee(step).get(p.count).op("i32.lt_s").branchIf(again);
    });
  }

  /** Leaves the address of the panel in which a column (or row) is the first. */
  #panel(code: Code, panels: number, panelBytes: number, column: number, first: number, width: number): void {
    code.get(panels).get(column).get(first).op("i32.sub").op("i32.const", Math.log2(width)).op("i32.shr_u").get(panelBytes).op("i32.mul").op("i32.add");
  }

  // --- Tiles ---

  /** The tiles of a chunk of rows at some columns, which stand below each other: as many as are of one height, then what is left. */
  #writeTiles(scope: Scope, p: InColumns): void {
    const { emitter } = this;
    const local = (): number => emitter.local("i32");
    const s = this.#s;
    const [height, sums, result, resultRow, elsewhere, number, left, rowsOfTile, tiles, tileBytes] = Array.from({ length: 10 }, local) as [number, number, number, number, number, number, number, number, number, number];
    const strip = { row: p.chunk, height, column: p.column, width: p.width, result, resultRow };
    scope.statement((code) => {
      code.get(p.chunkEnd).get(p.chunk).op("i32.sub").set(height);
      code.get(s.severalBlocks).if((several) => {
        several.get(s.sums).get(p.column).get(p.group).op("i32.sub").get(s.rowCount).op("i32.mul");
        several.get(p.chunk).get(s.tileColumns).op("i32.mul").op("i32.add").op("i32.const", this.#shift).op("i32.shl").op("i32.add").set(sums);
      });
      code.get(sums).set(result).get(p.vectors).op("i32.const", 16).op("i32.mul").set(resultRow).op("i32.const", 0).set(elsewhere);
      // The last block.
      code.get(p.block).get(p.count).op("i32.add").get(p.steps).op("i32.ge_s").if((last) => {
        last.get(emitter.context.workspace).op("i32.const", workspace.strip.offset).op("i32.add").set(result).op("i32.const", 1).set(elsewhere);
        this.results.place(new Scope(scope, last), strip, elsewhere);
      });
    });
    scope.statement((code) => {
      code.get(p.block).op("i32.eqz").if((first) => first.op("i32.const", 0).set(sums));
      code.get(s.rowsPacked).if(
        (packed) => packed.get(s.rowPanels).set(left).get(s.rowPanelBytes).set(tileBytes).op("i32.const", tileNumber("panels", 1, 1)).set(number),
        (inOperand) => {
          inOperand.get(p.left).get(p.chunk).get(p.rowBytes).op("i32.mul").op("i32.add").set(left);
          inOperand.get(p.rowBytes).get(s.tileRows).op("i32.mul").set(tileBytes);
          inOperand.op("i32.const", tileNumber("columnPanel", 1, 1)).op("i32.const", tileNumber("operands", 1, 1)).get(s.columnsPacked).op("select").set(number);
        },
      );
      // Tiles of each height are `largestTile.vectors` apart.
      code.get(number).get(p.vectors).op("i32.const", 1).op("i32.sub").op("i32.add").set(number);
      const call = (c: Code): void => {
        c.get(left).get(p.rowBytes).get(tileBytes).get(p.blockTable).get(p.source).get(p.count).get(sums).get(result).get(resultRow).get(tiles);
        this.#call(c, tileSignature, (n) => n.get(number).get(rowsOfTile).op("i32.const", 1).op("i32.sub").op("i32.const", largestTile.vectors).op("i32.mul").op("i32.add"));
      };
      code.get(s.tileRows).set(rowsOfTile).get(height).get(rowsOfTile).op("i32.div_u").tee(tiles).if(call);
      code.get(height).get(rowsOfTile).op("i32.rem_u").tee(rowsOfTile).if((rest) => {
        const above = local();
        rest.get(left).get(tiles).get(tileBytes).op("i32.mul").op("i32.add").set(left);
        rest.get(height).get(rowsOfTile).op("i32.sub").tee(above).get(resultRow).op("i32.mul").get(result).op("i32.add").set(result);
        rest.get(sums).if((some) => some.get(sums).get(above).get(p.vectors).op("i32.mul").op("i32.const", 16).op("i32.mul").op("i32.add").set(sums));
        rest.op("i32.const", 1).set(tiles);
        call(rest);
        rest.get(result).get(above).get(resultRow).op("i32.mul").op("i32.sub").set(result);
      });
      code.get(elsewhere).if((last) => this.results.store(new Scope(scope, last), strip));
    });
  }

  #bytes(elements: Expr): Expr {
    const b = this.emitter.builder;
    return b.mul(elements, b.int(1 << this.#shift));
  }

  /** The address of an operand's first element at the current point of the loops. */
  #addressOfPoint(scope: Scope, view: OperandView): number {
    const b = this.emitter.builder;
    const moved = this.emitter.uniform(total(b, this.layout.loops.map(({ axis }) => b.mul(b.index(axis), this.#bytes(view.stride(axis))))), scope).local;
    const address = this.emitter.local("i32");
    scope.statement((code) => code.get(view.base).get(moved).op("i32.add").set(address));
    return address;
  }

  /** Calls a function of the tile module; `push` leaves its number. */
  #call(code: Code, signature: Signature, push: (code: Code) => void): void {
    push(code);
    code.op("i32.const", tileTableStart(this.results.contraction.dtype)).op("i32.add");
    code.op("call_indirect", this.emitter.context.module.type(signature), 0);
  }
}
