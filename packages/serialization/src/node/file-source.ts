import { type FileHandle, open } from "node:fs/promises";
import type { ByteSource } from "../byte-source.js";
import { FileFormatError } from "../errors.js";
import { accessError } from "./access-error.js";

/** The system reads at most 2 GiB at a time. */
const LONGEST_READ = 2 ** 30;

/**
 * Opens a file for the time that `use` takes.
 *
 * @throws {FileAccessError} if the system does not let it be read.
 */
export async function withFile<R>(file: string, use: (source: ByteSource) => Promise<R>): Promise<R> {
  const refused = (cause: unknown) => accessError(file, "could not be read", "check the path and that you may read it", cause);
  const handle = await open(file, "r").catch((cause: unknown) => {
    throw refused(cause);
  });
  try {
    const read = async (begin: number, end: number) => {
      const bytes = new Uint8Array(end - begin);
      const found = await readFully(handle, bytes, begin).catch((cause: unknown) => {
        throw refused(cause);
      });
      if (found < bytes.length) throw new FileFormatError(file, `expected ${bytes.length} bytes at ${begin}, found ${found}`, "do not write to it meanwhile");
      return bytes;
    };
    // Of a directory some systems tell a size, and only refuse to read it.
    const stats = await handle.stat();
    if (stats.isDirectory()) throw refused(Object.assign(new Error("EISDIR: illegal operation on a directory, read"), { code: "EISDIR" }));
    return await use({ name: file, size: stats.size, read });
  } finally {
    await handle.close();
  }
}

/** Fills `bytes` as far as the file lasts and says how far. */
async function readFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await handle.read(bytes, filled, Math.min(bytes.length - filled, LONGEST_READ), position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}
