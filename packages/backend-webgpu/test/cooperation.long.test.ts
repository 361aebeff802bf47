// Programs whose workgroups cooperate, on an adapter in software, where they do not by themselves: the tests of products, kernels and
// routines, and the conformance suite with every variant wherever it can be done.
import "./always-cooperating.js";
import "./contractions.test.js";
import "./kernels.test.js";
import "./routines.test.js";
import { describeBackend } from "@gradus/backend-conformance";
import { webgpu } from "@gradus/backend-webgpu";
import { describe } from "vitest";
import { hasWebGpu } from "./devices.js";
import { expectedOfWebGpu } from "./expected.js";

describe.skipIf(!hasWebGpu).each(["always", "split", "team", "crowd"] as const)("workgroups that cooperate: %s", (cooperation) => {
  describeBackend({ name: "webgpu", create: () => webgpu({ cooperation }), ...expectedOfWebGpu });
});
