import type { Backend } from "@gradus/kernel-ir";
import { interpreter } from "@gradus/kernel-ir/interpreter";
import { asynchronous } from "@gradus/kernel-ir/testing";
import { setDefaultDevice } from "@gradus/tensor-core";
import { beforeAll } from "vitest";

/**
 * The device of a group of tests: the default one while they run.
 *
 * @param make - The asynchronous double unless a test needs values at once.
 */
export function useDevice<B extends Backend = Backend>(make: () => B = () => asynchronous(interpreter()) as B): B {
  const device = make();
  beforeAll(() => setDefaultDevice(device));
  return device;
}
