import type { ByteSource } from "../byte-source.js";
import { sourceOf } from "../byte-source.js";
import { FileAccessError } from "../errors.js";

/**
 * The origin private file system: files that belong to one site and no other sees.
 *
 * @see https://fs.spec.whatwg.org
 */

function refused(file: string, what: string, remedy: string, cause: unknown): FileAccessError {
  return new FileAccessError(file, `${what} (${cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)})`, remedy, { cause });
}

/** The directory of a path, and the name in it. */
async function locate(file: string, create: boolean): Promise<{ directory: FileSystemDirectoryHandle; name: string }> {
  const parts = file.split("/").filter((part) => part !== "");
  const name = parts.pop() ?? "";
  let directory = await navigator.storage.getDirectory();
  for (const part of parts) directory = await directory.getDirectoryHandle(part, { create });
  return { directory, name };
}

export async function openPrivateFile<R>(file: string, use: (source: ByteSource) => Promise<R>): Promise<R> {
  let blob: File;
  try {
    const { directory, name } = await locate(file, false);
    blob = await (await directory.getFileHandle(name)).getFile();
  } catch (cause) {
    throw refused(file, "could not be read", "check the path", cause);
  }
  const { size, read } = sourceOf(blob, file);
  return use({ name: file, size, read });
}

/**
 * What a writable stream takes goes to a copy; closing it puts the copy in the place of the file in one step. Directories on the way are made.
 */
export async function writePrivateFile(file: string, pieces: readonly Uint8Array[]): Promise<void> {
  try {
    const { directory, name } = await locate(file, true);
    const existed = await directory.getFileHandle(name).then(() => true, () => false);
    try {
      const writable = await (await directory.getFileHandle(name, { create: true })).createWritable();
      try {
        for (const piece of pieces) await writable.write(piece as Uint8Array<ArrayBuffer>);
        await writable.close();
      } catch (cause) {
        // What failed first is what the caller must know.
        await writable.abort().catch(() => undefined);
        throw cause;
      }
    } catch (cause) {
      // The empty file that stands for a new one until it is complete. What failed first is what the caller must know.
      if (!existed) await directory.removeEntry(name).catch(() => undefined);
      throw cause;
    }
  } catch (cause) {
    throw refused(file, "could not be saved", "what was there before is unchanged; check the free space", cause);
  }
}
