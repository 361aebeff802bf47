import type { Code } from "./assembler/index.js";
import { ModuleBuilder } from "./assembler/index.js";
import { generateTiles, tileNumber, tileParts } from "./codegen/contraction/tiles.js";
import { builtin, v8Version } from "./host.js";

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

/** V8 pairs vectors from here on without mistakes that are known: Node 24. */
const firstPairingV8 = 13;

let pairs: boolean | undefined;

/**
 * Whether the engine joins two neighbouring vectors into one of 256 bits, and computes it right. V8 does behind a flag that works on code that is compiled after
 * it is set: it is set here, and taken back where the results are wrong.
 */
export function canPairVectors(relaxed: boolean): boolean {
  pairs ??= probePairs(relaxed);
  return pairs;
}

function probePairs(relaxed: boolean): boolean {
  const v8 = builtin("node:v8");
  if (v8 === undefined || v8Version() < firstPairingV8) return false;
  v8.setFlagsFromString("--experimental-wasm-revectorize");
  // The compiler that pairs is otherwise only asked once a function has run for a while.
  v8.setFlagsFromString("--no-liftoff");
  try {
    if (tilesAreRight(relaxed)) return true;
    v8.setFlagsFromString("--no-experimental-wasm-revectorize");
    return false;
  } finally {
    v8.setFlagsFromString("--liftoff");
  }
}

/** Whether the largest tile multiplies whole numbers, whose products and sums float32 holds exactly, by the table of steps and from panels. */
function tilesAreRight(relaxed: boolean): boolean {
  const [rows, columns, steps] = [4, 16, 37];
  const memory = new WebAssembly.Memory({ initial: 1 });
  const bytes = generateTiles("float32", { shared: false, relaxed, pairsVectors: true }, tileParts);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { device: { memory } });
  const [left, right, sums, result, table] = [0, 8192, 16384, 20480, 32768];
  const [floats, ints] = [new Float32Array(memory.buffer), new Int32Array(memory.buffer)];
  const at = (i: number): number => ((i * 7919) % 101) - 50;
  // Both operands with a step's elements as neighbours, which is what panels are.
  for (let i = 0; i < rows * steps; i++) floats[left / 4 + i] = at(i);
  for (let i = 0; i < columns * steps; i++) floats[right / 4 + i] = at(i + 5000);
  for (let k = 0; k < steps; k++) ints.set([4 * rows * k, 4 * columns * k], table / 4 + 2 * k);
  for (let i = 0; i < rows * columns; i++) floats[sums / 4 + i] = at(i + 9000);
  for (const source of ["operands", "panels"] as const) {
    const tile = exports[String(tileNumber(source, rows, columns / 4))] as (...args: number[]) => void;
    tile(left, 4, 0, table, right, steps, sums, result, 4 * columns, 1);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let sum = at(row * columns + column + 9000);
        for (let k = 0; k < steps; k++) sum += at(k * rows + row) * at(k * columns + column + 5000);
        if (floats[result / 4 + row * columns + column] !== sum) return false;
      }
    }
  }
  return true;
}
