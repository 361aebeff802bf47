import { afterAll, expect, vi } from "vitest";
import type { Device } from "../../packages/tensor-core/src/index.js";
import { DeviceLostError, devices, memoryStats, reclaim, setDefaultDevice } from "../../packages/tensor-core/src/index.js";

/** Frees what can be freed. False for a device that a test disposed of or lost, and its memory with it. */
async function isAlive(device: Device): Promise<boolean> {
  try {
    await reclaim(device);
    return true;
  } catch (error) {
    if (error instanceof DeviceLostError) return false;
    throw error;
  }
}

/**
 * The end of every test file: no device that its tests used may hold memory that nobody can reach, neither as a storage nor as a buffer of the backend.
 * Tensors of the file itself have to be let go of; what stands in a test is.
 */
afterAll(async () => {
  setDefaultDevice(null);
  const left = async (): Promise<readonly object[]> => {
    const inUse = [];
    for (const device of devices()) {
      if (!(await isAlive(device))) continue;
      const { storages, bytes } = memoryStats(device);
      const { buffers, bytesInUse } = device.backend.stats();
      if (storages > 0 || bytes > 0 || buffers > 0 || bytesInUse > 0) inUse.push({ device: device.name, storages, bytes, buffers, bytesInUse });
    }
    return inUse;
  };
  // What the last test awaited is let go some turns later.
  await vi.waitFor(async () => { expect(await left(), `left behind by ${expect.getState().testPath ?? "this file"}`).toEqual([]); }, { timeout: 60_000 });
});
