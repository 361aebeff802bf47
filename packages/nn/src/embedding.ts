import type { EmbeddingOptions, Tensor } from "@gradus/tensor-core";
import { ArgumentError, embedding, empty } from "@gradus/tensor-core";
import { factory } from "./factory.js";
import type { FactoryOptions } from "./factory.js";
import * as init from "./init.js";
import { pythonArguments } from "./python-text.js";
import { Module, Parameter } from "./tensor-module.js";

/** The row `paddingIdx` is zero at first, and stays so because it gets no gradient. */
export interface EmbeddingLayerOptions extends EmbeddingOptions, FactoryOptions {}

/**
 * A table of vectors, looked up by index.
 *
 * Indices of any shape `[…]`, int64, give `[…, embeddingDim]`. The weight `[numEmbeddings, embeddingDim]` starts from N(0, 1).
 *
 * @throws {GuardError} for an index outside of the table.
 * @see torch.nn.Embedding
 * @example
 * const words = new Embedding(10, 4);
 * words.call(tensor([[1, 2, 3]], { dtype: "int64" })).shape; // [1, 3, 4]
 */
export class Embedding extends Module {
  readonly weight: Parameter;
  readonly paddingIdx: number | null;
  readonly maxNorm: number | null;
  readonly normType: number;
  readonly scaleGradByFreq: boolean;

  constructor(
    readonly numEmbeddings: number,
    readonly embeddingDim: number,
    { paddingIdx = null, maxNorm = null, normType = 2, scaleGradByFreq = false, ...options }: EmbeddingLayerOptions = {},
  ) {
    super();
    if (paddingIdx !== null && !(paddingIdx >= -numEmbeddings && paddingIdx < numEmbeddings)) {
      throw new ArgumentError(`Embedding: expected a paddingIdx within ${numEmbeddings} rows, got ${paddingIdx}`);
    }
    this.paddingIdx = paddingIdx !== null && paddingIdx < 0 ? numEmbeddings + paddingIdx : paddingIdx;
    this.maxNorm = maxNorm;
    this.normType = normType;
    this.scaleGradByFreq = scaleGradByFreq;
    this.weight = new Parameter(empty([numEmbeddings, embeddingDim], factory(options)));
    this.resetParameters();
  }

  resetParameters(): void {
    init.normal_(this.weight);
    if (this.paddingIdx !== null) this.weight.data.set(this.paddingIdx, 0);
  }

  forward(index: Tensor): Tensor {
    return embedding(index, this.weight, this);
  }

  override extraRepr(): string {
    const { paddingIdx, maxNorm, normType, scaleGradByFreq } = this;
    const special = {
      ...(paddingIdx !== null && { padding_idx: paddingIdx }),
      ...(maxNorm !== null && { max_norm: maxNorm }),
      ...(normType !== 2 && { norm_type: normType }),
      ...(scaleGradByFreq && { scale_grad_by_freq: true }),
    };
    return [`${this.numEmbeddings}, ${this.embeddingDim}`, ...(Object.keys(special).length > 0 ? [pythonArguments(special)] : [])].join(", ");
  }
}
