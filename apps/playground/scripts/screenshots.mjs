// Pictures of every room for the README: `node apps/playground/scripts/screenshots.mjs`.

import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright";
import { launchOptions, openSite } from "./site.mjs";

const folder = fileURLToPath(new URL("../screenshots/", import.meta.url));
mkdirSync(folder, { recursive: true });

/** @type {(page: import("playwright").Page, seconds: number) => Promise<void>} */
const train = async (page, seconds) => {
  await page.getByRole("button", { name: "Play" }).click();
  await page.waitForTimeout(seconds * 1000);
  await page.getByRole("button", { name: "Pause" }).click();
};

/** @type {Readonly<Record<string, { readonly state: string, readonly act?: (page: import("playwright").Page) => Promise<void> }>>} */
const rooms = {
  classifier: { state: "?dataset=Diag&w1=-9&w2=-8.2&bias=4.4" },
  autodiff: { state: "?step=9" },
  train: { state: "?dataset=tfSpiral&features=x1,x2,sin1,sin2&layers=8,6&splits=1", act: (page) => train(page, 7) },
  tensors: { state: "" },
  images: { state: "?image=8", act: (page) => train(page, 4) },
  sequences: { state: "?rate=0.01", act: (page) => train(page, 6) },
  modules: { state: "" },
};
const looks = [
  { name: "light", colorScheme: /** @type {const} */ ("light"), viewport: { width: 1280, height: 860 } },
  { name: "dark", colorScheme: /** @type {const} */ ("dark"), viewport: { width: 1280, height: 860 } },
  { name: "phone-light", colorScheme: /** @type {const} */ ("light"), viewport: { width: 390, height: 844 } },
  { name: "phone-dark", colorScheme: /** @type {const} */ ("dark"), viewport: { width: 390, height: 844 } },
];

const site = await openSite();
const browser = await chromium.launch(launchOptions(process.env.CHROMIUM_PATH ?? "/usr/bin/chromium"));
const wanted = process.argv.slice(2);
for (const [room, { state, act }] of Object.entries(rooms)) {
  if (wanted.length > 0 && !wanted.includes(room)) continue;
  const page = await browser.newPage({ reducedMotion: "reduce" });
  await page.goto(`${site.url}#/${room}${state}`);
  await page.locator(".room:not([aria-busy=true])").waitFor();
  await act?.(page);
  // One page, looked at in four ways: what it has learned stays the same.
  for (const { name, colorScheme, viewport } of looks) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    await page.waitForTimeout(500);
    await page.screenshot({ path: `${folder}${room}-${name}.png` });
  }
  await page.close();
}
await browser.close();
await site.close();
