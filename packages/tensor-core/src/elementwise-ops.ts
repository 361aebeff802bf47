/**
 * All elementwise ops by name, for tests that run through them: `import * as elementwiseOps from "@gradus/tensor-core/elementwise-ops"`.
 *
 * @module
 */
export * from "./ops/formulas/activation.js";
export * from "./ops/formulas/arithmetic.js";
export * from "./ops/formulas/comparison.js";
export * from "./ops/formulas/exponential.js";
export * from "./ops/formulas/integer.js";
export * from "./ops/formulas/loss.js";
export * from "./ops/formulas/representation.js";
export * from "./ops/formulas/trigonometry.js";
