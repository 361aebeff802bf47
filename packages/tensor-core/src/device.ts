import type { Backend, Executable, Program } from "@gradus/kernel-ir";
import { equalPrograms, hashProgram } from "@gradus/kernel-ir";
import { DeviceError } from "./errors.js";
import type { MemoryStats } from "./memory.js";
import { DeviceMemory } from "./memory.js";

/** Programs that are kept ready. Beyond it all are forgotten and prepared again when asked for. */
const programLimit = 4096;

/** A backend with what tensors need around it: memory that reclaims itself, and programs made ready once. */
export class Device {
  readonly name: string;
  readonly memory: DeviceMemory;
  #byHash = new Map<number, Executable[]>();
  #programs = 0;
  /** Rises whenever the programs are forgotten, so that caches above this one know. */
  generation = 0;

  constructor(readonly backend: Backend) {
    this.name = backend.name;
    this.memory = new DeviceMemory(this, backend);
  }

  /** The executable of a program: the one at hand for an equal program, else a new one. */
  executable(program: Program): Executable {
    const hash = hashProgram(program);
    const known = this.#byHash.get(hash)?.find((executable) => equalPrograms(executable.program, program));
    if (known !== undefined) return known;
    if (this.#programs >= programLimit) {
      this.#byHash.clear();
      this.#programs = 0;
      this.generation++;
    }
    const made = this.backend.prepare(program);
    const bucket = this.#byHash.get(hash);
    if (bucket === undefined) this.#byHash.set(hash, [made]);
    else bucket.push(made);
    this.#programs++;
    return made;
  }

  toString(): string {
    return this.name;
  }

  memoryStats(): MemoryStats {
    const { bytesReserved, prepared, dispatches } = this.backend.stats();
    const { storages, bytes, peakBytes, collections } = this.memory;
    return { storages, bytes, peakBytes, reservedBytes: bytesReserved, programs: this.#programs, prepared, dispatches, collections };
  }
}

/** What can be named as a device: the backend itself will do. */
export type DeviceLike = Device | Backend;

const byBackend = /* @__PURE__ */ new WeakMap<Backend, Device>();
const made = /* @__PURE__ */ new Set<WeakRef<Device>>();

/** All devices that tensors have lived on and that still exist: for `memoryStats` of each. */
export function devices(): Device[] {
  return Array.from(made, (reference) => reference.deref()).filter((device) => device !== undefined);
}

/** The device of a backend; the same one each time. */
export function deviceOf(like: DeviceLike): Device {
  if (like instanceof Device) return like;
  let device = byBackend.get(like);
  if (device === undefined) {
    device = new Device(like);
    byBackend.set(like, device);
    for (const reference of made) if (reference.deref() === undefined) made.delete(reference);
    made.add(new WeakRef(device));
  }
  return device;
}

let defaultDevice: DeviceLike | (() => DeviceLike) | null = null;

/**
 * Sets the device that new tensors live on. A function is called when the first tensor is made.
 *
 * @param device - A backend such as `cpu()`, a device, or a function that returns one; null leaves none.
 * @see torch.set_default_device
 */
export function setDefaultDevice(device: DeviceLike | (() => DeviceLike) | null): void {
  defaultDevice = device;
}

/**
 * The device that new tensors live on.
 *
 * @throws {DeviceError} if none was set.
 * @see torch.get_default_device
 */
export function getDefaultDevice(): Device {
  if (typeof defaultDevice === "function") defaultDevice = defaultDevice();
  if (defaultDevice === null) {
    throw new DeviceError("device: expected a default device, none is set; call setDefaultDevice(cpu()) with cpu from @gradus/backend-cpu, or import gradus");
  }
  return deviceOf(defaultDevice);
}

/**
 * Sets how many threads the default device uses for one op. Results do not depend on it.
 *
 * @param count - From 1 on. Devices that have no choice stay as they are.
 * @see torch.set_num_threads
 */
export function setNumThreads(count: number): void {
  if (!Number.isInteger(count) || count < 1) throw new RangeError(`setNumThreads: expected a whole number of threads from 1 on, got ${String(count)}`);
  getDefaultDevice().backend.setNumThreads?.(count);
}

/**
 * How many threads the default device uses for one op.
 *
 * @see torch.get_num_threads
 */
export function getNumThreads(): number {
  return getDefaultDevice().backend.numThreads ?? 1;
}

/** Runs `body` with another default device. Synchronous: a mode cannot follow `await`. */
export function withDefaultDevice<R>(device: DeviceLike, body: () => R): R {
  const before = defaultDevice;
  defaultDevice = device;
  try {
    return synchronous("withDefaultDevice", body());
  } finally {
    defaultDevice = before;
  }
}

/** Refuses a promise from the callback of an ambient mode, which would have ended before the promise's work began. */
export function synchronous<R>(op: string, result: R): R {
  if (typeof result === "object" && result !== null && "then" in result && typeof result.then === "function") {
    throw new DeviceError(`${op}: expected a synchronous callback, got a promise; await outside and wrap only the synchronous part`);
  }
  return result;
}
