import { type Options, optionsOf } from "@gradus/tensor-core";
import { CIFAR10_CLASSES, readCifar10, readTar } from "./cifar.js";
import { cachedFile, type DownloadCache, DownloadOptions, type RemoteFile } from "./download.js";
import { DataFileError } from "./errors.js";
import { gunzip, gzipCapacity } from "./gunzip.js";
import { readIdx } from "./idx.js";
import { FASHION_CLASSES, type ImageDatasets, imagesFromIdx } from "./image-datasets.js";

export const RemoteOptions = class extends DownloadOptions {
  /** Where files are kept; default one place for all programs of a user, or all pages of a site. */
  readonly cache?: DownloadCache;
};
export type RemoteOptions = Options<typeof RemoteOptions>;

/** Image sets that are downloaded the first time they are asked for. */
export interface RemoteSets {
  /** MNIST: 60 000 and 10 000 handwritten digits, 28 × 28 pixels. @throws {DataFileError} if it cannot be downloaded. @see torchvision.datasets.MNIST */
  readonly fetchMnist: (options?: RemoteOptions) => Promise<ImageDatasets>;
  /** Fashion-MNIST: images of clothes in the form of MNIST. @throws {DataFileError} if it cannot be downloaded. @see torchvision.datasets.FashionMNIST */
  readonly fetchFashionMnist: (options?: RemoteOptions) => Promise<ImageDatasets>;
  /** CIFAR-10: 50 000 and 10 000 images of ten kinds of things, 3 × 32 × 32. @throws {DataFileError} if it cannot be downloaded. @see torchvision.datasets.CIFAR10 */
  readonly fetchCifar10: (options?: RemoteOptions) => Promise<ImageDatasets>;
}

/** Where a set is, and the checksums that torchvision has for it. */
interface IdxSource {
  readonly prefix: string;
  readonly urls: readonly string[];
  readonly md5: Readonly<Record<(typeof IDX_FILES)[number], string>>;
}

const IDX_FILES = ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"] as const;

const MNIST: IdxSource = {
  prefix: "mnist",
  urls: ["https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"],
  md5: {
    "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
  },
};

const FASHION_MNIST: IdxSource = {
  prefix: "fashion-mnist",
  urls: ["https://fashion-mnist.s3-website.eu-central-1.amazonaws.com/", "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"],
  md5: {
    "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
  },
};

const CIFAR10: RemoteFile = { name: "cifar-10-binary.tar.gz", urls: ["https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"], md5: "c32a1d4ab5d03f1284b67883e8d87530" };

export function remoteSets(defaultCache: () => DownloadCache): RemoteSets {
  const fetchIdx = async ({ prefix, urls, md5 }: IdxSource, classes: readonly string[], { cache = defaultCache(), ...rest }: RemoteOptions): Promise<ImageDatasets> => {
    const load = async (file: (typeof IDX_FILES)[number]) => {
      const name = `${prefix}-${file}`;
      return { file: name, array: await readIdx(await cachedFile({ name, urls: urls.map((url) => url + file), md5: md5[file] }, cache, rest), name) };
    };
    const [trainImages, trainLabels, testImages, testLabels] = IDX_FILES;
    const train = imagesFromIdx(await load(trainImages), await load(trainLabels), classes.length);
    return { classes, train, test: imagesFromIdx(await load(testImages), await load(testLabels), classes.length) };
  };
  return {
    fetchMnist: async (options) => fetchIdx(MNIST, Array.from("0123456789"), optionsOf("fetchMnist", RemoteOptions, options)),
    fetchFashionMnist: async (options) => fetchIdx(FASHION_MNIST, FASHION_CLASSES, optionsOf("fetchFashionMnist", RemoteOptions, options)),
    fetchCifar10: async (options) => {
      const { cache = defaultCache(), ...rest } = optionsOf("fetchCifar10", RemoteOptions, options);
      const archive = readTar(await unpacked(await cachedFile(CIFAR10, cache, rest), CIFAR10.name), CIFAR10.name);
      const read = (names: readonly string[]) =>
        readCifar10(
          names.map((file) => {
            const bytes = archive.get(`cifar-10-batches-bin/${file}`);
            if (bytes === undefined) throw new DataFileError(CIFAR10.name, `expected ${file} in the archive, found none`, "remove it from the cache");
            return { file, bytes };
          }),
        );
      return { classes: CIFAR10_CLASSES, train: read([1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`)), test: read(["test_batch.bin"]) };
    },
  };
}

/** A gzip file whose content is as long as its last four bytes say. */
async function unpacked(packed: Uint8Array<ArrayBuffer>, file: string): Promise<Uint8Array> {
  const length = packed.length < 18 ? 0 : new DataView(packed.buffer, packed.byteOffset).getUint32(packed.length - 4, true);
  if (length > gzipCapacity(packed.length)) throw new DataFileError(file, `${packed.length} compressed bytes cannot hold the ${length} that they promise`, "download the file again");
  const bytes = new Uint8Array(length);
  let filled = 0;
  for await (const piece of gunzip(packed, file)) {
    if (filled + piece.length > length) throw new DataFileError(file, `the compressed data hold more than the ${length} bytes that they promise`, "download the file again");
    bytes.set(piece, filled);
    filled += piece.length;
  }
  return bytes.subarray(0, filled);
}
