import type { DataLoader } from "@gradus/datasets";
import type { LeNet } from "@gradus/models";
import type { SGD } from "@gradus/optim";
import { crossEntropy, scope, stack, type Tensor } from "@gradus/tensor-core";

/** What an epoch has seen so far. */
export interface Tally {
  readonly images: number;
  /** Mean cross-entropy, in nats. */
  readonly loss: number;
  /** The share of images that were classified right before the step that they led to. */
  readonly accuracy: number;
  readonly seconds: number;
}

/**
 * One pass over the training images, a step for each batch.
 *
 * @param rate - The learning rate of each step of this pass.
 * @param afterBatch - Called between batches with the tally so far; it may throw to end the work.
 */
export async function trainEpoch(
  network: LeNet,
  optimizer: SGD,
  batches: DataLoader<[image: Tensor, label: Tensor]>,
  rate: (step: number) => number,
  afterBatch: (tally: Tally) => Promise<void>,
): Promise<Tally> {
  network.train();
  const start = performance.now();
  let tally: Tally = { images: 0, loss: NaN, accuracy: NaN, seconds: 0 };
  let step = 0;
  let losses = 0;
  let hits = 0;
  for (const [inputs, labels] of batches) {
    for (const group of optimizer.paramGroups) group.lr = rate(step++);
    const seen = trainingStep(network, optimizer, inputs, labels);
    const [loss = NaN, correct = NaN] = await seen.read();
    losses += loss;
    hits += correct;
    const images = tally.images + labels.length;
    tally = { images, loss: losses / images, accuracy: hits / images, seconds: (performance.now() - start) / 1000 };
    // Nobody needs them any more; freed now, they make room for the next batch.
    for (const tensor of [inputs, labels, seen]) tensor.dispose();
    await afterBatch(tally);
  }
  return tally;
}

/** Moves the weights once. Gives the sum of the losses and the number of right answers as one tensor, so that one read fetches both. */
function trainingStep(network: LeNet, optimizer: SGD, inputs: Tensor, labels: Tensor): Tensor {
  return scope(() => {
    const logits = network.call(inputs);
    const loss = crossEntropy(logits, labels);
    loss.backward();
    optimizer.step();
    // Gradients outlive a scope, because leaves own them. These have done their work.
    for (const parameter of network.parameters()) parameter.grad?.dispose();
    optimizer.zeroGrad();
    const correct = logits.detach().argmax({ dim: 1 }).eq(labels).sum({ dtype: "float32" });
    return stack([loss.detach().mul(labels.length), correct]);
  });
}
