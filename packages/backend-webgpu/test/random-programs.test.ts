import { describe, it } from "vitest";
import { hasWebGpu, sharedDevice } from "./devices.js";
import { expectRandomAgreement } from "./random.js";

describe.skipIf(!hasWebGpu)("random programs on webgpu", () => {
  for (let first = 0; first < 150; first += 50) {
    const last = first + 49;
    it(`seeds ${first} to ${last} agree with the interpreter`, { timeout: 300_000 }, async () => {
      await expectRandomAgreement(await sharedDevice(), first, last);
    });
  }
});
