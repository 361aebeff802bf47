import type { Expr } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import { grad } from "../autograd/backward.js";
import { isGradEnabled, noGrad } from "../autograd/mode.js";
import { Saved } from "../autograd/op-node.js";
import { finfo } from "../dtypes.js";
import { ArgumentError, DTypeError, ShapeError } from "../errors.js";
import { ElementwiseOp } from "../kernels/elementwise-op.js";
import type { KernelBody, KernelOperand } from "../kernels/kernel-op.js";
import { KernelOp } from "../kernels/kernel-op.js";
import { emptyLike, Rows } from "../kernels/rows.js";
import { Layout } from "../layout.js";
import { optionsOf } from "../options.js";
import type { Options } from "../options.js";
import { numelOf, sameShape, showShape } from "../shape.js";
import type { Shape } from "../shape.js";
import { checkSameDevice } from "../tensor.js";
import type { Tensor } from "../tensor.js";
import { pad } from "./pad.js";
import { avgPool2d } from "./pool.js";
import { mean, record, varMean } from "./reduce.js";
import { contiguous, reshape, select, view } from "./view.js";
import { newZeros } from "../create.js";
import { add, clone, div, lerp, mul, pow, rsqrt, square, sub } from "./elementwise.js";
import { apply } from "../kernels/elementwise.js";

/**
 * Normalisation: elements that belong together, a row, are shifted and scaled to mean 0 and variance 1.
 *
 *   x̂ = (x − mean) / √(var + ε),  y = x̂ w + b
 *
 * The forward pass is one kernel. The kinds of normalisation differ in what a row is, along which dimensions the weight varies,
 * and in whether the mean is subtracted at all.
 */
interface Affine {
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
}

/** Statistics over batches, which a training step moves towards its own: r ← (1 − m) r + m s. */
interface Running {
  readonly mean: Tensor;
  readonly variance: Tensor;
  readonly momentum: number;
}

/** What is normalised and how. */
interface Normalisation {
  /** Dimensions that a row is made of. */
  readonly reduced: readonly number[];
  /** Dimensions along which weight and bias vary; together they have as many elements. */
  readonly varying: readonly number[];
  /** Without it the mean counts as 0: the root of the mean square takes the place of the standard deviation. */
  readonly centred: boolean;
  readonly eps: number;
}

/** Which operands a kernel has, in this order, and whether there is a mean. */
type Switches = Readonly<Record<"weight" | "bias" | "running" | "centred", boolean>>;

/** One kernel for each combination of switches. */
function variants<S extends Readonly<Record<string, boolean>>>(make: (switches: S) => KernelOp): (switches: S) => KernelOp {
  const made = new Map<string, KernelOp>();
  return (switches) => {
    const key = Object.values(switches).map(Number).join("");
    let op = made.get(key);
    if (op === undefined) made.set(key, (op = make(switches)));
    return op;
  };
}

/** x̂ */
const standardised = (b: KernelBody, x: Expr, mean: Expr, scale: Expr): Expr => b.k.mul(b.k.sub(x, mean), scale);

/** Outputs y, mean and 1/√(var + ε); scalars: n, ε, momentum, n / (n − 1). */
const forwardKernel = /* @__PURE__ */ variants(({ weight, bias, running, centred }: Switches) => new KernelOp({
  name: "normalize",
  build: (b) => {
    const { k } = b;
    const mix = (old: Expr, now: Expr): Expr => k.add(k.mul(b.scalar(2), now), k.mul(k.sub(k.like(1, now), b.scalar(2)), old));
    let last = 0;
    const next = (): Expr => b.input(++last, b.compute);
    const x = b.input(0, b.compute);
    const mean = centred ? k.div(b.sum(x), b.scalar(0)) : k.like(0, x);
    const distance = centred ? k.sub(x, mean) : x;
    const variance = k.div(b.sum(k.mul(distance, distance)), b.scalar(0));
    const scale = k.div(k.like(1, x), k.sqrt(k.add(variance, b.scalar(1))));
    let y = k.mul(distance, scale);
    if (weight) y = k.mul(y, next());
    if (bias) y = k.add(y, next());
    b.store(0, y, "inner");
    b.store(1, mean, "outer");
    b.store(2, scale, "outer");
    if (!running) return;
    b.store(3, mix(next(), mean), "outer");
    b.store(4, mix(next(), k.mul(variance, b.scalar(3))), "outer");
  },
}));

