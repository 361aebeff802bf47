export { randomProgram } from "./random-program.js";
export type { RandomProgram, RandomProgramOptions } from "./random-program.js";
