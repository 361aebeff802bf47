import type { Backend, DType } from "@gradus/kernel-ir";
import { describe } from "vitest";
import type { Tolerance } from "./compare.js";
import { Subject } from "./subject.js";
import { arithmeticSuite } from "./suites/arithmetic.js";
import { elementwiseSuite } from "./suites/elementwise.js";
import { memorySuite } from "./suites/memory.js";
import { opsSuite } from "./suites/ops.js";
import { programsSuite } from "./suites/programs.js";
import { randomProgramsSuite } from "./suites/random-programs.js";
import { trainingSuite } from "./suites/training.js";

/** A device that is to be tested. */
export interface BackendUnderTest {
  /** Heads the tests. */
  readonly name: string;
  /** Makes a new device. It is called once; the suite disposes what it gives. */
  readonly create: () => Backend | Promise<Backend>;
  /** How the device's arithmetic may differ from the interpreter's; not at all if absent. */
  readonly tolerance?: Tolerance;
  /** Element types that the device does not have: it has to refuse them, and no other test is about them. None if absent. */
  readonly lacks?: readonly DType[];
  /** Whether the device computes int64 in 32 bits. Tests then keep to values that fit. */
  readonly narrowInt64?: boolean;
}

/**
 * The tests that every device has to pass: the contract of `Backend`, all of its arithmetic, every kind of program, and every op of
 * tensor-core on every element type and layout. What it cannot do it declares, and
 * has to refuse: no test is skipped.
 *
 * A backend's own test file needs no more than this:
 *
 * ```ts no-run
 * import { describeBackend } from "@gradus/backend-conformance";
 * import { interpreter } from "@gradus/kernel-ir/interpreter";
 *
 * describeBackend({ name: "interpreter", create: () => interpreter() });
 * ```
 */
export function describeBackend({ name, create, ...declared }: BackendUnderTest): void {
  describe(name, () => {
    const subject = new Subject(create, declared);
    describe("memory and order", () => memorySuite(subject));
    describe("arithmetic", () => arithmeticSuite(subject));
    describe("programs", () => programsSuite(subject));
    describe("random programs", () => randomProgramsSuite(subject));
    describe("elementwise ops", () => elementwiseSuite(subject));
    describe("other ops", () => opsSuite(subject));
    describe("training", () => trainingSuite(subject));
  });
}
