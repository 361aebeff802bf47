import type { Options, Tensor } from "@gradus/tensor-core";
import { ArgumentError, full, gelu, joinOptions, optionsOf, relu, ShapeError, triu } from "@gradus/tensor-core";
import { MultiheadAttention } from "./attention.js";
import { ModuleList } from "./containers.js";
import { Dropout } from "./dropout.js";
import { factory, FactoryOptions } from "./factory.js";
import * as init from "./init.js";
import { Linear } from "./linear.js";
import { LayerNorm } from "./normalization.js";
import { Module } from "./tensor-module.js";

/** What stands between the two linear layers, by name, as a function or as a module. */
export type TransformerActivation = "relu" | "gelu" | ((x: Tensor) => Tensor) | Module;

export const TransformerLayerOptions = /* @__PURE__ */ joinOptions(class {
  /** Size between the two linear layers. */
  readonly dimFeedforward?: number;
  readonly dropout?: number;
  readonly activation?: TransformerActivation;
  readonly layerNormEps?: number;
  /** Inputs are `[batch, steps, dModel]` and not `[steps, batch, dModel]`. */
  readonly batchFirst?: boolean;
  /** Normalise before attention and feed-forward, and not after. */
  readonly normFirst?: boolean;
  readonly bias?: boolean;
}, FactoryOptions);
export type TransformerLayerOptions = Options<typeof TransformerLayerOptions>;

/** Masks: true, or −∞, where a position must not be seen. */
export const EncoderMasks = class {
  /** `[steps, steps]` or `[batch · heads, steps, steps]`. */
  readonly mask?: Tensor | null;
  /** `[batch, steps]`. */
  readonly srcKeyPaddingMask?: Tensor | null;
};
export type EncoderMasks = Options<typeof EncoderMasks>;

export const EncoderLayerMasks = class {
  readonly srcMask?: Tensor | null;
  readonly srcKeyPaddingMask?: Tensor | null;
};
export type EncoderLayerMasks = Options<typeof EncoderLayerMasks>;

export const DecoderMasks = class {
  readonly tgtMask?: Tensor | null;
  readonly memoryMask?: Tensor | null;
  readonly tgtKeyPaddingMask?: Tensor | null;
  readonly memoryKeyPaddingMask?: Tensor | null;
};
export type DecoderMasks = Options<typeof DecoderMasks>;

const named: Readonly<Record<string, (x: Tensor) => Tensor>> = { relu, gelu: (x) => gelu(x) };

/** What encoder and decoder layers have in common: a feed-forward network, dropout, and where the norms stand. */
abstract class TransformerLayer extends Module {
  /** A module belongs to the tree, a function does not. */
  readonly activation: ((x: Tensor) => Tensor) | Module;
  readonly normFirst: boolean;
  abstract readonly linear1: Linear;
  abstract readonly dropout: Dropout;
  abstract readonly linear2: Linear;

  constructor({ activation = "relu", normFirst = false }: TransformerLayerOptions) {
    super();
    const found = typeof activation === "string" ? named[activation] : activation;
    if (found === undefined) throw new ArgumentError(`${this.constructor.name}: expected activation "relu", "gelu", a function or a module, got "${activation as string}"`);
    this.activation = found;
    this.normFirst = normFirst;
  }

  /** x + block(norm(x)), or norm(x + block(x)). */
  protected residual(x: Tensor, norm: LayerNorm, block: (x: Tensor) => Tensor): Tensor {
    return this.normFirst ? x.add(block(norm.call(x))) : norm.call(x.add(block(x)));
  }

  protected feedForward(x: Tensor): Tensor {
    const { activation } = this;
    const inner = this.linear1.call(x);
    return this.linear2.call(this.dropout.call(activation instanceof Module ? (activation.call(inner) as Tensor) : activation(inner)));
  }
}

/**
 * A layer of an encoder: attention of the sequence to itself, then a feed-forward network, each with a residual connection and a norm.
 *
 * @see torch.nn.TransformerEncoderLayer; Vaswani et al., Attention is all you need (2017)
 * @example
 * new TransformerEncoderLayer(8, 2, { dimFeedforward: 16 }).call(ones([5, 3, 8])).shape; // [5, 3, 8]
 */
export class TransformerEncoderLayer extends TransformerLayer {
  readonly self_attn: MultiheadAttention;
  readonly linear1: Linear;
  readonly dropout: Dropout;
  readonly linear2: Linear;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;
  readonly dropout1: Dropout;
  readonly dropout2: Dropout;

