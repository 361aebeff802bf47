import { ArgumentError, ShapeError, stack, Tensor, tensor } from "@gradus/tensor-core";

/** An array on the host whose elements are numbers of a dtype. */
export type DataArray = Float32Array | Float64Array | BigInt64Array | Int32Array | Int16Array | Int8Array | Uint8Array;

/** What {@link collate} makes of samples of type T. */
export type Collated<T> =
  T extends Promise<infer U> ? Collated<U>
  : T extends Tensor | DataArray | number | bigint | boolean ? Tensor
  : T extends string ? string[]
  : T extends readonly unknown[] ? { -readonly [K in keyof T]: Collated<T[K]> }
  : T extends object ? { -readonly [K in keyof T]: Collated<T[K]> }
  : never;

/**
 * Puts samples together into a batch: each field becomes one tensor with a first dimension of the number of samples.
 *
 * Tensors are stacked; numbers, bigints and booleans become a 1-d tensor, as `tensor([…])` makes it; typed arrays become rows; strings
 * a list; tuples, arrays and plain objects are put together field by field.
 *
 * @throws {ShapeError} if the samples differ in shape or length.
 * @throws {ArgumentError} if there is no sample, or nothing to make of one.
 * @see torch.utils.data.default_collate. Unlike torch: numbers become float32 even if all are integers, since JavaScript does not tell
 *   1 from 1.0; give class labels as bigint or in a typed array.
 * @example
 * const [x, y] = collate([[1.5, "a"], [2.5, "b"]] as [number, string][]);
 * [await x.toArray(), y]; // [[1.5, 2.5], ["a", "b"]]
 */
export function collate<T>(samples: readonly T[]): Collated<T> {
  return collateAny(samples) as Collated<T>;
}

function collateAny(samples: readonly unknown[]): unknown {
  const [first] = samples;
  if (samples.length > 0 && samples.every((sample) => typeof sample === typeof first)) {
    if (samples.every(isTensor)) return stack(samples);
    if (typeof first === "string") return [...samples];
    if (typeof first === "number" || typeof first === "bigint" || typeof first === "boolean") return tensor(samples as number[]);
    if (samples.every(isDataArray)) return collateRows(samples);
    if (samples.every(Array.isArray)) return collateLists(samples);
    if (samples.every(isRecord)) return collateRecords(samples);
  }
  const kinds = [...new Set(samples.map(kindOf))].join(" and ");
  throw new ArgumentError(
    `collate: expected samples of one kind (tensors, numbers, strings, typed arrays, lists or plain objects of them), got ${kinds || "no sample"}; ` +
      "pass the loader a collate of your own",
  );
}

const isTensor = (value: unknown): value is Tensor => value instanceof Tensor;

const isDataArray = (value: unknown): value is DataArray => ArrayBuffer.isView(value) && !(value instanceof DataView);

const isRecord = (value: unknown): value is Record<string, unknown> => {
  const prototype: unknown = typeof value === "object" && value !== null ? Object.getPrototypeOf(value) : undefined;
  return prototype === Object.prototype || prototype === null;
};

/** Name of the built-in type: "Number", "Int8Array", "Object". */
const kindOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

function collateRows(rows: readonly DataArray[]): Tensor {
  const first = rows[0]!;
  const all = new (first.constructor as new (length: number) => Float32Array)(rows.length * first.length);
  for (const [i, row] of rows.entries()) {
    if (row.length !== first.length || row.constructor !== first.constructor) {
      throw new ShapeError(
        `collate: expected typed arrays of one type and length, got ${first.constructor.name}(${first.length}) and ${row.constructor.name}(${row.length})`,
      );
    }
    all.set(row as Float32Array, i * first.length);
  }
  return tensor(all, { shape: [rows.length, first.length] });
}

function collateLists(lists: readonly (readonly unknown[])[]): unknown[] {
  const first = lists[0]!;
  const other = lists.find((list) => list.length !== first.length);
  if (other !== undefined) throw new ShapeError(`collate: expected lists of one length, got lengths ${first.length} and ${other.length}`);
  return first.map((_, field) => collateAny(lists.map((list) => list[field])));
}

function collateRecords(records: readonly Record<string, unknown>[]): Record<string, unknown> {
  return Object.fromEntries(Object.keys(records[0]!).map((key) => [key, collateAny(records.map((record) => record[key]))]));
}
