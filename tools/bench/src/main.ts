import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { CaseName } from "./cases.js";
import { cases } from "./cases.js";
import type { EngineDescription } from "./engine-process.js";
import { EngineProcess } from "./engine-process.js";
import type { Row } from "./report.js";
import { asText } from "./report.js";

/**
 * Measures Gradus beside its peers: the same work, in one run, in turns. Figures of a shared machine mean little by
 * themselves, so what counts are the ratios.
 */
const { values } = parseArgs({
  options: {
    only: { type: "string", default: ".", short: "o" },
    engines: { type: "string", default: "." },
    seconds: { type: "string", default: "1.5" },
    json: { type: "string" },
    help: { type: "boolean", default: false, short: "h" },
  },
});
if (values.help) {
  console.log(`Usage: npm run bench -- [options]
  --only REGEX      cases whose name matches: ${Object.keys(cases).join(", ")}
  --engines REGEX   engines whose name matches: gradus, gradus-2 (two threads), torch, tfjs, jax-js
  --seconds N       time for each case and engine, split into three turns (1.5)
  --json FILE       write the rows as JSON`);
  process.exit(0);
}

const built = (name: string): string => fileURLToPath(new URL(`./engines/${name}.js`, import.meta.url));
const engines: readonly EngineDescription[] = [
  { name: "gradus", command: [process.execPath, built("gradus")] },
  { name: "gradus-2", command: [process.execPath, built("gradus")], env: { GRADUS_THREADS: "2" } },
  {
    name: "torch",
    command: [process.env["PYTHON"] ?? "/usr/bin/python3", fileURLToPath(new URL("../src/engines/torch_engine.py", import.meta.url))],
    // Debian's OpenBLAS does not know newer processors; PyTorch is compared at its best.
    env: { OPENBLAS_CORETYPE: process.env["OPENBLAS_CORETYPE"] ?? "SKYLAKEX" },
  },
  { name: "tfjs", command: [process.execPath, built("tfjs")] },
  { name: "jax-js", command: [process.execPath, built("jax")] },
];
const turns = 3;

const names = (Object.keys(cases) as CaseName[]).filter((name) => new RegExp(values.only).test(name));
const processes = engines.filter(({ name }) => new RegExp(values.engines).test(name)).map((engine) => new EngineProcess(engine));
const rows: Row[] = [];
try {
  for (const name of names) {
    process.stderr.write(`${name} …\n`);
    const failed = new Map<EngineProcess, string>();
    const samples = new Map<EngineProcess, number[]>();
    for (const engine of processes) {
      const answer = await engine.ask({ prepare: name });
      if ("unable" in answer) failed.set(engine, answer.unable);
      else samples.set(engine, []);
    }
    for (let turn = 0; turn < turns; turn++) {
      for (const [engine, seconds] of samples) {
        const answer = await engine.ask({ measure: Number(values.seconds) / turns });
        if ("seconds" in answer) for (const sample of answer.seconds) seconds.push(sample);
        else if ("unable" in answer) failed.set(engine, answer.unable);
      }
    }
    const microseconds = (engine: EngineProcess): number[] => (samples.get(engine) ?? []).map((s) => s * 1e6).sort((a, b) => a - b);
    const torch = processes.find(({ description }) => description.name === "torch");
    const base = torch === undefined ? undefined : microseconds(torch)[0];
    for (const engine of processes) {
      const threads = Number(engine.description.env?.["GRADUS_THREADS"] ?? 1);
      const row = { name, engine: engine.description.name, node: process.version, threads, options: "" };
      const sorted = microseconds(engine);
      const [least] = sorted;
      const median = sorted[sorted.length >> 1];
      if (least === undefined || median === undefined) rows.push({ ...row, error: failed.get(engine) ?? "no samples" });
      else rows.push({ ...row, min_us: least, median_us: median, ...(base === undefined ? {} : { over_t1: least / base }) });
    }
  }
} finally {
  for (const engine of processes) engine.stop();
}
console.log(asText(rows));
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ rows }, null, 1)}\n`);
