import type { Options } from "@gradus/tensor-core";
import { DataFileError } from "./errors.js";
import { Md5 } from "./md5.js";

/** Where downloaded files are kept. What is being downloaded bears another name until it is whole and right. */
export interface DownloadCache {
  /** A whole file; null if there is none. */
  readonly read: (name: string) => Promise<Uint8Array<ArrayBuffer> | null>;
  /** What was received of a file so far, in pieces. */
  readonly received: (name: string) => AsyncIterable<Uint8Array>;
  /** Goes on writing to what was received, after `length` bytes of it. */
  readonly append: (name: string, length: number) => Promise<PartialFile>;
  /** Gives what was received the name of the file, in one step. */
  readonly complete: (name: string) => Promise<void>;
  /** Removes what was received. */
  readonly discard: (name: string) => Promise<void>;
}

export interface PartialFile {
  readonly write: (bytes: Uint8Array) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** A file to download. */
export interface RemoteFile {
  /** Its name in the cache. */
  readonly name: string;
  /** Where it is; the next address is tried when one fails. */
  readonly urls: readonly string[];
  readonly md5: string;
}

export const DownloadOptions = class {
  /** Is told how far a file is. `total` is null where the server does not say. */
  readonly onProgress?: (progress: { readonly file: string; readonly received: number; readonly total: number | null }) => void;
  /** Stops the download. What was received is kept for the next try. */
  readonly signal?: AbortSignal;
};
export type DownloadOptions = Options<typeof DownloadOptions>;

/** How often a connection that broke is taken up again, as long as each brings something. */
const ATTEMPTS = 3;

/**
 * A file out of the cache, or from the network into the cache. A download that was interrupted goes on where it stopped; a file whose checksum
 * is wrong never gets into the cache.
 *
 * @throws {DataFileError} if no address gives the file.
 */
export async function cachedFile(file: RemoteFile, cache: DownloadCache, options: DownloadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  const present = await cache.read(file.name);
  if (present !== null) return present;
  const problems: unknown[] = [];
  for (const url of file.urls) {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      options.signal?.throwIfAborted();
      try {
        await receive(file, url, cache, options);
        const whole = await cache.read(file.name);
        if (whole !== null) return whole;
      } catch (error) {
        options.signal?.throwIfAborted();
        problems.push(error);
        // A server's refusal or a wrong file does not change by asking again.
        if (error instanceof Refusal) break;
      }
    }
  }
  const reason = problems.map((problem) => (problem instanceof Error ? problem.message : String(problem))).at(-1) ?? "it has no address";
  throw new DataFileError(file.name, `expected to download it from ${file.urls.join(" or ")}, got: ${reason}`, "check the connection and try again; what was received is kept", {
    cause: problems.at(-1),
  });
}

/** What another attempt at the same address would not change. */
class Refusal extends Error {
  override readonly name = "Refusal";
}

async function receive(file: RemoteFile, url: string, cache: DownloadCache, { onProgress, signal }: DownloadOptions): Promise<void> {
  let digest = new Md5();
  let received = 0;
  for await (const piece of cache.received(file.name)) {
    digest.update(piece);
    received += piece.length;
  }
  const response = await fetch(url, { ...(received > 0 && { headers: { Range: `bytes=${received}-` } }), ...(signal && { signal }) });
  // 416: there is nothing behind what was received, which may be all of it.
  if (response.status === 416) await response.body?.cancel();
  else if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new Refusal(`${url} answered ${response.status} ${response.statusText}`.trim());
  } else {
    if (response.status !== 206 || !startsAt(response, received)) {
      // The server sends it from the beginning.
      if (response.status === 206) {
        await response.body.cancel();
        await cache.discard(file.name);
        throw new Error(`${url} went on at another byte than ${received}`);
      }
      digest = new Md5();
      received = 0;
    }
    const length = Number(response.headers.get("content-length") ?? NaN);
    // The length of packed data is not that of the file.
    const total = Number.isNaN(length) || response.headers.has("content-encoding") ? null : received + length;
    const part = await cache.append(file.name, received);
    try {
      for await (const piece of piecesOf(response.body)) {
        digest.update(piece);
        await part.write(piece);
        received += piece.length;
        onProgress?.({ file: file.name, received, total });
      }
    } finally {
      await part.close();
    }
    if (total !== null && received < total) throw new Error(`${url} ended after ${received} of ${total} bytes`);
  }
  const found = digest.hex();
  if (found !== file.md5) {
    await cache.discard(file.name);
    throw new Refusal(`${url} gave a file with the MD5 ${found}, expected ${file.md5}`);
  }
  await cache.complete(file.name);
}

const startsAt = (response: Response, byte: number): boolean => response.headers.get("content-range")?.startsWith(`bytes ${byte}-`) ?? false;

/** Not every browser can iterate a stream. */
async function* piecesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const reader = stream.getReader();
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) yield piece.value;
  } finally {
    // Ends the download when the reader stops early. After an error the stream refuses with that error, already reported.
    await reader.cancel().catch(() => undefined);
  }
}
