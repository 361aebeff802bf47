import type { Backend, DType } from "@gradus/kernel-ir";
import { dtypeInfo, dtypes, GuardError } from "@gradus/kernel-ir";
import type { Shape } from "@gradus/tensor-core";
import * as core from "@gradus/tensor-core";
import { tensor, type Tensor } from "@gradus/tensor-core";
import { expect } from "vitest";
import type { Margin } from "../compare.js";
import { expectElements } from "../compare.js";
import { sample } from "../sampling.js";
import type { Subject } from "../subject.js";

/** Makes tensors on one device: the same numbers on every device. */
class Maker {
  #stream = 0;

  constructor(
    readonly device: Backend,
    readonly dtype: DType,
  ) {}

  /** Whole numbers in [−4, 4], which every order of adding and every way of rounding treats alike. */
  whole(...shape: number[]): Tensor {
    return this.#make(shape, this.dtype, sample("int32", dtypeInfo[this.dtype].kind === "bool" || this.dtype === "uint8" ? [0, 4] : [-4, 4], sizeOf(shape), this.#stream++));
  }

  /** Numbers in [−3, 3] that do not add up exactly; whole ones where the type has no others. */
  uneven(...shape: number[]): Tensor {
    return this.#make(shape, this.dtype, sample(this.dtype, [-3, 3], sizeOf(shape), this.#stream++));
  }

  /** Numbers in [0.1, 0.9]. */
  probability(...shape: number[]): Tensor {
    return this.#make(shape, this.dtype, sample(this.dtype, [0.1, 0.9], sizeOf(shape), this.#stream++));
  }

  /** Whole numbers below `bound`, as int64. */
  index(bound: number, ...shape: number[]): Tensor {
    return this.#make(shape, "int64", sample("int64", [0, bound - 1], sizeOf(shape), this.#stream++));
  }

  /** Zeros and ones. */
  mask(...shape: number[]): Tensor {
    return this.#make(shape, "bool", sample("bool", [0, 1], sizeOf(shape), this.#stream++));
  }

  /** The numbers given. */
  of(values: readonly number[], shape: Shape = [values.length]): Tensor {
    return this.#make(shape, this.dtype, values);
  }

  #make(shape: Shape, dtype: DType, values: readonly number[]): Tensor {
    return tensor([...values], { dtype, shape, device: this.device });
  }
}

const sizeOf = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);

/** What is computed, on which element types. */
interface OpCase {
  readonly dtypes: readonly DType[];
  /** How exact the result must be: `exact` agrees bit for bit everywhere; `rounded` may differ where a device rounds in its own way. */
  readonly exactness: "exact" | "rounded";
  readonly run: (make: Maker) => Tensor | readonly Tensor[];
}

const floats = ["float32", "float64", "float16", "bfloat16"] as const;
const numbers = [...floats, "int64", "int32", "uint8"] as const;
const most = ["float32", "float64", "float16", "int64", "int32", "int8", "uint8", "bool"] as const;

const exact = (types: readonly DType[], run: OpCase["run"]): OpCase => ({ dtypes: types, exactness: "exact", run });
const rounded = (types: readonly DType[], run: OpCase["run"]): OpCase => ({ dtypes: types, exactness: "rounded", run });

/** Not contiguous: dimensions permuted, with a gap and an offset. */
const permuted = (make: Maker): Tensor => make.whole(4, 3, 6).permute(2, 0, 1).slice(0, 1, null, 2);

/** Each reduction on every shape of input: rows, columns, all, several dimensions, permuted, expanded, scalars, long rows. */
const reductionInputs: Record<string, (make: Maker) => readonly [x: Tensor, dim: number | readonly number[] | null][]> = {
  rows: (make) => [[make.whole(3, 5), 1], [make.whole(3, 5), -1], [make.whole(2, 3, 40), 2]],
  columns: (make) => [[make.whole(5, 3), 0], [make.whole(2, 5, 3), 1]],
  "several dimensions": (make) => [[make.whole(2, 3, 4), [0, 2]], [make.whole(2, 3, 4), null]],
  "permuted and sliced": (make) => [[permuted(make), 0], [permuted(make), 2], [permuted(make), [0, 1]]],
  "expanded and scalars": (make) => [[make.whole(3, 1).expand(3, 4), 1], [make.whole(), null], [make.whole(1), 0]],
};

