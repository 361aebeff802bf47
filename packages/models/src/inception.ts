import { AdaptiveAvgPool2d, BatchNorm2d, Conv2d, Dropout, functional as F, init, Linear, Module } from "@gradus/nn";
import type { ConvLayerOptions } from "@gradus/nn";
import { cat, optionsOf, stack } from "@gradus/tensor-core";
import type { Options, PerDimension, Tensor } from "@gradus/tensor-core";

/*
 * Names and numbers are torchvision's. A block runs several branches over its input and puts their channels side by side; the
 * suffixes of the names say where in the network such a block stands, and in which branch a convolution.
 */

/** A convolution, batch normalisation and a rectifier. */
class BasicConv2d extends Module {
  readonly conv: Conv2d;
  readonly bn: BatchNorm2d;

  constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options: Pick<ConvLayerOptions, "stride" | "padding"> = {}) {
    super();
    this.conv = new Conv2d(inChannels, outChannels, kernelSize, { bias: false, ...options });
    this.bn = new BatchNorm2d(outChannels, { eps: 0.001 });
  }

  forward(x: Tensor): Tensor {
    return this.bn.call(this.conv.call(x)).relu();
  }
}

/** One layer after another. */
const chain = (x: Tensor, ...layers: readonly BasicConv2d[]): Tensor => layers.reduce((y, layer) => layer.call(y), x);
const averaged = (x: Tensor): Tensor => F.avgPool2d(x, 3, { stride: 1, padding: 1 });
const halved = (x: Tensor): Tensor => F.maxPool2d(x, 3, { stride: 2 });

class InceptionA extends Module {
  readonly branch1x1: BasicConv2d;
  readonly branch5x5_1: BasicConv2d;
  readonly branch5x5_2: BasicConv2d;
  readonly branch3x3dbl_1: BasicConv2d;
  readonly branch3x3dbl_2: BasicConv2d;
  readonly branch3x3dbl_3: BasicConv2d;
  readonly branch_pool: BasicConv2d;

  constructor(channels: number, poolFeatures: number) {
    super();
    this.branch1x1 = new BasicConv2d(channels, 64, 1);
    this.branch5x5_1 = new BasicConv2d(channels, 48, 1);
    this.branch5x5_2 = new BasicConv2d(48, 64, 5, { padding: 2 });
    this.branch3x3dbl_1 = new BasicConv2d(channels, 64, 1);
    this.branch3x3dbl_2 = new BasicConv2d(64, 96, 3, { padding: 1 });
    this.branch3x3dbl_3 = new BasicConv2d(96, 96, 3, { padding: 1 });
    this.branch_pool = new BasicConv2d(channels, poolFeatures, 1);
  }

  forward(x: Tensor): Tensor {
    const small = chain(x, this.branch5x5_1, this.branch5x5_2);
    const double = chain(x, this.branch3x3dbl_1, this.branch3x3dbl_2, this.branch3x3dbl_3);
    return cat([this.branch1x1.call(x), small, double, this.branch_pool.call(averaged(x))], 1);
  }
}

class InceptionB extends Module {
  readonly branch3x3: BasicConv2d;
  readonly branch3x3dbl_1: BasicConv2d;
  readonly branch3x3dbl_2: BasicConv2d;
  readonly branch3x3dbl_3: BasicConv2d;

  constructor(channels: number) {
    super();
    this.branch3x3 = new BasicConv2d(channels, 384, 3, { stride: 2 });
    this.branch3x3dbl_1 = new BasicConv2d(channels, 64, 1);
    this.branch3x3dbl_2 = new BasicConv2d(64, 96, 3, { padding: 1 });
    this.branch3x3dbl_3 = new BasicConv2d(96, 96, 3, { stride: 2 });
  }

  forward(x: Tensor): Tensor {
    return cat([this.branch3x3.call(x), chain(x, this.branch3x3dbl_1, this.branch3x3dbl_2, this.branch3x3dbl_3), halved(x)], 1);
  }
}

