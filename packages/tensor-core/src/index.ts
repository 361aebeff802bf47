/**
 * Tensors: an n-dimensional array that remembers how it was made.
 *
 * This entry is that of `functions.ts` with all of its functions as methods of `Tensor`.
 *
 * @module
 */
import "./methods.js";

export * from "./functions.js";
