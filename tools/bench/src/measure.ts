import type { CaseName } from "./cases.js";
import type { EngineLabel } from "./engines.js";
import type { Answer, Request } from "./protocol.js";

/** What can be asked to run a case: a process, or a page. */
export interface Engine {
  readonly description: EngineLabel;
  ask(request: Request): Promise<Answer>;
}

/** What one engine did with one case. */
export interface Row {
  readonly name: CaseName;
  readonly label: string;
  readonly engine: string;
  readonly node: string;
  readonly threads: number;
  /** Options of the engine or its host. */
  readonly options: string;
  readonly min_us?: number;
  readonly median_us?: number;
  /** Time over that of the engine that the others are divided by, of the minima. */
  readonly over_t1?: number;
  readonly error?: string;
}

/** Each engine has its time in several turns, so that a slow moment of the machine hits all of them alike. */
const turns = 3;
/** Who has used up its time with so many runs has no further turn. */
const enoughRuns = 2;

/**
 * One case with every engine, in turns.
 *
 * @param reference - The label of the engine that the others are divided by.
 */
export async function measureCase(name: CaseName, engines: readonly Engine[], seconds: number, reference: string): Promise<Row[]> {
  const failed = new Map<Engine, string>();
  const samples = new Map<Engine, number[]>();
  for (const engine of engines) {
    const answer = await engine.ask({ prepare: name });
    if ("unable" in answer) failed.set(engine, answer.unable);
    else samples.set(engine, []);
  }
  for (let turn = 0; turn < turns; turn++) {
    for (const [engine, collected] of samples) {
      const used = collected.reduce((a, b) => a + b, 0) / 1e6;
      if (failed.has(engine) || (collected.length >= enoughRuns && used >= seconds)) continue;
      const answer = await engine.ask({ measure: seconds / turns });
      if ("seconds" in answer) for (const sample of answer.seconds) collected.push(sample * 1e6);
      else if ("unable" in answer) failed.set(engine, answer.unable);
    }
  }
  for (const collected of samples.values()) collected.sort((a, b) => a - b);
  const [base] = samples.get(engines.find(({ description }) => description.label === reference)!) ?? [];
  return engines.map((engine): Row => {
    const { label, engine: kind, node, threads, options } = engine.description;
    const row = { name, label, engine: kind, node, threads, options };
    const sorted = samples.get(engine) ?? [];
    const [least, median] = [sorted[0], sorted[sorted.length >> 1]];
    if (least === undefined || median === undefined || failed.has(engine)) return { ...row, error: failed.get(engine) ?? "no samples" };
    return { ...row, min_us: least, median_us: median, ...(base === undefined ? {} : { over_t1: least / base }) };
  });
}
