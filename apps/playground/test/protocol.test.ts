import { expect, it } from "vitest";
import { connect, type Endpoint, EngineError, serve } from "../src/engine/protocol.js";

function pair(): readonly [Endpoint, Endpoint] {
  const { port1, port2 } = new MessageChannel();
  port1.start();
  port2.start();
  // Open ports would keep the process alive.
  for (const port of [port1, port2]) (port as unknown as { unref(): void }).unref();
  return [port1, port2] as unknown as readonly [Endpoint, Endpoint];
}

const service = {
  add: (a: number, b: number) => a + b,
  later: async (value: Float32Array) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return value;
  },
  fail: () => {
    throw new RangeError("fail: expected luck, got none; try again");
  },
};

it("carries calls, values and arrays of numbers", async () => {
  const [here, there] = pair();
  serve(service, there);
  const remote = connect<typeof service>(here);
  await expect(remote.add(2, 3)).resolves.toBe(5);
  await expect(remote.later(Float32Array.of(1, 2))).resolves.toEqual(Float32Array.of(1, 2));
});

it("answers one call after another, in their order", async () => {
  const [here, there] = pair();
  const seen: string[] = [];
  const slowThenQuick = {
    slow: async () => {
      seen.push("slow begins");
      await new Promise((resolve) => setTimeout(resolve, 10));
      seen.push("slow ends");
    },
    quick: () => void seen.push("quick"),
  };
  serve(Promise.resolve(slowThenQuick), there);
  const remote = connect<typeof slowThenQuick>(here);
  await Promise.all([remote.slow(), remote.quick()]);
  expect(seen).toEqual(["slow begins", "slow ends", "quick"]);
});

it("carries errors with their names, and goes on", async () => {
  const [here, there] = pair();
  serve(service, there);
  const remote = connect<typeof service>(here);
  const failure: unknown = await remote.fail().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(EngineError);
  expect(failure).toMatchObject({ name: "RangeError", message: "fail: expected luck, got none; try again" });
  await expect(remote.add(1, 1)).resolves.toBe(2);
});

it("fails calls to a service that could not be loaded", async () => {
  const [here, there] = pair();
  serve(Promise.reject(new Error("no such file")), there);
  await expect(connect<typeof service>(here).add(1, 1)).rejects.toThrow("no such file");
});
