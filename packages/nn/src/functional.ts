/**
 * The functions behind the layers, under PyTorch's names in camelCase (`torch.nn.functional`).
 *
 * @module
 */
export {
  adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveAvgPool3d, adaptiveMaxPool1d, adaptiveMaxPool1dWithIndices, adaptiveMaxPool2d, adaptiveMaxPool2dWithIndices,
  adaptiveMaxPool3d, adaptiveMaxPool3dWithIndices, affineGrid, alphaDropout, avgPool1d, avgPool2d, avgPool3d, batchNorm, bilinear, binaryCrossEntropy,
  binaryCrossEntropyWithLogits, celu, channelShuffle, conv1d, conv2d, conv3d, convTranspose1d, convTranspose2d, convTranspose3d, cosineEmbeddingLoss,
  cosineSimilarity, crossEntropy, ctcLoss, dropout, dropout1d, dropout2d, dropout3d, elu, embedding, embeddingBag, featureAlphaDropout, fold,
  fractionalMaxPool2d, fractionalMaxPool2dWithIndices, fractionalMaxPool3d, fractionalMaxPool3dWithIndices, gaussianNllLoss, gelu, glu, gridSample, groupNorm,
  hardshrink, hardsigmoid, hardswish, hardtanh, hingeEmbeddingLoss, huberLoss, instanceNorm, interpolate, klDiv, l1Loss, layerNorm, leakyRelu, linear,
  localResponseNorm, logsigmoid, logSoftmax, lpPool1d, lpPool2d, marginRankingLoss, maxPool1d, maxPool1dWithIndices, maxPool2d, maxPool2dWithIndices, maxPool3d,
  maxPool3dWithIndices, maxUnpool1d, maxUnpool2d, maxUnpool3d, mish, mseLoss, multiHeadAttention, multilabelMarginLoss, multilabelSoftMarginLoss,
  multiMarginLoss, nllLoss, normalize, oneHot, pad, pairwiseDistance, pdist, pixelShuffle, pixelUnshuffle, poissonNllLoss, prelu, relu, relu6, rmsNorm, rrelu,
  scaledDotProductAttention, selu, sigmoid, silu, smoothL1Loss, softmax, softmin, softMarginLoss, softplus, softshrink, softsign, tanh, tanhshrink, threshold,
  tripletMarginLoss, tripletMarginWithDistanceLoss, unfold,
} from "@gradus/tensor-core";
