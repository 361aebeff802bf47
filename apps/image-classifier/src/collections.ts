import { loadDigits, type ImageDatasets } from "@gradus/datasets";
import { loadFashionMnist, loadMnist } from "@gradus/datasets/node";
import { UsageError } from "./failure.js";

/** A collection of images that the program knows by name. */
interface Collection {
  readonly title: string;
  /** Passes over the training images, unless the user says how many. */
  readonly epochs: number;
  /** From files in a directory, or from the program itself. */
  readonly source: { readonly directory: (path: string) => Promise<ImageDatasets> } | { readonly embedded: () => Promise<ImageDatasets> };
}

export const collections = {
  digits: { title: "UCI digits", epochs: 10, source: { embedded: loadDigits } },
  mnist: { title: "MNIST", epochs: 5, source: { directory: loadMnist } },
  "fashion-mnist": { title: "Fashion-MNIST", epochs: 5, source: { directory: loadFashionMnist } },
} as const satisfies Record<string, Collection>;

export type CollectionName = keyof typeof collections;

export const collectionNames = Object.keys(collections) as readonly CollectionName[];

export const isCollectionName = (name: string): name is CollectionName => Object.hasOwn(collections, name);

/**
 * Loads a collection.
 *
 * @param directory - Where its files are. The digits have none.
 * @throws {UsageError} if a directory is needed and not given, or given and not needed.
 * @throws {DataFileError} naming the file that is missing or damaged.
 */
export function loadCollection(name: CollectionName, directory: string | undefined): Promise<ImageDatasets> {
  const { source }: Collection = collections[name];
  if ("embedded" in source) {
    if (directory !== undefined) throw new UsageError(`--data-dir: expected no directory for ${name}, which come with the program; leave it out, or choose another --dataset`);
    return source.embedded();
  }
  if (directory === undefined) throw new UsageError(`--data-dir: expected the directory with the files of ${name}, got none; add --data-dir DIR`);
  return source.directory(directory);
}
