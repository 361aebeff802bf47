import {
  ArgumentError, defaultGenerator, flip, type Generator, interpolate, joinOptions, type Options, optionsOf, pad as padded, ShapeError, type Tensor, tensor,
} from "@gradus/tensor-core";

/**
 * What is done to an image before a model sees it. Each function makes a transform, a function from tensor to tensor; images are `[…, height, width]`.
 * Random ones draw from the default generator, or from one that they are given, as torchvision does: the same seed gives the same images.
 *
 * @see torchvision.transforms
 */
export type Transform<A = Tensor, B = Tensor> = (input: A) => B;

/** Where a random transform draws from; the default generator if absent. */
const RandomTransformOptions = class {
  readonly generator?: Generator;
};
export type RandomTransformOptions = Options<typeof RandomTransformOptions>;

/** Pixels with their channels last, as a canvas has them: `ImageData` is one. */
export interface PixelArray {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/**
 * One transform after another.
 *
 * @see torchvision.transforms.Compose
 * @example
 * const prepare = transforms.compose<transforms.PixelArray, Tensor>([transforms.toTensor(), transforms.normalize([0.5], [0.5])]);
 * const gray = prepare({ data: Uint8Array.of(0, 255), width: 2, height: 1 });
 * await gray.toArray(); // [[[-1, 1]]]
 */
export function compose<A = Tensor, B = Tensor>(transforms: readonly Transform<never, unknown>[]): Transform<A, B> {
  return (input) => transforms.reduce<unknown>((value, transform) => transform(value as never), input) as B;
}

/**
 * Pixels with their channels last to a float32 tensor `[channels, height, width]` from 0 to 1.
 *
 * @throws {ShapeError} if the bytes are not a whole number for each pixel.
 * @see torchvision.transforms.ToTensor
 */
export function toTensor(): Transform<PixelArray> {
  return ({ data, width, height }) => {
    const channels = data.length / (width * height);
    if (!Number.isInteger(channels) || channels < 1) throw new ShapeError(`toTensor: expected bytes for ${height} x ${width} pixels, got ${data.length}`);
    const values = Float32Array.from({ length: data.length }, (_, i) => data[(i % (width * height)) * channels + Math.floor(i / (width * height))]! / 255);
    return tensor(values, { shape: [channels, height, width] });
  };
}

/**
 * (x − mean) / std for each channel, the third dimension from the end.
 *
 * @throws {ArgumentError} if a deviation is zero.
 * @throws {ShapeError} if there are not as many numbers as channels.
 * @see torchvision.transforms.Normalize
 */
export function normalize(mean: readonly number[], std: readonly number[]): Transform {
  if (std.some((value) => value === 0)) throw new ArgumentError("normalize: expected deviations other than zero, got 0");
  if (mean.length !== std.length) throw new ArgumentError(`normalize: expected as many means as deviations, got ${mean.length} and ${std.length}`);
  return (x) => {
    const channels = x.shape.at(-3);
    if (mean.length !== 1 && channels !== mean.length) throw new ShapeError(`normalize: expected ${mean.length} channels, got shape [${x.shape.join(", ")}]`);
    const column = (values: readonly number[]) => tensor(Float64Array.from(values), { shape: [values.length, 1, 1], dtype: x.dtype, device: x.device });
    return x.sub(column(mean)).div(column(std));
  };
}

const ResizeOptions = class {
  /** `bilinear` by default. */
  readonly interpolation?: "nearest" | "bilinear" | "bicubic";
  /** Average over what is left out when an image shrinks; default true, not for `nearest`. */
  readonly antialias?: boolean;
};
export type ResizeOptions = Options<typeof ResizeOptions>;

/**
 * Another size: `[height, width]`, or one number for the shorter side, which keeps the proportions.
 *
 * @see torchvision.transforms.Resize
 */
export function resize(size: number | readonly [height: number, width: number], options?: ResizeOptions): Transform {
  const given = optionsOf("resize", ResizeOptions, options);
  return (x) => {
    const [height, width] = sizeOf("resize", x);
    return resized(x, typeof size === "number" ? proportional(size, height, width) : size, given);
  };
}

function resized(x: Tensor, size: readonly [number, number], { interpolation = "bilinear", antialias = true }: ResizeOptions): Tensor {
  const [height, width] = sizeOf("resize", x);
  if (size[0] === height && size[1] === width) return x;
  const lead = x.shape.slice(0, -2);
  const smooth = interpolation === "nearest" ? {} : { alignCorners: false, antialias };
  const flat = x.reshape([1, lead.reduce((a, b) => a * b, 1), height, width]);
  return interpolate(flat, { size, mode: interpolation, ...smooth }).reshape([...lead, ...size]);
}

const proportional = (shorter: number, height: number, width: number): readonly [number, number] =>
  height <= width ? [shorter, Math.trunc((shorter * width) / height)] : [Math.trunc((shorter * height) / width), shorter];

export type PaddingMode = "constant" | "edge" | "reflect";

const PadTransformOptions = class {
  /** What stands in the padding, where its mode is constant; default 0. */
  readonly fill?: number;
  readonly paddingMode?: PaddingMode;
};
export type PadTransformOptions = Options<typeof PadTransformOptions>;

/**
 * Rows and columns around an image: one number for all sides, `[left and right, top and bottom]`, or `[left, top, right, bottom]`.
 *
 * @see torchvision.transforms.Pad
 */
export function pad(padding: number | readonly number[], options?: PadTransformOptions): Transform {
  const { fill = 0, paddingMode = "constant" } = optionsOf("pad", PadTransformOptions, options);
  const all = typeof padding === "number" ? [padding] : padding;
  const [left, top = left, right = left, bottom = top] = all;
  if (left === undefined || top === undefined || right === undefined || bottom === undefined || all.length === 3 || all.length > 4) {
    throw new ArgumentError(`pad: expected 1, 2 or 4 numbers, got ${all.length}`);
  }
  const mode = ({ constant: "constant", edge: "replicate", reflect: "reflect" } as const)[paddingMode];
  return (x) => {
    const [height, width] = sizeOf("pad", x);
    const lead = x.shape.slice(0, -2);
    const flat = x.reshape([1, lead.reduce((a, b) => a * b, 1), height, width]);
    const result = padded(flat, [left, right, top, bottom], mode === "constant" ? { mode, value: fill } : { mode });
    return result.reshape([...lead, ...result.shape.slice(-2)]);
  };
}

type Size = number | readonly [height: number, width: number];
const pairOf = (size: Size): readonly [number, number] => (typeof size === "number" ? [size, size] : size);

/**
 * The middle of an image. A smaller image is padded with zeros.
 *
 * @see torchvision.transforms.CenterCrop
 */
export function centerCrop(size: Size): Transform {
  const [rows, columns] = pairOf(size);
  return (x) => {
    const [height, width] = sizeOf("centerCrop", x);
    const [missingRows, missingColumns] = [Math.max(rows - height, 0), Math.max(columns - width, 0)];
    const sides = [Math.floor(missingColumns / 2), Math.floor(missingRows / 2), Math.floor((missingColumns + 1) / 2), Math.floor((missingRows + 1) / 2)];
    const whole = missingRows + missingColumns === 0 ? x : pad(sides)(x);
    const [tall, wide] = sizeOf("centerCrop", whole);
    return crop(whole, roundHalfToEven((tall - rows) / 2), roundHalfToEven((wide - columns) / 2), rows, columns);
  };
}

const RandomCropOptions = /* @__PURE__ */ joinOptions(class extends PadTransformOptions {
  /** What is added around the image first, as in {@link pad}. */
  readonly padding?: number | readonly number[];
}, RandomTransformOptions);
export type RandomCropOptions = Options<typeof RandomCropOptions>;

/**
 * A piece of an image from a random place.
 *
 * @throws {ShapeError} if the image is smaller.
 * @see torchvision.transforms.RandomCrop
 */
export function randomCrop(size: Size, options?: RandomCropOptions): Transform {
  const { padding, generator, ...rest } = optionsOf("randomCrop", RandomCropOptions, options);
  const [rows, columns] = pairOf(size);
  const prepare = padding === undefined ? (x: Tensor) => x : pad(padding, rest);
  return (input) => {
    const x = prepare(input);
    const [height, width] = sizeOf("randomCrop", x);
    if (height < rows || width < columns) throw new ShapeError(`randomCrop: expected an image of at least ${rows} x ${columns}, got ${height} x ${width}; pass padding`);
    if (height === rows && width === columns) return x;
    const top = randomInteger(height - rows + 1, generator);
    return crop(x, top, randomInteger(width - columns + 1, generator), rows, columns);
  };
}

const RandomResizedCropOptions = /* @__PURE__ */ joinOptions(class extends ResizeOptions {
  /** The share of the area that the piece has; default [0.08, 1]. */
  readonly scale?: readonly [number, number];
  /** Width over height of the piece; default [3/4, 4/3]. */
  readonly ratio?: readonly [number, number];
}, RandomTransformOptions);
export type RandomResizedCropOptions = Options<typeof RandomResizedCropOptions>;

/**
 * A piece of random size and proportions from a random place, resized.
 *
 * @see torchvision.transforms.RandomResizedCrop
 */
export function randomResizedCrop(size: Size, options?: RandomResizedCropOptions): Transform {
  const { scale = [0.08, 1], ratio = [3 / 4, 4 / 3], generator, ...rest } = optionsOf("randomResizedCrop", RandomResizedCropOptions, options);
  return (x) => {
    const [height, width] = sizeOf("randomResizedCrop", x);
    const source = generator ?? defaultGenerator();
    const uniform = (from: number, to: number) => source.uniform(new Float32Array(1), from, to)[0]!;
    for (let attempt = 0; attempt < 10; attempt++) {
      const area = height * width * uniform(...scale);
      const proportion = Math.fround(Math.exp(uniform(Math.fround(Math.log(ratio[0])), Math.fround(Math.log(ratio[1])))));
      const columns = roundHalfToEven(Math.sqrt(area * proportion));
      const rows = roundHalfToEven(Math.sqrt(area / proportion));
      if (columns <= 0 || columns > width || rows <= 0 || rows > height) continue;
      const top = randomInteger(height - rows + 1, generator);
      return resized(crop(x, top, randomInteger(width - columns + 1, generator), rows, columns), pairOf(size), rest);
    }
    // The whole image, or the middle of it where its proportions are too far off.
    const found = width / height;
    const columns = found > ratio[1] ? roundHalfToEven(height * ratio[1]) : width;
    const rows = found < ratio[0] ? roundHalfToEven(width / ratio[0]) : height;
    return resized(crop(x, Math.floor((height - rows) / 2), Math.floor((width - columns) / 2), rows, columns), pairOf(size), rest);
  };
}

/** Left and right exchanged, with a probability. @see torchvision.transforms.RandomHorizontalFlip */
export const randomHorizontalFlip = (p = 0.5, options?: RandomTransformOptions): Transform => randomly("randomHorizontalFlip", p, options, (x) => flip(x, -1));

/** Top and bottom exchanged, with a probability. @see torchvision.transforms.RandomVerticalFlip */
export const randomVerticalFlip = (p = 0.5, options?: RandomTransformOptions): Transform => randomly("randomVerticalFlip", p, options, (x) => flip(x, -2));

function randomly(op: string, p: number, options: RandomTransformOptions | undefined, transform: Transform): Transform {
  const { generator } = optionsOf(op, RandomTransformOptions, options);
  if (!(p >= 0 && p <= 1)) throw new ArgumentError(`${op}: expected a probability between 0 and 1, got ${p}`);
  return (x) => ((generator ?? defaultGenerator()).uniformFloat() < p ? transform(x) : x);
}

function sizeOf(op: string, { shape }: Tensor): readonly [number, number] {
  const [height, width] = shape.slice(-2);
  if (height === undefined || width === undefined) throw new ShapeError(`${op}: expected an image with at least two dimensions, got shape [${shape.join(", ")}]`);
  return [height, width];
}

const crop = (x: Tensor, top: number, left: number, rows: number, columns: number): Tensor => x.narrow(-2, top, rows).narrow(-1, left, columns);

const randomInteger = (limit: number, generator = defaultGenerator()): number => generator.randint(new Int32Array(1), 0, limit)[0]!;

/** Python's `round`. */
function roundHalfToEven(value: number): number {
  const down = Math.floor(value);
  const rest = value - down;
  return rest < 0.5 || (rest === 0.5 && down % 2 === 0) ? down : down + 1;
}
