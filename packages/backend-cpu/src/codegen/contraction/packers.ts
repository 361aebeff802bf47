import type { Code, FunctionBuilder, Signature } from "../../assembler/index.js";
import { shuffle } from "../vector.js";

/**
 * Functions that make panels: copies of a few columns (or rows) of an operand in which each step's elements are neighbours and the steps follow each
 * other. In the operand, the columns are neighbours too, or they lie anywhere.
 */
export const packers = ["neighbouringColumns", "neighbouringRows", "columns", "rows"] as const;
export type Packer = (typeof packers)[number];

/**
 * `(operand, places, count, steps, stepCount, panel, panelBytes)`: an address in the operand; a table of where the columns are from there (nothing for neighbours: the
 * first is there); the number of columns; the offset of the first step in the table of steps, which has an entry every eight bytes; the number of
 * steps; where the panel goes; and the bytes from one panel to the next, for neighbours, which fill several panels at once.
 */
export const packSignature: Signature = { params: ["i32", "i32", "i32", "i32", "i32", "i32", "i32"], results: [] };
/** Locals of these parameters. */
const [operand, places, count, steps, stepCount, panel, panelBytes] = [0, 1, 2, 3, 4, 5, 6] as const;
const stepBytes = 8;

/** Vectors that neighbours are copied by: a cache line, so that each is fetched once. */
const lineVectors = 4;
/** Columns of that many bytes are packed by one call. */
export const lineBytes = 16 * lineVectors;

export function writePacker(fn: FunctionBuilder, packer: Packer, lanes: 2 | 4, widths: { readonly columns: number; readonly rows: number }): void {
  switch (packer) {
    case "neighbouringColumns":
      packNeighbours(fn, widths.columns / lanes);
      break;
    case "neighbouringRows":
      packNeighbours(fn, widths.rows / lanes);
      break;
    case "columns":
      gather(fn, lanes, widths.columns / lanes);
      break;
    case "rows":
      gather(fn, lanes, widths.rows / lanes);
      break;
  }
}

/** Goes on by some steps. */
function advance(code: Code, stride: number, vectors: number): void {
  code.get(steps).op("i32.const", stepBytes * stride).op("i32.add").set(steps);
  code.get(panel).op("i32.const", 16 * vectors * stride).op("i32.add").set(panel);
  code.get(stepCount).op("i32.const", stride).op("i32.sub").set(stepCount);
}

/** Copies a cache line of each step to as many panels as it fills. */
function packNeighbours(fn: FunctionBuilder, vectors: number): void {
  const { body } = fn;
  const source = fn.local("i32");
  const panels = Array.from({ length: lineVectors / vectors }, (_, i) => (i === 0 ? panel : fn.local("i32")));
  body.get(stepCount).if((nonEmpty) => nonEmpty.loop((round, again) => {
    round.get(operand).get(steps).op("i32.load").op("i32.add").set(source);
    panels.forEach((target, p) => {
      if (p > 0) round.get(panels[p - 1] ?? 0).get(panelBytes).op("i32.add").set(target);
      for (let v = 0; v < vectors; v++) round.get(target).get(source).op("v128.load", 16 * (p * vectors + v)).op("v128.store", 16 * v);
    });
    advance(round, 1, vectors);
    round.get(stepCount).branchIf(again);
  }));
}

/**
 * Elements that lie anywhere. Where the next two or four steps are neighbours in memory (along a row of a transposed matrix or of an image), square blocks are
 * read in vectors and transposed; where four columns are, a step of them is one vector; else elements come one by one.
 */
function gather(fn: FunctionBuilder, lanes: 2 | 4, vectors: number): void {
  const { body } = fn;
  const [offset, last] = [fn.local("i32"), fn.local("i32")];
  // Columns beyond the last are copies of it, whose results nobody takes.
  body.get(count).op("i32.const", 1).op("i32.sub").set(last);
  const addresses = Array.from({ length: lanes * vectors }, (_, j) => {
    const address = fn.local("i32");
    body.get(places).op("i32.const", j).get(last).op("i32.const", j).get(last).op("i32.lt_s").op("select");
    body.op("i32.const", 4).op("i32.mul").op("i32.add").op("i32.load").get(operand).op("i32.add").set(address);
    return address;
  });
  const bytes = 16 / lanes;
  const areNeighbours = Array.from({ length: vectors }, (_, v) => {
    const local = fn.local("i32");
    for (let lane = 1; lane < lanes; lane++) {
      body.get(addresses[v * lanes + lane] ?? 0).get(addresses[v * lanes] ?? 0).op("i32.sub").op("i32.const", lane * bytes).op("i32.eq");
      if (lane > 1) body.op("i32.and");
    }
    body.set(local);
    return local;
  });
  const rows = Array.from({ length: lanes }, () => fn.local("v128"));
  const turned = Array.from({ length: lanes }, () => fn.local("v128"));
  const vector = fn.local("v128");
  const address = (code: Code, v: number, lane: number): Code => code.get(addresses[v * lanes + lane] ?? 0).get(offset).op("i32.add");
  const stepByStep = (code: Code): void => {
    for (let v = 0; v < vectors; v++) {
      code.get(areNeighbours[v] ?? 0).if(
        (together) => address(together, v, 0).op("v128.load").set(vector),
        (single) => {
          for (let lane = 0; lane < lanes; lane++) {
            address(single, v, lane);
            if (lane === 0) single.op(lanes === 4 ? "v128.load32_zero" : "v128.load64_zero");
            else single.get(vector).op(lanes === 4 ? "v128.load32_lane" : "v128.load64_lane", lane);
            single.set(vector);
          }
        },
      );
      code.get(panel).get(vector).op("v128.store", 16 * v);
    }
    advance(code, 1, vectors);
  };
  const asBlock = (code: Code): void => {
    for (let v = 0; v < vectors; v++) {
      rows.forEach((row, lane) => address(code, v, lane).op("v128.load").set(row));
      transpose(code, rows, turned);
      turned.forEach((row, step) => code.get(panel).get(row).op("v128.store", 16 * (step * vectors + v)));
    }
    advance(code, lanes, vectors);
  };
  body.get(stepCount).if((nonEmpty) => nonEmpty.loop((round, again) => {
    round.get(steps).op("i32.load").set(offset);
    areNeighbours.forEach((local, v) => {
      round.get(local);
      if (v > 0) round.op("i32.and");
    });
    round.op("i32.eqz").get(stepCount).op("i32.const", lanes).op("i32.ge_s").op("i32.and").if(
      (code) => {
        for (let next = 1; next < lanes; next++) {
          code.get(steps).op("i32.load", stepBytes * next).get(offset).op("i32.sub").op("i32.const", next * bytes).op("i32.eq");
          if (next > 1) code.op("i32.and");
        }
      },
      (code) => code.op("i32.const", 0),
      "i32",
    );
    round.if(asBlock, stepByStep);
    round.get(stepCount).branchIf(again);
  }));
}

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
