import type { Backend } from "@gradus/kernel-ir";
import type { Tensor } from "@gradus/tensor-core";
import * as core from "@gradus/tensor-core";
import { noGrad, scope, tensor } from "@gradus/tensor-core";
import { expect } from "vitest";
import { expectElements } from "../compare.js";
import { sample } from "../sampling.js";
import type { Subject } from "../subject.js";
import { settled } from "../subject.js";

const numbers = (shape: readonly number[], stream: number, scale: number): number[] =>
  sample("float32", [-scale, scale], shape.reduce((product, size) => product * size, 1), stream);

/** A small convolutional network with everything that a training step needs. */
class Network {
  readonly parameters: readonly Tensor[];

  constructor(readonly device: Backend) {
    const shapes = [[3, 1, 3, 3], [3], [4, 12], [4]] as const;
    this.parameters = shapes.map((shape, i) => tensor(numbers(shape, i, 0.5), { shape, device, requiresGrad: true }));
  }

  /** One step of gradient descent; gives the loss. */
  step(x: Tensor, target: Tensor): Tensor {
    const [kernel, bias, weight, offset] = this.parameters as [Tensor, Tensor, Tensor, Tensor];
    for (const parameter of this.parameters) parameter.grad = null;
    const features = core.maxPool2d(core.conv2d(x, kernel, bias, { padding: 1 }).relu(), 2);
    const loss = core.crossEntropy(core.linear(features.flatten(1).tanh(), weight, offset), target);
    loss.backward();
    noGrad(() => {
      for (const parameter of this.parameters) parameter.sub_(parameter.grad!.mul(0.1));
    });
    return loss.detach();
  }
}

/** Losses and final parameters of some steps. */
async function train(device: Backend): Promise<{ losses: number[]; parameters: (readonly number[])[] }> {
  const network = new Network(device);
  const x = tensor(numbers([6, 1, 4, 4], 5, 2), { shape: [6, 1, 4, 4], device });
  const target = tensor([0, 1, 2, 3, 0, 1], { dtype: "int64", device });
  const losses: number[] = [];
  for (let i = 0; i < 8; i++) losses.push(await scope(() => network.step(x, target)).item());
  return { losses, parameters: await Promise.all(network.parameters.map(async (parameter) => Array.from(await parameter.read(), Number))) };
}

/** Forward, backward and update of a network. */
export function trainingSuite(subject: Subject): void {
  subject.test("trains a small network to the interpreter's losses and weights", ["float32", "int64"], async () => {
    const [actual, expected] = [await train(subject.device), await train(subject.oracle)];
    const { ulps, fusesMultiplyAdd } = subject.tolerance;
    const margin = ulps === undefined && fusesMultiplyAdd === undefined ? {} : { ulps: 256, absolute: 256 };
    expectElements("losses", "float32", actual.losses, [expected.losses], margin);
    actual.parameters.forEach((values, i) => expectElements(`parameter ${i}`, "float32", values, [expected.parameters[i]!], margin));
    expect(actual.losses.at(-1)!).toBeLessThan(actual.losses[0]!);
  });

  subject.test("uses no more memory and no more programs after the first steps", ["float32", "int64"], async () => {
    const { device } = subject;
    const network = new Network(device);
    const x = tensor(numbers([6, 1, 4, 4], 5, 2), { shape: [6, 1, 4, 4], device });
    const target = tensor([0, 1, 2, 3, 0, 1], { dtype: "int64", device });
    const step = async (): Promise<void> => {
      const loss = scope(() => network.step(x, target));
      await loss.item();
      loss.dispose();
    };
    /** What is in use once the gradients of earlier steps, which nobody holds any more, are collected. */
    const inUse = async (): Promise<unknown> => {
      await settled(device);
      const { buffers, bytesInUse, prepared } = device.stats();
      return { buffers, bytesInUse, prepared };
    };
    for (let i = 0; i < 2; i++) await step();
    const before = await inUse();
    for (let i = 0; i < 5; i++) await step();
    expect(await inUse()).toEqual(before);
  });
}
