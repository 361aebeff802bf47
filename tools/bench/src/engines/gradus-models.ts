import { Conv2d, CrossEntropyLoss, Flatten, Linear, MaxPool2d, ReLU, Sequential } from "@gradus/nn";
import type { Module, Parameter } from "@gradus/nn";
import { SGD } from "@gradus/optim";
import { randint, randn } from "@gradus/tensor-core";
import type { Tensor } from "@gradus/tensor-core";
import type { Case } from "../protocol.js";

export interface Optimizer {
  zeroGrad(): void;
  step(): void;
}

/**
 * Training steps as PyTorch's users write them: no dispose, the loss read at the end.
 *
 * @param read - How the device gives the loss.
 */
export const trainingWith = (read: (loss: Tensor) => unknown) => (
  make: () => Module,
  optimizer: (parameters: Iterable<Parameter>) => Optimizer,
  inputs: () => readonly [x: Tensor, y: Tensor],
  loss: (output: Tensor, target: Tensor) => Tensor,
): Case => () => {
  const [model, [x, y]] = [make(), inputs()];
  const updates = optimizer(model.parameters());
  return () => {
    updates.zeroGrad();
    const value = loss(model.call(x) as Tensor, y);
    value.backward();
    updates.step();
    return read(value);
  };
};

const crossEntropyLoss = new CrossEntropyLoss();
export const crossEntropy = (output: Tensor, target: Tensor): Tensor => crossEntropyLoss.call(output, target);
export const sgd = (lr: number) => (parameters: Iterable<Parameter>): Optimizer => new SGD(parameters, { lr });

/** Inputs of this shape, with one of ten classes each. */
export const classified = (...shape: number[]) => (): readonly [Tensor, Tensor] => [randn(shape), randint(0, 10, [shape[0]!])];

export const mlp = (): Module => new Sequential(new Linear(784, 256), new ReLU(), new Linear(256, 128), new ReLU(), new Linear(128, 10));
export const lenet = (): Module =>
  new Sequential(
    new Conv2d(1, 6, 5, { padding: 2 }), new ReLU(), new MaxPool2d(2),
    new Conv2d(6, 16, 5), new ReLU(), new MaxPool2d(2), new Flatten(),
    new Linear(400, 120), new ReLU(), new Linear(120, 84), new ReLU(), new Linear(84, 10),
  );
