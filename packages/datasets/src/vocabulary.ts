import { ArgumentError, type Options, optionsOf, type Tensor, tensor } from "@gradus/tensor-core";
import type { Collated } from "./collate.js";
import { checkIndex, type Dataset } from "./dataset.js";

export const VocabularyOptions = class {
  /** Tokens that occur less often are left out; default 1. */
  readonly minFreq?: number;
  /** How many tokens there may be at most, the special ones included. */
  readonly maxTokens?: number;
  /** Tokens that come first whether they occur or not, such as `"<pad>"` and `"<unk>"`. */
  readonly specials?: readonly string[];
  /** The special token that stands for all that is not in the vocabulary. Without it those are errors. */
  readonly unknown?: string;
};
export type VocabularyOptions = Options<typeof VocabularyOptions>;

const UnknownOption = class {
  readonly unknown?: string | undefined;
};
type UnknownOption = Options<typeof UnknownOption>;

/**
 * Numbers for tokens: words, tags, characters.
 *
 * @see torchtext.vocab.Vocab
 * @example
 * const vocabulary = buildVocabulary(["the cat".split(" "), "the dog".split(" ")], { specials: ["<unk>"], unknown: "<unk>" });
 * [vocabulary.tokens, vocabulary.lookupIndices(["the", "fox"])]; // [["<unk>", "the", "cat", "dog"], [1, 0]]
 */
export class Vocabulary {
  /** By number. */
  readonly tokens: readonly string[];
  readonly unknown: string | undefined;
  readonly #indices: ReadonlyMap<string, number>;

  /** @throws {ArgumentError} if a token comes twice, or the one for unknown tokens is not among them. */
  constructor(tokens: Iterable<string>, options?: UnknownOption) {
    const { unknown } = optionsOf(new.target.name, UnknownOption, options);
    this.tokens = [...tokens];
    this.unknown = unknown;
    this.#indices = new Map(this.tokens.map((token, i) => [token, i]));
    if (this.#indices.size < this.tokens.length) throw new ArgumentError("Vocabulary: expected each token once, got one twice");
    if (unknown !== undefined && !this.#indices.has(unknown)) throw new ArgumentError(`Vocabulary: expected the unknown token among the tokens, got ${JSON.stringify(unknown)}; add it to specials`);
  }

  /** How many tokens there are. */
  get length(): number {
    return this.tokens.length;
  }

  has(token: string): boolean {
    return this.#indices.has(token);
  }

  /** The number of a token. @throws {ArgumentError} if it is not in the vocabulary, which has no unknown token. */
  lookupIndex(token: string): number {
    const index = this.#indices.get(token) ?? (this.unknown === undefined ? undefined : this.#indices.get(this.unknown));
    if (index === undefined) throw new ArgumentError(`Vocabulary.lookupIndex: expected one of ${this.length} tokens, got ${JSON.stringify(token)}; build it with an unknown token`);
    return index;
  }

  lookupIndices(tokens: Iterable<string>): number[] {
    return Array.from(tokens, (token) => this.lookupIndex(token));
  }

  /** @throws {ArgumentError} if there is no such number. */
  lookupToken(index: number): string {
    checkIndex("Vocabulary.lookupToken", index, this.length);
    return this.tokens[index]!;
  }

  lookupTokens(indices: Iterable<number | bigint>): string[] {
    return Array.from(indices, (index) => this.lookupToken(Number(index)));
  }
}

/**
 * Counts tokens and numbers them: special ones first, then the most frequent; equally frequent ones in alphabetical order.
 *
 * @param texts - Lists of tokens. A string is a list of its characters.
 * @throws {ArgumentError} if the token for unknown ones is not special.
 * @see torchtext.vocab.build_vocab_from_iterator
 */
export function buildVocabulary(texts: Iterable<Iterable<string>>, options?: VocabularyOptions): Vocabulary {
  const { minFreq = 1, maxTokens = Infinity, specials = [], unknown } = optionsOf("buildVocabulary", VocabularyOptions, options);
  const counts = new Map<string, number>();
  for (const text of texts) for (const token of text) counts.set(token, (counts.get(token) ?? 0) + 1);
  for (const token of specials) counts.delete(token);
  const frequent = [...counts].filter(([, count]) => count >= minFreq).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return new Vocabulary([...specials, ...frequent.map(([token]) => token)].slice(0, maxTokens), { unknown });
}

/**
 * The pieces of a text, for models that predict the next character: sample i is the characters from i on, and those from i + 1 on.
 *
 * @throws {ArgumentError} if the text is not longer than a piece.
 * @see minGPT, chargpt.py
 * @example
 * const text = new CharacterDataset("hello", 4);
 * const [x, y] = text.at(0);
 * [text.vocabulary.lookupTokens(await x.read()).join(""), text.vocabulary.lookupTokens(await y.read()).join("")]; // ["hell", "ello"]
 */
export class CharacterDataset implements Dataset<[Tensor, Tensor]> {
  readonly vocabulary: Vocabulary;
  readonly blockSize: number;
  /** How many pieces there are. */
  readonly length: number;
  readonly #ids: Int32Array;

  /** @param vocabulary - Default the characters of the text in their order. */
  constructor(text: string, blockSize: number, vocabulary: Vocabulary = new Vocabulary([...new Set(text)].sort())) {
    this.vocabulary = vocabulary;
    this.blockSize = blockSize;
    this.#ids = Int32Array.from(vocabulary.lookupIndices(text));
    this.length = this.#ids.length - blockSize;
    if (!Number.isInteger(blockSize) || blockSize < 1 || this.length < 1) throw new ArgumentError(`CharacterDataset: expected a text longer than a piece of ${blockSize} characters, got ${this.#ids.length}`);
  }

  at(index: number): [Tensor, Tensor] {
    checkIndex("CharacterDataset.at", index, this.length);
    return [this.#pieces([index], [this.blockSize]), this.#pieces([index + 1], [this.blockSize])];
  }

  batch(indices: readonly number[]): Collated<[Tensor, Tensor]> {
    for (const index of indices) checkIndex("CharacterDataset.batch", index, this.length);
    const shape = [indices.length, this.blockSize];
    return [this.#pieces(indices, shape), this.#pieces(indices.map((index) => index + 1), shape)];
  }

  #pieces(starts: readonly number[], shape: readonly number[]): Tensor {
    const ids = new Int32Array(starts.length * this.blockSize);
    for (const [row, start] of starts.entries()) ids.set(this.#ids.subarray(start, start + this.blockSize), row * this.blockSize);
    return tensor(ids, { shape, dtype: "int64" });
  }
}
