/**
 * Values to start from. Each function overwrites a tensor, outside of differentiation, and returns it; under a seed they
 * are PyTorch's numbers.
 *
 * @module
 */
import type { Generator, Tensor } from "@gradus/tensor-core";
import { ArgumentError, noGrad, ShapeError } from "@gradus/tensor-core";

/** The functions between layers that a gain is known for. */
export type Nonlinearity =
  | "linear" | "conv1d" | "conv2d" | "conv3d" | "conv_transpose1d" | "conv_transpose2d" | "conv_transpose3d" | "sigmoid"
  | "tanh" | "relu" | "leaky_relu" | "selu";

/** Which side of a layer keeps its variance: the forward pass (`fan_in`) or the backward pass (`fan_out`). */
export type FanMode = "fan_in" | "fan_out";

export interface XavierOptions {
  readonly gain?: number;
  readonly generator?: Generator;
}

export interface KaimingOptions {
  /** Negative slope of the leaky ReLU that follows. */
  readonly a?: number;
  readonly mode?: FanMode;
  readonly nonlinearity?: "relu" | "leaky_relu" | Nonlinearity;
  readonly generator?: Generator;
}

/** From U(from, to). @see torch.nn.init.uniform_ */
export const uniform_ = (x: Tensor, from = 0, to = 1, generator?: Generator): Tensor => noGrad(() => x.uniform_(from, to, generator));

/** From N(mean, std²). @see torch.nn.init.normal_ */
export const normal_ = (x: Tensor, mean = 0, std = 1, generator?: Generator): Tensor => noGrad(() => x.normal_(mean, std, generator));

/** @see torch.nn.init.constant_ */
export const constant_ = (x: Tensor, value: number): Tensor => noGrad(() => x.fill_(value));

/** @see torch.nn.init.ones_ */
export const ones_ = (x: Tensor): Tensor => constant_(x, 1);

/** @see torch.nn.init.zeros_ */
export const zeros_ = (x: Tensor): Tensor => constant_(x, 0);

/**
 * How many inputs an element of a layer's output is computed from, and how many outputs an element of its input goes to.
 *
 * @param x - A weight, `[out, in, …kernel]`.
 * @throws {ShapeError} for fewer than two dimensions.
 * @example
 * init.fans(zeros([16, 6, 5, 5])); // { fanIn: 150, fanOut: 400 }
 */
export function fans(x: Tensor): { readonly fanIn: number; readonly fanOut: number } {
  const [out, channels, ...kernel] = x.shape;
  if (out === undefined || channels === undefined) throw new ShapeError(`init: expected a weight of at least 2 dimensions, got shape [${x.shape.join(", ")}]; use uniform_ or normal_`);
  const receptiveField = kernel.reduce((product, size) => product * size, 1);
  return { fanIn: channels * receptiveField, fanOut: out * receptiveField };
}

const gains: Partial<Record<Nonlinearity, number>> = { tanh: 5 / 3, relu: Math.SQRT2, selu: 3 / 4 };

/**
 * The factor by which a nonlinearity wants its inputs larger, so that variance stays the same from layer to layer: 1 for
 * linear layers, 5/3 for tanh, √2 for ReLU, √(2 / (1 + slope²)) for leaky ReLU.
 *
 * @param slope - Of the leaky ReLU; 0.01 unless given.
 * @see torch.nn.init.calculate_gain
 * @example
 * init.calculateGain("relu"); // 1.4142135623730951
 */
export function calculateGain(nonlinearity: Nonlinearity, slope = 0.01): number {
  return nonlinearity === "leaky_relu" ? Math.sqrt(2 / (1 + slope ** 2)) : (gains[nonlinearity] ?? 1);
}

/**
 * Glorot's uniform initialisation, U(−a, a) with a = gain · √(6 / (fanIn + fanOut)).
 *
 * @see torch.nn.init.xavier_uniform_; Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks (2010)
 */
export function xavierUniform_(x: Tensor, { gain = 1, generator }: XavierOptions = {}): Tensor {
  const bound = Math.sqrt(3) * xavierStd(x, gain);
  return uniform_(x, -bound, bound, generator);
}

/** Glorot's normal initialisation, N(0, gain² · 2 / (fanIn + fanOut)). @see torch.nn.init.xavier_normal_ */
export const xavierNormal_ = (x: Tensor, { gain = 1, generator }: XavierOptions = {}): Tensor => normal_(x, 0, xavierStd(x, gain), generator);

function xavierStd(x: Tensor, gain: number): number {
  const { fanIn, fanOut } = fans(x);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
}

/**
 * He's uniform initialisation, U(−b, b) with b = gain · √(3 / fan).
 *
 * @see torch.nn.init.kaiming_uniform_; He et al., Delving deep into rectifiers (2015)
 */
export function kaimingUniform_(x: Tensor, options: KaimingOptions = {}): Tensor {
  const bound = Math.sqrt(3) * kaimingStd(x, options);
  return uniform_(x, -bound, bound, options.generator);
}

/** He's normal initialisation, N(0, gain² / fan). @see torch.nn.init.kaiming_normal_ */
export const kaimingNormal_ = (x: Tensor, options: KaimingOptions = {}): Tensor => normal_(x, 0, kaimingStd(x, options), options.generator);

function kaimingStd(x: Tensor, { a = 0, mode = "fan_in", nonlinearity = "leaky_relu" }: KaimingOptions): number {
  const { fanIn, fanOut } = fans(x);
  const fan = { fan_in: fanIn, fan_out: fanOut }[mode] as number | undefined;
  if (fan === undefined) throw new ArgumentError(`init: expected mode "fan_in" or "fan_out", got "${mode}"`);
  return calculateGain(nonlinearity, a) / Math.sqrt(fan);
}
