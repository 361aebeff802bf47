import type { Backend, BufferHandle } from "../backend.js";
import { DeviceLostError, DeviceMemoryError, GuardError } from "../backend.js";
import type { DType } from "../dtype.js";
import { delegate } from "./delegate.js";

/** Frees that may be under way before the oldest is carried out. */
const mostDelayed = 16;

interface Memory extends BufferHandle {
  readonly dtype: DType;
  readonly inner: BufferHandle;
}

/** A turn of the event loop, which resolved promises do not give. */
const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/**
 * A device that answers late, over one that answers at once. It keeps the contract of `Backend` and nothing beyond:
 *
 * - there is no `readSync`, and a read resolves in a later turn of the event loop, with the bytes of its call;
 * - a guard that does not hold is told by the next read or `sync`, not by the dispatch;
 * - new memory is full of NaN, and freed memory too before it goes back, some frees later;
 * - a buffer that was freed, or that stands for two parameters of a dispatch, is refused.
 *
 * A test that passes on it does not depend on a device being synchronous, on zeroed memory, or on luck after a free.
 *
 * @example
 * import { interpreter } from "@gradus/kernel-ir/interpreter";
 * import { asynchronous } from "@gradus/kernel-ir/testing";
 * const device = asynchronous(interpreter());
 * const buffer = device.alloc(4, "float32");
 * device.readSync; // undefined
 * await device.read(buffer); // Uint8Array(4) [255, 255, 255, 255]
 */
export function asynchronous(inner: Backend): Backend {
  const live = new Set<Memory>();
  const delayed: Memory[] = [];
  let [bytesInUse, peakBytes] = [0, 0];
  let guardFailure: GuardError | null = null;
  let disposed = false;

  const alive = (op: string): void => {
    if (disposed) throw new DeviceLostError(`${op}: expected a live device, ${inner.name} was disposed; make a new one`);
  };
  const open = (op: string, buffer: BufferHandle): Memory => {
    alive(op);
    const memory = buffer as Memory;
    if (!live.has(memory)) throw new Error(`internal: ${op} of a buffer that was freed, or of another device`);
    return memory;
  };
  /** Bytes of all ones are NaN in every floating type, −1 in the signed ones, and no valid index. */
  const poison = (buffer: BufferHandle): void => inner.write(buffer, 0, new Uint8Array(buffer.byteLength).fill(0xff));
  const freeDelayed = (spare: number): void => {
    for (const memory of delayed.splice(0, Math.max(0, delayed.length - spare))) inner.free(memory.inner);
  };
  const allocate = (byteLength: number, dtype: DType): BufferHandle => {
    try {
      return inner.alloc(byteLength, dtype);
    } catch (error) {
      if (!(error instanceof DeviceMemoryError) || delayed.length === 0) throw error;
      freeDelayed(0);
      return inner.alloc(byteLength, dtype);
    }
  };
  /** What `work` gives, in a later turn, unless a guard failed before the call and nobody has been told. */
  const answer = async <T>(work: Promise<T>): Promise<T> => {
    const failure = guardFailure;
    guardFailure = null;
    const result = await work;
    await later();
    if (failure !== null) throw failure;
    return result;
  };

  return {
    ...delegate(inner),
    alloc(byteLength, dtype) {
      alive("alloc");
      const memory: Memory = { byteLength, dtype, inner: allocate(byteLength, dtype) };
      poison(memory.inner);
      live.add(memory);
      bytesInUse += byteLength;
      peakBytes = Math.max(peakBytes, bytesInUse);
      return memory;
    },
    free(buffer) {
      const memory = open("free", buffer);
      live.delete(memory);
      bytesInUse -= memory.byteLength;
      poison(memory.inner);
      delayed.push(memory);
      freeDelayed(mostDelayed);
    },
    write(buffer, byteOffset, bytes) {
      inner.write(open("write", buffer).inner, byteOffset, bytes);
    },
    read: async (buffer, byteOffset, byteLength) => answer(inner.read(open("read", buffer).inner, byteOffset, byteLength)),
    prepare(program) {
      alive("prepare");
      return inner.prepare(program);
    },
    dispatch(executable, buffers, scalars) {
      const { program } = executable;
      if (new Set(buffers).size !== buffers.length) throw new Error(`internal: ${program.name} was given one buffer for two parameters`);
      const opened = buffers.map((buffer, i) => {
        const memory = open("dispatch", buffer);
        const declared = program.params[i]?.dtype;
        if (declared !== memory.dtype) throw new Error(`internal: parameter ${i} of ${program.name} is ${declared ?? "not declared"}, got a buffer of ${memory.dtype}`);
        return memory.inner;
      });
      try {
        inner.dispatch(executable, opened, scalars);
      } catch (error) {
        if (!(error instanceof GuardError)) throw error;
        guardFailure ??= error;
      }
    },
    sync: async () => {
      alive("sync");
      freeDelayed(0);
      await answer(inner.sync());
    },
    stats: () => ({ ...inner.stats(), buffers: live.size, bytesInUse, peakBytes }),
    dispose() {
      if (!disposed) freeDelayed(0);
      disposed = true;
      inner.dispose();
    },
  };
}
