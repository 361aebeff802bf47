/**
 * Batches of sequences of different lengths (`torch.nn.utils.rnn`): padded, as one tensor with a place for each step of the longest; or packed,
 * without those places, as recurrent layers read them.
 *
 * @module
 */
import type { DeviceLike, DType, Options, Tensor } from "@gradus/tensor-core";
import { ArgumentError, cat, full, joinOptions, optionsOf, pad, ShapeError, stack, tensor } from "@gradus/tensor-core";

/** Numbers of steps: plain ones, or a tensor of a device that can be read at once. */
export type Lengths = readonly number[] | Tensor;

/**
 * Sequences in one tensor without padding: the first step of all, then the second of all that have one, and so on. The longest stands first.
 *
 * Unlike torch: sizes and indices are plain numbers, because they say how to compute and are not computed with.
 *
 * @see torch.nn.utils.rnn.PackedSequence
 */
export class PackedSequence {
  constructor(
    /** `[sum of lengths, …]`. */
    readonly data: Tensor,
    /** How many sequences have a first step, a second one, …; never rising. */
    readonly batchSizes: readonly number[],
    /** Where each sequence stood before they were sorted by length; null if they were not. */
    readonly sortedIndices: readonly number[] | null = null,
  ) {
    if (batchSizes.some((size, step) => size > (batchSizes[step - 1] ?? Infinity))) throw new ArgumentError(`PackedSequence: expected batch sizes that do not rise, got [${batchSizes.join(", ")}]`);
    const rows = batchSizes.reduce((sum, size) => sum + size, 0);
    if (rows !== data.shape[0]) throw new ShapeError(`PackedSequence: expected a row of data for each step, got batch sizes for ${rows} and data of shape [${data.shape.join(", ")}]`);
  }

  /** Where each sequence stands now; null if they were not sorted. */
  get unsortedIndices(): readonly number[] | null {
    return this.sortedIndices === null ? null : inverse(this.sortedIndices);
  }

  /** How many steps each sequence has, in the order in which they were packed. */
  get lengths(): number[] {
    const sorted = Array.from({ length: this.batchSizes[0] ?? 0 }, (_, i) => this.batchSizes.filter((size) => size > i).length);
    return (this.unsortedIndices ?? [...sorted.keys()]).map((i) => sorted[i]!);
  }

  to(target: DType | DeviceLike): PackedSequence {
    return new PackedSequence(this.data.to(target), this.batchSizes, this.sortedIndices);
  }
}

const BatchFirstOption = class {
  /** Padded tensors are `[batch, steps, …]` and not `[steps, batch, …]`. */
  readonly batchFirst?: boolean;
};
export type BatchFirstOption = Options<typeof BatchFirstOption>;

const SortingOption = class {
  /** Whether the sequences must come sorted, the longest first. Otherwise they are sorted, and layers put their results back in order. */
  readonly enforceSorted?: boolean;
};
export type SortingOption = Options<typeof SortingOption>;

const PackPaddedOptions = /* @__PURE__ */ joinOptions(BatchFirstOption, SortingOption);
export type PackPaddedOptions = Options<typeof PackPaddedOptions>;

/**
 * Packs sequences that were padded.
 *
 * @param lengths - How many steps each sequence has, at least 1.
 * @throws {ArgumentError} if they do not fit, or must be sorted and are not.
 * @see torch.nn.utils.rnn.pack_padded_sequence
 * @example
 * const packed = utils.rnn.packPaddedSequence(tensor([[1, 2], [3, 0]]), [2, 1], { batchFirst: true });
 * [packed.data.toArraySync(), packed.batchSizes]; // [[1, 3, 2], [2, 1]]
 */
export function packPaddedSequence(input: Tensor, lengths: Lengths, options?: PackPaddedOptions): PackedSequence {
  const op = "packPaddedSequence";
  const { batchFirst = false, enforceSorted = true } = optionsOf(op, PackPaddedOptions, options);
  const [steps, batch] = paddedSizes(op, input, batchFirst);
  const given = plainLengths(op, lengths);
  if (given.length !== batch) throw new ArgumentError(`${op}: expected a length for each of ${batch} sequences, got ${given.length}`);
  if (given.some((length) => !Number.isInteger(length) || length < 1 || length > steps)) throw new ArgumentError(`${op}: expected lengths from 1 to ${steps}, got [${given.join(", ")}]`);
  const isSorted = given.every((length, i) => length <= (given[i - 1] ?? Infinity));
  if (enforceSorted && !isSorted) throw new ArgumentError(`${op}: expected lengths sorted in descending order, got [${given.join(", ")}]; sort them, or pass enforceSorted: false`);
  const order = [...given.keys()].sort((i, j) => given[j]! - given[i]!);
  const batchSizes = Array.from({ length: given[order[0] ?? 0] ?? 0 }, (_, step) => given.filter((length) => length > step).length);
  const rows = batchSizes.flatMap((size, step) => order.slice(0, size).map((i) => (batchFirst ? i * steps + step : step * batch + i)));
  return new PackedSequence(rowsOf(input.flatten(0, 1), rows), batchSizes, enforceSorted ? null : order);
}

const PadPackedOptions = class extends BatchFirstOption {
  /** What stands behind the end of a sequence. */
  readonly paddingValue?: number;
  /** How many steps the result has; those of the longest sequence unless given. */
  readonly totalLength?: number;
};
export type PadPackedOptions = Options<typeof PadPackedOptions>;

