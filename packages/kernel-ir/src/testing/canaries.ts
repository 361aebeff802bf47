import type { Backend, BufferHandle } from "../backend.js";
import type { DType } from "../dtype.js";
import { delegate, readingSync } from "./delegate.js";

/** Bytes behind each buffer that nobody may write. A multiple of every element's size. */
const canaryBytes = 64;

interface Memory extends BufferHandle {
  readonly dtype: DType;
  readonly inner: BufferHandle;
}

/**
 * What stands behind a buffer: values that every device stores and gives back as they are, also one that widens small
 * types, keeps int64 in 32 bits, or has its own idea of NaN.
 */
function canaryOf(dtype: DType): Uint8Array {
  const pattern: Partial<Record<DType, readonly number[]>> = { bool: [1, 0, 0, 1, 1, 0, 1, 0], int64: [0x5a, 0x5a, 0x5a, 0x5a, 0, 0, 0, 0] };
  const bytes = pattern[dtype] ?? [0xa5];
  return Uint8Array.from({ length: canaryBytes }, (_, i) => bytes[i % bytes.length]!);
}

/**
 * A device that notices writes behind the end of a buffer: each buffer is longer than asked for, and what stands in the
 * extra bytes is compared whenever the buffer is read or freed. Where the device cannot read at once, a free is told of by the
 * next read or `sync`.
 *
 * @example
 * import { interpreter } from "@gradus/kernel-ir/interpreter";
 * import { canaries } from "@gradus/kernel-ir/testing";
 * const device = canaries(interpreter());
 * const buffer = device.alloc(8, "float32");
 * device.write(buffer, 8, new Uint8Array(4)); // throws RangeError: internal: write outside of a buffer
 */
export function canaries(inner: Backend): Backend {
  const live = new Set<Memory>();
  let [bytesInUse, peakBytes] = [0, 0];
  /** Comparisons that still wait for the device. */
  let pending: Promise<void>[] = [];

  const open = (op: string, buffer: BufferHandle): Memory => {
    const memory = buffer as Memory;
    if (!live.has(memory)) throw new Error(`internal: ${op} of a buffer that was freed, or of another device`);
    return memory;
  };
  const compare = ({ byteLength, dtype }: Memory, found: Uint8Array): void => {
    const expected = canaryOf(dtype);
    const at = expected.findIndex((byte, i) => byte !== found[i]);
    if (at !== -1) throw new RangeError(`internal: a program wrote behind the end of a ${dtype} buffer of ${byteLength} bytes, at byte ${byteLength + at}`);
  };
  const check = (memory: Memory): void => {
    const { byteLength, inner: buffer } = memory;
    if (inner.readSync !== undefined) {
      compare(memory, inner.readSync(buffer, byteLength, canaryBytes));
      return;
    }
    const checked = inner.read(buffer, byteLength, canaryBytes).then((found) => compare(memory, found));
    // It is told by the next read or sync; until then a rejection is nobody's.
    checked.catch(() => undefined);
    pending.push(checked);
  };
  const settle = async (): Promise<void> => {
    const checks = pending;
    pending = [];
    await Promise.all(checks);
  };
  const rangeOf = (op: string, { byteLength }: Memory, byteOffset: number, length: number): void => {
    if (byteOffset < 0 || length < 0 || byteOffset + length > byteLength) throw new RangeError(`internal: ${op} outside of a buffer`);
  };

  return {
    ...delegate(inner),
    limits: { ...inner.limits, bytesPerBuffer: inner.limits.bytesPerBuffer - canaryBytes },
    alloc(byteLength, dtype) {
      const buffer = inner.alloc(byteLength + canaryBytes, dtype);
      inner.write(buffer, byteLength, canaryOf(dtype));
      const memory: Memory = { byteLength, dtype, inner: buffer };
      live.add(memory);
      bytesInUse += byteLength;
      peakBytes = Math.max(peakBytes, bytesInUse);
      return memory;
    },
    free(buffer) {
      const memory = open("free", buffer);
      live.delete(memory);
      bytesInUse -= memory.byteLength;
      try {
        check(memory);
      } finally {
        inner.free(memory.inner);
      }
    },
    write(buffer, byteOffset, bytes) {
      const memory = open("write", buffer);
      rangeOf("write", memory, byteOffset, bytes.length);
      inner.write(memory.inner, byteOffset, bytes);
    },
    read: async (buffer, byteOffset = 0, byteLength = buffer.byteLength - byteOffset) => {
      const memory = open("read", buffer);
      rangeOf("read", memory, byteOffset, byteLength);
      check(memory);
      const [bytes] = await Promise.all([inner.read(memory.inner, byteOffset, byteLength), settle()]);
      return bytes;
    },
    ...readingSync(inner, (readSync) => (buffer, byteOffset = 0, byteLength = buffer.byteLength - byteOffset) => {
      const memory = open("read", buffer);
      rangeOf("read", memory, byteOffset, byteLength);
      check(memory);
      return readSync(memory.inner, byteOffset, byteLength);
    }),
    dispatch(executable, buffers, scalars) {
      inner.dispatch(executable, buffers.map((buffer) => open("dispatch", buffer).inner), scalars);
    },
    sync: async () => {
      await Promise.all([inner.sync(), settle()]);
    },
    stats: () => ({ ...inner.stats(), buffers: live.size, bytesInUse, peakBytes }),
  };
}
