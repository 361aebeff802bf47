import type { DType } from "@gradus/kernel-ir";
import { asLeaf, copyFrom, update } from "@gradus/autograd";
import type { UpdateRule } from "@gradus/autograd";
import { applyRule } from "./update.js";
import { overwrite } from "./autograd/in-place.js";
import * as create from "./create.js";
import type { DeviceLike } from "./device.js";
import { ShapeError } from "./errors.js";
import type { Operand } from "./kernels/elementwise.js";
import { methodsOf } from "./kernels/elementwise-function.js";
import type { FunctionNames } from "./kernels/elementwise-function.js";
import * as copy from "./ops/copy.js";
import * as elementwise from "./ops/elementwise.js";
import {
  abs, add, addcdiv, addcmul, ceil, clamp, clampMax, clampMin, clone, cos, div, eq, erf, exp, fill, floatPower, floor, floorDivide, fmax, fmin, fmod,
  ge, gelu, gt, heaviside, isnan, le, leakyRelu, lerp, log, logicalAnd, logicalNot, logicalOr, logicalXor, lt, maximum, minimum, mul, ne, neg, pow,
  reciprocal, relu, remainder, round, rsqrt, sgn, sigmoid, sign, silu, sin, softplus, sqrt, square, sub, tanh, trunc,
} from "./ops/elementwise.js";
import {
  erfc, exp2, expm1, log10, log1p, log2, logaddexp, logaddexp2, logit, xlogy,
} from "./ops/elementwise/exponential.js";
import {
  bitwiseAnd, bitwiseLeftShift, bitwiseNot, bitwiseOr, bitwiseRightShift, bitwiseXor, gcd, lcm,
} from "./ops/elementwise/integer.js";
import {
  copysign, frac, isfinite, isinf, isneginf, isposinf, isreal, ldexp, nanToNum, nextafter, signbit,
} from "./ops/elementwise/representation.js";
import {
  acos, acosh, angle, asin, asinh, atan, atan2, atanh, cosh, deg2rad, hypot, rad2deg, sinc, sinh, tan,
} from "./ops/elementwise/trigonometry.js";
import * as index from "./ops/index-ops.js";
import type { ScatterReduction } from "./ops/index-ops.js";
import * as indexing from "./ops/indexing.js";
import type { Index } from "./ops/indexing.js";
import * as join from "./ops/join.js";
import { matmul } from "./ops/matmul.js";
import * as products from "./ops/products.js";
import type { ScaledSumOptions } from "./ops/products.js";
import * as difference from "./ops/difference.js";
import * as histogram from "./ops/histogram.js";
import * as norms from "./ops/norm.js";
import * as quantiles from "./ops/quantile.js";
import * as random from "./ops/random.js";
import * as reduce from "./ops/reduce.js";
import type { CountNonzeroOptions, SumOptions, ValuesAndIndices, VarOptions } from "./ops/reduce.js";
import * as rearrange from "./ops/rearrange.js";
import * as scan from "./ops/scan.js";
import * as soft from "./ops/softmax.js";
import * as sorting from "./ops/sort.js";
import * as view from "./ops/view.js";
import type { DimOptions, ReduceOptions, TensorOptions } from "./options.js";
import { describeTensor, formatTensor } from "./print.js";
import type { Generator } from "./random/generator.js";
import type { Shape } from "./shape.js";
import { sameShape, showShape } from "./shape.js";
import { Tensor } from "./tensor.js";
import type { NestedArray } from "./types.js";

/** Sizes as one array or as arguments. */
type Sizes = readonly number[] | readonly [readonly number[]];
const sizesOf = (sizes: Sizes): readonly number[] => (Array.isArray(sizes[0]) ? (sizes[0] as readonly number[]) : (sizes as readonly number[]));

