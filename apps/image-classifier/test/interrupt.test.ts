import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { listenForInterrupt } from "../src/interrupt.js";

const exit = vi.spyOn(process, "exit").mockImplementation((() => undefined) as never);

beforeEach(() => vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => {
  vi.useRealTimers();
  exit.mockClear();
});

/** What a terminal, or a package manager, sends for Ctrl-C. */
const press = () => process.emit("SIGINT");

it("asks for an end at the first press and ends the program at the second", () => {
  const first = vi.fn();
  using interrupt = listenForInterrupt(first);
  expect(interrupt.signal.aborted).toBe(false);
  press();
  expect(interrupt.signal.aborted).toBe(true);
  expect(first).toHaveBeenCalledOnce();
  expect(exit).not.toHaveBeenCalled();
  vi.advanceTimersByTime(600);
  press();
  expect(exit).toHaveBeenCalledExactlyOnceWith(130);
  expect(first).toHaveBeenCalledOnce();
});

it("takes signals that follow each other at once for one press", () => {
  using interrupt = listenForInterrupt(() => undefined);
  press();
  vi.advanceTimersByTime(20);
  press();
  expect(interrupt.signal.aborted).toBe(true);
  expect(exit).not.toHaveBeenCalled();
});

it("leaves Ctrl-C alone afterwards", () => {
  const before = process.listenerCount("SIGINT");
  {
    using interrupt = listenForInterrupt(() => undefined);
    expect(interrupt.signal.aborted).toBe(false);
    expect(process.listenerCount("SIGINT")).toBe(before + 1);
  }
  expect(process.listenerCount("SIGINT")).toBe(before);
});
