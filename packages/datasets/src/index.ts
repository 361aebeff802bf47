export { ArrayDataset, type Column, type DataArray, type Fields } from "./array-dataset.js";
export { collate, type Collated } from "./collate.js";
export { DataLoader, type DataLoaderOptions, type DataLoaderState } from "./data-loader.js";
export { ChainDataset, ConcatDataset, TensorDataset } from "./dataset-combinations.js";
export { type Dataset, type IterableDataset, randomSplit, Subset } from "./dataset.js";
export { loadDigits } from "./digits.js";
export { DataFileError, WorkerError } from "./errors.js";
export { type IdxArray, type IdxData, readIdx } from "./idx.js";
export type { ImageDataset, ImageDatasets } from "./image-datasets.js";
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
export type { WorkerLike } from "./worker-pool.js";