/** The elementwise functions, whose methods follow from them: all of them, or this does not compile. */
const elementwiseFunctions = {
  abs, acos, acosh, add, addcdiv, addcmul, angle, asin, asinh, atan, atan2, atanh, bitwiseAnd, bitwiseLeftShift, bitwiseNot, bitwiseOr,
  bitwiseRightShift, bitwiseXor, ceil, clamp, clampMax, clampMin, clone, copysign, cos, cosh, deg2rad, div, eq, erf, erfc, exp, exp2, expm1, fill,
  floatPower, floor, floorDivide, fmax, fmin, fmod, frac, gcd, ge, gelu, gt, heaviside, hypot, isfinite, isinf, isnan, isneginf, isposinf, isreal,
  lcm, ldexp, le, leakyRelu, lerp, log, log10, log1p, log2, logaddexp, logaddexp2, logicalAnd, logicalNot, logicalOr, logicalXor, logit, lt, maximum,
  minimum, mul, nanToNum, ne, neg, nextafter, pow, rad2deg, reciprocal, relu, remainder, round, rsqrt, sgn, sigmoid, sign, signbit, silu, sin, sinc,
  sinh, softplus, sqrt, square, sub, tan, tanh, trunc, xlogy,
} satisfies Readonly<Record<FunctionNames<typeof elementwise>, unknown>>;
const ElementwiseMethods = methodsOf(elementwiseFunctions);

/**
 * The ops as methods: each is the function of the same name with the tensor as first argument, and is documented there.
 * Names that end in `_` write over the tensor and return it.
 */
abstract class TensorMethods extends ElementwiseMethods {
  // Elementwise, beside those that follow from their functions
  where(this: Tensor, condition: Tensor, other: Operand): Tensor { return elementwise.where(condition, this, other); }
  maskedFill(this: Tensor, mask: Tensor, value: Operand): Tensor { return elementwise.maskedFill(this, mask, value); }

  // In place
  positive(this: Tensor): Tensor { return elementwise.positive(this); }
  conj(this: Tensor): Tensor { return elementwise.conj(this); }
  conjPhysical(this: Tensor): Tensor { return elementwise.conjPhysical(this); }
  conjPhysical_(this: Tensor): Tensor { return elementwise.conjPhysical(this); }
  resolveConj(this: Tensor): Tensor { return elementwise.resolveConj(this); }
  resolveNeg(this: Tensor): Tensor { return elementwise.resolveNeg(this); }
  allclose(this: Tensor, other: Tensor, options?: elementwise.ClosenessOptions): boolean { return elementwise.allclose(this, other, options); }
  isclose(this: Tensor, other: Tensor, options?: elementwise.ClosenessOptions): Tensor { return elementwise.isclose(this, other, options); }
  equal(this: Tensor, other: Tensor): boolean { return elementwise.equal(this, other); }
  /** Writes the elements of `source`, broadcast and converted. @see torch.Tensor.copy_ */
  copy_(this: Tensor, source: Operand): Tensor { return copy.copyInto(this, source); }
  zero_(this: Tensor): Tensor { return elementwise.fill.inPlace(this, 0); }
  uniform_(this: Tensor, from?: number, to?: number, generator?: Generator): Tensor { return random.uniform_(this, from, to, generator); }
  normal_(this: Tensor, mean?: number, std?: number, generator?: Generator): Tensor { return random.normal_(this, mean, std, generator); }
  bernoulli_(this: Tensor, p?: number, generator?: Generator): Tensor { return random.bernoulli_(this, p, generator); }
  exponential_(this: Tensor, lambda?: number, generator?: Generator): Tensor { return random.exponential_(this, lambda, generator); }
  geometric_(this: Tensor, p: number, generator?: Generator): Tensor { return random.geometric_(this, p, generator); }
  cauchy_(this: Tensor, median?: number, sigma?: number, generator?: Generator): Tensor { return random.cauchy_(this, median, sigma, generator); }
  logNormal_(this: Tensor, mean?: number, std?: number, generator?: Generator): Tensor { return random.logNormal_(this, mean, std, generator); }
  random_(this: Tensor, from?: number, to?: number, generator?: Generator): Tensor { return random.random_(this, from, to, generator); }
  multinomial(this: Tensor, count: number, options?: random.MultinomialOptions): Tensor { return random.multinomial(this, count, options); }

