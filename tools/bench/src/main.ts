import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { CaseName } from "./cases.js";
import { cases } from "./cases.js";
import { EngineProcess } from "./engine-process.js";
import { engines, reference } from "./engines.js";
import type { Row } from "./measure.js";
import { measureCase } from "./measure.js";
import { asMarkdown, asText } from "./report.js";

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
    markdown: { type: "string" },
    help: { type: "boolean", default: false, short: "h" },
  },
});
if (values.help) {
  console.log(`Usage: npm run bench -- [options]
  --only REGEX      cases whose name matches: ${Object.keys(cases).join("; ")}
  --engines REGEX   engines whose name matches: ${engines.map(({ label }) => label).join("; ")}
  --seconds N       time for each case and engine, split into three turns (1.5)
  --json FILE       write the rows as JSON; rows of other cases that are there stay
  --markdown FILE   write the page docs/performance.md`);
  process.exit(0);
}

const chosen = engines.filter(({ label }) => new RegExp(values.engines).test(label));
const names = (Object.keys(cases) as CaseName[]).filter((name) => new RegExp(values.only).test(name));
const seconds = Number(values.seconds);
if (chosen.length === 0 || names.length === 0 || !(seconds > 0)) {
  console.error(`bench: expected cases, engines and seconds, got ${names.length} cases, ${chosen.length} engines and ${values.seconds} s; see --help`);
  process.exit(2);
}

/** Rows of an earlier run stay where they are of other cases: each case is measured by itself. */
const rows = ((): Row[] => {
  if (values.json === undefined || !existsSync(values.json)) return [];
  const before = JSON.parse(readFileSync(values.json, "utf8")) as { readonly rows: readonly Row[] };
  return before.rows.filter(({ name }) => !names.includes(name));
})();
const processes = chosen.map((engine) => new EngineProcess(engine));
try {
  for (const name of names) {
    const measured = await measureCase(name, processes, seconds, reference);
    rows.push(...measured);
    console.log(`${asText(name, measured, reference)}\n`);
    // What a run of half an hour has measured is there when it is stopped.
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ rows }, null, 1)}\n`);
    if (values.markdown !== undefined) writeFileSync(values.markdown, asMarkdown(rows, seconds));
  }
} finally {
  for (const engine of processes) engine.stop();
}
