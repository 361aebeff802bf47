import { type Browser, chromium, type Page } from "playwright";
import { afterAll, afterEach, beforeAll, expect, inject } from "vitest";
import { launchOptions } from "../scripts/site.mjs";

export interface Visit {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  /** On a page that may share memory. */
  readonly isolated?: boolean;
}

/** Opens rooms of the built page in Chromium. Whatever the page writes to its console as an error fails the test. */
export function usePage({ webgpu = true } = {}): { readonly visit: (hash: string, visit?: Visit) => Promise<Page> } {
  let browser: Browser;
  const pages: Page[] = [];
  const faults: string[] = [];
  beforeAll(async () => {
    browser = await (webgpu ? chromium.connect(inject("playground")!.browser) : chromium.launch(launchOptions(inject("chromium") ?? undefined, { webgpu })));
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    for (const page of pages.splice(0)) await page.close();
    expect(faults.splice(0)).toEqual([]);
  });
  return {
    async visit(hash, { width = 1280, height = 900, dark = false, isolated = false } = {}) {
      // A colour that is on its way to another would be measured as it is.
      const page = await browser.newPage({ viewport: { width, height }, colorScheme: dark ? "dark" : "light", reducedMotion: "reduce" });
      pages.push(page);
      page.on("console", (message) => {
        if (message.type() === "error") faults.push(message.text());
      });
      page.on("pageerror", (error) => faults.push(String(error)));
      page.on("requestfailed", (request) => {
        const reason = request.failure()?.errorText ?? "";
        // A page that is left gives up what it is still loading.
        if (reason !== "net::ERR_ABORTED") faults.push(`${request.url()}: ${reason}`);
      });
      const { url, isolatedUrl } = inject("playground")!;
      await page.goto((isolated ? isolatedUrl : url) + hash);
      return page;
    },
  };
}

/** What a page shows once it is ready; a busy machine takes its time. */
export const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 60_000, interval: 50 });

/** The number in an element that says it exactly. */
export const valueOf = async (page: Page, testId: string): Promise<number> => Number(await page.getByTestId(testId).getAttribute("data-value"));
