import type { Code } from "./assembler/index.js";
import { ModuleBuilder } from "./assembler/index.js";
import { builtin } from "./host.js";

/** Whether the engine accepts a function with this body. Nothing is compiled. */
function accepts(write: (code: Code) => void): boolean {
  const module = new ModuleBuilder();
  write(module.function({ params: [], results: ["v128"] }).body);
  return WebAssembly.validate(module.bytes());
}

const vector = (code: Code): Code => code.op("v128.const", new Uint8Array(16));
const acceptsMadd = (): boolean => accepts((code) => vector(vector(vector(code))).op("f32x4.relaxed_madd"));

/** Whether the engine has vectors of 128 bits. */
export const hasSimd = (): boolean => accepts((code) => vector(vector(code)).op("f32x4.add"));

let madd: boolean | undefined;

/**
 * Whether the engine has multiply-add that rounds once or twice, and computes it right. Node 20 has it behind a flag of V8, which works on
 * code that is compiled after it is set: it is set here, and taken back where it brings nothing.
 */
export function hasRelaxedMadd(): boolean {
  madd ??= probeMadd();
  return madd;
}

function probeMadd(): boolean {
  if (acceptsMadd()) return maddIsRight();
  const v8 = builtin("node:v8");
  if (v8 === undefined) return false;
  v8.setFlagsFromString("--experimental-wasm-relaxed-simd");
  if (acceptsMadd() && maddIsRight()) return true;
  v8.setFlagsFromString("--no-experimental-wasm-relaxed-simd");
  return false;
}

/** Whether a·b + c is rounded once or twice in all lanes, for numbers that tell one from the other, of both signs. */
function maddIsRight(): boolean {
  const module = new ModuleBuilder();
  const fn = module.function({ params: ["f32", "f32", "f32"], results: ["f32"] });
  for (const operand of [0, 1, 2]) fn.body.get(operand).op("f32x4.splat");
  fn.body.op("f32x4.relaxed_madd").op("f32x4.extract_lane", 3);
  module.export("madd", fn);
  const madd = new WebAssembly.Instance(new WebAssembly.Module(module.bytes())).exports["madd"] as (a: number, b: number, c: number) => number;
  // A product of float32 is exact in float64, and so are these sums.
  const once = (a: number, b: number, c: number): number => Math.fround(a * b + c);
  const twice = (a: number, b: number, c: number): number => Math.fround(Math.fround(a * b) + c);
  const e = 2 ** -12;
  const samples = [[1 + e, 1 + e, -1], [1 + e, 1 - e, -1], [-3, 1 + e, 3], [2, 3, 4], [0, 5, -0], [Infinity, 1, 1]] as const;
  return [once, twice].some((expected) => samples.every(([a, b, c]) => Object.is(madd(a, b, c), expected(a, b, c))));
}
