import { noGrad } from "../autograd/mode.js";
import { Saved } from "../autograd/op-node.js";
import { ArgumentError, ShapeError } from "../errors.js";
import { showShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { where } from "./elementwise.js";
import { indexAdd, indexSelect } from "./index-ops.js";
import { record } from "./reduce.js";
import { flatten, reshape, unsqueeze } from "./view.js";

export interface EmbeddingOptions {
  /** A row that gets no gradient; negative ones count from the end. */
  readonly paddingIdx?: number | null;
  /** Rows with a larger norm are first scaled down to it, in the table itself. */
  readonly maxNorm?: number | null;
  /** The p of that norm; 2 if absent. */
  readonly normType?: number;
  /** Divide each row's gradient by how often the row was looked up. */
  readonly scaleGradByFreq?: boolean;
}

/**
 * Rows of a table: out[…, :] = weight[index[…], :].
 *
 * @param index - Any shape, int64 or int32.
 * @param weight - `[count, size]`.
 * @returns `[…, size]`.
 * @throws {GuardError} if an index is not a row of the table.
 * @see torch.nn.functional.embedding
 * @example
 * embedding(tensor([1, 0], { dtype: "int64" }), tensor([[1, 2], [3, 4]])).toArraySync(); // [[3, 4], [1, 2]]
 */
export function embedding(index: Tensor, weight: Tensor, options: EmbeddingOptions = {}): Tensor {
  const { paddingIdx = null, maxNorm = null, normType = 2, scaleGradByFreq = false } = options;
  const [count, size] = weight.shape;
  if (weight.ndim !== 2 || count === undefined || size === undefined) throw new ShapeError(`embedding: expected a weight of shape [count, size], got ${showShape(weight.shape)}`);
  if (paddingIdx !== null && !(Number.isInteger(paddingIdx) && paddingIdx >= -count && paddingIdx < count)) {
    throw new ArgumentError(`embedding: expected a paddingIdx within ${String(count)} rows, got ${String(paddingIdx)}`);
  }
  const places = flatten(index);
  if (maxNorm !== null) noGrad(() => limitNorms(weight, places, maxNorm, normType));
  const padding = paddingIdx !== null && paddingIdx < 0 ? count + paddingIdx : paddingIdx;
  const rows = padding === null && !scaleGradByFreq ? indexSelect(weight, 0, places) : weighedRows(weight, places, padding, scaleGradByFreq);
  return reshape(rows, [...index.shape, size]);
}

/** Rows whose gradients are changed before they are added up. */
function weighedRows(weight: Tensor, places: Tensor, padding: number | null, scaleGradByFreq: boolean): Tensor {
  const rows = indexSelect(weight.detach(), 0, places);
  record("embedding", [weight], [rows], () => {
    const saved = new Saved("embedding", places);
    const { shape } = weight;
    return ([g]) => {
      if (g === null || g === undefined) return [null];
      return [(): Tensor => {
        const at = saved.value;
        const kept = padding === null ? g : where(unsqueeze(at.eq(padding), 1), 0, g);
        const scaled = scaleGradByFreq ? kept.div(unsqueeze(indexSelect(occurrences(at, g, shape[0] ?? 0), 0, at), 1)) : kept;
        return indexAdd(g.newZeros(shape), 0, at, scaled);
      }];
    };
  });
  return rows;
}

/** How often each row is looked up. */
const occurrences = (places: Tensor, like: Tensor, count: number): Tensor => indexAdd(like.newZeros([count]), 0, places, like.newZeros(places.shape).add(1));

/** Scales the rows that are looked up down to a norm, in place. */
function limitNorms(weight: Tensor, places: Tensor, maxNorm: number, p: number): void {
  const magnitudes = weight.abs();
  const norms = p === Infinity ? magnitudes.amax({ dim: 1 }) : magnitudes.pow(p).sum({ dim: 1 }).pow(1 / p);
  const used = occurrences(places, weight, weight.shape[0] ?? 0).gt(0);
  // PyTorch's 10⁻⁷ keeps the scaled norm from being larger again after rounding.
  weight.mul_(unsqueeze(where(used.logicalAnd(norms.gt(maxNorm)), norms.add(1e-7).reciprocal().mul(maxNorm), 1), 1));
}
