import type { Tensor } from "@gradus/tensor-core";
import { cosineSimilarity, CosineSimilarityOptions, optionsOf, pairwiseDistance, PairwiseDistanceOptions } from "@gradus/tensor-core";
import { Module } from "./tensor-module.js";

/** The cosine of the angle between vectors along a dimension: x₁ · x₂ / (‖x₁‖ ‖x₂‖). @see torch.nn.CosineSimilarity */
export class CosineSimilarity extends Module {
  readonly dim: number;
  readonly eps: number;

  constructor(options?: CosineSimilarityOptions) {
    const { dim = 1, eps = 1e-8 } = optionsOf(new.target.name, CosineSimilarityOptions, options);
    super();
    this.dim = dim;
    this.eps = eps;
  }

  forward(x1: Tensor, x2: Tensor): Tensor {
    return cosineSimilarity(x1, x2, this);
  }
}

/** ‖x₁ − x₂ + ε‖ₚ along the last dimension. @see torch.nn.PairwiseDistance */
export class PairwiseDistance extends Module {
  readonly p: number;
  readonly eps: number;
  readonly keepdim: boolean;

  constructor(options?: PairwiseDistanceOptions) {
    const { p = 2, eps = 1e-6, keepdim = false } = optionsOf(new.target.name, PairwiseDistanceOptions, options);
    super();
    this.p = p;
    this.eps = eps;
    this.keepdim = keepdim;
  }

  forward(x1: Tensor, x2: Tensor): Tensor {
    return pairwiseDistance(x1, x2, this);
  }
}