/** Results, and the gradients of the inputs. */
function withGradients(make: Maker, inputs: readonly Tensor[], f: (leaves: readonly Tensor[]) => readonly Tensor[]): readonly Tensor[] {
  const leaves = inputs.map((x) => x.requiresGrad_());
  const results = f(leaves);
  return [...results, ...core.grad(results, leaves, { gradOutputs: results.map((result) => make.whole(...result.shape)) })];
}

/** Every op that is not elementwise. */
const cases: Record<string, OpCase> = {
  ...Object.fromEntries(
    Object.entries(reductionInputs).flatMap(([inputs, all]) => {
      const each = (f: (x: Tensor, dim: number | readonly number[] | null) => Tensor | readonly Tensor[]) => (make: Maker) => all(make).flatMap(([x, dim]) => f(x, dim));
      const alongOne = (f: (x: Tensor, dim: number) => Tensor | readonly Tensor[]) => each((x, dim) => (typeof dim === "number" ? f(x, dim) : []));
      // Layouts do not depend on the element type nor the other way round.
      const here = (types: readonly DType[]): readonly DType[] => (inputs === "rows" || inputs === "permuted and sliced" ? types : types.filter((dtype) => dtype === "float32"));
      return Object.entries({
        sum: exact(most, each((x, dim) => [core.sum(x, { dim }), core.sum(x, { dim, keepdim: true })])),
        prod: exact(numbers, each((x, dim) => core.prod(x.clamp({ min: -2, max: 2 }), { dim }))),
        mean: rounded(floats, each((x, dim) => core.mean(x, { dim }))),
        amax: exact(most, each((x, dim) => core.amax(x, { dim }))),
        amin: exact(most, each((x, dim) => core.amin(x, { dim, keepdim: true }))),
        "max and its index": exact(most, alongOne((x, dim) => Object.values(core.max(x, { dim })) as Tensor[])),
        "min and its index": exact(most, alongOne((x, dim) => Object.values(core.min(x, { dim, keepdim: true })) as Tensor[])),
        "argmax and argmin": exact(numbers, each((x, dim) => (typeof dim === "number" ? [core.argmax(x, { dim }), core.argmin(x, { dim })] : [core.argmax(x), core.argmin(x)]))),
        "any and all": exact(most, each((x, dim) => [core.any(x, { dim }), core.all(x, { dim })])),
        "var and std": rounded(["float32", "float64"], each((x, dim) => [...core.varMean(x, { dim, correction: 0 }), core.std(x.add(1), { dim, correction: 0 })])),
        logsumexp: rounded(floats, each((x, dim) => (dim === null ? [] : core.logsumexp(x, { dim })))),
        "softmax and logSoftmax": rounded(floats, alongOne((x, dim) => [core.softmax(x, dim), core.logSoftmax(x, dim)])),
      }).map(([op, its]) => [`${op} of ${inputs}`, { ...its, dtypes: here(its.dtypes) }] as const);
    }),
  ),
  "reductions of nothing": exact(["float32", "int64"], (make) => {
    const [x, y] = [make.whole(0, 3), make.whole(3, 0)];
    return [x.sum({ dim: 0 }), x.sum({ dim: 1 }), y.sum({ dim: 1 }), y.prod({ dim: 1 }), x.sum(), y.any({ dim: 1 }), y.all({ dim: 1 })];
  }),
  "sums of long rows, in order": exact(["float32", "float64"], (make) => {
    const x = make.uneven(2, 9001);
    return [x.sum({ dim: 1 }), x.sum({ dim: 0 }).slice(0, 0, 50), x.sum(), x.t().contiguous().sum({ dim: 0 })];
  }),
  "extremes with NaN": exact(floats, (make) => {
    const x = make.of([1, NaN, 3, -Infinity, 2, 2, Infinity, NaN, 0, -0, 0, 5], [3, 4]);
    return [x.amax({ dim: 1 }), x.argmax({ dim: 1 }), x.argmin({ dim: 0 }), ...(Object.values(x.min({ dim: 1 })) as Tensor[]), x.max()];
  }),
  "softmax of huge and infinite logits": rounded(["float32", "float64"], (make) => {
    const x = make.of([1e30, -1e30, 1e30, 0, -Infinity, 2, 3, 80, -90], [3, 3]);
    return [x.softmax(1), x.logSoftmax(1), x.logsumexp({ dim: 1 }), x.softmax(0)];
  }),

  matmul: exact(["float32", "float64", "float16", "int64", "int32"], (make) => [
    make.whole(4, 5).matmul(make.whole(5, 3)),
    make.whole(5).matmul(make.whole(5)),
    make.whole(4, 5).matmul(make.whole(5)),
    make.whole(5).matmul(make.whole(5, 3)),
    make.whole(2, 1, 4, 5).matmul(make.whole(3, 5, 2)),
    make.whole(2, 4, 5).matmul(make.whole(5, 3)),
  ]),
  "matmul of transposed, sliced and expanded operands": exact(["float32", "float64", "int32"], (make) => [
    make.whole(5, 4).t().matmul(make.whole(3, 5).t()),
    make.whole(6, 12).slice(0, 1, 5).slice(1, 0, 10, 2).matmul(make.whole(5, 7).narrow(1, 2, 3)),
    make.whole(1, 5).expand(4, 5).matmul(make.whole(5, 1).expand(5, 3)),
    make.whole(3, 2, 4).permute(1, 2, 0).matmul(make.whole(2, 5, 3).transpose(1, 2)),
    make.whole(4, 4).matmul(make.whole(4, 4)).matmul(make.whole(4, 4)),
  ]),
  "matmul of nothing and with nothing": exact(["float32", "int32"], (make) => [make.whole(0, 3).matmul(make.whole(3, 2)), make.whole(2, 0).matmul(make.whole(0, 3)), make.whole(2, 0, 3).matmul(make.whole(3, 1))]),
  "matmul, tiles and their rests": exact(["float32", "float64"], (make) => [make.whole(33, 65).matmul(make.whole(65, 17)), make.whole(64, 64).matmul(make.whole(64, 64)), make.whole(1, 100).matmul(make.whole(100, 1))]),
  "matmul that rounds": rounded(["float32", "float64"], (make) => make.uneven(9, 300).matmul(make.uneven(300, 11))),
  "a matrix times itself": exact(["float32"], (make) => {
    const x = make.whole(4, 4);
    return [x.matmul(x), x.matmul(x.t()), x.t().matmul(x)];
  }),
  linear: exact(["float32", "float64", "int32"], (make) => [core.linear(make.whole(3, 4), make.whole(5, 4), make.whole(5)), core.linear(make.whole(2, 3, 4), make.whole(5, 4)), core.linear(make.whole(4), make.whole(5, 4), make.whole(5))]),
  conv2d: exact(["float32", "float64", "int32"], (make) => [
    core.conv2d(make.whole(2, 3, 7, 6), make.whole(4, 3, 3, 2), make.whole(4)),
    core.conv2d(make.whole(1, 2, 7, 6), make.whole(3, 2, 3, 3), make.whole(3), { stride: 2, padding: 1 }),
    core.conv2d(make.whole(1, 2, 9, 8), make.whole(2, 2, 3, 2), null, { stride: [1, 2], padding: [2, 0], dilation: [2, 3] }),
    core.conv2d(make.whole(2, 4, 5, 5), make.whole(6, 2, 2, 2), make.whole(6), { groups: 2 }),
    core.conv2d(make.whole(1, 3, 5, 5), make.whole(3, 1, 3, 3), null, { groups: 3, padding: "same" }),
    core.conv2d(make.whole(3, 5, 5), make.whole(2, 3, 5, 5)),
    core.conv2d(make.whole(1, 6, 5, 3).permute(0, 3, 1, 2), make.whole(2, 2, 2, 3).permute(0, 3, 1, 2)),
  ]),
  conv1d: exact(["float32"], (make) => [core.conv1d(make.whole(2, 3, 11), make.whole(4, 3, 3), make.whole(4), { stride: 2, padding: 2, dilation: 2 }), core.conv1d(make.whole(3, 11), make.whole(4, 3, 11))]),
  maxPool2d: exact(["float32", "float64", "int32"], (make) => [
    core.maxPool2d(make.whole(2, 3, 6, 7), 2),
    ...Object.values(core.maxPool2dWithIndices(make.whole(1, 2, 7, 5), 3, { stride: 2, padding: 1 })),
    ...Object.values(core.maxPool2dWithIndices(make.whole(1, 1, 9, 9), [3, 2], { stride: [2, 3], dilation: [2, 1], ceilMode: true })),
    core.maxPool2d(make.whole(5, 4, 2).permute(2, 0, 1), 2, { stride: 1 }),
  ]),
  avgPool2d: rounded(["float32", "float64"], (make) => [
    core.avgPool2d(make.whole(2, 3, 6, 7), 2),
    core.avgPool2d(make.whole(1, 2, 7, 5), 3, { stride: 2, padding: 1 }),
    core.avgPool2d(make.whole(1, 2, 6, 5), [3, 2], { stride: 2, padding: 1, ceilMode: true, countIncludePad: false }),
    core.avgPool2d(make.whole(5, 4, 2).permute(2, 0, 1), 2, { divisorOverride: 3 }),
  ]),
  "convolutions of one and three dimensions, and transposed": exact(["float32", "float64"], (make) => [
    core.conv3d(make.whole(1, 2, 4, 5, 3), make.whole(3, 2, 2, 3, 2), make.whole(3), { stride: [1, 2, 1], padding: [0, 1, 1] }),
    core.convTranspose1d(make.whole(2, 4, 5), make.whole(4, 3, 3), make.whole(6), { stride: 3, padding: 1, outputPadding: 2, groups: 2 }),
    core.convTranspose2d(make.whole(1, 2, 4, 3), make.whole(2, 3, 2, 3), make.whole(3), { stride: [2, 1], dilation: [1, 2] }),
    core.convTranspose3d(make.whole(1, 2, 2, 3, 2), make.whole(2, 1, 2, 2, 2), null, { stride: 2 }),
  ]),
  "pools of one and three dimensions, with gradients": rounded(["float32", "float64"], (make) =>
    withGradients(make, [make.whole(2, 3, 9)], ([x]) => [
      core.maxPool1d(x!, 3, { stride: 2, padding: 1, dilation: 2 }),
      core.avgPool1d(x!, 3, { stride: 2, padding: 1, ceilMode: true, countIncludePad: false }),
      core.maxPool3d(x!.view(1, 2, 3, 3, 3), 2, { stride: 1, padding: 1 }),
      core.avgPool3d(x!.view(1, 2, 3, 3, 3), [1, 2, 3], { stride: [1, 2, 1] }),
      core.avgPool2d(x!.view(2, 1, 3, 9), [2, 3]),
    ]),
  ),
  "adaptive and fractional pools, with gradients": rounded(["float32", "float64"], (make) =>
    withGradients(make, [make.whole(2, 5, 7)], ([x]) => [
      core.adaptiveAvgPool2d(x!, [3, 4]),
      core.adaptiveAvgPool1d(x!, 1),
      core.adaptiveMaxPool2d(x!, [3, 2]),
      core.fractionalMaxPool2d(x!, 2, { outputSize: [3, 4], generator: new core.Generator(1) }),
    ]),
  ),
  maxUnpool: exact(["float32", "int32"], (make) => {
    const { values, indices } = core.maxPool2dWithIndices(make.whole(2, 4, 6), 2);
    return core.maxUnpool2d(values, indices, 2);
  }),
  "unfold and fold": exact(["float32", "int32"], (make) => [
    core.unfold(make.whole(2, 2, 4, 5), [2, 3], { stride: [2, 1], padding: [1, 0] }),
    core.fold(make.whole(2, 12, 15), [4, 5], [2, 3], { stride: [2, 1], padding: 1 }),
    core.fold(make.whole(8, 6), [4, 5], 2, { dilation: 2 }),
  ]),
  "interpolate, with gradients": rounded(["float32", "float64", "float16"], (make) =>
    withGradients(make, [make.whole(1, 2, 5, 6)], ([x]) => [
      core.interpolate(x!, { scaleFactor: 2 }),
      core.interpolate(x!, { size: [3, 8], mode: "bilinear" }),
      core.interpolate(x!, { size: [7, 4], mode: "bicubic", alignCorners: true }),
      core.interpolate(x!, { scaleFactor: 0.4, mode: "bilinear", antialias: true }),
      core.interpolate(x!.view(1, 2, 5, 2, 3), { size: [3, 3, 5], mode: "trilinear" }),
    ]),
  ),
  "normalisations, with gradients": rounded(["float32", "float64"], (make) =>
    withGradients(make, [make.uneven(3, 4, 5), make.uneven(4), make.uneven(4), make.uneven(5)], ([x, w, b, v]) => [
      core.batchNorm(x!, { weight: w!, bias: b!, training: true }),
      core.groupNorm(x!, 2, { weight: w!, bias: b! }),
      core.instanceNorm(x!, { weight: w!, bias: b! }),
      core.layerNorm(x!, [5], { weight: v! }),
      core.rmsNorm(x!, [5], { weight: v! }),
    ]),
  ),
  "crossEntropy, with gradients": rounded(["float32", "float64"], (make) => {
    const [target, weight] = [make.index(4, 5, 2), make.probability(4)];
    return withGradients(make, [make.uneven(5, 4, 2)], ([x]) => [
      core.crossEntropy(x!, target, { weight, ignoreIndex: 1 }),
      core.crossEntropy(x!, target, { reduction: "none" }),
      core.crossEntropy(x!.transpose(0, 2).select(0, 1).t(), target.select(1, 0), { reduction: "sum" }),
    ]);
  }),
  "attention, grids, bags": rounded(["float32", "float64"], (make) => [
    core.scaledDotProductAttention(make.uneven(2, 3, 4), make.uneven(2, 5, 4), make.uneven(2, 5, 2), { isCausal: true }),
    core.gridSample(make.whole(1, 2, 3, 4), make.probability(1, 2, 2, 2), { paddingMode: "reflection" }),
    core.embeddingBag(make.index(4, 6), make.whole(4, 3), { offsets: make.index(1, 2).add(tensor([0, 2], { dtype: "int64", device: make.device })), mode: "max" }),
    core.oneHot(make.index(4, 3, 2), 4),
  ]),

  gather: exact(most, (make) => [make.whole(4, 5).gather(0, make.index(4, 2, 5)), make.whole(4, 5).t().gather(1, make.index(4, 5, 3)), make.whole(4).gather(0, make.index(4, 9)), make.whole(3, 4, 2).gather(1, make.index(4, 3, 2, 2))]),
  indexSelect: exact(most, (make) => [make.whole(4, 5).indexSelect(0, make.index(4, 7)), make.whole(4, 5).t().indexSelect(1, make.index(4, 3)), make.whole(4, 5).indexSelect(1, make.index(5, 0))]),
  "scatterAdd and indexAdd": exact(numbers, (make) => [
    make.whole(4, 3).scatterAdd(0, make.index(4, 6, 3), make.whole(6, 3)),
    make.whole(3, 4).t().scatterAdd(1, make.index(3, 2, 3), make.whole(3, 3).t()),
    make.whole(4, 3).indexAdd(0, make.index(4, 6), make.whole(6, 3)),
  ]),
  "scatterAdd in source order": exact(["float32"], (make) => make.uneven(3).scatterAdd(0, make.index(3, 200), make.uneven(200))),
  scatter: exact(most, (make) => [make.whole(4, 3).scatter(0, make.index(4, 6, 3), make.whole(6, 3)), make.whole(3, 4).scatter(1, make.index(4, 2, 2), make.whole(3, 4))]),
  embedding: exact(["float32", "float16"], (make) => core.embedding(make.index(6, 2, 3), make.whole(6, 4))),

  "cat, stack, split": exact(most, (make) => [
    core.cat([make.whole(2, 3), make.whole(1, 3), make.whole(4, 3)]),
    core.cat([make.whole(2, 3), make.whole(2, 0), make.whole(1, 2).t().expand(2, 2)], 1),
    core.stack([make.whole(2, 3), make.whole(3, 2).t()], 1),
    ...make.whole(7, 2).split(3).map((part) => part.clone()),
    ...make.whole(2, 5).chunk(2, 1).map((part) => part.clone()),
    ...make.whole(3, 2).unbind(1).map((part) => part.clone()),
  ]),
  pad: exact(most, (make) => [core.pad(make.whole(2, 3), [1, 2]), core.pad(make.whole(2, 3), [0, 1, 2, 0], { value: 1 }), core.pad(make.whole(4, 5), [-1, 1, 1, -2])]),
  "where and maskedFill": exact(most, (make) => [core.where(make.mask(3, 4), make.whole(3, 4), make.whole(4)), make.whole(3, 4).maskedFill(make.mask(3, 1), 1), core.where(make.mask(3), make.whole(3), 1)]),
  "views, copied": exact(most, (make) => [
    make.whole(4, 6).view(3, 8).t().clone(),
    make.whole(4, 6).t().reshape(-1),
    make.whole(2, 3, 4).permute(2, 0, 1).contiguous(),
    make.whole(4, 1).expand(2, 4, 3).clone(),
    make.whole(4, 6).slice(1, 1, null, 3).select(0, 2).clone(),
    make.whole(20).asStrided([3, 4], [2, 3], 1).clone(),
    make.whole(2, 1, 3).squeeze(1).unsqueeze(0).flatten().clone(),
  ]),
  "filling and counting": exact(most, (make) => [
    core.full([3, 2], 3, { dtype: make.dtype, device: make.device }),
    core.zeros([2], { dtype: make.dtype, device: make.device }),
    core.ones([0, 2], { dtype: make.dtype, device: make.device }),
    core.eye(3, 4, { dtype: make.dtype, device: make.device }),
    ...(make.dtype === "bool" ? [] : [core.arange(2, 11, 3, { dtype: make.dtype, device: make.device })]),
  ]),
  "copies between layouts": exact(most, (make) => {
    const x = make.whole(4, 6);
    x.t().narrow(0, 1, 3).copy_(make.whole(4));
    x.select(0, 1).fill_(1);
    x.slice(1, 0, null, 2).zero_();
    x.set([3, 5], 2);
    return x;
  }),
  "in-place ops on overlapping views": exact(["float32", "int32"], (make) => {
    const x = make.whole(8);
    x.narrow(0, 1, 7).add_(x.narrow(0, 0, 7));
    x.narrow(0, 0, 4).copy_(x.slice(0, 1, null, 2));
    x.add_(x);
    x.mul_(x.select(0, 2));
    return x;
  }),
  "one storage twice in a call": exact(["float32", "int32"], (make) => {
    const x = make.whole(3, 3);
    return [x.add(x), x.mul(x.t()), core.where(x.gt(0), x, x.t()), core.cat([x, x.t()]), x.sub(x.select(0, 0))];
  }),
  "losses": rounded(["float32", "float64"], (make) => [
    core.mseLoss(make.uneven(3, 4), make.uneven(3, 4)),
    core.l1Loss(make.uneven(3, 4), make.uneven(3, 4), { reduction: "sum" }),
    core.crossEntropy(make.uneven(5, 4), make.index(4, 5)),
    core.crossEntropy(make.uneven(5, 4, 2), make.index(4, 5, 2), { reduction: "none", ignoreIndex: 2, labelSmoothing: 0.1 }),
    core.nllLoss(make.uneven(5, 4), make.index(4, 5), { weight: make.probability(4) }),
    core.binaryCrossEntropy(make.probability(6), make.probability(6)),
    core.binaryCrossEntropyWithLogits(make.uneven(6), make.probability(6), { posWeight: make.probability(6) }),
  ]),
};

