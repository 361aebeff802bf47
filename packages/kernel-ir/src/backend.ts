import type { ComputeDType, DType } from "./dtype.js";
import type { Program } from "./program.js";

/** Device memory. Opaque to everyone but the backend that made it. */
export interface BufferHandle {
  readonly byteLength: number;
}

/** A program made ready for one device. */
export interface Executable {
  readonly program: Program;
  /** Settles when the device has compiled it. A dispatch need not wait for it; a compile error rejects it and surfaces at the next read. */
  readonly ready: Promise<void>;
}

/** One value per scalar of the program, in order. int64 takes a bigint or a safe integer; bool takes 0 or 1. */
export type ScalarArguments = readonly (number | bigint)[];

/** How a device keeps and computes an element type. */
export interface DTypeSupport {
  /** Bytes of one element on the device, which may differ from the host's. */
  readonly storageBytes: number;
  /** The arithmetic it is computed in: WebGPU computes int64 in int32. */
  readonly compute: ComputeDType;
}

export interface BackendLimits {
  /** Element types that the device can hold; one that is absent is refused with an error that names it. */
  readonly dtypes: Readonly<Partial<Record<DType, DTypeSupport>>>;
  /** Parameters of one program. */
  readonly buffersPerProgram: number;
  /** Bytes of one buffer, in host width. */
  readonly bytesPerBuffer: number;
  /** Bytes of all buffers together, where the device knows. */
  readonly totalBytes?: number;
}

export interface BackendStats {
  /** Buffers allocated and not yet freed. */
  readonly buffers: number;
  /** Bytes of those buffers as allocated. */
  readonly bytesInUse: number;
  /** The most that `bytesInUse` has been. */
  readonly peakBytes: number;
  /** Bytes taken from the system, pooled free ones included. */
  readonly bytesReserved: number;
  /** Programs prepared. */
  readonly prepared: number;
  /** Programs dispatched. */
  readonly dispatches: number;
}

export interface LostInfo {
  readonly reason: string;
}

/**
 * A device: a compiler for a few kinds of program, and memory. Everything acts in program order: write, read and free
 * see exactly the dispatches issued before them.
 */
export interface Backend {
  /** `"cpu"`, `"webgpu"`, …: what `tensor.device` and errors say. */
  readonly name: string;
  readonly limits: BackendLimits;
  /**
   * Memory for `byteLength` bytes in host width of elements of `dtype`; its contents are unspecified. Zero is allowed.
   * @throws {DeviceMemoryError} when the device has no room.
   */
  alloc(byteLength: number, dtype: DType): BufferHandle;
  free(buffer: BufferHandle): void;
  /** Copies host bytes in. They may be reused at once. */
  write(buffer: BufferHandle, byteOffset: number, bytes: Uint8Array): void;
  /** A copy of the bytes in host width as they are at the call; the caller owns it. */
  read(buffer: BufferHandle, byteOffset?: number, byteLength?: number): Promise<Uint8Array>;
  /** The same at once, where the device can. */
  readSync?(buffer: BufferHandle, byteOffset?: number, byteLength?: number): Uint8Array;
  /** Returns at once. */
  prepare(program: Program): Executable;
  /** @throws {GuardError} at once, where the device is synchronous, when a guard of the program does not hold. */
  dispatch(executable: Executable, buffers: readonly BufferHandle[], scalars: ScalarArguments): void;
  /** Resolves when everything issued so far is done; rejects with the first failure that no read has reported. */
  sync(): Promise<void>;
  /** Threads that one program may run on, where a device has a choice. Results do not depend on it. */
  readonly numThreads?: number;
  /** Changes their number, between dispatches; a host without threads stays at one. */
  setNumThreads?(count: number): void;
  stats(): BackendStats;
  /** Settles if the device goes away on its own; never after `dispose`. */
  readonly lost: Promise<LostInfo>;
  /** Frees everything. Later calls are errors. */
  dispose(): void;
}

/** Buffers in use that programs of one name have filled. */
export interface MemoryHolder {
  readonly op: string;
  readonly bytes: number;
  readonly buffers: number;
}

/** The device has no room. The request failed and nothing else changed. */
export class DeviceMemoryError extends Error {
  override readonly name = "DeviceMemoryError";
  constructor(
    readonly device: string,
    readonly requestedBytes: number,
    readonly stats: BackendStats,
    remedy = "free tensors with dispose() or scope(), or use smaller batches",
    /** Whose results fill the memory, the largest first, where a device knows. */
    readonly holders: readonly MemoryHolder[] = [],
  ) {
    const free = stats.bytesReserved - stats.bytesInUse;
    const left = free > 0 ? `, ${String(free)} more are reserved and free` : "";
    const named = holders.slice(0, 3).map(({ op, bytes, buffers }) => `${op} (${String(bytes)} bytes in ${String(buffers)})`);
    const most = named.length > 0 ? `, most of them results of ${named.join(", ")}` : "";
    super(
      `alloc: ${device} has no room for ${String(requestedBytes)} bytes, ${String(stats.bytesInUse)} bytes in ${String(stats.buffers)} buffers are in use${most}${left}; ${remedy}`,
    );
  }
}

/** A value broke a rule that only the data can break: a class index or an embedding id out of range. */
export class GuardError extends RangeError {
  override readonly name = "GuardError";
}

/** The device went away or was disposed. */
export class DeviceLostError extends Error {
  override readonly name = "DeviceLostError";
}

/** The program asks for something that this device cannot do. Thrown by `prepare`. */
export class UnsupportedError extends Error {
  override readonly name = "UnsupportedError";
}
