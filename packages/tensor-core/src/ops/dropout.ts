import { empty } from "../create.js";
import { ArgumentError, DTypeError, ShapeError } from "../errors.js";
import type { Generator } from "../random/generator.js";
import { showShape } from "../shape.js";
import type { Shape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { defaultGenerator } from "../random/default-generator.js";
import { bernoulli_ } from "./random.js";
import { squeeze, unsqueeze } from "./view.js";
import { add, div, mul } from "./elementwise.js";

/** Regularisation by noise: elements, or whole channels, are left out at random. On the CPU the draws are PyTorch's. */

function checkProbability(op: string, x: Tensor, p: number): void {
  x.checkUsable(op);
  if (!(p >= 0 && p <= 1)) throw new ArgumentError(`${op}: expected a probability between 0 and 1, got ${String(p)}`);
}

/** Ones with probability 1 − p, else zeros. */
function keepMask(op: string, x: Tensor, shape: Shape, p: number, generator: Generator): Tensor {
  if (!x.isFloatingPoint()) throw new DTypeError(`${op}: expected a floating tensor, got ${x.dtype}; convert it with to("float32")`);
  return bernoulli_(empty(shape, { dtype: x.dtype, device: x.device }), 1 - p, generator);
}

/** One draw for each channel of each sample. */
const perChannel = (x: Tensor): Shape => [...x.shape.slice(0, 2), ...x.shape.slice(2).map(() => 1)];

/** Zeroes what a mask of `shape` leaves out and scales the rest by 1/(1 − p), so that the expectation stays. */
function dropped(op: string, x: Tensor, shape: Shape, p: number, generator: Generator): Tensor {
  if (p === 1) return mul(x, 0);
  return mul(x, div.inPlace(keepMask(op, x, shape, p, generator), 1 - p));
}

/**
 * Zeroes elements with probability p and scales the others by 1/(1 − p), so that the expectation stays.
 *
 * @throws {ArgumentError} unless p is in [0, 1].
 * @see torch.nn.functional.dropout; Srivastava et al., Dropout (2014)
 */
export function dropout(x: Tensor, p = 0.5, training = true, generator: Generator = defaultGenerator()): Tensor {
  checkProbability("dropout", x, p);
  return !training || p === 0 || x.numel() === 0 ? x : dropped("dropout", x, x.shape, p, generator);
}

/** Zeroes whole channels. An input without a batch gets one while its channels are drawn. */
function featureDropout(op: string, x: Tensor, p: number, training: boolean, generator: Generator): Tensor {
  return !training || p === 0 || x.numel() === 0 ? x : dropped(op, x, perChannel(x), p, generator);
}

/**
 * Zeroes whole channels with probability p: `[N, C, L]`, or `[C, L]`.
 *
 * @see torch.nn.functional.dropout1d
 */
export function dropout1d(x: Tensor, p = 0.5, training = true, generator: Generator = defaultGenerator()): Tensor {
  const op = "dropout1d";
  checkProbability(op, x, p);
  if (x.ndim !== 2 && x.ndim !== 3) throw new ShapeError(`${op}: expected an input [N, C, L] or [C, L], got ${showShape(x.shape)}`);
  return x.ndim === 3 ? featureDropout(op, x, p, training, generator) : squeeze(featureDropout(op, unsqueeze(x, 0), p, training, generator), 0);
}

/**
 * Zeroes whole channels with probability p: `[N, C, H, W]`. Three dimensions count as `[N, C, L]`, as in PyTorch.
 *
 * @see torch.nn.functional.dropout2d; Tompson et al., Efficient object localization using convolutional networks (2015)
 */
export function dropout2d(x: Tensor, p = 0.5, training = true, generator: Generator = defaultGenerator()): Tensor {
  const op = "dropout2d";
  checkProbability(op, x, p);
  if (x.ndim < 2) throw new ShapeError(`${op}: expected an input with channels, [N, C, H, W], got ${showShape(x.shape)}`);
  return featureDropout(op, x, p, training, generator);
}

/** Zeroes whole channels with probability p: `[N, C, D, H, W]`, or `[C, D, H, W]`. @see torch.nn.functional.dropout3d */
export function dropout3d(x: Tensor, p = 0.5, training = true, generator: Generator = defaultGenerator()): Tensor {
  const op = "dropout3d";
  checkProbability(op, x, p);
  if (x.ndim < 2) throw new ShapeError(`${op}: expected an input with channels, [N, C, D, H, W], got ${showShape(x.shape)}`);
  return x.ndim === 4 ? squeeze(featureDropout(op, unsqueeze(x, 0), p, training, generator), 0) : featureDropout(op, x, p, training, generator);
}

/** −scale · α of SELU: what its output goes towards for very negative inputs. */
const saturation = 1.7580993408473766;

/** What is left out becomes SELU's saturation value; then everything is scaled and shifted so that mean 0 and variance 1 stay. */
function alphaDropped(op: string, x: Tensor, shape: Shape, p: number, generator: Generator): Tensor {
  if (p === 1) return mul(x, 0);
  const scale = 1 / Math.sqrt((saturation * saturation * p + 1) * (1 - p));
  const kept = keepMask(op, x, shape, p, generator);
  const shift = add.inPlace(mul.inPlace(add(kept, -1), saturation * scale), saturation * scale * p);
  return add(mul(x, mul.inPlace(kept, scale)), shift);
}

/**
 * Dropout for networks of `selu`: elements become its saturation value, and mean and variance stay.
 *
 * @see torch.nn.functional.alpha_dropout; Klambauer et al., Self-normalizing neural networks (2017)
 */
export function alphaDropout(x: Tensor, p = 0.5, training = false, generator: Generator = defaultGenerator()): Tensor {
  checkProbability("alphaDropout", x, p);
  return !training || p === 0 || x.numel() === 0 ? x : alphaDropped("alphaDropout", x, x.shape, p, generator);
}

/** `alphaDropout` of whole channels: `[N, C, …]`. @see torch.nn.functional.feature_alpha_dropout */
export function featureAlphaDropout(x: Tensor, p = 0.5, training = false, generator: Generator = defaultGenerator()): Tensor {
  const op = "featureAlphaDropout";
  checkProbability(op, x, p);
  if (!training || p === 0 || x.numel() === 0) return x;
  if (x.ndim < 2) throw new ShapeError(`${op}: expected an input with channels, [N, C, …], got ${showShape(x.shape)}`);
  return alphaDropped(op, x, perChannel(x), p, generator);
}
