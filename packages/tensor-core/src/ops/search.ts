import { dtypeInfo } from "@gradus/kernel-ir";
import { canReadAtOnce } from "../awaited-reads.js";
import { ArgumentError, DeviceError, DTypeError, ShapeError } from "../errors.js";
import type { Operand } from "../kernels/elementwise.js";
import { KernelOp } from "../kernels/kernel-op.js";
import type { KernelOperand } from "../kernels/kernel-op.js";
import { emptyLike } from "../kernels/rows.js";
import { optionsOf } from "../options.js";
import type { Options } from "../options.js";
import { resultType } from "../promotion.js";
import { numelOf, resolveDim, showShape } from "../shape.js";
import { checkSameDevice, Tensor } from "../tensor.js";
import type { TypedArray } from "../typed-array.js";
import { toDType } from "./copy.js";
import { clampMax, clone, div, eq, fill, ge, le, logicalAnd, logicalNot, sub, where } from "./elementwise.js";
import { gather, indexSelect, scatterAdd } from "./index-ops.js";
import { sort } from "./sort.js";
import { contiguous, narrow, reshape, slice, transpose } from "./view.js";
import { newFull, newOnes, newTensor, newZeros } from "../create.js";
import { getItem } from "./indexing.js";
import { max, min, sum } from "./reduce.js";

/** Finding values: in sorted sequences, among others, and which of them there are at all. */

/**
 * Where a value belongs in a sorted row: a binary search without branches (Shar's, in Knuth, The Art of Computer Programming 3, §6.2.1).
 * `steps` halvings are enough for a row of fewer than 2^steps elements. Scalars are the length of the row and the distance of its elements.
 */
function searchKernel(steps: number, right: boolean): KernelOp {
  return new KernelOp({
    name: "searchsorted",
    build: (b) => {
      const { k } = b;
      const value = b.input(1, b.compute);
      const [length, stride] = [b.scalar(0, "int32"), b.scalar(1, "int32")];
      // As everywhere in sorting, NaN is larger than every number.
      const isFloat = b.compute === "float32" || b.compute === "float64";
      let count = k.int(0);
      for (let step = 2 ** (steps - 1); step >= 1; step /= 2) {
        const next = k.add(count, k.int(step));
        const element = k.cast(b.inputAt(0, k.mul(k.sub(k.min(next, length), k.int(1)), stride)), b.compute);
        const isBefore = right ? k.le(element, value) : k.lt(element, value);
        count = k.select(k.and(k.le(next, length), isFloat ? k.or(isBefore, k.isNaN(value)) : isBefore), next, count);
      }
      b.store(0, count);
    },
  });
}
const searchKernels = /* @__PURE__ */ new Map<string, KernelOp>();

export const BucketizeOptions = class {
  /** Positions as int32 instead of int64. */
  readonly outInt32?: boolean;
  /** Behind equal elements instead of before them. */
  readonly right?: boolean;
};
export type BucketizeOptions = Options<typeof BucketizeOptions>;

export const SearchsortedOptions = class extends BucketizeOptions {
  /** The same as `right`, in words. */
  readonly side?: "left" | "right";
  /** The order that sorts the sequence, if it is not sorted: what `argsort` gives. */
  readonly sorter?: Tensor;
};
export type SearchsortedOptions = Options<typeof SearchsortedOptions>;

/**
 * Where each value belongs in a sorted sequence, so that it stays sorted.
 *
 * @param sequence - `[n]`, or `[…, n]` for values `[…, m]`: each row has its own.
 * @param values - Of any shape for one sequence; or a number.
 * @returns Positions from 0 to n, in the shape of the values, int64.
 * @see torch.searchsorted
 * @example
 * searchsorted(tensor([1, 3, 5]), tensor([0, 3, 9])).toArraySync(); // [0, 1, 3]
 */
export function searchsorted(sequence: Tensor, values: Operand, options?: SearchsortedOptions): Tensor {
  return search("searchsorted", sequence, values, optionsOf("searchsorted", SearchsortedOptions, options));
}

/** Which bucket each value falls into, where sorted boundaries divide them: `searchsorted` with its arguments exchanged. @see torch.bucketize */
export function bucketize(values: Operand, boundaries: Tensor, options?: BucketizeOptions): Tensor {
  const given = optionsOf("bucketize", BucketizeOptions, options);
  if (boundaries.ndim !== 1) throw new ShapeError(`bucketize: expected boundaries in one dimension, got shape ${showShape(boundaries.shape)}`);
  return search("bucketize", boundaries, values, given);
}