/**
 * Inputs g, x, mean, scale and a weight. Output ∂L/∂x = scale · (g w − Σ(g w)/n − x̂ Σ(g w x̂)/n), where the second term belongs to the
 * mean. If the weight is one for each row, its gradients come with the same sums: ∂L/∂w = Σ g x̂ and ∂L/∂b = Σ g.
 */
const backwardKernel = /* @__PURE__ */ variants(({ weight, perRow, centred }: Readonly<Record<"weight" | "perRow" | "centred", boolean>>) => new KernelOp({
  name: "normalizeBackward",
  build: (b) => {
    const { k } = b;
    const [g, x, mean, scale] = [b.input(0, b.compute), b.input(1, b.compute), b.input(2), b.input(3)];
    const w = weight ? b.input(4, b.compute) : null;
    const normal = standardised(b, x, mean, scale);
    const own = perRow || w === null ? g : k.mul(g, w);
    const moment = b.sum(k.mul(own, normal));
    const sum = centred || perRow ? b.sum(own) : k.like(0, own);
    const slope = perRow && w !== null ? k.mul(scale, w) : scale;
    const shift = k.mul(normal, k.div(moment, b.scalar(0)));
    b.store(0, k.mul(slope, k.sub(own, centred ? k.add(k.div(sum, b.scalar(0)), shift) : shift)), "inner");
    if (!perRow) return;
    b.store(1, moment, "outer");
    b.store(2, sum, "outer");
  },
}));

/** Inputs g, x, mean and scale, summed over the places that share a weight. Outputs ∂L/∂w = Σ g x̂ and ∂L/∂b = Σ g. */
const weightGradientKernel = /* @__PURE__ */ new KernelOp({
  name: "normalizeBackwardWeight",
  build: (b) => {
    const g = b.input(0, b.compute);
    b.store(0, b.sum(b.k.mul(g, standardised(b, b.input(1, b.compute), b.input(2), b.input(3)))), "outer");
    b.store(1, b.sum(g), "outer");
  },
});

/** The shape of weights with as many dimensions as `x`. */
const weightShape = (x: Shape, varying: readonly number[]): Shape => x.map((size, d) => (varying.includes(d) ? size : 1));

/** Strides over the dimensions of `shape` of a contiguous tensor that varies along some of them. */
function stridesAlong(shape: Shape, varying: readonly number[]): number[] {
  const own = Layout.contiguous(weightShape(shape, varying)).strides;
  return shape.map((_, d) => (varying.includes(d) ? (own[d] ?? 0) : 0));
}

/** An operand that varies along some dimensions, over the space of `rows`. */
function operandAlong(t: Tensor, rows: Rows, varying: readonly number[]): KernelOperand {
  const strides = stridesAlong(rows.shape, varying);
  const inner = rows.reduced.length === 0 ? [0] : rows.reduced.map((d) => strides[d] ?? 0);
  return { storage: t.elements, offset: t.layout.offset, strides: [...rows.kept.map((d) => strides[d] ?? 0), ...inner] };
}

