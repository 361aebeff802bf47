import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { cpu } from "@gradus/backend-cpu";
import { setDefaultDevice } from "@gradus/tensor-core";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { DataFileError, DataLoader, type ImageDataset, loadDigits } from "../src/index.js";
import { loadFashionMnist, loadMnist } from "../src/node.js";
import { idx } from "./idx-file.js";

beforeAll(() => {
  setDefaultDevice(cpu());
});

/** All images and labels of a set. */
function everything(data: ImageDataset): { pixels: Float32Array; labels: number[] } {
  for (const [images, labels] of new DataLoader(data, { batchSize: data.length })) {
    expect([images.dtype, labels.dtype, labels.shape]).toEqual(["float32", "int64", [data.length]]);
    return { pixels: images.readSync() as Float32Array, labels: labels.toArraySync() as number[] };
  }
  throw new Error("the set is empty");
}

describe("loadDigits", () => {
  it("gives the 1797 images of scikit-learn's load_digits, every fifth for testing", async () => {
    const { classes, train, test } = await loadDigits();
    expect([classes.length, train.length, test.length]).toEqual([10, 1438, 359]);
    const [learn, held] = [everything(train), everything(test)];
    const bytes = new Uint8Array(1797 * 65);
    for (const [part, position] of [[learn, (i: number) => i + Math.floor(i / 4)], [held, (i: number) => 5 * i + 4]] as const) {
      for (const [i, label] of part.labels.entries()) {
        bytes[1797 * 64 + position(i)] = label;
        for (let p = 0; p < 64; p++) bytes[position(i) * 64 + p] = part.pixels[i * 64 + p]! * 16;
      }
    }
    // Of the values in scikit-learn's digits.csv.gz: all images, then all labels (scripts/embed-digits.mjs prints it).
    expect(createHash("sha256").update(bytes).digest("hex")).toBe("87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826");
  });

  it("gives images of shape [1, 8, 8], the first a zero", async () => {
    const { train } = await loadDigits();
    const [image, label] = train.at(0);
    expect([image.shape, label.readSync()]).toEqual([[1, 8, 8], BigInt64Array.of(0n)]);
    expect([...(image.readSync() as Float32Array).subarray(0, 8)].map((x) => x * 16)).toEqual([0, 0, 5, 13, 9, 1, 0, 0]);
  });
});

describe("loadMnist and loadFashionMnist", () => {
  let directory: string;
  const write = (name: string, content: Uint8Array) => writeFile(join(directory, name), content);
  const pixels = (count: number) => new Uint8Array(count * 6).map((_, i) => (i * 37) % 256);

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "gradus-idx-"));
    await write("train-images-idx3-ubyte.gz", gzipSync(idx(8, [4, 2, 3], pixels(4))));
    await write("train-labels-idx1-ubyte.gz", gzipSync(idx(8, [4], [9, 0, 1, 5])));
    await write("t10k-images-idx3-ubyte", idx(8, [2, 2, 3], pixels(2)));
    await write("t10k-labels-idx1-ubyte", idx(8, [2], [3, 3]));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it("reads a directory of compressed and plain files", async () => {
    const { classes, train, test } = await loadMnist(directory);
    expect(classes).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    expect(everything(train)).toEqual({ pixels: Float32Array.from(pixels(4), (x) => x * (1 / 255)), labels: [9, 0, 1, 5] });
    expect(everything(test).labels).toEqual([3, 3]);
    expect(train.at(0)[0].shape).toEqual([1, 2, 3]);
    expect((await loadFashionMnist(directory)).classes[9]).toBe("Ankle boot");
  });

  it.each<[string, string, () => Promise<unknown>, string]>([
    ["a missing file", "train-labels-idx1-ubyte", () => rm(join(directory, "train-labels-idx1-ubyte.gz")), "expected this file, plain or with .gz, found neither"],
    ["a directory in place of a file", "t10k-labels-idx1-ubyte", async () => {
      await rm(join(directory, "t10k-labels-idx1-ubyte"));
      await mkdir(join(directory, "t10k-labels-idx1-ubyte"));
    }, "expected a readable file, got EISDIR"],
    ["a truncated gz", "train-images-idx3-ubyte.gz", () => write("train-images-idx3-ubyte.gz", gzipSync(idx(8, [4, 2, 3], pixels(4))).subarray(0, 30)), "the gzip data are damaged or end too early"],
    ["a wrong magic", "t10k-images-idx3-ubyte", () => write("t10k-images-idx3-ubyte", Uint8Array.of(1, 2, 3, 4)), "expected an IDX file"],
    ["a lying size", "t10k-images-idx3-ubyte", () => write("t10k-images-idx3-ubyte", idx(8, [9, 2, 3], pixels(2))), "the header promises 9 x 2 x 3 elements (54 bytes), the file holds 28 bytes in all"],
    ["fewer labels than images", "train-labels-idx1-ubyte.gz", () => write("train-labels-idx1-ubyte.gz", gzipSync(idx(8, [3], [1, 2, 3]))), "expected a label for each of the 4 images in"],
    ["a label that is no class", "train-labels-idx1-ubyte.gz", () => write("train-labels-idx1-ubyte.gz", gzipSync(idx(8, [4], [1, 2, 10, 3]))), "expected labels from 0 to 9, found 10 for image 2"],
    ["labels in place of images", "t10k-images-idx3-ubyte", () => write("t10k-images-idx3-ubyte", idx(8, [2], [3, 3])), "expected images, bytes in 3 dimensions, found Uint8Array in 1"],
    ["images of another type", "t10k-images-idx3-ubyte", () => write("t10k-images-idx3-ubyte", idx(9, [2, 2, 3], pixels(2))), "found Int8Array in 3"],
    ["no images", "t10k-images-idx3-ubyte", () => write("t10k-images-idx3-ubyte", idx(8, [0, 2, 3], [])), "expected at least one image"],
  ])("refuses %s, naming the file", async (_, file, damage, reason) => {
    await damage();
    const error = await loadMnist(directory).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DataFileError);
    expect((error as DataFileError).file).toBe(join(directory, file));
    expect((error as DataFileError).reason).toContain(reason);
    expect((error as DataFileError).message).not.toContain("\n");
  });

  it("refuses a directory that is missing or none", async () => {
    await expect(loadMnist(join(directory, "nowhere"))).rejects.toThrow("nowhere: expected a directory with the data set, found nothing there; check the path");
    await expect(loadMnist(join(directory, "t10k-labels-idx1-ubyte"))).rejects.toThrow("expected a directory with the data set, found a file");
  });
});