/** Every op of tensor-core that is not elementwise, on every kind of layout, as on the interpreter. */
export function opsSuite(subject: Subject): void {
  const margins = (exactness: OpCase["exactness"]): Margin => {
    const { ulps = 0, flushesSubnormals = false, fusesMultiplyAdd, splitsProducts = false } = subject.tolerance;
    if (exactness === "exact" || (ulps === 0 && fusesMultiplyAdd === undefined)) return { flushesSubnormals };
    return { ulps: 64 + 16 * ulps, absolute: splitsProducts ? 1024 : 64, flushesSubnormals };
  };

  for (const [name, { dtypes: types, exactness, run }] of Object.entries(cases)) {
    for (const dtype of types) {
      subject.test(`${name}, ${dtype}`, [dtype], async () => {
        const resultsOn = (device: Backend): readonly Tensor[] => {
          const results = run(new Maker(device, dtype));
          return results instanceof core.Tensor ? [results] : results;
        };
        const [results, expected] = [resultsOn(subject.device), resultsOn(subject.oracle)];
        expect(results.map(({ shape, dtype: type }) => ({ shape, type }))).toEqual(expected.map(({ shape, dtype: type }) => ({ shape, type })));
        for (const [i, result] of results.entries()) {
          const [actual, right] = [Array.from<number | bigint>(await result.read()), Array.from<number | bigint>(await expected[i]!.read())];
          expectElements(`${name}, result ${i} of shape [${result.shape.join(", ")}]`, result.dtype, actual, [right], margins(exactness));
        }
      });
    }
  }

  for (const from of dtypes) {
    subject.test(`to() from ${from}`, [from], async () => {
      for (const to of dtypes) {
        if (!subject.supports(to)) continue;
        const values = [0, 1, 2, 3, 100, ...(from === "uint8" || from === "bool" ? [] : [-1, -2, -100]), ...(dtypeInfo[from].kind === "float" ? [0.5, -1.5, 2.75] : [])];
        // Negative floats have no unsigned counterpart that is defined.
        const defined = to === "uint8" ? values.filter((value) => value >= 0) : values;
        const convert = (device: Backend): Tensor => tensor([...defined], { dtype: from, device }).to(to);
        const [actual, right] = [await convert(subject.device).read(), await convert(subject.oracle).read()];
        expectElements(`${from} to ${to}`, to, Array.from<number | bigint>(actual), [Array.from<number | bigint>(right)]);
      }
    });
  }

  const outOfRange: Record<string, (make: Maker) => Tensor> = {
    gather: (make) => make.whole(3).gather(0, make.of([0, 3]).to("int64")),
    indexSelect: (make) => make.whole(3, 2).indexSelect(0, make.of([-1]).to("int64")),
    scatterAdd: (make) => make.whole(3).scatterAdd(0, make.of([1, 5]).to("int64"), make.whole(2)),
    embedding: (make) => core.embedding(make.of([7]).to("int64"), make.whole(7, 2)),
    crossEntropy: (make) => core.crossEntropy(make.uneven(2, 3), make.of([0, 3]).to("int64")),
  };
  for (const [name, run] of Object.entries(outOfRange)) {
    subject.test(`${name} of an index out of range is an error, and the device goes on`, ["float32", "int64"], async () => {
      const attempt = async (): Promise<unknown> => run(new Maker(subject.device, "float32")).read();
      await expect(attempt()).rejects.toThrow(GuardError);
      expect(await tensor([1, 2], { device: subject.device }).add(1).toArray()).toEqual([2, 3]);
    });
  }
}
