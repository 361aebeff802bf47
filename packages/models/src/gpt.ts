import { Embedding, functional as F, LayerNorm, Linear, Module, ModuleList } from "@gradus/nn";
import { arange, ArgumentError, cat, defaultGenerator, noGrad, optionsOf, ShapeError, softmax, tensor } from "@gradus/tensor-core";
import type { Generator, Options, Tensor } from "@gradus/tensor-core";

export const GptOptions = class {
  readonly vocabularySize!: number;
  /** The longest sequence. */
  readonly contextLength!: number;
  /** Size of the vectors that the blocks hand on. */
  readonly dModel!: number;
  readonly heads!: number;
  readonly layers!: number;
  /** Use the table of token vectors for the logits as well. */
  readonly tieWeights?: boolean;
};
export type GptOptions = Options<typeof GptOptions>;

/**
 * A block of GPT-2: attention to what came before, then a feed-forward network, each behind a norm and added to its input.
 *
 * @see Radford et al., Language models are unsupervised multitask learners (2019)
 */
export class Block extends Module {
  readonly ln1: LayerNorm;
  readonly qkv: Linear;
  readonly proj: Linear;
  readonly ln2: LayerNorm;
  readonly fc: Linear;
  readonly out: Linear;

  constructor(
    readonly dModel: number,
    readonly heads: number,
  ) {
    super();
    if (dModel % heads !== 0) throw new ArgumentError(`Block: expected a dModel that the heads divide, got ${dModel} and ${heads}`);
    this.ln1 = new LayerNorm(dModel);
    this.qkv = new Linear(dModel, 3 * dModel);
    this.proj = new Linear(dModel, dModel);
    this.ln2 = new LayerNorm(dModel);
    this.fc = new Linear(dModel, 4 * dModel);
    this.out = new Linear(4 * dModel, dModel);
  }

  /** @param x - `[batch, steps, dModel]`. */
  forward(x: Tensor): Tensor {
    const attended = x.add(this.proj.call(this.attend(this.ln1.call(x))));
    return attended.add(this.out.call(F.gelu(this.fc.call(this.ln2.call(attended)))));
  }

  protected attend(x: Tensor): Tensor {
    const [batch, steps] = x.shape as readonly [number, number, number];
    const byHead = (part: Tensor): Tensor => part.reshape(batch, steps, this.heads, this.dModel / this.heads).transpose(1, 2);
    const [q, k, v] = this.qkv.call(x).split(this.dModel, -1).map(byHead) as [Tensor, Tensor, Tensor];
    return F.scaledDotProductAttention(q, k, v, { isCausal: true }).transpose(1, 2).reshape(batch, steps, this.dModel);
  }
}

export const GenerateOptions = class {
  /** Below 1 the probable becomes more probable; 0 takes the most probable token. */
  readonly temperature?: number;
  readonly generator?: Generator;
};
export type GenerateOptions = Options<typeof GenerateOptions>;

/**
 * A small GPT-2: token and position vectors, blocks, a norm, and logits for the next token at each place.
 *
 * Tokens `[batch, steps]`, int64, to logits `[batch, steps, vocabularySize]`. Parameters have the names `tok`, `pos`, `blocks`, `ln_f`, `head`.
 *
 * @throws {ShapeError} for sequences longer than the context.
 * @example
 * const gpt = new GPT({ vocabularySize: 23, contextLength: 12, dModel: 16, heads: 2, layers: 2 });
 * gpt.call(zeros([4, 12], { dtype: "int64" })).shape; // [4, 12, 23]
 */
export class GPT extends Module {
  readonly contextLength: number;
  readonly tok: Embedding;
  readonly pos: Embedding;
  readonly blocks: ModuleList<Block>;
  readonly ln_f: LayerNorm;
  readonly head: Linear;

  constructor(options: GptOptions) {
    const { vocabularySize, contextLength, dModel, heads, layers, tieWeights = false } = optionsOf(new.target.name, GptOptions, options);
    super();
    this.contextLength = contextLength;
    this.tok = new Embedding(vocabularySize, dModel);
    this.pos = new Embedding(contextLength, dModel);
    this.blocks = new ModuleList(Array.from({ length: layers }, () => new Block(dModel, heads)));
    this.ln_f = new LayerNorm(dModel);
    this.head = new Linear(dModel, vocabularySize, { bias: false });
    if (tieWeights) this.head.registerParameter("weight", this.tok.weight);
  }

  forward(tokens: Tensor): Tensor {
    const [, steps] = tokens.shape;
    if (tokens.ndim !== 2 || steps! > this.contextLength) throw new ShapeError(`GPT: expected tokens [batch, up to ${this.contextLength}], got shape [${tokens.shape.join(", ")}]`);
    let x = this.tok.call(tokens).add(this.pos.call(arange(steps!, { device: tokens.device })));
    for (const block of this.blocks) x = block.call(x);
    return this.head.call(this.ln_f.call(x));
  }

  /**
   * Continues a sequence, token by token.
   *
   * @param tokens - What stands before; at least one.
   * @returns The new tokens.
   */
  async generate(tokens: readonly number[], count: number, options?: GenerateOptions): Promise<number[]> {
    const { temperature = 1, generator = defaultGenerator() } = optionsOf("generate", GenerateOptions, options);
    if (tokens.length === 0) throw new ArgumentError("generate: expected at least one token to begin with, got none");
    const { device } = this.tok.weight;
    let context = tensor([[...tokens]], { dtype: "int64", device });
    const made: number[] = [];
    for (let i = 0; i < count; i++) {
      const last = noGrad(() => {
        const logits = this.call(context.slice(1, Math.max(0, context.shape[1]! - this.contextLength))).get(0, -1);
        return temperature === 0 ? logits : softmax(logits.div(temperature), 0);
      });
      const weights = Array.from((await last.read()) as ArrayLike<number>);
      const next = temperature === 0 ? weights.indexOf(Math.max(...weights)) : draw(weights, generator);
      made.push(next);
      context = cat([context, tensor([[next]], { dtype: "int64", device })], 1);
    }
    return made;
  }
}

/** An index, with these probabilities. */
function draw(probabilities: readonly number[], generator: Generator): number {
  let left = generator.uniform(new Float64Array(1), 0, 1)[0]!;
  const at = probabilities.findIndex((p) => (left -= p) < 0);
  // Rounding may leave a little more than all.
  return at === -1 ? probabilities.length - 1 : at;
}
