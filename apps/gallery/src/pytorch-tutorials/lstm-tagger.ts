import { type BrownFile, loadBrown } from "@gradus/datasets/node";
import { LSTMTagger } from "@gradus/models";
import { Adam, buildVocabulary, DataLoader, type Dataset, functional as F, manualSeed, noGrad, plainTag, type TaggedSentence, type Tensor, tensor } from "gradus";

/**
 * An LSTM learns the parts of speech of the Brown corpus, and is asked about files that it has not seen.
 *
 * After PyTorch's tutorial "Sequence models and long short-term memory networks", which has two sentences instead of a corpus.
 */
export async function lstmTagger({ files, epochs = 3 }: { readonly files?: readonly BrownFile[]; readonly epochs?: number } = {}): Promise<void> {
  const [training, heldOut] = split(files ?? (await loadBrown()));
  // Words that occur once are left out: in their places the network learns what to make of words that it does not know.
  const words = buildVocabulary(training.map((sentence) => sentence.words), { specials: ["<unk>"], unknown: "<unk>", minFreq: 2 });
  const tags = buildVocabulary(training.map((sentence) => sentence.tags));
  console.log(`${training.length} sentences to learn from, ${heldOut.length} held out; ${words.length} words, ${tags.length} tags`);

  manualSeed(0);
  const model = new LSTMTagger(words.length, 64, 64, tags.length);
  const optimizer = new Adam(model.parameters(), { lr: 0.005 });
  console.log(model);

  const wordsOf = (batch: Batch) => tensor(batch.map((sentence) => words.lookupIndices(sentence.words)), { dtype: "int64" });
  const tagsOf = (batch: Batch) => tensor(batch.map((sentence) => tags.lookupIndices(sentence.tags)), { dtype: "int64" });
  const batches = batchesOf(training);
  const dataset: Dataset<[words: Tensor, tags: Tensor]> = { length: batches.length, at: (i) => [wordsOf(batches[i]!), tagsOf(batches[i]!)] };
  const loader = new DataLoader(dataset, { batchSize: null, shuffle: true });
  for (let epoch = 1; epoch <= epochs; epoch++) {
    let total = 0;
    for (const [sentences, targets] of loader) {
      optimizer.zeroGrad();
      const loss = F.crossEntropy(model.call(sentences).flatten(0, 1), targets.flatten());
      loss.backward();
      optimizer.step();
      total += await loss.item();
    }
    console.log(`epoch ${epoch}: loss ${(total / batches.length).toFixed(4)}`);
  }

  const answers: Answer[] = [];
  for (const batch of batchesOf(heldOut)) {
    const logits = noGrad(() => model.call(wordsOf(batch)));
    const guesses = tags.lookupTokens(await logits.argmax({ dim: -1 }).read());
    const asked = batch.flatMap((sentence) => sentence.words.map((word, i) => ({ word, tag: sentence.tags[i]! })));
    answers.push(...asked.map(({ word, tag }, i) => ({ isRight: guesses[i] === tag, isKnown: words.has(word) })));
  }
  const [known, unknown] = [answers.filter(({ isKnown }) => isKnown), answers.filter(({ isKnown }) => !isKnown)];
  console.log(`accuracy ${accuracy(answers)}, of words that it knows ${accuracy(known)}, of others ${accuracy(unknown)}`);
}

/** Sentences of one length, so that nothing needs to be filled up. */
type Batch = readonly TaggedSentence[];

interface Answer {
  readonly isRight: boolean;
  readonly isKnown: boolean;
}

/** The sentences of nine files of ten, and those of each tenth. Files, and not sentences: what one text speaks of, it speaks of more than once. */
function split(files: readonly BrownFile[]): [training: TaggedSentence[], heldOut: TaggedSentence[]] {
  const sentencesOf = (part: readonly BrownFile[]) =>
    part.flatMap(({ sentences }) => sentences.map(({ words, tags }) => ({ words, tags: tags.map(plainTag) })));
  return [sentencesOf(files.filter((_, i) => i % 10 !== 9)), sentencesOf(files.filter((_, i) => i % 10 === 9))];
}

function batchesOf(sentences: readonly TaggedSentence[], size = 32): Batch[] {
  const byLength = new Map<number, TaggedSentence[]>();
  for (const sentence of sentences) {
    const length = sentence.words.length;
    const same = byLength.get(length) ?? [];
    same.push(sentence);
    byLength.set(length, same);
  }
  const cut = (same: Batch): Batch[] => Array.from({ length: Math.ceil(same.length / size) }, (_, i) => same.slice(i * size, (i + 1) * size));
  return [...byLength.values()].flatMap(cut);
}

const accuracy = (answers: readonly Answer[]): string => `${((100 * answers.filter(({ isRight }) => isRight).length) / answers.length).toFixed(2)} %`;
