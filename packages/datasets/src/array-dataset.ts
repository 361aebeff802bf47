import { ArgumentError, ShapeError, type Tensor, tensor } from "@gradus/tensor-core";
import type { Collated, DataArray } from "./collate.js";
import { checkIndex, type Dataset } from "./dataset.js";

/** The typed arrays whose elements are numbers of a dtype, and that dtype. */
const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint8: Uint8Array,
} as const;

type ArrayDType = keyof typeof ARRAYS;

/** One field of every sample: all the values in one array on the host, sample after sample. */
export interface Column {
  readonly data: DataArray;
  /** Shape of one sample's field; default [], a single number. */
  readonly shape?: readonly number[];
  /** Element type of the tensors; default that of `data`. Values are converted batch by batch, so `data` can stay small. */
  readonly dtype?: ArrayDType;
  /** What each value is multiplied with; default 1. */
  readonly scale?: number;
}

/** A tensor for each column. */
export type Fields<C extends readonly Column[]> = { -readonly [K in keyof C]: Tensor };

/**
 * A dataset in typed arrays. Sample i is one tensor for each column, made of the i-th row; a batch is cut out of the arrays without
 * touching single samples.
 *
 * @see torch.utils.data.TensorDataset
 * @example
 * const pixels = { data: Uint8Array.of(0, 255, 255, 0), shape: [2], dtype: "float32", scale: 1 / 255 } as const;
 * const labels = { data: Uint8Array.of(7, 3), dtype: "int64" } as const;
 * const [x, y] = new ArrayDataset(pixels, labels).at(0);
 * [await x.toArray(), await y.item()]; // [[0, 1], 7]
 */
export class ArrayDataset<const C extends readonly Column[]> implements Dataset<Fields<C>> {
  readonly columns: C;
  readonly length: number;

  /** @throws {ShapeError} if the columns have no rows in common, or a shape does not divide its array. */
  constructor(...columns: C) {
    const lengths = columns.map((column) => column.data.length / rowSize(column));
    const [length] = lengths;
    if (length === undefined || lengths.some((other) => other !== length || !Number.isInteger(other))) {
      const found = columns.map(({ data, shape = [] }) => `${data.length} values of shape [${shape.join(", ")}]`).join(" and ");
      throw new ShapeError(`ArrayDataset: expected columns with equally many rows, got ${found || "no column"}`);
    }
    this.columns = columns;
    this.length = length;
  }

  at(index: number): Fields<C> {
    checkIndex("ArrayDataset.at", index, this.length);
    return this.#tensors([index], (column) => column.shape ?? []);
  }

  batch(indices: readonly number[]): Collated<Fields<C>> {
    for (const index of indices) checkIndex("ArrayDataset.batch", index, this.length);
    return this.#tensors(indices, (column) => [indices.length, ...(column.shape ?? [])]) as Collated<Fields<C>>;
  }

  #tensors(indices: readonly number[], shapeOf: (column: Column) => readonly number[]): Fields<C> {
    const tensors = this.columns.map((column) => tensor(gather(column, indices), { shape: shapeOf(column), dtype: dtypeOf(column) }));
    return tensors as unknown as Fields<C>;
  }
}

const rowSize = ({ shape = [] }: Column): number => shape.reduce((a, b) => a * b, 1);

function dtypeOf({ data, dtype }: Column): ArrayDType {
  const found = dtype ?? (Object.keys(ARRAYS) as ArrayDType[]).find((name) => data instanceof ARRAYS[name]);
  if (found === undefined) throw new ArgumentError(`ArrayDataset: expected a typed array that a dtype matches, got ${data.constructor.name}`);
  return found;
}

/** The rows with these indices, converted to the dtype of the column. */
function gather(column: Column, indices: readonly number[]): DataArray {
  const { data, scale = 1 } = column;
  const size = rowSize(column);
  const out = new ARRAYS[dtypeOf(column)](indices.length * size);
  const sameType = out.constructor === data.constructor && scale === 1;
  for (const [row, index] of indices.entries()) {
    const source = data.subarray(index * size, (index + 1) * size);
    if (sameType) (out as Float32Array).set(source as Float32Array, row * size);
    else if (out instanceof BigInt64Array) writeIntegers(out, row * size, source, scale);
    else scaleInto(out, row * size, source, scale);
  }
  return out;
}

function scaleInto(out: Exclude<DataArray, BigInt64Array>, start: number, source: DataArray, scale: number): void {
  for (let i = 0; i < source.length; i++) out[start + i] = Number(source[i]!) * scale;
}

function writeIntegers(out: BigInt64Array, start: number, source: DataArray, scale: number): void {
  for (let i = 0; i < source.length; i++) out[start + i] = BigInt(Math.trunc(Number(source[i]!) * scale));
}
