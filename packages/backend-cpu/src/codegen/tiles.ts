import type { ComputeDType } from "@gradus/kernel-ir";
import type { Code, FunctionBuilder, Signature } from "../assembler/index.js";
import { ModuleBuilder, mostPages } from "../assembler/index.js";
import type { PlainInstruction } from "./rules.js";
import type { Target } from "./target.js";
import { shuffle } from "./vector.js";

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

/** Bytes of one step in a panel, which is as wide as a tall tile. A power of two. */
export const panelRowBytes = ({ tall }: TileShapes): number => 16 * tall.vectors;

/** A step of the sum: where its factors lie, as byte offsets from the row's and the tile's addresses. */
export const stepBytes = 8;

/**
 * `(row₀, row₁, row₂, row₃, steps, columns, count, result, resultRow, accumulate)`: the addresses of four rows of the left operand, of
 * the table of steps, of the tile's columns in the right operand, the number of steps, the address of the result and the bytes
 * between its rows, and whether to add to what stands there.
 */
export const tileSignature: Signature = { params: ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"], results: [] };

interface TileArithmetic {
  readonly lanes: 2 | 4;
  readonly splat: "v128.load32_splat" | "v128.load64_splat";
  readonly multiply: PlainInstruction;
  readonly add: PlainInstruction;
  /** Both in one, with one rounding or two. */
  readonly fused?: PlainInstruction;
}

export const tileArithmetic: Readonly<Record<ComputeDType, TileArithmetic>> = {
  float32: { lanes: 4, splat: "v128.load32_splat", multiply: "f32x4.mul", add: "f32x4.add", fused: "f32x4.relaxed_madd" },
  float64: { lanes: 2, splat: "v128.load64_splat", multiply: "f64x2.mul", add: "f64x2.add", fused: "f64x2.relaxed_madd" },
  int32: { lanes: 4, splat: "v128.load32_splat", multiply: "i32x4.mul", add: "i32x4.add" },
  int64: { lanes: 2, splat: "v128.load64_splat", multiply: "i64x2.mul", add: "i64x2.add" },
  // As masks of 32 bits.
  bool: { lanes: 4, splat: "v128.load32_splat", multiply: "v128.and", add: "v128.or" },
};

/**
 * How a panel is made: a copy of a few columns (or rows) of an operand in which each step's elements are neighbours. In the
 * operand, the columns are neighbours too, or they lie anywhere.
 */
const packings = ["neighbours", "gathered"] as const;
export type Packing = (typeof packings)[number];

/** Columns in a panel, or rows. */
export const panelColumns = (dtype: ComputeDType, { tall }: TileShapes): number => tileArithmetic[dtype].lanes * tall.vectors;

/**
 * `(operand, columns, count, offsets, steps, panel)`: an address in the operand; a table of where its columns are from there, or for
 * neighbours where the first one is; the number of columns; the table of each step's offset; the number of steps; and where
 * the panel goes.
 */
export const packSignature: Signature = { params: ["i32", "i32", "i32", "i32", "i32", "i32"], results: [] };

/** Functions of one dtype in the device's table: tiles by rows and vectors, then packings. */
export const tileNumber = (rows: number, vectors: number): number => (rows - 1) * largestTile.vectors + vectors - 1;
const tileCount = largestTile.rows * largestTile.vectors;
export const packNumber = (packing: Packing): number => tileCount + packings.indexOf(packing);
export const functionsPerDtype = tileCount + packings.length;

/**
 * The innermost loops of every contraction of a dtype, one function for each size of tile. A tile's sums stay in registers:
 *
 *   result[i][j] += Σ_step left[row_i + a(step)] · right[columns + b(step)][j]
 *
 * The factors' offsets come from a table, because then the same loop serves matrices, convolutions and their gradients: whatever
 * is affine in the axes. Reading the table costs nothing that can be measured next to eight multiplications and additions of
 * vectors.
 *
 * A function's number is the name under which it is exported. They are a module of their own, shared by all programs: the engine has to optimise them once, not once for each program.
 */
export function generateTiles(dtype: ComputeDType, target: Target): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  module.importMemory("device", "memory", target.shared ? mostPages : null);
  const arithmetic = tileArithmetic[dtype];
  const shapes = tileShapesFor(target);
  for (let rows = 1; rows <= shapes.tall.rows; rows++) {
    const most = rows <= shapes.wide.rows ? shapes.wide.vectors : shapes.tall.vectors;
    for (let vectors = 1; vectors <= most; vectors++) writeTile(module, rows, vectors, arithmetic, target.relaxed);
  }
  for (const packing of packings) {
    const fn = module.function(packSignature);
    module.export(String(packNumber(packing)), fn);
    writePacking[packing](fn, arithmetic.lanes, shapes.tall.vectors);
  }
  return module.bytes();
}

