import { Conv2d, functional as F, Linear, Module } from "@gradus/nn";
import { ArgumentError, ShapeError } from "@gradus/tensor-core";
import type { Tensor } from "@gradus/tensor-core";

export interface LeNetOptions {
  readonly inChannels?: number;
  /** Height and width of the images. */
  readonly imageSize?: number;
  readonly classes?: number;
  /** Channels after the first and the second convolution. */
  readonly channels?: readonly [number, number];
  readonly kernelSize?: number;
  /** Zeros around the images, and around what the second convolution sees. */
  readonly padding?: readonly [number, number];
}

/**
 * LeNet-5 with rectifiers and max pooling: two convolutions, each halved by pooling, and three linear layers. Parameters have
 * the names `conv1`, `conv2`, `fc1`, `fc2`, `fc3`.
 *
 * `[N, inChannels, imageSize, imageSize]` to logits `[N, classes]`.
 *
 * @see LeCun et al., Gradient-based learning applied to document recognition (1998)
 * @example
 * new LeNet().call(zeros([2, 1, 28, 28])).shape; // [2, 10]
 */
export class LeNet extends Module {
  readonly inChannels: number;
  readonly imageSize: number;
  readonly conv1: Conv2d;
  readonly conv2: Conv2d;
  readonly fc1: Linear;
  readonly fc2: Linear;
  readonly fc3: Linear;

  constructor({ inChannels = 1, imageSize = 28, classes = 10, channels = [6, 16], kernelSize = 5, padding = [2, 0] }: LeNetOptions = {}) {
    super();
    this.inChannels = inChannels;
    this.imageSize = imageSize;
    const halved = (size: number, pad: number): number => Math.floor((size + 2 * pad - kernelSize + 1) / 2);
    const side = halved(halved(imageSize, padding[0]), padding[1]);
    if (!(side >= 1)) throw new ArgumentError(`LeNet: expected images that two convolutions of ${kernelSize} and two poolings leave something of, got imageSize ${imageSize}; use a smaller kernelSize or more padding`);
    this.conv1 = new Conv2d(inChannels, channels[0], kernelSize, { padding: padding[0] });
    this.conv2 = new Conv2d(channels[0], channels[1], kernelSize, { padding: padding[1] });
    this.fc1 = new Linear(channels[1] * side * side, 120);
    this.fc2 = new Linear(120, 84);
    this.fc3 = new Linear(84, classes);
  }

  /** A small one for images of 8 × 8 pixels, such as the UCI digits. */
  static forDigits(): LeNet {
    // Not `new LeNet`: bundlers rename a class that names itself, and the name is what printing shows.
    return new this({ imageSize: 8, channels: [16, 32], kernelSize: 3, padding: [1, 1] });
  }

  forward(x: Tensor): Tensor {
    const { inChannels, imageSize } = this;
    const [, channels, height, width] = x.shape;
    if (x.ndim !== 4 || channels !== inChannels || height !== imageSize || width !== imageSize) {
      throw new ShapeError(`LeNet: expected images of shape [batch, ${inChannels}, ${imageSize}, ${imageSize}], got [${x.shape.join(", ")}]; set inChannels and imageSize, or reshape`);
    }
    let y = F.maxPool2d(this.conv1.call(x).relu(), 2);
    y = F.maxPool2d(this.conv2.call(y).relu(), 2);
    y = this.fc1.call(y.flatten(1)).relu();
    y = this.fc2.call(y).relu();
    return this.fc3.call(y);
  }
}
