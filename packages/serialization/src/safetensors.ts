import { optionsOf } from "@gradus/tensor-core";
import type { ByteSource } from "./byte-source.js";
import { joinPieces } from "./join-pieces.js";
import { MemoryLimit } from "./memory-budget.js";
import { encodeHeader, type Entry, type Header, headerLength, parseHeader, PREFIX, type RawTensor } from "./safetensors-header.js";

/** The content of a safetensors file. */
export interface Safetensors {
  /** Notes of whoever wrote the file. */
  readonly metadata: ReadonlyMap<string, string>;
  /** The tensors by name, in the order of their bytes. */
  readonly tensors: ReadonlyMap<string, RawTensor>;
}

/**
 * Reads a safetensors file that lies in memory. The bytes of the tensors are views of it: nothing is copied.
 *
 * @param file - The name that errors carry.
 * @throws {FileFormatError} if the file is not exactly what the format demands.
 * @see https://github.com/huggingface/safetensors, "Format"
 * @example
 * const bytes = serializeSafetensors(new Map([["x", { dtype: "uint8", shape: [3], bytes: Uint8Array.of(1, 2, 3) }]]));
 * parseSafetensors(bytes).tensors.get("x")?.bytes; // Uint8Array(3) [1, 2, 3]
 */
export function parseSafetensors(bytes: Uint8Array, file?: string, limit?: MemoryLimit): Safetensors {
  return readSafetensors(bytes, file, optionsOf("parseSafetensors", MemoryLimit, limit));
}

/** The same for options that were looked at. */
export function readSafetensors(bytes: Uint8Array, file = "safetensors", limit: MemoryLimit): Safetensors {
  const start = PREFIX + headerLength(bytes.subarray(0, PREFIX), bytes.length, file);
  const { metadata, entries } = parseHeader(bytes.subarray(PREFIX, start), bytes.length - start, file, limit);
  const tensors = new Map(
    entries.map(({ name, dtype, shape, begin, end }) => [name, { dtype, shape, bytes: bytes.subarray(start + begin, start + end) }]),
  );
  return { metadata, tensors };
}

/** What a file says of its content, and how to read the bytes of one tensor. */
export interface SafetensorsSource extends Header {
  readonly read: (entry: Entry) => Promise<Uint8Array>;
}

/**
 * Reads the header alone. Nothing is allocated for a tensor before the length of the file has been checked against it.
 *
 * @throws {FileFormatError} if the file is not exactly what the format demands.
 */
export async function readSafetensorsHeader(source: ByteSource, limit: MemoryLimit): Promise<SafetensorsSource> {
  const { name, size } = source;
  const jsonLength = headerLength(await source.read(0, Math.min(PREFIX, size)), size, name);
  const start = PREFIX + jsonLength;
  const header = parseHeader(await source.read(PREFIX, start), size - start, name, limit);
  return { ...header, read: ({ begin, end }) => source.read(start + begin, start + end) };
}

/**
 * Writes a safetensors file into memory. Equal tensors give equal files: the order of the map does not matter.
 *
 * @throws {ArgumentError} if the bytes of a tensor do not fit its shape, or a name is reserved.
 */
export function serializeSafetensors(tensors: ReadonlyMap<string, RawTensor>, metadata: ReadonlyMap<string, string> = new Map()): Uint8Array {
  return joinPieces(safetensorsPieces(tensors, metadata));
}

/** The same file piece by piece, so that a large one need not lie in memory twice. */
export function safetensorsPieces(tensors: ReadonlyMap<string, RawTensor>, metadata: ReadonlyMap<string, string>): readonly Uint8Array[] {
  const { bytes, order } = encodeHeader(tensors, metadata);
  return [bytes, ...order.map((name) => tensors.get(name)!.bytes)];
}
