import { describe, it } from "vitest";
import { hasWebGpu, sharedDevice } from "./devices.js";
import { expectRandomAgreement } from "./random.js";

describe.skipIf(!hasWebGpu)("many random programs on webgpu", () => {
  for (let first = 1000; first < 4000; first += 250) {
    const last = first + 249;
    it(`seeds ${first} to ${last} agree with the interpreter`, async () => {
      await expectRandomAgreement(await sharedDevice(), first, last);
    });
  }
});
