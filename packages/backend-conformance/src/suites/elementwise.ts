import type { Backend, DType } from "@gradus/kernel-ir";
import { dtypeInfo, dtypes } from "@gradus/kernel-ir";
import type { ElementwiseOp, Operand, Shape } from "@gradus/tensor-core";
import { DTypeError, formulas, tensor, type Tensor } from "@gradus/tensor-core";
import * as elementwiseOps from "@gradus/tensor-core/elementwise-ops";
import { expect } from "vitest";
import type { ElementwiseCase } from "../cases/case.js";
import { elementwiseCases } from "../cases/elementwise.js";
import type { Margin } from "../compare.js";
import { expectElements, samples } from "../compare.js";
import { sample, stored } from "../sampling.js";
import type { Subject } from "../subject.js";

type Name = keyof typeof elementwiseOps;

const rows = 5;
const columns = 6;
const count = rows * columns;

/** An operand of shape `[5, 6]`, or that broadcasts to it, and its elements in row-major order of `[5, 6]`. */
interface Placed {
  readonly operand: Operand;
  readonly values: readonly number[];
}

/** Makes an operand from 30 numbers. */
type Place = (device: Backend, dtype: DType, values: readonly number[]) => Placed;

const made = (device: Backend, dtype: DType, values: readonly number[], shape: Shape): Tensor => tensor([...values], { dtype, device, shape });

/** Row-major `[5, 6]` numbers in the order of the transpose. */
const transposed = (values: readonly number[]): number[] => values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!);

/** Rows 1 to 5 and every second column from 3 on of a larger matrix, whose other elements are 1. */
const sliceOf = (base: Tensor): Tensor => base.narrow(0, 1, rows).slice(1, 3, 3 + 2 * columns, 2);
const sliceBase = [rows + 2, 2 * columns + 4] as const;
const embedded = (values: readonly number[]): number[] => {
  const base = new Array<number>(sliceBase[0] * sliceBase[1]).fill(1);
  values.forEach((value, i) => {
    base[(1 + Math.floor(i / columns)) * sliceBase[1] + 3 + 2 * (i % columns)] = value;
  });
  return base;
};

/** Where operands can lie. Each is a table of its own, so that a failure names the layout. */
const places = {
  contiguous: (device, dtype, values) => ({ operand: made(device, dtype, values, [rows, columns]), values }),
  permuted: (device, dtype, values) => ({ operand: made(device, dtype, transposed(values), [columns, rows]).t(), values }),
  sliced: (device, dtype, values) => ({ operand: sliceOf(made(device, dtype, embedded(values), sliceBase)), values }),
  "a row": (device, dtype, values) => ({ operand: made(device, dtype, values.slice(0, columns), [columns]), values: values.map((_, i) => values[i % columns]!) }),
  "a column": (device, dtype, values) => ({ operand: made(device, dtype, values.slice(0, rows), [rows, 1]), values: values.map((_, i) => values[Math.floor(i / columns)]!) }),
  expanded: (device, dtype, values) => ({ operand: made(device, dtype, values.slice(0, rows), [rows, 1]).expand(rows, columns), values: values.map((_, i) => values[Math.floor(i / columns)]!) }),
  "a scalar": (device, dtype, values) => ({ operand: made(device, dtype, values.slice(0, 1), []), values: values.map(() => values[0]!) }),
  number: (_, dtype, values) => ({ operand: dtype === "bool" ? values[0] !== 0 : values[0]!, values: values.map(() => values[0]!) }),
} as const satisfies Record<string, Place>;

/** Layouts by argument; one that is missing repeats the first. */
const combinations: readonly (readonly (keyof typeof places)[])[] = [
  ["contiguous"],
  ["permuted"],
  ["sliced"],
  ["expanded"],
  ["permuted", "contiguous", "sliced"],
  ["contiguous", "a row", "a column"],
  ["a column", "a row"],
  ["contiguous", "a scalar"],
  ["a scalar", "sliced"],
  ["contiguous", "number", "number"],
  ["sliced", "number", "contiguous"],
  ["contiguous", "contiguous", "number"],
];

