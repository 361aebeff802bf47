import type { Expr } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import { grad } from "../autograd/backward.js";
import { isGradEnabled } from "../autograd/mode.js";
import { Saved } from "../autograd/op-node.js";
import { ArgumentError, DTypeError, ShapeError } from "../errors.js";
import { ElementwiseOp } from "../kernels/elementwise.js";
import type { KernelBody, KernelOperand } from "../kernels/kernel-op.js";
import { KernelOp } from "../kernels/kernel-op.js";
import { emptyLike, Rows } from "../kernels/rows.js";
import { numelOf, sameShape, showShape } from "../shape.js";
import type { Shape } from "../shape.js";
import { checkSameDevice } from "../tensor.js";
import type { Tensor } from "../tensor.js";
import { record, varMean } from "./reduce.js";
import { reshape, view } from "./view.js";

/**
 * Normalisation: elements that belong together, a row, are shifted and scaled to mean 0 and variance 1.
 *
 *   x̂ = (x − mean) / √(var + ε),  y = x̂ w + b
 *
 * The forward pass is one kernel. Batch and layer normalisation differ in what a row is, and in whether the weight is one for
 * each row or one for each place in it.
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

/** Which operands a kernel has. They stand in this order. */
type Switches = Readonly<Record<"weight" | "bias" | "running", boolean>>;

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

const centred = (b: KernelBody, x: Expr, mean: Expr, scale: Expr): Expr => b.k.mul(b.k.sub(x, mean), scale);

