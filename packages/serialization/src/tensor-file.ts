import { decodeBytes, encodeValues, type Tensor, tensor } from "@gradus/tensor-core";
import { parseSafetensors, serializeSafetensors } from "./safetensors.js";
import type { RawTensor } from "./safetensors-header.js";

/** Tensors by name, such as `stateDict()` gives. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

/** Notes that go into a file beside the tensors. */
export type Metadata = Readonly<Record<string, string>>;

/**
 * The tensors of a safetensors file that lies in memory, on the default device.
 *
 * @param file - The name that errors carry.
 * @throws {FileFormatError} if the file is not exactly what the format demands.
 * @see safetensors.torch.load
 * @example
 * const bytes = await saveSafetensors({ weight: tensor([[1, 2]]) });
 * (await loadSafetensors(bytes).weight?.toArray()); // [[1, 2]]
 */
export function loadSafetensors(bytes: Uint8Array, file = "safetensors"): Record<string, Tensor> {
  return Object.fromEntries(Array.from(parseSafetensors(bytes, file).tensors, ([name, raw]) => [name, toTensor(raw)]));
}

/**
 * A safetensors file in memory. Equal tensors give equal bytes. Two names for one tensor are saved as two tensors.
 *
 * @throws {ArgumentError} if a name is reserved.
 * @see safetensors.torch.save
 * @example
 * (await saveSafetensors({ x: tensor([1, 2, 3]) })).length; // 76
 */
export async function saveSafetensors(tensors: NamedTensors, metadata: Metadata = {}): Promise<Uint8Array> {
  return serializeSafetensors(await toRawTensors(tensors), new Map(Object.entries(metadata)));
}

export function toTensor({ dtype, shape, bytes }: RawTensor): Tensor {
  return tensor(decodeBytes(dtype, bytes), { dtype, shape });
}

/** Reads all tensors from their devices. They are taken as they are now: what is written to them later is not seen. */
export async function toRawTensors(tensors: NamedTensors): Promise<ReadonlyMap<string, RawTensor>> {
  const raw = Object.entries(tensors).map(async ([name, t]): Promise<[string, RawTensor]> => {
    const { dtype, shape } = t;
    return [name, { dtype, shape, bytes: encodeValues(dtype, await t.read()) }];
  });
  return new Map(await Promise.all(raw));
}