  constructor(dModel: number, nhead: number, options?: TransformerLayerOptions) {
    const given = optionsOf(new.target.name, TransformerLayerOptions, options);
    super(given);
    const { dimFeedforward = 2048, dropout = 0.1, layerNormEps: eps = 1e-5, batchFirst = false, bias = true, device, dtype } = given;
    const made = { bias, device, dtype };
    this.self_attn = new MultiheadAttention(dModel, nhead, { dropout, batchFirst, ...made });
    this.linear1 = new Linear(dModel, dimFeedforward, made);
    this.dropout = new Dropout(dropout);
    this.linear2 = new Linear(dimFeedforward, dModel, made);
    this.norm1 = new LayerNorm(dModel, { eps, ...made });
    this.norm2 = new LayerNorm(dModel, { eps, ...made });
    this.dropout1 = new Dropout(dropout);
    this.dropout2 = new Dropout(dropout);
  }

  forward(src: Tensor, masks?: EncoderLayerMasks): Tensor {
    const { srcMask = null, srcKeyPaddingMask = null } = optionsOf(this.constructor.name, EncoderLayerMasks, masks);
    const attend = (x: Tensor): Tensor => this.dropout1.call(this.self_attn.call(x, x, x, { attnMask: srcMask, keyPaddingMask: srcKeyPaddingMask, needWeights: false })[0]);
    const attended = this.residual(src, this.norm1, attend);
    return this.residual(attended, this.norm2, (x) => this.dropout2.call(this.feedForward(x)));
  }
}

/**
 * A layer of a decoder: attention of the target to itself, attention to the encoder's output, then a feed-forward network.
 *
 * @see torch.nn.TransformerDecoderLayer
 */
export class TransformerDecoderLayer extends TransformerLayer {
  readonly self_attn: MultiheadAttention;
  readonly multihead_attn: MultiheadAttention;
  readonly linear1: Linear;
  readonly dropout: Dropout;
  readonly linear2: Linear;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;
  readonly norm3: LayerNorm;
  readonly dropout1: Dropout;
  readonly dropout2: Dropout;
  readonly dropout3: Dropout;

  constructor(dModel: number, nhead: number, options?: TransformerLayerOptions) {
    const given = optionsOf(new.target.name, TransformerLayerOptions, options);
    super(given);
    const { dimFeedforward = 2048, dropout = 0.1, layerNormEps: eps = 1e-5, batchFirst = false, bias = true, device, dtype } = given;
    const made = { bias, device, dtype };
    this.self_attn = new MultiheadAttention(dModel, nhead, { dropout, batchFirst, ...made });
    this.multihead_attn = new MultiheadAttention(dModel, nhead, { dropout, batchFirst, ...made });
    this.linear1 = new Linear(dModel, dimFeedforward, made);
    this.dropout = new Dropout(dropout);
    this.linear2 = new Linear(dimFeedforward, dModel, made);
    this.norm1 = new LayerNorm(dModel, { eps, ...made });
    this.norm2 = new LayerNorm(dModel, { eps, ...made });
    this.norm3 = new LayerNorm(dModel, { eps, ...made });
    this.dropout1 = new Dropout(dropout);
    this.dropout2 = new Dropout(dropout);
    this.dropout3 = new Dropout(dropout);
  }

  forward(tgt: Tensor, memory: Tensor, masks?: DecoderMasks): Tensor {
    const { tgtMask = null, memoryMask = null, tgtKeyPaddingMask = null, memoryKeyPaddingMask = null } = optionsOf(this.constructor.name, DecoderMasks, masks);
    const attend = (x: Tensor): Tensor => this.dropout1.call(this.self_attn.call(x, x, x, { attnMask: tgtMask, keyPaddingMask: tgtKeyPaddingMask, needWeights: false })[0]);
    const look = (x: Tensor): Tensor =>
      this.dropout2.call(this.multihead_attn.call(x, memory, memory, { attnMask: memoryMask, keyPaddingMask: memoryKeyPaddingMask, needWeights: false })[0]);
    const attended = this.residual(tgt, this.norm1, attend);
    const informed = this.residual(attended, this.norm2, look);
    return this.residual(informed, this.norm3, (x) => this.dropout3.call(this.feedForward(x)));
  }
}

export const StackOptions = class {
  /** A norm after the last layer. */
  readonly norm?: Module | null;
};
export type StackOptions = Options<typeof StackOptions>;

/**
 * Encoder layers one after another: copies of the one that is given, which itself is not part of it.
 *
 * @see torch.nn.TransformerEncoder
 * @example
 * const encoder = new TransformerEncoder(new TransformerEncoderLayer(8, 2, { dimFeedforward: 16 }), 2);
 * encoder.call(ones([5, 3, 8])).shape; // [5, 3, 8]
 */
export class TransformerEncoder extends Module {
  readonly layers: ModuleList<TransformerEncoderLayer>;
  readonly norm: Module | null;

  constructor(encoderLayer: TransformerEncoderLayer, readonly numLayers: number, options?: StackOptions) {
    const { norm = null } = optionsOf(new.target.name, StackOptions, options);
    super();
    this.layers = new ModuleList(Array.from({ length: numLayers }, () => encoderLayer.clone()));
    this.norm = norm;
  }

