import { writeFile } from "node:fs/promises";
import { inspect, parseArgs } from "node:util";
import { deviceNames, openDevice } from "./device.js";
import { runCases } from "./run.js";

const usage = `Usage: npm run parity -- --cases DIR [options]

Runs cases that PyTorch computed, and says which of them Gradus agrees with. Exits with 0 if all do.

  --cases DIR      directory of *.jsonl.gz files; tools/torch-parity/README.md describes them
  --only FILE…     only these files, such as: ops captured
  --device NAME    ${deviceNames.join(", ")} (cpu)
  --json OUT       write what became of every record
  --verbose ID     run one record, and show its inputs, what was expected and what came`;

/** The command line; `--only` takes several names, as the shell expands them. */
function commandLine(): { cases: string; only: readonly string[]; device: string; json: string | undefined; verbose: string | undefined } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      cases: { type: "string" },
      only: { type: "string", multiple: true, default: [] },
      device: { type: "string", default: "cpu" },
      json: { type: "string" },
      verbose: { type: "string" },
      help: { type: "boolean", default: false, short: "h" },
    },
  });
  if (values.help) {
    console.log(usage);
    process.exit(0);
  }
  if (values.cases === undefined) throw new Error("--cases: expected a directory, got none");
  if (positionals.length > 0 && values.only.length === 0) throw new Error(`expected options, got ${positionals.join(" ")}`);
  return { cases: values.cases, only: [...values.only, ...positionals].flatMap((names) => names.split(",")), device: values.device, json: values.json, verbose: values.verbose };
}

function show(label: string, value: unknown): void {
  console.log(`${label}: ${typeof value === "string" ? value : inspect(value, { depth: 4, maxArrayLength: 400, breakLength: 160 })}`);
}

async function main(): Promise<number> {
  const { cases, only, device: deviceName, json, verbose } = commandLine();
  const { device, dtypes } = await openDevice(deviceName);
  const report = await runCases(cases, device, { only, dtypes, ...(verbose === undefined ? {} : { id: verbose, observe: show }) });
  const { passed, failed, unsupported } = report.count;
  if (passed + failed + unsupported === 0) throw new Error(verbose === undefined ? `--cases: expected records, found none in ${cases}` : `--verbose: expected the id of a record, got ${verbose}`);
  if (json !== undefined) await writeFile(json, `${JSON.stringify({ device: deviceName, files: report.files }, null, 1)}\n`);
  console.log(`${verbose === undefined ? "" : "\n"}${report.toString()}`);
  return failed + unsupported === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 2;
}
