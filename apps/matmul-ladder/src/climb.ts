import type { Tensor } from "@gradus/tensor-core";
import { manualSeed, noGrad, rand, randn, scope } from "@gradus/tensor-core";
import { rungs } from "./rungs.js";

export interface Step {
  readonly name: string;
  /** Of one product, in milliseconds. */
  readonly milliseconds: number;
  /** The largest difference from the last rung. */
  readonly difference: number;
}

/** Five images of 28 × 28 and the weights of ten classes. */
export const operands = (): readonly [a: Tensor, b: Tensor] => {
  manualSeed(1);
  return [rand([5, 784]), randn([784, 10])];
};

/** How long a product is repeated at least, in milliseconds. */
const enough = 100;

/**
 * Times every rung: once to compile its programs, then as often as fits into a tenth of a second.
 *
 * @param now - A clock in milliseconds.
 */
export function climb(a: Tensor, b: Tensor, now: () => number): readonly Step[] {
  return noGrad(() => {
    const want = Array.from(a.matmul(b).readSync());
    return rungs.map(({ name, product }) => {
      const run = (): readonly number[] => scope(() => Array.from(product(a, b).readSync()));
      const got = run();
      const start = now();
      let count = 0;
      let elapsed = 0;
      while (elapsed < enough) {
        run();
        count++;
        elapsed = now() - start;
      }
      return { name, milliseconds: elapsed / count, difference: Math.max(...got.map((value, i) => Math.abs(value - want[i]!))) };
    });
  });
}

/** The steps as lines of text: each time, and how many times faster than the first rung. */
export function table(steps: readonly Step[]): string {
  const [first] = steps;
  const line = (cells: readonly string[]): string => [cells[0]!.padEnd(14), ...cells.slice(1).map((cell) => cell.padStart(14))].join("");
  return [
    line(["", "milliseconds", "times faster", "difference"]),
    ...steps.map(({ name, milliseconds, difference }) => line([name, milliseconds.toFixed(milliseconds < 1 ? 4 : 1), (first!.milliseconds / milliseconds).toFixed(milliseconds === first!.milliseconds ? 0 : 1), difference.toExponential(1)])),
  ].join("\n");
}
