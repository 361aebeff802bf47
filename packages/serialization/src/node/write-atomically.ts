import { randomUUID } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { accessError } from "./access-error.js";

/**
 * Writes a file so that at every moment, a crash included, its name leads to the whole old content or the whole new one.
 *
 * The content goes to a temporary file in the same directory, is forced to the disk, and takes the name in one step; then the directory is
 * forced to the disk too. If anything fails, the temporary file is removed and the old file stands untouched.
 *
 * @throws {FileAccessError} if the system refuses any step.
 */
export async function writeAtomically(file: string, pieces: Iterable<Uint8Array>): Promise<void> {
  const directory = dirname(file);
  const temporary = join(directory, `.${basename(file)}.${randomUUID()}.tmp`);
  try {
    await writeDurably(temporary, pieces);
    await rename(temporary, file);
  } catch (cause) {
    // What failed first is what the caller must know, even if the rest cannot be removed either.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw accessError(file, "could not be saved", "what was there before is unchanged; check the directory, its permissions and the free space", cause);
  }
  try {
    await syncDirectory(directory);
  } catch (cause) {
    throw accessError(file, "was written, but its directory could not be forced to the disk", "save again before you rely on it", cause);
  }
}

async function writeDurably(file: string, pieces: Iterable<Uint8Array>): Promise<void> {
  const handle = await open(file, "wx");
  try {
    for (const piece of pieces) await handle.writeFile(piece);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A rename lasts only when the directory is on the disk. Windows has no such step. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
