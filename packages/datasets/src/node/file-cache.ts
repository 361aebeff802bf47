import { createReadStream } from "node:fs";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { DownloadCache } from "../download.js";
import { DataFileError } from "../errors.js";

/** `$XDG_CACHE_HOME/gradus`, else `~/.cache/gradus`. */
const defaultDirectory = (): string => join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "gradus");

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === "ENOENT";

/** A cache in a directory, which is made when it is needed. */
export function fileCache(directory: string = defaultDirectory()): DownloadCache {
  const pathOf = (name: string) => join(directory, name);
  const partOf = (name: string) => join(directory, `${name}.part`);
  const refused = (name: string, cause: unknown) =>
    new DataFileError(pathOf(name), `expected to read and write it, got ${cause instanceof Error ? cause.message : String(cause)}`, "check the directory and the free space", { cause });
  return {
    read: async (name) => {
      try {
        return await readFile(pathOf(name));
      } catch (error) {
        if (isMissing(error)) return null;
        throw refused(name, error);
      }
    },
    received: async function* (name) {
      try {
        yield* createReadStream(partOf(name)) as AsyncIterable<Uint8Array>;
      } catch (error) {
        if (!isMissing(error)) throw refused(name, error);
      }
    },
    append: async (name, length) => {
      await mkdir(directory, { recursive: true });
      const handle = await open(partOf(name), "a");
      await handle.truncate(length);
      return {
        write: (bytes) => handle.writeFile(bytes),
        close: async () => {
          // Before it gets its name it must be on the disk.
          await handle.sync();
          await handle.close();
        },
      };
    },
    complete: (name) => rename(partOf(name), pathOf(name)),
    discard: (name) => rm(partOf(name), { force: true }),
  };
}