/** Layouts do not depend on the element type nor the other way round, so that the other types need not try them all. */
const combinationsFor = (dtype: DType): typeof combinations => (dtype === "float32" ? combinations : [["contiguous"], ["sliced", "a row", "number"], ["expanded", "number", "permuted"]]);

/** Every elementwise op on every element type, layout and kind of value, against its reference in float64. */
export function elementwiseSuite(subject: Subject): void {
  for (const [name, op] of Object.entries(elementwiseOps) as [Name, ElementwiseOp][]) {
    const its: ElementwiseCase = elementwiseCases[name];
    for (const dtype of dtypes) {
      if (op.options.accepts?.includes(dtypeInfo[dtype].kind) === false) {
        subject.test(`${name} refuses ${dtype}`, [dtype], () => {
          const x = made(subject.device, dtype, [1], [1]);
          expect(() => formulas.apply(op, Array.from({ length: op.arity }, () => x))).toThrow(DTypeError);
        });
        continue;
      }
      // One op gives float64 whatever it is given.
      const about: readonly DType[] = op.options.type === "float64" ? [dtype, "float64"] : [dtype];
      subject.test(`${name} of ${dtype}`, about, async () => {
        for (const layouts of combinationsFor(dtype)) {
          // Cut to the op's arity, a longer combination is one of the shorter ones.
          if (dtype === "float32" && layouts.length > op.arity) continue;
          await checkLayouts(subject, name, op, its, dtype, layouts.slice(0, op.arity));
        }
        await checkEmpty(subject, op, dtype);
        await checkInPlace(subject, name, op, its, dtype);
      });
      if (dtypeInfo[dtype].kind === "float") subject.test(`${name} of ${dtype}, special values`, about, () => checkSpecials(subject, name, op, its, dtype));
    }
  }
}

/** The type of an argument: conditions are bool. */
const typeOf = (op: ElementwiseOp, argument: number, dtype: DType): DType => (op.options.asIs?.includes(argument) === true ? "bool" : dtype);

const drawn = (op: ElementwiseOp, its: ElementwiseCase, dtype: DType, argument: number): number[] =>
  sample(typeOf(op, argument, dtype), its.domain[argument] ?? its.domain[0]!, count, argument);

function marginOf(subject: Subject, its: ElementwiseCase): Margin {
  const { ulps = 0, flushesSubnormals = false, fusesMultiplyAdd } = subject.tolerance;
  const fused = fusesMultiplyAdd === "everywhere" ? 1 : 0;
  return { ulps: (its.ulps ?? 1) + ulps, absolute: (its.absolute ?? 0) + fused, flushesSubnormals: flushesSubnormals || its.underflows === true };
}

async function checkLayouts(subject: Subject, name: Name, op: ElementwiseOp, its: ElementwiseCase, dtype: DType, layouts: readonly (keyof typeof places)[]): Promise<void> {
  const args = Array.from({ length: op.arity }, (_, i) => {
    const layout = layouts[i] ?? layouts[0]!;
    // A condition is a tensor, whatever the others are.
    return places[layout === "number" && op.options.asIs?.includes(i) === true ? "a scalar" : layout](subject.device, typeOf(op, i, dtype), drawn(op, its, dtype, i));
  });
  const result = formulas.apply(op, args.map(({ operand }) => operand));
  const all = layouts.every((layout) => layout === "a scalar" || layout === "number");
  expect(result.shape, `${name} of ${layouts.join(", ")}`).toEqual(all ? [] : [rows, columns]);
  const expected = Array.from({ length: count }, (_, i) => its.reference(...args.map(({ values }) => values[i]!)));
  await expectResult(subject, `${name}(${layouts.join(", ")})`, its, result, expected);
}

