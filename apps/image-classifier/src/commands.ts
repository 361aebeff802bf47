import { setImmediate as turnOfTheEventLoop } from "node:timers/promises";
import { DataLoader, type ImageDataset, type ImageDatasets, Subset } from "@gradus/datasets";
import type { LeNet } from "@gradus/models";
import { SGD } from "@gradus/optim";
import { manualSeed } from "@gradus/tensor-core";
import { type CollectionName, collections, loadCollection } from "./collections.js";
import { confusionMatrix } from "./confusion.js";
import type { Picture } from "./draw.js";
import { type Evaluation, evaluate } from "./evaluate.js";
import { DivergenceError, exitStatus, UsageError } from "./failure.js";
import { listenForInterrupt } from "./interrupt.js";
import { imageSize, networkFor } from "./network.js";
import type { ClassifyOptions, TrainOptions } from "./options.js";
import type { Beginning, Reporter, Result } from "./report.js";
import { oneCycle } from "./schedule.js";
import { trainEpoch } from "./train.js";
import { checkSavable, loadWeights, readOrigin, saveWeights } from "./weights.js";

const MOMENTUM = 0.9;
/** Pulls the weights towards zero a little, which keeps the network from learning single images by heart. */
const WEIGHT_DECAY = 1e-3;

/**
 * Trains a network, tests it after each epoch, and saves it.
 *
 * @returns The exit status.
 */
export async function train(options: TrainOptions, reporter: Reporter): Promise<number> {
  const { dataset, epochs, batchSize, lr, seed, save } = options;
  await checkSavable(save);
  const data = await loadData(dataset, options);

  // One seed for all that is random: first the weights, then the order of the images.
  manualSeed(seed);
  const network = networkFor(imageSize(data.train), data.classes.length);
  const optimizer = new SGD(network.parameters(), { lr, momentum: MOMENTUM, nesterov: true, weightDecay: WEIGHT_DECAY });
  const batches = new DataLoader(data.train, { batchSize, shuffle: true });
  reporter.begin({ options, ...describe(dataset, data, network) });

  using interrupt = listenForInterrupt(() => { reporter.stopping(); });
  /** Between batches Ctrl-C is heard and the progress bar drawn. */
  const pause = async (): Promise<void> => {
    await turnOfTheEventLoop();
    interrupt.signal.throwIfAborted();
  };

  let epoch = 1;
  let evaluation: Evaluation | undefined;
  try {
    for (; epoch <= epochs; epoch++) {
      const stepsBefore = (epoch - 1) * batches.length;
      const progress = { epoch, epochs, totalImages: data.train.length };
      const tally = await trainEpoch(network, optimizer, batches, (step) => oneCycle(lr, stepsBefore + step, epochs * batches.length), async (soFar) => {
        if (!Number.isFinite(soFar.loss)) throw new DivergenceError(`training: expected a finite loss, got ${soFar.loss} in epoch ${epoch}; lower --lr`);
        reporter.progress({ ...progress, ...soFar });
        await pause();
      });
      reporter.progress({ ...progress, ...tally }, true);
      evaluation = await evaluate(network, data.test, pause);
      const { loss, accuracy, images, seconds } = tally;
      reporter.epoch({ epoch, epochs, loss, trainAccuracy: accuracy, testAccuracy: evaluation.accuracy, seconds, imagesPerSecond: images / seconds });
    }
  } catch (error) {
    if (!interrupt.signal.aborted || error !== interrupt.signal.reason) throw error;
    await saveWeights(save, network, { dataset, seed, epochs: epoch - 1 });
    reporter.interrupted({ epoch, epochs, saved: save });
    return exitStatus.interrupted;
  }
  // There was at least one epoch, so there is an evaluation.
  await saveWeights(save, network, { dataset, seed, epochs, testAccuracy: evaluation!.accuracy });
  await reporter.result({ ...resultOf(data, evaluation!), saved: save });
  return exitStatus.success;
}

/**
 * Classifies the test images with weights from a file.
 *
 * @returns The exit status.
 */
export async function classify(options: ClassifyOptions, reporter: Reporter): Promise<number> {
  const { load } = options;
  const origin = await readOrigin(load);
  const dataset = options.dataset ?? origin.dataset ?? "digits";
  if (origin.dataset !== undefined && origin.dataset !== dataset) {
    throw new UsageError(`--dataset: expected ${origin.dataset}, which the weights in ${load} were trained on, got ${dataset}; leave --dataset out or load other weights`);
  }
  const data = await loadData(dataset, options);
  const network = networkFor(imageSize(data.test), data.classes.length);
  await loadWeights(load, network);
  reporter.begin({ options, ...describe(dataset, data, network), savedAccuracy: origin.testAccuracy });
  await reporter.result(resultOf(data, await evaluate(network, data.test, () => turnOfTheEventLoop())));
  return exitStatus.success;
}

/** The collection, or only the first images of each part of it, for a quick try on a slow device. */
async function loadData(name: CollectionName, { dataDir, limit = Infinity }: TrainOptions | ClassifyOptions): Promise<ImageDatasets> {
  const { classes, train, test } = await loadCollection(name, dataDir);
  const first = (part: ImageDataset): ImageDataset => new Subset(part, Array.from({ length: Math.min(limit, part.length) }, (_, i) => i));
  return { classes, train: first(train), test: first(test) };
}

const describe = (dataset: CollectionName, { train, test, classes }: ImageDatasets, network: LeNet): Omit<Beginning, "options"> => ({
  title: collections[dataset].title,
  size: imageSize(test),
  counts: { train: train.length, test: test.length, classes: classes.length },
  network: String(network),
  parameters: network.parameters().reduce((count, parameter) => count + parameter.numel(), 0),
});

const resultOf = ({ classes, test }: ImageDatasets, evaluation: Evaluation): Result => ({
  classes,
  evaluation,
  confusion: confusionMatrix(evaluation.labels, evaluation.predictions, classes.length),
  testImage: (index) => picture(test, index),
});

async function picture(dataset: ImageDataset, index: number): Promise<Picture> {
  const [image, label] = dataset.at(index);
  const [, height, width] = image.shape as [number, number, number];
  const pixels = await image.read();
  for (const tensor of [image, label]) tensor.dispose();
  return { height, width, pixels };
}
