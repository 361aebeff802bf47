import { characterGpt } from "./architectures/character-gpt.js";
import { fashionResnet } from "./architectures/fashion-resnet.js";
import { gptBlock } from "./architectures/gpt-block.js";
import { inception } from "./architectures/inception.js";
import { resnets } from "./architectures/resnets.js";
import { customLayers } from "./dive-into-deep-learning/custom-layers.js";
import { devices } from "./dive-into-deep-learning/devices.js";
import { files } from "./dive-into-deep-learning/files.js";
import { initialization } from "./dive-into-deep-learning/initialization.js";
import { lazy } from "./dive-into-deep-learning/lazy.js";
import { modules } from "./dive-into-deep-learning/modules.js";
import { parameters } from "./dive-into-deep-learning/parameters.js";
import { backward } from "./fast-ai/backward.js";
import { batchNorm } from "./fast-ai/batch-norm.js";
import { convolution } from "./fast-ai/convolution.js";
import { kaiming } from "./fast-ai/kaiming.js";
import { matmul } from "./fast-ai/matmul.js";
import { refactoring } from "./fast-ai/refactoring.js";
import { resnet } from "./fast-ai/resnet.js";
import { trainingLoop } from "./fast-ai/training-loop.js";
import { modules as modulesOfScalars } from "./minitorch/modules.js";
import { scalars } from "./minitorch/scalars.js";
import { tensors } from "./minitorch/tensors.js";
import { lenet } from "./pytorch-tutorials/lenet.js";
import { lstmTagger } from "./pytorch-tutorials/lstm-tagger.js";
import { tinyModel } from "./pytorch-tutorials/tiny-model.js";
import { transformer } from "./pytorch-tutorials/transformer.js";

export interface Program {
  /** One line. */
  readonly about: string;
  /** @param directory - Where the data are that it learns from, if it takes any. */
  readonly run: (directory?: string) => void | Promise<void>;
}

/** The programs of each course by name, in the order in which to read them. The name is that of the file. */
export const courses: Readonly<Record<string, Readonly<Record<string, Program>>>> = {
  minitorch: {
    modules: { about: "a tree of modules whose parameters are single numbers, with their names", run: modulesOfScalars },
    scalars: { about: "networks of single numbers learn six problems in the plane", run: () => scalars() },
    tensors: { about: "the same networks as tensors, with the same losses", run: () => tensors() },
  },
  "fast-ai": {
    matmul: { about: "a matrix product five ways, each with its time", run: matmul },
    kaiming: { about: "what layers and relu do to mean and deviation, and weights for which they stay", run: kaiming },
    backward: { about: "a backward pass by hand: mse_grad, relu_grad, lin_grad", run: backward },
    refactoring: { about: "layers that know their gradients, then the library's", run: refactoring },
    "training-loop": { about: "logistic regression six times, from bare tensors to fit()", run: trainingLoop },
    convolution: { about: "the first convolutional network", run: convolution },
    "batch-norm": { about: "batch normalisation by hand, beside the library's", run: batchNorm },
    resnet: { about: "residual blocks that begin as the identity", run: resnet },
  },
  "pytorch-tutorials": {
    "tiny-model": { about: "a model, its printed tree and its parameters", run: tinyModel },
    lenet: { about: "LeNet: forward, loss, backward, update", run: lenet },
    "lstm-tagger": { about: "an LSTM learns the parts of speech of the Brown corpus (minutes)", run: () => lstmTagger() },
    transformer: { about: "an encoder and a decoder learn to write backwards", run: () => transformer() },
  },
  "dive-into-deep-learning": {
    modules: { about: "MLP, MySequential, FixedHiddenMLP with its while loop, NestMLP", run: modules },
    parameters: { about: "how to reach parameters, and how layers share them", run: parameters },
    initialization: { about: "init_normal, init_constant, init_xavier, init_42, my_init", run: initialization },
    lazy: { about: "layers that learn their input's size from the first input", run: lazy },
    "custom-layers": { about: "CenteredLayer and MyLinear", run: customLayers },
    files: { about: "tensors, lists, dictionaries and networks saved and loaded", run: files },
    devices: { about: "tensors of two devices do not meet; a network moves", run: () => devices() },
  },
  architectures: {
    "gpt-block": { about: "a block of GPT-2, which does not look ahead", run: gptBlock },
    "character-gpt": { about: "a small GPT-2 learns to write by reading letter by letter (minutes)", run: () => characterGpt() },
    inception: { about: "Inception v3: blocks, 27 161 264 parameters, a forward pass", run: inception },
    resnets: { about: "ResNet-18, 34 and 50 likewise", run: resnets },
    "fashion-resnet": { about: "a ResNet-18 for small images learns Fashion-MNIST (minutes)", run: fashionResnet },
  },
};