  /**
   * Writes `value` where an index says: a list of what `get` takes, or a single one of them. Values broadcast.
   *
   * @example
   * const x = zeros([2, 2]);
   * x.set([0, 1], 5);
   * x.toArraySync(); // [[0, 5], [0, 0]]
   */
  set(this: Tensor, at: Index | readonly Index[], value: Operand | NestedArray): Tensor {
    const items = Array.isArray(at) ? (at as readonly Index[]) : [at];
    const values = Array.isArray(value) ? create.tensor(value as NestedArray, { device: this.device, dtype: this.dtype }) : (value as Operand);
    return indexing.setItem(this, items, values);
  }

  /**
   * The elements that an index names: positions, slices `"1:3"`, `"..."`, null, masks and index tensors, one argument each.
   *
   * @see torch.Tensor.__getitem__
   * @example
   * tensor([[1, 2], [3, 4]]).get(":", 1).toArraySync(); // [2, 4]
   */
  get(this: Tensor, ...at: readonly Index[]): Tensor { return indexing.getItem(this, at); }

  // Reductions
  sum(this: Tensor, options?: SumOptions): Tensor { return reduce.sum(this, options); }
  mean(this: Tensor, options?: SumOptions): Tensor { return reduce.mean(this, options); }
  prod(this: Tensor, options?: SumOptions): Tensor { return reduce.prod(this, options); }
  max(this: Tensor): Tensor;
  max(this: Tensor, options: DimOptions & { readonly dim: number }): ValuesAndIndices;
  max(this: Tensor, options?: DimOptions & { readonly dim: number }): Tensor | ValuesAndIndices { return options === undefined ? reduce.max(this) : reduce.max(this, options); }
  min(this: Tensor): Tensor;
  min(this: Tensor, options: DimOptions & { readonly dim: number }): ValuesAndIndices;
  min(this: Tensor, options?: DimOptions & { readonly dim: number }): Tensor | ValuesAndIndices { return options === undefined ? reduce.min(this) : reduce.min(this, options); }
  amax(this: Tensor, options?: ReduceOptions): Tensor { return reduce.amax(this, options); }
  amin(this: Tensor, options?: ReduceOptions): Tensor { return reduce.amin(this, options); }
  aminmax(this: Tensor, options?: DimOptions): { readonly min: Tensor; readonly max: Tensor } { return reduce.aminmax(this, options); }
  nansum(this: Tensor, options?: SumOptions): Tensor { return reduce.nansum(this, options); }
  nanmean(this: Tensor, options?: SumOptions): Tensor { return reduce.nanmean(this, options); }
  countNonzero(this: Tensor, options?: CountNonzeroOptions): Tensor { return reduce.countNonzero(this, options); }
  sumToSize(this: Tensor, ...shape: Sizes): Tensor { return reduce.sumToSize(this, sizesOf(shape)); }
  norm(this: Tensor, options?: norms.NormOptions): Tensor { return norms.norm(this, options); }
  dist(this: Tensor, other: Tensor, p?: number): Tensor { return norms.dist(this, other, p); }
  quantile(this: Tensor, q: number | Tensor, options?: quantiles.QuantileOptions): Tensor { return quantiles.quantile(this, q, options); }
  nanquantile(this: Tensor, q: number | Tensor, options?: quantiles.QuantileOptions): Tensor { return quantiles.nanquantile(this, q, options); }
  nanmedian(this: Tensor): Tensor;
  nanmedian(this: Tensor, options: DimOptions & { readonly dim: number }): ValuesAndIndices;
  nanmedian(this: Tensor, options?: DimOptions & { readonly dim: number }): Tensor | ValuesAndIndices { return options === undefined ? quantiles.nanmedian(this) : quantiles.nanmedian(this, options); }
  mode(this: Tensor, options?: DimOptions): ValuesAndIndices { return sorting.mode(this, options); }
  bincount(this: Tensor, options?: histogram.BincountOptions): Tensor { return histogram.bincount(this, options); }
  histc(this: Tensor, options?: histogram.HistcOptions): Tensor { return histogram.histc(this, options); }
  diff(this: Tensor, options?: difference.DiffOptions): Tensor { return difference.diff(this, options); }
  argmax(this: Tensor, options?: DimOptions): Tensor { return reduce.argmax(this, options); }
  argmin(this: Tensor, options?: DimOptions): Tensor { return reduce.argmin(this, options); }
  any(this: Tensor, options?: ReduceOptions): Tensor { return reduce.any(this, options); }
  all(this: Tensor, options?: ReduceOptions): Tensor { return reduce.all(this, options); }
  var(this: Tensor, options?: VarOptions): Tensor { return reduce.variance(this, options); }
  std(this: Tensor, options?: VarOptions): Tensor { return reduce.std(this, options); }
  softmax(this: Tensor, dim: number, options?: soft.SoftmaxOptions): Tensor { return soft.softmax(this, dim, options); }
  logSoftmax(this: Tensor, dim: number, options?: soft.SoftmaxOptions): Tensor { return soft.logSoftmax(this, dim, options); }
  logsumexp(this: Tensor, options: { readonly dim: number | readonly number[]; readonly keepdim?: boolean }): Tensor { return soft.logsumexp(this, options); }

