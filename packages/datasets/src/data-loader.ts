import { ArgumentError, defaultGenerator, type Generator, type Options, optionsOf } from "@gradus/tensor-core";
import { collate, type Collated } from "./collate.js";
import type { Dataset, IterableDataset } from "./dataset.js";
import { type RandomSource, requestedGenerator } from "./random-source.js";
import { BatchSampler, grouped, RandomSampler, type Sampler, SequentialSampler } from "./samplers.js";
import { type WorkerLike, WorkerPool } from "./worker-pool.js";

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the type of that name has both
export const DataLoaderOptions = class<T, B> implements RandomSource {
  /** Samples in a batch; default 1. Null gives the samples themselves, one by one. */
  readonly batchSize?: number | null;
  /** Whether each epoch visits the samples in a new random order; default false. */
  readonly shuffle?: boolean;
  /** An order of one's own, instead of `shuffle`. */
  readonly sampler?: Sampler;
  /** Batches of one's own, instead of `batchSize`, `shuffle`, `sampler` and `dropLast`. */
  readonly batchSampler?: Sampler<readonly number[]>;
  /** Whether a last batch that is not full is left out; default false. */
  readonly dropLast?: boolean;
  /** Makes a batch of samples; default {@link collate}. */
  readonly collate?: (samples: Awaited<T>[]) => B;
  /** How many threads load samples; default 0, this one. The loader is then iterated with `for await`. */
  readonly numWorkers?: number;
  /**
   * Starts a thread that serves the dataset with `serveDataset` of `@gradus/datasets/worker`:
   * `() => new Worker(new URL("./my-worker.js", import.meta.url), { type: "module" })`, with Node's `Worker` or the browser's.
   */
  readonly worker?: (id: number) => WorkerLike;
  /** How many batches are loaded ahead, for each worker; default 2 with workers, else 0. Takes effect with `for await`. */
  readonly prefetchFactor?: number;
  /** Whether the threads outlive an epoch; default false. Then `close()` ends them. */
  readonly persistentWorkers?: boolean;
  readonly generator?: Generator;
  readonly seed?: number | bigint;
};
export type DataLoaderOptions<T, B> = Options<typeof DataLoaderOptions<T, B>>;

/** Where in which order a loader is. */
export interface DataLoaderState {
  /** How many batches of the present epoch have been given; null between epochs. */
  readonly batches: number | null;
  /** The state of the loader's own generator: when the present epoch began, or now. Null if it has none. */
  readonly generator: Uint8Array | null;
  /** The state of the default generator when the present epoch began; null between epochs. */
  readonly random: Uint8Array | null;
}

/** What an epoch goes through: batches of indices, or of samples. */
type Step = { readonly indices: readonly number[] } | { readonly samples: readonly unknown[] };

interface Epoch {
  readonly steps: Iterator<Step, void> | AsyncIterator<Step, void>;
  /** A seed that PyTorch draws for its workers at the start of each epoch, before the order. */
  readonly baseSeed: bigint;
  readonly start: { readonly generator: Uint8Array | null; readonly random: Uint8Array };
  given: number;
}

