import type { Tensor } from "@gradus/tensor-core";
import { ArrayDataset } from "./array-dataset.js";
import type { Dataset } from "./dataset.js";
import { DataFileError } from "./errors.js";
import type { IdxArray } from "./idx.js";

/** Images with one channel, float32 from 0 to 1, shape [1, height, width]; and their classes, int64. */
export type ImageDataset = Dataset<[image: Tensor, label: Tensor]>;

export const FASHION_CLASSES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

/** A collection of images, divided into a part to learn from and a part to test with. */
export interface ImageDatasets {
  /** The name of each class, by its number. */
  readonly classes: readonly string[];
  readonly train: ImageDataset;
  readonly test: ImageDataset;
}

/**
 * @param pixels - One byte each, image after image, row after row.
 * @param labels - One byte for each image.
 * @param maximum - The value of a white pixel.
 */
export function imageDataset(
  pixels: Uint8Array,
  labels: Uint8Array,
  { height, width, maximum }: { readonly height: number; readonly width: number; readonly maximum: number },
): ImageDataset {
  return new ArrayDataset({ data: pixels, shape: [1, height, width], dtype: "float32", scale: 1 / maximum }, { data: labels, dtype: "int64" });
}

/** An IDX array and the name of its file. */
export interface IdxFile {
  readonly file: string;
  readonly array: IdxArray;
}

/**
 * Checks that two IDX files hold images and their labels, and joins them.
 *
 * @throws {DataFileError} if one holds something else, their counts differ, or a label names no class.
 */
export function imagesFromIdx(images: IdxFile, labels: IdxFile, classCount: number): ImageDataset {
  const pixels = expectBytes(images, 3, "images");
  const classes = expectBytes(labels, 1, "labels");
  const [count, height, width] = images.array.shape as [number, number, number];
  if (pixels.length === 0) throw new DataFileError(images.file, "expected at least one image of at least one pixel, found none", "download the file again");
  if (classes.length !== count) {
    throw new DataFileError(labels.file, `expected a label for each of the ${count} images in ${images.file}, found ${classes.length}`, "use files that belong together");
  }
  const wrong = classes.findIndex((label) => label >= classCount);
  if (wrong >= 0) {
    throw new DataFileError(labels.file, `expected labels from 0 to ${classCount - 1}, found ${classes[wrong]!} for image ${wrong}`, "use files that belong together");
  }
  return imageDataset(pixels, classes, { height, width, maximum: 255 });
}

function expectBytes({ file, array }: IdxFile, dimensions: number, what: string): Uint8Array {
  if (array.shape.length !== dimensions || !(array.data instanceof Uint8Array)) {
    throw new DataFileError(
      file,
      `expected ${what}, bytes in ${dimensions} dimension${dimensions === 1 ? "" : "s"}, found ${array.data.constructor.name} in ${array.shape.length}`,
      "check that the images and labels are not exchanged",
    );
  }
  return array.data;
}
