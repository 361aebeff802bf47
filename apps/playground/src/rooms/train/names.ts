/** What the page calls things. */
import type { ActivationName, DatasetName, EngineName, FeatureName, InitName, LossName, OptimizerName, RegularizationName, ScheduleName, SpeedName } from "./setup.js";

export const datasetLabels: Readonly<Record<DatasetName, string>> = {
  Simple: "Simple", Diag: "Diag", Split: "Split", Xor: "Xor", Circle: "Circle", Spiral: "Spiral",
  tfCircle: "Disc and ring", tfXor: "Four quarters", tfGauss: "Two clouds", tfSpiral: "Two arms",
  plane: "Slope", bumps: "Hills and hollows",
};
export const datasetGroups: Readonly<Partial<Record<DatasetName, string>>> = { Simple: "minitorch", tfCircle: "TensorFlow Playground", plane: "Regression" };

export const featureLabels: Readonly<Record<FeatureName, string>> = {
  x1: "x₁", x2: "x₂", x1x1: "x₁²", x2x2: "x₂²", x1x2: "x₁x₂", sin1: "sin πx₁", sin2: "sin πx₂",
};

export const activationLabels: Readonly<Record<ActivationName, string>> = {
  relu: "ReLU", leakyRelu: "Leaky ReLU", tanh: "Tanh", sigmoid: "Sigmoid", gelu: "GELU", silu: "SiLU", identity: "none (linear)",
};

export const initLabels: Readonly<Record<InitName, string>> = {
  default: "PyTorch’s default", xavierUniform: "Xavier, uniform", xavierNormal: "Xavier, normal", kaimingUniform: "Kaiming, uniform",
  kaimingNormal: "Kaiming, normal", wide: "too wide: N(0, 3²)", zeros: "all zeros",
};

export const lossLabels: Readonly<Record<LossName, string>> = {
  bce: "Binary cross-entropy", crossEntropy: "Cross-entropy", mse: "Mean squared error", l1: "Mean absolute error",
};

export const optimizerLabels: Readonly<Record<OptimizerName, string>> = {
  sgd: "SGD", momentum: "SGD, momentum 0.9", nesterov: "SGD, Nesterov 0.9", asgd: "ASGD", rprop: "Rprop", rmsprop: "RMSprop", adagrad: "Adagrad", adadelta: "Adadelta",
  adam: "Adam", adamw: "AdamW", adamax: "Adamax", nadam: "NAdam", radam: "RAdam",
};

export const scheduleLabels: Readonly<Record<ScheduleName, string>> = {
  constant: "constant", step: "halved each 50 epochs", exponential: "× 0.99 each epoch", polynomial: "straight to 0 at 200", cosine: "cosine of 200 epochs",
  restarts: "restarts each 50 epochs", warmup: "warm-up of 20 epochs",
};

export const regularizationLabels: Readonly<Record<RegularizationName, string>> = { none: "none", l1: "L1", l2: "L2" };

export const engineLabels: Readonly<Record<EngineName, string>> = { scalar: "scalar", cpu: "cpu", webgpu: "webgpu" };

export const speedLabels: Readonly<Record<SpeedName, string>> = { slow: "step by step", steady: "ten steps", fast: "full speed" };
