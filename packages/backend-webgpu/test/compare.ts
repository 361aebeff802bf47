import type { Backend, BufferHandle, DType, Program, ScalarArguments } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import { elements, interpreter } from "@gradus/kernel-ir/interpreter";
import { expect } from "vitest";

/** Elements of a buffer, in its own dtype. */
export type Elements = readonly (number | bigint)[];

export function bytesOf(dtype: DType, values: Elements): Uint8Array {
  const { byteLength } = dtypeInfo[dtype];
  const bytes = new Uint8Array(values.length * byteLength);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => elements[dtype].set(view, i * byteLength, value));
  return bytes;
}

export function elementsOf(dtype: DType, bytes: Uint8Array): Elements {
  const { byteLength } = dtypeInfo[dtype];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / byteLength }, (_, i) => elements[dtype].get(view, i * byteLength));
}

/** A program with what it runs on: the contents of every buffer before, those that it only writes included. */
export interface Run {
  readonly program: Program;
  readonly buffers: readonly Elements[];
  readonly scalars?: ScalarArguments;
}

function load(device: Backend, { program, buffers }: Run): BufferHandle[] {
  return program.params.map(({ dtype }, i) => {
    const bytes = bytesOf(dtype, buffers[i] ?? []);
    const buffer = device.alloc(bytes.length, dtype);
    device.write(buffer, 0, bytes);
    return buffer;
  });
}

/** The contents of every buffer after the program ran. */
export async function runOn(device: Backend, run: Run): Promise<Elements[]> {
  const buffers = load(device, run);
  device.dispatch(device.prepare(run.program), buffers, run.scalars ?? []);
  const results = buffers.map(async (buffer, i) => elementsOf(run.program.params[i]?.dtype ?? "float32", await device.read(buffer)));
  const all = await Promise.all(results);
  for (const buffer of buffers) device.free(buffer);
  return all;
}

const scratch = new DataView(new ArrayBuffer(4));

/** The position of a float32 among all float32 values. */
function ordinal(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getInt32(0);
  return bits < 0 ? -(bits & 0x7fffffff) : bits;
}

const subnormal = (value: number): boolean => Math.abs(value) < 2 ** -126;

/** How many float32 values `actual` is away from `expected`. WebGPU may take subnormals for zeros of any sign. */
function ulpsBetween(actual: number, expected: number): number {
  if (Number.isNaN(actual) && Number.isNaN(expected)) return 0;
  if (Number.isNaN(actual) || Number.isNaN(expected)) return Infinity;
  if (expected === 0 && actual === 0) return Object.is(expected, actual) ? 0 : Infinity;
  if (subnormal(actual) && subnormal(expected)) return 0;
  return Math.abs(ordinal(actual) - ordinal(expected));
}

/**
 * Runs a program on the device and on the interpreter and compares all buffers.
 *
 * @param ulps - By how many float32 values floats may differ; integers never may.
 */
export async function expectAgreement(device: Backend, run: Run, ulps = 0): Promise<Elements[]> {
  const expected = await runOn(interpreter(), run);
  const actual = await runOn(device, run);
  run.program.params.forEach(({ dtype }, i) => {
    const isFloat = dtypeInfo[dtype].kind === "float";
    const wrong = (expected[i] ?? []).flatMap((value, at) => {
      const got = actual[i]?.[at] ?? NaN;
      const agrees = isFloat ? ulpsBetween(Number(got), Number(value)) <= ulps : got === value;
      return agrees ? [] : [`element ${at}: expected ${String(value)}, got ${String(got)}`];
    });
    expect(wrong.slice(0, 5), `${run.program.name}, buffer ${i} (${dtype}), ${wrong.length} differ`).toEqual([]);
  });
  return actual;
}
