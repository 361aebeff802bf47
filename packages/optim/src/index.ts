export { Optimizer } from "./optimizer.js";
export type { Move } from "./optimizer.js";
export { OptimizerBase } from "./optimizer-base.js";
export type { OptimizerStateDict, ParamGroup, ParamsOf, ParamState } from "./optimizer-base.js";
export { SGD } from "./sgd.js";
export type { SgdOptions } from "./sgd.js";
export { Adam, AdamW } from "./adam.js";
export type { AdamOptions } from "./adam.js";
export { Adamax } from "./adamax.js";
export type { AdamaxOptions } from "./adamax.js";
export { NAdam } from "./nadam.js";
export type { NAdamOptions } from "./nadam.js";
export { RAdam } from "./radam.js";
export type { RAdamOptions } from "./radam.js";
export { Adagrad } from "./adagrad.js";
export type { AdagradOptions } from "./adagrad.js";
export { Adadelta } from "./adadelta.js";
export type { AdadeltaOptions } from "./adadelta.js";
export { RMSprop } from "./rmsprop.js";
export type { RMSpropOptions } from "./rmsprop.js";
export { Rprop } from "./rprop.js";
export type { RpropOptions } from "./rprop.js";
export { ASGD } from "./asgd.js";
export type { AsgdOptions } from "./asgd.js";
export { LBFGS } from "./lbfgs.js";
export type { LbfgsOptions } from "./lbfgs.js";
export {
  ChainedScheduler, ConstantLR, CosineAnnealingLR, CosineAnnealingWarmRestarts, CyclicLR, ExponentialLR, LambdaLR, LinearLR, LRScheduler,
  MultiplicativeLR, MultiStepLR, OneCycleLR, PolynomialLR, ReduceLROnPlateau, SequentialLR, StepLR, SWALR,
} from "./lr-scheduler.js";
export type {
  CyclicLrOptions, LinearLrOptions, OneCycleLrOptions, PlateauOptions, Schedule, Scheduled, SchedulerOptions, SchedulerStateDict, SwaLrOptions,
  WarmRestartsOptions,
} from "./lr-scheduler.js";
