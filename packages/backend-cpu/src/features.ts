import type { Code } from "./assembler/index.js";
import { ModuleBuilder } from "./assembler/index.js";

/** What the engine that runs this program can do. */
export interface EngineFeatures {
  /** Vectors of 128 bits. */
  readonly simd: boolean;
  /** Multiply-add that may round once or twice. */
  readonly relaxedMadd: boolean;
}

/** Whether the engine accepts a function with this body. Nothing is compiled. */
function accepts(write: (code: Code) => void): boolean {
  const module = new ModuleBuilder();
  write(module.function({ params: [], results: ["v128"] }).body);
  return WebAssembly.validate(module.bytes());
}

/** Asks the engine. */
export function probeFeatures(): EngineFeatures {
  const vector = (code: Code): Code => code.op("v128.const", new Uint8Array(16));
  return {
    simd: accepts((code) => vector(vector(code)).op("f32x4.add")),
    relaxedMadd: accepts((code) => vector(vector(vector(code))).op("f32x4.relaxed_madd")),
  };
}
