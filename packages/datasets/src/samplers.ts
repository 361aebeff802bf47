import { ArgumentError, defaultGenerator, Generator } from "@gradus/tensor-core";

/**
 * An order in which to visit the samples of a dataset. Each iteration is an epoch and may give another order.
 *
 * @see torch.utils.data.Sampler
 */
export interface Sampler<T = number> extends Iterable<T> {
  /** How many items one iteration gives. */
  readonly length: number;
}

/** 0, 1, 2 … length − 1. @see torch.utils.data.SequentialSampler */
export class SequentialSampler implements Sampler {
  constructor(readonly length: number) {}

  *[Symbol.iterator](): IterableIterator<number> {
    for (let i = 0; i < this.length; i++) yield i;
  }
}

/** A new random order in each epoch. @see torch.utils.data.RandomSampler */
export class RandomSampler implements Sampler {
  constructor(
    readonly length: number,
    readonly generator?: Generator,
  ) {}

  *[Symbol.iterator](): IterableIterator<number> {
    // Without a generator, each epoch starts one from a seed of 63 bits that the default generator draws.
    const generator = this.generator ?? new Generator(BigInt.asUintN(63, defaultGenerator().random64()));
    yield* generator.randperm(this.length);
    // PyTorch's sampler draws one order more, of which it uses nothing. Without it the second epoch would differ from PyTorch's.
    generator.randperm(this.length);
  }
}

/** Groups the items of another sampler. @see torch.utils.data.BatchSampler */
export class BatchSampler<T> implements Sampler<readonly T[]> {
  /** @param dropLast - Whether a last group with fewer than `batchSize` items is left out. */
  constructor(
    readonly sampler: Sampler<T>,
    readonly batchSize: number,
    readonly dropLast: boolean,
  ) {
    if (!Number.isInteger(batchSize) || batchSize < 1) throw new ArgumentError(`BatchSampler: expected a batch size of at least 1, got ${batchSize}`);
  }

  get length(): number {
    const batches = this.sampler.length / this.batchSize;
    return this.dropLast ? Math.floor(batches) : Math.ceil(batches);
  }

  *[Symbol.iterator](): IterableIterator<readonly T[]> {
    let batch: T[] = [];
    for (const item of this.sampler) {
      batch.push(item);
      if (batch.length === this.batchSize) {
        yield batch;
        batch = [];
      }
    }
    if (batch.length > 0 && !this.dropLast) yield batch;
  }
}

