import { Subset } from "./dataset.js";
import { gunzip } from "./gunzip.js";
import { imageDataset, type ImageDatasets } from "./image-datasets.js";

const COUNT = 1797;
const SIZE = 8;

/**
 * 1797 images of handwritten digits, 8×8 pixels of 17 grey values, by 13 writers. They come with the package (60 kB, loaded when first asked
 * for), so nothing need be downloaded.
 *
 * Every fifth image (4, 9, 14, …) is for testing: 359 of them, 1438 to learn from.
 *
 * @returns Images `[1, 8, 8]`, float32 from 0 to 1 in steps of 1/16; labels int64.
 * @see E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998,
 *   https://doi.org/10.24432/C50P49 (CC BY 4.0); this is its test part, as in scikit-learn's load_digits
 * @example
 * const { train, test } = await loadDigits();
 * [train.length, test.length]; // [1438, 359]
 */
export async function loadDigits(): Promise<ImageDatasets> {
  // Imported here, so that a bundle that does not call this does not carry the data.
  const { digits } = await import("./digits-data.js");
  const bytes = new Uint8Array(COUNT * (SIZE * SIZE + 1));
  let end = 0;
  for await (const piece of gunzip(fromBase64(digits), "digits")) {
    bytes.set(piece, end);
    end += piece.length;
  }
  const area = SIZE * SIZE;
  const all = imageDataset(bytes.subarray(0, COUNT * area), bytes.subarray(COUNT * area), { height: SIZE, width: SIZE, maximum: 16 });
  const indices = Array.from({ length: COUNT }, (_, i) => i);
  return {
    classes: Array.from("0123456789"),
    train: new Subset(all, indices.filter((i) => i % 5 !== 4)),
    test: new Subset(all, indices.filter((i) => i % 5 === 4)),
  };
}

const fromBase64 = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