function search(op: string, sequence: Tensor, values: Operand, { outInt32 = false, right = false, side, sorter }: SearchsortedOptions): Tensor {
  sequence.checkUsable(op);
  if (!["left", "right", undefined].includes(side)) throw new ArgumentError(`${op}: expected side "left" or "right", got "${String(side)}"`);
  if (side === "left" && right) throw new ArgumentError(`${op}: expected side and right to agree, got "left" and true`);
  const wanted = values instanceof Tensor ? values : newTensor(sequence, values, { dtype: resultType(sequence, values) });
  checkSameDevice(op, [sequence, wanted, ...(sorter === undefined ? [] : [sorter])]);
  if (sequence.ndim === 0) throw new ShapeError(`${op}: expected a sequence with a dimension, got a scalar`);
  const lead = sequence.shape.slice(0, -1);
  if (sequence.ndim > 1 && (wanted.ndim !== sequence.ndim || lead.some((size, d) => size !== wanted.shape[d]))) {
    throw new ShapeError(`${op}: expected a sequence of one dimension, or the same leading dimensions for both, got ${showShape(sequence.shape)} and ${showShape(wanted.shape)}`);
  }
  if (sorter !== undefined && (sorter.dtype !== "int64" || showShape(sorter.shape) !== showShape(sequence.shape))) {
    throw new ShapeError(`${op}: expected a sorter of int64 and shape ${showShape(sequence.shape)}, got ${sorter.dtype} of shape ${showShape(sorter.shape)}`);
  }
  const ordered = sorter === undefined ? sequence.detach() : gather(sequence.detach(), -1, sorter);
  const length = sequence.shape.at(-1)!;
  const result = emptyLike(sequence, wanted.shape, outInt32 ? "int32" : "int64");
  if (result.numel() === 0 || length === 0) return fill.inPlace(result, 0);
  const compare = dtypeInfo[resultType(sequence, wanted)].compute;
  const steps = Math.max(1, Math.ceil(Math.log2(length + 1)));
  const after = right || side === "right";
  const key = `${steps} ${after}`;
  let kernel = searchKernels.get(key);
  if (kernel === undefined) {
    kernel = searchKernel(steps, after);
    searchKernels.set(key, kernel);
  }
  const strides = sequence.ndim === 1 ? wanted.shape.map(() => 0) : [...ordered.layout.strides.slice(0, -1), 0];
  const operand = (t: Tensor, own: readonly number[] = t.layout.strides): KernelOperand => ({ storage: t.elements, offset: t.layout.offset, strides: own });
  kernel.run(sequence.device, { outer: wanted.shape, inner: [] }, [operand(ordered, strides), operand(wanted)], [operand(result)], compare, [length, ordered.layout.strides.at(-1)!]);
  return result;
}

export const IsinOptions = class {
  /** PyTorch's hint that elements do not repeat; it makes no difference here. */
  readonly assumeUnique?: boolean;
  /** Whether an element is not among the others. */
  readonly invert?: boolean;
};
export type IsinOptions = Options<typeof IsinOptions>;

/**
 * Whether each element is among others, as bool.
 *
 * @see torch.isin
 * @example
 * isin(tensor([1, 2, 3]), tensor([3, 1])).toArraySync(); // [true, false, true]
 */
export function isin(elements: Operand, testElements: Operand, options?: IsinOptions): Tensor {
  const { invert = false } = optionsOf("isin", IsinOptions, options);
  const model = elements instanceof Tensor ? elements : testElements;
  if (!(model instanceof Tensor)) throw new ArgumentError(`isin: expected a tensor among its arguments, got ${String(elements)} and ${String(testElements)}`);
  const dtype = resultType(elements, testElements);
  const asTensor = (x: Operand): Tensor => (x instanceof Tensor ? toDType(x.detach(), dtype) : newTensor(model, x, { dtype }));
  const [wanted, pool] = [asTensor(elements), reshape(asTensor(testElements), [-1])];
  if (pool.numel() === 0) return newFull(wanted, wanted.shape, invert, { dtype: "bool" });
  const { values } = sort(pool.dtype === "bool" ? toDType(pool, "uint8") : pool);
  const target = wanted.dtype === "bool" ? toDType(wanted, "uint8") : wanted;
  const at = clampMax(search("isin", values, target, {}), values.numel() - 1);
  const found = eq(reshape(indexSelect(values, 0, reshape(at, [-1])), target.shape), target);
  return invert ? logicalNot(found) : found;
}

// Which values there are: how many is only known when they are read

export const UniqueConsecutiveOptions = class {
  /** Also give where each element of the input is found in the result. */
  readonly returnInverse?: boolean;
  /** Also give how often each value occurs. */
  readonly returnCounts?: boolean;
  /** Compare the slices along a dimension instead of single elements. */
  readonly dim?: number;
};
export type UniqueConsecutiveOptions = Options<typeof UniqueConsecutiveOptions>;

