/**
 * Gradus in one import: tensors, modules, optimizers, data and files, with the CPU as the default device.
 *
 * @module
 */
import { cpu } from "@gradus/backend-cpu";
import { setDefaultDevice } from "@gradus/tensor-core";

export { describeGraph, toDot } from "@gradus/autograd";
export { cpu } from "@gradus/backend-cpu";
export * from "@gradus/datasets";
export * from "@gradus/nn";
export * from "@gradus/optim";
export * from "@gradus/serialization";
export * from "@gradus/tensor-core";

// A function, so that nothing is compiled and no memory taken before the first tensor is made.
setDefaultDevice(() => cpu());