/** Kernels of 7 × 1 and 1 × 7, which are cheaper than 7 × 7. */
const tall = (inChannels: number, outChannels: number): BasicConv2d => new BasicConv2d(inChannels, outChannels, [7, 1], { padding: [3, 0] });
const wide = (inChannels: number, outChannels: number): BasicConv2d => new BasicConv2d(inChannels, outChannels, [1, 7], { padding: [0, 3] });

class InceptionC extends Module {
  readonly branch1x1: BasicConv2d;
  readonly branch7x7_1: BasicConv2d;
  readonly branch7x7_2: BasicConv2d;
  readonly branch7x7_3: BasicConv2d;
  readonly branch7x7dbl_1: BasicConv2d;
  readonly branch7x7dbl_2: BasicConv2d;
  readonly branch7x7dbl_3: BasicConv2d;
  readonly branch7x7dbl_4: BasicConv2d;
  readonly branch7x7dbl_5: BasicConv2d;
  readonly branch_pool: BasicConv2d;

  constructor(channels: number, channels7x7: number) {
    super();
    this.branch1x1 = new BasicConv2d(channels, 192, 1);
    this.branch7x7_1 = new BasicConv2d(channels, channels7x7, 1);
    this.branch7x7_2 = wide(channels7x7, channels7x7);
    this.branch7x7_3 = tall(channels7x7, 192);
    this.branch7x7dbl_1 = new BasicConv2d(channels, channels7x7, 1);
    this.branch7x7dbl_2 = tall(channels7x7, channels7x7);
    this.branch7x7dbl_3 = wide(channels7x7, channels7x7);
    this.branch7x7dbl_4 = tall(channels7x7, channels7x7);
    this.branch7x7dbl_5 = wide(channels7x7, 192);
    this.branch_pool = new BasicConv2d(channels, 192, 1);
  }

  forward(x: Tensor): Tensor {
    const single = chain(x, this.branch7x7_1, this.branch7x7_2, this.branch7x7_3);
    const double = chain(x, this.branch7x7dbl_1, this.branch7x7dbl_2, this.branch7x7dbl_3, this.branch7x7dbl_4, this.branch7x7dbl_5);
    return cat([this.branch1x1.call(x), single, double, this.branch_pool.call(averaged(x))], 1);
  }
}

class InceptionD extends Module {
  readonly branch3x3_1: BasicConv2d;
  readonly branch3x3_2: BasicConv2d;
  readonly branch7x7x3_1: BasicConv2d;
  readonly branch7x7x3_2: BasicConv2d;
  readonly branch7x7x3_3: BasicConv2d;
  readonly branch7x7x3_4: BasicConv2d;

  constructor(channels: number) {
    super();
    this.branch3x3_1 = new BasicConv2d(channels, 192, 1);
    this.branch3x3_2 = new BasicConv2d(192, 320, 3, { stride: 2 });
    this.branch7x7x3_1 = new BasicConv2d(channels, 192, 1);
    this.branch7x7x3_2 = wide(192, 192);
    this.branch7x7x3_3 = tall(192, 192);
    this.branch7x7x3_4 = new BasicConv2d(192, 192, 3, { stride: 2 });
  }

  forward(x: Tensor): Tensor {
    const seven = chain(x, this.branch7x7x3_1, this.branch7x7x3_2, this.branch7x7x3_3, this.branch7x7x3_4);
    return cat([chain(x, this.branch3x3_1, this.branch3x3_2), seven, halved(x)], 1);
  }
}

class InceptionE extends Module {
  readonly branch1x1: BasicConv2d;
  readonly branch3x3_1: BasicConv2d;
  readonly branch3x3_2a: BasicConv2d;
  readonly branch3x3_2b: BasicConv2d;
  readonly branch3x3dbl_1: BasicConv2d;
  readonly branch3x3dbl_2: BasicConv2d;
  readonly branch3x3dbl_3a: BasicConv2d;
  readonly branch3x3dbl_3b: BasicConv2d;
  readonly branch_pool: BasicConv2d;

