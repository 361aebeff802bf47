import type { ComputeDType, Contraction, Expr, Operand } from "@gradus/kernel-ir";
import type { Code, Signature } from "../assembler/index.js";
import type { Emitter } from "./emitter.js";
import { isLiteral, product, substitute, total } from "./expressions.js";
import { bestAxis, movesStores, writePoints } from "./kernel.js";
import type { LoopAxis, SpaceAxis } from "./loops.js";
import { areRepeatable, axesOf, checkGuards, nest, plain, stepThrough, stepThroughAll, whereNotEmpty, writeStores } from "./loops.js";
import type { OperandView } from "./operand.js";
import { plainStride, viewOperand } from "./operand.js";
import { scalarTypes } from "./scalar.js";
import type { UniformValue } from "./scope.js";
import { Scope } from "./scope.js";
import { functionsPerDtype, largestTile, packNumber, packSignature, panelColumns, panelRowBytes, stepBytes, tileArithmetic, tileNumber, tileShapesFor, tileSignature } from "./tiles.js";
import type { Packing, TileShapes } from "./tiles.js";
import { vectorsOf } from "./vector.js";
import { blockSteps, residentEntries, workspace } from "./workspace.js";

/** Rows from which copying the columns of a tile into a panel costs little next to the products that they take part in. */
const rowsWorthPacking = 24;
/** Columns from which the same is true of rows. */
const columnsWorthPacking = 64;
/** Bytes of rows that are worked on together: half of a usual second-level cache. */
const chunkBytes = 2 ** 19;
/** Fewer columns than this along one axis leave too much of a tile empty. */
const fewColumns = 8;

/**
 * A contraction as tiles. The results are contiguous along one of the kept axes: it runs along the columns of a tile, in
 * vectors. An axis of the other operand runs along its rows, whose elements are spread to all lanes. The remaining kept axes are loops
 * around that.
 *
 * Where that axis turns out to be short at run time (the 3 of a 3 × 3 kernel, in the gradient of a convolution's weights), all
 * axes of the operand run along the columns together.
 */
export function writeContraction(emitter: Emitter, scope: Scope, contraction: Contraction): void {
  const kept = contraction.axes.filter(({ role }) => role !== "k").map(({ extent }) => extent);
  whereNotEmpty(emitter, scope, kept, (region) => {
    const column = chooseColumns(emitter, contraction);
    const role = column === null ? "n" : contraction.axes[column]?.role;
    const sameRole = contraction.axes.flatMap((axis, i) => (axis.role === role && !isLiteral(axis.extent, 1) ? [i] : []));
    const one = (at: Scope): void => new ContractionWriter(emitter, contraction, column === null ? [] : [column], false).write(at);
    if (column === null || sameRole.length === 1) {
      one(region);
      return;
    }
    const b = emitter.builder;
    const count = contraction.axes[column]?.extent ?? b.int(1);
    const rows = product(b, contraction.axes.flatMap(({ role: other, extent }) => (other === (role === "n" ? "m" : "n") ? [extent] : [])));
    const all = product(b, sameRole.map((i) => contraction.axes[i]?.extent ?? b.int(1)));
    const flat = b.and(b.and(b.lt(count, b.int(fewColumns)), b.lt(b.mul(count, b.int(2)), all)), b.le(b.int(fewColumns), rows));
    const isFlat = emitter.uniform(flat, region).local;
    region.statement((code) => code.get(isFlat).if(
      (inside) => new ContractionWriter(emitter, contraction, sameRole, true).write(new Scope(region, inside, { region: true })),
      (inside) => one(new Scope(region, inside, { region: true })),
    ));
  });
}

/** The kept axis along which the results are contiguous, or else an operand. */
function chooseColumns(emitter: Emitter, { axes, stores, left, right }: Contraction): number | null {
  const free = axes
    .map((axis, i) => ({ ...axis, axis: i }))
    .filter(({ role, extent, axis }) => (role === "m" || role === "n") && !isLiteral(extent, 1) && movesStores(emitter, stores, axis));
  const contiguous = free.filter(({ axis, role }) => isLiteral(plainStride(emitter, role === "m" ? left : right, axis), 1));
  return bestAxis(emitter, free, stores, []) ?? contiguous.at(-1)?.axis ?? free.filter(({ role }) => role === "n").at(-1)?.axis ?? free.at(-1)?.axis ?? null;
}

