import { describeBackend } from "@gradus/backend-conformance";
import { webgpu } from "@gradus/backend-webgpu";
import { describe } from "vitest";
import { hasWebGpu } from "./devices.js";

// A software adapter compiles thousands of shaders here, beside everything else that runs.

describe.skipIf(!hasWebGpu)("in Node", () => {
  // What the README says that a device may do.
  describeBackend({
    name: "webgpu",
    create: () => webgpu(),
    tolerance: { ulps: 4, flushesSubnormals: true, fusesMultiplyAdd: "everywhere" },
    lacks: ["float64"],
    narrowInt64: true,
  });
});