  constructor(channels: number) {
    super();
    const across = (): BasicConv2d => new BasicConv2d(384, 384, [1, 3], { padding: [0, 1] });
    const down = (): BasicConv2d => new BasicConv2d(384, 384, [3, 1], { padding: [1, 0] });
    this.branch1x1 = new BasicConv2d(channels, 320, 1);
    this.branch3x3_1 = new BasicConv2d(channels, 384, 1);
    this.branch3x3_2a = across();
    this.branch3x3_2b = down();
    this.branch3x3dbl_1 = new BasicConv2d(channels, 448, 1);
    this.branch3x3dbl_2 = new BasicConv2d(448, 384, 3, { padding: 1 });
    this.branch3x3dbl_3a = across();
    this.branch3x3dbl_3b = down();
    this.branch_pool = new BasicConv2d(channels, 192, 1);
  }

  forward(x: Tensor): Tensor {
    const single = this.branch3x3_1.call(x);
    const double = chain(x, this.branch3x3dbl_1, this.branch3x3dbl_2);
    return cat(
      [
        this.branch1x1.call(x), this.branch3x3_2a.call(single), this.branch3x3_2b.call(single), this.branch3x3dbl_3a.call(double),
        this.branch3x3dbl_3b.call(double), this.branch_pool.call(averaged(x)),
      ],
      1,
    );
  }
}

/** A second classifier from the middle of the network, for training. */
class InceptionAux extends Module {
  readonly conv0: BasicConv2d;
  readonly conv1: BasicConv2d;
  readonly fc: Linear;

  constructor(channels: number, classes: number) {
    super();
    this.conv0 = new BasicConv2d(channels, 128, 1);
    this.conv1 = new BasicConv2d(128, 768, 5);
    this.fc = new Linear(768, classes);
  }

  forward(x: Tensor): Tensor {
    const y = chain(F.avgPool2d(x, 5, { stride: 3 }), this.conv0, this.conv1);
    return this.fc.call(F.adaptiveAvgPool2d(y, 1).flatten(1));
  }
}

export const InceptionOptions = class {
  readonly classes?: number;
  /** Have the second classifier, which is used in training only. */
  readonly auxLogits?: boolean;
  /** Take images as ImageNet's other networks do and change them to what Inception's weights were trained with. */
  readonly transformInput?: boolean;
  readonly dropout?: number;
};
export type InceptionOptions = Options<typeof InceptionOptions>;

/** Mean and standard deviation of ImageNet's channels. */
const imageNet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/**
 * Inception v3, for images of 299 × 299: 27 161 264 parameters with the second classifier and 1000 classes.
 *
 * `[N, 3, H, W]` to logits `[N, classes]`; in training with the second classifier to both logits.
 *
 * @see torchvision.models.inception_v3; Szegedy et al., Rethinking the Inception architecture (2016)
 */
export class Inception3 extends Module {
  readonly transformInput: boolean;
  readonly Conv2d_1a_3x3: BasicConv2d;
  readonly Conv2d_2a_3x3: BasicConv2d;
  readonly Conv2d_2b_3x3: BasicConv2d;
  readonly Conv2d_3b_1x1: BasicConv2d;
  readonly Conv2d_4a_3x3: BasicConv2d;
  readonly Mixed_5b: InceptionA;
  readonly Mixed_5c: InceptionA;
  readonly Mixed_5d: InceptionA;
  readonly Mixed_6a: InceptionB;
  readonly Mixed_6b: InceptionC;
  readonly Mixed_6c: InceptionC;
  readonly Mixed_6d: InceptionC;
  readonly Mixed_6e: InceptionC;
  readonly AuxLogits: InceptionAux | null;
  readonly Mixed_7a: InceptionD;
  readonly Mixed_7b: InceptionE;
  readonly Mixed_7c: InceptionE;
  readonly avgpool: AdaptiveAvgPool2d;
  readonly dropout: Dropout;
  readonly fc: Linear;

