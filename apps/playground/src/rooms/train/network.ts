/** From a setup to modules, losses and optimizers, in tensors. */
import { BatchNorm1d, Dropout, functional as F, GELU, Identity, init, LeakyReLU, Linear, type Module, ReLU, Sequential, Sigmoid, SiLU, Tanh } from "@gradus/nn";
import { Adam, AdamW, SGD } from "@gradus/optim";
import type { Leaf } from "@gradus/autograd";
import type { Tensor } from "@gradus/tensor-core";
import { type ActivationName, batchesOf, type InitName, type LossName, type OptimizerName, type ScheduleName, type Setup, widthsOf } from "./setup.js";

const activations: Readonly<Record<ActivationName, () => Module>> = {
  relu: () => new ReLU(),
  leakyRelu: () => new LeakyReLU(),
  tanh: () => new Tanh(),
  sigmoid: () => new Sigmoid(),
  gelu: () => new GELU(),
  silu: () => new SiLU(),
  identity: () => new Identity(),
};

/** How weights start; null leaves PyTorch's choice, which the layers make themselves. Biases start at 0 with all others. */
const weightInits: Readonly<Record<InitName, ((weight: Tensor) => unknown) | null>> = {
  default: null,
  xavierUniform: (weight) => init.xavierUniform_(weight),
  xavierNormal: (weight) => init.xavierNormal_(weight),
  kaimingUniform: (weight) => init.kaimingUniform_(weight, { nonlinearity: "relu" }),
  kaimingNormal: (weight) => init.kaimingNormal_(weight, { nonlinearity: "relu" }),
  wide: (weight) => init.normal_(weight, 0, 3),
  zeros: (weight) => init.zeros_(weight),
};

/** One hidden layer or the output: the modules between two places that the page shows. */
interface Block {
  readonly linear: Linear;
  /** In the order in which they are called; for the output the linear layer alone. */
  readonly modules: readonly Module[];
}

export interface Network {
  readonly net: Sequential;
  readonly blocks: readonly Block[];
}

/** The network of a setup, on the default device. What it starts from is drawn from the default generator. */
export function buildNetwork(setup: Setup): Network {
  const widths = widthsOf(setup);
  const blocks = widths.slice(1).map((width, i): Block => {
    const linear = new Linear(widths[i]!, width);
    if (i === setup.layers.length) return { linear, modules: [linear] };
    const norm = setup.batchNorm ? [new BatchNorm1d(width)] : [];
    const dropout = setup.dropout > 0 ? [new Dropout(setup.dropout)] : [];
    return { linear, modules: [linear, ...norm, activations[setup.activation](), ...dropout] };
  });
  const start = weightInits[setup.init];
  if (start !== null) {
    for (const { linear } of blocks) {
      start(linear.weight);
      if (linear.bias !== null) init.zeros_(linear.bias);
    }
  }
  return { net: new Sequential(...blocks.flatMap(({ modules }) => modules)), blocks };
}

/** What the outputs are compared with, and how. */
export interface LossRule {
  readonly loss: (outputs: Tensor, targets: Tensor) => Tensor;
  /** From a class (0 or 1) or a value to a row of targets. */
  readonly target: (value: number, regression: boolean) => number;
  readonly integerTargets?: boolean;
}

export const losses: Readonly<Record<LossName, LossRule>> = {
  bce: { loss: (z, y) => F.binaryCrossEntropyWithLogits(z.squeeze(1), y), target: (value) => value },
  crossEntropy: { loss: (z, y) => F.crossEntropy(z, y), target: (value) => value, integerTargets: true },
  // A class is a side: −1 or 1.
  mse: { loss: (z, y) => F.mseLoss(z.squeeze(1), y), target: (value, regression) => (regression ? value : 2 * value - 1) },
  l1: { loss: (z, y) => F.l1Loss(z.squeeze(1), y), target: (value, regression) => (regression ? value : 2 * value - 1) },
};

/** An optimizer for parameters of any kind, tensors or scalars. */
export const optimizers: Readonly<Record<OptimizerName, (params: Iterable<Leaf>, lr: number) => SGD | Adam | AdamW>> = {
  sgd: (params, lr) => new SGD(params, { lr }),
  momentum: (params, lr) => new SGD(params, { lr, momentum: 0.9 }),
  nesterov: (params, lr) => new SGD(params, { lr, momentum: 0.9, nesterov: true }),
  adam: (params, lr) => new Adam(params, { lr }),
  adamw: (params, lr) => new AdamW(params, { lr }),
};

/** The share of the learning rate at an epoch, counted from 0. */
const schedules: Readonly<Record<ScheduleName, (epoch: number) => number>> = {
  constant: () => 1,
  step: (epoch) => 0.5 ** Math.floor(epoch / 50),
  exponential: (epoch) => 0.99 ** epoch,
  // Down to nothing in 200 epochs, and there it stays.
  cosine: (epoch) => (1 + Math.cos(Math.PI * Math.min(1, epoch / 200))) / 2,
  warmup: (epoch) => Math.min(1, (epoch + 1) / 20),
};

/** The learning rate of a step, counted from 0. */
export const rateAt = (setup: Setup, step: number): number => setup.learningRate * schedules[setup.schedule](Math.floor(step / batchesOf(setup)));
