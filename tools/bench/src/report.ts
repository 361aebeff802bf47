import type { CaseName } from "./cases.js";
import { cases } from "./cases.js";

/** What one engine did with one case. */
export interface Row {
  readonly name: CaseName;
  readonly engine: string;
  readonly node: string;
  readonly threads: number;
  /** Options of the engine's host. */
  readonly options: string;
  readonly min_us?: number;
  readonly median_us?: number;
  /** Time over that of PyTorch on one thread, of the minima. */
  readonly over_t1?: number;
  readonly error?: string;
}

const time = (microseconds: number): string =>
  microseconds >= 1000 ? `${(microseconds / 1000).toFixed(2)} ms` : `${microseconds.toFixed(2)} µs`;

/** A table a case: minimum, median, and how many times as long as PyTorch and as Gradus. */
export function asText(rows: readonly Row[]): string {
  const lines: string[] = [];
  for (const name of Object.keys(cases) as CaseName[]) {
    const mine = rows.filter((row) => row.name === name);
    if (mine.length === 0) continue;
    const about = cases[name];
    lines.push("", `${name}: ${about.describe}`);
    const ours = mine.find((row) => row.engine === "gradus")?.min_us;
    for (const row of mine) {
      if (row.min_us === undefined || row.median_us === undefined) {
        lines.push(`  ${row.engine.padEnd(12)} ${row.error ?? ""}`);
        continue;
      }
      const rate = "flop" in about ? `  ${(about.flop / row.min_us / 1000).toFixed(1)} GFLOP/s` : "";
      const overTorch = row.over_t1 === undefined ? "" : `  ${row.over_t1.toFixed(2)} × torch`;
      const overOurs = ours === undefined || row.engine === "gradus" ? "" : `  ${(row.min_us / ours).toFixed(2)} × gradus`;
      lines.push(`  ${row.engine.padEnd(12)} min ${time(row.min_us).padStart(10)}  median ${time(row.median_us).padStart(10)}${rate}${overTorch}${overOurs}`);
    }
  }
  return lines.join("\n");
}
