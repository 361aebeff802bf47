/**
 * The tests that every backend has to pass, and what they are made of.
 *
 * `describe-backend.ts` is where to begin; `suites/` holds the tests, `cases/` what is to be known of each op to test it.
 */
export { describeBackend } from "./describe-backend.js";
export type { BackendUnderTest } from "./describe-backend.js";
export type { Tolerance } from "./compare.js";
export { elementwiseCases } from "./cases/elementwise.js";
export type { ElementwiseCase } from "./cases/case.js";
export { randomProgram } from "./random-program.js";
export type { RandomProgram, RandomProgramOptions } from "./random-program.js";
