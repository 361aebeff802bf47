import { execFileSync } from "node:child_process";
import { cpus, totalmem } from "node:os";
import { cases } from "./cases.js";
import type { CaseName } from "./cases.js";
import { goals, Run } from "./goals.js";
import type { Row } from "./measure.js";

/** Three digits, without an exponent. */
const digits = (x: number): string => String(Number(x.toPrecision(3)));
const twoDigits = (x: number): string => String(Number(x.toPrecision(2)));
export const asTime = (microseconds: number): string => (microseconds >= 1000 ? `${digits(microseconds / 1000)} ms` : `${digits(microseconds)} µs`);

const rate = (name: CaseName, microseconds: number): string => {
  const about = cases[name];
  return "flop" in about ? `${(about.flop / microseconds / 1000).toFixed(1)} GFLOP/s` : "";
};

/** Minimum, median, and how many times as long as the reference and as Gradus, of one case. */
export function asText(name: CaseName, rows: readonly Row[], reference: string): string {
  const ours = rows.find((row) => row.label === "gradus")?.min_us;
  const width = Math.max(...rows.map(({ label }) => label.length));
  const line = (row: Row): string => {
    if (row.min_us === undefined || row.median_us === undefined) return row.error ?? "";
    const overTorch = row.over_t1 === undefined ? "" : `${row.over_t1.toFixed(2)} × ${reference}`;
    const overOurs = ours === undefined || row.label === "gradus" || reference === "gradus" ? "" : `${(row.min_us / ours).toFixed(2)} × gradus`;
    return `min ${asTime(row.min_us).padStart(8)}  median ${asTime(row.median_us).padStart(8)}  ${[rate(name, row.min_us), overTorch, overOurs].filter((part) => part !== "").join("  ")}`;
  };
  return [`${name}: ${cases[name].describe}`, ...rows.map((row) => `  ${row.label.padEnd(width)}  ${line(row)}`)].join("\n");
}

/** The machine that measured, by its parts; nothing that names a person or a place. */
function machine(): string {
  const [cpu] = cpus();
  const torch = (): string => {
    try {
      return execFileSync(process.env["PYTHON"] ?? "/usr/bin/python3", ["-c", "import torch; print(torch.__version__)"], { encoding: "utf8" }).trim();
    } catch {
      // The rows of PyTorch say so as well.
      return "none";
    }
  };
  return `${cpu?.model ?? "unknown processor"}, ${cpus().length} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB; Node ${process.version.slice(1)}; PyTorch ${torch()}`;
}

/** Time over PyTorch's on one thread: a line a case, a column an engine. */
function ratios(names: readonly CaseName[], labels: readonly string[], rows: readonly Row[]): string {
  const cell = (name: CaseName, label: string): string => {
    const row = rows.find((each) => each.name === name && each.label === label);
    if (row?.min_us === undefined) return "–";
    if (name === "register peak") return rate(name, row.min_us);
    return row.over_t1 === undefined ? asTime(row.min_us) : twoDigits(row.over_t1);
  };
  const base = (name: CaseName): string => {
    const row = rows.find((each) => each.name === name && each.label === "torch");
    return row?.min_us === undefined ? "–" : asTime(row.min_us);
  };
  return [
    `| | PyTorch, 1 thread | ${labels.join(" | ")} |`,
    `|---|---|${labels.map(() => "---|").join("")}`,
    ...names.map((name) => `| ${name} | ${base(name)} | ${labels.map((label) => cell(name, label)).join(" | ")} |`),
  ].join("\n");
}

/** What was wanted beside what was reached. */
function reachedGoals(run: Run): string {
  const inScope = run.inScope();
  const lines = goals.map(({ what, reached, wanted }) => {
    const [limit, text] = "atMost" in wanted ? [wanted.atMost, `≤ ${wanted.atMost}`] : [wanted.atLeast, `≥ ${wanted.atLeast}`];
    const met = (figure: number | undefined): boolean => figure !== undefined && ("atMost" in wanted ? figure <= limit : figure >= limit);
    const shown = (figure: number | undefined, otherwise: string): string => figure?.toFixed(2) ?? otherwise;
    const [figure, scoped] = [reached(run), reached(inScope)];
    return `| ${what} | ${text} | ${shown(figure, "not measured")} | ${shown(scoped, "–")} | ${met(figure) ? "yes" : met(scoped) ? "in `scope()`" : "**no**"} |`;
  });
  return ["| | wanted | reached | in `scope()` | |", "|---|---|---|---|---|", ...lines].join("\n");
}

