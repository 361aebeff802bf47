import type { DType } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import { writeInPlace } from "../autograd/in-place.js";
import { OpNode } from "../autograd/op-node.js";
import type { TensorOptions } from "../create.js";
import { tensor } from "../create.js";
import { ArgumentError, DTypeError } from "../errors.js";
import { Generator } from "../random/generator.js";
import { broadcastShapes, checkShape, numelOf } from "../shape.js";
import type { Shape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { fromValues } from "./copy.js";
import { elementwiseOps } from "./elementwise.js";

/**
 * Random numbers: PyTorch's CPU generator, drawn on the host and written to the device, so that the same seed gives the
 * same numbers as PyTorch on every device.
 */
let generator: Generator | undefined;

/** The generator that random functions draw from unless they are given another. @see torch.default_generator */
export function defaultGenerator(): Generator {
  generator ??= new Generator();
  return generator;
}

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

export interface RandomOptions<D extends DType = DType> extends TensorOptions<D> {
  /** Where the numbers come from; the default generator if absent. */
  readonly generator?: Generator | undefined;
}

type FloatArray = Float32Array | Float64Array;

/** float64 is drawn in double precision; the other floats in single and then rounded. */
const floatBuffer = (op: string, dtype: DType, count: number): FloatArray => {
  if (dtypeInfo[dtype].kind !== "float") throw new DTypeError(`${op}: expected a floating type, got ${dtype}`);
  return dtype === "float64" ? new Float64Array(count) : new Float32Array(count);
};

function drawn<D extends DType>(op: string, shape: Shape, options: RandomOptions<D>, fill: (g: Generator, out: FloatArray) => void): Tensor<D> {
  checkShape(op, shape);
  const dtype = options.dtype ?? "float32";
  const values = floatBuffer(op, dtype, numelOf(shape));
  fill(options.generator ?? defaultGenerator(), values);
  return tensor(values, { ...options, dtype, shape }) as Tensor<D>;
}

/** Uniform in [0, 1). @see torch.rand */
export const rand = <D extends DType = "float32">(shape: Shape, options: RandomOptions<D> = {}): Tensor<D> =>
  drawn("rand", shape, options, (g, out) => g.uniform(out));
/** Standard normal. @see torch.randn */
export const randn = <D extends DType = "float32">(shape: Shape, options: RandomOptions<D> = {}): Tensor<D> =>
  drawn("randn", shape, options, (g, out) => g.normal(out));
/**
 * Normal with a mean and a standard deviation: numbers for a tensor of a given shape, or tensors, which broadcast, for one of
 * theirs.
 *
 * @see torch.normal
 */
export function normal(mean: number, std: number, shape: Shape, options?: RandomOptions): Tensor;
export function normal(mean: Tensor | number, std?: Tensor | number, shape?: undefined, options?: { readonly generator?: Generator }): Tensor;
export function normal(mean: Tensor | number, std: Tensor | number = 1, shape?: Shape, options: RandomOptions = {}): Tensor {
  if (typeof mean === "number" && typeof std === "number") {
    if (shape === undefined) throw new ArgumentError("normal: expected a shape with a mean and a standard deviation that are numbers, got none");
    if (!(std >= 0)) throw new ArgumentError(`normal: expected a standard deviation of at least 0, got ${String(std)}`);
    return drawn("normal", shape, options, (g, out) => g.normal(out, mean, std));
  }
  if (shape !== undefined) throw new ArgumentError("normal: expected no shape with tensors, which have one of their own");
  const tensors = [mean, std].filter((x) => typeof x === "object");
  const [first] = tensors;
  if (first === undefined) throw new ArgumentError(`normal: expected tensors or numbers, got ${String(mean)} and ${String(std)}`);
  for (const x of tensors) if (!x.isFloatingPoint()) throw new DTypeError(`normal: expected floating tensors, got ${x.dtype}`);
  const noise = drawn("normal", broadcastShapes("normal", ...tensors.map((x) => x.shape)), { ...options, dtype: first.dtype, device: first.device }, (g, out) => g.normal(out));
  return noise.mul(typeof std === "object" ? std.detach() : std).add(typeof mean === "object" ? mean.detach() : mean);
}

/** Whole numbers from `low` to `high` (exclusive), int64. @see torch.randint */
export function randint(low: number, high: number, shape: Shape, options: RandomOptions = {}): Tensor {
  checkShape("randint", shape);
  const values = (options.generator ?? defaultGenerator()).randint(new BigInt64Array(numelOf(shape)), low, high);
  return tensor(values, { ...options, dtype: options.dtype ?? "int64", shape });
}

/** 0 … n−1 in random order, int64. @see torch.randperm */
export function randperm(n: number, options: RandomOptions = {}): Tensor {
  const order = (options.generator ?? defaultGenerator()).randperm(n);
  return tensor(order, { ...options, dtype: options.dtype ?? "int64" });
}

/** Ones with the probabilities in `p`, else zeros. @see torch.bernoulli */
export function bernoulli(p: Tensor, options: { readonly generator?: Generator } = {}): Tensor {
  if (!p.isFloatingPoint()) throw new DTypeError(`bernoulli: expected floating probabilities, got ${p.dtype}`);
  const probabilities = p.detach().readSync() as FloatArray;
  const values = (options.generator ?? defaultGenerator()).bernoulliEach(new Float32Array(probabilities.length), probabilities);
  return fromValues(values, p.dtype, p.shape, p.device);
}

function fillInPlace(op: string, x: Tensor, fill: (out: FloatArray) => void): Tensor {
  const values = floatBuffer(op, x.dtype, x.numel());
  fill(values);
  return writeInPlace(
    op,
    x,
    [x],
    () => { elementwiseOps.copy.callInPlace([x.data, fromValues(values, x.dtype, x.shape, x.device)]); },
    (before) => new OpNode(op, [before.edge], ([g]) => [g === null || g === undefined ? null : g.mul(0)]),
  );
}

/** Fills with numbers uniform in [from, to). @see torch.Tensor.uniform_ */
export const uniform_ = (x: Tensor, from = 0, to = 1, g: Generator = defaultGenerator()): Tensor => fillInPlace("uniform_", x, (out) => g.uniform(out, from, to));
/** Fills with normal numbers. @see torch.Tensor.normal_ */
export const normal_ = (x: Tensor, mean = 0, std = 1, g: Generator = defaultGenerator()): Tensor => fillInPlace("normal_", x, (out) => g.normal(out, mean, std));
/** Fills with ones of probability p and zeros. @see torch.Tensor.bernoulli_ */
export const bernoulli_ = (x: Tensor, p = 0.5, g: Generator = defaultGenerator()): Tensor => fillInPlace("bernoulli_", x, (out) => g.bernoulli(out, p));
