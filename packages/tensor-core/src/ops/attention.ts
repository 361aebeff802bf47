import { ones, zeros } from "../create.js";
import { ArgumentError, DTypeError, ShapeError } from "../errors.js";
import { optionsOf } from "../options.js";
import type { Options } from "../options.js";
import { broadcastShapes, sameShape, showShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { dropout } from "./dropout.js";
import { add, mul, where } from "./elementwise.js";
import { cat } from "./join.js";
import { linear, matmul } from "./matmul.js";
import { checkFloating, checkShapeOf, checkTogether } from "./operands.js";
import { pad } from "./pad.js";
import { tril } from "./rearrange.js";
import { softmax } from "./softmax.js";
import { expand, narrow, reshape, squeeze, transpose, unsqueeze } from "./view.js";
import { mean } from "./reduce.js";

/** Attention: sums of values, weighted by how well their keys match a query. */

export const ScaledDotProductAttentionOptions = class {
  /** `[…, L, S]`, or what broadcasts to it: of bools, where a query may look at a key; of floats, added to the scores. */
  readonly attnMask?: Tensor | null;
  /** Weights are left out with this probability. Set it to 0 outside of training. */
  readonly dropoutP?: number;
  /** A query looks at no key behind it. Not together with a mask. */
  readonly isCausal?: boolean;
  /** What scores are multiplied by; 1/√E by default. */
  readonly scale?: number | null;
};
export type ScaledDotProductAttentionOptions = Options<typeof ScaledDotProductAttentionOptions>;

/** Where a query may look: at keys that are not behind it. */
const causalMask = (like: Tensor, queries: number, keys: number): Tensor => tril(ones([queries, keys], { dtype: "bool", device: like.device }));

/** Scores where the mask allows, −Infinity elsewhere; floats are added. */
const masked = (scores: Tensor, mask: Tensor | null): Tensor => (mask === null ? scores : mask.dtype === "bool" ? where(mask, scores, -Infinity) : add(scores, mask));

function attend(op: string, query: Tensor, key: Tensor, value: Tensor, { attnMask = null, dropoutP = 0, isCausal = false, scale = null }: ScaledDotProductAttentionOptions): { output: Tensor; weights: Tensor } {
  checkTogether(op, query, key, value, attnMask);
  checkFloating(op, query, key, value);
  if (key.dtype !== query.dtype || value.dtype !== query.dtype) throw new DTypeError(`${op}: expected query, key and value of one element type, got ${query.dtype}, ${key.dtype} and ${value.dtype}; convert them with .to(dtype)`);
  const [queries = 0, size = 0] = query.shape.slice(-2);
  const [keys = 0] = key.shape.slice(-2);
  if (Math.min(query.ndim, key.ndim, value.ndim) < 2 || key.shape.at(-1) !== size || value.shape.at(-2) !== keys) {
    throw new ShapeError(`${op}: expected a query […, L, E], a key […, S, E] and a value […, S, Ev], got ${showShape(query.shape)}, ${showShape(key.shape)} and ${showShape(value.shape)}`);
  }
  const batch = broadcastShapes(op, query.shape.slice(0, -2), key.shape.slice(0, -2), value.shape.slice(0, -2));
  if (isCausal && attnMask !== null) throw new ArgumentError(`${op}: expected either attnMask or isCausal, got both`);
  if (attnMask !== null) {
    if (attnMask.dtype !== "bool" && attnMask.dtype !== query.dtype) throw new DTypeError(`${op}: expected a mask of bool or of the query's element type ${query.dtype}, got ${attnMask.dtype}`);
    broadcastShapes(op, attnMask.shape, [...batch, queries, keys]);
  }
  if (!(dropoutP >= 0 && dropoutP <= 1)) throw new ArgumentError(`${op}: expected a probability between 0 and 1, got ${String(dropoutP)}`);
  // Half of the scale on each side keeps products of half precision in range.
  const root = scale !== null && scale < 0 ? null : Math.sqrt(scale ?? 1 / Math.sqrt(size));
  const [q, k] = root === null ? [mul(query, scale ?? 1), key] : [mul(query, root), mul(key, root)];
  const scores = masked(matmul(q, transpose(k, -2, -1)), isCausal ? causalMask(query, queries, keys) : attnMask);
  const weights = dropout(softmax(scores, -1), dropoutP);
  return { output: matmul(weights, value), weights };
}

/**
 * softmax(q kᵀ / √E + mask) v.
 *
 * @param query - `[…, L, E]`.  @param key - `[…, S, E]`.  @param value - `[…, S, Ev]`.
 * @returns `[…, L, Ev]`.
 * @throws {ShapeError} if the shapes do not fit.  @throws {ArgumentError} for a mask together with isCausal.
 * @see torch.nn.functional.scaled_dot_product_attention; Vaswani et al., Attention is all you need (2017)
 */
export const scaledDotProductAttention = (query: Tensor, key: Tensor, value: Tensor, options?: ScaledDotProductAttentionOptions): Tensor => attend("scaledDotProductAttention", query, key, value, optionsOf("scaledDotProductAttention", ScaledDotProductAttentionOptions, options)).output;

/** `scaledDotProductAttention`, and the weights after dropout, `[…, L, S]`. */
export const scaledDotProductAttentionWithWeights = (query: Tensor, key: Tensor, value: Tensor, options?: ScaledDotProductAttentionOptions): { output: Tensor; weights: Tensor } =>
  attend("scaledDotProductAttentionWithWeights", query, key, value, optionsOf("scaledDotProductAttentionWithWeights", ScaledDotProductAttentionOptions, options));

export const MultiHeadAttentionOptions = class {
  readonly numHeads!: number;
  /** The projections of query, key and value in one, `[3 E, E]`; or each by itself with `useSeparateProjWeight`. */
  readonly inProjWeight?: Tensor | null;
  readonly inProjBias?: Tensor | null;
  readonly useSeparateProjWeight?: boolean;
  readonly qProjWeight?: Tensor | null;
  readonly kProjWeight?: Tensor | null;
  readonly vProjWeight?: Tensor | null;
  readonly outProjWeight!: Tensor;
  readonly outProjBias?: Tensor | null;
  /** A learned key and value behind the others, `[1, 1, E]`. */
  readonly biasK?: Tensor | null;
  readonly biasV?: Tensor | null;
  /** Put a key and a value of zeros behind the others. */
  readonly addZeroAttn?: boolean;
  /** Weights are left out with this probability in training. */
  readonly dropoutP?: number;
  readonly training?: boolean;
  /** Keys that count for nothing: `[N, S]` or `[S]`; true, or −Infinity to be added. */
  readonly keyPaddingMask?: Tensor | null;
  /** `[L, S]` or `[N · heads, L, S]`: true where a query must not look at a key, or numbers to be added to the scores. */
  readonly attnMask?: Tensor | null;
  /** True by default. */
  readonly needWeights?: boolean;
  /** The mean of the weights over heads, and not each by itself. True by default. */
  readonly averageAttnWeights?: boolean;
  /** Keys and values that are projected already, `[N · heads, S, E / heads]`. */
  readonly staticK?: Tensor | null;
  readonly staticV?: Tensor | null;
};
export type MultiHeadAttentionOptions = Options<typeof MultiHeadAttentionOptions>;

/** A mask that forbids, as one that is added. */
const additive = (mask: Tensor, like: Tensor): Tensor => (mask.dtype === "bool" ? where(mask, -Infinity, zeros(mask.shape, { dtype: like.dtype, device: like.device })) : mask);

/**
 * Several attentions side by side, each over a part of the features: inputs are projected, attended to in `numHeads` parts, and
 * projected again.
 *
 * @param query - `[L, N, E]` or `[L, E]`.  @param key - `[S, N, Ek]`.  @param value - `[S, N, Ev]`.
 * @returns The output `[L, N, E]`, and the weights `[N, L, S]` (`[N, heads, L, S]` if they are not averaged) unless they are not needed.
 * @throws {ShapeError} if the shapes do not fit.
 * @see torch.nn.functional.multi_head_attention_forward; Vaswani et al., Attention is all you need (2017)
 */
export function multiHeadAttention(query: Tensor, key: Tensor, value: Tensor, options: MultiHeadAttentionOptions): { output: Tensor; weights: Tensor | null } {
  const op = "multiHeadAttention";
  const { numHeads, keyPaddingMask = null, attnMask = null, needWeights = true, averageAttnWeights = true, dropoutP = 0, training = true } = options;
  checkTogether(op, query, key, value, keyPaddingMask, attnMask, options.inProjWeight, options.inProjBias, options.qProjWeight, options.kProjWeight, options.vProjWeight, options.outProjWeight, options.outProjBias, options.biasK, options.biasV, options.staticK, options.staticV);
  checkFloating(op, query, key, value);
  if ((query.ndim !== 2 && query.ndim !== 3) || key.ndim !== query.ndim || value.ndim !== query.ndim) {
    throw new ShapeError(`${op}: expected query, key and value of 3 dimensions, [length, batch, features], or of 2, got ${showShape(query.shape)}, ${showShape(key.shape)} and ${showShape(value.shape)}`);
  }
  if (query.ndim === 2) {
    const batched = multiHeadAttention(unsqueeze(query, 1), unsqueeze(key, 1), unsqueeze(value, 1), { ...options, keyPaddingMask: keyPaddingMask === null ? null : unsqueeze(keyPaddingMask, 0) });
    return { output: squeeze(batched.output, 1), weights: batched.weights === null ? null : squeeze(batched.weights, 0) };
  }
  const [length = 0, batch = 0, features = 0] = query.shape;
  if (!Number.isInteger(numHeads) || numHeads < 1 || features % numHeads !== 0) throw new ArgumentError(`${op}: expected a number of heads that divides ${String(features)} features, got ${String(numHeads)}`);
  if (!sameShape(key.shape.slice(0, 2), value.shape.slice(0, 2)) || key.shape[1] !== batch) {
    throw new ShapeError(`${op}: expected as many keys as values, and the query's batch, got ${showShape(query.shape)}, ${showShape(key.shape)} and ${showShape(value.shape)}`);
  }
  const keys = key.shape[0] ?? 0;
  if (keyPaddingMask !== null) checkShapeOf(op, "a keyPaddingMask", keyPaddingMask, [batch, keys]);
  if (attnMask !== null && !sameShape(attnMask.shape, [length, keys]) && !sameShape(attnMask.shape, [batch * numHeads, length, keys])) {
    throw new ShapeError(`${op}: expected an attnMask ${showShape([length, keys])} or ${showShape([batch * numHeads, length, keys])}, got ${showShape(attnMask.shape)}`);
  }
  const projected = projections(op, query, key, value, features, options);
  let [k, v] = [projected.k, projected.v];
  let [forbidden, padding] = [attnMask === null ? null : additive(attnMask, query), keyPaddingMask === null ? null : additive(keyPaddingMask, query)];
  /** One more key, which no mask forbids. */
  const extend = (): void => {
    forbidden = forbidden === null ? null : pad(forbidden, [0, 1]);
    padding = padding === null ? null : pad(padding, [0, 1]);
  };
  const { biasK = null, biasV = null } = options;
  if ((biasK === null) !== (biasV === null)) throw new ArgumentError(`${op}: expected both biasK and biasV or neither, got one`);
  if (biasK !== null && biasV !== null) {
    k = cat([k, expand(biasK, [1, batch, features])]);
    v = cat([v, expand(biasV, [1, batch, features])]);
    extend();
  }
  const size = features / numHeads;
  /** [length, batch, features] to [batch · heads, length, size]. */
  const byHead = (x: Tensor): Tensor => transpose(reshape(x, [x.shape[0] ?? 0, batch * numHeads, size]), 0, 1);
  const q = byHead(projected.q);
  let [headK, headV] = [options.staticK ?? byHead(k), options.staticV ?? byHead(v)];
  if (options.addZeroAttn === true) {
    headK = pad(headK, [0, 0, 0, 1]);
    headV = pad(headV, [0, 0, 0, 1]);
    extend();
  }
  const sources = headK.shape[1] ?? 0;
  let scores = matmul(mul(q, 1 / Math.sqrt(size)), transpose(headK, 1, 2));
  if (forbidden !== null) scores = add(scores, forbidden);
  if (padding !== null) scores = reshape(add(reshape(scores, [batch, numHeads, length, sources]), reshape(padding, [batch, 1, 1, sources])), scores.shape);
  const weights = dropout(softmax(scores, -1), dropoutP, training);
  const joined = reshape(transpose(matmul(weights, headV), 0, 1), [length * batch, features]);
  const output = linear(joined, options.outProjWeight, options.outProjBias ?? undefined);
  const perHead = needWeights ? reshape(weights, [batch, numHeads, length, sources]) : null;
  return { output: reshape(output, [length, batch, -1]), weights: perHead === null || !averageAttnWeights ? perHead : mean(perHead, { dim: 1 }) };
}

/** Query, key and value times their weights, plus their biases. */
function projections(op: string, query: Tensor, key: Tensor, value: Tensor, features: number, options: MultiHeadAttentionOptions): Record<"q" | "k" | "v", Tensor> {
  const { inProjWeight = null, inProjBias = null, useSeparateProjWeight = false, qProjWeight = null, kProjWeight = null, vProjWeight = null } = options;
  const part = (i: number): Tensor | undefined => (inProjBias === null ? undefined : narrow(inProjBias, 0, i * features, features));
  if (useSeparateProjWeight) {
    if (qProjWeight === null || kProjWeight === null || vProjWeight === null) throw new ArgumentError(`${op}: expected qProjWeight, kProjWeight and vProjWeight with useSeparateProjWeight, got not all of them`);
    return { q: linear(query, qProjWeight, part(0)), k: linear(key, kProjWeight, part(1)), v: linear(value, vProjWeight, part(2)) };
  }
  if (inProjWeight === null) throw new ArgumentError(`${op}: expected an inProjWeight, got none; pass { useSeparateProjWeight: true } for three weights`);
  checkShapeOf(op, "an inProjWeight", inProjWeight, [3 * features, features]);
  if (query === key && key === value) {
    // One product for all three.
    const all = linear(query, inProjWeight, inProjBias ?? undefined);
    return { q: narrow(all, -1, 0, features), k: narrow(all, -1, features, features), v: narrow(all, -1, 2 * features, features) };
  }
  const own = (x: Tensor, i: number): Tensor => linear(x, narrow(inProjWeight, 0, i * features, features), part(i));
  return { q: own(query, 0), k: own(key, 1), v: own(value, 2) };
}