const jsPeers = /^(tfjs|jax-js|js-pytorch|onnxruntime-web)/;

/** How many times as long the fastest other engine in JavaScript or WebAssembly took, on the same Node. */
function besideJavaScript(names: readonly CaseName[], run: Run): string {
  const lines = names.flatMap((name) => {
    const [fastest] = run.rows
      .filter((row) => row.name === name && jsPeers.test(row.label) && row.node === process.version && row.min_us !== undefined)
      .sort((a, b) => a.min_us! - b.min_us!);
    if (fastest === undefined) return [];
    const times = (label: string): string => {
      const ratio = run.ratio(name, fastest.label, label);
      return ratio === undefined ? "–" : twoDigits(ratio);
    };
    return [`| ${name} | ${fastest.label} | ${times("gradus")} | ${times("gradus, in scope()")} |`];
  });
  return ["| | fastest of the others | its time over Gradus's | in `scope()` |", "|---|---|---|---|", ...lines].join("\n");
}

/** What peers could not run, with their reasons. */
export function reasons(rows: readonly Row[]): string {
  const by = new Map<string, string[]>();
  for (const { label, name, error } of rows) {
    if (error === undefined) continue;
    const key = `${label}: ${error}`;
    by.set(key, [...(by.get(key) ?? []), name]);
  }
  return [...by].map(([key, names]) => `- ${key} (${names.join(", ")})`).join("\n");
}

/** The page `docs/performance.md`. */
export function asMarkdown(rows: readonly Row[], seconds: number): string {
  const names = (Object.keys(cases) as CaseName[]).filter((name) => rows.some((row) => row.name === name));
  const missing = (Object.keys(cases) as CaseName[]).filter((name) => !names.includes(name));
  const run = new Run(rows);
  const labels = [...new Set(rows.map(({ label }) => label))];
  const ours = labels.filter((label) => label.startsWith("gradus"));
  const peers = labels.filter((label) => !label.startsWith("gradus") && label !== "torch");
  const products = names.filter((name) => name === "register peak" || name.startsWith("matmul"));
  const absolute = (label: string): string => {
    const cell = (name: CaseName): string => {
      const row = rows.find((each) => each.name === name && each.label === label);
      return row?.min_us === undefined ? "–" : rate(name, row.min_us).replace(" GFLOP/s", "");
    };
    return `| ${label} | ${products.map(cell).join(" | ")} |`;
  };
  return `# Performance

Written by \`npm run bench -- --markdown docs/performance.md\`; do not edit. Measured on ${machine()}.

Every engine did the same work in one run, in turns, ${seconds} s for each case, and the least time counts. The
ratios mean more than the times. What each case does stands in \`tools/bench/src/cases.ts\`.

## Gradus: time over PyTorch's on one thread

Below 1 is faster than PyTorch with AVX-512 kernels; WebAssembly has vectors of 128 bits, 256 when revectorized.

${ratios(names, ours, rows)}

## What was wanted

On one thread, eager, reclaiming of memory included. PyTorch uses the memory of a result again as soon as nothing refers to it, and so does \`scope()\` at its end;
without a scope memory waits for the garbage collector, and results go to memory that no cache holds.

${reachedGoals(run)}

## Beside the fastest other engine in JavaScript

Above 1, Gradus is faster. The others free their memory by hand, which \`scope()\` does here; without it the garbage collector decides when memory is used again.

${besideJavaScript(names, run)}

## Others: time over PyTorch's on one thread

A dash: it did not run the case; why stands below.

${ratios(names, peers, rows)}

## Products, GFLOP/s

| | ${products.join(" | ")} |
|---|${products.map(() => "---|").join("")}
${labels.map(absolute).join("\n")}

## What was not run

${missing.length === 0 ? "" : `- by nobody, as the run did not get so far: ${missing.join(", ")}\n`}${reasons(rows)}
`;
}
