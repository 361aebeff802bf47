import { ArgumentError, defaultGenerator, type Generator } from "@gradus/tensor-core";
import { collate, type Collated } from "./collate.js";
import type { Dataset } from "./dataset.js";
import { type RandomSource, requestedGenerator } from "./random-source.js";
import { BatchSampler, RandomSampler, type Sampler, SequentialSampler } from "./samplers.js";

export interface DataLoaderOptions<T, B> extends RandomSource {
  /** Samples in a batch; default 1. */
  readonly batchSize?: number;
  /** Whether each epoch visits the samples in a new random order; default false. */
  readonly shuffle?: boolean;
  /** An order of one's own, instead of `shuffle`. */
  readonly sampler?: Sampler;
  /** Whether a last batch that is not full is left out; default false. */
  readonly dropLast?: boolean;
  /** Makes a batch of samples; default {@link collate}. */
  readonly collate?: (samples: Awaited<T>[]) => B;
}

/**
 * Goes through a dataset in batches; each iteration is one epoch.
 *
 * ```ts
 * for (const [images, labels] of loader) { … }        // samples at hand
 * for await (const [images, labels] of loader) { … }  // also samples that are promises
 * ```
 *
 * Under the same seed the order is PyTorch's. With `seed` or `generator` the order of every epoch comes from that generator;
 * without, from the default one, which `manualSeed` seeds.
 *
 * @see torch.utils.data.DataLoader
 * @example
 * const squares: Dataset<bigint> = { length: 5, at: (i) => BigInt(i * i) };
 * const sizes = [];
 * for (const batch of new DataLoader(squares, { batchSize: 2, shuffle: true, seed: 0 })) sizes.push(batch.shape[0]);
 * sizes; // [2, 2, 1]
 */
export class DataLoader<T, B = Collated<T>> implements Iterable<B>, AsyncIterable<Awaited<B>> {
  readonly dataset: Dataset<T>;
  readonly #batches: BatchSampler<number>;
  readonly #generator: Generator | undefined;
  readonly #collate: ((samples: Awaited<T>[]) => B) | undefined;

  /** @throws {ArgumentError} if the batch size is no positive integer, or options exclude each other. */
  constructor(dataset: Dataset<T>, options: DataLoaderOptions<T, B> = {}) {
    const { batchSize = 1, shuffle = false, sampler, dropLast = false } = options;
    if (shuffle && sampler !== undefined) throw new ArgumentError("DataLoader: expected shuffle or a sampler, got both; leave one out");
    const generator = requestedGenerator("DataLoader", options);
    const order = sampler ?? (shuffle ? new RandomSampler(dataset.length, generator) : new SequentialSampler(dataset.length));
    this.dataset = dataset;
    this.#batches = new BatchSampler(order, batchSize, dropLast);
    this.#generator = generator;
    this.#collate = options.collate;
  }

  /** How many batches an epoch has. */
  get length(): number {
    return this.#batches.length;
  }

  /** @throws {ArgumentError} at the first batch if samples are promises. */
  [Symbol.iterator](): IterableIterator<B, void> {
    this.#drawBaseSeed();
    return this.#epoch();
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Awaited<B>, void> {
    this.#drawBaseSeed();
    return this.#asyncEpoch();
  }

  /** PyTorch draws a seed for its workers at the start of each epoch, before the order; leaving it out would change the order. */
  #drawBaseSeed(): void {
    (this.#generator ?? defaultGenerator()).random64();
  }

  *#epoch(): IterableIterator<B, void> {
    for (const indices of this.#batches) {
      const batch = this.#ready(indices);
      if (batch !== undefined) {
        yield batch;
        continue;
      }
      const samples = indices.map((index) => this.dataset.at(index));
      if (samples.some((sample) => sample instanceof Promise)) {
        throw new ArgumentError("DataLoader: expected samples at hand, the dataset gives promises; write `for await (const batch of loader)`");
      }
      yield this.#join(samples as Awaited<T>[]);
    }
  }

  async *#asyncEpoch(): AsyncIterableIterator<Awaited<B>, void> {
    for (const indices of this.#batches) {
      yield await (this.#ready(indices) ?? this.#join(await Promise.all(indices.map((index) => this.dataset.at(index)))));
    }
  }

  /** The batch as the dataset itself makes it, if it can and may. */
  #ready(indices: readonly number[]): B | undefined {
    return this.#collate === undefined ? (this.dataset.batch?.(indices) as B | undefined) : undefined;
  }

  #join(samples: Awaited<T>[]): B {
    return this.#collate === undefined ? (collate(samples) as B) : this.#collate(samples);
  }
}
