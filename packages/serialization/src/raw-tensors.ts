import { type DeviceLike, type DType, empty, Tensor, withDefaultDevice } from "@gradus/tensor-core";

/** Tensors as bytes: row-major elements, lowest byte first, each bit as it is. Going through numbers would lose which NaN it was. */

/** Bytes of one element in files. */
export const ELEMENT_BYTES: Readonly<Record<DType, number>> = {
  float64: 8,
  int64: 8,
  float32: 4,
  int32: 4,
  float16: 2,
  bfloat16: 2,
  int16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
};

/** A new tensor whose elements have these bytes. @param device - The default one if absent. */
export function fromBytes(bytes: Uint8Array, dtype: DType, shape: readonly number[], device?: DeviceLike): Tensor {
  const make = (): Tensor => empty(shape, { dtype });
  const x = device === undefined ? make() : withDefaultDevice(device, make);
  const { buffer, device: target } = x.elements;
  if (buffer !== null && bytes.length > 0) target.backend.write(buffer, 0, dtype === "bool" ? bools(bytes) : bytes);
  return x;
}

/** Kernels count on 0 and 1; files may hold any byte for true. */
const bools = (bytes: Uint8Array): Uint8Array => (bytes.every((byte) => byte <= 1) ? bytes : bytes.map((byte) => (byte === 0 ? 0 : 1)));

/** The bytes of all elements in the storage behind a tensor, as they are at the call. */
export async function storageBytes(x: Tensor): Promise<Uint8Array> {
  x.checkUsable("save");
  const { buffer, device, dtype, length } = x.elements;
  return buffer === null || length === 0 ? new Uint8Array(0) : device.backend.read(buffer, 0, length * ELEMENT_BYTES[dtype]);
}

/** The bytes of a tensor's elements in row-major order, as they are at the call. */
export function tensorBytes(x: Tensor): Promise<Uint8Array> {
  x.checkUsable("save");
  const { elements, layout, dtype } = x.detach().contiguous();
  const width = ELEMENT_BYTES[dtype];
  if (elements.buffer === null || layout.numel === 0) return Promise.resolve(new Uint8Array(0));
  return elements.device.backend.read(elements.buffer, layout.offset * width, layout.numel * width);
}
