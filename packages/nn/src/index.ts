export { Module, Parameter } from "./tensor-module.js";
export type { FullBackwardHook, FullBackwardPreHook, Gradients } from "./tensor-module.js";
export { StateDictError } from "./module.js";
export type {
  ForwardHook, ForwardPreHook, LoadResult, LoadStateDictPostHook, LoadStateDictPreHook, ParameterOptions, StateDict, StateDictHook, WalkOptions,
} from "./module.js";
export { Summary } from "./summary.js";
export type { SummaryRow } from "./summary.js";
export { ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential } from "./containers.js";
export { Bilinear, Identity, Linear } from "./linear.js";
export type { LinearOptions } from "./linear.js";
export { Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d } from "./conv.js";
export type { ConvLayerOptions, ConvTransposeLayerOptions, OutputSizeOptions, PaddingMode } from "./conv.js";
export {
  AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d, AdaptiveMaxPool1d, AdaptiveMaxPool2d, AdaptiveMaxPool3d, AvgPool1d, AvgPool2d, AvgPool3d,
  FractionalMaxPool2d, FractionalMaxPool3d, LPPool1d, LPPool2d, MaxPool1d, MaxPool2d, MaxPool3d, MaxUnpool1d, MaxUnpool2d, MaxUnpool3d,
} from "./pooling.js";
export type { FractionalMaxPoolLayerOptions, IndicesOptions, MaxPoolLayerOptions, MaxUnpoolLayerOptions } from "./pooling.js";
export {
  CircularPad1d, CircularPad2d, CircularPad3d, ConstantPad1d, ConstantPad2d, ConstantPad3d, ReflectionPad1d, ReflectionPad2d, ReflectionPad3d,
  ReplicationPad1d, ReplicationPad2d, ReplicationPad3d, ZeroPad1d, ZeroPad2d, ZeroPad3d,
} from "./padding.js";
export type { Sides } from "./padding.js";
export {
  BatchNorm1d, BatchNorm2d, BatchNorm3d, CrossMapLRN2d, GroupNorm, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d, LayerNorm, LocalResponseNorm, RMSNorm,
} from "./normalization.js";
export type {
  BatchNormLayerOptions, GroupNormLayerOptions, InstanceNormLayerOptions, LayerNormLayerOptions, LocalResponseNormLayerOptions, RmsNormLayerOptions,
} from "./normalization.js";
export { Embedding, EmbeddingBag } from "./embedding.js";
export type { EmbeddingBagLayerOptions, EmbeddingLayerOptions } from "./embedding.js";
export { ChannelShuffle, Flatten, Fold, PixelShuffle, PixelUnshuffle, Unflatten, Unfold } from "./shape.js";
export type { BlockOptions } from "./shape.js";
export { Upsample, UpsamplingBilinear2d, UpsamplingNearest2d } from "./upsampling.js";
export type { Upsample2dOptions, UpsampleOptions } from "./upsampling.js";
export { CosineSimilarity, PairwiseDistance } from "./distance.js";
export { AlphaDropout, Dropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout } from "./dropout.js";
export {
  CELU, ELU, GELU, GLU, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, LeakyReLU, LogSigmoid, LogSoftmax, Mish, PReLU, ReLU, ReLU6, RReLU, SELU, Sigmoid, SiLU,
  Softmax, Softmax2d, Softmin, Softplus, Softshrink, Softsign, Tanh, Tanhshrink, Threshold,
} from "./activation.js";
export type { InplaceOptions, PReluOptions, RReluLayerOptions } from "./activation.js";
export { GRU, GRUCell, LSTM, LSTMCell, RNN, RNNCell } from "./rnn.js";
export type { CellOptions, LstmOptions, RecurrentOptions, RnnOptions } from "./rnn.js";
export { MultiheadAttention } from "./attention.js";
export type { AttentionCallOptions, AttentionLayerOptions } from "./attention.js";
export { Transformer, TransformerDecoder, TransformerDecoderLayer, TransformerEncoder, TransformerEncoderLayer } from "./transformer.js";
export type {
  DecoderMasks, EncoderLayerMasks, EncoderMasks, StackOptions, TransformerActivation, TransformerLayerOptions, TransformerMasks, TransformerOptions,
} from "./transformer.js";
export { AdaptiveLogSoftmaxWithLoss } from "./adaptive-softmax.js";
export type { AdaptiveLogSoftmaxOptions } from "./adaptive-softmax.js";
export {
  BCELoss, BCEWithLogitsLoss, CosineEmbeddingLoss, CrossEntropyLoss, CTCLoss, GaussianNLLLoss, HingeEmbeddingLoss, HuberLoss, KLDivLoss, L1Loss,
  MarginRankingLoss, MSELoss, MultiLabelMarginLoss, MultiLabelSoftMarginLoss, MultiMarginLoss, NLLLoss, PoissonNLLLoss, SmoothL1Loss, SoftMarginLoss,
  TripletMarginLoss, TripletMarginWithDistanceLoss,
} from "./loss.js";
export {
  LazyBatchNorm1d, LazyBatchNorm2d, LazyBatchNorm3d, LazyConv1d, LazyConv2d, LazyConv3d, LazyConvTranspose1d, LazyConvTranspose2d, LazyConvTranspose3d,
  LazyInstanceNorm1d, LazyInstanceNorm2d, LazyInstanceNorm3d, LazyLinear,
} from "./lazy.js";
export { AveragedModel, emaAverage, swaAverage, updateBn } from "./averaged-model.js";
export type { AveragedModelOptions, AverageFunction } from "./averaged-model.js";
export type { FactoryOptions } from "./factory.js";
export * as functional from "./functional.js";
export * as init from "./init.js";
export * as utils from "./utils.js";
