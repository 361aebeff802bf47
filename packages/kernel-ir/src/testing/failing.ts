import type { Backend } from "../backend.js";
import { DeviceMemoryError } from "../backend.js";
import { delegate, readingSync } from "./delegate.js";

export interface FailingOptions {
  /** The allocation that fails, counted from 1; null lets all of them through. */
  readonly failAt: number | null;
  /**
   * How many in a row fail. tensor-core collects garbage after the first failure and tries again, so one failure tests
   * that it recovers, and two test the error. 1 if absent.
   */
  readonly times?: number;
}

export interface FailingBackend extends Backend {
  /** Allocations asked for since the last `arm`. */
  readonly allocations: number;
  /** Counts from 1 again, and fails as `options` say. */
  arm(options: FailingOptions): void;
}

/**
 * A device that runs out of memory on request, so that every path of a computation can be tried without.
 *
 * @example
 * import { interpreter } from "@gradus/kernel-ir/interpreter";
 * import { failing } from "@gradus/kernel-ir/testing";
 * const device = failing(interpreter(), { failAt: 2 });
 * device.alloc(4, "float32");
 * device.alloc(4, "float32"); // throws DeviceMemoryError: alloc: interpreter has no room for 4 bytes, …
 */
export function failing(inner: Backend, options: FailingOptions): FailingBackend {
  let { failAt, times = 1 } = options;
  let allocations = 0;
  return {
    ...delegate(inner),
    ...readingSync(inner),
    get allocations() {
      return allocations;
    },
    arm(next) {
      ({ failAt, times = 1 } = next);
      allocations = 0;
    },
    alloc(byteLength, dtype) {
      allocations++;
      if (failAt !== null && allocations >= failAt && allocations < failAt + times) throw new DeviceMemoryError(inner.name, byteLength, inner.stats());
      return inner.alloc(byteLength, dtype);
    },
  };
}
