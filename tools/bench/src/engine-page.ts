import type { Page } from "playwright";
import type { EngineLabel } from "./engines.js";
import type { Engine } from "./measure.js";
import type { Answer, Request } from "./protocol.js";

/** Of the page: `page/serve-on-page.ts` makes it. */
declare const ask: (request: Request) => Promise<Answer>;

/** An engine on a page of its own. */
export class EnginePage implements Engine {
  /** Why its module could not be loaded. */
  #broken: string | null = null;

  constructor(
    readonly description: EngineLabel,
    readonly page: Page,
  ) {}

  /** @param module - The path of the engine's module. */
  async load(origin: string, module: string): Promise<this> {
    await this.page.goto(origin);
    try {
      await this.page.evaluate((path) => import(path) as Promise<unknown>, module);
    } catch (error) {
      this.#broken = String(error).split("\n")[0] ?? "";
    }
    return this;
  }

  async ask(request: Request): Promise<Answer> {
    if (this.#broken !== null) return { unable: this.#broken };
    try {
      // Pages behind others have slower timers.
      await this.page.bringToFront();
      return await this.page.evaluate((question) => ask(question), request);
    } catch (error) {
      // Without its browser the run is over; what a page cannot do is told.
      if (this.page.isClosed()) throw error;
      return { unable: String(error).split("\n")[0] ?? "" };
    }
  }
}
