import type { CaseName } from "./cases.js";
import type { EngineProcess } from "./engine-process.js";
import { reference } from "./engines.js";

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
  /** Time over that of PyTorch on one thread, of the minima. */
  readonly over_t1?: number;
  readonly error?: string;
}

/** Each engine has its time in several turns, so that a slow moment of the machine hits all of them alike. */
const turns = 3;

/** One case with every engine, in turns. */
export async function measureCase(name: CaseName, engines: readonly EngineProcess[], seconds: number): Promise<Row[]> {
  const failed = new Map<EngineProcess, string>();
  const samples = new Map<EngineProcess, number[]>();
  for (const engine of engines) {
    const answer = await engine.ask({ prepare: name });
    if ("unable" in answer) failed.set(engine, answer.unable);
    else samples.set(engine, []);
  }
  for (let turn = 0; turn < turns; turn++) {
    for (const [engine, collected] of samples) {
      if (failed.has(engine)) continue;
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
