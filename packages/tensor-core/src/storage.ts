import type { BufferHandle, DType } from "@gradus/kernel-ir";
import { isInferenceModeEnabled } from "./autograd/mode.js";
import type { Device } from "./device.js";
import type { Scope } from "./memory.js";

/** Counts writes, so that autograd notices a saved value that was overwritten. */
export interface Versioned {
  version: number;
}

/** Elements of one type on one device. Views and `detach()` share it; it is what the garbage collector watches. */
export class Storage implements Versioned {
  version = 0;
  /** What keeps this storage's buffer from being freed, and its place there. Owned by `DeviceMemory`. */
  keeper: unknown = null;
  slot = -1;
  /** Who frees it at its end; null leaves it to the garbage collector. */
  scope: Scope | null = null;
  /** A tensor's accumulated gradient, and nothing else that the library knows of. */
  isGradient = false;
  /** Gradients of a backward sweep in progress that stand in this storage. */
  holds = 0;
  /** Made in inference mode: no backward pass may use it. */
  readonly inference = isInferenceModeEnabled();

  constructor(
    readonly device: Device,
    readonly dtype: DType,
    /** Number of elements. */
    readonly length: number,
    readonly byteLength: number,
    /** Null once freed. */
    public buffer: BufferHandle | null,
  ) {}

  get isDisposed(): boolean {
    return this.buffer === null;
  }
}
