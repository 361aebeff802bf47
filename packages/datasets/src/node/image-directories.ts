import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { DataFileError } from "../errors.js";
import { CIFAR10_CLASSES, readCifar10 } from "../cifar.js";
import { readIdx } from "../idx.js";
import { FASHION_CLASSES, type IdxFile, type ImageDataset, type ImageDatasets, imagesFromIdx } from "../image-datasets.js";

/**
 * MNIST: 60 000 and 10 000 handwritten digits, 28×28 pixels.
 *
 * @param directory - Holds `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
 *   `t10k-labels-idx1-ubyte`, each with or without `.gz`.
 * @returns Images `[1, 28, 28]`, float32 from 0 to 1; labels int64.
 * @throws {DataFileError} naming the file that is missing, damaged, or does not belong to the others.
 * @see Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits"
 */
export function loadMnist(directory: string): Promise<ImageDatasets> {
  return loadIdxDirectory(directory, Array.from("0123456789"));
}

/**
 * Fashion-MNIST: 60 000 and 10 000 images of clothes, in files like those of {@link loadMnist}.
 *
 * @see H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms", 2017 (MIT licence)
 */
export function loadFashionMnist(directory: string): Promise<ImageDatasets> {
  return loadIdxDirectory(directory, FASHION_CLASSES);
}

/**
 * CIFAR-10: 50 000 and 10 000 images of ten kinds of things.
 *
 * @param directory - Holds `data_batch_1.bin` … `data_batch_5.bin` and `test_batch.bin`: the "binary version", unpacked.
 * @returns Images `[3, 32, 32]`, float32 from 0 to 1; labels int64.
 * @throws {DataFileError} naming the file that is missing or damaged.
 * @see A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009
 */
export async function loadCifar10(directory: string): Promise<ImageDatasets> {
  await checkDirectory(directory);
  const load = async (names: readonly string[]) => {
    const files: { file: string; bytes: Uint8Array }[] = [];
    for (const name of names) {
      const file = join(directory, name);
      const bytes = await readIfThere(file);
      if (bytes === undefined) throw new DataFileError(file, "expected this file, found none", "put it into the directory, or name another directory");
      files.push({ file, bytes });
    }
    return readCifar10(files);
  };
  return { classes: CIFAR10_CLASSES, train: await load([1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`)), test: await load(["test_batch.bin"]) };
}

async function checkDirectory(directory: string): Promise<void> {
  const found = await stat(directory).catch((cause: unknown) => {
    throw new DataFileError(directory, "expected a directory with the data set, found nothing there", "check the path", { cause });
  });
  if (!found.isDirectory()) throw new DataFileError(directory, "expected a directory with the data set, found a file", "name the directory that holds it");
}

async function loadIdxDirectory(directory: string, classes: readonly string[]): Promise<ImageDatasets> {
  await checkDirectory(directory);
  const load = async (part: string): Promise<ImageDataset> => {
    const images = await loadIdx(directory, `${part}-images-idx3-ubyte`);
    const labels = await loadIdx(directory, `${part}-labels-idx1-ubyte`);
    return imagesFromIdx(images, labels, classes.length);
  };
  return { classes, train: await load("train"), test: await load("t10k") };
}

/** Reads a file, or the same with `.gz`. */
async function loadIdx(directory: string, name: string): Promise<IdxFile> {
  const plain = join(directory, name);
  for (const file of [plain, `${plain}.gz`]) {
    const bytes = await readIfThere(file);
    if (bytes !== undefined) return { file, array: await readIdx(bytes, file) };
  }
  throw new DataFileError(plain, "expected this file, plain or with .gz, found neither", "put it into the directory, or name another directory");
}

async function readIfThere(file: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return await readFile(file);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT") return undefined;
    throw new DataFileError(file, `expected a readable file, got ${code ?? String(cause)}`, "check that it is a file and that you may read it", { cause });
  }
}
