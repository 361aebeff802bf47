import { ArgumentError, ShapeError } from "../errors.js";
import { showShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { permute, reshape } from "./view.js";

/** Channels and positions that change places. */

function checkFactor(op: string, name: string, factor: number): void {
  if (!Number.isInteger(factor) || factor < 1) throw new ArgumentError(`${op}: expected ${name} to be a whole number of at least 1, got ${String(factor)}`);
}

/**
 * Channels become pixels: `[…, C r², H, W]` to `[…, C, H r, W r]`.
 *
 * @throws {ShapeError} if the channels are no multiple of r².
 * @see torch.nn.functional.pixel_shuffle; Shi et al., Real-time single image and video super-resolution (2016)
 * @example
 * pixelShuffle(tensor([[[1]], [[2]], [[3]], [[4]]]), 2).toArraySync(); // [[[1, 2], [3, 4]]]
 */
export function pixelShuffle(x: Tensor, upscaleFactor: number): Tensor {
  const op = "pixelShuffle";
  x.checkUsable(op);
  const r = upscaleFactor;
  checkFactor(op, "upscaleFactor", r);
  const [channels = 0, height = 0, width = 0] = x.shape.slice(-3);
  if (x.ndim < 3 || channels % (r * r) !== 0) throw new ShapeError(`${op}: expected an input […, C, H, W] whose channels are a multiple of ${String(r * r)}, got ${showShape(x.shape)}`);
  const lead = x.shape.slice(0, -3);
  const out = channels / (r * r);
  const n = lead.length;
  const split = reshape(x, [...lead, out, r, r, height, width]);
  return reshape(permute(split, [...lead.keys(), n, n + 3, n + 1, n + 4, n + 2]), [...lead, out, height * r, width * r]);
}

/** Pixels become channels: `[…, C, H r, W r]` to `[…, C r², H, W]`. @see torch.nn.functional.pixel_unshuffle */
export function pixelUnshuffle(x: Tensor, downscaleFactor: number): Tensor {
  const op = "pixelUnshuffle";
  x.checkUsable(op);
  const r = downscaleFactor;
  checkFactor(op, "downscaleFactor", r);
  const [channels = 0, height = 0, width = 0] = x.shape.slice(-3);
  if (x.ndim < 3 || height % r !== 0 || width % r !== 0) throw new ShapeError(`${op}: expected an input […, C, H, W] whose last two sizes are multiples of ${String(r)}, got ${showShape(x.shape)}`);
  const lead = x.shape.slice(0, -3);
  const n = lead.length;
  const split = reshape(x, [...lead, channels, height / r, r, width / r, r]);
  return reshape(permute(split, [...lead.keys(), n, n + 2, n + 4, n + 1, n + 3]), [...lead, channels * r * r, height / r, width / r]);
}

/**
 * The channels of `groups` groups, taken in turns: `[N, C, …]` seen as `[N, groups, C / groups, …]` and transposed.
 *
 * @throws {ShapeError} if the groups do not divide the channels.
 * @see torch.nn.functional.channel_shuffle; Zhang et al., ShuffleNet (2018)
 */
export function channelShuffle(x: Tensor, groups: number): Tensor {
  const op = "channelShuffle";
  x.checkUsable(op);
  checkFactor(op, "groups", groups);
  const [batch = 0, channels = 0, ...sizes] = x.shape;
  if (x.ndim < 3 || channels % groups !== 0) throw new ShapeError(`${op}: expected an input [N, C, …] whose channels are a multiple of ${String(groups)}, got ${showShape(x.shape)}`);
  const split = reshape(x, [batch, groups, channels / groups, ...sizes]);
  return reshape(permute(split, [0, 2, 1, ...sizes.map((_, d) => d + 3)]), x.shape);
}
