import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { zeros } from "@gradus/tensor-core";
import { onTestFinished } from "vitest";
import type { TensorRecord } from "../src/host-values.js";
import type { Report } from "../src/report.js";
import type { RunOptions } from "../src/run.js";
import { runCases } from "../src/run.js";

/** A directory of case files that goes away with the test. */
export function casesOf(files: Readonly<Record<string, readonly object[]>>): string {
  const directory = mkdtempSync(join(tmpdir(), "gradus-parity-"));
  onTestFinished(() => { rmSync(directory, { recursive: true }); });
  for (const [name, records] of Object.entries(files)) {
    writeFileSync(join(directory, `${name}.jsonl.gz`), gzipSync(records.map((record) => `${JSON.stringify(record)}\n`).join("")));
  }
  return directory;
}

export const run = (directory: string, options: RunOptions = {}): Promise<Report> => runCases(directory, zeros([0]).device, options);

/** What became of each record of one file, by id. */
export async function outcomes(records: readonly object[]): Promise<Record<string, string>> {
  const report = await run(casesOf({ ops: records }));
  const file = report.files["ops"];
  return Object.fromEntries([...(file?.passing ?? []).map((id) => [id, "passed"]), ...(file?.failures ?? []).map(({ id, status, why }) => [id, `${status}: ${why}`])] as [string, string][]);
}

export const float32 = (data: readonly number[], more: object = {}): TensorRecord => ({ dtype: "float32", shape: [data.length], data: [...data], ...more });
/** Expected values are kept in float64. */
export const expected = (data: readonly number[], more: object = {}): TensorRecord => ({ dtype: "float64", out_dtype: "float32", shape: [data.length], data: [...data], ...more });

/** exp(x) with weights 1 and 2 for its elements, first and second gradients: all of them eˣ times something. */
const powers = [Math.E, Math.exp(-1)];
const e = powers as [number, number];
export const expRecord = {
  id: "exp",
  kind: "op",
  tier: "core",
  group: "unary",
  fn: "torch.exp",
  method: "exp",
  inplace: "exp_",
  tensors: [float32([1, -1], { requires_grad: true })],
  args: [{ $t: 0 }],
  kwargs: {},
  out: { $o: 0 },
  outs: [expected(e)],
  cot: [float32([1, 2])],
  grads: [{ dtype: "float64", shape: [2], data: [e[0], 2 * e[1]] }],
  cot2: [float32([3, 1])],
  grads2: [{ dtype: "float64", shape: [2], data: [3 * e[0], 2 * e[1]] }],
  ref: "float64",
} as const;