/** Runs the forward kernel; the derivatives follow from where the weight varies. */
function normalize(op: string, x: Tensor, affine: Affine, how: Normalisation, running: Running | null): Tensor {
  const { reduced, varying, centred, eps } = how;
  const rows = new Rows(x.shape, reduced);
  const { compute } = dtypeInfo[x.dtype];
  const count = numelOf(rows.space.inner);
  const result = emptyLike(x, x.shape);
  const [mean, scale] = [emptyLike(x, rows.space.outer, compute), emptyLike(x, rows.space.outer, compute)];
  const [weight, bias] = [affine.weight && contiguous(affine.weight), affine.bias && contiguous(affine.bias)];
  if (x.numel() > 0) {
    const statistics = running === null ? [] : [rows.perRow(running.mean), rows.perRow(running.variance)];
    forwardKernel({ weight: weight !== null, bias: bias !== null, running: running !== null, centred }).run(
      x.device,
      rows.space,
      [rows.over(x), ...[weight, bias].flatMap((t) => (t === null ? [] : [operandAlong(t, rows, varying)])), ...statistics],
      [rows.over(result), rows.perRow(mean), rows.perRow(scale), ...statistics],
      compute,
      [count, eps, ...(running === null ? [] : [running.momentum, count / (count - 1)])],
    );
    for (const t of running === null ? [] : [running.mean, running.variance]) t.versioned.version++;
  }
  const learned = [weight, bias].filter((t) => t !== null);
  record(op, [x, ...learned], [result], () => {
    const [savedX, savedWeight] = [new Saved(op, x), weight === null ? null : new Saved(op, weight)];
    return ([g], needed) => {
      if (g === null || g === undefined) return [null, ...learned.map(() => null)];
      const w = savedWeight?.value ?? null;
      if (isGradEnabled()) return recordedGradients(g, savedX.value, { weight: w, bias }, how, needed);
      const shape = (weight ?? bias)?.shape ?? [];
      const dx = emptyLike(x, x.shape);
      if (x.numel() === 0) return [dx, ...learned.map(() => newZeros(g, shape))];
      const perRow = learned.length > 0 && sameShape(varying, rows.kept);
      const [dWeight, dBias] = learned.length === 0 ? [] : [emptyLike(x, shape), emptyLike(x, shape)];
      backwardKernel({ weight: w !== null, perRow, centred }).run(
        g.device,
        rows.space,
        [rows.over(g), rows.over(savedX.value), rows.perRow(mean), rows.perRow(scale), ...(w === null ? [] : [operandAlong(w, rows, varying)])],
        [rows.over(dx), ...(perRow ? [dWeight, dBias].flatMap((t) => (t === undefined ? [] : [operandAlong(t, rows, varying)])) : [])],
        compute,
        [count],
      );
      if (!perRow && dWeight !== undefined && dBias !== undefined) weightGradients(g, savedX.value, mean, scale, rows, varying, dWeight, dBias);
      return [dx, ...(weight === null ? [] : [dWeight ?? null]), ...(bias === null ? [] : [dBias ?? null])];
    };
  });
  return result;
}

/** Sums over the dimensions that share a weight. */
function weightGradients(g: Tensor, x: Tensor, mean: Tensor, scale: Tensor, rows: Rows, varying: readonly number[], dWeight: Tensor, dBias: Tensor): void {
  const across = new Rows(x.shape, x.shape.map((_, d) => d).filter((d) => !varying.includes(d)));
  weightGradientKernel.run(
    g.device,
    across.space,
    [across.over(g), across.over(x), operandAlong(mean, across, rows.kept), operandAlong(scale, across, rows.kept)],
    [operandAlong(dWeight, across, varying), operandAlong(dBias, across, varying)],
    dtypeInfo[x.dtype].compute,
    [],
  );
}

/** The gradients as differentiable ops, for derivatives of derivatives. */
function recordedGradients(g: Tensor, x: Tensor, { weight, bias }: Affine, { reduced, varying, centred, eps }: Normalisation, needed: readonly boolean[]): (Tensor | null)[] {
  // Aliases, because one input may have been computed from another, and only what flows directly is asked for here.
  const aliases = [x, weight, bias].map((t) => (t === null ? null : view(t, t.shape)));
  const [ownX, ownWeight, ownBias] = aliases;
  if (ownX === null || ownX === undefined) throw new Error("internal: normalisation without an input");
  let y: Tensor;
  if (centred) {
    const [variance, mean] = varMean(ownX, { dim: reduced, correction: 0, keepdim: true });
    y = mul(sub(ownX, mean), rsqrt(add(variance, eps)));
  } else {
    y = mul(ownX, rsqrt(add(mean(square(ownX), { dim: reduced, keepdim: true }), eps)));
  }
  const shape = weightShape(x.shape, varying);
  if (ownWeight !== null && ownWeight !== undefined) y = mul(y, reshape(ownWeight, shape));
  if (ownBias !== null && ownBias !== undefined) y = add(y, reshape(ownBias, shape));
  const inputs = aliases.filter((t) => t !== null);
  const wanted = inputs.filter((t, i) => needed[i] === true && t.requiresGrad);
  const gradients = grad(y, wanted, { gradOutputs: [g], createGraph: true });
  return inputs.map((t) => gradients[wanted.indexOf(t)] ?? null);
}

