export { Optimizer } from "./optimizer.js";
export type { OptimizerStateDict, ParamGroup, ParamsOf, ParamState } from "./optimizer.js";
export { SGD } from "./sgd.js";
export type { SgdOptions } from "./sgd.js";
export { Adam, AdamW } from "./adam.js";
export type { AdamOptions } from "./adam.js";
