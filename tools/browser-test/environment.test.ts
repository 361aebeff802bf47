import { expect, it } from "vitest";

// The browser tests of every package rely on these two; here they fail with a plain name.

it("the page may share memory between threads", () => {
  expect(crossOriginIsolated).toBe(true);
});

it("the browser has a WebGPU adapter", async () => {
  const adapter = await navigator.gpu.requestAdapter();
  expect(adapter?.info.vendor).toBeTypeOf("string");
});
