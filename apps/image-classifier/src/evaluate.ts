import { DataLoader, type ImageDataset } from "@gradus/datasets";
import type { LeNet } from "@gradus/models";
import { noGrad, scope } from "@gradus/tensor-core";

/** What a network says about images, image by image. */
export interface Evaluation {
  readonly labels: readonly number[];
  readonly predictions: readonly number[];
  /** How sure the network is of each prediction, from 0 to 1. */
  readonly probabilities: readonly number[];
  /** The share of predictions that are right. */
  readonly accuracy: number;
}

const BATCH_SIZE = 256;

/**
 * Classifies all images of a dataset.
 *
 * @param afterBatch - Called between batches; it may throw to end the work.
 */
export async function evaluate(network: LeNet, dataset: ImageDataset, afterBatch: () => Promise<void>): Promise<Evaluation> {
  network.eval();
  const labels: number[] = [];
  const predictions: number[] = [];
  const probabilities: number[] = [];
  for (const [images, targets] of new DataLoader(dataset, { batchSize: BATCH_SIZE })) {
    const { values, indices } = noGrad(() => scope(() => network.call(images).softmax(1).max({ dim: 1 })));
    probabilities.push(...(await values.read()));
    predictions.push(...Array.from(await indices.read(), Number));
    labels.push(...Array.from(await targets.read(), Number));
    for (const tensor of [images, targets, values, indices]) tensor.dispose();
    await afterBatch();
  }
  const correct = labels.filter((label, i) => label === predictions[i]).length;
  return { labels, predictions, probabilities, accuracy: correct / labels.length };
}
