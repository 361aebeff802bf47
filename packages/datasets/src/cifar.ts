import type { Tensor } from "@gradus/tensor-core";
import { ArrayDataset } from "./array-dataset.js";
import type { Dataset } from "./dataset.js";
import { DataFileError } from "./errors.js";
import type { ImageDataset } from "./image-datasets.js";

export const CIFAR10_CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

const SIZE = 32;
const PIXELS = 3 * SIZE * SIZE;

/**
 * Images of CIFAR-10 in its binary form: for each a byte that names the class, and 3 × 32 × 32 bytes of red, green and blue.
 *
 * @param files - The content of one or more files, and the name that an error carries.
 * @returns Images `[3, 32, 32]`, float32 from 0 to 1; labels int64.
 * @throws {DataFileError} if a file does not consist of such records, or a label names no class.
 * @see A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009
 * @example
 * const [image, label] = readCifar10([{ file: "data_batch_1.bin", bytes: new Uint8Array(3073).fill(9) }]).at(0);
 * [image.shape, await label.item()]; // [[3, 32, 32], 9]
 */
export function readCifar10(files: readonly { readonly file: string; readonly bytes: Uint8Array }[]): ImageDataset {
  const counts = files.map(({ file, bytes }) => {
    const count = bytes.length / (1 + PIXELS);
    if (count === 0 || !Number.isInteger(count)) throw new DataFileError(file, `expected records of ${1 + PIXELS} bytes, found ${bytes.length} bytes`, "download the file again");
    return count;
  });
  const total = counts.reduce((a, b) => a + b, 0);
  const pixels = new Uint8Array(total * PIXELS);
  const labels = new Uint8Array(total);
  let at = 0;
  for (const { file, bytes } of files) {
    for (let begin = 0; begin < bytes.length; begin += 1 + PIXELS, at++) {
      const label = bytes[begin]!;
      if (label >= CIFAR10_CLASSES.length) throw new DataFileError(file, `expected labels from 0 to 9, found ${label} at byte ${begin}`, "download the file again");
      labels[at] = label;
      pixels.set(bytes.subarray(begin + 1, begin + 1 + PIXELS), at * PIXELS);
    }
  }
  const images: Dataset<[image: Tensor, label: Tensor]> = new ArrayDataset({ data: pixels, shape: [3, SIZE, SIZE], dtype: "float32", scale: 1 / 255 }, { data: labels, dtype: "int64" });
  return images;
}

const BLOCK = 512;

/**
 * The files of a tar archive.
 *
 * @throws {DataFileError} if it is damaged.
 */
export function readTar(bytes: Uint8Array, file: string): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const ascii = (begin: number, length: number) => new TextDecoder("latin1").decode(bytes.subarray(begin, begin + length)).replace(/[\0 ].*$/s, "");
  for (let at = 0; at + BLOCK <= bytes.length && bytes[at] !== 0; ) {
    const size = parseInt(ascii(at + 124, 12) || "0", 8);
    const checksum = parseInt(ascii(at + 148, 8).trim() || "0", 8);
    // The field of the checksum counts as spaces.
    const sum = bytes.subarray(at, at + BLOCK).reduce((a, byte, i) => a + (i >= 148 && i < 156 ? 32 : byte), 0);
    const begin = at + BLOCK;
    if (sum !== checksum || !(begin + size <= bytes.length)) throw new DataFileError(file, `the archive is damaged at byte ${at}`, "download the file again");
    const kind = String.fromCharCode(bytes[at + 156]!);
    if (kind === "0" || kind === "\0") files.set(ascii(at, 100), bytes.subarray(begin, begin + size));
    at = begin + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}