/**
 * Goes through a dataset in batches; each iteration is one epoch.
 *
 * ```ts
 * for (const [images, labels] of loader) { … }        // samples at hand
 * for await (const [images, labels] of loader) { … }  // also samples that are promises, streams, workers
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
  readonly dataset: Dataset<T> | IterableDataset<T>;
  readonly #batches: Sampler<readonly number[]> | null;
  readonly #groupSize: number;
  readonly #dropLast: boolean;
  readonly #isBatched: boolean;
  readonly #generator: Generator | undefined;
  readonly #collate: ((samples: Awaited<T>[]) => B) | undefined;
  readonly #ahead: number;
  readonly #persistent: boolean;
  readonly #startPool: (() => WorkerPool) | null;
  #pool: WorkerPool | null = null;
  #epoch: Epoch | null = null;
  #resume: DataLoaderState | null = null;

  /** @throws {ArgumentError} if the batch size is no positive integer, or options exclude each other. */
  constructor(dataset: Dataset<T> | IterableDataset<T>, options?: DataLoaderOptions<T, B>) {
    const given = optionsOf(new.target.name, DataLoaderOptions<T, B>, options);
    checkOptions(dataset, given);
    const { batchSize = 1, shuffle = false, sampler, batchSampler, dropLast = false, numWorkers = 0, worker, persistentWorkers = false } = given;
    const generator = requestedGenerator("DataLoader", given);
    this.dataset = dataset;
    this.#groupSize = batchSize ?? 1;
    this.#dropLast = dropLast;
    this.#isBatched = batchSize !== null;
    if (isMapStyle(dataset)) {
      const order = sampler ?? (shuffle ? new RandomSampler(dataset, { generator }) : new SequentialSampler(dataset));
      this.#batches = batchSampler ?? new BatchSampler(order, this.#groupSize, dropLast);
    } else {
      this.#batches = null;
      // For its check of the size.
      new BatchSampler(new SequentialSampler(0), this.#groupSize, dropLast);
    }
    this.#generator = generator;
    this.#collate = given.collate;
    this.#persistent = persistentWorkers;
    const { prefetchFactor = numWorkers > 0 ? 2 : 0 } = given;
    this.#ahead = numWorkers > 0 ? Math.max(1, numWorkers * prefetchFactor) : 1 + prefetchFactor;
    this.#startPool = worker === undefined ? null : () => new WorkerPool(numWorkers, worker);
  }

  /**
   * How many batches an epoch has.
   *
   * @throws {ArgumentError} for an iterable dataset, which has no length.
   */
  get length(): number {
    if (this.#batches === null) throw new ArgumentError("DataLoader.length: expected a dataset with a length, got an iterable one, whose end shows when it is reached");
    return this.#batches.length;
  }

  /** @throws {ArgumentError} at the first batch if samples are promises, or workers make them. */
  [Symbol.iterator](): IterableIterator<B, void> {
    const epoch = this.#begin();
    return this.#run(epoch);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Awaited<B>, void> {
    const epoch = this.#begin();
    return this.#runAsync(epoch);
  }

  /**
   * Where the loader is: what a checkpoint needs so that a later run goes on with the next batch. Batches that were loaded ahead but not
   * given do not count.
   */
  stateDict(): DataLoaderState {
    if (this.#resume !== null) return this.#resume;
    if (this.#epoch === null) return { batches: null, generator: this.#generator?.getState() ?? null, random: null };
    return { batches: this.#epoch.given, ...this.#epoch.start };
  }

  /**
   * Goes on where another loader with the same dataset and options was: the next iteration gives the rest of its epoch. Batches that
   * were given are skipped without loading them, except of an iterable dataset.
   *
   * @throws {ArgumentError} if the state is none of `stateDict()`, or of a loader with other options.
   */
  loadStateDict(state: DataLoaderState): void {
    const { batches, generator, random } = state;
    const isEpoch = batches === null ? random === null : Number.isInteger(batches) && batches >= 0 && random instanceof Uint8Array;
    if (!isEpoch || !(generator === null || generator instanceof Uint8Array)) throw new ArgumentError("DataLoader.loadStateDict: expected the state of a loader, got something else; pass what stateDict() returned");
    if ((generator === null) !== (this.#generator === undefined)) {
      throw new ArgumentError("DataLoader.loadStateDict: expected the state of a loader with the same options, got one that differs in having a generator or seed of its own");
    }
    if (generator !== null) this.#generator?.setState(generator);
    this.#resume = batches === null ? null : state;
    this.#epoch = null;
  }

  /** Ends the threads that outlived an epoch. */
  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = null;
    await pool?.close();
  }

  /** Starts an epoch, or goes on with the one that was interrupted. */
  #begin(): Epoch {
    const resume = this.#resume;
    this.#resume = null;
    if (resume?.random == null || resume.batches === null) return (this.#epoch = this.#start());
    // The order of that epoch is drawn again from where it was drawn first; what else draws from the default generator does not notice.
    const present = defaultGenerator().getState();
    try {
      defaultGenerator().setState(resume.random);
      if (resume.generator !== null) this.#generator?.setState(resume.generator);
      const epoch = this.#start();
      if (this.#batches !== null) for (; epoch.given < resume.batches; epoch.given++) (epoch.steps as Iterator<Step, void>).next();
      else epoch.given = resume.batches;
      return (this.#epoch = epoch);
    } finally {
      defaultGenerator().setState(present);
    }
  }

  #start(): Epoch {
    const start = { generator: this.#generator?.getState() ?? null, random: defaultGenerator().getState() };
    const baseSeed = (this.#generator ?? defaultGenerator()).random64();
    return { steps: this.#steps(), baseSeed, start, given: 0 };
  }

  #steps(): Iterator<Step, void> | AsyncIterator<Step, void> {
    if (this.#batches !== null) return indexSteps(this.#batches);
    const dataset = this.dataset as IterableDataset<T>;
    if (Symbol.iterator in dataset) return sampleSteps(dataset, this.#groupSize, this.#dropLast);
    return asyncSampleSteps(dataset, this.#groupSize, this.#dropLast);
  }

  *#run(epoch: Epoch): IterableIterator<B, void> {
    if (this.#startPool !== null) throw new ArgumentError("DataLoader: expected `for await (const batch of loader)`, since workers load the samples, got a loop without await");
    if (this.#batches === null && !(Symbol.iterator in this.dataset)) throw new ArgumentError("DataLoader: expected `for await (const batch of loader)`, since the dataset is asynchronous, got a loop without await");
    const steps = epoch.steps as Iterator<Step, void>;
    try {
      this.#skip(epoch, steps);
      for (let step = steps.next(); step.done !== true; step = steps.next()) {
        const batch = this.#ready(step.value) ?? this.#join(this.#samplesAtHand(step.value));
        epoch.given++;
        yield batch;
      }
    } finally {
      this.#end(epoch);
    }
  }

  async *#runAsync(epoch: Epoch): AsyncIterableIterator<Awaited<B>, void> {
    const { steps } = epoch;
    const waiting: Promise<B>[] = [];
    let isOver = false;
    const pool = this.#startPool === null ? null : (this.#pool ??= this.#startPool());
    try {
      pool?.begin(epoch.baseSeed);
      if (this.#batches === null) for (let skipped = 0; skipped < epoch.given; skipped++) await steps.next();
      for (;;) {
        while (!isOver && waiting.length < this.#ahead) {
          const step = await steps.next();
          if (step.done === true) isOver = true;
          else {
            const batch = this.#load(step.value, pool);
            // It is awaited later; until then its failure is nobody's.
            batch.catch(() => undefined);
            waiting.push(batch);
          }
        }
        const next = waiting.shift();
        if (next === undefined) break;
        const batch = await next;
        epoch.given++;
        yield batch;
      }
    } finally {
      this.#end(epoch);
      if (pool !== null && !this.#persistent) await this.close();
    }
  }

  /** What an iterable dataset has given already. */
  #skip(epoch: Epoch, steps: Iterator<Step, void>): void {
    if (this.#batches === null) for (let skipped = 0; skipped < epoch.given; skipped++) steps.next();
  }

  #end(epoch: Epoch): void {
    if (this.#epoch === epoch) this.#epoch = null;
  }

  async #load(step: Step, pool: WorkerPool | null): Promise<B> {
    if (pool !== null && "indices" in step) {
      const answer = await pool.load(step.indices, this.#collate === undefined && this.#isBatched);
      return answer.isBatch ? (answer.content as B) : this.#join(answer.content as Awaited<T>[]);
    }
    return this.#ready(step) ?? this.#join(await Promise.all("indices" in step ? step.indices.map((index) => this.#map.at(index)) : (step.samples as T[])));
  }

  get #map(): Dataset<T> {
    return this.dataset as Dataset<T>;
  }

  #samplesAtHand(step: Step): Awaited<T>[] {
    const samples = "indices" in step ? step.indices.map((index) => this.#map.at(index)) : step.samples;
    if (samples.some((sample) => sample instanceof Promise)) {
      throw new ArgumentError("DataLoader: expected samples at hand, the dataset gives promises; write `for await (const batch of loader)`");
    }
    return samples as Awaited<T>[];
  }

  /** The batch as the dataset itself makes it, if it can and may. */
  #ready(step: Step): B | undefined {
    if (!("indices" in step) || this.#collate !== undefined || !this.#isBatched) return undefined;
    return this.#map.batch?.(step.indices) as B | undefined;
  }

  #join(samples: Awaited<T>[]): B {
    if (this.#collate !== undefined) return this.#collate(samples);
    return this.#isBatched ? (collate(samples) as B) : (samples[0] as B);
  }
}

const isMapStyle = <T>(dataset: Dataset<T> | IterableDataset<T>): dataset is Dataset<T> => "at" in dataset && "length" in dataset;

function* indexSteps(batches: Iterable<readonly number[]>): Iterator<Step, void> {
  for (const indices of batches) yield { indices };
}

function* sampleSteps(items: Iterable<unknown>, size: number, dropLast: boolean): Iterator<Step, void> {
  for (const samples of grouped(items, size, dropLast)) yield { samples };
}

async function* asyncSampleSteps(items: AsyncIterable<unknown>, size: number, dropLast: boolean): AsyncIterator<Step, void> {
  let samples: unknown[] = [];
  for await (const item of items) {
    samples.push(item);
    if (samples.length === size) {
      yield { samples };
      samples = [];
    }
  }
  if (samples.length > 0 && !dropLast) yield { samples };
}

/** @throws {ArgumentError} on options that exclude each other. */
function checkOptions<T, B>(dataset: Dataset<T> | IterableDataset<T>, options: DataLoaderOptions<T, B>): void {
  const { batchSize, shuffle = false, sampler, batchSampler, dropLast = false, numWorkers = 0, worker, prefetchFactor = 0 } = options;
  const refuse = (expected: string, found: string, remedy: string) => new ArgumentError(`DataLoader: expected ${expected}, got ${found}; ${remedy}`);
  if (shuffle && sampler !== undefined) throw refuse("shuffle or a sampler", "both", "leave one out");
  if (batchSampler !== undefined && (batchSize !== undefined || shuffle || sampler !== undefined || dropLast)) {
    throw refuse("a batchSampler alone", "it with batchSize, shuffle, sampler or dropLast", "leave those out");
  }
  if (batchSize === null && dropLast) throw refuse("dropLast with batches", "it with batchSize null", "leave it out");
  if (!isMapStyle(dataset)) {
    if (shuffle || sampler !== undefined || batchSampler !== undefined) throw refuse("an iterable dataset in its own order", "shuffle or a sampler", "shuffle inside of it, or give the dataset a length and an at");
    if (numWorkers > 0) throw refuse("a dataset with a length and an at for workers", "an iterable one", "leave numWorkers out");
  }
  for (const [name, count] of Object.entries({ numWorkers, prefetchFactor })) if (!Number.isInteger(count) || count < 0) throw refuse(`${name} of at least 0`, String(count), "pass an integer");
  if (numWorkers > 0 !== (worker !== undefined)) throw refuse("numWorkers and worker together", "one of them", "JavaScript's threads load a file of their own: pass worker: () => new Worker(…)");
}
