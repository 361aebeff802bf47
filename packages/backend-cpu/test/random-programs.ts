import { randomProgram } from "@gradus/backend-conformance";
import type { Backend } from "@gradus/kernel-ir";
import { GuardError, printProgram } from "@gradus/kernel-ir";
import { interpreter } from "@gradus/kernel-ir/interpreter";
import { expect } from "vitest";
import { cpu } from "../src/index.js";
import { decode, difference, runBytes } from "./compare.js";
import type { Data } from "./compare.js";

/** What a device makes of a program: the values of its buffers, or the guard that failed. */
type Outcome = { readonly values: readonly Data[] } | { readonly guard: string };

function outcome(device: Backend, { program, buffers, scalars }: ReturnType<typeof randomProgram>): Outcome {
  try {
    const bytes = runBytes(device, program, buffers.map((buffer) => buffer.bytes), scalars);
    return { values: bytes.map((b, i) => decode(buffers[i]?.dtype ?? "uint8", b)) };
  } catch (error) {
    if (error instanceof GuardError) return { guard: error.message };
    throw error;
  }
}

const oracle = interpreter();
/** A zero of padding times an infinite or missing number is NaN, or is left out: which of the two is up to a device. */
const withoutPadding = interpreter({ paddingTerms: "left out" });
const devices = [
  cpu({ checkBounds: true, relaxed: false, threads: 1 }),
  cpu({ relaxed: false, threads: 1 }),
  cpu({ relaxed: false, threads: 2, shareAll: true, checkBounds: true }),
];

/** Expects the same of random programs from this device as from the interpreter, bit for bit. */
export function expectSameOutcomes(firstSeed: number, count: number): void {
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const random = randomProgram(seed);
    const expected = outcome(oracle, random);
    const orElse = random.program.kind === "contraction" ? outcome(withoutPadding, random) : expected;
    for (const device of devices) {
      const got = outcome(device, random);
      if ("guard" in expected || "guard" in orElse || "guard" in got) expect({ seed, got }).toEqual({ seed, got: expected });
      else {
        const text = `seed ${String(seed)}\n${printProgram(random.program)}\nscalars ${random.scalars.join(", ")}`;
        expect(difference(random.program, got.values, expected.values, orElse.values), text).toBeNull();
      }
    }
  }
}
