import fc from "fast-check";
import { expect, it } from "vitest";
import { oneCycle } from "../src/schedule.js";

it("rises to the highest rate within a tenth of the steps, then falls", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), fc.double({ min: 1e-6, max: 10, noNaN: true }), (steps, highest) => {
      const rates = Array.from({ length: steps }, (_, step) => oneCycle(highest, step, steps));
      const peak = Math.max(1, Math.floor(steps / 10)) - 1;
      expect(rates[peak]).toBeCloseTo(highest, 12);
      expect(rates.every((rate) => rate > 0 && rate <= highest)).toBe(true);
      expect(rates.every((rate, i) => i === 0 || (i <= peak ? rate > rates[i - 1]! : rate <= rates[i - 1]!))).toBe(true);
    }),
  );
});

it("follows the cosine", () => {
  expect([0, 4, 9, 10, 55, 99].map((step) => Number(oneCycle(0.1, step, 100).toFixed(6)))).toEqual([0.01, 0.05, 0.1, 0.1, 0.05, 0.00003]);
});
