import type { Options, Tensor } from "@gradus/tensor-core";
import { ArgumentError, embedding, embeddingBag, EmbeddingOptions, empty, joinOptions, optionsOf, ShapeError } from "@gradus/tensor-core";
import { factory, FactoryOptions } from "./factory.js";
import * as init from "./init.js";
import { float, pythonArguments } from "./python-text.js";
import type { Printable } from "./python-text.js";
import { Module, Parameter } from "./tensor-module.js";

/** The row `paddingIdx` is zero at first, and stays so because it gets no gradient. */
export const EmbeddingLayerOptions = /* @__PURE__ */ joinOptions(EmbeddingOptions, FactoryOptions);
export type EmbeddingLayerOptions = Options<typeof EmbeddingLayerOptions>;

const PretrainedEmbeddingOptions = /* @__PURE__ */ joinOptions(EmbeddingLayerOptions, class {
  /** Whether the vectors stay as they are; they do unless it is false. */
  readonly freeze?: boolean;
});
type PretrainedEmbeddingOptions = Options<typeof PretrainedEmbeddingOptions>;

/** A table of vectors. */
abstract class Table extends Module {
  readonly weight: Parameter;
  readonly paddingIdx: number | null;
  readonly maxNorm: number | null;
  readonly normType: number;
  readonly scaleGradByFreq: boolean;

  constructor(
    readonly numEmbeddings: number,
    readonly embeddingDim: number,
    { paddingIdx = null, maxNorm = null, normType = 2, scaleGradByFreq = false, ...rest }: EmbeddingLayerOptions,
  ) {
    super();
    if (paddingIdx !== null && !(paddingIdx >= -numEmbeddings && paddingIdx < numEmbeddings)) {
      throw new ArgumentError(`${this.constructor.name}: expected a paddingIdx within ${numEmbeddings} rows, got ${paddingIdx}`);
    }
    this.paddingIdx = paddingIdx !== null && paddingIdx < 0 ? numEmbeddings + paddingIdx : paddingIdx;
    this.maxNorm = maxNorm;
    this.normType = normType;
    this.scaleGradByFreq = scaleGradByFreq;
    this.weight = new Parameter(empty([numEmbeddings, embeddingDim], factory(rest)));
    this.resetParameters();
  }

  resetParameters(): void {
    init.normal_(this.weight);
    if (this.paddingIdx !== null) this.weight.data.set(this.paddingIdx, 0);
  }

  protected printed(special: Readonly<Record<string, Printable>>): string {
    return [`${this.numEmbeddings}, ${this.embeddingDim}`, ...(Object.keys(special).length > 0 ? [pythonArguments(special)] : [])].join(", ");
  }
}

