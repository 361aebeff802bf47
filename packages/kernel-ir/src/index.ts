/**
 * What a device is asked to compute, as data.
 *
 * A backend is a compiler for a few kinds of program: `Kernel`, `Contraction` and the routines `Scan`, `Scatter` and
 * `Sort`. Their bodies are scalar expressions (`expr.ts`). `backend.ts` is the interface that a device implements.
 * The interpreter (`@gradus/kernel-ir/interpreter`) runs any program slowly and plainly: it is what every generator is
 * compared with.
 */
export * from "./dtype.js";
export * from "./expr.js";
export * from "./program.js";
export * from "./backend.js";
export { expressionsOf, mapExpressions } from "./children.js";
export { hostMath } from "./math/host.js";
export { lowerExpression, lowerProgram } from "./math/lower.js";
export type { LoweringOptions } from "./math/lower.js";
export { equalExpressions, equalPrograms, hashProgram } from "./equality.js";
export { dependsOnAxis, strideAlong } from "./linear.js";
export { partOf } from "./part.js";
export { substitute } from "./substitute.js";
export { validateProgram } from "./validate.js";
export { printExpression, printProgram } from "./print.js";
