import { createRequire } from "node:module";
import type { Case } from "../protocol.js";

/** What is used of wabt, from the folder of peers. */
type Wabt = () => Promise<{
  parseWat(name: string, text: string, features: { readonly simd: boolean; readonly relaxed_simd: boolean }): { toBinary(options: object): { readonly buffer: Uint8Array<ArrayBuffer> } };
}>;

const flopPerCall = 1.28e7;

/**
 * A loop of nothing but multiply-adds of registers, as WebAssembly text: `sums` chains that do not wait for one another. The first
 * and last values pass through memory in adjacent pairs, so that an engine that joins two vectors of 128 bits into one of 256 sees them.
 */
function loopOf(sums: number, fused: boolean): string {
  const range = Array.from({ length: sums }, (_, i) => i);
  const factor = (i: number): string => `(local.get $b${i % 2})`;
  const step = (i: number): string =>
    fused
      ? `(local.set $s${i} (f32x4.relaxed_madd ${factor(i)} ${factor(i)} (local.get $s${i})))`
      : `(local.set $s${i} (f32x4.add (f32x4.mul ${factor(i)} (local.get $s${i})) ${factor(i)}))`;
  const unroll = 4;
  const count = Math.round(flopPerCall / (unroll * sums * 8));
  return `(module (memory 1) (func (export "run") (local $n i32) (local $b0 v128) (local $b1 v128) ${range.map((i) => `(local $s${i} v128)`).join(" ")}
    (local.set $b0 (v128.load offset=0 (i32.const 0))) (local.set $b1 (v128.load offset=16 (i32.const 0)))
    ${range.map((i) => `(local.set $s${i} (v128.load offset=${64 + 16 * i} (i32.const 0)))`).join("\n    ")}
    (local.set $n (i32.const ${count}))
    (loop $again
      ${Array.from({ length: unroll }, () => range.map(step).join(" ")).join("\n      ")}
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    ${range.map((i) => `(v128.store offset=${64 + 16 * i} (i32.const 0) (local.get $s${i}))`).join("\n    ")}))`;
}

/** The fastest of several such loops: what this engine's registers can do at most. */
export const registerPeak: Case = async () => {
  const wabt = await (createRequire(new URL("../../peers/package.json", import.meta.url))("wabt") as Wabt)();
  const candidates = [8, 12, 16, 24].flatMap((sums) => [true, false].map((fused) => [sums, fused] as const));
  let best = { seconds: Infinity, run: (): void => undefined };
  for (const [sums, fused] of candidates) {
    const { buffer } = wabt.parseWat("peak", loopOf(sums, fused), { simd: true, relaxed_simd: fused }).toBinary({});
    if (!WebAssembly.validate(buffer)) continue;
    const { run } = (await WebAssembly.instantiate(buffer)).instance.exports as { readonly run: () => void };
    for (let i = 0; i < 50; i++) run();
    for (let i = 0; i < 50; i++) {
      const start = performance.now();
      run();
      const seconds = (performance.now() - start) / 1000;
      if (seconds < best.seconds) best = { seconds, run };
    }
  }
  return best.run;
};
