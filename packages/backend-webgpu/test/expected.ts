import type { BackendUnderTest } from "@gradus/backend-conformance";

/** What the README says that a device may do. Deno's own WebGPU is the one here whose arithmetic keeps subnormal numbers. */
export const expectedOfWebGpu: Omit<BackendUnderTest, "name" | "create"> = {
  tolerance: { ulps: 4, flushesSubnormals: true, comparesSubnormalsAsZeros: "Deno" in globalThis, fusesMultiplyAdd: "everywhere", splitsProducts: true },
  lacks: ["float64"],
  narrowInt64: true,
};
