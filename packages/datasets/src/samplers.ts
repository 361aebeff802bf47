import { ArgumentError, defaultGenerator, Generator, type Options, optionsOf } from "@gradus/tensor-core";

/**
 * An order in which to visit the samples of a dataset. Each iteration is an epoch and may give another order.
 *
 * @see torch.utils.data.Sampler
 */
export interface Sampler<T = number> extends Iterable<T> {
  /** How many items one iteration gives. */
  readonly length: number;
}

/** What a sampler visits: a dataset, a list, or how many items there are. */
export type Sized = number | { readonly length: number };

const lengthOf = (source: Sized): number => (typeof source === "number" ? source : source.length);

/**
 * 0, 1, 2 … length − 1.
 *
 * @see torch.utils.data.SequentialSampler
 * @example
 * [...new SequentialSampler(3)]; // [0, 1, 2]
 */
export class SequentialSampler implements Sampler {
  readonly #source: Sized;

  constructor(source: Sized) {
    this.#source = source;
  }

  get length(): number {
    return lengthOf(this.#source);
  }

  *[Symbol.iterator](): IterableIterator<number> {
    for (let i = 0; i < this.length; i++) yield i;
  }
}

export const RandomSamplerOptions = class {
  /** Whether a sample may come several times in an epoch; default false. */
  readonly replacement?: boolean;
  /** How many samples an epoch has; default as many as there are. Without replacement, all come once before any comes again. */
  readonly numSamples?: number;
  /** Default: each epoch starts a generator of its own, from a seed that the default generator draws. */
  readonly generator?: Generator | undefined;
};
export type RandomSamplerOptions = Options<typeof RandomSamplerOptions>;

/** Numbers are drawn in groups of this size, with replacement. */
const GROUP = 32;

/**
 * A new random order in each epoch.
 *
 * @throws {ArgumentError} if `numSamples` is no positive integer, or there is nothing to draw from.
 * @see torch.utils.data.RandomSampler
 * @example
 * [...new RandomSampler(5, { generator: new Generator(0) })]; // [4, 0, 1, 3, 2]
 */
export class RandomSampler implements Sampler {
  readonly #source: Sized;
  readonly #replacement: boolean;
  readonly #numSamples: number | undefined;
  readonly #generator: Generator | undefined;

  constructor(source: Sized, options?: RandomSamplerOptions) {
    const { replacement = false, numSamples, generator } = optionsOf(new.target.name, RandomSamplerOptions, options);
    if (numSamples !== undefined) checkCount("RandomSampler", numSamples);
    this.#source = source;
    this.#replacement = replacement;
    this.#numSamples = numSamples;
    this.#generator = generator;
  }

  get length(): number {
    return this.#numSamples ?? lengthOf(this.#source);
  }

  *[Symbol.iterator](): IterableIterator<number> {
    const total = lengthOf(this.#source);
    const { length } = this;
    if (total === 0 && length > 0) throw new ArgumentError(`RandomSampler: expected something to draw ${length} samples from, got an empty dataset`);
    const generator = this.#generator ?? new Generator(BigInt.asUintN(63, defaultGenerator().random64()));
    if (this.#replacement) {
      for (let given = 0; given < length; given += GROUP) yield* generator.randint(new Int32Array(Math.min(GROUP, length - given)), 0, total);
      return;
    }
    for (let whole = Math.floor(length / Math.max(total, 1)); whole > 0; whole--) yield* generator.randperm(total);
    // The rest, if there is one. PyTorch draws this order even if it needs nothing of it; without that the next epoch would differ from PyTorch's.
    yield* generator.randperm(total).subarray(0, total === 0 ? 0 : length % total);
  }
}

const SubsetRandomSamplerOptions = class {
  readonly generator?: Generator | undefined;
};
type SubsetRandomSamplerOptions = Options<typeof SubsetRandomSamplerOptions>;

/**
 * Some samples, in a new random order in each epoch.
 *
 * @see torch.utils.data.SubsetRandomSampler
 * @example
 * [...new SubsetRandomSampler([10, 20, 30], { generator: new Generator(0) })]; // [30, 10, 20]
 */
export class SubsetRandomSampler implements Sampler {
  readonly indices: readonly number[];
  readonly #generator: Generator | undefined;

  constructor(indices: Iterable<number>, options?: SubsetRandomSamplerOptions) {
    const { generator } = optionsOf(new.target.name, SubsetRandomSamplerOptions, options);
    this.indices = [...indices];
    this.#generator = generator;
  }

