import type { DType } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import { writeInPlace } from "../autograd/in-place.js";
import { OpNode } from "../autograd/op-node.js";
import { empty, tensor } from "../create.js";
import { finfo, iinfo } from "../dtypes.js";
import { ArgumentError, DTypeError, ShapeError } from "../errors.js";
import { optionsOf, TensorOptions } from "../options.js";
import type { Options } from "../options.js";
import { defaultGenerator } from "../random/default-generator.js";
import type { Generator, NumberArray } from "../random/generator.js";
import { broadcastShapes, checkShape, numelOf, showShape } from "../shape.js";
import type { Shape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { copyInto, fromValues } from "./copy.js";
import { add, div, mul } from "./elementwise.js";
import { topk } from "./sort.js";
import { contiguous } from "./view.js";

/**
 * Starts the default generator's sequence anew.
 *
 * @see torch.manual_seed
 * @example
 * manualSeed(0);
 * rand([2]).toArraySync(); // [0.49625658988952637, 0.7682217955589294]
 */
export function manualSeed(seed: number | bigint): Generator {
  return defaultGenerator().manualSeed(seed);
}

export const RandomOptions = class extends TensorOptions {
  /** Where the numbers come from; the default generator if absent. */
  readonly generator?: Generator | undefined;
};
export type RandomOptions<D extends DType = DType> = Options<typeof RandomOptions> & { readonly dtype?: D };

const GeneratorOptions = class {
  /** Where the numbers come from; the default generator if absent. */
  readonly generator?: Generator | undefined;
};
type GeneratorOptions = Options<typeof GeneratorOptions>;

type FloatArray = Float32Array | Float64Array;

/** float64 is drawn in double precision; the other floats in single and then rounded. */
const floatBuffer = (op: string, dtype: DType, count: number): FloatArray => {
  if (dtypeInfo[dtype].kind !== "float") throw new DTypeError(`${op}: expected a floating type, got ${dtype}`);
  return dtype === "float64" ? new Float64Array(count) : new Float32Array(count);
};

function drawn<D extends DType>(op: string, shape: Shape, options: RandomOptions<D>, fill: (g: Generator, out: FloatArray) => void): Tensor<D> {
  checkShape(op, shape);
  const { generator = defaultGenerator(), dtype = "float32", ...rest } = options;
  const values = floatBuffer(op, dtype, numelOf(shape));
  fill(generator, values);
  return tensor(values, { ...rest, dtype, shape }) as Tensor<D>;
}

/** Uniform in [0, 1). @see torch.rand */
export const rand = <D extends DType = "float32">(shape: Shape, options?: RandomOptions<D>): Tensor<D> =>
  drawn("rand", shape, optionsOf("rand", RandomOptions, options), (g, out) => g.uniform(out));
/** Standard normal. @see torch.randn */
export const randn = <D extends DType = "float32">(shape: Shape, options?: RandomOptions<D>): Tensor<D> =>
  drawn("randn", shape, optionsOf("randn", RandomOptions, options), (g, out) => g.normal(out));
/**
 * Normal with a mean and a standard deviation: numbers for a tensor of a given shape, or tensors, which broadcast, for one of
 * theirs.
 *
 * @see torch.normal
 */
export function normal(mean: number, std: number, shape: Shape, options?: RandomOptions): Tensor;
export function normal(mean: Tensor | number, std?: Tensor | number, shape?: undefined, options?: GeneratorOptions): Tensor;
export function normal(mean: Tensor | number, std: Tensor | number = 1, shape?: Shape, options?: RandomOptions): Tensor {
  const given = optionsOf("normal", RandomOptions, options);
  if (typeof mean === "number" && typeof std === "number") {
    if (shape === undefined) throw new ArgumentError("normal: expected a shape with a mean and a standard deviation that are numbers, got none");
    if (!(std >= 0)) throw new ArgumentError(`normal: expected a standard deviation of at least 0, got ${String(std)}`);
    return drawn("normal", shape, given, (g, out) => g.normal(out, mean, std));
  }
  if (shape !== undefined) throw new ArgumentError("normal: expected no shape with tensors, which have one of their own");
  const tensors = [mean, std].filter((x) => typeof x === "object");
  const [first] = tensors;
  if (first === undefined) throw new ArgumentError(`normal: expected tensors or numbers, got ${String(mean)} and ${String(std)}`);
  for (const x of tensors) if (!x.isFloatingPoint()) throw new DTypeError(`normal: expected floating tensors, got ${x.dtype}`);
  const noise = drawn("normal", broadcastShapes("normal", ...tensors.map((x) => x.shape)), { ...given, dtype: first.dtype, device: first.device }, (g, out) => g.normal(out));
  return add(mul(noise, typeof std === "object" ? std.detach() : std), typeof mean === "object" ? mean.detach() : mean);
}

/** Whole numbers from `low` to `high` (exclusive), int64. @see torch.randint */
export function randint(low: number, high: number, shape: Shape, options?: RandomOptions): Tensor {
  const { generator = defaultGenerator(), dtype = "int64", ...rest } = optionsOf("randint", RandomOptions, options);
  checkShape("randint", shape);
  const values = generator.randint(new BigInt64Array(numelOf(shape)), low, high);
  return tensor(values, { ...rest, dtype, shape });
}

/** 0 … n−1 in random order, int64. @see torch.randperm */
export function randperm(n: number, options?: RandomOptions): Tensor {
  const { generator = defaultGenerator(), dtype = "int64", ...rest } = optionsOf("randperm", RandomOptions, options);
  return tensor(generator.randperm(n), { ...rest, dtype });
}

/** Ones with the probabilities in `p`, else zeros. @see torch.bernoulli */
export function bernoulli(p: Tensor, options?: GeneratorOptions): Tensor {
  const { generator = defaultGenerator() } = optionsOf("bernoulli", GeneratorOptions, options);
  if (!p.isFloatingPoint()) throw new DTypeError(`bernoulli: expected floating probabilities, got ${p.dtype}`);
  const probabilities = p.detach().readSync() as FloatArray;
  const values = generator.bernoulliEach(new Float32Array(probabilities.length), probabilities);
  return fromValues(values, p.dtype, p.shape, p.device);
}

/** The numbers of each element type as the generator fills them; float16 and bfloat16 are drawn as float32 and rounded. */
const hostArrays = {
  float64: (count) => new Float64Array(count),
  float32: (count) => new Float32Array(count),
  float16: (count) => new Float32Array(count),
  bfloat16: (count) => new Float32Array(count),
  int64: (count) => new BigInt64Array(count),
  int32: (count) => new Int32Array(count),
  int16: (count) => new Int16Array(count),
  int8: (count) => new Int8Array(count),
  uint8: (count) => new Uint8Array(count),
  bool: (count) => new Uint8Array(count),
} as const satisfies Record<DType, (count: number) => NumberArray | BigInt64Array>;

/** Writes what was drawn over a tensor, whose history ends there: no gradient passes. */
function writeDrawn(op: string, x: Tensor, values: NumberArray | BigInt64Array): Tensor {
  return writeInPlace(
    op,
    x,
    [x],
    () => { copyInto(x.data, fromValues(values, x.dtype, x.shape, x.device)); },
    (before) => new OpNode(op, [before.edge], ([g]) => [g === null || g === undefined ? null : mul(g, 0)]),
  );
}

function fillInPlace(op: string, x: Tensor, fill: (out: FloatArray) => void): Tensor {
  const values = floatBuffer(op, x.dtype, x.numel());
  fill(values);
  return writeDrawn(op, x, values);
}

/** The same for distributions over whole numbers, which any element type can hold. */
function fillNumbers(op: string, x: Tensor, fill: (out: NumberArray) => void): Tensor {
  const values: NumberArray | BigInt64Array = hostArrays[x.dtype](x.numel());
  if (!(values instanceof BigInt64Array)) {
    fill(values);
    return writeDrawn(op, x, values);
  }
  const numbers = new Float64Array(values.length);
  fill(numbers);
  return writeDrawn(op, x, BigInt64Array.from(numbers, BigInt));
}

/** Fills with numbers uniform in [from, to). @see torch.Tensor.uniform_ */
export const uniform_ = (x: Tensor, from = 0, to = 1, g: Generator = defaultGenerator()): Tensor => fillInPlace("uniform_", x, (out) => g.uniform(out, from, to));
/** Fills with normal numbers. @see torch.Tensor.normal_ */
export const normal_ = (x: Tensor, mean = 0, std = 1, g: Generator = defaultGenerator()): Tensor => fillInPlace("normal_", x, (out) => g.normal(out, mean, std));
/** Fills with ones of probability p and zeros. @see torch.Tensor.bernoulli_ */
export const bernoulli_ = (x: Tensor, p = 0.5, g: Generator = defaultGenerator()): Tensor => fillNumbers("bernoulli_", x, (out) => g.bernoulli(out, p));
/** Fills with numbers of the density λe^(−λx), x ≥ 0. @see torch.Tensor.exponential_ */
export const exponential_ = (x: Tensor, lambda = 1, g: Generator = defaultGenerator()): Tensor => fillInPlace("exponential_", x, (out) => g.exponential(out, lambda));
/** Fills with numbers of trials up to the first success of probability p. @see torch.Tensor.geometric_ */
export const geometric_ = (x: Tensor, p: number, g: Generator = defaultGenerator()): Tensor => fillNumbers("geometric_", x, (out) => g.geometric(out, p));
/** Fills with numbers of the Cauchy distribution. @see torch.Tensor.cauchy_ */
export const cauchy_ = (x: Tensor, median = 0, sigma = 1, g: Generator = defaultGenerator()): Tensor => fillInPlace("cauchy_", x, (out) => g.cauchy(out, median, sigma));
/** Fills with numbers whose logarithms are normal. @see torch.Tensor.log_normal_ */
export const logNormal_ = (x: Tensor, mean = 1, std = 2, g: Generator = defaultGenerator()): Tensor => fillInPlace("logNormal_", x, (out) => g.logNormal(out, mean, std));

/** One more than the largest whole number that `random_` draws for types that are narrower than their array. */
const narrowRanges: Readonly<Partial<Record<DType, number>>> = { bool: 2, float16: 2 ** 11 + 1, bfloat16: 2 ** 8 + 1 };

/**
 * Fills with whole numbers, each equally likely: from 0 to the largest that the type can hold, or from `from` up to `to`
 * (exclusive). Floats are filled as far as they hold every whole number.
 *
 * @see torch.Tensor.random_
 */
export function random_(x: Tensor, from?: number, to?: number, g: Generator = defaultGenerator()): Tensor {
  const values: NumberArray | BigInt64Array = hostArrays[x.dtype](x.numel());
  if (from === undefined && to === undefined) g.fullRange(values, narrowRanges[x.dtype]);
  else {
    const { kind } = dtypeInfo[x.dtype];
    const most = kind === "int" ? Number(iinfo(x.dtype).max) : kind === "bool" ? 1 : finfo(x.dtype).max;
    const [low, high] = [from ?? 0, to ?? most + 1];
    if (!(low < high)) throw new ArgumentError(`random_: expected from < to, got from ${low} and to ${high}`);
    if (low < (kind === "int" ? Number(iinfo(x.dtype).min) : kind === "bool" ? 0 : -most) || high - 1 > most) throw new ArgumentError(`random_: expected bounds that ${x.dtype} can hold, got from ${low} to ${high}`);
    g.randint(values, low, high);
  }
  return writeDrawn("random_", x, values);
}

/** Uniform in [0, 1), in the shape and type of x. @see torch.rand_like */
export const randLike = (x: Tensor, options?: RandomOptions): Tensor => rand(x.shape, { dtype: x.dtype, device: x.device, ...optionsOf("randLike", RandomOptions, options) });
/** Standard normal, in the shape and type of x. @see torch.randn_like */
export const randnLike = (x: Tensor, options?: RandomOptions): Tensor => randn(x.shape, { dtype: x.dtype, device: x.device, ...optionsOf("randnLike", RandomOptions, options) });
/** Whole numbers from `low` to `high` (exclusive), in the shape and type of x. @see torch.randint_like */
export const randintLike = (x: Tensor, low: number, high: number, options?: RandomOptions): Tensor => randint(low, high, x.shape, { dtype: x.dtype, device: x.device, ...optionsOf("randintLike", RandomOptions, options) });

export const MultinomialOptions = class extends GeneratorOptions {
  /** Whether a position may be drawn again. */
  readonly replacement?: boolean;
};
export type MultinomialOptions = Options<typeof MultinomialOptions>;

/**
 * Positions drawn with probabilities in proportion to weights.
 *
 * @param weights - Not negative, `[C]` or `[N, C]`, each row with a positive sum.
 * @returns int64, `[count]` or `[N, count]`.
 * @throws {DeviceError} on a device that cannot be read at once.
 * @see torch.multinomial
 */
export function multinomial(weights: Tensor, count: number, options?: MultinomialOptions): Tensor {
  const { replacement = false, generator: g = defaultGenerator() } = optionsOf("multinomial", MultinomialOptions, options);
  if (!weights.isFloatingPoint()) throw new DTypeError(`multinomial: expected floating weights, got ${weights.dtype}; convert them with to("float32")`);
  if (weights.ndim !== 1 && weights.ndim !== 2) throw new ShapeError(`multinomial: expected weights [C] or [N, C], got shape ${showShape(weights.shape)}`);
  const classes = weights.shape.at(-1)!;
  if (!Number.isInteger(count) || count < 1) throw new ArgumentError(`multinomial: expected to draw at least once, got ${count}`);
  if (!replacement && count > classes) throw new ArgumentError(`multinomial: expected at most ${classes} draws from ${classes} positions without replacement, got ${count}`);
  const values = contiguous(weights.detach()).readSync() as FloatArray;
  const rows = classes === 0 ? 0 : values.length / classes;
  for (let row = 0; row < rows; row++) {
    const own = values.subarray(row * classes, (row + 1) * classes);
    if (own.some((x) => !(x >= 0 && x < Infinity))) throw new ArgumentError("multinomial: expected weights that are finite and not negative, got others");
    if (!own.some((x) => x > 0)) throw new ArgumentError(`multinomial: expected a positive sum of weights in each row, got 0 in row ${row}`);
  }
  const shape = [...weights.shape.slice(0, -1), count];
  if (replacement && count > 1) {
    const drawn = new BigInt64Array(rows * count);
    for (let row = 0; row < rows; row++) g.choose(drawn.subarray(row * count, (row + 1) * count), values.subarray(row * classes, (row + 1) * classes));
    return fromValues(drawn, "int64", shape, weights.device);
  }
  // Each waits for an exponential time at its own rate; the first to come are the sample.
  const waits = exponential_(empty(weights.shape, { dtype: weights.dtype, device: weights.device }), 1, g);
  return topk(div(weights.detach(), waits), count).indices;
}

/** How many events happen where x are expected, element by element. @see torch.poisson */
export function poisson(x: Tensor, options?: GeneratorOptions): Tensor {
  const { generator = defaultGenerator() } = optionsOf("poisson", GeneratorOptions, options);
  if (!x.isFloatingPoint()) throw new DTypeError(`poisson: expected floating rates, got ${x.dtype}`);
  const rates = contiguous(x.detach()).readSync() as FloatArray;
  return fromValues(rates.map((rate) => generator.poisson(rate)), x.dtype, x.shape, x.device);
}
