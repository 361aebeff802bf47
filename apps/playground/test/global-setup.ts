import type { TestProject } from "vitest/node";
import { launchOptions, openSite } from "../scripts/site.mjs";
import { chromium } from "playwright";

declare module "vitest" {
  interface ProvidedContext {
    /** The built page and a browser for it, shared by all files of tests; null where no Chromium is installed. */
    readonly playground: { readonly url: string; readonly isolatedUrl: string; readonly browser: string } | null;
  }
}

/** Builds the page once and starts one browser, for all files of tests. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const { chromium: executablePath } = project.config.provide as { readonly chromium: string | null };
  if (executablePath === null) {
    project.provide("playground", null);
    return undefined;
  }
  const [site, browser] = await Promise.all([openSite(), chromium.launchServer(launchOptions(executablePath))]);
  project.provide("playground", { url: site.url, isolatedUrl: site.isolatedUrl, browser: browser.wsEndpoint() });
  return async () => {
    await browser.close();
    await site.close();
  };
}