/** (x − mean) / √(var + ε) with statistics that are given, and the same times weight plus bias. */
const fixedOps = (name: string): Readonly<Record<"plain" | "affine", ElementwiseOp>> => ({
  plain: new ElementwiseOp(name, 4, (k, x, mean, variance, eps) => k.div(k.sub(x, mean), k.sqrt(k.add(variance, eps)))),
  affine: new ElementwiseOp(name, 6, (k, x, mean, variance, eps, weight, bias) => k.add(k.mul(k.div(k.sub(x, mean), k.sqrt(k.add(variance, eps))), weight), bias)),
});
const fixed = { batchNorm: /* @__PURE__ */ fixedOps("batchNorm"), instanceNorm: /* @__PURE__ */ fixedOps("instanceNorm") } as const;

export const BatchNormOptions = class {
  /** Running statistics `[C]`: used in evaluation, updated in training. Without them a batch is always normalised by its own. */
  readonly runningMean?: Tensor | null;
  readonly runningVar?: Tensor | null;
  readonly weight?: Tensor | null;
  readonly bias?: Tensor | null;
  readonly training?: boolean;
  /** How far the running statistics move towards a batch's. */
  readonly momentum?: number;
  readonly eps?: number;
};
export type BatchNormOptions = Options<typeof BatchNormOptions>;

/**
 * Batch normalisation: each channel has mean 0 and variance 1 over the batch, then weight and bias are applied.
 *
 *   y = (x − E[x]) / √(Var[x] + ε) · w + b
 *
 * In training the statistics are those of the batch (the variance without Bessel's correction), and the running ones move towards
 * them: r ← (1 − momentum) r + momentum s (the variance with the correction).
 *
 * @param x - `[N, C]` or `[N, C, …]`, floating.
 * @throws {ShapeError} if a statistic or parameter has another shape than `[C]`, or in training a channel has a single value.
 * @see torch.nn.functional.batch_norm; Ioffe and Szegedy, Batch normalization (2015)
 * @example
 * batchNorm(tensor([[1], [3]]), { training: true, eps: 0 }).toArraySync(); // [[-1], [1]]
 */
export function batchNorm(x: Tensor, options?: BatchNormOptions): Tensor {
  const { runningMean = null, runningVar = null, weight = null, bias = null, training = false, momentum = 0.1, eps = 1e-5 } = optionsOf("batchNorm", BatchNormOptions, options);
  checkOperands("batchNorm", x, {}, []);
  if (x.numel() === 0) return ofNothing(x, { weight, bias });
  if (x.ndim < 2) throw new ShapeError(`batchNorm: expected an input of shape [batch, channels, …], got ${showShape(x.shape)}`);
  const channels = x.shape[1] ?? 0;
  checkOperands("batchNorm", x, { runningMean, runningVar, weight, bias }, [channels]);
  if ((runningMean === null) !== (runningVar === null)) throw new ArgumentError("batchNorm: expected both running statistics or none, got one");
  const reduced = x.shape.map((_, d) => d).filter((d) => d !== 1);
  if (training) {
    const count = x.numel() / channels;
    if (count <= 1) throw new ShapeError(`batchNorm: expected more than 1 value for each channel in training, got input ${showShape(x.shape)}; use a larger batch, or eval()`);
    const running = runningMean === null || runningVar === null ? null : { mean: runningMean, variance: runningVar, momentum };
    return normalize("batchNorm", x, { weight, bias }, { reduced, varying: [1], centred: true, eps }, running);
  }
  if (runningMean === null || runningVar === null) throw new ArgumentError("batchNorm: expected running statistics in evaluation, got none; pass { training: true } to use the batch's own");
  return givenStatistics("batchNorm", x, runningMean, runningVar, { weight, bias }, eps);
}

