import type { PerDimension, Tensor } from "@gradus/tensor-core";
import { noGrad, optionsOf } from "@gradus/tensor-core";
import { Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d } from "./conv.js";
import type { ConvLayerOptions, ConvTransposeLayerOptions } from "./conv.js";
import { Linear } from "./linear.js";
import type { LinearOptions } from "./linear.js";
import { BatchNorm1d, BatchNorm2d, BatchNorm3d, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d, InstanceNormLayerOptions } from "./normalization.js";
import type { BatchNormLayerOptions } from "./normalization.js";
import type { Module } from "./tensor-module.js";

/*
 * Layers that find out the size of their input when they see it. Until then they are layers of size 0 that draw no random numbers.
 * The first call, or the first state that is loaded, tells the size: the parameters get their shapes (they stay the same objects, so
 * that an optimizer made earlier knows them), start as they would have, and the layer becomes one of the regular class.
 */

type Layer = Module & { resetParameters(): void };

interface Settling<M extends Layer> {
  /** The class that it becomes. */
  readonly Regular: { readonly prototype: M };
  /** The field that holds the size. */
  readonly field: string;
  /** The size, of an input or of one of the state's values. */
  readonly sizeOf: (x: Tensor) => number;
  readonly stateKey: string;
  readonly sizeIn: (value: { readonly shape: readonly number[] }) => number;
  /** The shape of a parameter or buffer, given the size. */
  readonly shapeOf: (shape: readonly number[], size: number) => readonly number[];
}

/** Waits for a size. */
function settleLater<M extends Layer>(layer: M, { Regular, field, sizeOf, stateKey, sizeIn, shapeOf }: Settling<M>): void {
  const settle = (size: number, like: Tensor | null): void => {
    for (const remove of removers) remove();
    (layer as unknown as Record<string, number>)[field] = size;
    noGrad(() => {
      for (const leaf of [...layer.parameters(), ...layer.buffers()]) {
        if (leaf.ndim > 0) leaf.data = leaf.newZeros(shapeOf(leaf.shape, size), like === null ? {} : { device: like.device });
        else if (like !== null && leaf.device !== like.device) leaf.data = leaf.data.to(like.device);
      }
    });
    Object.setPrototypeOf(layer, Regular.prototype);
    layer.resetParameters();
  };
  const removers = [
    layer.registerForwardPreHook((_: unknown, args: readonly unknown[]) => {
      const [x] = args as readonly [Tensor];
      settle(sizeOf(x), x);
      return undefined;
    }),
    layer.registerLoadStateDictPreHook((_: unknown, state: Record<string, unknown>, prefix: string) => {
      const value = state[prefix + stateKey] as { readonly shape: readonly number[] } | undefined;
      if (value !== undefined) settle(sizeIn(value), null);
    }),
  ];
}

const lastSize = (x: Tensor): number => x.shape.at(-1) ?? 0;

/** A linear layer that takes `inFeatures` from its first input. @see Linear, torch.nn.LazyLinear
 * @example
 * const layer = new LazyLinear(2);
 * String(layer); // "LazyLinear(in_features=0, out_features=2, bias=True)"
 * layer.call(ones([1, 3])).shape; // [1, 2]
 * String(layer); // "Linear(in_features=3, out_features=2, bias=True)"
 */
export class LazyLinear extends Linear {
  constructor(outFeatures: number, options?: LinearOptions) {
    super(0, outFeatures, options);
    settleLater(this, { Regular: Linear, field: "inFeatures", sizeOf: lastSize, stateKey: "weight", sizeIn: ({ shape }) => shape[1]!, shapeOf: ([out, ...rest], size) => (rest.length === 0 ? [out!] : [out!, size]) });
  }

  override resetParameters(): void {
    // There is nothing yet to start.
  }
}

/** Channels stand before the `n` spatial dimensions. */
const channelsOf = (n: number) => (x: Tensor): number => x.shape.at(-1 - n) ?? 0;

type ConvLayer = Layer & { readonly groups: number };

const settleConv = <M extends ConvLayer>(layer: M, n: number, Regular: { readonly prototype: M }): void => {
  settleLater(layer, {
    Regular, field: "inChannels", sizeOf: channelsOf(n), stateKey: "weight", sizeIn: ({ shape }) => shape[1]! * layer.groups,
    shapeOf: (shape, size) => (shape.length === 1 ? shape : [shape[0]!, size / layer.groups, ...shape.slice(2)]),
  });
};

const settleConvTranspose = <M extends ConvLayer>(layer: M, n: number, Regular: { readonly prototype: M }): void => {
  settleLater(layer, {
    Regular, field: "inChannels", sizeOf: channelsOf(n), stateKey: "weight", sizeIn: ({ shape }) => shape[0]!,
    shapeOf: (shape, size) => (shape.length === 1 ? shape : [size, ...shape.slice(1)]),
  });
};

/** Conv1d that takes `inChannels` from its first input. @see torch.nn.LazyConv1d */
export class LazyConv1d extends Conv1d {
  constructor(outChannels: number, kernelSize: PerDimension, options?: ConvLayerOptions) {
    super(0, outChannels, kernelSize, options);
    settleConv(this, 1, Conv1d);
  }

  override resetParameters(): void {
    // There is nothing yet to start.
  }
}

