import type { Backend, BufferHandle, DType, Executable, Program, ScalarArguments } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import { elements, interpreter } from "@gradus/kernel-ir/interpreter";
import { cpu } from "../src/index.js";

/** Values of one parameter. Of an `out` parameter they are what lies there before: a program must not touch more than it stores. */
export type Data = readonly (number | bigint)[];

/** The bytes of values, as elements of `dtype`. */
function encode(dtype: DType, data: Data): Uint8Array {
  const { byteLength } = dtypeInfo[dtype];
  const view = new DataView(new ArrayBuffer(data.length * byteLength));
  data.forEach((value, i) => {
    elements[dtype].set(view, i * byteLength, dtype === "int64" ? BigInt(value) : Number(value));
  });
  return new Uint8Array(view.buffer);
}

export function decode(dtype: DType, bytes: Uint8Array): (number | bigint)[] {
  const { byteLength } = dtypeInfo[dtype];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / byteLength }, (_, i) => elements[dtype].get(view, i * byteLength));
}

const canaryBytes = 64;

const executables = new WeakMap<Backend, WeakMap<Program, Executable>>();

/** Tests run one program on data of many sizes; it is prepared once. */
function prepareOnce(device: Backend, program: Program): Executable {
  const known = executables.get(device) ?? new WeakMap<Program, Executable>();
  executables.set(device, known);
  const executable = known.get(program) ?? device.prepare(program);
  known.set(program, executable);
  return executable;
}

/** Runs a program with a canary before and behind every buffer; gives what the buffers hold afterwards. */
export function runBytes(device: Backend, program: Program, data: readonly Uint8Array[], scalars: ScalarArguments): Uint8Array[] {
  const read = (buffer: BufferHandle): Uint8Array => {
    const bytes = device.readSync?.(buffer);
    if (bytes === undefined) throw new Error("the tests read synchronously");
    return bytes;
  };
  const allocated: BufferHandle[] = [];
  const allocate = (bytes: Uint8Array, dtype: DType): BufferHandle => {
    const made = device.alloc(bytes.length, dtype);
    allocated.push(made);
    device.write(made, 0, bytes);
    return made;
  };
  const canary = (): BufferHandle => allocate(new Uint8Array(canaryBytes).fill(0xa5), "uint8");
  try {
    const canaries = [canary()];
    const buffers = program.params.map(({ dtype }, i) => {
      const made = allocate(data[i] ?? new Uint8Array(0), dtype);
      canaries.push(canary());
      return made;
    });
    device.dispatch(prepareOnce(device, program), buffers, scalars);
    if (canaries.some((made) => read(made).some((byte) => byte !== 0xa5))) throw new Error(`${program.name} wrote outside of its buffers`);
    return buffers.map(read);
  } finally {
    for (const made of allocated) device.free(made);
  }
}

/** The same, with values. */
export function runOn(device: Backend, program: Program, data: readonly Data[], scalars: ScalarArguments): (number | bigint)[][] {
  const dtypeOf = (i: number): DType => program.params[i]?.dtype ?? "uint8";
  const bytes = runBytes(device, program, program.params.map(({ dtype }, i) => encode(dtype, data[i] ?? [])), scalars);
  return bytes.map((b, i) => decode(dtypeOf(i), b));
}

/**
 * Says where a result differs from what is expected; null where it is the same bit for bit (any NaN is as good as another).
 *
 * @param orElse - What each element may be as well.
 */
export function difference(program: Program, got: readonly Data[], expected: readonly Data[], orElse = expected): string | null {
  for (let p = 0; p < program.params.length; p++) {
    const [mine, oracle] = [got[p] ?? [], expected[p] ?? []];
    for (let i = 0; i < oracle.length; i++) {
      if (!Object.is(mine[i], oracle[i]) && !Object.is(mine[i], orElse[p]?.[i])) return `parameter ${String(p)}, element ${String(i)}: got ${String(mine[i])}, expected ${String(oracle[i])}`;
    }
  }
  return null;
}

const oracle = interpreter();
const devices = [
  cpu({ checkBounds: true, relaxed: false, threads: 1 }),
  cpu({ relaxed: false, threads: 1 }),
  cpu({ relaxed: false, threads: 3, shareAll: true }),
];

/** Compares a program's results with the interpreter's: with bounds checked, without, and with several threads. */
export function compareBytes(program: Program, data: readonly Uint8Array[], scalars: ScalarArguments = []): string | null {
  const run = (on: Backend): (number | bigint)[][] => runBytes(on, program, data, scalars).map((bytes, i) => decode(program.params[i]?.dtype ?? "uint8", bytes));
  const expected = run(oracle);
  return devices.reduce<string | null>((found, device) => found ?? difference(program, run(device), expected), null);
}

/** The same, with values. */
export function compare(program: Program, data: readonly Data[], scalars: ScalarArguments = []): string | null {
  return compareBytes(program, program.params.map(({ dtype }, i) => encode(dtype, data[i] ?? [])), scalars);
}

/** A repeatable sequence of numbers in [0, 1). */
export function sequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const specials: Readonly<Record<"float" | "int" | "bool", readonly number[]>> = {
  float: [0, -0, 1, -1, 0.5, -2.5, 1.5, NaN, Infinity, -Infinity, 1e-45, -1e-40, 3.4e38, 65504, 65519, 65520, 6e-8, 16777217, 2147483648, -2147483648, 1e10],
  int: [0, 1, -1, 2, 3, -7, 127, -128, 255, 32767, -32768, 2147483647, -2147483648],
  bool: [0, 1],
};

/** Numbers of a dtype, one in four of them special. */
export function randomData(dtype: DType, length: number, next: () => number): Data {
  const { kind } = dtypeInfo[dtype];
  const pick = specials[kind];
  return Array.from({ length }, () => {
    const special = next() < 0.25;
    const choice = pick[Math.floor(next() * pick.length)] ?? 0;
    const plain = kind === "bool" ? Math.round(next()) : kind === "int" ? Math.floor(next() * 200 - 100) : next() * 20 - 10;
    const value = special ? choice : plain;
    return dtype === "int64" ? BigInt(Math.trunc(value)) : value;
  });
}