/** Takes the vectors of a table as they are. */
function checkTable(name: string, table: Tensor): readonly [number, number] {
  const [rows, size] = table.shape;
  if (table.ndim !== 2) throw new ShapeError(`${name}: expected a table of vectors, got shape [${table.shape.join(", ")}]`);
  return [rows!, size!];
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
export class Embedding extends Table {
  constructor(numEmbeddings: number, embeddingDim: number, options?: EmbeddingLayerOptions) {
    super(numEmbeddings, embeddingDim, optionsOf(new.target.name, EmbeddingLayerOptions, options));
  }

  /** A table of given vectors, which is not learned unless `freeze` is false. @see torch.nn.Embedding.from_pretrained */
  static fromPretrained(embeddings: Tensor, options?: PretrainedEmbeddingOptions): Embedding {
    const { freeze = true, ...rest } = optionsOf("fromPretrained", PretrainedEmbeddingOptions, options);
    const layer = new this(...checkTable("fromPretrained", embeddings), rest);
    layer.weight.data = embeddings.detach();
    layer.weight.requiresGrad = !freeze;
    return layer;
  }

  forward(index: Tensor): Tensor {
    return embedding(index, this.weight, this);
  }

  override extraRepr(): string {
    const { paddingIdx, maxNorm, normType, scaleGradByFreq } = this;
    return this.printed({
      ...(paddingIdx !== null && { padding_idx: paddingIdx }),
      ...(maxNorm !== null && { max_norm: maxNorm }),
      ...(normType !== 2 && { norm_type: normType }),
      ...(scaleGradByFreq && { scale_grad_by_freq: true }),
    });
  }
}

export const EmbeddingBagLayerOptions = /* @__PURE__ */ joinOptions(class extends EmbeddingOptions {
  /** What becomes of the vectors of a bag. */
  readonly mode?: "sum" | "mean" | "max";
  /** Whether offsets also say where the last bag ends. */
  readonly includeLastOffset?: boolean;
}, FactoryOptions);
export type EmbeddingBagLayerOptions = Options<typeof EmbeddingBagLayerOptions>;

const PretrainedEmbeddingBagOptions = /* @__PURE__ */ joinOptions(EmbeddingBagLayerOptions, class {
  /** Whether the vectors stay as they are; they do unless it is false. */
  readonly freeze?: boolean;
});
type PretrainedEmbeddingBagOptions = Options<typeof PretrainedEmbeddingBagOptions>;

const EmbeddingBagCallOptions = class {
  /** What each vector is multiplied by, of the shape of the indices; for `mode: "sum"`. */
  readonly perSampleWeights?: Tensor | null;
};
type EmbeddingBagCallOptions = Options<typeof EmbeddingBagCallOptions>;

/**
 * Sums, means or maxima of vectors of a table, bag by bag.
 *
 * Indices `[bags, n]`, or `[N]` with the offsets `[bags]` at which bags begin, give `[bags, embeddingDim]`.
 *
 * @see torch.nn.EmbeddingBag
 * @example
 * const words = new EmbeddingBag(10, 4, { mode: "sum" });
 * words.call(tensor([1, 2, 3], { dtype: "int64" }), tensor([0, 2], { dtype: "int64" })).shape; // [2, 4]
 */
export class EmbeddingBag extends Table {
  readonly mode: "sum" | "mean" | "max";
  readonly includeLastOffset: boolean;

  constructor(numEmbeddings: number, embeddingDim: number, options?: EmbeddingBagLayerOptions) {
    const { mode = "mean", includeLastOffset = false, ...rest } = optionsOf(new.target.name, EmbeddingBagLayerOptions, options);
    super(numEmbeddings, embeddingDim, rest);
    this.mode = mode;
    this.includeLastOffset = includeLastOffset;
  }

  /** Bags of given vectors, which are not learned unless `freeze` is false. @see torch.nn.EmbeddingBag.from_pretrained */
  static fromPretrained(embeddings: Tensor, options?: PretrainedEmbeddingBagOptions): EmbeddingBag {
    const { freeze = true, ...rest } = optionsOf("fromPretrained", PretrainedEmbeddingBagOptions, options);
    const layer = new this(...checkTable("fromPretrained", embeddings), rest);
    layer.weight.data = embeddings.detach();
    layer.weight.requiresGrad = !freeze;
    return layer;
  }

  forward(index: Tensor, offsets: Tensor | null = null, options?: EmbeddingBagCallOptions): Tensor {
    const { perSampleWeights = null } = optionsOf(this.constructor.name, EmbeddingBagCallOptions, options);
    const { paddingIdx, maxNorm, normType, scaleGradByFreq, mode, includeLastOffset } = this;
    return embeddingBag(index, this.weight, { offsets, perSampleWeights, paddingIdx, maxNorm, normType, scaleGradByFreq, mode, includeLastOffset });
  }

  override extraRepr(): string {
    const { paddingIdx, maxNorm, normType, scaleGradByFreq, mode } = this;
    return this.printed({
      ...(maxNorm !== null && { max_norm: maxNorm }),
      ...(normType !== 2 && { norm_type: float(normType) }),
      ...(scaleGradByFreq && { scale_grad_by_freq: true }),
      mode: `'${mode}'`,
      ...(paddingIdx !== null && { padding_idx: paddingIdx }),
    });
  }
}
