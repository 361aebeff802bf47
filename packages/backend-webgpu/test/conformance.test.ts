import { describeBackend } from "@gradus/backend-conformance";
import { webgpu } from "@gradus/backend-webgpu";
import { describe } from "vitest";
import { hasWebGpu } from "./devices.js";
import { expectedOfWebGpu } from "./expected.js";

// A software adapter compiles thousands of shaders here, beside everything else that runs.

describe.skipIf(!hasWebGpu)("in Node", () => {
  describeBackend({ name: "webgpu", create: () => webgpu(), ...expectedOfWebGpu });
});
