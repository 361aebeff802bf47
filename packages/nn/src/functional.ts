/**
 * The functions behind the layers, under PyTorch's names in camelCase (`torch.nn.functional`).
 *
 * @module
 */
export {
  avgPool2d,
  batchNorm,
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  crossEntropy,
  dropout,
  embedding,
  gelu,
  l1Loss,
  layerNorm,
  leakyRelu,
  linear,
  logSoftmax,
  maxPool2d,
  maxPool2dWithIndices,
  mseLoss,
  nllLoss,
  pad,
  relu,
  sigmoid,
  silu,
  softmax,
  softplus,
  tanh,
} from "@gradus/tensor-core";
