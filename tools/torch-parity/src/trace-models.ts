import { GPT, LeNet, LSTMTagger } from "@gradus/models";
import type { Module } from "@gradus/nn";
import { BatchNorm2d, Conv2d, functional as F, GroupNorm, Linear, Module as Base } from "@gradus/nn";
import type { Tensor } from "@gradus/tensor-core";

/** The networks that the traces train, by their names there. */

class MLP extends Base {
  readonly fc1: Linear;
  readonly fc2: Linear;
  readonly fc3: Linear;

  constructor(inputs: number, hidden: number, outputs: number) {
    super();
    this.fc1 = new Linear(inputs, hidden);
    this.fc2 = new Linear(hidden, hidden);
    this.fc3 = new Linear(hidden, outputs);
  }

  forward(x: Tensor): Tensor {
    return this.fc3.call(this.fc2.call(this.fc1.call(x).relu()).tanh());
  }
}

class ConvBN extends Base {
  readonly conv1 = new Conv2d(1, 4, 3, { padding: 1, bias: false });
  readonly bn1 = new BatchNorm2d(4);
  readonly conv2 = new Conv2d(4, 8, 3, { stride: 2, padding: 1 });
  readonly gn = new GroupNorm(2, 8);
  readonly fc = new Linear(8, 5);

  forward(x: Tensor): Tensor {
    const y = F.gelu(this.bn1.call(this.conv1.call(x)));
    const z = F.silu(this.gn.call(this.conv2.call(y)));
    return this.fc.call(F.adaptiveAvgPool2d(z, 1).flatten(1));
  }
}

type Options = Readonly<Record<string, number | boolean>>;
const sizes = (options: Options, ...names: readonly string[]): number[] => names.map((name) => Number(options[name]));

export const traceModels: Readonly<Record<string, (options: Options) => Module>> = {
  MLP: (options) => new MLP(...(sizes(options, "i", "h", "o") as [number, number, number])),
  LeNet: () => new LeNet(),
  ConvBN: () => new ConvBN(),
  LSTMTagger: (options) => new LSTMTagger(...(sizes(options, "vocab", "emb", "hidden", "tags") as [number, number, number, number])),
  TinyGPT: (options) => {
    const [vocabularySize, dModel, heads, layers, contextLength] = sizes(options, "vocab", "d", "heads", "layers", "ctx") as [number, number, number, number, number];
    return new GPT({ vocabularySize, dModel, heads, layers, contextLength, tieWeights: options.tie === true });
  },
};
