/** The CPU device of Gradus: WebAssembly with SIMD, generated at run time from kernel-ir. */
export { cpu } from "./backend.js";
export type { CpuDevice, CpuOptions } from "./backend.js";
