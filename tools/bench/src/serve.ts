import { createInterface } from "node:readline";
import type { Cases, Request } from "./protocol.js";
import { answering } from "./protocol.js";

/** The main loop of an engine's process. `unable` is what it says of cases that it lacks. */
export async function serve(cases: Cases, unable?: string): Promise<void> {
  const answer = answering(cases, unable === undefined ? {} : { unable });
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as Request))}\n`);
  }
}
