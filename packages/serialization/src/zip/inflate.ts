import type { Fail } from "../byte-source.js";

/** Deflate cannot make more than this many bytes out of one. */
const MAX_RATIO = 1032;

/** Real data are seldom packed tighter than this; images with empty backgrounds come to 13. Bombs are at 1000. */
const TRUSTED_RATIO = 32;

/**
 * Unpacks compressed bytes whose length is known beforehand. Nothing is allocated for a length that so many bytes cannot hold, or
 * that only a bomb would have.
 *
 * @param maxBytes - Lengths up to here are believed in any case.
 */
export async function inflate(packed: Uint8Array, length: number, format: "deflate-raw" | "gzip", fail: Fail, maxBytes = 2 ** 20): Promise<Uint8Array> {
  if (length > packed.length * MAX_RATIO + MAX_RATIO) throw fail(`${packed.length} compressed bytes cannot hold the ${length} that they promise`);
  if (length > Math.max(maxBytes, packed.length * TRUSTED_RATIO)) {
    throw fail(`${packed.length} compressed bytes would grow to ${length}, ${Math.round(length / packed.length)} times as many; raise maxBytes if you trust the file`);
  }
  const bytes = new Uint8Array(length);
  const stream = new Blob([packed as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream(format));
  const reader = stream.getReader();
  let filled = 0;
  try {
    for (;;) {
      const piece = await reader.read().catch((cause: unknown) => {
        throw fail("the compressed data are damaged or end too early", cause);
      });
      if (piece.done) break;
      if (filled + piece.value.length > length) throw fail(`the compressed data hold more than the ${length} bytes that they promise`);
      bytes.set(piece.value, filled);
      filled += piece.value.length;
    }
  } finally {
    // Frees the decompressor when reading stops early. After an error the stream refuses with that error, already reported.
    await reader.cancel().catch(() => undefined);
  }
  if (filled < length) throw fail(`the compressed data hold ${filled} bytes, they promise ${length}`);
  return bytes;
}

/** Packs bytes, for archives that are to be small. */
export async function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** Unpacks a gzip file of one member. Its last four bytes say how long the content is. */
export function gunzip(packed: Uint8Array, fail: Fail, maxBytes?: number): Promise<Uint8Array> {
  if (packed.length < 18) throw fail(`a gzip file takes at least 18 bytes, found ${packed.length}`);
  const length = new DataView(packed.buffer, packed.byteOffset).getUint32(packed.length - 4, true);
  return inflate(packed, length, "gzip", fail, maxBytes);
}
