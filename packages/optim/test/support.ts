import { cpu } from "@gradus/backend-cpu";
import { memoryStats, reclaim, setDefaultDevice } from "@gradus/tensor-core";
import { afterAll, beforeAll, expect, vi } from "vitest";

/** A CPU of its own for a test file. Afterwards nothing may be left on it. */
export function useCpu(): ReturnType<typeof cpu> {
  const device = cpu();
  beforeAll(() => setDefaultDevice(device));
  afterAll(async () => {
    setDefaultDevice(null);
    // What the last test held is let go some turns later.
    await vi.waitFor(async () => {
      await reclaim(device);
      const { storages, bytes } = memoryStats(device);
      expect({ storages, bytes }, "left behind").toEqual({ storages: 0, bytes: 0 });
    });
  });
  return device;
}
