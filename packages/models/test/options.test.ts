import { cpu } from "@gradus/backend-cpu";
import * as models from "@gradus/models";
import { ReLU } from "@gradus/nn";
import { ArgumentError, Generator, setDefaultDevice } from "@gradus/tensor-core";
import { expect, test } from "vitest";

setDefaultDevice(cpu());

type Given = Readonly<Record<string, unknown>>;

const gpt = { vocabularySize: 3, contextLength: 2, dModel: 2, heads: 1, layers: 1 };
const resnet = { classes: 2, inChannels: 1, smallInput: true };
const inception = { classes: 2, auxLogits: false, transformInput: true, dropout: 0 };

/** What is called with options, and all of them. */
const calls: Readonly<Record<string, readonly [call: (options: Given) => unknown, options: Given]>> = {
  LeNet: [(options) => new models.LeNet(options), { inChannels: 1, imageSize: 28, classes: 2, channels: [1, 1], kernelSize: 3, padding: [0, 0], batchNorm: true }],
  MLP: [(options) => new models.MLP([1, 1], options), { activation: () => new ReLU() }],
  LSTMTagger: [(options) => new models.LSTMTagger(1, 1, 1, 1, options), { bidirectional: false }],
  GPT: [(options) => new models.GPT(options as typeof gpt), { ...gpt, tieWeights: true }],
  generate: [(options) => new models.GPT(gpt).generate([1], 1, options), { temperature: 0, generator: new Generator() }],
  ResNet: [(options) => new models.ResNet(models.BasicBlock, [1, 1, 1, 1], options), resnet],
  resnet18: [models.resnet18, resnet],
  resnet34: [models.resnet34, resnet],
  resnet50: [models.resnet50, resnet],
  Inception3: [(options) => new models.Inception3(options), inception],
  inceptionV3: [models.inceptionV3, inception],
};
const withoutOptions = ["BasicBlock", "Block", "Bottleneck"];

test("every model with options is here", () => {
  expect([...Object.keys(calls), ...withoutOptions].sort()).toEqual([...Object.keys(models), "generate"].sort());
});

test.each(Object.entries(calls))("%s refuses what it does not have", async (name, [call, options]) => {
  const asked = Promise.resolve({ ...options, unheardOf: 1 }).then(call);
  await expect(asked).rejects.toThrow(new ArgumentError(`${name}: expected no options but ${Object.keys(options).join(", ")}, got unheardOf; leave it out`));
});

test.each(Object.entries(calls).filter(([name]) => !/^(resnet|inception|Inception)/.test(name)))("%s accepts what it has", async (_, [call, options]) => {
  await expect(Promise.resolve(options).then(call)).resolves.toBeDefined();
});
