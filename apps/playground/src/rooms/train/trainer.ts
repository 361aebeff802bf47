/**
 * What moves the weights: one step for a batch. Every engine starts from the same weights and sees the same batches, so that they can be
 * compared step by step.
 *
 * @module
 */
import { type DeviceLike, manualSeed, scope, type Tensor, tensor, withDefaultDevice } from "@gradus/tensor-core";
import type { Linear } from "@gradus/nn";
import { disposeAll, forgetGradients } from "../../engine/training.js";
import { buildNetwork, losses, type Network, optimizers, rateAt } from "./network.js";
import { isRegression, type Setup } from "./setup.js";

/** Samples as the network sees them. */
export interface Samples {
  readonly count: number;
  readonly width: number;
  /** `[count, width]` */
  readonly features: Float32Array;
  readonly targets: Float64Array;
}

/** The numbers of a network by their names in its state. */
export type Weights = Readonly<Record<string, Float32Array>>;

export interface Trainer {
  /** Moves the weights once. Gives the loss of the batch, or null on a device that works asynchronously and may still be at it. */
  step(step: number, batch: readonly number[]): number | null;
  /** The weights now, and the gradients that moved them last. */
  read(): Promise<{ readonly weights: Weights; readonly gradients: Weights }>;
  memory(): { readonly bytes: number; readonly tensors: number } | { readonly scalars: number };
  dispose(): void;
}

/** The rows of a batch, as tensors on the default device. */
export function batchTensors(setup: Setup, samples: Samples, rows: readonly number[]): { readonly inputs: Tensor; readonly targets: Tensor } {
  const { features, targets, width } = samples;
  const rule = losses[setup.loss];
  const inputs = new Float32Array(rows.length * width);
  rows.forEach((row, i) => inputs.set(features.subarray(row * width, (row + 1) * width), i * width));
  const values = Float32Array.from(rows, (row) => rule.target(targets[row]!, isRegression(setup.dataset)));
  return {
    inputs: tensor(inputs, { shape: [rows.length, width] }),
    targets: tensor(values, { dtype: rule.integerTargets === true ? "int64" : "float32" }),
  };
}

/** λ Σ|w| or λ/2 Σw² over the weights, biases left out; null where nothing is asked for. */
function penalty({ regularization, regularizationRate }: Setup, layers: readonly Linear[]): Tensor | null {
  if (regularization === "none" || regularizationRate === 0) return null;
  const each = layers.map(({ weight }) => (regularization === "l1" ? weight.abs().sum() : weight.square().sum().mul(0.5)));
  return each.reduce((a, b) => a.add(b)).mul(regularizationRate);
}

/** Trains a network of tensors on one device. */
export function tensorTrainer(setup: Setup, samples: Samples, device: DeviceLike): Trainer & { readonly network: Network } {
  return withDefaultDevice(device, () => {
    // Made where the random numbers are PyTorch's, whichever device it goes to.
    manualSeed(setup.seed);
    const network = scope(() => buildNetwork(setup));
    const { net, blocks } = network;
    const layers = blocks.map(({ linear }) => linear);
    const optimizer = optimizers[setup.optimizer](net.parameters(), setup.learningRate);
    const { loss: lossOf } = losses[setup.loss];

    return {
      network,
      step(step, rows) {
        for (const group of optimizer.paramGroups) group.lr = rateAt(setup, step);
        return withDefaultDevice(device, () =>
          scope(() => {
            const { inputs, targets } = batchTensors(setup, samples, rows);
            forgetGradients(net, optimizer);
            net.train();
            const loss = lossOf(net.call(inputs), targets);
            const extra = penalty(setup, layers);
            (extra === null ? loss : loss.add(extra)).backward();
            optimizer.step();
            return loss.device.backend.readSync === undefined ? null : loss.itemSync();
          }),
        );
      },
      async read() {
        const all = async (entries: readonly (readonly [string, Tensor])[]): Promise<Weights> =>
          Object.fromEntries(await Promise.all(entries.map(async ([name, x]) => [name, Float32Array.from(await x.read(), Number)] as const)));
        const gradients = net.namedParameters().flatMap(([name, { grad }]) => (grad === null ? [] : [[name, grad] as const]));
        const [weights, last] = await Promise.all([all(Object.entries(net.stateDict())), all(gradients)]);
        return { weights, gradients: last };
      },
      memory() {
        const { bytes, storages } = net.parameters()[0]!.device.memoryStats();
        return { bytes, tensors: storages };
      },
      dispose: () => disposeAll(net, optimizer),
    };
  });
}
