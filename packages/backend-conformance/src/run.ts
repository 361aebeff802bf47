import type { Backend, BufferHandle, DType, Program, ScalarArguments } from "@gradus/kernel-ir";
import { GuardError } from "@gradus/kernel-ir";
import type { Elements } from "./compare.js";
import { decode, encode } from "./compare.js";

/** A program and what to run it on. What an `out` parameter holds before must stay wherever the program does not write. */
export interface Run {
  readonly program: Program;
  /** The elements of every parameter. */
  readonly buffers: readonly Elements[];
  readonly scalars?: ScalarArguments;
}

/** A new buffer that holds the given elements. */
export function load(device: Backend, dtype: DType, values: Elements): BufferHandle {
  const bytes = encode(dtype, values);
  const buffer = device.alloc(bytes.length, dtype);
  device.write(buffer, 0, bytes);
  return buffer;
}

/** The elements of every buffer after the program ran, or the guard that failed. */
export async function runOn(device: Backend, { program, buffers, scalars = [] }: Run): Promise<readonly Elements[] | GuardError> {
  const handles = program.params.map(({ dtype }, i) => load(device, dtype, buffers[i] ?? []));
  try {
    device.dispatch(device.prepare(program), handles, scalars);
    const bytes = await Promise.allSettled(handles.map((handle) => device.read(handle)));
    // A device that answers late may tell of the guard at any of the reads that were under way.
    const failure = bytes.find((each) => each.status === "rejected");
    if (failure !== undefined) throw failure.reason;
    return program.params.map(({ dtype }, i) => decode(dtype, (bytes[i] as PromiseFulfilledResult<Uint8Array>).value));
  } catch (error) {
    if (error instanceof GuardError) return error;
    throw error;
  } finally {
    for (const handle of handles) device.free(handle);
  }
}
