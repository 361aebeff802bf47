import type { Device, DType } from "@gradus/tensor-core";
import { decodeBytes, noGrad, Tensor, tensor } from "@gradus/tensor-core";
import type { Json } from "./python.js";
import { numberOf } from "./python.js";

/** Tensors as the cases write them, and as both sides of a comparison see them. */

export interface TensorRecord {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** The elements in row-major order: at most twelve as JSON, more as little-endian bytes in base64. */
  readonly data?: readonly Json[];
  readonly b64?: string;
  /** Present where the tensor was not contiguous. */
  readonly strides?: readonly number[];
  readonly requires_grad?: boolean;
  /** The type that PyTorch gives, where the values are kept in a wider one. */
  readonly out_dtype?: DType;
  /** How far PyTorch's own float32 result is from these values. */
  readonly e_abs?: number;
}

export const isTensorRecord = (value: unknown): value is TensorRecord => typeof value === "object" && value !== null && "dtype" in value && "shape" in value && ("data" in value || "b64" in value);

/** Elements in row-major order, each exactly: int64 as bigints, the rest as float64. */
type HostValues = readonly number[] | readonly bigint[] | ArrayLike<number | bigint>;

export interface HostTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly values: HostValues;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** float32 is written with as many digits as tell it from its neighbours. */
const reader: Readonly<Partial<Record<DType, (value: Json) => number | bigint>>> = {
  int64: (value) => BigInt(value as number | string),
  float32: (value) => Math.fround(numberOf(value)),
};

/** @throws {Error} if the record's elements are not as many as its shape says. */
export function valuesOf({ dtype, shape, data, b64 }: TensorRecord): ArrayLike<number | bigint> {
  const values = data === undefined ? bytesOf(dtype, b64 ?? "") : data.map(reader[dtype] ?? numberOf);
  if (values.length !== sizeOf(shape)) throw new Error(`expected ${String(sizeOf(shape))} elements for shape [${shape.join(", ")}], the record has ${String(values.length)}`);
  return values;
}

const bytesOf = (dtype: DType, base64: string): ArrayLike<number | bigint> => decodeBytes(dtype, Uint8Array.from(Buffer.from(base64, "base64")));

/**
 * The tensor of a record, laid out as it was in PyTorch.
 *
 * @param options - `grad` marks it as a leaf where the record says so.
 */
export function makeTensor(record: TensorRecord, device: Device, { grad }: { readonly grad: boolean }): Tensor {
  const { dtype, shape, strides } = record;
  const values = valuesOf(record);
  const made = noGrad(() => {
    if (strides === undefined) return tensorOf(values, dtype, shape, device);
    const extent = sizeOf(shape) === 0 ? 0 : shape.reduce((last, size, d) => last + (size - 1) * (strides[d] ?? 0), 1);
    const elements: (number | bigint)[] = new Array<number | bigint>(extent).fill(dtype === "int64" ? 0n : 0);
    forEachPosition(shape, strides, (position, i) => { elements[position] = values[i] ?? 0; });
    return tensorOf(elements, dtype, [extent], device).asStrided(shape, strides, 0);
  });
  return grad && record.requires_grad === true ? made.requiresGrad_() : made;
}

function tensorOf(values: ArrayLike<number | bigint>, dtype: DType, shape: readonly number[], device: Device): Tensor {
  return tensor(ArrayBuffer.isView(values) ? values : dtype === "int64" ? BigInt64Array.from(values as ArrayLike<bigint>) : Float64Array.from(values as ArrayLike<number>), { dtype, shape, device });
}

/** Calls `visit` with the place of each element, in row-major order. */
function forEachPosition(shape: readonly number[], strides: readonly number[], visit: (position: number, i: number) => void): void {
  let count = 0;
  const walk = (dim: number, position: number): void => {
    if (dim === shape.length) {
      visit(position, count++);
      return;
    }
    for (let i = 0; i < (shape[dim] ?? 0); i++) walk(dim + 1, position + i * (strides[dim] ?? 0));
  };
  walk(0, 0);
}

/** Reads a tensor back. Its elements must be contiguous. */
export async function readTensor(x: Tensor): Promise<HostTensor> {
  return { dtype: x.dtype, shape: x.shape, values: await x.read() };
}
