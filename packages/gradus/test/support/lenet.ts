import type { Backend } from "@gradus/kernel-ir";
import { LeNet } from "@gradus/models";
import type { Tensor } from "gradus";
import { functional as F, Generator, manualSeed, tensor, withDefaultDevice } from "gradus";

/** Host values of a batch: 28 × 28 images and their classes. */
export interface Batch {
  readonly images: Float32Array;
  readonly classes: BigInt64Array;
}

const batchSize = 4;

/** Batches that differ, the same each time. */
export function batches(count: number): Batch[] {
  const generator = new Generator(7);
  return Array.from({ length: count }, () => ({
    images: generator.normal(new Float32Array(batchSize * 28 * 28)),
    classes: generator.randint(new BigInt64Array(batchSize), 0, 10),
  }));
}

/** A LeNet on a device, with the same weights each time. */
export function lenetOn(device: Backend): LeNet {
  return withDefaultDevice(device, () => {
    manualSeed(1);
    return new LeNet();
  });
}

/** One training step, from host values to moved parameters; gives the loss. */
export function step(device: Backend, net: LeNet, optimizer: { zeroGrad(): void; step(): void }, { images, classes }: Batch): Tensor {
  const x = tensor(images, { shape: [batchSize, 1, 28, 28], device });
  const target = tensor(classes, { device });
  optimizer.zeroGrad();
  const loss = F.crossEntropy(net.call(x), target);
  loss.backward();
  optimizer.step();
  return loss.detach();
}
