/**
 * Tensors and the CPU as functions: `matmul(x, y)` for `x.matmul(y)`. A bundle that imports only this holds only what it uses.
 *
 * @module
 */
import { cpu } from "@gradus/backend-cpu";
import { setDefaultDevice } from "@gradus/tensor-core/functions";

export { cpu } from "@gradus/backend-cpu";
export * from "@gradus/tensor-core/functions";

// A function, so that nothing is compiled and no memory taken before the first tensor is made.
setDefaultDevice(() => cpu());