async function expectResult(subject: Subject, label: string, its: ElementwiseCase, result: Tensor, expected: readonly number[]): Promise<void> {
  const actual = Array.from(await result.read(), Number);
  expectElements(label, result.dtype, actual, [stored(result.dtype, expected)], marginOf(subject, its));
}

async function checkEmpty(subject: Subject, op: ElementwiseOp, dtype: DType): Promise<void> {
  const result = formulas.apply(op, Array.from({ length: op.arity }, (_, i) => made(subject.device, typeOf(op, i, dtype), [], [0, 3])));
  expect(result.shape).toEqual([0, 3]);
  expect(await result.read()).toHaveLength(0);
}

const rank = { bool: 0, int: 1, float: 2 } as const;

async function checkInPlace(subject: Subject, name: Name, op: ElementwiseOp, its: ElementwiseCase, dtype: DType): Promise<void> {
  if (op.options.asIs?.includes(0) === true) return;
  const { device } = subject;
  const values = Array.from({ length: op.arity }, (_, i) => drawn(op, its, dtype, i));
  const others = values.slice(1).map((each, i) => made(device, typeOf(op, i + 1, dtype), each, [rows, columns]));
  const probe = formulas.apply(op, [made(device, dtype, values[0]!, [rows, columns]), ...others]);
  const base = made(device, dtype, embedded(values[0]!), sliceBase);
  const target = sliceOf(base);
  if (rank[dtypeInfo[probe.dtype].kind] > rank[dtypeInfo[dtype].kind]) {
    expect(() => formulas.applyInPlace(op, [target, ...others]), `${name}_ of ${dtype}`).toThrow(DTypeError);
    return;
  }
  expect(formulas.applyInPlace(op, [target, ...others])).toBe(target);
  const expected = values[0]!.map((_, i) => its.reference(...values.map((each) => each[i]!)));
  // What lies around the slice stays.
  await expectResult(subject, `${name}_`, its, base, embedded(expected));
}

/** Values where formulas go wrong, in all combinations. */
async function checkSpecials(subject: Subject, name: Name, op: ElementwiseOp, its: ElementwiseCase, dtype: DType): Promise<void> {
  const isOpen = (value: number): boolean => subject.tolerance.comparesSubnormalsAsZeros === true && value !== 0 && Math.abs(value) < 2 ** -126;
  const all = stored(dtype, samples[dtype === "float64" ? "float64" : "float32"].map(Number)).filter((value) => !isOpen(value));
  const few = stored(dtype, [0, -0, 1, -2.5, Infinity, -Infinity, NaN]);
  const choices = op.arity === 1 ? all : op.arity === 2 ? all.filter((_, i) => i % 2 === 0 || i > 45) : few;
  const combined = Array.from({ length: op.arity }).reduce<number[][]>((points) => points.flatMap((point) => choices.map((value) => [...point, value])), [[]]);
  const run = (device: Backend, points: readonly (readonly number[])[]): Tensor =>
    formulas.apply(op, Array.from({ length: op.arity }, (_, i) => made(device, typeOf(op, i, dtype), points.map((point) => point[i]!), [points.length])));
  const result = run(subject.device, combined);
  const actual = Array.from(await result.read(), Number);

  const flush = (point: readonly number[]): number[] => point.map((value) => (Math.abs(value) < 2 ** -126 && value !== 0 ? value * 0 : value));
  const seen = subject.tolerance.flushesSubnormals === true ? [combined, combined.map(flush)] : [combined];
  const expectation = async (points: readonly (readonly number[])[]): Promise<readonly number[]> => {
    if (its.specials === false) return Array.from(await run(subject.oracle, points).read(), Number);
    // A condition counts as true when it is not zero, NaN included.
    return stored(result.dtype, points.map((point) => its.reference(...point)));
  };
  expectElements(name, result.dtype, actual, await Promise.all(seen.map(expectation)), marginOf(subject, its), (i) => `${name}(${combined[i]!.map((x) => (Object.is(x, -0) ? "-0" : String(x))).join(", ")})`);
}
