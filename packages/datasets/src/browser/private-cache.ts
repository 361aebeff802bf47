import type { DownloadCache } from "../download.js";

/** A file of the origin private file system can be renamed in all browsers; the standard's types do not have it yet. */
interface MovableFile extends FileSystemFileHandle {
  move(name: string): Promise<void>;
}

/**
 * A cache in a directory of the browser's origin private file system.
 *
 * @see https://fs.spec.whatwg.org
 */
export function privateCache(directory = "gradus-datasets"): DownloadCache {
  const home = async () => (await navigator.storage.getDirectory()).getDirectoryHandle(directory, { create: true });
  const partOf = (name: string) => `${name}.part`;
  const find = async (name: string): Promise<File | null> => {
    try {
      return await (await (await home()).getFileHandle(name)).getFile();
    } catch (error) {
      if ((error as DOMException).name === "NotFoundError") return null;
      throw error;
    }
  };
  return {
    read: async (name) => {
      const file = await find(name);
      return file === null ? null : new Uint8Array(await file.arrayBuffer());
    },
    received: async function* (name) {
      const file = await find(partOf(name));
      if (file === null) return;
      const reader = file.stream().getReader();
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) yield piece.value;
    },
    append: async (name, length) => {
      const handle = await (await home()).getFileHandle(partOf(name), { create: true });
      const writable = await handle.createWritable({ keepExistingData: true });
      await writable.truncate(length);
      await writable.seek(length);
      return {
        write: (bytes) => writable.write(bytes as Uint8Array<ArrayBuffer>),
        close: () => writable.close(),
      };
    },
    complete: async (name) => ((await (await home()).getFileHandle(partOf(name))) as MovableFile).move(name),
    discard: async (name) => {
      if ((await find(partOf(name))) !== null) await (await home()).removeEntry(partOf(name));
    },
  };
}
