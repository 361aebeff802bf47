import type { BackendUnderTest } from "@gradus/backend-conformance";

/** What the README says that a device may do. */
export const expectedOfWebGpu: Omit<BackendUnderTest, "name" | "create"> = {
  tolerance: { ulps: 4, flushesSubnormals: true, fusesMultiplyAdd: "everywhere", splitsProducts: true },
  lacks: ["float64"],
  narrowInt64: true,
};
