import { ArgumentError } from "@gradus/tensor-core";
import { crc32 } from "./crc32.js";
import { deflate } from "./inflate.js";

/** One file of an archive. */
export interface ZipContent {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface ZipOptions {
  readonly compressed?: boolean;
  /** Each entry's data begin at a multiple of this; default 1. */
  readonly alignment?: number;
}

const LONGEST = 0xffffffff;
const UTF8_NAMES = 0x0800;
/** 1980-01-01, the first day that the format knows: equal content gives equal files. */
const DATE = 0x21;
/** The field that PyTorch fills gaps with. */
const PADDING = 0x4246;

/** A zip archive piece by piece. @throws {ArgumentError} if it would need lengths of more than 32 bits. */
export async function zipPieces(contents: readonly ZipContent[], { compressed = false, alignment = 1 }: ZipOptions = {}): Promise<readonly Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let end = 0;
  const add = (list: Uint8Array[], bytes: Uint8Array) => {
    list.push(bytes);
    end += bytes.length;
    if (end > LONGEST) throw new ArgumentError(`save: expected at most 4 GiB in an archive, got ${end} bytes; save tensors of this size as safetensors`);
  };
  for (const { name, bytes } of contents) {
    const begin = end;
    const nameBytes = new TextEncoder().encode(name);
    const packed = compressed ? await deflate(bytes) : bytes;
    const gap = (alignment - ((begin + 30 + nameBytes.length + 4) % alignment)) % alignment;
    const extra = alignment === 1 ? new Uint8Array(0) : Uint8Array.of(PADDING & 255, PADDING >> 8, gap & 255, gap >> 8, ...new Uint8Array(gap));
    const fields: Field[] = [[2, 20], [2, UTF8_NAMES], [2, compressed ? 8 : 0], [2, 0], [2, DATE], [4, crc32(bytes)], [4, packed.length], [4, bytes.length], [2, nameBytes.length]];
    add(pieces, record([[4, 0x04034b50], ...fields, [2, extra.length]], nameBytes, extra));
    add(pieces, packed);
    directory.push(record([[4, 0x02014b50], [2, 20], ...fields, [2, 0], [2, 0], [2, 0], [2, 0], [4, 0], [4, begin]], nameBytes));
  }
  const begin = end;
  for (const entry of directory) add(pieces, entry);
  const count = contents.length;
  if (count >= 0xffff) throw new ArgumentError(`save: expected fewer than 65535 entries in an archive, got ${count}; save so many tensors as safetensors`);
  add(pieces, record([[4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, end - begin], [4, begin], [2, 0]]));
  return pieces;
}

type Field = readonly [width: 2 | 4, value: number];

function record(fields: readonly Field[], ...rest: readonly Uint8Array[]): Uint8Array {
  const fixed = fields.reduce((sum, [width]) => sum + width, 0);
  const bytes = new Uint8Array(rest.reduce((sum, { length }) => sum + length, fixed));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [width, value] of fields) {
    if (width === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += width;
  }
  for (const part of rest) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