  get length(): number {
    return this.indices.length;
  }

  *[Symbol.iterator](): IterableIterator<number> {
    for (const place of (this.#generator ?? defaultGenerator()).randperm(this.indices.length)) yield this.indices[place]!;
  }
}

export const WeightedRandomSamplerOptions = class {
  /** Whether a sample may come several times in an epoch; default true. */
  readonly replacement?: boolean;
  readonly generator?: Generator | undefined;
};
export type WeightedRandomSamplerOptions = Options<typeof WeightedRandomSamplerOptions>;

/**
 * Draws sample i with a probability in proportion to `weights[i]`.
 *
 * @param weights - Not negative; their sum may be anything.
 * @throws {ArgumentError} if a weight is negative or no number, all are zero, or more samples are asked for than can come without replacement.
 * @see torch.utils.data.WeightedRandomSampler
 * @example
 * const sampler = new WeightedRandomSampler([0.1, 0.9, 0.4, 0.7, 3, 0.6], 5, { generator: new Generator(0) });
 * [...sampler]; // [5, 4, 4, 5, 4]
 */
export class WeightedRandomSampler implements Sampler {
  readonly weights: readonly number[];
  readonly #replacement: boolean;
  readonly #generator: Generator | undefined;

  constructor(
    weights: Iterable<number>,
    readonly length: number,
    options?: WeightedRandomSamplerOptions,
  ) {
    const { replacement = true, generator } = optionsOf(new.target.name, WeightedRandomSamplerOptions, options);
    checkCount("WeightedRandomSampler", length);
    this.weights = [...weights];
    const wrong = this.weights.find((weight) => !(weight >= 0 && weight < Infinity));
    if (wrong !== undefined) throw new ArgumentError(`WeightedRandomSampler: expected weights that are not negative, got ${wrong}`);
    const possible = this.weights.filter((weight) => weight > 0).length;
    if (possible === 0) throw new ArgumentError("WeightedRandomSampler: expected at least one weight above zero, got none");
    if (!replacement && length > possible) throw new ArgumentError(`WeightedRandomSampler: expected at most ${possible} samples without replacement, got ${length}`);
    this.#replacement = replacement;
    this.#generator = generator;
  }

  *[Symbol.iterator](): IterableIterator<number> {
    const generator = this.#generator ?? defaultGenerator();
    yield* this.#replacement ? this.#withReplacement(generator) : this.#withoutReplacement(generator);
  }

  /** Looks up uniform numbers in the cumulative distribution. */
  #withReplacement(generator: Generator): readonly number[] {
    let sum = 0;
    const cumulative = Float64Array.from(this.weights, (weight) => (sum += weight));
    for (let i = 0; i < cumulative.length; i++) cumulative[i]! /= sum;
    // Rounding may have left less.
    cumulative[cumulative.length - 1] = 1;
    return Array.from({ length: this.length }, () => {
      const draw = generator.uniformDouble();
      let [left, right] = [0, cumulative.length];
      while (left < right) {
        const middle = left + ((right - left) >> 1);
        if (cumulative[middle]! < draw) left = middle + 1;
        else right = middle;
      }
      return left;
    });
  }

  /** The largest of weight / e, with e from the exponential distribution: as if drawn one after another. */
  #withoutReplacement(generator: Generator): readonly number[] {
    const draws = generator.exponential(new Float64Array(this.weights.length));
    const scores = this.weights.map((weight, i) => weight / draws[i]!);
    return [...scores.keys()].sort((a, b) => scores[b]! - scores[a]!).slice(0, this.length);
  }
}

/**
 * Groups the items of another sampler.
 *
 * @see torch.utils.data.BatchSampler
 * @example
 * [...new BatchSampler(new SequentialSampler(5), 2, false)]; // [[0, 1], [2, 3], [4]]
 */
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
    yield* grouped(this.sampler, this.batchSize, this.dropLast);
  }
}

/** Items in groups of one size; the last may be smaller, or is left out. */
export function* grouped<T>(items: Iterable<T>, size: number, dropLast: boolean): IterableIterator<readonly T[]> {
  let group: T[] = [];
  for (const item of items) {
    group.push(item);
    if (group.length === size) {
      yield group;
      group = [];
    }
  }
  if (group.length > 0 && !dropLast) yield group;
}

function checkCount(op: string, count: number): void {
  if (!Number.isInteger(count) || count < 1) throw new ArgumentError(`${op}: expected a number of samples of at least 1, got ${count}`);
}