  // Along a dimension
  cumsum(this: Tensor, dim: number, options?: scan.CumulativeOptions): Tensor { return scan.cumsum(this, dim, options); }
  cumprod(this: Tensor, dim: number, options?: scan.CumulativeOptions): Tensor { return scan.cumprod(this, dim, options); }
  logcumsumexp(this: Tensor, dim: number): Tensor { return scan.logcumsumexp(this, dim); }
  cummax(this: Tensor, dim: number): ValuesAndIndices { return scan.cummax(this, dim); }
  cummin(this: Tensor, dim: number): ValuesAndIndices { return scan.cummin(this, dim); }
  sort(this: Tensor, options?: sorting.SortOptions): ValuesAndIndices { return sorting.sort(this, options); }
  argsort(this: Tensor, options?: sorting.SortOptions): Tensor { return sorting.argsort(this, options); }
  topk(this: Tensor, k: number, options?: sorting.TopkOptions): ValuesAndIndices { return sorting.topk(this, k, options); }
  kthvalue(this: Tensor, k: number, options?: DimOptions): ValuesAndIndices { return sorting.kthvalue(this, k, options); }
  median(this: Tensor): Tensor;
  median(this: Tensor, options: DimOptions & { readonly dim: number }): ValuesAndIndices;
  median(this: Tensor, options?: DimOptions & { readonly dim: number }): Tensor | ValuesAndIndices { return options === undefined ? sorting.median(this) : sorting.median(this, options); }

  // Products
  matmul(this: Tensor, other: Tensor): Tensor { return matmul(this, other); }
  mm(this: Tensor, other: Tensor): Tensor { return products.mm(this, other); }
  bmm(this: Tensor, other: Tensor): Tensor { return products.bmm(this, other); }
  mv(this: Tensor, vector: Tensor): Tensor { return products.mv(this, vector); }
  dot(this: Tensor, other: Tensor): Tensor { return products.dot(this, other); }
  outer(this: Tensor, other: Tensor): Tensor { return products.outer(this, other); }
  inner(this: Tensor, other: Tensor): Tensor { return products.inner(this, other); }
  addmm(this: Tensor, a: Tensor, b: Tensor, options?: ScaledSumOptions): Tensor { return products.addmm(this, a, b, options); }
  addmm_(this: Tensor, a: Tensor, b: Tensor, options?: ScaledSumOptions): Tensor { return overwrite("addmm_", this, [], () => products.addmm(this, a, b, options)); }
  addmv(this: Tensor, matrix: Tensor, vector: Tensor, options?: ScaledSumOptions): Tensor { return products.addmv(this, matrix, vector, options); }
  addmv_(this: Tensor, matrix: Tensor, vector: Tensor, options?: ScaledSumOptions): Tensor { return overwrite("addmv_", this, [], () => products.addmv(this, matrix, vector, options)); }
  addr(this: Tensor, a: Tensor, b: Tensor, options?: ScaledSumOptions): Tensor { return products.addr(this, a, b, options); }
  addr_(this: Tensor, a: Tensor, b: Tensor, options?: ScaledSumOptions): Tensor { return overwrite("addr_", this, [], () => products.addr(this, a, b, options)); }
  addbmm(this: Tensor, a: Tensor, b: Tensor, options?: ScaledSumOptions): Tensor { return products.addbmm(this, a, b, options); }
  addbmm_(this: Tensor, a: Tensor, b: Tensor, options?: ScaledSumOptions): Tensor { return overwrite("addbmm_", this, [], () => products.addbmm(this, a, b, options)); }
  baddbmm(this: Tensor, a: Tensor, b: Tensor, options?: ScaledSumOptions): Tensor { return products.baddbmm(this, a, b, options); }
  baddbmm_(this: Tensor, a: Tensor, b: Tensor, options?: ScaledSumOptions): Tensor { return overwrite("baddbmm_", this, [], () => products.baddbmm(this, a, b, options)); }

