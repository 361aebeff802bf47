import { ArgumentError } from "@gradus/tensor-core";
import type { Collated } from "./collate.js";
import { type RandomSource, generatorOf } from "./random-source.js";

/**
 * Samples that can be asked for by number. Anything with a `length` and an `at` is one.
 *
 * @see torch.utils.data.Dataset
 * @example
 * const squares: Dataset<number> = { length: 4, at: (i) => i * i };
 * squares.at(3); // 9
 */
export interface Dataset<T> {
  /** How many samples there are. */
  readonly length: number;
  /** Sample `index`, 0 ≤ index < length. It may be a promise; then loaders are iterated with `for await`. */
  at(index: number): T;
  /**
   * Several samples at once, equal to `collate(indices.map((i) => this.at(i)))` but cheaper. A loader prefers it unless it was
   * given a `collate` of its own.
   */
  batch?(indices: readonly number[]): Collated<T>;
}

/**
 * Samples that can only be gone through from the beginning: a stream, a file read line by line. Anything that can be iterated is one, also
 * with `for await`.
 *
 * @see torch.utils.data.IterableDataset
 * @example
 * const countdown: IterableDataset<number> = { *[Symbol.iterator]() { yield* [3, 2, 1]; } };
 * [...(countdown as Iterable<number>)]; // [3, 2, 1]
 */
export type IterableDataset<T> = Iterable<T> | AsyncIterable<T>;

/**
 * Some samples of another dataset, in a given order.
 *
 * @see torch.utils.data.Subset
 * @example
 * const squares: Dataset<number> = { length: 4, at: (i) => i * i };
 * new Subset(squares, [3, 1]).at(0); // 9
 */
export class Subset<T> implements Dataset<T> {
  readonly dataset: Dataset<T>;
  readonly indices: readonly number[];
  readonly batch?: (indices: readonly number[]) => Collated<T>;

  constructor(dataset: Dataset<T>, indices: Iterable<number>) {
    this.dataset = dataset;
    this.indices = [...indices];
    for (const index of this.indices) checkIndex("Subset", index, dataset.length);
    if (dataset.batch !== undefined) {
      const batch = dataset.batch.bind(dataset);
      this.batch = (positions) => batch(positions.map((position) => this.#indexAt(position)));
    }
  }

  get length(): number {
    return this.indices.length;
  }

  at(index: number): T {
    return this.dataset.at(this.#indexAt(index));
  }

  #indexAt(position: number): number {
    checkIndex("Subset.at", position, this.indices.length);
    return this.indices[position]!;
  }
}

/**
 * Divides a dataset at random into parts that do not overlap.
 *
 * @param lengths - How many samples each part gets; or fractions whose sum is 1, where what rounding leaves over goes to the first
 *   parts, one sample each.
 * @throws {ArgumentError} if the lengths do not add up.
 * @see torch.utils.data.random_split; the same seed gives the same parts
 * @example
 * const squares: Dataset<number> = { length: 10, at: (i) => i * i };
 * randomSplit(squares, [0.8, 0.2], { seed: 0 }).map((part) => part.length); // [8, 2]
 */
export function randomSplit<T>(dataset: Dataset<T>, lengths: readonly number[], random?: RandomSource): Subset<T>[] {
  const sizes = partSizes(dataset.length, lengths);
  const order = generatorOf("randomSplit", random).randperm(dataset.length);
  let end = 0;
  return sizes.map((size) => new Subset(dataset, order.subarray(end, (end += size))));
}

function partSizes(total: number, lengths: readonly number[]): readonly number[] {
  const sum = lengths.reduce((a, b) => a + b, 0);
  const valid = lengths.every((length) => length >= 0);
  if (valid && sum === total && lengths.every(Number.isInteger)) return lengths;
  if (!valid || Math.abs(sum - 1) > 1e-6) {
    throw new ArgumentError(`randomSplit: expected lengths with the sum ${total} or fractions with the sum 1, got ${lengths.join(" + ")} = ${sum}`);
  }
  const sizes = lengths.map((fraction) => Math.floor(total * fraction));
  const rest = total - sizes.reduce((a, b) => a + b, 0);
  for (let i = 0; i < rest; i++) sizes[i % sizes.length]!++;
  return sizes;
}

/** @throws {ArgumentError} if `index` is no sample of a dataset of this length. */
export function checkIndex(op: string, index: number, length: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= length) {
    throw new ArgumentError(`${op}: expected an integer from 0 to ${length - 1}, got ${index}`);
  }
}
