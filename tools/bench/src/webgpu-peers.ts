import { cpus } from "node:os";
import { chromium } from "playwright";
import type { Browser } from "playwright";
import { chromiumPath } from "../../capabilities.mjs";
import type { CaseName } from "./cases.js";
import { cases } from "./cases.js";
import { EnginePage } from "./engine-page.js";
import type { Row } from "./measure.js";
import { measureCase } from "./measure.js";
import { servePages } from "./page/page-server.js";
import type { Counters } from "./protocol.js";
import { asText, asTime, reasons } from "./report.js";

/** The engines: their labels, and the modules of their pages. */
const modules = {
  gradus: "/engines/gradus.js",
  "gradus, in scopes": "/engines/gradus.js?scope",
  "jax-js": "/engines/jax.js",
  "tfjs-webgpu": "/engines/tfjs.js",
  "onnxruntime-web": "/engines/onnx.js",
} as const;
const names = ["matmul 512", "matmul 1024", "step a (MLP)", "step b (LeNet)"] as const satisfies readonly CaseName[];

const always = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-unsafe-webgpu"];
/** Ways to come by an adapter, the better one first. */
const adapters = [["--enable-features=Vulkan"], ["--use-webgpu-adapter=swiftshader"]];

/** A Chromium whose pages have an adapter, and the name of it. */
async function launch(origin: string): Promise<{ readonly browser: Browser; readonly adapter: string }> {
  if (chromiumPath === undefined) throw new Error("bench: expected a Chromium, found none; install one, or set CHROMIUM_PATH");
  for (const flags of adapters) {
    const browser = await chromium.launch({ executablePath: chromiumPath, args: [...always, ...flags] });
    const page = await browser.newPage();
    await page.goto(origin);
    const adapter = await page.evaluate(async () => {
      const found = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
      return found === null ? null : `${found.info.vendor} ${found.info.architecture} ${found.info.description}`.trim();
    });
    await page.close();
    if (adapter !== null) return { browser, adapter };
    await browser.close();
  }
  throw new Error("bench: expected Chromium to have a WebGPU adapter, it has none, not even one in software");
}

/** What a run of each case adds to the counters of a page. */
async function count(engine: EnginePage): Promise<ReadonlyMap<CaseName, Counters>> {
  const counted = new Map<CaseName, Counters>();
  for (const name of names) {
    await engine.ask({ prepare: name });
    // The first run compiles, the second fills the pools.
    await engine.ask({ count: true });
    const answer = await engine.ask({ count: true });
    if ("counters" in answer) counted.set(name, answer.counters);
  }
  return counted;
}

/** Measures Gradus beside its peers on WebGPU, each on a page of its own in one Chromium, in turns. Gives the page docs/performance-webgpu.md. */
export async function comparePeers(seconds: number): Promise<string> {
  await import(new URL("../install-peers.mjs", import.meta.url).href);
  const { origin, server } = await servePages();
  const { browser, adapter } = await launch(origin);
  try {
    const engines: EnginePage[] = [];
    for (const [label, module] of Object.entries(modules)) {
      engines.push(await new EnginePage({ label, engine: label, node: "", threads: 1, options: "" }, await browser.newPage()).load(origin, module));
    }
    const rows: Row[] = [];
    for (const name of names) {
      const measured = await measureCase(name, engines, seconds, "gradus");
      rows.push(...measured);
      console.error(`${asText(name, measured, "gradus")}\n`);
    }
    const scoped = engines.find(({ description }) => description.label === "gradus, in scopes")!;
    return asMarkdown(rows, await count(scoped), { adapter, chromium: browser.version(), seconds });
  } finally {
    await browser.close();
    server.close();
  }
}

function asMarkdown(rows: readonly Row[], counted: ReadonlyMap<CaseName, Counters>, { adapter, chromium: version, seconds }: { readonly adapter: string; readonly chromium: string; readonly seconds: number }): string {
  const labels = Object.keys(modules);
  const cell = (name: CaseName, label: string): string => {
    const row = rows.find((each) => each.name === name && each.label === label);
    if (row?.min_us === undefined) return "–";
    return label === "gradus" || row.over_t1 === undefined ? asTime(row.min_us) : `${asTime(row.min_us)} (${Number(row.over_t1.toPrecision(2))} ×)`;
  };
  const counters = [...new Set([...counted.values()].flatMap((each) => Object.keys(each)))];
  return `# Performance on WebGPU, beside its peers

Written by \`npm run bench:webgpu -- --peers --markdown docs/performance-webgpu.md\`; do not edit. Measured in Chromium ${version} on the adapter
"${adapter}", ${cpus()[0]?.model ?? "unknown processor"}, ${cpus().length} cores.

${/swiftshader|llvmpipe|lavapipe|basic render/i.test(adapter) ? "**This adapter is a program and no GPU.** It has no shared memory that is fast and no thousands of threads, so that who is faster here says nothing about who\nis faster on a GPU. What it does show is what an engine does besides computing: uploads, readbacks, dispatches, submits.\n\n" : ""}Every engine had a page of its own in one browser and did the same work, in turns, ${seconds} s for each case; the least time counts, from the call until the
device has finished. The machine was not alone: the ratios mean more than the times. In parentheses: times as long as Gradus takes. A dash: it did not run the case; why stands below.

| | ${labels.join(" | ")} |
|---|${labels.map(() => "---|").join("")}
${names.map((name) => `| ${name} | ${labels.map((label) => cell(name, label)).join(" | ")} |`).join("\n")}

${names.map((name) => `- ${name}: ${cases[name].describe}`).join("\n")}

${reasons(rows)}

## What a run of Gradus asks of the device

In a scope, from the third run on. The loss is what a step reads: four bytes.

| | ${counters.join(" | ")} |
|---|${counters.map(() => "---|").join("")}
${[...counted].map(([name, each]) => `| ${name} | ${counters.map((counter) => each[counter] ?? 0).join(" | ")} |`).join("\n")}
`;
}
