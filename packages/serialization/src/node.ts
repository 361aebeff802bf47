import type { Tensor } from "@gradus/tensor-core";
import { withSafetensorsFile } from "./node/read-safetensors.js";
import { writeAtomically } from "./node/write-atomically.js";
import { safetensorsPieces } from "./safetensors.js";
import { type Metadata, type NamedTensors, toRawTensors, toTensor } from "./tensor-file.js";

/**
 * The tensors of a safetensors file, on the default device. They are read one by one, so a large file is never in memory as a whole.
 *
 * @throws {FileAccessError} if the system does not let the file be read.
 * @throws {FileFormatError} if it is not exactly what the format demands.
 * @see safetensors.torch.load_file
 */
export function loadFile(file: string): Promise<Record<string, Tensor>> {
  return withSafetensorsFile(file, async ({ entries, read }) => {
    const tensors: [string, Tensor][] = [];
    for (const entry of entries) tensors.push([entry.name, toTensor(await read(entry))]);
    return Object.fromEntries(tensors);
  });
}

/** What a safetensors file says beside its tensors. */
export function loadMetadata(file: string): Promise<Metadata> {
  return withSafetensorsFile(file, ({ metadata }) => Promise.resolve(Object.fromEntries(metadata)));
}

/**
 * Saves tensors as a safetensors file, all or nothing: after a crash, a full disk or any error the name leads to the whole old file or the
 * whole new one. When the promise is fulfilled, the new one is on the disk.
 *
 * @throws {FileAccessError} if the system refuses any step; the old file is unchanged then.
 * @throws {ArgumentError} if a name is reserved.
 * @see safetensors.torch.save_file
 */
export async function saveFile(file: string, tensors: NamedTensors, metadata: Metadata = {}): Promise<void> {
  await writeAtomically(file, safetensorsPieces(await toRawTensors(tensors), new Map(Object.entries(metadata))));
}
