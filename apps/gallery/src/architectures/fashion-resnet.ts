import { fetchFashionMnist, loadFashionMnist } from "@gradus/datasets/node";
import { resnet18 } from "@gradus/models";
import { CosineAnnealingLR, DataLoader, functional as F, manualSeed, noGrad, SGD, Subset } from "gradus";

/** A ResNet-18 for small images learns Fashion-MNIST for a few steps. */
export async function fashionResnet(directory?: string, { steps = 100, tested = 1000 } = {}): Promise<void> {
  const { train, test } = await (directory === undefined ? fetchFashionMnist() : loadFashionMnist(directory));
  manualSeed(0);
  const model = resnet18({ classes: 10, inChannels: 1, smallInput: true });
  const optimizer = new SGD(model.parameters(), { lr: 0.01, momentum: 0.9, weightDecay: 5e-4 });
  const scheduler = new CosineAnnealingLR(optimizer, steps);

  let step = 0;
  for (const [images, labels] of new DataLoader(train, { batchSize: 16, shuffle: true })) {
    optimizer.zeroGrad();
    const loss = F.crossEntropy(model.call(images), labels);
    loss.backward();
    optimizer.step();
    scheduler.step();
    if (++step % 20 === 0) console.log(`step ${step}: loss ${(await loss.item()).toFixed(4)}`);
    if (step === steps) break;
  }

  model.eval();
  const part = new Subset(test, Array.from({ length: tested }, (_, i) => i));
  let [loss, right] = [0, 0];
  for (const [images, labels] of new DataLoader(part, { batchSize: 100 })) {
    const logits = noGrad(() => model.call(images));
    loss += (await F.crossEntropy(logits, labels).item()) * labels.length;
    right += await logits.argmax({ dim: 1 }).eq(labels).sum().item();
  }
  console.log(`${tested} images held out: loss ${(loss / tested).toFixed(4)}, accuracy ${(right / tested).toFixed(4)}`);
}
