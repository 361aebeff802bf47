import { Adam, arange, cat, Embedding, full, functional as F, Linear, manualSeed, Module, noGrad, randint, type Tensor, Transformer } from "gradus";

const digits = 10;
/** What stands before the first digit of a target. */
const start = digits;
const length = 6;

/** Reads one sequence of digits and writes another. */
class Translator extends Module {
  readonly embedding = new Embedding(digits + 1, 32);
  readonly position = new Embedding(length, 32);
  readonly transformer = new Transformer({
    dModel: 32, nhead: 4, numEncoderLayers: 1, numDecoderLayers: 1, dimFeedforward: 64, dropout: 0, batchFirst: true,
  });
  readonly output = new Linear(32, digits);

  /** @returns At each place of the target, logits for the digit that comes next. */
  forward(source: Tensor, target: Tensor): Tensor {
    // No place sees later ones: they hold what is to be predicted.
    const tgtMask = Transformer.generateSquareSubsequentMask(target.shape[1]!);
    return this.output.call(this.transformer.call(this.embed(source), this.embed(target), { tgtMask }));
  }

  private embed(tokens: Tensor): Tensor {
    return this.embedding.call(tokens).add(this.position.call(arange(tokens.shape[1]!)));
  }
}

/** The target as the decoder may read it: a digit late. */
const delayed = (target: Tensor): Tensor => cat([full([target.shape[0]!, 1], start, { dtype: "int64" }), target.slice(1, 0, -1)], 1);

/** A transformer learns to write sequences backwards. */
export async function transformer({ steps = 400 }: { readonly steps?: number } = {}): Promise<void> {
  manualSeed(0);
  const model = new Translator();
  const optimizer = new Adam(model.parameters(), { lr: 0.003 });
  console.log(model);

  for (let step = 1; step <= steps; step++) {
    const source = randint(0, digits, [64, length]);
    const target = source.flip(1);
    optimizer.zeroGrad();
    const loss = F.crossEntropy(model.call(source, delayed(target)).flatten(0, 1), target.flatten());
    loss.backward();
    optimizer.step();
    if (step === 1 || step % 50 === 0) console.log(`step ${step}: loss ${(await loss.item()).toFixed(3)}`);
  }

  const source = randint(0, digits, [5, length]);
  let written = full([5, 1], start, { dtype: "int64" });
  for (let i = 0; i < length; i++) {
    const logits = noGrad(() => model.call(source, written)).select(1, -1);
    written = cat([written, logits.argmax({ dim: 1, keepdim: true })], 1);
  }
  console.log("read:", source);
  console.log("written:", written.slice(1, 1));
}
