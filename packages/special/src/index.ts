/**
 * Special functions, as in `torch.special`. Most are formulas that run on every device and differentiate themselves; the rarest are
 * computed on the host.
 */
export * from "./bessel.js";
export * from "./gamma.js";
export * from "./incomplete.js";
export * from "./polynomials.js";
export * from "./probability.js";
// What torch.special has too and tensors have as methods.
export { erf, erfc, exp2, expm1, log1p, logit, logSoftmax, logsumexp, round, sigmoid as expit, sinc, softmax, xlogy } from "@gradus/tensor-core";
