import { AdaptiveAvgPool2d, BatchNorm2d, Conv2d, init, Linear, MaxPool2d, Module, Sequential } from "@gradus/nn";
import { optionsOf } from "@gradus/tensor-core";
import type { Options, Tensor } from "@gradus/tensor-core";

/** A convolution without bias, as batch normalisation follows. */
const conv = (inChannels: number, outChannels: number, kernelSize: number, stride = 1): Conv2d =>
  new Conv2d(inChannels, outChannels, kernelSize, { stride, padding: (kernelSize - 1) / 2, bias: false });

/** What is added to a block's result: its input, brought to the same shape where it has another. */
const shortcut = (inChannels: number, outChannels: number, stride: number): Sequential<readonly [Conv2d, BatchNorm2d]> | null =>
  stride === 1 && inChannels === outChannels ? null : new Sequential(conv(inChannels, outChannels, 1, stride), new BatchNorm2d(outChannels));

type Downsample = ReturnType<typeof shortcut>;

/** Two convolutions of 3 × 3, added to their input. */
export class BasicBlock extends Module {
  static readonly expansion = 1;
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly downsample: Downsample;

  constructor(inChannels: number, channels: number, stride: number) {
    super();
    this.conv1 = conv(inChannels, channels, 3, stride);
    this.bn1 = new BatchNorm2d(channels);
    this.conv2 = conv(channels, channels, 3);
    this.bn2 = new BatchNorm2d(channels);
    this.downsample = shortcut(inChannels, channels, stride);
  }

  forward(x: Tensor): Tensor {
    const inner = this.bn1.call(this.conv1.call(x)).relu();
    return this.bn2.call(this.conv2.call(inner)).add(this.downsample?.call(x) ?? x).relu();
  }
}

/** Convolutions of 1 × 1, 3 × 3 and 1 × 1, the middle one narrow, added to their input. */
export class Bottleneck extends Module {
  static readonly expansion = 4;
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly conv3: Conv2d;
  readonly bn3: BatchNorm2d;
  readonly downsample: Downsample;

  constructor(inChannels: number, channels: number, stride: number) {
    super();
    const wide = channels * Bottleneck.expansion;
    this.conv1 = conv(inChannels, channels, 1);
    this.bn1 = new BatchNorm2d(channels);
    this.conv2 = conv(channels, channels, 3, stride);
    this.bn2 = new BatchNorm2d(channels);
    this.conv3 = conv(channels, wide, 1);
    this.bn3 = new BatchNorm2d(wide);
    this.downsample = shortcut(inChannels, wide, stride);
  }

  forward(x: Tensor): Tensor {
    const narrow = this.bn1.call(this.conv1.call(x)).relu();
    const inner = this.bn2.call(this.conv2.call(narrow)).relu();
    return this.bn3.call(this.conv3.call(inner)).add(this.downsample?.call(x) ?? x).relu();
  }
}

export const ResNetOptions = class {
  readonly classes?: number;
  readonly inChannels?: number;
  /** For images of 32 × 32 and the like: a first convolution of 3 × 3 without stride, and no pooling after it. */
  readonly smallInput?: boolean;
};
export type ResNetOptions = Options<typeof ResNetOptions>;

/**
 * A residual network with torchvision's names and initialisation: `resnet18()`, `resnet34()` and `resnet50()` are the usual ones.
 *
 * `[N, inChannels, H, W]` to logits `[N, classes]`.
 *
 * @see He et al., Deep residual learning for image recognition (2016)
 */
export class ResNet extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly maxpool: MaxPool2d | null;
  readonly layer1: Sequential;
  readonly layer2: Sequential;
  readonly layer3: Sequential;
  readonly layer4: Sequential;
  readonly avgpool: AdaptiveAvgPool2d;
  readonly fc: Linear;

  /** @param blocks - How many blocks each of the four layers has. */
  constructor(Block: typeof BasicBlock | typeof Bottleneck, blocks: readonly [number, number, number, number], options?: ResNetOptions) {
    const { classes = 1000, inChannels = 3, smallInput = false } = optionsOf(new.target.name, ResNetOptions, options);
    super();
    this.conv1 = smallInput ? conv(inChannels, 64, 3) : conv(inChannels, 64, 7, 2);
    this.bn1 = new BatchNorm2d(64);
    this.maxpool = smallInput ? null : new MaxPool2d(3, { stride: 2, padding: 1 });
    let channels = 64;
    const layer = (width: number, count: number, stride: number): Sequential =>
      new Sequential(...Array.from({ length: count }, (_, i) => {
        const block = new Block(channels, width, i === 0 ? stride : 1);
        channels = width * Block.expansion;
        return block;
      })) as Sequential;
    this.layer1 = layer(64, blocks[0], 1);
    this.layer2 = layer(128, blocks[1], 2);
    this.layer3 = layer(256, blocks[2], 2);
    this.layer4 = layer(512, blocks[3], 2);
    this.avgpool = new AdaptiveAvgPool2d(1);
    this.fc = new Linear(channels, classes);
    // After the layers' own initialisation, which torchvision draws too: the numbers that follow depend on it.
    for (const module of this.modules()) if (module instanceof Conv2d) init.kaimingNormal_(module.weight, { mode: "fan_out", nonlinearity: "relu" });
  }

  forward(x: Tensor): Tensor {
    const stem = this.bn1.call(this.conv1.call(x)).relu();
    let y = this.maxpool?.call(stem) ?? stem;
    for (const layer of [this.layer1, this.layer2, this.layer3, this.layer4]) y = layer.call(y);
    return this.fc.call(this.avgpool.call(y).flatten(1));
  }
}

/**
 * ResNet-18: 11 689 512 parameters for 1000 classes.
 *
 * @see torchvision.models.resnet18
 * @example
 * resnet18({ classes: 10, inChannels: 1, smallInput: true }).call(zeros([2, 1, 28, 28])).shape; // [2, 10]
 */
export const resnet18 = (options?: ResNetOptions): ResNet => new ResNet(BasicBlock, [2, 2, 2, 2], optionsOf("resnet18", ResNetOptions, options));

/** ResNet-34: 21 797 672 parameters for 1000 classes. @see torchvision.models.resnet34 */
export const resnet34 = (options?: ResNetOptions): ResNet => new ResNet(BasicBlock, [3, 4, 6, 3], optionsOf("resnet34", ResNetOptions, options));

/** ResNet-50: 25 557 032 parameters for 1000 classes. @see torchvision.models.resnet50 */
export const resnet50 = (options?: ResNetOptions): ResNet => new ResNet(Bottleneck, [3, 4, 6, 3], optionsOf("resnet50", ResNetOptions, options));
