import type { Tensor } from "@gradus/tensor-core";
import { ArgumentError, embedding, empty } from "@gradus/tensor-core";
import { factory } from "./factory.js";
import type { FactoryOptions } from "./factory.js";
import * as init from "./init.js";
import { Module, Parameter } from "./tensor-module.js";

export interface EmbeddingOptions extends FactoryOptions {
  /** A row that stays zero and gets no gradient. Negative ones count from the end. */
  readonly paddingIdx?: number | null;
}

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

  constructor(
    readonly numEmbeddings: number,
    readonly embeddingDim: number,
    { paddingIdx = null, ...options }: EmbeddingOptions = {},
  ) {
    super();
    if (paddingIdx !== null && !(paddingIdx >= -numEmbeddings && paddingIdx < numEmbeddings)) {
      throw new ArgumentError(`Embedding: expected a paddingIdx within ${numEmbeddings} rows, got ${paddingIdx}`);
    }
    this.paddingIdx = paddingIdx !== null && paddingIdx < 0 ? numEmbeddings + paddingIdx : paddingIdx;
    this.weight = new Parameter(empty([numEmbeddings, embeddingDim], factory(options)));
    this.resetParameters();
  }

  resetParameters(): void {
    init.normal_(this.weight);
    if (this.paddingIdx !== null) this.weight.data.set(this.paddingIdx, 0);
  }

  forward(index: Tensor): Tensor {
    const rows = embedding(index, this.weight);
    if (this.paddingIdx === null) return rows;
    // The same values, through which no gradient flows where the row is padding.
    return rows.detach().where(index.eq(this.paddingIdx).unsqueeze(-1), rows);
  }

  override extraRepr(): string {
    const padding = this.paddingIdx === null ? "" : `, padding_idx=${this.paddingIdx}`;
    return `${this.numEmbeddings}, ${this.embeddingDim}${padding}`;
  }
}
