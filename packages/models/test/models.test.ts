import { readFileSync } from "node:fs";
import { cpu } from "@gradus/backend-cpu";
import { GPT, LeNet, LSTMTagger, MLP, resnet18 } from "@gradus/models";
import type { Module } from "@gradus/nn";
import { functional as F, Linear, Tanh } from "@gradus/nn";
import type { Optimizer } from "@gradus/optim";
import { Adam, SGD } from "@gradus/optim";
import type { Tensor } from "@gradus/tensor-core";
import { manualSeed, noGrad, ones, rand, randint, scope, setDefaultDevice, ShapeError, zeros } from "@gradus/tensor-core";
import { describe, expect, test } from "vitest";

const device = cpu();
setDefaultDevice(device);

/** What PyTorch's losses were from the same seed on, and the shapes of its state. */
const torch = JSON.parse(readFileSync(new URL("fixtures/losses.json", import.meta.url), "utf8")) as Readonly<
  Record<string, { readonly drift: number; readonly losses: readonly number[]; readonly state: Readonly<Record<string, readonly number[]>> }>
>;

/** Model, inputs, targets, optimizer and loss, made in this order after the seed. */
interface Training {
  readonly model: () => Module;
  readonly inputs: () => Tensor;
  readonly targets: () => Tensor;
  readonly optimizer: (model: Module) => Optimizer;
  readonly loss: (output: Tensor, target: Tensor) => Tensor;
}
const classes = (): Tensor => randint(0, 10, [16]);
const sgd = (lr: number) => (model: Module): Optimizer => new SGD(model.parameters(), { lr, momentum: 0.9 });
const adam = (model: Module): Optimizer => new Adam(model.parameters());
const ofTokens = (output: Tensor, target: Tensor): Tensor => F.crossEntropy(output.flatten(0, 1), target.flatten());
const gptSizes = { vocabularySize: 23, contextLength: 12, dModel: 16, heads: 2, layers: 2 };
const trainings: Readonly<Record<string, Training>> = {
  LeNet: { model: () => new LeNet(), inputs: () => rand([16, 1, 28, 28]), targets: classes, optimizer: sgd(0.02), loss: F.crossEntropy },
  "LeNet for digits": { model: () => LeNet.forDigits(), inputs: () => rand([16, 1, 8, 8]), targets: classes, optimizer: (model) => new Adam(model.parameters()), loss: F.crossEntropy },
  LSTMTagger: { model: () => new LSTMTagger(20, 8, 12, 5), inputs: () => randint(0, 20, [4, 6]), targets: () => randint(0, 5, [4, 6]), optimizer: adam, loss: ofTokens },
  GPT: { model: () => new GPT(gptSizes), inputs: () => randint(0, 23, [4, 12]), targets: () => randint(0, 23, [4, 12]), optimizer: adam, loss: ofTokens },
  MLP: { model: () => new MLP([2, 10, 10, 1], { activation: () => new Tanh() }), inputs: () => rand([20, 2]), targets: () => rand([20, 1]), optimizer: sgd(0.1), loss: F.mseLoss },
};

describe("from the same seed on, a hundred losses fall as in PyTorch", () => {
  test.each(Object.entries(trainings))("%s", (name, training) => {
    const { drift, losses, state } = torch[name]!;
    manualSeed(0);
    const model = training.model();
    expect(Object.entries(model.stateDict()).map(([key, { shape }]) => [key, shape])).toEqual(Object.entries(state));
    const [x, y] = [training.inputs(), training.targets()];
    const optimizer = training.optimizer(model);
    for (const [step, expected] of losses.entries()) {
      const loss = scope(() => {
        optimizer.zeroGrad();
        const value = training.loss(model.call(x) as Tensor, y);
        value.backward();
        optimizer.step();
        return value.itemSync();
      });
      expect(Math.abs(loss - expected) / expected, `loss at step ${step}: ${loss}, PyTorch's ${expected}`).toBeLessThan(Math.max(1e-4, 20 * drift));
    }
    expect(losses.at(-1)!).toBeLessThan(losses[0]!);
  });

  test.each(Object.entries(trainings))("%s: after the first step no program is prepared", (_, training) => {
    const model = training.model();
    const [x, y, optimizer] = [training.inputs(), training.targets(), training.optimizer(model)];
    const step = (): void => {
      optimizer.zeroGrad();
      training.loss(model.call(x) as Tensor, y).backward();
      optimizer.step();
    };
    step();
    const { prepared } = device.stats();
    step();
    step();
    expect(device.stats().prepared).toBe(prepared);
  });
});