/** Outputs y, mean and 1/√(var + ε); scalars: n, ε, momentum, n / (n − 1). */
const forwardKernel = variants(({ weight, bias, running }: Switches) => new KernelOp({
  name: "normalize",
  build: (b) => {
    const { k } = b;
    const mix = (old: Expr, now: Expr): Expr => k.add(k.mul(b.scalar(2), now), k.mul(k.sub(k.like(1, now), b.scalar(2)), old));
    let last = 0;
    const next = (): Expr => b.input(++last, b.compute);
    const x = b.input(0, b.compute);
    const mean = k.div(b.sum(x), b.scalar(0));
    const distance = k.sub(x, mean);
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

/** Inputs g, x, mean, scale and the weight, one for each row. Outputs ∂L/∂x = w · scale · (g − Σg/n − x̂ Σ(g x̂)/n), ∂L/∂w = Σ g x̂ and ∂L/∂b = Σ g. */
const rowWeightBackwardKernel = variants(({ weight }: Readonly<Record<"weight", boolean>>) => new KernelOp({
  name: "normalizeBackward",
  build: (b) => {
    const { k } = b;
    const [g, x, mean, scale] = [b.input(0, b.compute), b.input(1, b.compute), b.input(2), b.input(3)];
    const normal = centred(b, x, mean, scale);
    const [sum, moment] = [b.sum(g), b.sum(k.mul(g, normal))];
    const slope = weight ? k.mul(scale, b.input(4, b.compute)) : scale;
    b.store(0, k.mul(slope, k.sub(g, k.add(k.div(sum, b.scalar(0)), k.mul(normal, k.div(moment, b.scalar(0)))))), "inner");
    b.store(1, moment, "outer");
    b.store(2, sum, "outer");
  },
}));

/** Inputs g, x, mean, scale and the weight, one for each place of a row. Output ∂L/∂x = scale · (g w − Σ(g w)/n − x̂ Σ(g w x̂)/n). */
const placeWeightBackwardKernel = variants(({ weight }: Readonly<Record<"weight", boolean>>) => new KernelOp({
  name: "normalizeBackward",
  build: (b) => {
    const { k } = b;
    const [x, mean, scale] = [b.input(1, b.compute), b.input(2), b.input(3)];
    const g = weight ? k.mul(b.input(0, b.compute), b.input(4, b.compute)) : b.input(0, b.compute);
    const normal = centred(b, x, mean, scale);
    const [sum, moment] = [b.sum(g), b.sum(k.mul(g, normal))];
    b.store(0, k.mul(scale, k.sub(g, k.add(k.div(sum, b.scalar(0)), k.mul(normal, k.div(moment, b.scalar(0)))))), "inner");
  },
}));

/** Inputs g, x, mean and scale, summed over the rows for each place. Outputs ∂L/∂w = Σ g x̂ and ∂L/∂b = Σ g. */
const placeWeightGradientKernel = new KernelOp({
  name: "normalizeBackwardWeight",
  build: (b) => {
    const g = b.input(0, b.compute);
    b.store(0, b.sum(b.k.mul(g, centred(b, b.input(1, b.compute), b.input(2), b.input(3)))), "outer");
    b.store(1, b.sum(g), "outer");
  },
});

/** Runs the forward kernel; the derivatives follow from where the weight stands. */
function normalize(op: string, x: Tensor, reduced: readonly number[], affine: Affine, weightStands: "per row" | "per place", eps: number, running: Running | null): Tensor {
  const rows = new Rows(x.shape, reduced);
  const { compute } = dtypeInfo[x.dtype];
  const count = numelOf(rows.space.inner);
  const result = emptyLike(x, x.shape);
  const [mean, scale] = [emptyLike(x, rows.space.outer, compute), emptyLike(x, rows.space.outer, compute)];
  const place = (t: Tensor): KernelOperand => ({ storage: t.elements, offset: t.layout.offset, strides: [...rows.kept.map(() => 0), ...t.layout.strides] });
  const own = weightStands === "per row" ? rows.perRow.bind(rows) : place;
  const { weight, bias } = affine;
  if (x.numel() > 0) {
    const statistics = running === null ? [] : [rows.perRow(running.mean), rows.perRow(running.variance)];
    forwardKernel({ weight: weight !== null, bias: bias !== null, running: running !== null }).run(
      x.device,
      rows.space,
      [rows.over(x), ...[weight, bias].flatMap((t) => (t === null ? [] : [own(t)])), ...statistics],
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
      if (isGradEnabled()) return recordedGradients(g, savedX.value, { weight: w, bias }, reduced, weightStands, eps, needed);
      const statistics = [rows.perRow(mean), rows.perRow(scale)];
      const operands = [rows.over(g), rows.over(savedX.value), ...statistics, ...(w === null ? [] : [own(w)])];
      const like = weight ?? bias;
      const shape = like?.shape ?? rows.space.outer;
      const dx = emptyLike(x, x.shape);
      const [dWeight, dBias] = [emptyLike(x, shape), emptyLike(x, shape)];
      if (x.numel() === 0) return [dx, ...learned.map(() => g.newZeros(shape))];
      if (weightStands === "per row") {
        rowWeightBackwardKernel({ weight: w !== null }).run(g.device, rows.space, operands, [rows.over(dx), rows.perRow(dWeight), rows.perRow(dBias)], compute, [count]);
      } else {
        placeWeightBackwardKernel({ weight: w !== null }).run(g.device, rows.space, operands, [rows.over(dx)], compute, [count]);
        if (like !== null) gradientsPerPlace(g, savedX.value, mean, scale, rows, dWeight, dBias);
      }
      return [dx, ...(weight === null ? [] : [dWeight]), ...(bias === null ? [] : [dBias])];
    };
  });
  return result;
}

/** Sums over rows instead of along them: the two spaces change places. */
function gradientsPerPlace(g: Tensor, x: Tensor, mean: Tensor, scale: Tensor, rows: Rows, dWeight: Tensor, dBias: Tensor): void {
  const across = new Rows(x.shape, rows.kept);
  const perRow = (t: Tensor): KernelOperand => {
    const inner = rows.kept.length === 0 ? [0] : t.layout.strides;
    return { storage: t.elements, offset: t.layout.offset, strides: [...across.kept.map(() => 0), ...inner] };
  };
  placeWeightGradientKernel.run(
    g.device,
    across.space,
    [across.over(g), across.over(x), perRow(mean), perRow(scale)],
    [across.perRow(dWeight), across.perRow(dBias)],
    dtypeInfo[x.dtype].compute,
    [],
  );
}

/** The gradients as differentiable ops, for derivatives of derivatives. */
function recordedGradients(g: Tensor, x: Tensor, { weight, bias }: Affine, reduced: readonly number[], weightStands: "per row" | "per place", eps: number, needed: readonly boolean[]): (Tensor | null)[] {
  // Aliases, because one input may have been computed from another, and only what flows directly is asked for here.
  const aliases = [x, weight, bias].map((t) => (t === null ? null : view(t, t.shape)));
  const [ownX, ownWeight, ownBias] = aliases;
  if (ownX === null || ownX === undefined) throw new Error("internal: normalisation without an input");
  const shapeOf = (t: Tensor): Shape => (weightStands === "per row" ? x.shape.map((size, d) => (reduced.includes(d) ? 1 : size)) : t.shape);
  const [variance, mean] = varMean(ownX, { dim: reduced, correction: 0, keepdim: true });
  let y = ownX.sub(mean).mul(variance.add(eps).rsqrt());
  if (ownWeight !== null && ownWeight !== undefined) y = y.mul(reshape(ownWeight, shapeOf(ownWeight)));
  if (ownBias !== null && ownBias !== undefined) y = y.add(reshape(ownBias, shapeOf(ownBias)));
  const inputs = aliases.filter((t) => t !== null);
  const wanted = inputs.filter((t, i) => needed[i] === true && t.requiresGrad);
  const gradients = grad(y, wanted, { gradOutputs: [g], createGraph: true });
  return inputs.map((t) => gradients[wanted.indexOf(t)] ?? null);
}

/** (x − mean) / √(var + ε), with statistics that are given. */
const fixedNormalize = new ElementwiseOp("batchNorm", 4, (k, x, mean, variance, eps) => k.div(k.sub(x, mean), k.sqrt(k.add(variance, eps))));
/** The same, times weight plus bias. */
const fixedNormalizeAffine = new ElementwiseOp("batchNorm", 6, (k, x, mean, variance, eps, weight, bias) =>
  k.add(k.mul(k.div(k.sub(x, mean), k.sqrt(k.add(variance, eps))), weight), bias));

export interface BatchNormOptions {
  /** Running statistics `[C]`: used in evaluation, updated in training. Without them a batch is always normalised by its own. */
  readonly runningMean?: Tensor | null;
  readonly runningVar?: Tensor | null;
  readonly weight?: Tensor | null;
  readonly bias?: Tensor | null;
  readonly training?: boolean;
  /** How far the running statistics move towards a batch's. */
  readonly momentum?: number;
  readonly eps?: number;
}

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
export function batchNorm(x: Tensor, options: BatchNormOptions = {}): Tensor {
  const { runningMean = null, runningVar = null, weight = null, bias = null, training = false, momentum = 0.1, eps = 1e-5 } = options;
  if (x.ndim < 2) throw new ShapeError(`batchNorm: expected an input of shape [batch, channels, …], got ${showShape(x.shape)}`);
  const channels = x.shape[1] ?? 0;
  checkOperands("batchNorm", x, { runningMean, runningVar, weight, bias }, [channels]);
  if ((runningMean === null) !== (runningVar === null)) throw new ArgumentError("batchNorm: expected both running statistics or none, got one");
  const reduced = x.shape.map((_, d) => d).filter((d) => d !== 1);
  if (training) {
    const count = x.numel() / channels;
    if (count <= 1) throw new ShapeError(`batchNorm: expected more than 1 value for each channel in training, got input ${showShape(x.shape)}; use a larger batch, or eval()`);
    const running = runningMean === null || runningVar === null ? null : { mean: runningMean, variance: runningVar, momentum };
    return normalize("batchNorm", x, reduced, { weight, bias }, "per row", eps, running);
  }
  if (runningMean === null || runningVar === null) throw new ArgumentError("batchNorm: expected running statistics in evaluation, got none; pass { training: true } to use the batch's own");
  const perChannel = (t: Tensor): Tensor => reshape(t, [channels, ...x.shape.slice(2).map(() => 1)]);
  const given = [x, perChannel(runningMean), perChannel(runningVar), eps];
  if (weight === null && bias === null) return fixedNormalize.call(given);
  return fixedNormalizeAffine.call([...given, weight === null ? 1 : perChannel(weight), bias === null ? 0 : perChannel(bias)]);
}

export interface LayerNormOptions {
  readonly weight?: Tensor | null;
  readonly bias?: Tensor | null;
  readonly eps?: number;
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
export function layerNorm(x: Tensor, normalizedShape: Shape, options: LayerNormOptions = {}): Tensor {
  const { weight = null, bias = null, eps = 1e-5 } = options;
  const first = x.ndim - normalizedShape.length;
  if (normalizedShape.length === 0 || first < 0 || !sameShape(x.shape.slice(first), normalizedShape)) {
    throw new ShapeError(`layerNorm: expected an input whose last dimensions are ${showShape(normalizedShape)}, got ${showShape(x.shape)}`);
  }
  checkOperands("layerNorm", x, { weight, bias }, normalizedShape);
  return normalize("layerNorm", x, normalizedShape.map((_, i) => first + i), { weight, bias }, "per place", eps, null);
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
