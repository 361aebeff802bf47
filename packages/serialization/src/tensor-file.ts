import { optionsOf, type Tensor } from "@gradus/tensor-core";
import { type Readable, sourceOf } from "./byte-source.js";
import { fromBytes, tensorBytes } from "./raw-tensors.js";
import { readSafetensors, readSafetensorsHeader, serializeSafetensors } from "./safetensors.js";
import type { RawTensor } from "./safetensors-header.js";
import { LoadOptions } from "./torch/read.js";

/** Tensors by name, such as `stateDict()` gives. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

/** Notes that go into a file beside the tensors. */
export type Metadata = Readonly<Record<string, string>>;

/**
 * The tensors of a safetensors file that lies in memory, on the default device.
 *
 * @throws {FileFormatError} if the file is not exactly what the format demands.
 * @see safetensors.torch.load
 * @example
 * const bytes = await saveSafetensors({ weight: tensor([[1, 2]]) });
 * (await loadSafetensors(bytes).weight?.toArray()); // [[1, 2]]
 */
export function loadSafetensors(bytes: Uint8Array, options?: LoadOptions): Record<string, Tensor> {
  const given = optionsOf("loadSafetensors", LoadOptions, options);
  const { tensors } = readSafetensors(bytes, given.file, given);
  return Object.fromEntries(Array.from(tensors, ([name, raw]) => [name, fromBytes(raw.bytes, raw.dtype, raw.shape, given.device)]));
}

/** What a safetensors file holds, before its tensors are read. */
export interface OpenSafetensors {
  /** Notes of whoever wrote the file. */
  readonly metadata: Metadata;
  /** The names of the tensors, in the order of their bytes. */
  readonly names: readonly string[];
  /** Reads one tensor. @throws {RangeError} if the file has none of that name. */
  readonly get: (name: string) => Promise<Tensor>;
}

/**
 * Opens a safetensors file of any size; each tensor is read when it is asked for.
 *
 * @param input - A Blob (such as the File of an `<input>`), bytes, or a source that reads from anywhere.
 * @throws {FileFormatError} if the file is not exactly what the format demands.
 * @see safetensors.safe_open
 * @example
 * const bytes = await saveSafetensors({ a: tensor([1]), b: tensor([2, 3]) });
 * const file = await openSafetensors(bytes);
 * const b = await file.get("b");
 * [file.names, await b.toArray()]; // [["a", "b"], [2, 3]]
 */
export async function openSafetensors(input: Readable, options?: LoadOptions): Promise<OpenSafetensors> {
  const given = optionsOf("openSafetensors", LoadOptions, options);
  const { metadata, entries, read } = await readSafetensorsHeader(sourceOf(input, given.file ?? "safetensors"), given);
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  return {
    metadata: Object.fromEntries(metadata),
    names: [...byName.keys()],
    get: async (name) => {
      const entry = byName.get(name);
      if (entry === undefined) throw new RangeError(`get: expected one of ${byName.size} tensors, got ${JSON.stringify(name)}; names lists them`);
      return fromBytes(await read(entry), entry.dtype, entry.shape, given.device);
    },
  };
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

/** Reads all tensors from their devices. They are taken as they are now: what is written to them later is not seen. */
export async function toRawTensors(tensors: NamedTensors): Promise<ReadonlyMap<string, RawTensor>> {
  const raw = Object.entries(tensors).map(async ([name, x]): Promise<[string, RawTensor]> => {
    const { dtype, shape } = x;
    return [name, { dtype, shape, bytes: await tensorBytes(x) }];
  });
  return new Map(await Promise.all(raw));
}
