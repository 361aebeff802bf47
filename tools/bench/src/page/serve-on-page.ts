import type { Answering, Cases } from "../protocol.js";
import { answering } from "../protocol.js";

/** Makes the page an engine: the parent calls its global function `ask`. */
export function serveOnPage(cases: Cases, options: Answering = {}): void {
  Object.assign(globalThis, { ask: answering(cases, options) });
}
