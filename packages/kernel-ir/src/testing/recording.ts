import type { Backend, BufferHandle, Executable, ScalarArguments } from "../backend.js";
import type { DType } from "../dtype.js";
import type { Program } from "../program.js";
import { delegate, readingSync } from "./delegate.js";

/** One call of a backend that changes or asks something. Bytes and scalars are copies; buffers and executables are the device's own. */
export type BackendEvent =
  | { readonly kind: "alloc"; readonly buffer: BufferHandle; readonly byteLength: number; readonly dtype: DType }
  | { readonly kind: "free"; readonly buffer: BufferHandle }
  | { readonly kind: "write"; readonly buffer: BufferHandle; readonly byteOffset: number; readonly bytes: Uint8Array }
  | { readonly kind: "read"; readonly buffer: BufferHandle; readonly byteOffset: number; readonly byteLength: number }
  | { readonly kind: "prepare"; readonly program: Program }
  | { readonly kind: "dispatch"; readonly executable: Executable; readonly buffers: readonly BufferHandle[]; readonly scalars: ScalarArguments };

export type EventKind = BackendEvent["kind"];

export interface RecordingBackend extends Backend {
  /** Every call that succeeded since the last `clear`. */
  readonly log: readonly BackendEvent[];
  /** How many of the log's events are of a kind. */
  count(kind: EventKind): number;
  /** Forgets the log. */
  clear(): void;
}

/**
 * A device that writes down what it is asked: for tests that count ("the second step prepares nothing"), and for `replay`.
 *
 * @example
 * import { interpreter } from "@gradus/kernel-ir/interpreter";
 * import { recording } from "@gradus/kernel-ir/testing";
 * const device = recording(interpreter());
 * device.free(device.alloc(4, "float32"));
 * device.log.map(({ kind }) => kind); // ["alloc", "free"]
 */
export function recording(inner: Backend): RecordingBackend {
  const log: BackendEvent[] = [];
  const logRead = (buffer: BufferHandle, byteOffset: number, byteLength: number): void => void log.push({ kind: "read", buffer, byteOffset, byteLength });
  return {
    ...delegate(inner),
    log,
    count: (kind) => log.filter((event) => event.kind === kind).length,
    clear() {
      log.length = 0;
    },
    alloc(byteLength, dtype) {
      const buffer = inner.alloc(byteLength, dtype);
      log.push({ kind: "alloc", buffer, byteLength, dtype });
      return buffer;
    },
    free(buffer) {
      inner.free(buffer);
      log.push({ kind: "free", buffer });
    },
    write(buffer, byteOffset, bytes) {
      inner.write(buffer, byteOffset, bytes);
      log.push({ kind: "write", buffer, byteOffset, bytes: bytes.slice() });
    },
    read(buffer, byteOffset = 0, byteLength = buffer.byteLength - byteOffset) {
      logRead(buffer, byteOffset, byteLength);
      return inner.read(buffer, byteOffset, byteLength);
    },
    ...readingSync(inner, (readSync) => (buffer, byteOffset = 0, byteLength = buffer.byteLength - byteOffset) => {
      logRead(buffer, byteOffset, byteLength);
      return readSync(buffer, byteOffset, byteLength);
    }),
    prepare(program) {
      const executable = inner.prepare(program);
      log.push({ kind: "prepare", program });
      return executable;
    },
    dispatch(executable, buffers, scalars) {
      inner.dispatch(executable, buffers, scalars);
      log.push({ kind: "dispatch", executable, buffers: [...buffers], scalars: [...scalars] });
    },
  };
}

export interface ReplayOptions {
  /** Other bytes for a recorded write: a new batch. */
  readonly bytes?: ReadonlyMap<BackendEvent, Uint8Array>;
  /** Other scalars for a recorded dispatch: a learning rate, a step count. */
  readonly scalars?: ReadonlyMap<BackendEvent, ScalarArguments>;
  /** Recorded buffers whose counterparts the caller gets, and frees. */
  readonly outputs?: readonly BufferHandle[];
}

/**
 * Does again what a stretch of a log did, without the code that did it.
 *
 * Buffers are mapped by definition and use. One that the stretch allocated gets a new one, which is freed where the stretch
 * freed it, or at the end. One from before the stretch is used as it is, and never freed: when garbage collection came does
 * not matter. Programs are not prepared again, and reads are left out: whoever wants a value names its buffer in `outputs`.
 *
 * @returns The counterparts of `outputs`, in their order.
 * @example
 * import { interpreter } from "@gradus/kernel-ir/interpreter";
 * import { recording, replay } from "@gradus/kernel-ir/testing";
 * const device = recording(interpreter());
 * const buffer = device.alloc(1, "uint8");
 * device.write(buffer, 0, Uint8Array.of(7));
 * const [again] = replay(device, [...device.log], { outputs: [buffer] });
 * await device.read(again!); // Uint8Array(1) [7]
 */
export function replay(backend: Backend, events: readonly BackendEvent[], options: ReplayOptions = {}): BufferHandle[] {
  const { bytes, scalars, outputs = [] } = options;
  const made = new Map<BufferHandle, BufferHandle>();
  const kept = new Set(outputs);
  const counterpart = (buffer: BufferHandle): BufferHandle => made.get(buffer) ?? buffer;
  const free = (buffer: BufferHandle): void => {
    const own = made.get(buffer);
    if (own === undefined || kept.has(buffer)) return;
    made.delete(buffer);
    backend.free(own);
  };
  const perform = (event: BackendEvent): void => {
    switch (event.kind) {
      case "alloc":
        made.set(event.buffer, backend.alloc(event.byteLength, event.dtype));
        return;
      case "free":
        free(event.buffer);
        return;
      case "write":
        backend.write(counterpart(event.buffer), event.byteOffset, bytes?.get(event) ?? event.bytes);
        return;
      case "dispatch":
        backend.dispatch(event.executable, event.buffers.map(counterpart), scalars?.get(event) ?? event.scalars);
        return;
      case "read":
      case "prepare":
        return;
    }
  };
  try {
    events.forEach(perform);
  } catch (error) {
    // Nobody will get the outputs.
    kept.clear();
    throw error;
  } finally {
    for (const buffer of [...made.keys()]) free(buffer);
  }
  return outputs.map(counterpart);
}