/** Locals that say where in the contraction the code is. */
type Place<Names extends string> = Readonly<Record<Names, number>>;

class ContractionWriter {
  readonly #dtype: ComputeDType;
  /** log₂ of the bytes of an element, as it is computed with. */
  readonly #shift: number;
  readonly #columnAxes: readonly SpaceAxis[];
  readonly #rowAxis: SpaceAxis | null;
  readonly #loops: readonly LoopAxis[];
  readonly #summed: readonly SpaceAxis[];
  readonly #rowOperand: Operand;
  readonly #columnOperand: Operand;
  readonly #shapes: TileShapes;
  readonly #panelColumns: number;
  readonly #panelRowBytes: number;
  /** Rows of partial sums are as long as some multiple of this: any tile fits. */
  readonly #sumsColumns: number;

  /** @param flat - Whether several axes run along the columns, or one. */
  constructor(readonly emitter: Emitter, readonly contraction: Contraction, columnAxes: readonly number[], readonly flat: boolean) {
    const { axes, dtype, left, right } = contraction;
    this.#dtype = dtype;
    this.#shift = vectorsOf[dtype] === 2 ? 3 : 2;
    this.#shapes = tileShapesFor(emitter.context.target);
    this.#panelColumns = panelColumns(dtype, this.#shapes);
    this.#panelRowBytes = panelRowBytes(this.#shapes);
    this.#sumsColumns = tileArithmetic[dtype].lanes * this.#shapes.wide.vectors;
    const all = axesOf(axes.map(({ extent }) => extent));
    const roleOf = ({ axis }: SpaceAxis): string | undefined => axes[axis]?.role;
    this.#columnAxes = all.filter(({ axis }) => columnAxes.includes(axis));
    const swapped = this.#columnAxes.some((axis) => roleOf(axis) === "m");
    [this.#rowOperand, this.#columnOperand] = swapped ? [right, left] : [left, right];
    this.#rowAxis = all.filter((axis) => roleOf(axis) === (swapped ? "n" : "m") && !isLiteral(axis.extent, 1)).at(-1) ?? null;
    this.#summed = all.filter((axis) => roleOf(axis) === "k");
    const around = all.filter((axis) => roleOf(axis) !== "k" && axis !== this.#rowAxis && !this.#columnAxes.includes(axis));
    this.#loops = plain([...around.filter((axis) => roleOf(axis) === "batch"), ...around.filter((axis) => roleOf(axis) !== "batch")]);
  }

  write(scope: Scope): void {
    const { emitter, contraction } = this;
    const b = emitter.builder;
    const firstLoop = this.#loops[0]?.axis ?? null;
    const rows = viewOperand(emitter, scope, contraction, this.#rowOperand, firstLoop, null);
    const columns = viewOperand(emitter, scope, contraction, this.#columnOperand, firstLoop, this.#columnAxes.at(-1)?.axis ?? null);
    const [columnAxis] = this.#columnAxes;
    const packing: Packing = !this.flat && columnAxis !== undefined && columns.contiguous(columnAxis.axis) ? "neighbours" : "gathered";
    const rowsAreNeighbours = this.#rowAxis !== null && rows.contiguous(this.#rowAxis.axis);

    const uniform = (expr: Expr): number => emitter.uniform(expr, scope).local;
    const counts = {
      rowCount: uniform(this.#rowAxis?.extent ?? b.int(1)),
      columnCount: uniform(product(b, this.#columnAxes.map(({ extent }) => extent))),
      steps: uniform(product(b, this.#summed.map(({ extent }) => extent))),
      columnsPacked: emitter.local("i32"),
      rowsPacked: emitter.local("i32"),
      tileColumns: emitter.local("i32"),
      tileRows: emitter.local("i32"),
    };
    scope.statement((code) => {
      this.#chooseShape(code, packing, counts);
      if (packing === "neighbours") code.get(counts.rowCount).op("i32.const", rowsWorthPacking).op("i32.ge_s").set(counts.columnsPacked);
      else code.op("i32.const", 1).set(counts.columnsPacked);
      // Rows that are neighbours lie far apart from step to step: each step would touch another page of memory.
      if (rowsAreNeighbours) code.get(counts.columnCount).op("i32.const", columnsWorthPacking).op("i32.ge_s").set(counts.rowsPacked);
    });
    const tables = this.#writeStepTables(scope, rows, columns, counts);
    const columnTable = packing === "gathered" ? this.#writeColumnTable(scope, columns, counts.columnCount) : emitter.local("i32");
    const place = { ...counts, ...tables, columnTable };

    const inside = (point: Scope): void => this.#writePoint(point, rows, columns, packing, place);
    const [first, ...others] = this.#loops;
    if (first === undefined) {
      inside(scope);
      return;
    }
    nest(emitter, scope, [first], (slice) => {
      rows.copySlice?.(slice);
      columns.copySlice?.(slice);
      nest(emitter, slice, others, inside);
    });
  }

  /** Wide tiles, where two divides the rows better than four and there are columns enough; but not of panels, which are narrower. */
  #chooseShape(code: Code, packing: Packing, { rowCount, columnCount, tileColumns, tileRows }: Place<"rowCount" | "columnCount" | "tileColumns" | "tileRows">): void {
    const { tall, wide } = this.#shapes;
    const { lanes } = tileArithmetic[this.#dtype];
    code.op("i32.const", tall.rows).set(tileRows).op("i32.const", lanes * tall.vectors).set(tileColumns);
    if (packing !== "neighbours") return;
    code.get(columnCount).op("i32.const", lanes * tall.vectors).op("i32.gt_s");
    // One, two, five or six rows.
    code.get(rowCount).op("i32.const", 6).op("i32.le_s").op("i32.and").get(rowCount).op("i32.const", 1).op("i32.sub").op("i32.const", 2).op("i32.and").op("i32.eqz").op("i32.and");
    code.if((inside) => inside.op("i32.const", wide.rows).set(tileRows).op("i32.const", lanes * wide.vectors).set(tileColumns));
  }

  #bytes(elements: Expr): Expr {
    const b = this.emitter.builder;
    return b.mul(elements, b.int(1 << this.#shift));
  }

  // --- Tables ---

  /** Leaves the address of memory for as many items as the product of some locals. */
  #takeScratch(code: Code, counts: readonly number[], itemBytes: number): Code {
    code.op("f64.const", itemBytes);
    for (const count of counts) code.get(count).op("f64.convert_i32_s").op("f64.mul");
    return code.op("call", this.emitter.context.scratch);
  }

  /** A local with the address of a table of `count` entries: in the workspace, or from the pool if it is too long for that. */
  #table(code: Code, place: number, count: number, entryBytes: number): number {
    const { emitter } = this;
    const table = emitter.local("i32");
    code.get(count).op("i32.const", residentEntries).op("i32.gt_s").if(
      (long) => this.#takeScratch(long, [count], entryBytes),
      (short) => short.get(emitter.context.workspace).op("i32.const", place).op("i32.add"),
      "i32",
    );
    code.set(table);
    return table;
  }

  /**
   * The offsets of the factors of each step, in the order of the sum. Operands that are packed are read from their panels by the tiles;
   * two more tables say where the elements come from.
   */
  #writeStepTables(scope: Scope, rows: OperandView, columns: OperandView, { steps, rowsPacked, columnsPacked }: Place<"steps" | "rowsPacked" | "columnsPacked">): Place<"stepTable" | "rowSteps" | "columnSteps"> {
    const { emitter } = this;
    const b = emitter.builder;
    const [step, row, column, inPanel] = Array.from({ length: 4 }, () => emitter.local("i32")) as [number, number, number, number];
    const offset = (view: OperandView): Expr => total(b, this.#summed.map(({ axis }) => b.mul(b.index(axis), this.#bytes(view.stride(axis)))));
    const [left, right] = [offset(rows), offset(columns)];
    const tables = scope.statement((code) => {
      const made = {
        stepTable: this.#table(code, workspace.steps, steps, stepBytes),
        rowSteps: this.#table(code, workspace.rowSteps, steps, 4),
        columnSteps: this.#table(code, workspace.columnSteps, steps, 4),
      };
      code.get(made.stepTable).set(step).get(made.rowSteps).set(row).get(made.columnSteps).set(column).op("i32.const", 0).set(inPanel);
      return made;
    });
    whereNotEmpty(emitter, scope, this.#summed.map(({ extent }) => extent), (region) => {
      nest(emitter, region, plain(this.#summed), (point) => {
        const [l, r] = [emitter.uniform(left, point).local, emitter.uniform(right, point).local];
        point.statement((code) => {
          code.get(row).get(l).op("i32.store").get(column).get(r).op("i32.store");
          code.get(step).get(inPanel).get(l).get(rowsPacked).op("select").op("i32.store", 0);
          code.get(step).get(inPanel).get(r).get(columnsPacked).op("select").op("i32.store", 4);
          for (const [local, bytes] of [[step, stepBytes], [row, 4], [column, 4]] as const) code.get(local).op("i32.const", bytes).op("i32.add").set(local);
          // Each block of the sum has the panel to itself.
          code.get(inPanel).op("i32.const", this.#panelRowBytes).op("i32.add").op("i32.const", blockSteps * this.#panelRowBytes - 1).op("i32.and").set(inPanel);
        });
      });
    });
    return tables;
  }

  /** The offset of each column. */
  #writeColumnTable(scope: Scope, columns: OperandView, count: number): number {
    const { emitter } = this;
    const b = emitter.builder;
    const offset = total(b, this.#columnAxes.map(({ axis }) => b.mul(b.index(axis), this.#bytes(columns.stride(axis)))));
    const at = emitter.local("i32");
    const table = scope.statement((code) => {
      const made = this.#table(code, workspace.columns, count, 4);
      code.get(made).set(at);
      return made;
    });
    nest(emitter, scope, plain(this.#columnAxes), (point) => {
      const value = emitter.uniform(offset, point).local;
      point.statement((code) => code.get(at).get(value).op("i32.store").get(at).op("i32.const", 4).op("i32.add").set(at));
    });
    return table;
  }

  // --- Tiles ---

  /**
   * All tiles of one point of the loops: chunks of rows that stay in the second-level cache, blocks of the sum, columns, rows.
   * The sum is cut into blocks so that the columns of a tile stay in the first-level cache; between blocks, partial sums
   * wait in memory, which does not change the order of additions.
   */
  #writePoint(
    scope: Scope,
    rows: OperandView,
    columns: OperandView,
    packing: Packing,
    p: Place<"rowCount" | "columnCount" | "steps" | "columnsPacked" | "rowsPacked" | "stepTable" | "rowSteps" | "columnSteps" | "columnTable" | "tileColumns" | "tileRows">,
  ): void {
    const { emitter } = this;
    const b = emitter.builder;
    const local = (): number => emitter.local("i32");
    const { workspace: space } = emitter.context;
    const strideBytes = (view: OperandView, axis: SpaceAxis | null | undefined): number => emitter.uniform(axis == null ? b.int(0) : this.#bytes(view.stride(axis.axis)), scope).local;
    const rowBytes = strideBytes(rows, this.#rowAxis);
    const columnBytes = strideBytes(columns, this.#columnAxes[0]);
    const [left, right] = [this.#addressOfPoint(scope, rows), this.#addressOfPoint(scope, columns)];

    const [chunkRows, sums, sumsRow, rowPanels, blockBytes] = [local(), local(), local(), local(), local()];
    scope.statement((code) => {
      // Bytes that a row takes in one block of the sum.
      code.op("i32.const", blockSteps).set(blockBytes);
      minimum(code, p.steps, blockBytes, blockBytes);
      atLeast(code, blockBytes, 1);
      code.get(blockBytes).op("i32.const", this.#shift).op("i32.shl").set(blockBytes);
      code.op("i32.const", chunkBytes).get(blockBytes).op("i32.div_u").op("i32.const", -this.#panelColumns).op("i32.and").set(chunkRows);
      atLeast(code, chunkRows, 8 * this.#panelColumns);
      minimum(code, chunkRows, p.rowCount, chunkRows);

      code.get(p.columnCount).op("i32.const", this.#sumsColumns - 1).op("i32.add").op("i32.const", -this.#sumsColumns).op("i32.and");
      code.op("i32.const", this.#shift).op("i32.shl").set(sumsRow);
      code.get(sums).op("i32.eqz");
      if (!this.flat) code.get(p.steps).op("i32.const", blockSteps).op("i32.gt_s").op("i32.and");
      code.if((once) => this.#takeScratch(once, [this.flat ? p.rowCount : chunkRows, sumsRow], 1).set(sums));
      code.get(rowPanels).op("i32.eqz").get(p.rowsPacked).op("i32.and").if((once) => {
        once.get(chunkRows).op("i32.const", this.#panelColumns).op("i32.add").set(rowPanels);
        this.#takeScratch(once, [rowPanels, blockBytes], 1).set(rowPanels);
      });
    });

    const [chunk, chunkEnd, sumsOfChunk] = [local(), local(), local()];
    scope.statement((code) => code.op("i32.const", 0).set(chunk));
    below(scope, chunk, p.rowCount, (inChunk) => {
      const [block, count, blockTable] = [local(), local(), local()];
      inChunk.statement((code) => {
        code.get(chunk).get(chunkRows).op("i32.add").set(chunkEnd);
        minimum(code, chunkEnd, p.rowCount, chunkEnd);
        code.get(sums);
        if (this.flat) code.get(chunk).get(sumsRow).op("i32.mul").op("i32.add");
        code.set(sumsOfChunk).op("i32.const", 0).set(block);
      });
      // At least once: an empty sum is zero.
      atLeastOnce(inChunk, block, p.steps, (inBlock) => {
        const column = local();
        inBlock.statement((code) => {
          code.get(p.steps).get(block).op("i32.sub").set(count).op("i32.const", blockSteps).set(column);
          minimum(code, count, column, count);
          code.get(p.stepTable).get(block).op("i32.const", stepBytes).op("i32.mul").op("i32.add").set(blockTable);
          code.get(p.rowsPacked).if((pack) => this.#packRows(pack, { chunk, chunkEnd, left, rowBytes, rowPanels, block, count, rowSteps: p.rowSteps }));
          code.op("i32.const", 0).set(column);
        });
        below(inBlock, column, p.columnCount, (inColumns) => {
          const [width, vectors, source, row] = [local(), local(), local(), local()];
          inColumns.statement((code) => {
            code.get(p.columnCount).get(column).op("i32.sub").set(width);
            minimum(code, p.tileColumns, width, width);
            const { lanes } = tileArithmetic[this.#dtype];
            code.get(width).op("i32.const", lanes - 1).op("i32.add").op("i32.const", Math.log2(lanes)).op("i32.shr_u").set(vectors);
            code.get(right).get(column).get(columnBytes).op("i32.mul").op("i32.add").set(source);
            code.get(p.columnsPacked).if((pack) => {
              pack.get(right);
              if (packing === "neighbours") pack.get(column).get(columnBytes).op("i32.mul");
              else pack.get(p.columnTable).get(column).op("i32.const", 4).op("i32.mul").op("i32.add");
              pack.get(width).get(p.columnSteps).get(block).op("i32.const", 4).op("i32.mul").op("i32.add").get(count);
              pack.get(space).op("i32.const", workspace.panel).op("i32.add").tee(source);
              this.#call(pack, packSignature, (c) => c.op("i32.const", packNumber(packing)));
            });
            code.get(chunk).set(row);
          });
          below(inColumns, row, chunkEnd, (inRows) => {
            this.#writeTile(inRows, { ...p, row, chunk, chunkEnd, column, width, vectors, left, rowBytes, rowPanels, source, blockTable, block, count, sums: sumsOfChunk, sumsRow });
          });
          inColumns.statement((code) => code.get(column).get(p.tileColumns).op("i32.add").set(column));
        });
        inBlock.statement((code) => code.get(block).op("i32.const", blockSteps).op("i32.add").set(block));
      });
      inChunk.statement((code) => code.get(chunkEnd).set(chunk));
    });
    if (this.flat) this.#writeStoresOfSums(scope, sums);
  }

  /** The address of an operand's first element at the current point of the loops. */
  #addressOfPoint(scope: Scope, view: OperandView): number {
    const b = this.emitter.builder;
    const moved = this.emitter.uniform(total(b, this.#loops.map(({ axis }) => b.mul(b.index(axis), this.#bytes(view.stride(axis))))), scope).local;
    const address = this.emitter.local("i32");
    scope.statement((code) => code.get(view.base).get(moved).op("i32.add").set(address));
    return address;
  }

  /** Calls a function of the tile module; `push` leaves its number. */
  #call(code: Code, signature: Signature, push: (code: Code) => void): void {
    push(code);
    code.op("i32.const", tileTableStart(this.#dtype)).op("i32.add");
    code.op("call_indirect", this.emitter.context.module.type(signature), 0);
  }

  /** Copies the rows of a chunk into panels, one after the other. */
  #packRows(code: Code, p: Place<"chunk" | "chunkEnd" | "left" | "rowBytes" | "rowPanels" | "block" | "count" | "rowSteps">): void {
    const [row, panel] = [this.emitter.local("i32"), this.emitter.local("i32")];
    code.get(p.chunk).set(row).get(p.rowPanels).set(panel);
    code.loop((round, again) => {
      // Rows are neighbours here, so their number does not matter.
      round.get(p.left).get(row).get(p.rowBytes).op("i32.mul").op("i32.const", 0);
      round.get(p.rowSteps).get(p.block).op("i32.const", 4).op("i32.mul").op("i32.add").get(p.count).get(panel);
      this.#call(round, packSignature, (c) => c.op("i32.const", packNumber("neighbours")));
      round.get(panel).get(p.count).op("i32.const", this.#panelRowBytes).op("i32.mul").op("i32.add").set(panel);
      round.get(row).op("i32.const", this.#panelColumns).op("i32.add").tee(row).get(p.chunkEnd).op("i32.lt_s").branchIf(again);
    });
  }

  /** The address of a row's element at step 0: in the operand, or in the panel that it was packed into. */
  #rowAddress(code: Code, offset: number, p: Place<"row" | "chunk" | "left" | "rowBytes" | "rowPanels" | "rowsPacked" | "count">, to: number): void {
    const row = this.emitter.local("i32");
    code.get(p.row).op("i32.const", offset).op("i32.add").set(row);
    code.get(p.rowsPacked).if(
      (packed) => {
        packed.get(row).get(p.chunk).op("i32.sub").set(row);
        packed.get(p.rowPanels).get(row).op("i32.const", Math.log2(this.#panelColumns)).op("i32.shr_u");
        packed.get(p.count).op("i32.const", this.#panelRowBytes).op("i32.mul").op("i32.mul").op("i32.add");
        packed.get(row).op("i32.const", this.#panelColumns - 1).op("i32.and").op("i32.const", this.#shift).op("i32.shl").op("i32.add");
      },
      (inOperand) => inOperand.get(p.left).get(row).get(p.rowBytes).op("i32.mul").op("i32.add"),
      "i32",
    );
    code.set(to);
  }

  #writeTile(
    scope: Scope,
    p: Place<
      | "row" | "chunk" | "chunkEnd" | "column" | "width" | "vectors" | "left" | "rowBytes" | "rowPanels" | "rowsPacked" | "source"
      | "blockTable" | "block" | "count" | "steps" | "sums" | "sumsRow" | "tileColumns" | "tileRows"
    >,
  ): void {
    const { emitter } = this;
    const local = (): number => emitter.local("i32");
    const [height, result, resultRow, unfinished] = [local(), local(), local(), local()];
    const rows = Array.from({ length: largestTile.rows }, local);
    scope.statement((code) => {
      // As many rows as a tile has, but five to seven are split evenly between two.
      code.get(p.chunkEnd).get(p.row).op("i32.sub").set(height);
      const { rows: most } = this.#shapes.tall;
      code.get(height).op("i32.const", most).op("i32.gt_s").get(height).op("i32.const", 2 * most).op("i32.lt_s").op("i32.and").if((uneven) => {
        uneven.get(height).op("i32.const", 1).op("i32.add").op("i32.const", 1).op("i32.shr_u").set(height);
      });
      minimum(code, height, p.tileRows, height);
      rows.forEach((address, i) => this.#rowAddress(code, i, p, address));

      const inSums = (c: Code): void => {
        c.get(p.sums).get(p.row).get(p.chunk).op("i32.sub").get(p.sumsRow).op("i32.mul").op("i32.add");
        c.get(p.column).op("i32.const", this.#shift).op("i32.shl").op("i32.add").set(result).get(p.sumsRow).set(resultRow);
      };
      if (this.flat) {
        inSums(code);
        return;
      }
      code.get(p.steps).op("i32.const", blockSteps).op("i32.gt_s").if(inSums, (single) => {
        single.get(emitter.context.workspace).op("i32.const", workspace.tile).op("i32.add").set(result);
        single.get(p.tileColumns).op("i32.const", this.#shift).op("i32.shl").set(resultRow);
      });
      code.op("i32.const", 1).set(unfinished);
    });
    if (!this.flat) this.#resultInPlace(scope, p, result, resultRow, unfinished);
    scope.statement((code) => {
      for (const row of rows) code.get(row);
      code.get(p.blockTable).get(p.source).get(p.count).get(result).get(resultRow).get(p.block);
      this.#call(code, tileSignature, (c) => {
        // tileNumber(height, vectors)
        c.get(height).op("i32.const", tileNumber(2, 1) - tileNumber(1, 1)).op("i32.mul").get(p.vectors).op("i32.add");
        c.op("i32.const", tileNumber(0, 0)).op("i32.add");
      });
      if (!this.flat) {
        // Once the last block has been added.
        code.get(p.block).get(p.count).op("i32.add").get(p.steps).op("i32.ge_s").get(unfinished).op("i32.and");
        code.if((last) => this.#writeEpilogue(new Scope(scope, last), p, height, result, resultRow));
      }
      code.get(p.row).get(height).op("i32.add").set(p.row);
    });
  }

  // --- Results ---

  /** Where results are stored as they are, tiles of whole vectors are written to where they belong, and nothing is left to do. */
  #resultInPlace(scope: Scope, p: Place<"row" | "column" | "width" | "steps">, result: number, resultRow: number, unfinished: number): void {
    const { emitter, contraction } = this;
    const b = emitter.builder;
    const [store, ...more] = contraction.stores;
    const [columnAxis] = this.#columnAxes;
    if (store === undefined || columnAxis === undefined || more.length > 0 || contraction.guards.length > 0 || store.value.op !== "result") return;
    if (contraction.params[store.param]?.dtype !== this.#dtype || this.#dtype === "bool") return;
    const columnStride = emitter.stride(store.index, columnAxis.axis);
    const rowStride = this.#rowAxis === null ? b.int(0) : emitter.stride(store.index, this.#rowAxis.axis);
    if (columnStride === null || rowStride === null || !isLiteral(columnStride, 1)) return;
    const rowBytes = emitter.uniform(this.#bytes(rowStride), scope).local;
    scope.statement((code) => {
      code.get(p.steps).op("i32.const", blockSteps).op("i32.le_s");
      code.get(p.width).op("i32.const", tileArithmetic[this.#dtype].lanes - 1).op("i32.and").op("i32.eqz").op("i32.and");
      code.if((direct) => {
        const at = new Scope(scope, direct);
        definePosition(at, this.#rowAxis, p.row);
        definePosition(at, columnAxis, p.column);
        const index = emitter.uniform(store.index, at).local;
        at.code.get(emitter.context.pointers[store.param] ?? 0).get(index).op("i32.const", this.#shift).op("i32.shl").op("i32.add").set(result);
        at.code.get(rowBytes).set(resultRow).op("i32.const", 0).set(unfinished);
      });
    });
  }

  /** The stores of a tile's points. */
  #writeEpilogue(scope: Scope, p: Place<"row" | "column" | "width">, height: number, result: number, resultRow: number): void {
    const { emitter, contraction } = this;
    const { guards, stores } = contraction;
    const repeatable = areRepeatable(stores, [...guards.map(({ holds }) => holds), ...stores.flatMap(({ index, value }) => [index, value])]);
    const [row, rowEnd, rowAddress, column, columnEnd] = Array.from({ length: 5 }, () => emitter.local("i32")) as [number, number, number, number, number];
    scope.statement((code) => {
      code.get(p.row).tee(row).get(height).op("i32.add").set(rowEnd);
      code.get(p.column).get(p.width).op("i32.add").set(columnEnd);
      code.get(result).set(rowAddress);
    });
    below(scope, row, rowEnd, (inRow) => {
      definePosition(inRow, this.#rowAxis, row);
      inRow.statement((code) => code.get(p.column).set(column));
      // Without an axis of columns there is one column.
      const widths = this.#columnAxes.length === 0 ? [] : [2, 1].filter((groups) => 4 * groups <= this.#panelColumns);
      for (const groups of [...widths, null]) {
        const axis = this.#columnAxes[0]?.axis ?? -1;
        const write = (point: Scope): void => {
          this.#defineResult(point, rowAddress, column, p.column, groups);
          checkGuards(emitter, point, guards);
          writeStores(emitter, point, stores);
        };
        if (groups === 1 && repeatable) stepThroughAll(emitter, inRow, axis, column, columnEnd, (code) => code.get(p.column), write);
        else stepThrough(emitter, inRow, axis, column, columnEnd, groups, write);
      }
      inRow.statement((code) => {
        code.get(rowAddress).get(resultRow).op("i32.add").set(rowAddress);
        code.get(row).op("i32.const", 1).op("i32.add").set(row);
      });
    });
  }

  /** `result(0, 0)`: what the tile holds at the current columns of the row. */
  #defineResult(scope: Scope, rowAddress: number, column: number, firstColumn: number, groups: number | null): void {
    const { emitter } = this;
    const dtype = this.#dtype;
    const address = emitter.local("i32");
    scope.code.get(rowAddress).get(column).get(firstColumn).op("i32.sub").op("i32.const", this.#shift).op("i32.shl").op("i32.add").set(address);
    if (groups !== null) {
      const vectors = Array.from({ length: groups * vectorsOf[dtype] }, (_, i) => {
        const vector = emitter.local("v128");
        scope.code.get(address).op("v128.load", 16 * i).set(vector);
        return vector;
      });
      scope.define("result 0 0", () => ({ dtype, home: scope, vectors }));
      return;
    }
    const type = scalarTypes[dtype];
    const value = emitter.local(type);
    scope.code.get(address).op(`${type}.load`);
    // A mask of all ones is true.
    if (dtype === "bool") scope.code.op("i32.const", 1).op("i32.and");
    scope.code.set(value);
    scope.define("result 0 0", () => ({ dtype, home: scope, local: value }));
  }

  /** The stores of all points of the rows and columns, from the sums in memory. */
  #writeStoresOfSums(scope: Scope, sums: number): void {
    const { emitter, contraction } = this;
    const b = emitter.builder;
    const dtype = this.#dtype === "bool" ? "int32" : this.#dtype;
    const param = emitter.access.add(dtype, sums, scope);
    let column: Expr = b.int(0);
    for (const { axis, extent } of this.#columnAxes) column = b.add(b.mul(column, extent), b.index(axis));
    const axes = [...(this.#rowAxis === null ? [] : [this.#rowAxis]), ...this.#columnAxes];
    const rowElements = product(b, this.#columnAxes.map(({ extent }) => extent));
    const padded = b.and(b.add(rowElements, b.int(this.#sumsColumns - 1)), b.int(-this.#sumsColumns));
    const row = this.#rowAxis === null ? b.int(0) : b.mul(b.index(this.#rowAxis.axis), padded);
    const loaded = b.load(param, dtype, b.add(row, column));
    const result = this.#dtype === "bool" ? b.ne(loaded, b.int(0)) : loaded;
    const known = new Map<Expr, Expr>();
    const stores = contraction.stores.map((store) => ({ ...store, value: substitute(b, store.value, (leaf) => (leaf.op === "result" ? result : null), known) }));
    whereNotEmpty(emitter, scope, axes.map(({ extent }) => extent), (region) => {
      writePoints(emitter, region, axes, contraction.guards, stores);
    });
  }
}

/** Where the functions of a dtype's tile module stand in the device's table. */
export const tileTableStart = (dtype: ComputeDType): number => (Object.keys(tileArithmetic) as ComputeDType[]).indexOf(dtype) * functionsPerDtype;
/** Entries of the device's table that belong to tile modules. */
export const tileTableSize = Object.keys(tileArithmetic).length * functionsPerDtype;

function definePosition(scope: Scope, axis: SpaceAxis | null, local: number): void {
  if (axis === null) return;
  const value: UniformValue = { dtype: "int32", home: scope, local };
  scope.define(`index ${String(axis.axis)}`, () => value);
}

/** to = min(a, b), of locals. */
function minimum(code: Code, a: number, b: number, to: number): void {
  code.get(a).get(b).get(a).get(b).op("i32.lt_s").op("select").set(to);
}

/** local = max(local, least). */
function atLeast(code: Code, local: number, least: number): void {
  code.get(local).op("i32.const", least).get(local).op("i32.const", least).op("i32.gt_s").op("select").set(local);
}

/** Runs `body`, which has to move the local `position` on, while that is below the local `limit`. */
function below(scope: Scope, position: number, limit: number, body: (scope: Scope) => void): void {
  scope.statement((code) => code.get(position).get(limit).op("i32.lt_s").if((inside) => repeat(scope, inside, position, limit, body)));
}

/** The same, but the first time without asking. */
function atLeastOnce(scope: Scope, position: number, limit: number, body: (scope: Scope) => void): void {
  scope.statement((code) => repeat(scope, code, position, limit, body));
}

function repeat(scope: Scope, code: Code, position: number, limit: number, body: (scope: Scope) => void): void {
  code.loop((round, again) => {
    body(new Scope(scope, round.piece()));
    round.get(position).get(limit).op("i32.lt_s").branchIf(again);
  });
}
