import { createInterface } from "node:readline";
import type { CaseName } from "./cases.js";

/**
 * The parent asks, an engine's process answers, one JSON object a line:
 *
 *     {"prepare":"matmul 512"}        → {"ready":true}  or  {"unable":"why"}
 *     {"measure":0.5}                 → {"seconds":[…]}: durations of single runs of the prepared case, for half a second
 *
 * Engines share the machine but not a process, so that one's garbage is not another's pause; the parent asks them in turn, so
 * that a slow moment of the machine hits all of them alike.
 */
export interface Prepare {
  readonly prepare: CaseName;
}
export interface Measure {
  readonly measure: number;
}
export type Answer = { readonly ready: true } | { readonly unable: string } | { readonly seconds: readonly number[] };

/** One run of a case. What it returns is awaited, so that the device has finished. */
export type Run = () => unknown;

/** A case of an engine: builds its data once and gives the run; or says why it cannot. */
export type Case = () => Run | Promise<Run>;

/** Repetitions within one measurement, for runs shorter than the clock can see. */
const shortest = 500e-6;

async function measure(run: Run, seconds: number): Promise<number[]> {
  let inner = 1;
  const once = async (): Promise<number> => {
    const start = performance.now();
    for (let i = 0; i < inner; i++) {
      const result = run();
      if (result instanceof Promise) await result;
    }
    return (performance.now() - start) / 1000 / inner;
  };
  const first = await once();
  if (first > seconds) return [first];
  // Engines compile what runs often.
  const warm = performance.now() + Math.min(seconds, 0.3) * 1000;
  while (performance.now() < warm) await once();
  while ((await once()) * inner < shortest) inner *= 2;
  const samples: number[] = [];
  const end = performance.now() + seconds * 1000;
  do samples.push(await once());
  while (performance.now() < end || samples.length < 2);
  return samples;
}

/** Cases by name; an engine lacks what it has no operation for, and a case that it cannot run says why by throwing. */
export type Cases = Readonly<Partial<Record<CaseName, Case>>>;

/** The main loop of an engine's process. `unable` is what it says of cases that it lacks. */
export async function serve(cases: Cases, unable = "not written for it here"): Promise<void> {
  const answer = (message: Answer): void => {
    process.stdout.write(`${JSON.stringify(message)}\n`);
  };
  let run: Run | null = null;
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as Prepare | Measure;
    try {
      if ("prepare" in request) {
        run = null;
        const make = cases[request.prepare];
        if (make === undefined) throw new Error(unable);
        run = await make();
        await run();
        answer({ ready: true });
      } else {
        if (run === null) throw new Error("nothing was prepared");
        answer({ seconds: await measure(run, request.measure) });
      }
    } catch (error) {
      answer({ unable: error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error) });
    }
  }
}
