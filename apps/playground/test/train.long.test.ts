import { afterAll, expect, it } from "vitest";
import { initialState } from "../src/codec.js";
import { service } from "../src/rooms/train/service.js";
import { fields } from "../src/rooms/train/setup.js";

afterAll(() => service.close());

it("100 000 steps of the network that the room opens with take the memory of the first thousand", async () => {
  await service.open(initialState(fields), 0);
  const advance = (steps: number) => service.advance({ steps, milliseconds: Infinity, spaceLayer: 0 });
  const { memory } = await advance(1000);
  const last = await advance(99_000);
  expect(last.step).toBe(100_000);
  expect(last.memory).toEqual(memory);
  expect(last.train.accuracy).toBe(1);
});
