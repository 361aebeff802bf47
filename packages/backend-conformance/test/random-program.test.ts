import type { Program } from "@gradus/kernel-ir";
import { dtypeInfo, dtypes, equalPrograms, expressionsOf, GuardError, lowerProgram, topological, validateProgram } from "@gradus/kernel-ir";
import { elements, run } from "@gradus/kernel-ir/interpreter";
import { describe, expect, it } from "vitest";
import type { RandomProgram, RandomProgramOptions } from "../src/random-program.js";
import { randomProgram } from "../src/random-program.js";

const seeds = (count: number): number[] => Array.from({ length: count }, (_, seed) => seed);
const many = seeds(300);

/** The buffers after the program, or what it threw. The interpreter refuses any access outside of a buffer. */
function outcome({ program, buffers, scalars }: RandomProgram): readonly DataView[] | GuardError {
  const bound = buffers.map(({ dtype, bytes }) => ({
    dtype,
    view: new DataView(bytes.slice().buffer),
    length: bytes.length / dtypeInfo[dtype].byteLength,
  }));
  try {
    run(lowerProgram(program), bound, scalars);
  } catch (error) {
    if (error instanceof GuardError) return error;
    throw error;
  }
  return bound.map(({ view }) => view);
}

describe("randomProgram", () => {
  it.each<RandomProgramOptions>([
    { arithmetic: "ieee" },
    { arithmetic: "exact" },
    { arithmetic: "exact", dtypes: ["float32", "int32", "uint8", "bool"], buffers: 4 },
  ])("makes well-formed programs that stay inside their buffers: %o", (options) => {
    for (const seed of seeds(150)) {
      const random = randomProgram(seed, options);
      validateProgram(random.program);
      expect(random.buffers.map(({ dtype }) => dtype)).toEqual(random.program.params.map(({ dtype }) => dtype));
      expect(random.scalars).toHaveLength(random.program.scalars.length);
      expect(random.buffers.length).toBeLessThanOrEqual(options.buffers ?? 8);
      for (const { dtype } of random.buffers) expect(options.dtypes ?? dtypes).toContain(dtype);
      outcome(random);
    }
  });

  it("is the same for the same seed", () => {
    for (const seed of seeds(40)) {
      const [a, b] = [randomProgram(seed), randomProgram(seed)];
      expect(equalPrograms(a.program, b.program)).toBe(true);
      expect(a.buffers.map(({ bytes }) => String(bytes))).toEqual(b.buffers.map(({ bytes }) => String(bytes)));
      expect(a.scalars).toEqual(b.scalars);
    }
  });

  it("covers what programs can be", () => {
    const programs = many.map((seed) => randomProgram(seed).program);
    const some = (holds: (program: Program) => boolean): boolean => programs.some(holds);
    for (const kind of ["kernel", "contraction", "scan", "scatter", "sort"]) expect(some((p) => p.kind === kind)).toBe(true);
    const ops = new Set(programs.flatMap((program) => topological(expressionsOf(program)).map((expr) => expr.op)));
    for (const op of ["load", "select", "cast", "element", "left", "right", "result", "exp", "pow", "ushr", "rem"]) expect(ops).toContain(op);
    const stored = new Set(programs.flatMap((program) => program.params.filter(({ access }) => access !== "in").map(({ dtype }) => dtype)));
    expect([...stored].sort()).toEqual([...dtypes].sort());

    expect(some((p) => p.kind === "kernel" && p.reductions.length === 2 && p.stores.length > 1)).toBe(true);
    expect(some((p) => p.kind === "kernel" && p.reductions.some((r) => r.lanes === 16 && r.lift.length === 3))).toBe(true);
    expect(some((p) => p.kind === "contraction" && p.left.coordinates.some((c) => c.terms.length === 2 && c.extent !== null))).toBe(true);
    expect(some((p) => p.kind === "contraction" && p.right.prologue !== null)).toBe(true);
    expect(some((p) => p.kind === "scatter" && p.target.combine !== null && p.target.when !== null)).toBe(true);
    expect(some((p) => p.guards.length > 0)).toBe(true);
    expect(some((p) => p.params.some(({ access }) => access === "inout"))).toBe(true);
  });

  it("mostly runs to an end, and sometimes meets a guard that fails", () => {
    const failed = many.filter((seed) => outcome(randomProgram(seed)) instanceof GuardError).length;
    expect(failed).toBeGreaterThan(0);
    expect(failed).toBeLessThan(many.length / 10);
  });

  it("keeps exact programs exact: every float that is written is an integer", () => {
    for (const seed of many) {
      const random = randomProgram(seed, { arithmetic: "exact" });
      const views = outcome(random);
      if (views instanceof GuardError) continue;
      random.buffers.forEach(({ dtype, bytes }, i) => {
        if (dtype !== "float32" && dtype !== "float64") return;
        const view = views[i];
        if (view === undefined) throw new Error("internal: a buffer was lost");
        for (let byte = 0; byte < bytes.length; byte += dtypeInfo[dtype].byteLength) {
          const value = elements[dtype].get(view, byte);
          // The largest of no numbers is −Infinity.
          const exact = Number.isInteger(value) ? Math.abs(value) < 2 ** 24 : Math.abs(value) === Infinity;
          if (!exact) throw new Error(`seed ${String(seed)} wrote ${String(value)}`);
        }
      });
    }
  });
});
