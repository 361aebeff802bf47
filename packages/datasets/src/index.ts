export { ArrayDataset, type Column, type Fields } from "./array-dataset.js";
export { collate, type Collated, type DataArray } from "./collate.js";
export { DataLoader, type DataLoaderOptions, type DataLoaderState } from "./data-loader.js";
export { plainTag, readBrown, type TaggedSentence } from "./brown.js";
export { readCifar10 } from "./cifar.js";
export { ChainDataset, ConcatDataset, MappedDataset, TensorDataset } from "./dataset-combinations.js";
export type { DownloadCache, DownloadOptions, PartialFile } from "./download.js";
export { type Dataset, type IterableDataset, randomSplit, Subset } from "./dataset.js";
export { loadDigits } from "./digits.js";
export { DataFileError, WorkerError } from "./errors.js";
export { type IdxArray, type IdxData, readIdx } from "./idx.js";
export type { ImageDataset, ImageDatasets } from "./image-datasets.js";
export { loadIris } from "./iris.js";
export { type PointDataset, type PointDatasetName, pointDatasets } from "./point-datasets.js";
export type { RandomSource } from "./random-source.js";
export {
  BatchSampler,
  RandomSampler,
  type RandomSamplerOptions,
  type Sampler,
  SequentialSampler,
  type Sized,
  SubsetRandomSampler,
  WeightedRandomSampler,
  type WeightedRandomSamplerOptions,
} from "./samplers.js";
export * as transforms from "./transforms.js";
export { buildVocabulary, CharacterDataset, Vocabulary, type VocabularyOptions } from "./vocabulary.js";
export type { WorkerLike } from "./worker-pool.js";
