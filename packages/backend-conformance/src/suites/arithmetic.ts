import type { AluOp, ComputeDType, DType } from "@gradus/kernel-ir";
import { aluOps, dtypeInfo, dtypes, GuardError, transcendentalOps } from "@gradus/kernel-ir";
import { computeTypes, elementwiseProgram, storedAs } from "../build.js";
import type { Elements, Margin } from "../compare.js";
import { decode, encode, expectElements, samples } from "../compare.js";
import type { Run } from "../run.js";
import { runOn } from "../run.js";
import type { Subject } from "../subject.js";

const kindOf: Record<ComputeDType, "float" | "int" | "bool"> = { float64: "float", float32: "float", int64: "int", int32: "int", bool: "bool" };
const takes: Record<(typeof aluOps)[AluOp]["takes"], readonly string[]> = {
  number: ["float", "int"],
  float: ["float"],
  int: ["int"],
  bits: ["int", "bool"],
  any: ["float", "int", "bool"],
};

/** Divisions and roots are where devices round on their own account; so is everything that is made of them. */
const inexact: readonly AluOp[] = ["div", "rem", "sqrt", ...transcendentalOps];

/** Subnormal numbers as zeros, as a device that flushes them sees its inputs. */
const flushed = (dtype: DType, values: Elements): Elements =>
  dtype === "float32" ? values.map((value) => (Math.abs(Number(value)) < 2 ** -126 && value !== 0 ? Number(value) * 0 : value)) : values;

/** Samples that a device can hold; where its int64 has 32 bits, such that results have no more. */
function samplesFor(subject: Subject, dtype: ComputeDType): Elements {
  if (dtype === "int64" && !subject.hasWideIntegers) return samples.int64.filter((value) => value >= 0n && value < 2n ** 15n);
  return samples[dtype];
}

/** Compares a program that works one element at a time with the interpreter, which also runs it on flushed inputs where the device may. */
async function expectLikeOracle(subject: Subject, { program, buffers, scalars }: Run, what: (i: number) => string, margin: Margin = {}): Promise<void> {
  const { flushesSubnormals = false } = subject.tolerance;
  const inputs = [buffers, ...(flushesSubnormals ? [buffers.map((values, i) => flushed(program.params[i]!.dtype, values))] : [])];
  const run = { program, ...(scalars === undefined ? {} : { scalars }) };
  const expected = await Promise.all(inputs.map((each) => runOn(subject.oracle, { ...run, buffers: each })));
  const actual = await runOn(subject.device, { ...run, buffers });
  if (actual instanceof GuardError) throw actual;
  program.params.forEach(({ dtype }, i) => {
    const accepted = expected.flatMap((each) => (each instanceof GuardError ? [] : [each[i]!]));
    expectElements(program.name, dtype, actual[i]!, accepted, { flushesSubnormals, ...margin }, what);
  });
}

