import type { ComputeDType } from "@gradus/kernel-ir";
import type { Signature } from "../../assembler/index.js";
import { ModuleBuilder, mostPages } from "../../assembler/index.js";
import type { PlainInstruction } from "../rules.js";
import type { Target } from "../target.js";
import { packSignature, packers, writePacker } from "./packers.js";
import type { Packer } from "./packers.js";

/** The shapes of tiles, in rows and vectors of columns. */
export interface TileShapes {
  /** For many rows. */
  readonly tall: TileShape;
  /** For one or two rows, and for what two divides better than four. */
  readonly wide: TileShape;
}
interface TileShape {
  readonly rows: number;
  readonly vectors: number;
}

/** No tile has more rows or vectors. */
export const largestTile = { rows: 4, vectors: 4 } as const;

/**
 * More sums than eight, or a loop that is unrolled, leave TurboFan too few registers: it moves values about inside the loop, and these were the fastest of
 * all shapes tried on Node 20. Of paired vectors there are eight again.
 */
export const tileShapesFor = ({ pairsVectors }: Target): TileShapes =>
  pairsVectors ? { tall: largestTile, wide: largestTile } : { tall: { rows: 4, vectors: 2 }, wide: { rows: 2, vectors: 4 } };

interface TileArithmetic {
  /** Elements of a vector, and log₂ of the bytes of one. */
  readonly lanes: 2 | 4;
  readonly shift: 2 | 3;
  readonly splat: "v128.load32_splat" | "v128.load64_splat";
  readonly multiply: PlainInstruction;
  readonly add: PlainInstruction;
  /** Both in one, with one rounding or two. */
  readonly fused?: PlainInstruction;
}

const single = { lanes: 4, shift: 2, splat: "v128.load32_splat" } as const;
const double = { lanes: 2, shift: 3, splat: "v128.load64_splat" } as const;

export const tileArithmetic: Readonly<Record<ComputeDType, TileArithmetic>> = {
  float32: { ...single, multiply: "f32x4.mul", add: "f32x4.add", fused: "f32x4.relaxed_madd" },
  float64: { ...double, multiply: "f64x2.mul", add: "f64x2.add", fused: "f64x2.relaxed_madd" },
  int32: { ...single, multiply: "i32x4.mul", add: "i32x4.add" },
  int64: { ...double, multiply: "i64x2.mul", add: "i64x2.add" },
  // As masks of 32 bits.
  bool: { ...single, multiply: "v128.and", add: "v128.or" },
};

/** Elements of a panel's step: as many columns as a tall tile has, or rows. */
export const panelWidths = (dtype: ComputeDType, { tall }: TileShapes): { readonly columns: number; readonly rows: number } => ({
  columns: tileArithmetic[dtype].lanes * tall.vectors,
  rows: largestTile.rows,
});

/** A step of the sum in the table of steps: the byte offsets of its factors, from a row's first element and a column's. */
export const stepBytes = 8;

/**
 * Where the factors of a tile are found: by the table of steps, in the operands as they are, or in panels, in which they follow each other. (Rows are packed
 * only where columns are.)
 */
const sources = ["operands", "columnPanel", "panels"] as const;
export type TileSource = (typeof sources)[number];

/** Functions that are made together: what every product may need, and what only those with panels do. */
export const tileParts = ["operands", "panels"] as const;
export type TilePart = (typeof tileParts)[number];
const partOfSource: Readonly<Record<TileSource, TilePart>> = { operands: "operands", columnPanel: "panels", panels: "panels" };

/**
 * `(left, leftRow, leftTile, steps, columns, count, sums, result, resultRow, tiles)`: the address of the first row of the left operand, or of its panel; the
 * bytes from one row to the next, and from one tile's rows to the next one's; the address of the table of steps; that of the columns in the right operand, or
 * of their panel; the number of steps; the address of the sums so far, row by row (0 if there are none); that of the result and the bytes between its rows;
 * the number of tiles, which stand below each other.
 */