  constructor(options?: InceptionOptions) {
    const { classes = 1000, auxLogits = true, transformInput = false, dropout = 0.5 } = optionsOf(new.target.name, InceptionOptions, options);
    super();
    this.transformInput = transformInput;
    this.Conv2d_1a_3x3 = new BasicConv2d(3, 32, 3, { stride: 2 });
    this.Conv2d_2a_3x3 = new BasicConv2d(32, 32, 3);
    this.Conv2d_2b_3x3 = new BasicConv2d(32, 64, 3, { padding: 1 });
    this.Conv2d_3b_1x1 = new BasicConv2d(64, 80, 1);
    this.Conv2d_4a_3x3 = new BasicConv2d(80, 192, 3);
    this.Mixed_5b = new InceptionA(192, 32);
    this.Mixed_5c = new InceptionA(256, 64);
    this.Mixed_5d = new InceptionA(288, 64);
    this.Mixed_6a = new InceptionB(288);
    this.Mixed_6b = new InceptionC(768, 128);
    this.Mixed_6c = new InceptionC(768, 160);
    this.Mixed_6d = new InceptionC(768, 160);
    this.Mixed_6e = new InceptionC(768, 192);
    this.AuxLogits = auxLogits ? new InceptionAux(768, classes) : null;
    this.Mixed_7a = new InceptionD(768);
    this.Mixed_7b = new InceptionE(1280);
    this.Mixed_7c = new InceptionE(2048);
    this.avgpool = new AdaptiveAvgPool2d(1);
    this.dropout = new Dropout(dropout);
    this.fc = new Linear(2048, classes);
    this.resetParameters();
  }

  /** After the layers' own initialisation, which torchvision draws too: the numbers that follow depend on it. */
  resetParameters(): void {
    const spread = (module: unknown): number => (module === this.AuxLogits?.conv1.conv ? 0.01 : module === this.AuxLogits?.fc ? 0.001 : 0.1);
    for (const module of this.modules()) {
      if (module instanceof Conv2d || module instanceof Linear) init.truncNormal_(module.weight, { std: spread(module) });
    }
  }

  forward(images: Tensor): Tensor | { readonly logits: Tensor; readonly auxLogits: Tensor } {
    const x = this.transformInput ? transformed(images) : images;
    const early = halved(chain(x, this.Conv2d_1a_3x3, this.Conv2d_2a_3x3, this.Conv2d_2b_3x3));
    let y = halved(chain(early, this.Conv2d_3b_1x1, this.Conv2d_4a_3x3));
    for (const block of [this.Mixed_5b, this.Mixed_5c, this.Mixed_5d, this.Mixed_6a, this.Mixed_6b, this.Mixed_6c, this.Mixed_6d, this.Mixed_6e]) y = block.call(y);
    const auxLogits = this.training ? this.AuxLogits?.call(y) : undefined;
    for (const block of [this.Mixed_7a, this.Mixed_7b, this.Mixed_7c]) y = block.call(y);
    const logits = this.fc.call(this.dropout.call(this.avgpool.call(y)).flatten(1));
    return auxLogits === undefined ? logits : { logits, auxLogits };
  }
}

/** From channels of mean 0 and deviation 1 to values between −1 and 1. */
const transformed = (x: Tensor): Tensor => stack(x.unbind(1).map((channel, i) => channel.mul(imageNet.std[i]! / 0.5).add((imageNet.mean[i]! - 0.5) / 0.5)), 1);

/** @see torchvision.models.inception_v3 */
export const inceptionV3 = (options?: InceptionOptions): Inception3 => new Inception3(optionsOf("inceptionV3", InceptionOptions, options));
