/** From a setup to modules, losses and optimizers, in tensors. */
import { BatchNorm1d, Dropout, functional as F, GELU, Identity, init, LeakyReLU, Linear, type Module, ReLU, Sequential, Sigmoid, SiLU, Tanh } from "@gradus/nn";
import { Parameter } from "@gradus/nn/module";
import {
  Adadelta, Adagrad, Adam, Adamax, AdamW, ASGD, CosineAnnealingLR, CosineAnnealingWarmRestarts, ExponentialLR, LinearLR, type LRScheduler, NAdam, PolynomialLR, RAdam, RMSprop,
  Rprop, type Scheduled, SGD, StepLR,
} from "@gradus/optim";
import { Scalar } from "@gradus/scalar-autodiff";
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
export const optimizers: Readonly<Record<OptimizerName, (params: Iterable<Leaf>, lr: number) => Scheduled & Pick<SGD, "step">>> = {
  sgd: (params, lr) => new SGD(params, { lr }),
  momentum: (params, lr) => new SGD(params, { lr, momentum: 0.9 }),
  nesterov: (params, lr) => new SGD(params, { lr, momentum: 0.9, nesterov: true }),
  asgd: (params, lr) => new ASGD(params, { lr }),
  rprop: (params, lr) => new Rprop(params, { lr }),
  rmsprop: (params, lr) => new RMSprop(params, { lr }),
  adagrad: (params, lr) => new Adagrad(params, { lr }),
  adadelta: (params, lr) => new Adadelta(params, { lr }),
  adam: (params, lr) => new Adam(params, { lr }),
  adamw: (params, lr) => new AdamW(params, { lr }),
  adamax: (params, lr) => new Adamax(params, { lr }),
  nadam: (params, lr) => new NAdam(params, { lr }),
  radam: (params, lr) => new RAdam(params, { lr }),
};

const schedulers: Readonly<Record<Exclude<ScheduleName, "constant">, (optimizer: Scheduled) => LRScheduler>> = {
  step: (optimizer) => new StepLR(optimizer, 50, { gamma: 0.5 }),
  exponential: (optimizer) => new ExponentialLR(optimizer, 0.99),
  polynomial: (optimizer) => new PolynomialLR(optimizer, { totalIters: 200 }),
  cosine: (optimizer) => new CosineAnnealingLR(optimizer, 200),
  restarts: (optimizer) => new CosineAnnealingWarmRestarts(optimizer, 50),
  warmup: (optimizer) => new LinearLR(optimizer, { startFactor: 0.05, totalIters: 20 }),
};

/**
 * The shares of the learning rate, epoch after epoch, as a scheduler sets them for an optimizer whose rate is 1. Kept apart from what
 * trains, because a reader may choose another schedule while the network learns.
 */
class Shares {
  readonly #scheduler: LRScheduler;
  readonly #known: number[] = [];

  constructor(schedule: keyof typeof schedulers) {
    this.#scheduler = schedulers[schedule](new SGD([new Parameter(new Scalar(0))], { lr: 1 }));
  }

  at(epoch: number): number {
    while (this.#known.length <= epoch) {
      this.#known.push(this.#scheduler.getLastLr()[0]!);
      this.#scheduler.step();
    }
    return this.#known[epoch]!;
  }
}

const shares = new Map<ScheduleName, Shares>();

/** The learning rate of a step, counted from 0. */
export function rateAt(setup: Setup, step: number): number {
  const { schedule, learningRate } = setup;
  if (schedule === "constant") return learningRate;
  const known = shares.get(schedule) ?? new Shares(schedule);
  shares.set(schedule, known);
  return learningRate * known.at(Math.floor(step / batchesOf(setup)));
}
