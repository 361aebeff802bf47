import { cpu } from "@gradus/backend-cpu";
import { setDefaultDevice } from "@gradus/tensor-core";
import { beforeAll, expect, it } from "vitest";
import { checkMutants, formats } from "./fixtures/mutants.js";

beforeAll(() => {
  setDefaultDevice(cpu());
});

it.each(Object.keys(formats))("a thousand damaged files are read or refused: %s", async (name) => {
  const { read, refused } = await checkMutants(name, 1000, 1);
  // Both happen, or the test tests nothing.
  expect(read).toBeGreaterThan(5);
  expect(refused).toBeGreaterThan(200);
});
