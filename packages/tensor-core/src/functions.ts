/**
 * Everything about tensors as functions: `matmul(x, y)` for `x.matmul(y)`. Who imports only this ships only what is used, because here a `Tensor` has no
 * methods but its own.
 *
 * `tensor.ts` is where to begin. A tensor is a `Layout` over a `Storage`; `ops/` holds what can be done with it, one table
 * of mathematics first (`ops/elementwise.ts`); `kernels/` turns a formula into programs for a device; `autograd/` is
 * differentiation; `memory.ts` is how device memory is reclaimed.
 */
export { Tensor } from "./tensor.js";
export type { ArrayOf, DTypeOf, ItemOf } from "./tensor.js";
export type { Operand } from "./kernels/elementwise.js";
export type { NestedArray } from "./types.js";
export { decodeBytes, encodeValues } from "./typed-array.js";
export type { TypedArray, TypedArrays } from "./typed-array.js";
export type { DType, FloatDType, IntDType } from "@gradus/kernel-ir";
export { DeviceLostError, DeviceMemoryError, GuardError, UnsupportedError } from "@gradus/kernel-ir";

export { finfo, iinfo } from "./dtypes.js";
export type { FloatInfo, IntInfo } from "./dtypes.js";
export { arange, empty, emptyLike, eye, full, fullLike, linspace, logspace, ones, onesLike, tensor, zeros, zerosLike } from "./create.js";
export type { LogspaceOptions, TensorFromOptions } from "./create.js";
export { AnomalyError, ArgumentError, AutogradError, DeviceError, DisposedError, DTypeError, ShapeError } from "./errors.js";
export { Device, devices, getDefaultDevice, getNumThreads, setDefaultDevice, setNumThreads, withDefaultDevice } from "./device.js";
export type { DeviceLike } from "./device.js";
export { Layout } from "./layout.js";
export { Storage } from "./storage.js";
export type { MemoryStats } from "./memory.js";
export { canCast, promoteTypes, resultType } from "./promotion.js";
export type { Shape } from "./shape.js";
export { awaitReads, canReadAtOnce } from "./awaited-reads.js";
export { keep, openScope, scope } from "./scope.js";
export type { ScopeHandle } from "./scope.js";
export { memoryStats, reclaim } from "./memory-stats.js";
export { formatTensor, getPrintOptions, setPrintOptions } from "./print.js";
export type { PrintOptions } from "./print.js";

export { backward, grad } from "./autograd/backward.js";
export type { BackwardOptions, GradOptions, SweepOptions } from "./autograd/backward.js";
export { checkpoint, checkpointSequential } from "./autograd/checkpoint.js";
export { Function, FunctionContext } from "./autograd/function.js";
export type { FunctionDefinition, FunctionResult } from "./autograd/function.js";
export { hessian, hvp, jacobian, jvp, vhp, vjp } from "./autograd/functional.js";
export type { FunctionalOptions, JacobianOf, Tensors } from "./autograd/functional.js";
export { gradcheck, gradgradcheck } from "./autograd/gradcheck.js";
export type { GradcheckOptions, TensorFunction } from "./autograd/gradcheck.js";
export type { DimOptions, ReduceOptions, TensorOptions } from "./options.js";
export { enableGrad, inferenceMode, isGradEnabled, isInferenceModeEnabled, noGrad, setGradEnabled } from "./autograd/mode.js";
export { detectAnomaly, isAnomalyEnabled, setDetectAnomaly } from "./autograd/anomaly.js";
export type { AnomalyOptions } from "./autograd/anomaly.js";
export { fuse } from "./kernels/fuse.js";
export { ElementwiseOp } from "./kernels/elementwise-op.js";
export type { ElementwiseOptions, Formula } from "./kernels/elementwise-op.js";
export { formulas } from "./formulas.js";
// For packages that bring ops of their own, and for tests of all ops; users need none of them.
/** @internal */
export { Saved } from "./autograd/op-node.js";
/** @internal */
export { record } from "./ops/reduce.js";
/** @internal */
export { joinOptions, optionsOf } from "./options.js";
export type { Options } from "./options.js";
// Sets of options that functions and layers have in common; users need the types alone.
/** @internal */
export { GeluOptions, SoftplusOptions } from "./ops/elementwise.js";
/** @internal */
export { EluOptions, HardtanhOptions, ShrinkOptions } from "./ops/activation.js";
/** @internal */
export { EmbeddingOptions } from "./ops/embedding.js";
/** @internal */
export { AvgPool1dOptions, AvgPoolOptions, LpPoolOptions } from "./ops/pool.js";
/** @internal */
export { MaxPoolOptions } from "./ops/windows.js";
/** @internal */
export { FractionalMaxPoolOptions } from "./ops/adaptive-pool.js";
/** @internal */
export { CosineSimilarityOptions, PairwiseDistanceOptions } from "./ops/distance.js";
/** @internal */
export { CtcLossOptions } from "./ops/ctc-loss.js";
/** @internal */
export {
  BceWithLogitsOptions, CrossEntropyOptions, GaussianNllLossOptions, HuberLossOptions, KlDivOptions, LossOptions,
  MarginOptions, MultiMarginLossOptions, NllLossOptions, PoissonNllLossOptions, SmoothL1LossOptions, TripletMarginLossOptions, WeightedLossOptions,
} from "./ops/loss.js";
export type { Chosen, ElementwiseFunction } from "./kernels/elementwise-function.js";
export type { K as FormulaBuilder } from "./ops/formulas/notation.js";

