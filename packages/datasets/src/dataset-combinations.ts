import { ArgumentError, ShapeError, type Tensor, tensor } from "@gradus/tensor-core";
import type { Collated } from "./collate.js";
import { checkIndex, type Dataset, type IterableDataset } from "./dataset.js";

/** A tensor for each tensor. */
type Rows<T extends readonly Tensor[]> = { -readonly [K in keyof T]: Tensor };

/**
 * Tensors with equally many rows; sample i is the i-th row of each.
 *
 * @throws {ShapeError} if the tensors differ in their first size, or one has no dimension.
 * @see torch.utils.data.TensorDataset
 * @example
 * const [x, y] = new TensorDataset(tensor([[1, 2], [3, 4]]), tensor([5n, 6n])).at(1);
 * [await x.toArray(), await y.item()]; // [[3, 4], 6]
 */
export class TensorDataset<const T extends readonly Tensor[]> implements Dataset<Rows<T>> {
  readonly tensors: T;
  readonly length: number;

  constructor(...tensors: T) {
    const [length] = tensors.map(({ shape }) => shape[0]);
    if (length === undefined || tensors.some(({ shape }) => shape[0] !== length)) {
      throw new ShapeError(`TensorDataset: expected tensors with equally many rows, got ${tensors.map(({ shape }) => `[${shape.join(", ")}]`).join(" and ") || "no tensor"}`);
    }
    this.tensors = tensors;
    this.length = length;
  }

  at(index: number): Rows<T> {
    checkIndex("TensorDataset.at", index, this.length);
    return this.tensors.map((x) => x.select(0, index)) as unknown as Rows<T>;
  }

  batch(indices: readonly number[]): Collated<Rows<T>> {
    for (const index of indices) checkIndex("TensorDataset.batch", index, this.length);
    const rows = Int32Array.from(indices);
    return this.tensors.map((x) => x.indexSelect(0, tensor(rows, { dtype: "int64", device: x.device }))) as unknown as Collated<Rows<T>>;
  }
}

/**
 * Datasets one after another.
 *
 * @throws {ArgumentError} if there is none.
 * @see torch.utils.data.ConcatDataset
 * @example
 * const squares: Dataset<number> = { length: 3, at: (i) => i * i };
 * const both = new ConcatDataset([squares, squares]);
 * [both.length, both.at(5)]; // [6, 4]
 */
export class ConcatDataset<T> implements Dataset<T> {
  readonly datasets: readonly Dataset<T>[];
  /** How many samples there are up to the end of each dataset. */
  readonly cumulativeSizes: readonly number[];

  constructor(datasets: Iterable<Dataset<T>>) {
    this.datasets = [...datasets];
    if (this.datasets.length === 0) throw new ArgumentError("ConcatDataset: expected at least one dataset, got none");
    let sum = 0;
    this.cumulativeSizes = this.datasets.map(({ length }) => (sum += length));
  }

  get length(): number {
    return this.cumulativeSizes.at(-1) ?? 0;
  }

  at(index: number): T {
    checkIndex("ConcatDataset.at", index, this.length);
    const which = this.cumulativeSizes.findIndex((end) => index < end);
    return this.datasets[which]!.at(index - (this.cumulativeSizes[which - 1] ?? 0));
  }
}

/**
 * The samples of another dataset, each as a function makes it: where transforms are put in.
 *
 * @example
 * const squares = new MappedDataset({ length: 3, at: (i) => i }, (i) => i * i);
 * squares.at(2); // 4
 */
export class MappedDataset<T, U> implements Dataset<U> {
  constructor(
    readonly dataset: Dataset<T>,
    readonly transform: (sample: T) => U,
  ) {}

  get length(): number {
    return this.dataset.length;
  }

  at(index: number): U {
    return this.transform(this.dataset.at(index));
  }
}

/**
 * Iterable datasets one after another.
 *
 * @see torch.utils.data.ChainDataset
 * @example
 * const loader = new DataLoader(new ChainDataset([["a", "b"], ["c"]]), { batchSize: 2 });
 * const batches: string[][] = [];
 * for await (const batch of loader) batches.push(batch);
 * batches; // [["a", "b"], ["c"]]
 */
export class ChainDataset<T> implements AsyncIterable<T> {
  readonly datasets: readonly IterableDataset<T>[];

  constructor(datasets: Iterable<IterableDataset<T>>) {
    this.datasets = [...datasets];
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<T> {
    for (const dataset of this.datasets) yield* dataset as AsyncIterable<T>;
  }
}
