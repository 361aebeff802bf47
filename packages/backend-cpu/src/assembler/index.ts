/** A small assembler for WebAssembly: `ModuleBuilder` writes modules, `Code` writes the instructions of their functions. */
export { Code } from "./code.js";
export type { ValueType } from "./code.js";
export { instructions } from "./instructions.js";
export type { ImmediatesOf, InstructionName } from "./instructions.js";
export { FunctionBuilder, ModuleBuilder, mostPages } from "./module.js";
export type { Signature } from "./module.js";