export {
  abs, acos, acosh, add, addcdiv, addcmul, allclose, angle, asin, asinh, atan, atan2, atanh, bitwiseAnd, bitwiseLeftShift, bitwiseNot, bitwiseOr, bitwiseRightShift, bitwiseXor,
  ceil, clamp, clampMax, clampMin, clone, conj, conjPhysical, copysign, cos, cosh, deg2rad, div, eq, equal, erf, erfc, exp, exp2, expm1, fill, floatPower, floor,
  floorDivide, fmax, fmin, fmod, frac, gcd, ge, gelu, gt, heaviside, hypot, isclose, isfinite, isinf, isnan, isneginf, isposinf, isreal, lcm, ldexp, le, leakyRelu,
  lerp, log, log10, log1p, log2, logaddexp, logaddexp2, logicalAnd, logicalNot, logicalOr, logicalXor, logit, lt, maskedFill, maximum, minimum, mul, nanToNum, ne, neg, nextafter,
  positive, pow, rad2deg, reciprocal, relu, remainder, resolveConj, resolveNeg, round, rsqrt, sgn, sigmoid, sign, signbit, silu, sin, sinc, sinh, softplus,
  sqrt, square, sub, tan, tanh, trunc, where, xlogy,
} from "./ops/elementwise.js";
export type { AlphaOptions, ClampBounds, ClosenessOptions, DivOptions, LogitOptions, NanToNumOptions, RoundingMode, RoundOptions, ValueOptions } from "./ops/elementwise.js";
export {
  celu, elu, glu, gumbelSoftmax, hardshrink, hardsigmoid, hardswish, hardtanh, logsigmoid, mish, prelu, relu6, rrelu, selu, softmin, softshrink, softsign, tanhshrink, threshold,
} from "./ops/activation.js";
export type { GumbelSoftmaxOptions, RreluOptions } from "./ops/activation.js";
export { all, amax, amin, aminmax, any, argmax, argmin, countNonzero, max, mean, min, nanmean, nansum, prod, std, stdMean, sum, sumToSize, variance, varMean } from "./ops/reduce.js";
export type { CountNonzeroOptions, SumOptions, ValuesAndIndices, VarOptions } from "./ops/reduce.js";
export { dist, norm, renorm, vectorNorm } from "./ops/norm.js";
export type { NormOptions } from "./ops/norm.js";
export { nanmedian, nanquantile, quantile } from "./ops/quantile.js";
export type { QuantileOptions } from "./ops/quantile.js";
export { bincount, histc } from "./ops/histogram.js";
export type { BincountOptions, HistcOptions } from "./ops/histogram.js";
export { cumulativeTrapezoid, diff, gradient, trapezoid } from "./ops/difference.js";
export type { DiffOptions, GradientOptions, TrapezoidOptions } from "./ops/difference.js";
export { logSoftmax, logsumexp, softmax } from "./ops/softmax.js";
export type { SoftmaxOptions } from "./ops/softmax.js";
export {
  adjoint, asStrided, broadcastShapes, broadcastTensors, broadcastTo, contiguous, expand, flatten, narrow, narrowCopy, permute, ravel, reshape, select, slice, squeeze, t, transpose,
  unsqueeze, view,
} from "./ops/view.js";
export { cat, chunk, dsplit, hsplit, split, stack, tensorSplit, unbind, vsplit } from "./ops/join.js";
export { atleast1d, atleast2d, atleast3d, blockDiag, cartesianProd, columnStack, combinations, dstack, hstack, meshgrid, vstack } from "./ops/stacking.js";
export type { CombinationsOptions, MeshgridOptions } from "./ops/stacking.js";
export { asStridedScatter, diagonalScatter, selectScatter, sliceScatter } from "./ops/replace.js";
export type { AsStridedScatterOptions, SliceScatterOptions } from "./ops/replace.js";
export { pad } from "./ops/pad.js";
export type { PadOptions } from "./ops/pad.js";
export {
  diag, diagEmbed, diagflat, diagonal, fillDiagonal_, flip, fliplr, flipud, movedim, repeat, repeatInterleave, roll, rot90, tile, trace, tril, trilIndices, triu, triuIndices,
  unflatten,
} from "./ops/rearrange.js";
export type { DiagonalOptions, FillDiagonalOptions, RepeatInterleaveOptions } from "./ops/rearrange.js";
export { cummax, cummin, cumprod, cumsum, logcumsumexp } from "./ops/scan.js";
export type { CumulativeOptions } from "./ops/scan.js";
export { argsort, kthvalue, median, mode, msort, sort, topk } from "./ops/sort.js";
export type { SortOptions, TopkOptions } from "./ops/sort.js";
export { bucketize, histogram, isin, searchsorted, unique, uniqueConsecutive } from "./ops/search.js";
export type { BucketizeOptions, Histogram, HistogramOptions, IsinOptions, SearchsortedOptions, Unique, UniqueConsecutiveOptions, UniqueOptions } from "./ops/search.js";
export {
  gather, indexAdd, indexAdd_, indexCopy, indexCopy_, indexFill, indexFill_, indexReduce, indexReduce_, indexSelect, scatter, scatter_, scatterAdd, scatterAdd_, scatterReduce,
  scatterReduce_,
} from "./ops/index-ops.js";
export type { GatherOptions, IndexAddOptions, ScatterOptions, ScatterReduceOptions, ScatterReduction } from "./ops/index-ops.js";
export { embedding, embeddingBag, oneHot } from "./ops/embedding.js";
export type { EmbeddingBagOptions } from "./ops/embedding.js";
export { argwhere, indexPut, indexPut_, maskedScatter, maskedScatter_, maskedSelect, nonzero, put, put_, take, takeAlongDim } from "./ops/indexing.js";
export type { Index, IndexPutOptions } from "./ops/indexing.js";
export { linear, matmul } from "./ops/matmul.js";
export { conv1d, conv2d, conv3d, convTranspose1d, convTranspose2d, convTranspose3d } from "./ops/conv.js";
export type { ConvOptions, ConvTransposeOptions } from "./ops/conv.js";
export { avgPool1d, avgPool2d, avgPool3d, lpPool1d, lpPool2d, maxPool1d, maxPool1dWithIndices, maxPool2d, maxPool2dWithIndices, maxPool3d, maxPool3dWithIndices, maxUnpool1d, maxUnpool2d, maxUnpool3d } from "./ops/pool.js";
export type { MaxUnpoolOptions, Pooled } from "./ops/pool.js";
export {
  adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveAvgPool3d, adaptiveMaxPool1d, adaptiveMaxPool1dWithIndices, adaptiveMaxPool2d, adaptiveMaxPool2dWithIndices, adaptiveMaxPool3d, adaptiveMaxPool3dWithIndices,
  fractionalMaxPool2d, fractionalMaxPool2dWithIndices, fractionalMaxPool3d, fractionalMaxPool3dWithIndices,
} from "./ops/adaptive-pool.js";
export type { OutputSize } from "./ops/adaptive-pool.js";
export type { PerDimension, PoolOptions } from "./ops/windows.js";
export { addbmm, addmm, addmv, addr, baddbmm, bmm, cdist, corrcoef, cov, cross, dot, inner, kron, mm, mv, outer, tensordot, vander, vdot } from "./ops/products.js";
export type { CdistOptions, CovOptions, CrossOptions, ScaledSumOptions, TensordotOptions, VanderOptions } from "./ops/products.js";
export { einsum } from "./ops/einsum.js";
export { fold, unfold } from "./ops/fold.js";
export type { UnfoldOptions } from "./ops/fold.js";
export { interpolate, upsampleBilinear, upsampleNearest } from "./ops/interpolate.js";
export type { InterpolateMode, InterpolateOptions } from "./ops/interpolate.js";
export { affineGrid, gridSample } from "./ops/grid-sample.js";
export type { AffineGridOptions, GridSampleOptions } from "./ops/grid-sample.js";
export { channelShuffle, pixelShuffle, pixelUnshuffle } from "./ops/shuffle.js";
export { multiHeadAttention, scaledDotProductAttention, scaledDotProductAttentionWithWeights } from "./ops/attention.js";
export type { MultiHeadAttentionOptions, ScaledDotProductAttentionOptions } from "./ops/attention.js";
export { bilinear } from "./ops/bilinear.js";
export { alphaDropout, dropout, dropout1d, dropout2d, dropout3d, featureAlphaDropout } from "./ops/dropout.js";
export { gruCell, lstmCell, recurrentLayer, rnnReluCell, rnnTanhCell } from "./ops/recurrent.js";
export type { CellName, RecurrentResult, RecurrentWeights } from "./ops/recurrent.js";
export { batchNorm, groupNorm, instanceNorm, layerNorm, localResponseNorm, rmsNorm } from "./ops/normalization.js";
export { nativeBatchNorm, nativeLayerNorm } from "./ops/native-normalization.js";
export type { BatchNormOptions, InstanceNormOptions, LayerNormOptions, LocalResponseNormOptions, RmsNormOptions } from "./ops/normalization.js";
export {
  binaryCrossEntropy, binaryCrossEntropyWithLogits, cosineEmbeddingLoss, crossEntropy, gaussianNllLoss, hingeEmbeddingLoss, huberLoss, klDiv, l1Loss, marginRankingLoss, mseLoss,
  multilabelMarginLoss, multilabelSoftMarginLoss, multiMarginLoss, nllLoss, poissonNllLoss, smoothL1Loss, softMarginLoss, tripletMarginLoss, tripletMarginWithDistanceLoss,
} from "./ops/loss.js";
export type { Reduction, TripletMarginWithDistanceLossOptions } from "./ops/loss.js";
export { ctcLoss } from "./ops/ctc-loss.js";
export { cosineSimilarity, normalize, pairwiseDistance, pdist } from "./ops/distance.js";
export type { NormalizeOptions } from "./ops/distance.js";
export { defaultGenerator } from "./random/default-generator.js";
export { bernoulli, manualSeed, multinomial, normal, poisson, rand, randint, randintLike, randLike, randn, randnLike, randperm } from "./ops/random.js";
export type { MultinomialOptions, RandomOptions } from "./ops/random.js";
export { Generator } from "./random/generator.js";
export { MersenneTwister } from "./random/mt19937.js";
