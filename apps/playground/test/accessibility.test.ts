import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright";
import { describe, expect, inject, it } from "vitest";
import { rooms } from "../src/rooms/rooms.js";
import { usePage } from "./page.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

async function faults(page: Page): Promise<string[]> {
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: { run(context: Document, options: object): Promise<AxeResults> } }).axe.run(document, { resultTypes: ["violations"] }));
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  return serious.map(({ id: rule, nodes }) => `${rule}: ${nodes.map(({ html }) => html).join(" ")}`);
}

describe.skipIf(inject("chromium") === null)("every room", () => {
  const { visit } = usePage();

  it.each(rooms.map(({ id }) => id))("can be used by everybody: %s", async (room) => {
    const page = await visit(`#/${room}`);
    await page.locator(".room:not([aria-busy=true])").waitFor();
    await page.addScriptTag({ content: axe });
    expect(await faults(page), "on a desktop, light").toEqual([]);
    await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await faults(page), "on a phone, dark").toEqual([]);
    for (const width of [390, 320]) {
      await page.setViewportSize({ width, height: 700 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), "nothing is wider than the screen").toBeLessThanOrEqual(0);
    }
  });
});
