import { encodeHeader, headerLength, parseHeader, PREFIX, type RawTensor } from "./safetensors-header.js";

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
export function parseSafetensors(bytes: Uint8Array, file = "safetensors"): Safetensors {
  const start = PREFIX + headerLength(bytes.subarray(0, PREFIX), bytes.length, file);
  const { metadata, entries } = parseHeader(bytes.subarray(PREFIX, start), bytes.length - start, file);
  const tensors = new Map(
    entries.map(({ name, dtype, shape, begin, end }) => [name, { dtype, shape, bytes: bytes.subarray(start + begin, start + end) }]),
  );
  return { metadata, tensors };
}

/**
 * Writes a safetensors file into memory. Equal tensors give equal files: the order of the map does not matter.
 *
 * @throws {ArgumentError} if the bytes of a tensor do not fit its shape, or a name is reserved.
 */
export function serializeSafetensors(tensors: ReadonlyMap<string, RawTensor>, metadata: ReadonlyMap<string, string> = new Map()): Uint8Array {
  return concatenate(safetensorsPieces(tensors, metadata));
}

/** The same file piece by piece, so that a large one need not lie in memory twice. */
export function safetensorsPieces(tensors: ReadonlyMap<string, RawTensor>, metadata: ReadonlyMap<string, string>): readonly Uint8Array[] {
  const { bytes, order } = encodeHeader(tensors, metadata);
  return [bytes, ...order.map((name) => tensors.get(name)!.bytes)];
}

function concatenate(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let end = 0;
  for (const piece of pieces) {
    all.set(piece, end);
    end += piece.length;
  }
  return all;
}
