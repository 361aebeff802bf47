import { setImmediate as turnOfTheEventLoop } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { interpreter } from "@gradus/kernel-ir/interpreter";
import { empty, memoryStats, setDefaultDevice } from "@gradus/tensor-core";
import { expect, it } from "vitest";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

async function heap(): Promise<number> {
  // The engine keeps what a WeakRef was made for until the turn ends.
  await turnOfTheEventLoop();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

it.each([
  ["small", 4],
  ["large", 2000],
])("what is remembered of %s storages goes with them when they are freed by hand", async (_, length) => {
  setDefaultDevice(interpreter());
  // One that lives on, so that there is something to remember.
  const kept = empty([length]);
  const make = (count: number): void => {
    for (let i = 0; i < count; i++) empty([length]).dispose();
  };
  make(5000);
  const before = await heap();
  make(100_000);
  // A place in a group takes 8 bytes, a group of its own about 200.
  expect((await heap()) - before).toBeLessThan(400_000);
  expect(memoryStats()).toMatchObject({ storages: 1, collections: 0 });
  kept.dispose();
});
