import { hostMath, transcendentalOps } from "@gradus/kernel-ir";
import { describe, expect, it } from "vitest";
import { bounds, error, everyFloat32, float32Of, lowered, worstOf } from "./support/accuracy.js";

/**
 * One float32 in 61, all over their range: 61 is no divisor of any power of two, so no pattern of low bits is left out. `GRADUS_FLOAT32_STRIDE=1`
 * tries every float32 there is, which takes hours; it is for whoever changes a formula.
 */
const stride = Number(process.env["GRADUS_FLOAT32_STRIDE"] ?? 61);

/** On a device that rounds each product and on one that fuses it with an addition. */
describe(`float32 functions of one argument in ${String(stride)}`, () => {
  const unary = transcendentalOps.filter((op) => op !== "pow");
  it.each(unary.flatMap((op) => [{}, { fused: true }].map((manner) => [op, manner] as const)))("%s, %o", (op, manner) => {
    const worst = worstOf(op, lowered(op, manner), everyFloat32(stride));
    expect(worst.error, worst.at).toBeLessThan(bounds[op]);
  });

  it.each([{}, { fused: true }])("pow of random pairs, %o", (manner) => {
    const f = lowered("pow", manner);
    let state = 12345;
    const random = (): number => {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      return state;
    };
    const check = (x: number, y: number): void => {
      const e = error(f(x, y), hostMath.pow(x, y));
      if (!(e < bounds.pow)) throw new Error(`pow(${String(x)}, ${String(y)}) is off by ${String(e)}`);
    };
    for (let i = 0; i < 50_000_000 / stride; i++) {
      const x = Math.abs(float32Of(random() & 0x7fffffff));
      check(x, float32Of(random()));
      check(x, Math.fround(((random() / 2 ** 31) * 140 - 11) / Math.log2(x)));
      const near = Math.fround(1 + random() / 2 ** 33);
      check(near, Math.fround(((random() / 2 ** 31) * 140 - 11) / Math.log2(near)));
    }
  });
});
