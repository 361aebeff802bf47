import {
  AdaptiveAvgPool2d, Conv2d, DataLoader, functional as F, manualSeed, Module, ReLU, Sequential, SGD, type Tensor, TensorDataset,
} from "gradus";
import { digits } from "./digits.js";
import { fit } from "./fit.js";

/** A layer of any function: what a network of plain layers needs at its beginning and end. */
class Lambda extends Module {
  readonly #compute: (x: Tensor) => Tensor;

  constructor(compute: (x: Tensor) => Tensor) {
    super();
    this.#compute = compute;
  }

  forward(x: Tensor): Tensor {
    return this.#compute(x);
  }
}

/** The first convolutional network of the lessons: three convolutions that halve the image, and the mean of what is left. */
export async function convolution(): Promise<void> {
  const { xTrain, yTrain, xValid, yValid } = await digits();
  manualSeed(0);
  const model = new Sequential(
    new Lambda((x) => x.reshape(-1, 1, 8, 8)),
    new Conv2d(1, 16, 3, { stride: 2, padding: 1 }),
    new ReLU(),
    new Conv2d(16, 16, 3, { stride: 2, padding: 1 }),
    new ReLU(),
    new Conv2d(16, 10, 3, { stride: 2, padding: 1 }),
    new AdaptiveAvgPool2d(1),
    new Lambda((x) => x.flatten(1)),
  );
  console.log(model);

  const train = new DataLoader(new TensorDataset(xTrain, yTrain), { batchSize: 64, shuffle: true });
  const valid = new DataLoader(new TensorDataset(xValid, yValid), { batchSize: 128 });
  await fit(5, model, F.crossEntropy, new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 }), train, valid);
}
