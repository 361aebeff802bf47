import { FileFormatError } from "./errors.js";

/** Bytes that can be read piece by piece from anywhere: a file, a Blob, memory. */
export interface ByteSource {
  /** Path or name, for errors. */
  readonly name: string;
  /** Number of bytes. */
  readonly size: number;
  /** The bytes from `begin` up to `end`, which lie inside. They may be a view, and must not be written to. */
  readonly read: (begin: number, end: number) => Promise<Uint8Array>;
}

/** What can be read from: bytes in memory, a Blob (a File of the browser is one), or a source of one's own. */
export type Readable = Uint8Array | Blob | ByteSource;

/**
 * @param name - The name that errors carry, where the input has none of its own.
 */
export function sourceOf(input: Readable, name: string): ByteSource {
  if (input instanceof Uint8Array) return { name, size: input.length, read: (begin, end) => Promise.resolve(input.subarray(begin, end)) };
  if (input instanceof Blob) {
    const own = (input as Partial<File>).name ?? name;
    return { name: own, size: input.size, read: async (begin, end) => new Uint8Array(await input.slice(begin, end).arrayBuffer()) };
  }
  return input;
}

/** Says what a reader expected of a file and found instead. */
export type Fail = (reason: string, cause?: unknown) => FileFormatError;

export const failure = (name: string, remedy: string): Fail => (reason, cause) => new FileFormatError(name, reason, remedy, cause === undefined ? undefined : { cause });
