import { apply, applyInPlace } from "./kernels/elementwise.js";
import { binary, choosing, unary } from "./kernels/elementwise-function.js";
import { erfcOf, expm1Of, gaussian, log1pOf, scaledErfcOf, xTimes } from "./ops/formulas/stable.js";
import { float, half, logistic, odd, one, polynomial, squared, times, zero } from "./ops/formulas/notation.js";
import { ofTensors } from "./ops/operand-rules.js";

/**
 * What formulas are written with, for packages that bring elementwise ops of their own: the builder's short forms, functions
 * that keep their digits where a plain formula cancels, and what makes a public function of an op.
 */
// An object and not a namespace: the bundler of declarations cannot write one whose members are functions.
export const formulas = {
  erfc: erfcOf, expm1: expm1Of, gaussian, log1p: log1pOf, scaledErfc: scaledErfcOf, xTimes,
  float, half, logistic, odd, one, polynomial, squared, times, zero,
  apply, applyInPlace, ofTensors, binary, choosing, unary,
} as const; // prettier-ignore