function writeTile(module: ModuleBuilder, rows: number, vectors: number, { splat, multiply, add, fused }: TileArithmetic, relaxed: boolean): void {
  const fn = module.function(tileSignature);
  module.export(String(tileNumber(rows, vectors)), fn);
  const code = fn.body;
  const rowAddresses = [0, 1, 2, 3].slice(0, rows);
  const [steps, columns, count, result, resultRow, accumulate] = [4, 5, 6, 7, 8, 9] as const;
  const sums = rowAddresses.map(() => Array.from({ length: vectors }, () => fn.local("v128")));
  const factors = Array.from({ length: vectors }, () => fn.local("v128"));
  const [factor, left, right, at, end] = [fn.local("v128"), fn.local("i32"), fn.local("i32"), fn.local("i32"), fn.local("i32")] as const;

  code.get(accumulate).if((load) => {
    load.get(result).set(at);
    for (const row of sums) {
      row.forEach((sum, j) => load.get(at).op("v128.load", 16 * j).set(sum));
      load.get(at).get(resultRow).op("i32.add").set(at);
    }
  });
  code.get(steps).get(count).op("i32.const", stepBytes).op("i32.mul").op("i32.add").set(end);
  code.get(count).if((nonEmpty) => {
    nonEmpty.loop((round, again) => {
      round.get(steps).op("i32.load", 4).get(columns).op("i32.add").set(right);
      round.get(steps).op("i32.load", 0).set(left);
      factors.forEach((vector, j) => round.get(right).op("v128.load", 16 * j).set(vector));
      rowAddresses.forEach((row, i) => {
        round.get(row).get(left).op("i32.add").op(splat).set(factor);
        sums[i]?.forEach((sum, j) => {
          if (relaxed && fused !== undefined) round.get(factor).get(factors[j] ?? 0).get(sum).op(fused as "f32x4.relaxed_madd").set(sum);
          else round.get(sum).get(factor).get(factors[j] ?? 0).op(multiply as "f32x4.mul").op(add as "f32x4.add").set(sum);
        });
      });
      round.get(steps).op("i32.const", stepBytes).op("i32.add").tee(steps).get(end).op("i32.ne").branchIf(again);
    });
  });
  code.get(result).set(at);
  for (const row of sums) {
    row.forEach((sum, j) => code.get(at).get(sum).op("v128.store", 16 * j));
    code.get(at).get(resultRow).op("i32.add").set(at);
  }
}

/** Locals of the parameters of `packSignature`. */
const [operand, columns, count, offsets, steps, panel] = [0, 1, 2, 3, 4, 5] as const;

/** Goes on by some steps. */
function advance(code: Code, stride: number, vectors: number): void {
  code.get(offsets).op("i32.const", 4 * stride).op("i32.add").set(offsets);
  code.get(panel).op("i32.const", 16 * vectors * stride).op("i32.add").set(panel);
  code.get(steps).op("i32.const", stride).op("i32.sub").set(steps);
}

