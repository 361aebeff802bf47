/**
 * What formulas are written with, for packages that bring elementwise ops of their own: the builder's short forms, functions
 * that keep their digits where a plain formula cancels, and what makes a public function of an op.
 */
export { erfcOf as erfc, expm1Of as expm1, gaussian, log1pOf as log1p, scaledErfcOf as scaledErfc, xTimes } from "./ops/elementwise/exponential.js";
export { float, half, logistic, odd, one, polynomial, squared, times, zero } from "./ops/elementwise/notation.js";
export type { K as Builder } from "./ops/elementwise/notation.js";
export { ofTensors } from "./ops/operand-rules.js";
export { binary, choosing, unary } from "./kernels/elementwise-function.js";
export type { Chosen, ElementwiseFunction } from "./kernels/elementwise-function.js";