describe("LeNet", () => {
  test("has 61 706 parameters, as the original with rectifiers", () => {
    expect(new LeNet().parameters().reduce((count, parameter) => count + parameter.numel(), 0)).toBe(61706);
  });

  test("takes images of other sizes, channels and classes", () => {
    expect(new LeNet({ inChannels: 3, imageSize: 32, classes: 7, padding: [0, 0] }).call(ones([2, 3, 32, 32])).shape).toEqual([2, 7]);
    expect(LeNet.forDigits().call(ones([2, 1, 8, 8])).shape).toEqual([2, 10]);
  });

  test.each([[[2, 28, 28]], [[2, 3, 28, 28]], [[2, 1, 28, 27]], [[2, 1, 8, 8]]])("says which images it expects, given %j", (shape) => {
    expect(() => new LeNet().call(ones(shape))).toThrow(
      new ShapeError(`LeNet: expected images of shape [batch, 1, 28, 28], got [${shape.join(", ")}]; set inChannels and imageSize, or reshape`),
    );
  });

  test("says when images are too small", () => {
    expect(() => new LeNet({ imageSize: 8 })).toThrow("LeNet: expected images of which two convolutions and two poolings leave something, got imageSize 8 with kernelSize 5 and padding [2, 0]");
  });
});

describe("MLP", () => {
  test("is linear layers with an activation between them", () => {
    const net = new MLP([3, 5, 2], { activation: () => new Tanh() });
    expect([...net].map((module) => module.constructor.name)).toEqual(["Linear", "Tanh", "Linear"]);
    expect(new MLP([3, 2]).at(0)).toBeInstanceOf(Linear);
    expect(net.call(ones([4, 3])).shape).toEqual([4, 2]);
  });

  test("needs two sizes", () => {
    expect(() => new MLP([3])).toThrow("MLP: expected at least the sizes of input and output, got [3]");
  });
});

describe("GPT", () => {
  test("with tied weights uses one table for tokens and logits", () => {
    const gpt = new GPT({ ...gptSizes, tieWeights: true });
    expect(gpt.head.weight).toBe(gpt.tok.weight);
    expect(Object.keys(gpt.stateDict())).toContain("head.weight");
    expect(gpt.namedParameters().map(([name]) => name)).not.toContain("head.weight");
  });

  test("sees only what came before", () => {
    manualSeed(0);
    const gpt = new GPT(gptSizes);
    const tokens = randint(0, 23, [1, 6]);
    const changed = tokens.clone();
    changed.set([0, 5], 0);
    const [before, after] = [tokens, changed].map((x) => gpt.call(x).narrow(1, 0, 5).flatten().toArraySync());
    expect(after).toEqual(before);
  });

  test("continues a sequence beyond its context, the same way under the same seed", async () => {
    manualSeed(0);
    const gpt = new GPT(gptSizes);
    const sample = async (): Promise<number[]> => {
      manualSeed(1);
      return gpt.generate([1, 2, 3], 15);
    };
    const tokens = await sample();
    expect([tokens.length, tokens.every((token) => token >= 0 && token < 23), await sample()]).toEqual([15, true, tokens]);
    const [next] = await gpt.generate([1, 2, 3], 1, { temperature: 0 });
    expect(next).toBe(gpt.call(zeros([1, 3], { dtype: "int64" }).add(ones([3], { dtype: "int64" }).cumsum(0))).get(0, -1).argmax().itemSync());
    await expect(gpt.generate([], 1)).rejects.toThrow("generate: expected at least one token to begin with, got none");
  });

  test("says how long a sequence may be", () => {
    expect(() => new GPT(gptSizes).call(zeros([1, 13], { dtype: "int64" }))).toThrow("GPT: expected tokens [batch, up to 12], got shape [1, 13]");
  });
});

test("ResNet-18 has torchvision's parameters, and a small stem for small images", () => {
  const count = (model: Module): number => model.parameters().reduce((sum, parameter) => sum + parameter.numel(), 0);
  const small = resnet18({ classes: 10, inChannels: 1, smallInput: true });
  // As torchvision's, without the larger first kernel and with fewer classes.
  expect(count(small)).toBe(11_689_512 - 64 * (3 * 49 - 9) - 990 * 513);
  expect(Object.keys(small.stateDict())).toHaveLength(122);
  expect(noGrad(() => small.call(rand([2, 1, 28, 28]))).shape).toEqual([2, 10]);
});
