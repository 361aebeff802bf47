import { type FileHandle, open } from "node:fs/promises";
import { FileFormatError } from "../errors.js";
import { type Entry, type Header, headerLength, parseHeader, PREFIX, type RawTensor } from "../safetensors-header.js";
import { accessError } from "./access-error.js";

/** An opened safetensors file: the header is known, the tensors are read when they are asked for. */
export interface OpenSafetensors extends Header {
  readonly read: (entry: Entry) => Promise<RawTensor>;
}

/**
 * Opens a safetensors file for the time that `use` takes. Nothing is allocated for a tensor before the length of the file has been checked
 * against the header.
 *
 * @throws {FileAccessError} if the system does not let the file be read.
 * @throws {FileFormatError} if it is not exactly what the format demands.
 */
export async function withSafetensorsFile<R>(file: string, use: (content: OpenSafetensors) => Promise<R>): Promise<R> {
  const refused = (cause: unknown) => accessError(file, "could not be read", "check the path and that you may read it", cause);
  const handle = await open(file, "r").catch((cause: unknown) => {
    throw refused(cause);
  });
  try {
    const read = async (position: number, length: number) => {
      const bytes = new Uint8Array(length);
      const found = await readFully(handle, bytes, position).catch((cause: unknown) => {
        throw refused(cause);
      });
      if (found < length) throw new FileFormatError(file, `expected ${length} bytes at ${position}, found ${found}`, "do not write to it meanwhile");
      return bytes;
    };
    const { size } = await handle.stat();
    const jsonLength = headerLength(await read(0, Math.min(PREFIX, size)), size, file);
    const start = PREFIX + jsonLength;
    const header = parseHeader(await read(PREFIX, jsonLength), size - start, file);
    return await use({
      ...header,
      read: async ({ dtype, shape, begin, end }) => ({ dtype, shape, bytes: await read(start + begin, end - begin) }),
    });
  } finally {
    await handle.close();
  }
}

/** The system reads at most 2 GiB at a time. */
const LONGEST_READ = 2 ** 30;

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