  // Shape
  view(this: Tensor, ...shape: Sizes): Tensor { return view.view(this, sizesOf(shape)); }
  reshape(this: Tensor, ...shape: Sizes): Tensor { return view.reshape(this, sizesOf(shape)); }
  permute(this: Tensor, ...order: Sizes): Tensor { return view.permute(this, sizesOf(order)); }
  transpose(this: Tensor, dim0: number, dim1: number): Tensor { return view.transpose(this, dim0, dim1); }
  t(this: Tensor): Tensor { return view.t(this); }
  /** The dimensions in reverse order. @see torch.Tensor.T */
  get T(): Tensor {
    const x = this as unknown as Tensor;
    return view.permute(x, x.shape.map((_, d) => x.ndim - 1 - d));
  }
  /** The last two dimensions exchanged. @see torch.Tensor.mT */
  get mT(): Tensor { return view.matrixTranspose("mT", this as unknown as Tensor); }
  /** The transpose of a matrix; of real numbers the same as `t()`. @see torch.Tensor.H */
  get H(): Tensor { return view.hermitian(this as unknown as Tensor); }
  /** The last two dimensions exchanged; of real numbers the same as `mT`. @see torch.Tensor.mH */
  get mH(): Tensor { return view.matrixTranspose("mH", this as unknown as Tensor); }
  adjoint(this: Tensor): Tensor { return view.matrixTranspose("adjoint", this); }
  /** `view` under the shape of another tensor. @see torch.Tensor.view_as */
  viewAs(this: Tensor, other: Tensor): Tensor { return view.view(this, other.shape, "viewAs"); }
  /** `reshape` to the shape of another tensor. @see torch.Tensor.reshape_as */
  reshapeAs(this: Tensor, other: Tensor): Tensor { return view.reshape(this, other.shape, "reshapeAs"); }
  /** `expand` to the shape of another tensor. @see torch.Tensor.expand_as */
  expandAs(this: Tensor, other: Tensor): Tensor { return view.expand(this, other.shape, "expandAs"); }
  broadcastTo(this: Tensor, shape: Shape): Tensor { return view.broadcastTo(this, shape); }
  unfold(this: Tensor, dim: number, size: number, step: number): Tensor { return view.windows(this, dim, size, step); }
  expand(this: Tensor, ...shape: Sizes): Tensor { return view.expand(this, sizesOf(shape)); }
  squeeze(this: Tensor, dim?: number | readonly number[]): Tensor { return view.squeeze(this, dim); }
  unsqueeze(this: Tensor, dim: number): Tensor { return view.unsqueeze(this, dim); }
  // These change the tensor's own shape, as in PyTorch.
  squeeze_(this: Tensor, dim?: number | readonly number[]): Tensor { return view.becomeView("squeeze_", this, view.squeeze(this, dim)); }
  unsqueeze_(this: Tensor, dim: number): Tensor { return view.becomeView("unsqueeze_", this, view.unsqueeze(this, dim)); }
  t_(this: Tensor): Tensor { return view.becomeView("t_", this, view.t(this)); }
  transpose_(this: Tensor, dim0: number, dim1: number): Tensor { return view.becomeView("transpose_", this, view.transpose(this, dim0, dim1)); }
  flatten(this: Tensor, startDim?: number, endDim?: number): Tensor { return view.flatten(this, startDim, endDim); }
  ravel(this: Tensor): Tensor { return view.ravel(this); }
  select(this: Tensor, dim: number, at: number): Tensor { return view.select(this, dim, at); }
  narrow(this: Tensor, dim: number, start: number, length: number): Tensor { return view.narrow(this, dim, start, length); }
  slice(this: Tensor, dim: number, start?: number | null, end?: number | null, step?: number): Tensor { return view.slice(this, dim, start, end, step); }
  asStrided(this: Tensor, shape: Shape, strides: Shape, storageOffset?: number): Tensor { return view.asStrided(this, shape, strides, storageOffset); }
  contiguous(this: Tensor): Tensor { return view.contiguous(this); }
  split(this: Tensor, size: number | readonly number[], dim?: number): Tensor[] { return join.split(this, size, dim); }
  tensorSplit(this: Tensor, at: number | readonly number[] | Tensor, dim?: number): Tensor[] { return join.tensorSplit(this, at, dim); }
  chunk(this: Tensor, chunks: number, dim?: number): Tensor[] { return join.chunk(this, chunks, dim); }
  unbind(this: Tensor, dim?: number): Tensor[] { return join.unbind(this, dim); }
  unflatten(this: Tensor, dim: number, sizes: Shape): Tensor { return rearrange.unflatten(this, dim, sizes); }
  movedim(this: Tensor, source: number | readonly number[], destination: number | readonly number[]): Tensor { return rearrange.movedim(this, source, destination); }
  diagonal(this: Tensor, options?: rearrange.DiagonalOptions): Tensor { return rearrange.diagonal(this, options); }
  diagEmbed(this: Tensor, options?: rearrange.DiagonalOptions): Tensor { return rearrange.diagEmbed(this, options); }
  diag(this: Tensor, diagonal?: number): Tensor { return rearrange.diag(this, diagonal); }
  trace(this: Tensor): Tensor { return rearrange.trace(this); }
  tril(this: Tensor, diagonal?: number): Tensor { return rearrange.tril(this, diagonal); }
  triu(this: Tensor, diagonal?: number): Tensor { return rearrange.triu(this, diagonal); }
  flip(this: Tensor, ...dims: Sizes): Tensor { return rearrange.flip(this, sizesOf(dims)); }
  flipud(this: Tensor): Tensor { return rearrange.flipud(this); }
  fliplr(this: Tensor): Tensor { return rearrange.fliplr(this); }
  roll(this: Tensor, shifts: number | readonly number[], dims?: number | readonly number[]): Tensor { return rearrange.roll(this, shifts, dims); }
  rot90(this: Tensor, k?: number, dims?: readonly [number, number]): Tensor { return rearrange.rot90(this, k, dims); }
  repeat(this: Tensor, ...repeats: Sizes): Tensor { return rearrange.repeat(this, sizesOf(repeats)); }
  tile(this: Tensor, ...repeats: Sizes): Tensor { return rearrange.tile(this, sizesOf(repeats)); }
  repeatInterleave(this: Tensor, repeats: number | Tensor, options?: rearrange.RepeatInterleaveOptions): Tensor { return rearrange.repeatInterleave(this, repeats, options); }

