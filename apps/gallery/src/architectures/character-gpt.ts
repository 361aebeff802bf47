import { loadBrown } from "@gradus/datasets/node";
import { GPT } from "@gradus/models";
import { AdamW, buildVocabulary, CharacterDataset, DataLoader, functional as F, manualSeed, noGrad, Subset, type Tensor } from "gradus";

const contextLength = 64;

/** A small GPT-2 learns to write by reading the Brown corpus letter by letter, and then writes. */
export async function characterGpt({ steps = 1000, evaluated = 500, written = 300 } = {}): Promise<void> {
  const [text, heldOutText] = await texts();
  const characters = buildVocabulary([text, heldOutText]);
  const train = new CharacterDataset(text, contextLength, characters);
  const heldOut = new CharacterDataset(heldOutText, contextLength, characters);
  console.log(`${text.length} characters to learn from, ${heldOutText.length} held out, ${characters.length} different ones`);

  manualSeed(0);
  const gpt = new GPT({ vocabularySize: characters.length, contextLength, dModel: 64, heads: 4, layers: 2 });
  const optimizer = new AdamW(gpt.parameters(), { lr: 0.003 });
  const lossOf = (x: Tensor, y: Tensor): Tensor => F.crossEntropy(gpt.call(x).flatten(0, 1), y.flatten());

  let step = 0;
  for (const [x, y] of new DataLoader(train, { batchSize: 32, shuffle: true })) {
    optimizer.zeroGrad();
    const loss = lossOf(x, y);
    loss.backward();
    optimizer.step();
    if (++step % 100 === 0) console.log(`step ${step}: loss ${(await loss.item()).toFixed(4)}`);
    if (step === steps) break;
  }

  // Pieces that do not overlap.
  const pieces = new Subset(heldOut, Array.from({ length: evaluated }, (_, i) => i * contextLength));
  const losses: number[] = [];
  for (const [x, y] of new DataLoader(pieces, { batchSize: 50 })) losses.push(await noGrad(() => lossOf(x, y)).item());
  console.log(`held out: loss ${(losses.reduce((a, b) => a + b) / losses.length).toFixed(4)}`);

  const beginning = "The ";
  const tokens = await gpt.generate(characters.lookupIndices(beginning), written, { temperature: 0.8 });
  console.log(beginning + characters.lookupTokens(tokens).join(""));
}

/** The words of nine files of ten of the corpus, and those of each tenth. */
async function texts(): Promise<[training: string, heldOut: string]> {
  const files = await loadBrown();
  const textOf = (isHeldOut: boolean): string =>
    files.filter((_, i) => (i % 10 === 9) === isHeldOut).flatMap(({ sentences }) => sentences.map(({ words }) => words.join(" "))).join("\n");
  return [textOf(false), textOf(true)];
}
