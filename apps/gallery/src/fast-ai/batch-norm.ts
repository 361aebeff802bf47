import {
  AdaptiveAvgPool2d, BatchNorm2d, Conv2d, DataLoader, Flatten, functional as F, manualSeed, Module, noGrad, ones, Parameter, ReLU,
  Sequential, SGD, type Tensor, TensorDataset, Unflatten, zeros,
} from "gradus";
import { digits } from "./digits.js";
import { fit } from "./fit.js";

/** Batch normalisation by hand: each channel gets mean 0 and variance 1, and then a scale and a shift that are learned. */
export class BatchNorm extends Module {
  readonly mults: Parameter;
  readonly adds: Parameter;
  /** What evaluation normalises with: means and variances that lag behind those of the batches. */
  readonly means: Tensor;
  readonly vars: Tensor;

  constructor(
    features: number,
    readonly momentum = 0.1,
    readonly eps = 1e-5,
  ) {
    super();
    this.mults = new Parameter(ones([features, 1, 1]));
    this.adds = new Parameter(zeros([features, 1, 1]));
    this.means = this.registerBuffer("means", zeros([1, features, 1, 1]));
    this.vars = this.registerBuffer("vars", ones([1, features, 1, 1]));
  }

  forward(x: Tensor): Tensor {
    const [mean, variance] = this.training ? this.updateStats(x) : [this.means, this.vars];
    return x.sub(mean).div(variance.add(this.eps).sqrt()).mul(this.mults).add(this.adds);
  }

  private updateStats(x: Tensor): [mean: Tensor, variance: Tensor] {
    const options = { dim: [0, 2, 3], keepdim: true };
    const [mean, variance] = [x.mean(options), x.var({ ...options, correction: 0 })];
    noGrad(() => {
      this.means.lerp_(mean, this.momentum);
      // Of a population, of which the batch is a sample.
      this.vars.lerp_(x.var(options), this.momentum);
    });
    return [mean, variance];
  }
}

type Norm = (channels: number) => Module;

function network(norm: Norm): Sequential {
  const halved = { stride: 2, padding: 1 };
  const conv = (inputs: number, outputs: number): Module[] => [
    new Conv2d(inputs, outputs, 3, { ...halved, bias: false }),
    norm(outputs),
    new ReLU(),
  ];
  return new Sequential(
    new Unflatten(1, [1, 8, 8]),
    ...conv(1, 16),
    ...conv(16, 32),
    new Conv2d(32, 10, 3, halved),
    new AdaptiveAvgPool2d(1),
    new Flatten(),
  );
}

/** The same training with our normalisation and with the library's: the losses are the same. */
export async function batchNorm(): Promise<void> {
  const { xTrain, yTrain, xValid, yValid } = await digits();
  const norms: Readonly<Record<string, Norm>> = { ours: (channels) => new BatchNorm(channels), BatchNorm2d: (channels) => new BatchNorm2d(channels) };
  for (const [name, norm] of Object.entries(norms)) {
    manualSeed(0);
    const model = network(norm);
    console.log(`${name}:`);
    const train = new DataLoader(new TensorDataset(xTrain, yTrain), { batchSize: 64, shuffle: true });
    const valid = new DataLoader(new TensorDataset(xValid, yValid), { batchSize: 128 });
    await fit(2, model, F.crossEntropy, new SGD(model.parameters(), { lr: 0.05, momentum: 0.9 }), train, valid);
  }
}
