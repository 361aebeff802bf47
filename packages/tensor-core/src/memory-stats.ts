import type { DeviceLike } from "./device.js";
import { deviceOf, getDefaultDevice } from "./device.js";
import type { MemoryStats } from "./memory.js";

/**
 * What a device has in use: the default one unless another is given.
 *
 * @example
 * const before = memoryStats().bytes;
 * const x = zeros([256]);
 * memoryStats().bytes - before; // 1024
 */
export const memoryStats = (device: DeviceLike = getDefaultDevice()): MemoryStats => deviceOf(device).memoryStats();

/**
 * Frees what nothing refers to any more, now. Programs need not call it: the library does so when memory runs up. Where
 * the host cannot collect garbage at once, this takes a turn of the event loop.
 */
export const reclaim = (device: DeviceLike = getDefaultDevice()): Promise<void> => deviceOf(device).memory.collectAsync();