/** Conv2d that takes `inChannels` from its first input. @see torch.nn.LazyConv2d */
export class LazyConv2d extends Conv2d {
  constructor(outChannels: number, kernelSize: PerDimension, options?: ConvLayerOptions) {
    super(0, outChannels, kernelSize, options);
    settleConv(this, 2, Conv2d);
  }

  override resetParameters(): void {
    // There is nothing yet to start.
  }
}

/** Conv3d that takes `inChannels` from its first input. @see torch.nn.LazyConv3d */
export class LazyConv3d extends Conv3d {
  constructor(outChannels: number, kernelSize: PerDimension, options?: ConvLayerOptions) {
    super(0, outChannels, kernelSize, options);
    settleConv(this, 3, Conv3d);
  }

  override resetParameters(): void {
    // There is nothing yet to start.
  }
}

/** ConvTranspose1d that takes `inChannels` from its first input. @see torch.nn.LazyConvTranspose1d */
export class LazyConvTranspose1d extends ConvTranspose1d {
  constructor(outChannels: number, kernelSize: PerDimension, options?: ConvTransposeLayerOptions) {
    super(0, outChannels, kernelSize, options);
    settleConvTranspose(this, 1, ConvTranspose1d);
  }

  override resetParameters(): void {
    // There is nothing yet to start.
  }
}

/** ConvTranspose2d that takes `inChannels` from its first input. @see torch.nn.LazyConvTranspose2d */
export class LazyConvTranspose2d extends ConvTranspose2d {
  constructor(outChannels: number, kernelSize: PerDimension, options?: ConvTransposeLayerOptions) {
    super(0, outChannels, kernelSize, options);
    settleConvTranspose(this, 2, ConvTranspose2d);
  }

  override resetParameters(): void {
    // There is nothing yet to start.
  }
}

/** ConvTranspose3d that takes `inChannels` from its first input. @see torch.nn.LazyConvTranspose3d */
export class LazyConvTranspose3d extends ConvTranspose3d {
  constructor(outChannels: number, kernelSize: PerDimension, options?: ConvTransposeLayerOptions) {
    super(0, outChannels, kernelSize, options);
    settleConvTranspose(this, 3, ConvTranspose3d);
  }

  override resetParameters(): void {
    // There is nothing yet to start.
  }
}

type NormLayer = Layer & { readonly weight: Tensor | null };

/** Batches have their channels in the second dimension; where there may be none, they stand before the spatial ones. */
const settleNorm = <M extends NormLayer>(layer: M, Regular: { readonly prototype: M }, sizeOf: (x: Tensor) => number): void => {
  settleLater(layer, {
    Regular, field: "numFeatures", sizeOf, stateKey: layer.weight === null ? "running_mean" : "weight", sizeIn: ({ shape }) => shape[0]!, shapeOf: (_, size) => [size],
  });
};

const secondSize = (x: Tensor): number => x.shape[1] ?? 0;

/** BatchNorm1d that takes `numFeatures` from its first input. @see torch.nn.LazyBatchNorm1d */
export class LazyBatchNorm1d extends BatchNorm1d {
  constructor(options?: BatchNormLayerOptions) {
    super(0, options);
    settleNorm(this, BatchNorm1d, secondSize);
  }
}

/** BatchNorm2d that takes `numFeatures` from its first input. @see torch.nn.LazyBatchNorm2d */
export class LazyBatchNorm2d extends BatchNorm2d {
  constructor(options?: BatchNormLayerOptions) {
    super(0, options);
    settleNorm(this, BatchNorm2d, secondSize);
  }
}

/** BatchNorm3d that takes `numFeatures` from its first input. @see torch.nn.LazyBatchNorm3d */
export class LazyBatchNorm3d extends BatchNorm3d {
  constructor(options?: BatchNormLayerOptions) {
    super(0, options);
    settleNorm(this, BatchNorm3d, secondSize);
  }
}

/** Lazy instance normalisation has weights and running statistics unless told otherwise, as in PyTorch and unlike the regular one. */
function tracking(name: string, options: InstanceNormLayerOptions | undefined): InstanceNormLayerOptions {
  const { affine = true, trackRunningStats = true, ...rest } = optionsOf(name, InstanceNormLayerOptions, options);
  return { affine, trackRunningStats, ...rest };
}

/** InstanceNorm1d that takes `numFeatures` from its first input; unlike it with weights and running statistics, as in PyTorch. @see torch.nn.LazyInstanceNorm1d */
export class LazyInstanceNorm1d extends InstanceNorm1d {
  constructor(options?: InstanceNormLayerOptions) {
    super(0, tracking(new.target.name, options));
    settleNorm(this, InstanceNorm1d, channelsOf(1));
  }
}

/** InstanceNorm2d that takes `numFeatures` from its first input; with weights and running statistics. @see torch.nn.LazyInstanceNorm2d */
export class LazyInstanceNorm2d extends InstanceNorm2d {
  constructor(options?: InstanceNormLayerOptions) {
    super(0, tracking(new.target.name, options));
    settleNorm(this, InstanceNorm2d, channelsOf(2));
  }
}

/** InstanceNorm3d that takes `numFeatures` from its first input; with weights and running statistics. @see torch.nn.LazyInstanceNorm3d */
export class LazyInstanceNorm3d extends InstanceNorm3d {
  constructor(options?: InstanceNormLayerOptions) {
    super(0, tracking(new.target.name, options));
    settleNorm(this, InstanceNorm3d, channelsOf(3));
  }
}
