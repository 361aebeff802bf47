import type { LoweringOptions, TranscendentalOp } from "@gradus/kernel-ir";
import { ExprBuilder, hostMath, lowerExpression } from "@gradus/kernel-ir";
import type { DeviceManners } from "./compile.js";
import { compileFloat32 } from "./compile.js";

export type Float32Function = (x: number, y?: number) => number;

/** A function of the table as devices compute it. */
export function lowered(op: TranscendentalOp, manners: DeviceManners & LoweringOptions = {}): Float32Function {
  const b = new ExprBuilder();
  const [x, y] = [b.scalar(0, "float32"), b.scalar(1, "float32")];
  return compileFloat32(lowerExpression(b, op === "pow" ? b.pow(x, y) : b.alu(op, x), manners), manners);
}

const smallestNormal = 2 ** -126;

/**
 * By how many units in the last place of the exact result a float32 misses it. Infinity stands for 2¹²⁸ where the exact result is
 * a number: next to the largest float32, one unit too much is Infinity.
 */
export function error(got: number, exact: number): number {
  if (Object.is(got, Math.fround(exact))) return 0;
  if (!Number.isFinite(exact) || Number.isNaN(got)) return Infinity;
  const finite = Math.abs(got) === Infinity ? Math.sign(got) * 2 ** 128 : got;
  const exponent = Math.min(127, Math.floor(Math.log2(Math.max(Math.abs(exact), smallestNormal))));
  return Math.abs(finite - exact) / 2 ** (exponent - 23);
}

const bits = new Int32Array(1);
const real = new Float32Array(bits.buffer);

/** The float32 with these bits. */
export function float32Of(pattern: number): number {
  bits[0] = pattern;
  return real[0] ?? NaN;
}

export interface Worst {
  readonly error: number;
  readonly at: string;
}

/** The largest error of a function over some arguments. */
export function worstOf(op: TranscendentalOp, f: Float32Function, xs: Iterable<number>): Worst {
  const exact = hostMath[op];
  let worst: Worst = { error: 0, at: "" };
  for (const x of xs) {
    const [got, want] = [f(x), exact(x, 0)];
    const e = error(got, want);
    if (e > worst.error) worst = { error: e, at: `${op}(${String(x)}) = ${String(got)} instead of ${String(want)}` };
  }
  return worst;
}

/** Every `step`th float32, specials among them. */
export function* everyFloat32(step: number): Iterable<number> {
  for (let pattern = 0; pattern < 2 ** 32; pattern += step) yield float32Of(pattern);
}

/** Twenty thousand float32 from `low` to `high`. */
export function between(low: number, high: number): number[] {
  return Array.from({ length: 20_001 }, (_, i) => Math.fround(low + ((high - low) * i) / 20_000));
}

/**
 * What is promised of each function, in units in the last place, over all float32: found by trying every argument
 * (`GRADUS_FLOAT32_STRIDE=1 npm run test:long`). pow has too many pairs to try; its bound comes from random ones.
 */
export const bounds: Readonly<Record<TranscendentalOp, number>> = { exp: 1.04, log: 0.95, sin: 1.76, cos: 1.76, tanh: 1.76, erf: 1.74, pow: 1.35 };
