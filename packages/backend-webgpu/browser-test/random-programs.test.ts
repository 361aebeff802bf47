import { it } from "vitest";
import { sharedDevice } from "../test/devices.js";
import { expectRandomAgreement } from "../test/random.js";

// In Node the conformance suite runs them.
it("random programs agree with the interpreter", async () => {
  await expectRandomAgreement(await sharedDevice(), 0, 149);
});