export const UniqueOptions = class extends UniqueConsecutiveOptions {
  /** Accepted for PyTorch's sake: the values are always sorted. */
  readonly sorted?: boolean;
};
export type UniqueOptions = Options<typeof UniqueOptions>;

/** What `unique` gives when it is asked for more than the values: with what it was asked for. */
export interface Unique {
  readonly output: Tensor;
  readonly inverse?: Tensor;
  readonly counts?: Tensor;
}

interface WithInverse { readonly returnInverse: true }
interface WithCounts { readonly returnCounts: true }

/**
 * The different values, sorted; or the different slices along a dimension. Needs a device that can be read at once.
 *
 * @see torch.unique
 * @example
 * unique(tensor([2, 1, 2])).toArraySync(); // [1, 2]
 * unique(tensor([2, 1, 2]), { returnCounts: true }).counts.toArraySync(); // [1, 2]
 */
export function unique(x: Tensor, options: WithInverse & WithCounts & UniqueOptions): Required<Unique>;
export function unique(x: Tensor, options: WithInverse & UniqueOptions): Pick<Required<Unique>, "output" | "inverse">;
export function unique(x: Tensor, options: WithCounts & UniqueOptions): Pick<Required<Unique>, "output" | "counts">;
export function unique(x: Tensor, options?: UniqueOptions): Tensor;
export function unique(x: Tensor, options?: UniqueOptions): Tensor | Unique {
  return distinct("unique", x, optionsOf("unique", UniqueOptions, options), (rows) => Array.from({ length: rows.count }, (_, i) => i).sort((a, b) => rows.compare(a, b) || a - b));
}

/** The values without those that equal the one before; or slices along a dimension. Needs a device that can be read at once. @see torch.unique_consecutive */
export function uniqueConsecutive(x: Tensor, options: WithInverse & WithCounts & UniqueConsecutiveOptions): Required<Unique>;
export function uniqueConsecutive(x: Tensor, options: WithInverse & UniqueConsecutiveOptions): Pick<Required<Unique>, "output" | "inverse">;
export function uniqueConsecutive(x: Tensor, options: WithCounts & UniqueConsecutiveOptions): Pick<Required<Unique>, "output" | "counts">;
export function uniqueConsecutive(x: Tensor, options?: UniqueConsecutiveOptions): Tensor;
export function uniqueConsecutive(x: Tensor, options?: UniqueConsecutiveOptions): Tensor | Unique {
  return distinct("uniqueConsecutive", x, optionsOf("uniqueConsecutive", UniqueConsecutiveOptions, options), (rows) => Array.from({ length: rows.count }, (_, i) => i));
}

/** Slices along a dimension, on the host: what can be compared. */
interface HostRows {
  readonly count: number;
  /** Negative, 0 or positive, as for `sort`; NaN comes last and equals nothing, not even itself. */
  compare(a: number, b: number): number;
}

function hostRows(values: TypedArray, count: number, width: number): HostRows {
  const data = values as ArrayLike<number>;
  return {
    count,
    compare: (a, b) => {
      for (let i = 0; i < width; i++) {
        const [left, right] = [data[a * width + i]!, data[b * width + i]!];
        if (left === right) continue;
        if (left < right) return -1;
        if (left > right) return 1;
        // One of them is NaN, which bigints are not.
        return Number.isNaN(right) ? -1 : 1;
      }
      return 0;
    },
  };
}

function distinct(op: string, x: Tensor, { returnInverse = false, returnCounts = false, dim }: UniqueConsecutiveOptions, orderOf: (rows: HostRows) => readonly number[]): Tensor | Unique {
  if (!canReadAtOnce(x.device)) {
    throw new DeviceError(`${op}: expected a device that can read at once, because the size of the result depends on values, got "${x.device.name}"; use \`await awaitReads(() => …)\``);
  }
  const d = dim === undefined ? null : resolveDim(op, dim, x.ndim);
  const source = x.detach();
  // Slices first, each of them one row.
  const first = d === null ? reshape(source, [-1]) : source.ndim === 0 ? reshape(source, [1]) : transpose(source, 0, d);
  const count = first.shape[0]!;
  const width = numelOf(first.shape.slice(1));
  if (count > 0 && width === 0 && d !== null) throw new ShapeError(`${op}: expected slices with elements, got shape ${showShape(x.shape)} along dimension ${d}`);
  const rows = hostRows(first.readSync(), count, width);
  const order = orderOf(rows);
  const firsts: number[] = [];
  const counts: number[] = [];
  const inverse = new BigInt64Array(count);
  order.forEach((row, i) => {
    if (i === 0 || rows.compare(order[i - 1]!, row) !== 0) {
      firsts.push(row);
      counts.push(0);
    }
    counts[counts.length - 1]!++;
    inverse[row] = BigInt(firsts.length - 1);
  });
  const chosen = indexSelect(first, 0, newTensor(x, BigInt64Array.from(firsts, BigInt)));
  const output = d === null || source.ndim === 0 ? chosen : contiguous(transpose(chosen, 0, d));
  if (!returnInverse && !returnCounts) return output;
  return {
    output,
    ...(returnInverse ? { inverse: reshape(newTensor(x, inverse), d === null ? x.shape : [count]) } : {}),
    ...(returnCounts ? { counts: newTensor(x, BigInt64Array.from(counts, BigInt)) } : {}),
  };
}

