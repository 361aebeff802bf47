/** A sentence with the part of speech of each word. */
export interface TaggedSentence {
  readonly words: readonly string[];
  readonly tags: readonly string[];
}

/**
 * Sentences of the Brown corpus out of one of its files: a line for each sentence, `The/at jury/nn said/vbd`.
 *
 * @returns Words as they stand, tags in capitals.
 * @see W. N. Francis, H. Kučera, "Brown Corpus Manual", 1979; nltk.corpus.brown.tagged_sents
 * @example
 * readBrown("The/at jury/nn said/vbd ./.")[0]?.tags; // ["AT", "NN", "VBD", "."]
 */
export function readBrown(text: string): TaggedSentence[] {
  const sentences: TaggedSentence[] = [];
  for (const line of text.split("\n")) {
    const tokens = line.split(/\s+/).filter((token) => token.lastIndexOf("/") > 0);
    if (tokens.length === 0) continue;
    const cuts = tokens.map((token) => token.lastIndexOf("/"));
    sentences.push({ words: tokens.map((token, i) => token.slice(0, cuts[i])), tags: tokens.map((token, i) => token.slice(cuts[i]! + 1).toUpperCase()) });
  }
  return sentences;
}

/**
 * A tag without what it says beside the part of speech: `FW-` (a foreign word), `-TL`, `-HL`, `-NC` (in a title, in a headline, cited).
 *
 * @example
 * ["NP-TL", "FW-NN-TL-HL", "PPSS+BEM"].map(plainTag); // ["NP", "NN", "PPSS+BEM"]
 */
export const plainTag = (tag: string): string => tag.replace(/^FW-/, "").replace(/(-(TL|HL|NC))+$/, "");
