import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { interpreter } from "@gradus/kernel-ir/interpreter";
import { memoryStats, ones, reclaim, setDefaultDevice } from "@gradus/tensor-core";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

/**
 * A page cannot run the collector, but only make an allocation fail before which the engine collects. Here Node's modules are hidden from the library, and
 * the allocation collects.
 */
beforeEach(() => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined);
  const Real = ArrayBuffer;
  vi.stubGlobal("ArrayBuffer", class extends Real {
    constructor(byteLength: number) {
      super(byteLength < 2 ** 33 ? byteLength : 0);
      if (byteLength < 2 ** 33) return;
      collect();
      throw new RangeError("Array buffer allocation failed");
    }
  });
  setDefaultDevice(interpreter());
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Makes tensors, each behind an await of what is there already: for the engine that is one job, however long it lasts. */
async function makeAndForget(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const x = ones([2000]);
    await Promise.resolve(x.numel());
  }
}

it("what was made and forgotten in the same job is reclaimed, again and again", async () => {
  for (let round = 0; round < 3; round++) {
    await makeAndForget(200);
    expect(memoryStats().storages).toBeGreaterThanOrEqual(200);
    await reclaim();
    // The last one may still stand on the stack.
    expect(memoryStats().storages).toBeLessThanOrEqual(1);
  }
});