  // Indexing
  nonzero(this: Tensor): Tensor;
  nonzero(this: Tensor, options: indexing.NonzeroOptions & { readonly asTuple: true }): Tensor[];
  nonzero(this: Tensor, options?: indexing.NonzeroOptions): Tensor | Tensor[] { return indexing.nonzero(this, options); }
  maskedSelect(this: Tensor, mask: Tensor): Tensor { return indexing.maskedSelect(this, mask); }
  take(this: Tensor, indices: Tensor): Tensor { return indexing.take(this, indices); }
  takeAlongDim(this: Tensor, indices: Tensor, dim?: number): Tensor { return indexing.takeAlongDim(this, indices, dim); }
  indexPut(this: Tensor, indices: readonly (Tensor | null)[], values: Tensor, options?: indexing.IndexPutOptions): Tensor { return indexing.indexPut(this, indices, values, options); }
  indexPut_(this: Tensor, indices: readonly (Tensor | null)[], values: Tensor, options?: indexing.IndexPutOptions): Tensor { return indexing.indexPut_(this, indices, values, options); }
  gather(this: Tensor, dim: number, indices: Tensor): Tensor { return index.gather(this, dim, indices); }
  indexSelect(this: Tensor, dim: number, indices: Tensor): Tensor { return index.indexSelect(this, dim, indices); }
  indexAdd(this: Tensor, dim: number, indices: Tensor, source: Tensor, options?: index.IndexAddOptions): Tensor { return index.indexAdd(this, dim, indices, source, options); }
  indexAdd_(this: Tensor, dim: number, indices: Tensor, source: Tensor, options?: index.IndexAddOptions): Tensor { return index.indexAdd_(this, dim, indices, source, options); }
  indexCopy(this: Tensor, dim: number, indices: Tensor, source: Tensor): Tensor { return index.indexCopy(this, dim, indices, source); }
  indexCopy_(this: Tensor, dim: number, indices: Tensor, source: Tensor): Tensor { return index.indexCopy_(this, dim, indices, source); }
  indexFill(this: Tensor, dim: number, indices: Tensor, value: Operand): Tensor { return index.indexFill(this, dim, indices, value); }
  indexFill_(this: Tensor, dim: number, indices: Tensor, value: Operand): Tensor { return index.indexFill_(this, dim, indices, value); }
  indexReduce(this: Tensor, dim: number, indices: Tensor, source: Tensor, reduce: Exclude<ScatterReduction, "sum">, options?: index.ScatterReduceOptions): Tensor { return index.indexReduce(this, dim, indices, source, reduce, options); }
  indexReduce_(this: Tensor, dim: number, indices: Tensor, source: Tensor, reduce: Exclude<ScatterReduction, "sum">, options?: index.ScatterReduceOptions): Tensor { return index.indexReduce_(this, dim, indices, source, reduce, options); }
  scatter(this: Tensor, dim: number, indices: Tensor, values: Operand, options?: index.ScatterOptions): Tensor { return index.scatter(this, dim, indices, values, options); }
  scatter_(this: Tensor, dim: number, indices: Tensor, values: Operand, options?: index.ScatterOptions): Tensor { return index.scatter_(this, dim, indices, values, options); }
  scatterAdd(this: Tensor, dim: number, indices: Tensor, source: Tensor): Tensor { return index.scatterAdd(this, dim, indices, source); }
  scatterAdd_(this: Tensor, dim: number, indices: Tensor, source: Tensor): Tensor { return index.scatterAdd_(this, dim, indices, source); }
  scatterReduce(this: Tensor, dim: number, indices: Tensor, source: Tensor, reduce: ScatterReduction, options?: index.ScatterReduceOptions): Tensor { return index.scatterReduce(this, dim, indices, source, reduce, options); }
  scatterReduce_(this: Tensor, dim: number, indices: Tensor, source: Tensor, reduce: ScatterReduction, options?: index.ScatterReduceOptions): Tensor { return index.scatterReduce_(this, dim, indices, source, reduce, options); }
  put(this: Tensor, indices: Tensor, source: Tensor, options?: indexing.IndexPutOptions): Tensor { return indexing.put(this, indices, source, options); }
  put_(this: Tensor, indices: Tensor, source: Tensor, options?: indexing.IndexPutOptions): Tensor { return indexing.put_(this, indices, source, options); }
  /** `maskedFill` into this tensor. @see torch.Tensor.masked_fill_ */
  maskedFill_(this: Tensor, mask: Tensor, value: Operand): Tensor { return overwrite("maskedFill_", this, [mask, value], () => elementwise.maskedFill(this, mask, value)); }
  maskedScatter(this: Tensor, mask: Tensor, source: Tensor): Tensor { return indexing.maskedScatter(this, mask, source); }
  maskedScatter_(this: Tensor, mask: Tensor, source: Tensor): Tensor { return indexing.maskedScatter_(this, mask, source); }
  fillDiagonal_(this: Tensor, value: number | bigint | boolean, options?: rearrange.FillDiagonalOptions): Tensor { return rearrange.fillDiagonal_(this, value, options); }
  tril_(this: Tensor, diagonal?: number): Tensor { return overwrite("tril_", this, [], () => rearrange.tril(this, diagonal)); }
  triu_(this: Tensor, diagonal?: number): Tensor { return overwrite("triu_", this, [], () => rearrange.triu(this, diagonal)); }

