import type { Backend, BackendStats, BufferHandle, Executable, LostInfo } from "../backend.js";
import { DeviceLostError, DeviceMemoryError } from "../backend.js";
import { dtypeInfo, dtypes } from "../dtype.js";
import { lowerProgram } from "../math/lower.js";
import type { Program } from "../program.js";
import { validateProgram } from "../validate.js";
import type { PaddingTerms } from "./run.js";
import { run } from "./run.js";

export interface InterpreterOptions {
  readonly name?: string;
  /** Bytes after which allocation fails. */
  readonly capacity?: number;
  /** What becomes of terms with a zero of padding: `multiplied` (the default) or `left out`. A device may do either at each of them. */
  readonly paddingTerms?: PaddingTerms;
}

/** Indices are int32, so that a buffer can have this many elements, and of one byte each no more bytes. */
const bytesPerBuffer = 2 ** 31 - 1;

interface Prepared extends Executable {
  /** What is run: the same functions in the same steps as on other devices. */
  readonly lowered: Program;
}

interface Memory extends BufferHandle {
  bytes: Uint8Array<ArrayBuffer> | null;
}

/**
 * A device that interprets programs.
 *
 * @example
 * import { interpreter } from "@gradus/kernel-ir/interpreter";
 *
 * const device = interpreter();
 * const buffer = device.alloc(8, "float32");
 * device.write(buffer, 0, new Uint8Array(new Float32Array([1, 2]).buffer));
 * device.stats().bytesInUse; // 8
 */
export function interpreter(options: InterpreterOptions = {}): Backend {
  const name = options.name ?? "interpreter";
  const capacity = options.capacity ?? Infinity;
  const live = new Set<Memory>();
  let [bytesInUse, peakBytes, prepared, dispatches] = [0, 0, 0, 0];
  let disposed = false;

  const stats = (): BackendStats => ({ buffers: live.size, bytesInUse, peakBytes, bytesReserved: bytesInUse, prepared, dispatches });
  const alive = (op: string): void => {
    if (disposed) throw new DeviceLostError(`${op}: expected a live device, ${name} was disposed; make a new one`);
  };
  const open = (op: string, buffer: BufferHandle): Uint8Array<ArrayBuffer> => {
    alive(op);
    const { bytes } = buffer as Memory;
    if (bytes === null || !live.has(buffer as Memory)) throw new Error(`internal: ${op} of a buffer that was freed`);
    return bytes;
  };

  const readSync = (buffer: BufferHandle, byteOffset = 0, byteLength = buffer.byteLength - byteOffset): Uint8Array => {
    const bytes = open("read", buffer);
    if (byteOffset < 0 || byteLength < 0 || byteOffset + byteLength > bytes.length) throw new RangeError("internal: read outside of a buffer");
    return bytes.slice(byteOffset, byteOffset + byteLength);
  };

  return {
    name,
    limits: {
      dtypes: Object.fromEntries(dtypes.map((d) => [d, { storageBytes: dtypeInfo[d].byteLength, compute: dtypeInfo[d].compute }])),
      buffersPerProgram: Infinity,
      bytesPerBuffer,
      ...(Number.isFinite(capacity) ? { totalBytes: capacity } : {}),
    },
    alloc(byteLength) {
      alive("alloc");
      if (byteLength > bytesPerBuffer || bytesInUse + byteLength > capacity) throw new DeviceMemoryError(name, byteLength, stats());
      const memory: Memory = { byteLength, bytes: new Uint8Array(byteLength) };
      live.add(memory);
      bytesInUse += byteLength;
      peakBytes = Math.max(peakBytes, bytesInUse);
      return memory;
    },
    free(buffer) {
      open("free", buffer);
      live.delete(buffer as Memory);
      (buffer as Memory).bytes = null;
      bytesInUse -= buffer.byteLength;
    },
    write(buffer, byteOffset, bytes) {
      const target = open("write", buffer);
      if (byteOffset < 0 || byteOffset + bytes.length > target.length) throw new RangeError("internal: write outside of a buffer");
      target.set(bytes, byteOffset);
    },
    readSync,
    // Async only in form; a failure rejects instead of throwing, as on a device.
    // eslint-disable-next-line @typescript-eslint/require-await
    read: async (buffer, byteOffset, byteLength) => readSync(buffer, byteOffset, byteLength),
    prepare(program: Program): Prepared {
      alive("prepare");
      validateProgram(program);
      prepared++;
      return { program, lowered: lowerProgram(program), ready: Promise.resolve() };
    },
    dispatch(executable, buffers, scalars) {
      alive("dispatch");
      const { program, lowered } = executable as Prepared;
      if (buffers.length !== program.params.length || scalars.length !== program.scalars.length) {
        throw new Error(`internal: ${program.name} takes ${String(program.params.length)} buffers and ${String(program.scalars.length)} scalars, got ${String(buffers.length)} and ${String(scalars.length)}`);
      }
      if (new Set(buffers).size !== buffers.length) throw new Error(`internal: ${program.name} was given one buffer for two parameters`);
      dispatches++;
      run(
        lowered,
        buffers.map((buffer, i) => {
          const bytes = open("dispatch", buffer);
          const dtype = program.params[i]?.dtype ?? "float32";
          return { dtype, view: new DataView(bytes.buffer), length: Math.floor(bytes.length / dtypeInfo[dtype].byteLength) };
        }),
        scalars,
        options.paddingTerms,
      );
    },
    sync: () => Promise.resolve(),
    stats,
    // Nothing takes this device away, so the promise stays pending.
    lost: new Promise<LostInfo>(() => undefined),
    dispose() {
      for (const memory of live) memory.bytes = null;
      live.clear();
      bytesInUse = 0;
      disposed = true;
    },
  };
}