/**
 * The inverse of `packPaddedSequence`.
 *
 * @returns The padded sequences in the order in which they were packed, and their lengths.
 * @see torch.nn.utils.rnn.pad_packed_sequence
 * @example
 * const packed = utils.rnn.packSequence([tensor([1, 2, 3]), tensor([4])]);
 * const [padded, lengths] = utils.rnn.padPackedSequence(packed, { batchFirst: true });
 * [padded.toArraySync(), lengths]; // [[[1, 2, 3], [4, 0, 0]], [3, 1]]
 */
export function padPackedSequence(sequence: PackedSequence, options?: PadPackedOptions): [padded: Tensor, lengths: number[]] {
  const { batchFirst = false, paddingValue = 0, totalLength } = optionsOf("padPackedSequence", PadPackedOptions, options);
  const { data, batchSizes, lengths } = sequence;
  const steps = totalLength ?? batchSizes.length;
  if (steps < batchSizes.length) throw new ArgumentError(`padPackedSequence: expected a totalLength of at least the longest sequence's ${batchSizes.length}, got ${steps}`);
  const [rowCount, ...item] = data.shape as readonly [number, ...number[]];
  // One more row, for all places behind an end.
  const padded = cat([data, full([1, ...item], paddingValue, { dtype: data.dtype, device: data.device })], 0);
  const firstRows = batchSizes.map((_, step) => batchSizes.slice(0, step).reduce((sum, size) => sum + size, 0));
  const positions = sequence.unsortedIndices ?? [...lengths.keys()];
  const rowOf = (step: number, i: number): number => (step < lengths[i]! ? firstRows[step]! + positions[i]! : rowCount);
  const [outer, inner] = batchFirst ? [lengths.length, steps] : [steps, lengths.length];
  const rows = Array.from({ length: outer * inner }, (_, at) => (batchFirst ? rowOf(at % inner, Math.floor(at / inner)) : rowOf(Math.floor(at / inner), at % inner)));
  return [rowsOf(padded, rows).unflatten(0, [outer, inner]), lengths];
}

const PadSequenceOptions = class extends BatchFirstOption {
  readonly paddingValue?: number;
  /** On which side of a sequence the padding stands. */
  readonly paddingSide?: "left" | "right";
};
export type PadSequenceOptions = Options<typeof PadSequenceOptions>;

/**
 * Sequences `[steps, …]` of different lengths as one tensor.
 *
 * @see torch.nn.utils.rnn.pad_sequence
 * @example
 * utils.rnn.padSequence([tensor([1, 2, 3]), tensor([4])], { batchFirst: true }).toArraySync(); // [[1, 2, 3], [4, 0, 0]]
 */
export function padSequence(sequences: Iterable<Tensor>, options?: PadSequenceOptions): Tensor {
  const { batchFirst = false, paddingValue = 0, paddingSide = "right" } = optionsOf("padSequence", PadSequenceOptions, options);
  const list = [...sequences];
  if (list.length === 0 || list.some(({ ndim }) => ndim === 0)) throw new ArgumentError("padSequence: expected sequences with at least one dimension, got none or a tensor without");
  const steps = Math.max(...list.map(({ length }) => length));
  const filled = list.map((sequence) => {
    const missing = steps - sequence.length;
    const sides = paddingSide === "right" ? [0, missing] : [missing, 0];
    return pad(sequence, [...Array.from({ length: 2 * (sequence.ndim - 1) }, () => 0), ...sides], { value: paddingValue });
  });
  return stack(filled, batchFirst ? 0 : 1);
}

/** The inverse of `padSequence`: the sequences without their padding. @see torch.nn.utils.rnn.unpad_sequence */
export function unpadSequence(padded: Tensor, lengths: Lengths, options?: BatchFirstOption): Tensor[] {
  const { batchFirst = false } = optionsOf("unpadSequence", BatchFirstOption, options);
  paddedSizes("unpadSequence", padded, batchFirst);
  return plainLengths("unpadSequence", lengths).map((length, i) => padded.select(batchFirst ? 0 : 1, i).narrow(0, 0, length));
}

/** Packs sequences `[steps, …]` of different lengths. @see torch.nn.utils.rnn.pack_sequence */
export function packSequence(sequences: Iterable<Tensor>, options?: SortingOption): PackedSequence {
  const { enforceSorted = true } = optionsOf("packSequence", SortingOption, options);
  const list = [...sequences];
  return packPaddedSequence(padSequence(list), list.map(({ length }) => length), { enforceSorted });
}

/** The inverse of `packSequence`. @see torch.nn.utils.rnn.unpack_sequence */
export function unpackSequence(packed: PackedSequence): Tensor[] {
  return unpadSequence(...padPackedSequence(packed));
}

/** Rows of a tensor by plain numbers. */
export const rowsOf = (x: Tensor, rows: readonly number[]): Tensor => x.indexSelect(0, tensor([...rows], { dtype: "int64", device: x.device }));

/** The permutation that undoes one. */
function inverse(permutation: readonly number[]): number[] {
  const result: number[] = [];
  for (const [i, from] of permutation.entries()) result[from] = i;
  return result;
}

function paddedSizes(op: string, input: Tensor, batchFirst: boolean): [steps: number, batch: number] {
  const [first, second] = input.shape;
  if (first === undefined || second === undefined) throw new ShapeError(`${op}: expected a padded batch of at least 2 dimensions, got shape [${input.shape.join(", ")}]`);
  return batchFirst ? [second, first] : [first, second];
}

const plainLengths = (op: string, lengths: Lengths): number[] => {
  if (Array.isArray(lengths)) return [...(lengths as readonly number[])];
  const x = lengths as Tensor;
  if (x.ndim !== 1) throw new ShapeError(`${op}: expected lengths in one dimension, got shape [${x.shape.join(", ")}]`);
  return Array.from(x.readSync() as ArrayLike<number | bigint>, Number);
};