/** Nothing has no statistics, which is no error in PyTorch either; parameters get gradients of zero. */
function ofNothing(x: Tensor, { weight, bias }: Affine): Tensor {
  const scaled = weight === null ? clone(x) : mul(x, select(weight, 0, 0));
  return bias === null ? scaled : add(scaled, select(bias, 0, 0));
}

/** Normalises every channel by statistics that are given. */
function givenStatistics(op: "batchNorm" | "instanceNorm", x: Tensor, mean: Tensor, variance: Tensor, { weight, bias }: Affine, eps: number): Tensor {
  const perChannel = (t: Tensor): Tensor => reshape(t, [x.shape[1] ?? 0, ...x.shape.slice(2).map(() => 1)]);
  const given = [x, perChannel(mean), perChannel(variance), eps];
  const ops = fixed[op];
  if (weight === null && bias === null) return apply(ops.plain, given);
  return apply(ops.affine, [...given, weight === null ? 1 : perChannel(weight), bias === null ? 0 : perChannel(bias)]);
}

export const LayerNormOptions = class {
  readonly weight?: Tensor | null;
  readonly bias?: Tensor | null;
  /** Added to the variance. 1e-5 by default. */
  readonly eps?: number;
};
export type LayerNormOptions = Options<typeof LayerNormOptions>;

/** The last dimensions of `x`, if they are `normalizedShape`. */
function lastDims(op: string, x: Tensor, normalizedShape: Shape): number[] {
  const first = x.ndim - normalizedShape.length;
  if (normalizedShape.length === 0 || first < 0 || !sameShape(x.shape.slice(first), normalizedShape)) {
    throw new ShapeError(`${op}: expected an input whose last dimensions are ${showShape(normalizedShape)}, got ${showShape(x.shape)}`);
  }
  return normalizedShape.map((_, i) => first + i);
}

/**
 * Layer normalisation over the last dimensions: each sample by itself has mean 0 and variance 1, then weight and bias are applied.
 *
 *   y = (x − E[x]) / √(Var[x] + ε) · w + b
 *
 * @param x - `[…, …normalizedShape]`, floating.
 * @param normalizedShape - Sizes of the last dimensions; the shape of weight and bias.
 * @throws {ShapeError} if the last dimensions are others.
 * @see torch.nn.functional.layer_norm; Ba, Kiros and Hinton, Layer normalization (2016)
 * @example
 * layerNorm(tensor([[1, 3], [0, 20]]), [2], { eps: 0 }).toArraySync(); // [[-1, 1], [-1, 1]]
 */
export const layerNorm = (x: Tensor, normalizedShape: Shape, options?: LayerNormOptions): Tensor => layerNormAs("layerNorm", x, normalizedShape, options);

/** The same in the name of another op, for its errors. */
export function layerNormAs(op: string, x: Tensor, normalizedShape: Shape, options?: LayerNormOptions): Tensor {
  const { weight = null, bias = null, eps = 1e-5 } = optionsOf(op, LayerNormOptions, options);
  const dims = lastDims(op, x, normalizedShape);
  checkOperands(op, x, { weight, bias }, normalizedShape);
  return normalize("layerNorm", x, { weight, bias }, { reduced: dims, varying: dims, centred: true, eps }, null);
}

export const RmsNormOptions = class {
  readonly weight?: Tensor | null;
  /** Added to the mean square. The spacing of numbers at 1 in the input's type by default. */
  readonly eps?: number | null;
};
export type RmsNormOptions = Options<typeof RmsNormOptions>;

