import { Embedding, Linear, LSTM, Module } from "@gradus/nn";
import { optionsOf } from "@gradus/tensor-core";
import type { Options, Tensor } from "@gradus/tensor-core";

export const LstmTaggerOptions = class {
  /** Read sentences from both ends. */
  readonly bidirectional?: boolean;
};
export type LstmTaggerOptions = Options<typeof LstmTaggerOptions>;

/**
 * Tags every word of a sentence: vectors of words, an LSTM that reads them from both ends, and a linear layer.
 *
 * Word numbers `[batch, words]`, int64, to logits `[batch, words, tags]`. Parameters have the names `embedding`, `lstm`, `hidden2tag`.
 *
 * @see PyTorch's tutorial "Sequence models and long short-term memory networks"
 * @example
 * new LSTMTagger(100, 8, 12, 5).call(zeros([2, 7], { dtype: "int64" })).shape; // [2, 7, 5]
 */
export class LSTMTagger extends Module {
  readonly embedding: Embedding;
  readonly lstm: LSTM;
  readonly hidden2tag: Linear;

  constructor(vocabularySize: number, embeddingDim: number, hiddenDim: number, tags: number, options?: LstmTaggerOptions) {
    const { bidirectional = true } = optionsOf(new.target.name, LstmTaggerOptions, options);
    super();
    this.embedding = new Embedding(vocabularySize, embeddingDim);
    this.lstm = new LSTM(embeddingDim, hiddenDim, { batchFirst: true, bidirectional });
    this.hidden2tag = new Linear((bidirectional ? 2 : 1) * hiddenDim, tags);
  }

  forward(words: Tensor): Tensor {
    const [states] = this.lstm.call(this.embedding.call(words));
    return this.hidden2tag.call(states);
  }
}