// Histograms

export const HistogramOptions = class {
  /** The ends of the bins; those of the values if absent. */
  readonly range?: readonly [low: number, high: number];
  /** How much each value counts. */
  readonly weight?: Tensor;
  /** Divide by the sum and the widths of the bins, so that the integral is 1. */
  readonly density?: boolean;
};
export type HistogramOptions = Options<typeof HistogramOptions>;

/** What `histogram` gives. */
export interface Histogram {
  readonly hist: Tensor;
  readonly binEdges: Tensor;
}

/**
 * How many values fall into each bin. Bins contain their lower end, the last one its upper end too; values outside do not count.
 *
 * @param bins - Number of bins of equal width, or their edges in ascending order.
 * @see torch.histogram
 * @example
 * histogram(tensor([1, 2, 1]), 4, { range: [0, 3] }).hist.toArraySync(); // [0, 2, 1, 0]
 */
export function histogram(x: Tensor, bins: number | readonly number[] | Tensor, options?: HistogramOptions): Histogram {
  const op = "histogram";
  const { range, weight, density = false } = optionsOf(op, HistogramOptions, options);
  if (!x.isFloatingPoint()) throw new DTypeError(`${op}: expected a floating tensor, got ${x.dtype}; convert it with to("float32")`);
  if (weight !== undefined && (weight.dtype !== x.dtype || showShape(weight.shape) !== showShape(x.shape))) {
    throw new ShapeError(`${op}: expected weights of ${x.dtype} and shape ${showShape(x.shape)}, got ${weight.dtype} of shape ${showShape(weight.shape)}`);
  }
  const values = reshape(x.detach(), [-1]);
  const binEdges = edgesOf(op, values, bins, range);
  const count = binEdges.numel() - 1;
  const last = getItem(binEdges, [-1]);
  const inside = logicalAnd(ge(values, getItem(binEdges, [0])), le(values, last));
  const place = where(inside, clampMax(sub(search(op, binEdges, values, { right: true }), 1), count - 1), count);
  const counted = (weight === undefined ? newOnes(values, values.shape) : reshape(weight.detach(), [-1]));
  // One bin more, for what falls outside.
  const hist = clone(narrow(scatterAdd(newZeros(values, [count + 1]), 0, toDType(place, "int64"), counted), 0, 0, count));
  return { hist: density ? div(div(hist, sum(hist)), sub(slice(binEdges, 0, 1), slice(binEdges, 0, 0, -1))) : hist, binEdges };
}

function edgesOf(op: string, values: Tensor, bins: number | readonly number[] | Tensor, range: readonly [number, number] | undefined): Tensor {
  if (typeof bins !== "number") {
    const edges = bins instanceof Tensor ? bins : newTensor(values, bins, { dtype: values.dtype });
    if (edges.dtype !== values.dtype || edges.ndim !== 1 || edges.numel() < 1) throw new ShapeError(`${op}: expected bin edges as a vector of ${values.dtype}, got ${edges.dtype} of shape ${showShape(edges.shape)}`);
    return clone(edges);
  }
  if (!Number.isInteger(bins) || bins < 1) throw new ArgumentError(`${op}: expected at least 1 bin, got ${bins}`);
  if (range !== undefined && !(range[0] <= range[1] && range.every(Number.isFinite))) throw new ArgumentError(`${op}: expected a range from a finite number to one that is not smaller, got [${range.join(", ")}]`);
  const [low, high] = range ?? (values.numel() === 0 ? [0, 1] : [min(values).itemSync(), max(values).itemSync()]);
  if (!Number.isFinite(low) || !Number.isFinite(high)) throw new ArgumentError(`${op}: expected finite values or a range, got values from ${low} to ${high}`);
  const [from, to] = low === high ? [low - 0.5, high + 0.5] : [low, high];
  return newTensor(values, Float64Array.from({ length: bins + 1 }, (_, i) => (i < (bins + 1) / 2 ? from + ((to - from) / bins) * i : to - ((to - from) / bins) * (bins - i))), { dtype: values.dtype });
}
