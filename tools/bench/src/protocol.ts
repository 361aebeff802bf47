import type { CaseName } from "./cases.js";

/**
 * The parent asks, an engine's process answers, one JSON object a line; an engine on a page is asked the same:
 *
 *     {"prepare":"matmul 512"}        → {"ready":true}  or  {"unable":"why"}
 *     {"measure":0.5}                 → {"seconds":[…]}: durations of single runs of the prepared case, for half a second
 *     {"count":true}                  → {"counters":{…}}: what a single run adds to the counters of the device
 *
 * Engines share the machine but not a process, so that one's garbage is not another's pause; the parent asks them in turn, so
 * that a slow moment of the machine hits all of them alike.
 */
interface Prepare {
  readonly prepare: CaseName;
}
interface Measure {
  readonly measure: number;
}
interface Count {
  readonly count: true;
}
export type Request = Prepare | Measure | Count;
/** Counters of a device, by name. */
export type Counters = Readonly<Record<string, number>>;
export type Answer = { readonly ready: true } | { readonly unable: string } | { readonly seconds: readonly number[] } | { readonly counters: Counters };

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

export interface Answering {
  /** What is said of cases that the engine lacks. */
  readonly unable?: string;
  /** The counters of the device as they are now. */
  readonly counters?: () => Counters;
}

/** What answers the questions of the parent, wherever the engine runs. */
export function answering(cases: Cases, { unable = "not written for it here", counters = () => ({}) }: Answering = {}): (request: Request) => Promise<Answer> {
  let run: Run | null = null;
  const prepared = (): Run => {
    if (run === null) throw new Error("nothing was prepared");
    return run;
  };
  const answer = async (request: Request): Promise<Answer> => {
    if ("prepare" in request) {
      run = null;
      const make = cases[request.prepare];
      if (make === undefined) throw new Error(unable);
      run = await make();
      await run();
      return { ready: true };
    }
    if ("measure" in request) return { seconds: await measure(prepared(), request.measure) };
    const before = counters();
    await prepared()();
    return { counters: Object.fromEntries(Object.entries(counters()).map(([name, count]) => [name, count - (before[name] ?? 0)])) };
  };
  return async (request) => {
    try {
      return await answer(request);
    } catch (error) {
      return { unable: error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error) };
    }
  };
}