/** Every scalar operation, conversion and element type on the values that go wrong first. */
export function arithmeticSuite(subject: Subject): void {
  const marginOf = (op: AluOp): Margin => (inexact.includes(op) && subject.tolerance.ulps !== undefined ? { ulps: subject.tolerance.ulps } : {});

  for (const op of Object.keys(aluOps) as AluOp[]) {
    for (const dtype of computeTypes) {
      if (!takes[aluOps[op].takes].includes(kindOf[dtype])) continue;
      const stored = storedAs[dtype];
      subject.test(`${op} of ${dtype}`, [stored], async () => {
        const values = samplesFor(subject, dtype);
        const narrow = dtype === "int64" && !subject.hasWideIntegers;
        // Shift counts are taken modulo the width, which is not 64 there.
        const seconds = narrow && aluOps[op].takes === "int" ? values.filter((value) => value < 8n) : values;
        const pairs = aluOps[op].arity === 1 ? values.map((a) => [a]) : values.flatMap((a) => seconds.map((b) => [a, b]));
        const result = aluOps[op].gives === "bool" ? "bool" : stored;
        const columns = Array.from({ length: aluOps[op].arity }, (_, i) => pairs.map((pair) => pair[i] ?? 0));
        const program = elementwiseProgram(op, columns.map(() => stored), result, pairs.length, (k, ...args) => k.alu(op, ...args));
        await expectLikeOracle(subject, { program, buffers: [...columns, pairs.map(() => 0)] }, (i) => `${op}(${pairs[i]!.join(", ")})`, marginOf(op));
      });
    }
  }

  conversions(subject);

  subject.test("the bits of float32 as int32 and back", ["float32", "int32"], async () => {
    const values = samples.float32.filter((value) => !Number.isNaN(value));
    const toBits = elementwiseProgram("bitcast", ["float32"], "int32", values.length, (k, x) => k.bitcast(x, "int32"));
    await expectLikeOracle(subject, { program: toBits, buffers: [values, values.map(() => 0)] }, (i) => String(values[i]));
    const patterns = samples.int32;
    const toFloat = elementwiseProgram("bitcast", ["int32"], "float32", patterns.length, (k, x) => k.bitcast(x, "float32"));
    await expectLikeOracle(subject, { program: toFloat, buffers: [patterns, patterns.map(() => 0)] }, (i) => String(patterns[i]));
  });

  subject.test("the bits of float64 as int64 and back", ["float64", "int64"], async () => {
    const values = samples.float64.filter((value) => !Number.isNaN(value));
    const program = elementwiseProgram("bitcast", ["float64"], "float64", values.length, (k, x) => {
      const bits = k.bitcast(x, "int64");
      return k.bitcast(k.xor(bits, k.const(-(2n ** 63n), "int64")), "float64");
    });
    await expectLikeOracle(subject, { program, buffers: [values, values.map(() => 0)] }, (i) => `-(${String(values[i])})`);
  });

  for (const dtype of computeTypes) {
    subject.test(`select between values of ${dtype}`, [storedAs[dtype], "bool"], async () => {
      const values = samplesFor(subject, dtype);
      const program = elementwiseProgram("select", ["bool", storedAs[dtype], storedAs[dtype]], storedAs[dtype], values.length, (k, c, a, b) => k.select(c, a, b));
      const condition = values.map((_, i) => i % 2);
      await expectLikeOracle(subject, { program, buffers: [condition, values, [...values].reverse(), values.map(() => 0)] }, (i) => `element ${i}`);
    });
  }

  subject.test("functions over the whole range of float32", ["float32"], async () => {
    // Every 2²⁰th float32, and its negative.
    const scratch = new DataView(new ArrayBuffer(4));
    const values = Array.from({ length: 2040 }, (_, i) => {
      scratch.setUint32(0, i * 2 ** 20 + 12345);
      return scratch.getFloat32(0) * (i % 2 === 0 ? 1 : -1);
    });
    for (const op of transcendentalOps) {
      if (op === "pow") continue;
      const program = elementwiseProgram(op, ["float32"], "float32", values.length, (k, ...args) => k.alu(op, ...args));
      await expectLikeOracle(subject, { program, buffers: [values, values.map(() => 0)] }, (i) => `${op}(${String(values[i])})`, marginOf(op));
    }
  });
}

/** A cast from each element type to each other: what a load widens, a cast converts and a store narrows. */
function conversions(subject: Subject): void {
  for (const from of dtypes) {
    subject.test(`conversions from ${from}`, [from], async () => {
      const values = samplesFor(subject, dtypeInfo[from].compute);
      for (const to of dtypes) {
        if (!subject.supports(to)) continue;
        // Where int64 has 32 bits, what does not fit (after it was rounded to float16, say) saturates elsewhere.
        const fits = (value: number | bigint): boolean => !(Math.abs(Number(decode(from, encode(from, [value]))[0])) >= 2 ** 31);
        const fitting = to === "int64" && !subject.hasWideIntegers ? values.filter(fits) : values;
        const { compute } = dtypeInfo[to];
        const program = elementwiseProgram(`${from} to ${to}`, [from], to, fitting.length, (k, x) => k.cast(x, compute));
        await expectLikeOracle(subject, { program, buffers: [fitting, fitting.map(() => 0)] }, (i) => String(fitting[i]));
      }
    });
  }
}
