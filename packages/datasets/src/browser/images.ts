import type { DeviceLike, Options, Tensor } from "@gradus/tensor-core";
import { ArgumentError, optionsOf, ShapeError, tensor } from "@gradus/tensor-core";

/** Where the channels of an image stand: before its rows, as PyTorch has them, or behind its columns, as pixels lie in memory. */
export type ImageLayout = "chw" | "hwc";

export const FromImageOptions = class {
  /** Bytes from 0 to 255, or floats from 0 to 1. */
  readonly dtype?: "uint8" | "float32";
  /** Grey, colour, or colour with opacity. */
  readonly channels?: 1 | 3 | 4;
  readonly layout?: ImageLayout;
  readonly device?: DeviceLike;
};
export type FromImageOptions = Options<typeof FromImageOptions>;

export const ToCanvasOptions = class {
  readonly layout?: ImageLayout;
};
export type ToCanvasOptions = Options<typeof ToCanvasOptions>;

/**
 * The pixels of a picture: of an `ImageBitmap`, a canvas, an image or video of the page, a `VideoFrame` or an `ImageData`. Grey is the luma of
 * ITU-R 601, as in PIL. Works on pages and in workers; pixels that are not opaque may have lost some of their colour to the browser.
 *
 * @returns `[channels, height, width]`, or `[height, width, channels]` with `layout: "hwc"`.
 * @throws {ArgumentError} if the picture has no pixels (yet).
 * @see torchvision.io.read_image
 */
export function fromImage(source: CanvasImageSource | ImageData, options?: FromImageOptions): Tensor {
  const { dtype = "uint8", channels = 3, layout = "chw", device } = optionsOf("fromImage", FromImageOptions, options);
  const { data, width, height } = source instanceof ImageData ? source : pixelsOf(source);
  const points = width * height;
  const values = dtype === "uint8" ? new Uint8Array(points * channels) : new Float32Array(points * channels);
  const unit = dtype === "uint8" ? 1 : 255;
  for (let point = 0; point < points; point++) {
    for (let channel = 0; channel < channels; channel++) {
      const value = channels === 1 ? luma(data, 4 * point) : data[4 * point + channel]!;
      values[layout === "hwc" ? point * channels + channel : channel * points + point] = value / unit;
    }
  }
  const shape = layout === "hwc" ? [height, width, channels] : [channels, height, width];
  return tensor(values, { shape, ...(device !== undefined && { device }) });
}

/**
 * Draws an image on a canvas, which takes its size: floats and bools from 0 to 1, integers from 0 to 255; what lies outside is clamped.
 *
 * @param image - `[channels, height, width]` or `[height, width, channels]` with one, three or four channels, or `[height, width]`.
 * @throws {ShapeError} if it has another shape.
 * @throws {ArgumentError} if the canvas already draws in another way.
 * @see torchvision.transforms.ToPILImage
 */
export async function toCanvas(image: Tensor, canvas: HTMLCanvasElement | OffscreenCanvas, options?: ToCanvasOptions): Promise<void> {
  const { layout = "chw" } = optionsOf("toCanvas", ToCanvasOptions, options);
  const { shape } = image;
  const [height, width, channels] = shape.length === 2 ? [shape[0]!, shape[1]!, 1] : layout === "hwc" ? [shape[0]!, shape[1]!, shape[2]!] : [shape[1]!, shape[2]!, shape[0]!];
  const expected = layout === "hwc" ? "[height, width, channels]" : "[channels, height, width]";
  if ((shape.length !== 2 && shape.length !== 3) || ![1, 3, 4].includes(channels)) {
    throw new ShapeError(`toCanvas: expected ${expected} with 1, 3 or 4 channels, or [height, width], got [${shape.join(", ")}]`);
  }
  if (width === 0 || height === 0) throw new ShapeError(`toCanvas: expected at least one pixel, got [${shape.join(", ")}]`);
  const context = contextOf(canvas);
  if (context === null) throw new ArgumentError("toCanvas: expected a canvas that is free or draws in 2d, this one draws in another way; use a new one");
  const values = await image.detach().contiguous().read();
  const unit = image.dtype === "bool" || image.dtype.includes("float") ? 255 : 1;
  const [pointStride, channelStride] = layout === "hwc" ? [channels, 1] : [1, width * height];
  const pixels = new ImageData(width, height);
  const at = (point: number, channel: number): number => Number(values[point * pointStride + channel * channelStride]) * unit;
  for (let point = 0; point < width * height; point++) {
    for (let channel = 0; channel < 3; channel++) pixels.data[4 * point + channel] = at(point, channels === 1 ? 0 : channel);
    pixels.data[4 * point + 3] = channels === 4 ? at(point, 3) : 255;
  }
  canvas.width = width;
  canvas.height = height;
  context.putImageData(pixels, 0, 0);
}

type Context2D = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

// Said of each kind by itself: the two have no common signature.
const contextOf = (canvas: HTMLCanvasElement | OffscreenCanvas): Context2D | null => (canvas instanceof OffscreenCanvas ? canvas.getContext("2d") : canvas.getContext("2d"));

/** 0.299 R + 0.587 G + 0.114 B in whole numbers, as PIL rounds it. */
const luma = (data: Uint8ClampedArray, at: number): number => (19595 * data[at]! + 38470 * data[at + 1]! + 7471 * data[at + 2]! + 0x8000) >> 16;

function pixelsOf(source: CanvasImageSource): ImageData {
  const [width, height] = sizeOf(source);
  if (width === 0 || height === 0) throw new ArgumentError(`fromImage: expected a picture with pixels, got ${width} x ${height}; wait until it is loaded`);
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("internal: a new canvas draws in 2d");
  context.drawImage(source, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}

/** Width and height in pixels; elements of a page also have those that the page gives them. */
function sizeOf(source: CanvasImageSource): readonly [width: number, height: number] {
  if ("naturalWidth" in source) return [source.naturalWidth, source.naturalHeight];
  if ("videoWidth" in source) return [source.videoWidth, source.videoHeight];
  if ("displayWidth" in source) return [source.displayWidth, source.displayHeight];
  if ("ownerSVGElement" in source) return [source.width.baseVal.value, source.height.baseVal.value];
  return [source.width, source.height];
}
