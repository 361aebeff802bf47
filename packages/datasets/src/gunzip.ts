import { DataFileError } from "./errors.js";

/** Deflate cannot make more than this many bytes out of one. */
const MAX_RATIO = 1032;

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** The most bytes that a gzip file of this length can hold, whatever it says of itself. */
export const gzipCapacity = (byteLength: number): number => byteLength * MAX_RATIO;

/**
 * Decompresses piece by piece, so that the reader decides after each piece whether to go on.
 *
 * @param file - The name that an error carries.
 * @throws {DataFileError} if the data are damaged or end too early.
 */
export async function* gunzip(bytes: Uint8Array<ArrayBuffer>, file: string): AsyncGenerator<Uint8Array, void> {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  const read = async () => {
    try {
      return await reader.read();
    } catch (cause) {
      throw new DataFileError(file, "the gzip data are damaged or end too early", "download the file again", { cause });
    }
  };
  try {
    for (let piece = await read(); !piece.done; piece = await read()) yield piece.value;
  } finally {
    // Frees the decompressor when the reader stops early. After an error the stream refuses with that error, already reported.
    await reader.cancel().catch(() => undefined);
  }
}