  // Type, device and kin
  /** As another element type, on another device, or as another tensor is in both; itself where it is so already. @see torch.Tensor.to */
  to<D extends DType>(this: Tensor, dtype: D, options?: { readonly copy?: boolean }): Tensor<D>;
  to(this: Tensor, target: DType | DeviceLike | Tensor, options?: copy.ToOptions): Tensor;
  to(this: Tensor, target: DType | DeviceLike | Tensor, options?: copy.ToOptions): Tensor { return copy.to(this, target, options); }
  float(this: Tensor): Tensor<"float32"> { return copy.toDType(this, "float32"); }
  double(this: Tensor): Tensor<"float64"> { return copy.toDType(this, "float64"); }
  half(this: Tensor): Tensor<"float16"> { return copy.toDType(this, "float16"); }
  bfloat16(this: Tensor): Tensor<"bfloat16"> { return copy.toDType(this, "bfloat16"); }
  long(this: Tensor): Tensor<"int64"> { return copy.toDType(this, "int64"); }
  int(this: Tensor): Tensor<"int32"> { return copy.toDType(this, "int32"); }
  short(this: Tensor): Tensor<"int16"> { return copy.toDType(this, "int16"); }
  char(this: Tensor): Tensor<"int8"> { return copy.toDType(this, "int8"); }
  byte(this: Tensor): Tensor<"uint8"> { return copy.toDType(this, "uint8"); }
  bool(this: Tensor): Tensor<"bool"> { return copy.toDType(this, "bool"); }
  /** Zeros of this element type on this device. @see torch.Tensor.new_zeros */
  newZeros(this: Tensor, shape: Shape, options?: TensorOptions): Tensor { return create.newZeros(this, shape, options); }
  /** Ones of this element type on this device. @see torch.Tensor.new_ones */
  newOnes(this: Tensor, shape: Shape, options?: TensorOptions): Tensor { return create.newOnes(this, shape, options); }
  /** `value` everywhere, of this element type on this device. @see torch.Tensor.new_full */
  newFull(this: Tensor, shape: Shape, value: number | bigint | boolean, options?: TensorOptions): Tensor { return create.newFull(this, shape, value, options); }
  /** Elements that were not written, of this element type on this device. @see torch.Tensor.new_empty */
  newEmpty(this: Tensor, shape: Shape, options?: TensorOptions): Tensor { return create.newEmpty(this, shape, options); }
  /** A tensor of this device from values. @see torch.Tensor.new_tensor */
  newTensor(this: Tensor, data: NestedArray | ArrayBufferView, options?: TensorOptions): Tensor { return create.newTensor(this, data, options); }
  /** 0 … count−1 on this device, int64. */
  newArange(this: Tensor, count: number): Tensor { return create.newArange(this, count); }

