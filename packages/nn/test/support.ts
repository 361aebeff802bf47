import { cpu } from "@gradus/backend-cpu";
import { memoryStats, reclaim, setDefaultDevice } from "@gradus/tensor-core";
import { afterAll, beforeAll, expect } from "vitest";

/** A CPU of its own for a test file. Afterwards nothing may be left on it. */
export function useCpu(): void {
  const device = cpu();
  beforeAll(() => setDefaultDevice(device));
  afterAll(async () => {
    setDefaultDevice(null);
    // What the last test awaited is let go a turn later.
    await new Promise((resolve) => setTimeout(resolve, 0));
    await reclaim(device);
    const { storages, bytes } = memoryStats(device);
    expect({ storages, bytes }, "left behind").toEqual({ storages: 0, bytes: 0 });
  });
}
