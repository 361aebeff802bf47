import { randomProgram } from "@gradus/backend-conformance";
import type { Backend, DType } from "@gradus/kernel-ir";
import { GuardError, printProgram } from "@gradus/kernel-ir";
import { interpreter } from "@gradus/kernel-ir/interpreter";
import { expect } from "vitest";
import { elementsOf } from "./compare.js";

type Random = ReturnType<typeof randomProgram>;

/** Every buffer after the program, or the message of the guard that failed. */
async function outcome(device: Backend, { program, buffers, scalars }: Random): Promise<unknown> {
  const handles = buffers.map(({ dtype, bytes }) => {
    const handle = device.alloc(bytes.length, dtype);
    device.write(handle, 0, bytes);
    return handle;
  });
  try {
    device.dispatch(device.prepare(program), handles, scalars);
    const results = await Promise.all(handles.map((handle) => device.read(handle)));
    return results.map((bytes, i) => elementsOf(buffers[i]?.dtype ?? "float32", bytes));
  } catch (error) {
    if (error instanceof GuardError) return error.message;
    throw error;
  } finally {
    for (const handle of handles) device.free(handle);
  }
}

/** Runs random programs of exact arithmetic, in which every right device agrees bit for bit, signs of zeros included. */
export async function expectRandomAgreement(device: Backend, first: number, last: number): Promise<void> {
  const dtypes = Object.keys(device.limits.dtypes) as DType[];
  for (let seed = first; seed <= last; seed++) {
    const random = randomProgram(seed, { dtypes, buffers: device.limits.buffersPerProgram, arithmetic: "exact" });
    const expected = await outcome(interpreter(), random);
    expect(await outcome(device, random), `seed ${seed}\n${printProgram(random.program)}`).toEqual(expected);
  }
}