/**
 * Normalisation by the root of the mean square over the last dimensions: layer normalisation without a mean or a bias.
 *
 *   y = x / √(E[x²] + ε) · w
 *
 * @param normalizedShape - Sizes of the last dimensions; the shape of the weight.
 * @throws {ShapeError} if the last dimensions are others.
 * @see torch.nn.functional.rms_norm; Zhang and Sennrich, Root mean square layer normalization (2019)
 * @example
 * rmsNorm(tensor([[3, 3], [0, -4]]), [2], { eps: 0 }).toArraySync(); // [[1, 1], [0, -1.4142135381698608]]
 */
export function rmsNorm(x: Tensor, normalizedShape: Shape, options?: RmsNormOptions): Tensor {
  const given = optionsOf("rmsNorm", RmsNormOptions, options);
  const { weight = null } = given;
  const dims = lastDims("rmsNorm", x, normalizedShape);
  checkOperands("rmsNorm", x, { weight }, normalizedShape);
  const eps = given.eps ?? finfo(x.dtype).eps;
  return normalize("rmsNorm", x, { weight, bias: null }, { reduced: dims, varying: dims, centred: false, eps }, null);
}

/**
 * Group normalisation: the channels are divided into groups, and each group of each sample has mean 0 and variance 1. Then weight
 * and bias are applied, one of each for every channel.
 *
 * @param x - `[N, C]` or `[N, C, …]`, floating.
 * @throws {ShapeError} if the groups do not divide the channels, or weight or bias have another shape than `[C]`.
 * @see torch.nn.functional.group_norm; Wu and He, Group normalization (2018)
 * @example
 * groupNorm(tensor([[1, 3, 0, 20]]), 2, { eps: 0 }).toArraySync(); // [[-1, 1, -1, 1]]
 */
export function groupNorm(x: Tensor, numGroups: number, options?: LayerNormOptions): Tensor {
  const { weight = null, bias = null, eps = 1e-5 } = optionsOf("groupNorm", LayerNormOptions, options);
  if (x.ndim < 2) throw new ShapeError(`groupNorm: expected an input of shape [batch, channels, …], got ${showShape(x.shape)}`);
  const [batch = 0, channels = 0] = x.shape;
  if (!Number.isInteger(numGroups) || numGroups < 1 || channels % numGroups !== 0) throw new ShapeError(`groupNorm: expected a number of groups that divides ${String(channels)} channels, got ${String(numGroups)}`);
  checkOperands("groupNorm", x, { weight, bias }, [channels]);
  const grouped = reshape(x, [batch, numGroups, channels / numGroups, numelOf(x.shape.slice(2))]);
  return reshape(normalize("groupNorm", grouped, { weight, bias }, { reduced: [2, 3], varying: [1, 2], centred: true, eps }, null), x.shape);
}

export const InstanceNormOptions = class {
  /** Running statistics `[C]`: used with `useInputStats: false`, and otherwise moved towards those of the input. */
  readonly runningMean?: Tensor | null;
  readonly runningVar?: Tensor | null;
  readonly weight?: Tensor | null;
  readonly bias?: Tensor | null;
  /** Normalise each sample by its own statistics. True by default. */
  readonly useInputStats?: boolean;
  /** How far the running statistics move. 0.1 by default. */
  readonly momentum?: number;
  readonly eps?: number;
};
export type InstanceNormOptions = Options<typeof InstanceNormOptions>;

/**
 * Instance normalisation: every channel of each sample has mean 0 and variance 1, then weight and bias are applied.
 *
 * @param x - `[N, C, …]`, floating, with more than one element in a channel.
 * @throws {ShapeError} if a channel has a single element, or a statistic or parameter another shape than `[C]`.
 * @see torch.nn.functional.instance_norm; Ulyanov, Vedaldi and Lempitsky, Instance normalization (2016)
 */
