/**
 * The oracle: a backend that runs programs by walking their expressions, one point after the other. Far too slow to
 * train with, short enough to be believed. Generators are compared with it.
 */
export { interpreter } from "./interpreter/backend.js";
export type { InterpreterOptions } from "./interpreter/backend.js";
export { run } from "./interpreter/run.js";
export type { PaddingTerms } from "./interpreter/run.js";
export type { BoundBuffer, Value } from "./interpreter/evaluate.js";
export { elements, bfloat16ToNumber, float16ToNumber, numberToBfloat16, numberToFloat16 } from "./interpreter/elements.js";
