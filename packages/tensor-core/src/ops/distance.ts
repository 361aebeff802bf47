import { ArgumentError, ShapeError } from "../errors.js";
import { optionsOf } from "../options.js";
import type { Options } from "../options.js";
import { resolveDim, resolveDims, showShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { indexSelect } from "./index-ops.js";
import { vectorNorm } from "./norm.js";
import { checkBroadcast, checkFloating, keptAbove, withoutSlope } from "./operands.js";
import { add, clampMin, div, mul, sqrt, square, sub } from "./elementwise.js";
import { expand } from "./view.js";
import { toDType } from "./copy.js";
import { sum } from "./reduce.js";
import { newTensor } from "../create.js";

/** Norms of differences: how far vectors are from each other. */

export const NormalizeOptions = class {
  /** 2 by default. */
  readonly p?: number;
  /** 1 by default. */
  readonly dim?: number | readonly number[];
  /** The least that is divided by. 1e-12 by default. */
  readonly eps?: number;
};
export type NormalizeOptions = Options<typeof NormalizeOptions>;

/**
 * x / max(‖x‖ₚ, ε): vectors along a dimension, scaled to norm 1.
 *
 * @see torch.nn.functional.normalize
 * @example
 * normalize(tensor([[3, 4]])).toArraySync(); // [[0.6000000238418579, 0.800000011920929]]
 */
export function normalize(x: Tensor, options?: NormalizeOptions): Tensor {
  const { p = 2, dim = 1, eps = 1e-12 } = optionsOf("normalize", NormalizeOptions, options);
  x.checkUsable("normalize");
  checkFloating("normalize", x);
  const dims = resolveDims("normalize", dim, x.ndim);
  return div(x, clampMin(vectorNorm("normalize", x, p, { dim: dims, keepdim: true }), eps));
}

export const PairwiseDistanceOptions = class {
  /** 2 by default. */
  readonly p?: number;
  /** Added to each difference. 1e-6 by default. */
  readonly eps?: number;
  readonly keepdim?: boolean;
};
export type PairwiseDistanceOptions = Options<typeof PairwiseDistanceOptions>;

/**
 * ‖x₁ − x₂ + ε‖ₚ along the last dimension.
 *
 * @param x1 - `[N, D]` or `[D]`, or what broadcasts with `x2`.
 * @see torch.nn.functional.pairwise_distance
 * @example
 * pairwiseDistance(tensor([[3, 0]]), tensor([[0, 4]]), { eps: 0 }).toArraySync(); // [5]
 */
export function pairwiseDistance(x1: Tensor, x2: Tensor, options?: PairwiseDistanceOptions): Tensor {
  const op = "pairwiseDistance";
  const { p = 2, eps = 1e-6, keepdim = false } = optionsOf(op, PairwiseDistanceOptions, options);
  const shape = checkBroadcast(op, x1, x2);
  if (shape.length === 0) throw new ShapeError(`${op}: expected vectors, got scalars`);
  const difference = sub(x1, x2);
  return vectorNorm(op, add((difference.isFloatingPoint() ? difference : toDType(difference, "float32")), eps), p, { dim: -1, keepdim });
}

export const CosineSimilarityOptions = class {
  /** 1 by default. */
  readonly dim?: number;
  /** The least that norms count as. 1e-8 by default. */
  readonly eps?: number;
};
export type CosineSimilarityOptions = Options<typeof CosineSimilarityOptions>;

/**
 * x₁·x₂ / (max(‖x₁‖, ε) max(‖x₂‖, ε)) along a dimension: the cosine of the angle between vectors.
 *
 * @see torch.nn.functional.cosine_similarity
 * @example
 * cosineSimilarity(tensor([[1, 0]]), tensor([[3, 4]])).toArraySync(); // [0.6000000238418579]
 */
export function cosineSimilarity(x1: Tensor, x2: Tensor, options?: CosineSimilarityOptions): Tensor {
  const op = "cosineSimilarity";
  const { dim = 1, eps = 1e-8 } = optionsOf(op, CosineSimilarityOptions, options);
  const shape = checkBroadcast(op, x1, x2);
  const d = resolveDim(op, dim, shape.length);
  checkFloating(op, x1, x2);
  const [a, b] = [expand(x1, shape), expand(x2, shape)];
  // Where a norm is raised to ε its gradient still passes, as in PyTorch.
  const length = (x: Tensor): Tensor => sqrt(keptAbove(op, sum(square(x), { dim: d, keepdim: true }), eps * eps));
  return sum(mul(div(a, length(a)), div(b, length(b))), { dim: d });
}

/**
 * The p-norm distances between all pairs of rows: those above the diagonal of the matrix of distances, in row-major order.
 *
 * @param x - `[N, D]`.  @returns `[N (N − 1) / 2]`.
 * @see torch.nn.functional.pdist
 * @example
 * pdist(tensor([[0, 0], [3, 4], [0, 8]])).toArraySync(); // [5, 8, 5]
 */
export function pdist(x: Tensor, p = 2): Tensor {
  x.checkUsable("pdist");
  if (x.ndim !== 2) throw new ShapeError(`pdist: expected a matrix, got ${showShape(x.shape)}`);
  checkFloating("pdist", x);
  if (!(p >= 0)) throw new ArgumentError(`pdist: expected p of at least 0, got ${String(p)}`);
  const rows = x.shape[0] ?? 0;
  const [first, second]: [bigint[], bigint[]] = [[], []];
  for (let i = 0; i < rows; i++) {
    for (let j = i + 1; j < rows; j++) {
      first.push(BigInt(i));
      second.push(BigInt(j));
    }
  }
  const pick = (at: readonly bigint[]): Tensor => indexSelect(x, 0, newTensor(x, BigInt64Array.from(at)));
  const distances = vectorNorm("pdist", sub(pick(first), pick(second)), p, { dim: 1 });
  return p === 0 ? withoutSlope("pdist", distances.detach(), x) : distances;
}
