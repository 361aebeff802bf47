import type { Backend, DType } from "@gradus/kernel-ir";
import { DeviceLostError } from "@gradus/kernel-ir";
import { interpreter } from "@gradus/kernel-ir/interpreter";
import { memoryStats, reclaim } from "@gradus/tensor-core";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { Tolerance } from "./compare.js";

/** What a device says of itself before it exists. */
export interface Declared {
  readonly tolerance?: Tolerance;
  readonly lacks?: readonly DType[];
  readonly narrowInt64?: boolean;
}

/** The device that a suite runs on, beside an interpreter that says what is right. */
export class Subject {
  #device: Backend | undefined;
  #oracle: Backend | undefined;
  readonly tolerance: Tolerance;
  readonly #lacks: readonly DType[];
  /** Whether the device computes int64 in full; where it does not, tests keep to values of 32 bits. */
  readonly hasWideIntegers: boolean;

  /** Registers the hooks that make the device before the tests and look for leaks after them. */
  constructor(create: () => Backend | Promise<Backend>, { tolerance = {}, lacks = [], narrowInt64 = false }: Declared) {
    this.tolerance = tolerance;
    this.#lacks = lacks;
    this.hasWideIntegers = !narrowInt64;
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
    return !this.#lacks.includes(dtype);
  }

  /** A test, if the device has the element types that it is about. */
  test(name: string, about: readonly DType[], body: () => Promise<void> | void): void {
    if (about.every((dtype) => this.supports(dtype))) it(name, body);
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
  // The engine may hold what the last test used for some turns, for instance while it compiles.
  await vi.waitFor(async () => {
    await settled(device);
    const { storages, bytes } = memoryStats(device);
    const { buffers, bytesInUse } = device.stats();
    expect({ storages, bytes, buffers, bytesInUse }, `left behind on ${device.name}`).toEqual({ storages: 0, bytes: 0, buffers: 0, bytesInUse: 0 });
  }, { timeout: 5000 });
}
