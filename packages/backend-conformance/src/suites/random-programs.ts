import { dtypes, GuardError, printProgram } from "@gradus/kernel-ir";
import { expect, it } from "vitest";
import { decode, expectElements } from "../compare.js";
import type { RandomProgramOptions } from "../random-program.js";
import { randomProgram } from "../random-program.js";
import { runOn } from "../run.js";
import type { Subject } from "../subject.js";

/** Programs at random, of every kind, whose results must be the interpreter's. */
export function randomProgramsSuite(subject: Subject): void {
  const blocks = 6;
  const each = 20;

  const compare = async (seed: number, options: RandomProgramOptions): Promise<void> => {
    const { limits } = subject.device;
    const held = dtypes.filter((dtype) => subject.supports(dtype));
    const random = randomProgram(seed, { ...options, dtypes: held, buffers: Math.min(8, limits.buffersPerProgram) });
    const { program, scalars } = random;
    if (options.arithmetic === "ieee" && program.kind === "contraction" && subject.tolerance.fusesMultiplyAdd !== undefined) return;
    const run = { program, scalars, buffers: random.buffers.map(({ dtype, bytes }) => decode(dtype, bytes)) };
    const [expected, actual] = [await runOn(subject.oracle, run), await runOn(subject.device, run)];
    const name = `seed ${seed}: ${printProgram(program)}\n`;
    if (expected instanceof GuardError || actual instanceof GuardError) {
      expect(actual instanceof GuardError ? actual.message : "no error", name).toBe(expected instanceof GuardError ? expected.message : "no error");
      return;
    }
    program.params.forEach(({ dtype }, i) => expectElements(`${name}parameter ${i}`, dtype, actual[i]!, [expected[i]!]));
  };

  for (let block = 0; block < blocks; block++) {
    const seeds = Array.from({ length: each }, (_, i) => block * each + i);
    it(`exact arithmetic, seeds ${seeds[0]!} to ${seeds.at(-1)!}`, async () => {
      for (const seed of seeds) await compare(seed, { arithmetic: "exact" });
    });
    // Only where nothing may be rounded in a way of its own.
    const { ulps, flushesSubnormals, fusesMultiplyAdd } = subject.tolerance;
    if (ulps !== undefined || flushesSubnormals === true || fusesMultiplyAdd === "everywhere" || !subject.hasWideIntegers) continue;
    it(`any values, seeds ${seeds[0]!} to ${seeds.at(-1)!}`, async () => {
      for (const seed of seeds) await compare(seed, { arithmetic: "ieee" });
    });
  }
}
