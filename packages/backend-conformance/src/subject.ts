import type { Backend, DType } from "@gradus/kernel-ir";
import { DeviceLostError } from "@gradus/kernel-ir";
import { interpreter } from "@gradus/kernel-ir/interpreter";
import { memoryStats, reclaim } from "@gradus/tensor-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Tolerance } from "./compare.js";

/** The device that a suite runs on, beside an interpreter that says what is right. */
export class Subject {
  #device: Backend | undefined;
  #oracle: Backend | undefined;

  /** Registers the hooks that make the device before the tests and look for leaks after them. */
  constructor(
    create: () => Backend | Promise<Backend>,
    readonly tolerance: Tolerance,
  ) {
    beforeAll(async () => {
      this.#device = await create();
      this.#oracle = interpreter();
    });
    afterAll(async () => {
      const device = this.#device;
      const oracle = this.#oracle;
      if (device === undefined || oracle === undefined) return;
      try {
        await expectNothingLeft(device);
        await expectNothingLeft(oracle);
      } finally {
        device.dispose();
        oracle.dispose();
      }
      expect(() => device.alloc(4, "float32"), `${device.name} after dispose`).toThrow(DeviceLostError);
    });
  }

  get device(): Backend {
    if (this.#device === undefined) throw new Error("internal: the device is there only while tests run");
    return this.#device;
  }

  /** An interpreter: what it gives is right. */
  get oracle(): Backend {
    if (this.#oracle === undefined) throw new Error("internal: the oracle is there only while tests run");
    return this.#oracle;
  }

  /** Whether the device holds elements of a type. */
  supports(dtype: DType): boolean {
    return this.device.limits.dtypes[dtype] !== undefined;
  }

  /** Whether the device computes int64 in full; where it does not, tests keep to values of 32 bits. */
  get hasWideIntegers(): boolean {
    return this.device.limits.dtypes.int64?.compute === "int64";
  }

  /** A test; skipped, and shown as skipped, where the device lacks one of the element types that it is about. */
  test(name: string, about: readonly DType[], body: () => Promise<void> | void): void {
    it(name, async ({ skip }) => {
      for (const dtype of about) skip(!this.supports(dtype), `${this.device.name} has no ${dtype}`);
      await body();
    });
  }
}

/** Waits until the device has done everything and nothing is in use that nobody can reach. */
export async function settled(device: Backend): Promise<void> {
  await device.sync();
  // What was awaited last is let go a turn later.
  await new Promise((resolve) => setTimeout(resolve, 0));
  await reclaim(device);
}

async function expectNothingLeft(device: Backend): Promise<void> {
  await settled(device);
  const { storages, bytes } = memoryStats(device);
  const { buffers, bytesInUse } = device.stats();
  expect({ storages, bytes, buffers, bytesInUse }, `left behind on ${device.name}`).toEqual({ storages: 0, bytes: 0, buffers: 0, bytesInUse: 0 });
}