export const tileSignature: Signature = { params: ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"], results: [] };

/** Functions of one dtype in the device's table: tiles by source, rows and vectors, then packers. */
export const tileNumber = (source: TileSource, rows: number, vectors: number): number => (sources.indexOf(source) * largestTile.rows + rows - 1) * largestTile.vectors + vectors - 1;
const tileCount = sources.length * largestTile.rows * largestTile.vectors;
export const packerNumber = (packer: Packer): number => tileCount + packers.indexOf(packer);
const functionsPerDtype = tileCount + packers.length;

/** Where the functions of a dtype's tile module stand in the device's table. */
export const tileTableStart = (dtype: ComputeDType): number => (Object.keys(tileArithmetic) as ComputeDType[]).indexOf(dtype) * functionsPerDtype;
/** Entries of the device's table that belong to tile modules. */
export const tileTableSize = Object.keys(tileArithmetic).length * functionsPerDtype;

/**
 * The innermost loops of every contraction of a dtype, one function for each size of tile. A tile's sums stay in registers:
 *
 *   result[i][j] += Σ_step left[row_i + a(step)] · right[columns + b(step)][j]
 *
 * Where factors are not packed, their offsets come from a table: then the same loop serves matrices, convolutions and their gradients, whatever
 * is affine in the axes.
 *
 * A function's number is the name under which it is exported. They are modules of their own, shared by all programs: the engine has to optimise them once, not once for each program.
 */
export function generateTiles(dtype: ComputeDType, target: Target, parts: readonly TilePart[]): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  module.importMemory("device", "memory", target.shared ? mostPages : null);
  const arithmetic = tileArithmetic[dtype];
  const shapes = tileShapesFor(target);
  for (const source of sources) {
    if (!parts.includes(partOfSource[source])) continue;
    for (let rows = 1; rows <= shapes.tall.rows; rows++) {
      const most = rows <= shapes.wide.rows && source === "operands" ? shapes.wide.vectors : shapes.tall.vectors;
      for (let vectors = 1; vectors <= most; vectors++) writeTile(module, source, { rows, vectors }, arithmetic, target);
    }
  }
  const widths = panelWidths(dtype, shapes);
  for (const packer of parts.includes("panels") ? packers : []) {
    const fn = module.function(packSignature);
    module.export(String(packerNumber(packer)), fn);
    writePacker(fn, packer, arithmetic.lanes, widths);
  }
  return module.bytes();
}

function writeTile(module: ModuleBuilder, source: TileSource, { rows, vectors }: TileShape, { lanes, shift, splat, multiply, add, fused }: TileArithmetic, target: Target): void {
  const fn = module.function(tileSignature);
  module.export(String(tileNumber(source, rows, vectors)), fn);
  const code = fn.body;
  const [left, leftRow, leftTile, steps, columns, count, partial, result, resultRow, tiles] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const;
  const address = (): number => fn.local("i32");
  const sums = Array.from({ length: rows }, () => Array.from({ length: vectors }, () => fn.local("v128")));
  const factors = Array.from({ length: vectors }, () => fn.local("v128"));
  const [factor, zero] = [fn.local("v128"), fn.local("v128")];
  // Where the factors of the step are: in a panel by an address that moves on, else by one that an offset from the table is added to.
  const [step, end, row, column, rowOffset] = [address(), address(), address(), address(), address()] as const;
  const rowAddresses = Array.from({ length: rows }, address);
  // What moves from step to step, and by how many bytes.
  const moves: (readonly [local: number, bytes: number])[] = [];
  if (source === "panels") moves.push([row, largestTile.rows << shift]);
  else moves.push([step, stepBytes]);
  if (source !== "operands") moves.push([column, (tileShapesFor(target).tall.vectors * lanes) << shift]);
  const [leader, leaderBytes] = moves[0]!;

  code.loop((tile, nextTile) => {
    tile.get(partial).if(
      (load) => {
        sums.flat().forEach((sum, i) => load.get(partial).op("v128.load", 16 * i).set(sum));
        load.get(partial).op("i32.const", 16 * rows * vectors).op("i32.add").set(partial);
      },
      (none) => sums.flat().forEach((sum) => none.get(zero).set(sum)),
    );
    if (source === "panels") tile.get(left).set(row);
    else {
      tile.get(steps).set(step);
      rowAddresses.forEach((local, i) => {
        if (i === 0) tile.get(left).set(local);
        else tile.get(rowAddresses[i - 1] ?? 0).get(leftRow).op("i32.add").set(local);
      });
    }
    if (source !== "operands") tile.get(columns).set(column);
    tile.get(leader).get(count).op("i32.const", leaderBytes).op("i32.mul").op("i32.add").set(end);
    tile.get(count).if((nonEmpty) => nonEmpty.loop((round, again) => {
      if (source === "operands") round.get(step).op("i32.load", 4).get(columns).op("i32.add").set(column);
      if (source !== "panels") round.get(step).op("i32.load", 0).set(rowOffset);
      factors.forEach((vector, j) => round.get(column).op("v128.load", 16 * j).set(vector));
      sums.forEach((sumsOfRow, i) => {
        if (source === "panels") round.get(row).op(splat, i << shift).set(factor);
        else round.get(rowAddresses[i] ?? 0).get(rowOffset).op("i32.add").op(splat).set(factor);
        sumsOfRow.forEach((sum, j) => {
          if (target.relaxed && fused !== undefined) round.get(factor).get(factors[j] ?? 0).get(sum).op(fused as "f32x4.relaxed_madd").set(sum);
          else round.get(sum).get(factor).get(factors[j] ?? 0).op(multiply as "f32x4.mul").op(add as "f32x4.add").set(sum);
        });
      });
      for (const [local, bytes] of moves) round.get(local).op("i32.const", bytes).op("i32.add").set(local);
      round.get(leader).get(end).op("i32.ne").branchIf(again);
    }));
    for (const sumsOfRow of sums) {
      sumsOfRow.forEach((sum, j) => tile.get(result).get(sum).op("v128.store", 16 * j));
      tile.get(result).get(resultRow).op("i32.add").set(result);
    }
    tile.get(left).get(leftTile).op("i32.add").set(left);
    tile.get(tiles).op("i32.const", 1).op("i32.sub").tee(tiles).branchIf(nextTile);
  });
}