  forward(src: Tensor, masks?: EncoderMasks): Tensor {
    const { mask = null, srcKeyPaddingMask = null } = optionsOf(this.constructor.name, EncoderMasks, masks);
    let x = src;
    for (const layer of this.layers) x = layer.call(x, { srcMask: mask, srcKeyPaddingMask });
    return (this.norm?.call(x) as Tensor | undefined) ?? x;
  }
}

/** Decoder layers one after another: copies of the one that is given. @see torch.nn.TransformerDecoder */
export class TransformerDecoder extends Module {
  readonly layers: ModuleList<TransformerDecoderLayer>;
  readonly norm: Module | null;

  constructor(decoderLayer: TransformerDecoderLayer, readonly numLayers: number, options?: StackOptions) {
    const { norm = null } = optionsOf(new.target.name, StackOptions, options);
    super();
    this.layers = new ModuleList(Array.from({ length: numLayers }, () => decoderLayer.clone()));
    this.norm = norm;
  }

  forward(tgt: Tensor, memory: Tensor, masks?: DecoderMasks): Tensor {
    const given = optionsOf(this.constructor.name, DecoderMasks, masks);
    let x = tgt;
    for (const layer of this.layers) x = layer.call(x, memory, given);
    return (this.norm?.call(x) as Tensor | undefined) ?? x;
  }
}

export const TransformerOptions = /* @__PURE__ */ joinOptions(class {
  readonly dModel?: number;
  readonly nhead?: number;
  readonly numEncoderLayers?: number;
  readonly numDecoderLayers?: number;
  /** An encoder and a decoder of your own. */
  readonly customEncoder?: Module | null;
  readonly customDecoder?: Module | null;
}, TransformerLayerOptions);
export type TransformerOptions = Options<typeof TransformerOptions>;

export const TransformerMasks = class extends DecoderMasks {
  readonly srcMask?: Tensor | null;
  readonly srcKeyPaddingMask?: Tensor | null;
};
export type TransformerMasks = Options<typeof TransformerMasks>;

/**
 * An encoder and a decoder. All weight matrices start from Xavier's uniform initialisation.
 *
 * @see torch.nn.Transformer; Vaswani et al., Attention is all you need (2017)
 * @example
 * const net = new Transformer({ dModel: 8, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 1, dimFeedforward: 16 });
 * net.call(ones([5, 3, 8]), ones([4, 3, 8]), { tgtMask: Transformer.generateSquareSubsequentMask(4) }).shape; // [4, 3, 8]
 */
export class Transformer extends Module {
  readonly encoder: Module;
  readonly decoder: Module;
  readonly dModel: number;
  readonly nhead: number;
  readonly batchFirst: boolean;

  constructor(options?: TransformerOptions) {
    const given = optionsOf(new.target.name, TransformerOptions, options);
    const { dModel = 512, nhead = 8, numEncoderLayers = 6, numDecoderLayers = 6, customEncoder = null, customDecoder = null, ...layerOptions } = given;
    super();
    const { layerNormEps: eps = 1e-5, bias = true, device, dtype } = layerOptions;
    const norm = (): LayerNorm => new LayerNorm(dModel, { eps, bias, device, dtype });
    this.encoder = customEncoder ?? new TransformerEncoder(new TransformerEncoderLayer(dModel, nhead, layerOptions), numEncoderLayers, { norm: norm() });
    this.decoder = customDecoder ?? new TransformerDecoder(new TransformerDecoderLayer(dModel, nhead, layerOptions), numDecoderLayers, { norm: norm() });
    this.dModel = dModel;
    this.nhead = nhead;
    this.batchFirst = layerOptions.batchFirst ?? false;
    this.resetParameters();
  }

  resetParameters(): void {
    for (const parameter of this.parameters()) if (parameter.ndim > 1) init.xavierUniform_(parameter);
  }

  forward(src: Tensor, tgt: Tensor, masks?: TransformerMasks): Tensor {
    const { srcMask = null, srcKeyPaddingMask = null, ...decoderMasks } = optionsOf(this.constructor.name, TransformerMasks, masks);
    const batchDim = this.batchFirst ? 0 : 1;
    if (src.shape.at(-1) !== this.dModel || tgt.shape.at(-1) !== this.dModel || (src.ndim === 3 && src.shape[batchDim] !== tgt.shape[batchDim])) {
      throw new ShapeError(`Transformer: expected sequences of size ${this.dModel} and equal batches, got [${src.shape.join(", ")}] and [${tgt.shape.join(", ")}]`);
    }
    const memory = this.encoder.call(src, { mask: srcMask, srcKeyPaddingMask }) as Tensor;
    return this.decoder.call(tgt, memory, decoderMasks) as Tensor;
  }

  /** The mask by which no position sees later ones: −∞ above the diagonal. */
  static generateSquareSubsequentMask(size: number, options?: FactoryOptions): Tensor {
    return triu(full([size, size], -Infinity, factory(optionsOf("generateSquareSubsequentMask", FactoryOptions, options))), 1);
  }
}
