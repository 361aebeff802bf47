import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import { describe, expect, inject, it } from "vitest";
import { rooms } from "../src/rooms/rooms.js";
import { usePage } from "./page.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

describe.skipIf(inject("chromium") === null)("every room", () => {
  const { visit } = usePage();

  it.each(rooms.flatMap(({ id }) => [false, true].map((dark) => ({ id, dark }))))("can be used by everybody: $id, dark $dark", async ({ id, dark }) => {
    const page = await visit(`#/${id}`, { dark, width: dark ? 390 : 1280 });
    await page.locator(".room h1").waitFor();
    await page.waitForTimeout(1200);
    await page.addScriptTag({ content: axe });
    const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run());
    const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    expect(serious.map(({ id: rule, nodes }) => `${rule}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
    // Nothing is wider than the screen.
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  });
});