const writePacking: Readonly<Record<Packing, (fn: FunctionBuilder, lanes: 2 | 4, vectors: number) => void>> = {
  neighbours: (fn, _, vectors) => {
    const { body } = fn;
    const source = fn.local("i32");
    body.get(operand).get(columns).op("i32.add").set(operand);
    body.get(steps).if((nonEmpty) => nonEmpty.loop((round, again) => {
      round.get(operand).get(offsets).op("i32.load").op("i32.add").set(source);
      for (let v = 0; v < vectors; v++) round.get(panel).get(source).op("v128.load", 16 * v).op("v128.store", 16 * v);
      advance(round, 1, vectors);
      round.get(steps).branchIf(again);
    }));
  },
  /**
   * Where the next two or four steps are neighbours in memory (along a row of a transposed matrix or of an image), square blocks are
   * read in vectors and transposed; else elements come one by one.
   */
  gathered: (fn, lanes, vectors) => {
    const { body } = fn;
    const [offset, last] = [fn.local("i32"), fn.local("i32")];
    // Columns beyond the last are copies of it, whose results nobody takes.
    body.get(count).op("i32.const", 1).op("i32.sub").set(last);
    const addresses = Array.from({ length: lanes * vectors }, (_, j) => {
      const address = fn.local("i32");
      body.get(columns).op("i32.const", j).get(last).op("i32.const", j).get(last).op("i32.lt_s").op("select");
      body.op("i32.const", 4).op("i32.mul").op("i32.add").op("i32.load").get(operand).op("i32.add").set(address);
      return address;
    });
    const rows = Array.from({ length: lanes }, () => fn.local("v128"));
    const turned = Array.from({ length: lanes }, () => fn.local("v128"));
    const vector = fn.local("v128");
    const oneByOne = (code: Code): void => {
      for (let v = 0; v < vectors; v++) {
        for (let lane = 0; lane < lanes; lane++) {
          code.get(addresses[v * lanes + lane] ?? 0).get(offset).op("i32.add");
          if (lane === 0) code.op(lanes === 4 ? "v128.load32_zero" : "v128.load64_zero");
          else code.get(vector).op(lanes === 4 ? "v128.load32_lane" : "v128.load64_lane", lane);
          code.set(vector);
        }
        code.get(panel).get(vector).op("v128.store", 16 * v);
      }
      advance(code, 1, vectors);
    };
    const asBlock = (code: Code): void => {
      for (let v = 0; v < vectors; v++) {
        rows.forEach((row, lane) => code.get(addresses[v * lanes + lane] ?? 0).get(offset).op("i32.add").op("v128.load").set(row));
        transpose(code, rows, turned);
        turned.forEach((row, step) => code.get(panel).get(row).op("v128.store", 16 * (step * vectors + v)));
      }
      advance(code, lanes, vectors);
    };
    const bytes = 16 / lanes;
    body.get(steps).if((nonEmpty) => nonEmpty.loop((round, again) => {
      round.get(offsets).op("i32.load").set(offset);
      round.get(steps).op("i32.const", lanes).op("i32.ge_s").if(
        (code) => {
          for (let next = 1; next < lanes; next++) {
            code.get(offsets).op("i32.load", 4 * next).get(offset).op("i32.sub").op("i32.const", next * bytes).op("i32.eq");
            if (next > 1) code.op("i32.and");
          }
        },
        (code) => code.op("i32.const", 0),
        "i32",
      );
      round.if(asBlock, oneByOne);
      round.get(steps).branchIf(again);
    }));
  },
};

/** Rows of a square of two or four vectors become columns. */
function transpose(code: Code, from: readonly number[], to: readonly number[]): void {
  const mix = (width: 4 | 8, a: number, b: number, lanes: readonly number[], target: number): void => {
    code.get(from[a] ?? 0).get(from[b] ?? 0).op("i8x16.shuffle", shuffle(width, lanes)).set(to[target] ?? 0);
  };
  if (from.length === 2) {
    mix(8, 0, 1, [0, 2], 0);
    mix(8, 0, 1, [1, 3], 1);
    return;
  }
  mix(4, 0, 1, [0, 4, 1, 5], 0);
  mix(4, 2, 3, [0, 4, 1, 5], 1);
  mix(4, 0, 1, [2, 6, 3, 7], 2);
  mix(4, 2, 3, [2, 6, 3, 7], 3);
  for (const [a, b] of [[0, 1], [2, 3]] as const) {
    // `from` is free by now.
    code.get(to[a] ?? 0).get(to[b] ?? 0).op("i8x16.shuffle", shuffle(8, [0, 2])).set(from[a] ?? 0);
    code.get(to[a] ?? 0).get(to[b] ?? 0).op("i8x16.shuffle", shuffle(8, [1, 3])).set(from[b] ?? 0);
  }
  from.forEach((vector, i) => code.get(vector).set(to[i] ?? 0));
}