export function instanceNorm(x: Tensor, options?: InstanceNormOptions): Tensor {
  const { runningMean = null, runningVar = null, weight = null, bias = null, useInputStats = true, momentum = 0.1, eps = 1e-5 } = optionsOf("instanceNorm", InstanceNormOptions, options);
  if (x.ndim < 2) throw new ShapeError(`instanceNorm: expected an input of shape [batch, channels, …], got ${showShape(x.shape)}`);
  checkOperands("instanceNorm", x, { runningMean, runningVar, weight, bias }, [x.shape[1] ?? 0]);
  if ((runningMean === null) !== (runningVar === null)) throw new ArgumentError("instanceNorm: expected both running statistics or none, got one");
  if (!useInputStats) {
    if (runningMean === null || runningVar === null) throw new ArgumentError("instanceNorm: expected running statistics with useInputStats: false, got none");
    return givenStatistics("instanceNorm", x, runningMean, runningVar, { weight, bias }, eps);
  }
  const reduced = x.shape.map((_, d) => d).slice(2);
  if (numelOf(x.shape.slice(2)) === 1) throw new ShapeError(`instanceNorm: expected more than 1 element in a channel, got input ${showShape(x.shape)}`);
  if (runningMean !== null && runningVar !== null) {
    noGrad(() => {
      const [variances, means] = varMean(x, { dim: reduced });
      lerp.inPlace(runningMean, mean(means, { dim: 0 }), momentum);
      lerp.inPlace(runningVar, mean(variances, { dim: 0 }), momentum);
    });
  }
  return normalize("instanceNorm", x, { weight, bias }, { reduced, varying: [1], centred: true, eps }, null);
}

export const LocalResponseNormOptions = class {
  /** 1e-4 by default. */
  readonly alpha?: number;
  /** 0.75 by default. */
  readonly beta?: number;
  /** 1 by default. */
  readonly k?: number;
};
export type LocalResponseNormOptions = Options<typeof LocalResponseNormOptions>;

/**
 * Divides each element by a power of the mean square of its neighbours in `size` channels:
 *
 *   y = x / (k + α · mean(x²))^β
 *
 * @param x - `[N, C, …]`, at least three dimensions.
 * @see torch.nn.functional.local_response_norm; Krizhevsky, Sutskever and Hinton, ImageNet classification (2012)
 */
export function localResponseNorm(x: Tensor, size: number, options?: LocalResponseNormOptions): Tensor {
  const { alpha = 1e-4, beta = 0.75, k = 1 } = optionsOf("localResponseNorm", LocalResponseNormOptions, options);
  x.checkUsable("localResponseNorm");
  if (x.ndim < 3) throw new ShapeError(`localResponseNorm: expected an input of shape [batch, channels, size, …], got ${showShape(x.shape)}`);
  if (!Number.isInteger(size) || size < 1) throw new ArgumentError(`localResponseNorm: expected a whole number of channels, at least 1, got ${String(size)}`);
  if (x.numel() === 0) return x;
  const [batch = 0, channels = 0] = x.shape;
  const squares = reshape(square(x), [batch, 1, channels, -1]);
  const around = avgPool2d(pad(squares, [0, 0, Math.floor(size / 2), Math.floor((size - 1) / 2)]), [size, 1], { stride: 1 });
  return div(x, pow(add(mul(reshape(around, x.shape), alpha), k), beta));
}

function checkOperands(op: string, x: Tensor, operands: Readonly<Record<string, Tensor | null>>, shape: Shape): void {
  x.checkUsable(op);
  if (!x.isFloatingPoint()) throw new DTypeError(`${op}: expected a floating tensor, got ${x.dtype}; convert it with to("float32")`);
  for (const [name, t] of Object.entries(operands)) {
    if (t === null) continue;
    t.checkUsable(op);
    checkSameDevice(op, [x, t]);
    if (t.dtype !== x.dtype) throw new DTypeError(`${op}: expected ${name} of the input's element type ${x.dtype}, got ${t.dtype}; convert one with .to(dtype)`);
    if (!sameShape(t.shape, shape)) throw new ShapeError(`${op}: expected ${name} of shape ${showShape(shape)}, got ${showShape(t.shape)}`);
  }
}
