import { expect, it } from "vitest";
import { supportTable } from "../src/table.js";

it("docs/support.md says what is so", async () => {
  await expect(supportTable()).toMatchFileSnapshot("../../../docs/support.md");
});
