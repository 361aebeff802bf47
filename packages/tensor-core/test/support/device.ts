import type { Backend } from "@gradus/kernel-ir";
import { interpreter } from "@gradus/kernel-ir/interpreter";
import { asynchronous } from "@gradus/kernel-ir/testing";
import { memoryStats, reclaim, setDefaultDevice } from "@gradus/tensor-core";
import { afterAll, beforeAll, expect, vi } from "vitest";

/**
 * The device of a test file: the default one while its tests run, and afterwards nothing may be left on it.
 *
 * @param make - The asynchronous double unless a test needs values at once.
 */
export function useDevice<B extends Backend = Backend>(make: () => B = () => asynchronous(interpreter()) as B): B {
  const device = make();
  beforeAll(() => setDefaultDevice(device));
  afterAll(async () => {
    setDefaultDevice(null);
    await expectNothingLeft(device);
  });
  return device;
}

/** Fails if memory is still in use that nobody can reach: neither a storage nor a buffer of the backend. */
export async function expectNothingLeft(device: Backend): Promise<void> {
  // What the last test awaited is let go some turns later.
  await vi.waitFor(async () => {
    await reclaim(device);
    const { storages, bytes } = memoryStats(device);
    const { buffers, bytesInUse } = device.stats();
    expect({ storages, bytes, buffers, bytesInUse }, "left behind").toEqual({ storages: 0, bytes: 0, buffers: 0, bytesInUse: 0 });
  }, { timeout: 60_000 });
}
