import {
  AdaptiveAvgPool2d, BatchNorm2d, Conv2d, DataLoader, Flatten, functional as F, Identity, init, Linear, manualSeed, Module, ReLU,
  Sequential, SGD, type Tensor, TensorDataset, Unflatten,
} from "gradus";
import { digits } from "./digits.js";
import { fit } from "./fit.js";

/** A convolution and its normalisation. */
function conv(inputs: number, outputs: number, kernelSize: number, { stride = 1, activate = true } = {}): Sequential {
  const layers = [new Conv2d(inputs, outputs, kernelSize, { stride, padding: Math.floor(kernelSize / 2), bias: false }), new BatchNorm2d(outputs)];
  return new Sequential(...layers, ...(activate ? [new ReLU()] : []));
}

/** Two convolutions beside a path on which nothing is learned but, where sizes differ, how to fit. */
export class ResBlock extends Module {
  readonly convs: Sequential;
  readonly idconv: Module;

  constructor(inputs: number, outputs: number, stride = 1) {
    super();
    const second = conv(outputs, outputs, 3, { activate: false });
    // The block begins as the identity: gradients find the short way open.
    init.zeros_(second.getParameter("1.weight"));
    this.convs = new Sequential(conv(inputs, outputs, 3, { stride }), second);
    this.idconv = inputs === outputs && stride === 1 ? new Identity() : conv(inputs, outputs, 1, { stride, activate: false });
  }

  forward(x: Tensor): Tensor {
    return F.relu(this.convs.call(x).add(this.idconv.call(x) as Tensor));
  }
}

/** The residual network of the lessons learns the digits. */
export async function resnet(): Promise<void> {
  const { xTrain, yTrain, xValid, yValid } = await digits();
  manualSeed(0);
  const model = new Sequential(
    new Unflatten(1, [1, 8, 8]),
    conv(1, 16, 3),
    new ResBlock(16, 16),
    new ResBlock(16, 32, 2),
    new ResBlock(32, 64, 2),
    new AdaptiveAvgPool2d(1),
    new Flatten(),
    new Linear(64, 10),
  );
  console.log(model);

  const train = new DataLoader(new TensorDataset(xTrain, yTrain), { batchSize: 64, shuffle: true });
  const valid = new DataLoader(new TensorDataset(xValid, yValid), { batchSize: 128 });
  await fit(2, model, F.crossEntropy, new SGD(model.parameters(), { lr: 0.02, momentum: 0.9 }), train, valid);
}