  // Text
  /** As PyTorch prints it, where the device can be read at once. */
  override toString(this: Tensor): string { return this.device.backend.readSync === undefined || this.elements.isDisposed ? describeTensor(this) : formatTensor(this, this.readSync()); }
  /** What `console.log` shows in Node. */
  [Symbol.for("nodejs.util.inspect.custom")](this: Tensor): string { return this.toString(); }

  // What modules and optimizers need of a leaf
  [asLeaf](this: Tensor): Tensor { return this.detach().requiresGrad_(); }
  [copyFrom](this: Tensor, source: Tensor): void {
    if (!sameShape(source.shape, this.shape)) throw new ShapeError(`copy: expected values of shape ${showShape(this.shape)}, got ${showShape(source.shape)}`);
    copy.copyInto(this.data, source.device === this.device ? source.detach() : copy.toDevice(source.detach(), this.device));
  }
  [update](this: Tensor, rule: UpdateRule, state: Record<string, Tensor>, hyperparameters: Readonly<Record<string, number>>): void {
    applyRule(rule, this, state, hyperparameters);
  }
}

declare global {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it fills the one of tensor.ts
  interface GradusTensorMethods extends TensorMethods {}
}

for (const prototype of [ElementwiseMethods, TensorMethods].map((each): object => each.prototype as object)) {
  for (const name of Reflect.ownKeys(prototype)) {
    if (name !== "constructor") Object.defineProperty(Tensor.prototype, name, Object.getOwnPropertyDescriptor(prototype, name)!);
  }
}
