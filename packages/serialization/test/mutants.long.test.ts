import { cpu } from "@gradus/backend-cpu";
import { setDefaultDevice } from "@gradus/tensor-core";
import { beforeAll, expect, it } from "vitest";
import { checkMutants, formats } from "./fixtures/mutants.js";

beforeAll(() => {
  setDefaultDevice(cpu());
});

it.each(Object.keys(formats))("twenty thousand damaged files are read or refused: %s", async (name) => {
  const { read, refused } = await checkMutants(name, 20_000, 2);
  expect(read).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(4000);
});
