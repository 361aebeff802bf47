import type { Options, Tensor } from "@gradus/tensor-core";
import { ArgumentError, empty, joinOptions, multiHeadAttention, optionsOf } from "@gradus/tensor-core";
import { factory, FactoryOptions } from "./factory.js";
import * as init from "./init.js";
import { Linear } from "./linear.js";
import { Module, Parameter } from "./tensor-module.js";

export const AttentionLayerOptions = /* @__PURE__ */ joinOptions(class {
  /** Dropout of the weights. */
  readonly dropout?: number;
  readonly bias?: boolean;
  /** Learn a key and a value more, which every query can see. */
  readonly addBiasKv?: boolean;
  /** Add a key and a value of zeros. */
  readonly addZeroAttn?: boolean;
  /** Sizes of keys and values, where they are others than the queries'. */
  readonly kdim?: number | null;
  readonly vdim?: number | null;
  /** Inputs are `[batch, steps, …]` and not `[steps, batch, …]`. */
  readonly batchFirst?: boolean;
}, FactoryOptions);
export type AttentionLayerOptions = Options<typeof AttentionLayerOptions>;

export const AttentionCallOptions = class {
  /** `[batch, keys]`: true, or −∞, where a key is only padding. */
  readonly keyPaddingMask?: Tensor | null;
  /** Give the weights as well. */
  readonly needWeights?: boolean;
  /** `[queries, keys]` or `[batch · heads, queries, keys]`: true, or −∞, where a query must not look; other numbers are added. */
  readonly attnMask?: Tensor | null;
  /** Give the mean of the heads' weights, not each head's own. */
  readonly averageAttnWeights?: boolean;
};
export type AttentionCallOptions = Options<typeof AttentionCallOptions>;

/** A linear layer that PyTorch prints under this name. */
class NonDynamicallyQuantizableLinear extends Linear {}

/**
 * Attention of several heads: each query gives a mean of the values, weighted by how well the keys fit it.
 *
 *   head = softmax(Q Kᵀ / √d) V,  with Q, K and V projected for each head;  output = heads side by side, times Wᵒ
 *
 * Query `[L, N, E]`, key `[S, N, kdim]` and value `[S, N, vdim]` give `[L, N, E]` and the weights `[N, L, S]`; without a batch N is
 * missing. The projections stand in `in_proj_weight` `[3 E, E]`, or in three weights if the sizes differ.
 *
 * @throws {ArgumentError} if the heads do not divide the size.
 * @see torch.nn.MultiheadAttention; Vaswani et al., Attention is all you need (2017)
 * @example
 * const attention = new MultiheadAttention(8, 2, { batchFirst: true });
 * const x = ones([3, 5, 8]);
 * const [output, weights] = attention.call(x, x, x);
 * [output.shape, weights?.shape]; // [[3, 5, 8], [3, 5, 5]]
 */
export class MultiheadAttention extends Module {
  readonly dropout: number;
  readonly batchFirst: boolean;
  readonly addZeroAttn: boolean;
  readonly kdim: number;
  readonly vdim: number;
  readonly in_proj_weight: Parameter | null;
  readonly q_proj_weight: Parameter | null;
  readonly k_proj_weight: Parameter | null;
  readonly v_proj_weight: Parameter | null;
  readonly in_proj_bias: Parameter | null;
  readonly bias_k: Parameter | null;
  readonly bias_v: Parameter | null;
  readonly out_proj: Linear;

  constructor(
    readonly embedDim: number,
    readonly numHeads: number,
    options?: AttentionLayerOptions,
  ) {
    const given = optionsOf(new.target.name, AttentionLayerOptions, options);
    const { dropout: p = 0, bias = true, addBiasKv = false, addZeroAttn = false, kdim = null, vdim = null, batchFirst = false, device, dtype } = given;
    super();
    if (!(numHeads > 0 && embedDim % numHeads === 0)) throw new ArgumentError(`MultiheadAttention: expected an embedDim that the heads divide, got ${embedDim} and ${numHeads} heads`);
    this.dropout = p;
    this.batchFirst = batchFirst;
    this.addZeroAttn = addZeroAttn;
    this.kdim = kdim ?? embedDim;
    this.vdim = vdim ?? embedDim;
    const make = (...shape: number[]): Parameter => new Parameter(empty(shape, factory({ device, dtype })));
    const same = this.kdim === embedDim && this.vdim === embedDim;
    // PyTorch's order: the separate projections stand before the bias, the joint one as well.
    this.in_proj_weight = same ? make(3 * embedDim, embedDim) : null;
    this.q_proj_weight = same ? null : make(embedDim, embedDim);
    this.k_proj_weight = same ? null : make(embedDim, this.kdim);
    this.v_proj_weight = same ? null : make(embedDim, this.vdim);
    this.in_proj_bias = bias ? make(3 * embedDim) : null;
    this.bias_k = addBiasKv ? make(1, 1, embedDim) : null;
    this.bias_v = addBiasKv ? make(1, 1, embedDim) : null;
    this.out_proj = new NonDynamicallyQuantizableLinear(embedDim, embedDim, { bias, device, dtype });
    this.resetParameters();
  }

  resetParameters(): void {
    for (const weight of [this.in_proj_weight, this.q_proj_weight, this.k_proj_weight, this.v_proj_weight]) if (weight !== null) init.xavierUniform_(weight);
    for (const bias of [this.in_proj_bias, this.in_proj_bias === null ? null : this.out_proj.bias]) if (bias !== null) init.zeros_(bias);
    for (const bias of [this.bias_k, this.bias_v]) if (bias !== null) init.xavierNormal_(bias);
  }

  forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    options?: AttentionCallOptions,
  ): [output: Tensor, weights: Tensor | null] {
    const { keyPaddingMask = null, needWeights = true, attnMask = null, averageAttnWeights = true } = optionsOf(this.constructor.name, AttentionCallOptions, options);
    const swap = this.batchFirst && query.ndim === 3;
    const ordered = (x: Tensor): Tensor => (swap ? x.transpose(0, 1) : x);
    const q = ordered(query);
    // What is the same stays the same: then one product projects all three.
    const k = key === query ? q : ordered(key);
    const v = value === query ? q : value === key ? k : ordered(value);
    const { output, weights } = multiHeadAttention(q, k, v, {
      numHeads: this.numHeads,
      inProjWeight: this.in_proj_weight,
      inProjBias: this.in_proj_bias,
      useSeparateProjWeight: this.in_proj_weight === null,
      qProjWeight: this.q_proj_weight,
      kProjWeight: this.k_proj_weight,
      vProjWeight: this.v_proj_weight,
      outProjWeight: this.out_proj.weight,
      outProjBias: this.out_proj.bias,
      biasK: this.bias_k,
      biasV: this.bias_v,
      addZeroAttn: this.addZeroAttn,
      dropoutP: this.dropout,
      training: this.training,
      keyPaddingMask,
      attnMask,
      needWeights,
      averageAttnWeights,
    });
    return [ordered(output), weights];
  }
}
