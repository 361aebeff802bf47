import type { Expr } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import type { KernelBody, KernelOperand } from "../kernels/kernel-op.js";
import { KernelOp, lowest } from "../kernels/kernel-op.js";
import { emptyLike } from "../kernels/rows.js";
import { numelOf } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { fromValues } from "./copy.js";
import type { Pooled } from "./pool.js";
import { maximaOf, perRank, storeMaximum } from "./pool.js";
import { record } from "./reduce.js";
import { contiguous, reshape } from "./view.js";
import { spatialStrides, toRows } from "./windows.js";

/**
 * Resampling: every output is a weighted sum of a few inputs along each dimension. Interpolation in all its modes and
 * adaptive pooling differ only in which inputs and which weights, and these do not depend on the data: they are two small tables
 * for each dimension. The gradient is a resampling with the tables transposed.
 */

/** A sparse matrix from `inputs` to `outputs` positions by rows of `width` entries. Unused entries have position −1. */
export interface Taps {
  readonly inputs: number;
  readonly outputs: number;
  readonly width: number;
  readonly positions: Int32Array;
  readonly weights: Float64Array;
}

/** Taps from the positions and weights of each output. */
export function tapsOf(inputs: number, rows: readonly (readonly (readonly [position: number, weight: number])[])[]): Taps {
  const width = Math.max(1, ...rows.map((row) => row.length));
  const positions = new Int32Array(rows.length * width).fill(-1);
  const weights = new Float64Array(rows.length * width);
  rows.forEach((row, output) => {
    row.forEach(([position, weight], j) => {
      positions[output * width + j] = position;
      weights[output * width + j] = weight;
    });
  });
  return { inputs, outputs: rows.length, width, positions, weights };
}

function transposed({ inputs, outputs, width, positions, weights }: Taps): Taps {
  const rows = Array.from({ length: inputs }, (): [number, number][] => []);
  for (let output = 0; output < outputs; output++) {
    for (let j = output * width; j < (output + 1) * width; j++) rows[positions[j] ?? -1]?.push([output, weights[j] ?? 0]);
  }
  return tapsOf(outputs, rows);
}

/** Whether the current element is there, and its place in the plane, from tables of positions `every` inputs apart; scalars are the strides of the dimensions. */
function tapped(b: KernelBody, n: number, every: number): { readonly there: Expr; readonly at: Expr } {
  const { k } = b;
  let there: Expr = k.const(true, "bool");
  let at: Expr = k.int(0);
  for (let d = 0; d < n; d++) {
    const position = b.input(1 + every * d, "int32");
    there = k.and(there, k.le(k.int(0), position));
    at = k.add(at, k.mul(position, b.scalar(d, "int32")));
  }
  return { there, at };
}

/** Inputs: x, then positions and weights of each dimension. */
const resampleKernel = /* @__PURE__ */ perRank((n) => new KernelOp({
  name: "resample",
  build: (b) => {
    const { k } = b;
    const { there, at } = tapped(b, n, 2);
    let value = b.inputAt(0, at, { when: there, otherwise: k.const(0, b.compute) });
    for (let d = 0; d < n; d++) value = k.mul(value, b.input(2 + 2 * d, b.compute));
    b.store(0, b.sum(value), "outer");
  },
}));

/** A table over [rows, outputs, width] as an operand over rows, n outputs and n taps. */
function tableOperand(table: Tensor, n: number, d: number): KernelOperand {
  const [row = 0, output = 0, tap = 0] = table.layout.strides;
  const at = (stride: number): number[] => Array.from({ length: n }, (_, e) => (e === d ? stride : 0));
  return { storage: table.elements, offset: table.layout.offset, strides: [table.shape[0] === 1 ? 0 : row, ...at(output), ...at(tap)] };
}

/** x over the last `taps.length` dimensions through their taps. */
export function resample(op: string, x: Tensor, taps: readonly Taps[]): Tensor {
  const n = taps.length;
  const full = [...x.shape.slice(0, -n), ...taps.map(({ outputs }) => outputs)];
  const rows = toRows(x, n);
  const result = resampleRows(op, rows, taps);
  return reshape(result, full);
}

function resampleRows(op: string, rows: Tensor, taps: readonly Taps[]): Tensor {
  const n = taps.length;
  const sizes = rows.shape.slice(1);
  const { device } = rows;
  const { compute } = dtypeInfo[rows.dtype];
  const result = emptyLike(rows, [rows.shape[0] ?? 0, ...taps.map(({ outputs }) => outputs)]);
  if (result.numel() > 0) {
    const tables = taps.flatMap(({ outputs, width, positions, weights }, d) => [
      tableOperand(fromValues(positions, "int32", [1, outputs, width], device), n, d),
      tableOperand(fromValues(weights, compute, [1, outputs, width], device), n, d),
    ]);
    resampleKernel(n, true).run(
      device,
      { outer: result.shape, inner: taps.map(({ width }) => width), literalInner: numelOf(taps.map(({ width }) => width)) <= 16 },
      [{ storage: rows.elements, offset: rows.layout.offset, strides: [numelOf(sizes), ...new Array<number>(2 * n).fill(0)] }, ...tables],
      [{ storage: result.elements, offset: 0, strides: [...result.layout.strides, ...taps.map(() => 0)] }],
      compute,
      spatialStrides(sizes),
    );
  }
  record(op, [rows], [result], () => ([g]) => [g === null || g === undefined ? null : (): Tensor => resampleRows(`${op}Backward`, contiguous(g), taps.map(transposed))]);
  return result;
}

/** Inputs: x, then the positions of each dimension. */
const maximumKernel = /* @__PURE__ */ perRank((n) => new KernelOp({
  name: "maxPool",
  build: (b) => {
    const { there, at } = tapped(b, n, 1);
    storeMaximum(b, { x: b.inputAt(0, at, { when: there, otherwise: lowest(b.k, b.compute) }), at, there });
  },
}));

/** Windows of one dimension that need not be alike: [rows or 1, outputs, width] positions, −1 for none. */
export interface WindowTable {
  readonly rows: number;
  readonly outputs: number;
  readonly width: number;
  readonly positions: Int32Array;
}

/** Maxima over the windows that the tables name, one table for each of the last dimensions. */
export function maximumOver(op: string, x: Tensor, tables: readonly WindowTable[]): Pooled {
  const n = tables.length;
  return maximaOf(op, n, x, tables.map(({ outputs }) => outputs), (rows, values, indices) => {
    const sizes = rows.shape.slice(1);
    const output = (t: Tensor): KernelOperand => ({ storage: t.elements, offset: 0, strides: [...t.layout.strides, ...sizes.map(() => 0)] });
    maximumKernel(n, true).run(
      x.device,
      { outer: values.shape, inner: tables.map(({ width }) => width) },
      [
        { storage: rows.elements, offset: rows.layout.offset, strides: [numelOf(sizes), ...new Array<number>(2 * n).fill(0)] },
        ...tables.map((table, d) => tableOperand(fromValues(table.positions, "int32", [table.rows, table.outputs, table.width], x.device), n, d)),
      ],
      [output(values), output(indices)],
      dtypeInfo[x.dtype].compute,
      spatialStrides(sizes),
    );
  });
}
