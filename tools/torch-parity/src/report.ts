import { nameOf } from "./records.js";
import type { AnyRecord } from "./records.js";
import type { Outcome } from "./outcome.js";

/** What became of all records: counted by file and group, and listed. */

interface Count {
  passed: number;
  failed: number;
  unsupported: number;
}

interface FileReport extends Count {
  readonly groups: Record<string, Count>;
  /** Every record that did not pass. */
  readonly failures: { readonly id: string; readonly fn: string; readonly status: Exclude<Outcome["status"], "passed">; readonly why: string }[];
  /** Ids of the records that did. */
  readonly passing: string[];
  /** Records that the device has no types for; they are not counted. */
  elsewhere: number;
  /** Methods that PyTorch has and Gradus does not, with how many records passed without them. */
  readonly lacking: Record<string, number>;
}

const zero = (): Count => ({ passed: 0, failed: 0, unsupported: 0 });
const total = ({ passed, failed, unsupported }: Count): number => passed + failed + unsupported;
const rate = (count: Count): string => (total(count) === 0 ? "–" : `${((100 * count.passed) / total(count)).toFixed(1)} %`);

const functionOf = (record: AnyRecord): string => ("fn" in record ? record.fn : record.kind);

/** Ops are grouped as PyTorch's tables group them, captured calls by test file, the rest by the first parts of their ids. */
function groupsOf(record: AnyRecord): readonly string[] {
  if ("tier" in record) return [`${record.tier} tier`, record.group];
  return ["test" in record ? (record.test.split(".")[0] ?? "") : (record.id.split("/")[1] ?? "").split("_")[0] ?? ""];
}

export class Report {
  readonly files: Record<string, FileReport> = {};

  #file(file: string): FileReport {
    return (this.files[nameOf(file)] ??= { ...zero(), elsewhere: 0, lacking: {}, groups: {}, failures: [], passing: [] });
  }

  add(file: string, record: AnyRecord, outcome: Outcome): void {
    const report = this.#file(file);
    for (const count of [report, ...groupsOf(record).map((group) => (report.groups[group] ??= zero()))]) count[outcome.status]++;
    if (outcome.status === "passed") {
      report.passing.push(record.id);
      for (const method of outcome.lacking) report.lacking[method] = (report.lacking[method] ?? 0) + 1;
    } else report.failures.push({ id: record.id, fn: functionOf(record), status: outcome.status, why: outcome.why });
  }

  /** Counts a record that the device has no types for. */
  leaveOut(file: string): void {
    this.#file(file).elsewhere++;
  }

  get count(): Count {
    const sum = zero();
    for (const file of Object.values(this.files)) for (const status of ["passed", "failed", "unsupported"] as const) sum[status] += file[status];
    return sum;
  }

  /** The table, what is missing and what fails most, and the line that counts everything. */
  toString(): string {
    const row = (name: string, count: Count): string[] => [name, String(total(count)), String(count.passed), String(count.failed), String(count.unsupported), rate(count)];
    const rows = [["", "records", "passed", "failed", "unsupported", "rate"]];
    for (const [name, file] of Object.entries(this.files)) {
      rows.push(row(name, file));
      for (const [group, count] of Object.entries(file.groups).sort(([a], [b]) => (a < b ? -1 : 1))) rows.push(row(`  ${group}`, count));
    }
    const parts = [columns(rows)];
    const all = Object.values(this.files).flatMap(({ failures }) => failures);
    const missing = tally(all.filter(({ status }) => status === "unsupported").flatMap(({ why }) => why.split("; ")));
    const failing = tally(all.filter(({ status }) => status === "failed").map(({ fn }) => fn));
    if (missing.length > 0) parts.push(`Unsupported, by number of records:\n${columns(missing)}`);
    if (failing.length > 0) parts.push(`Failing, by number of records:\n${columns(failing)}`);
    const lacking = new Set(Object.values(this.files).flatMap((file) => Object.keys(file.lacking)));
    if (lacking.size > 0) parts.push(`Methods of PyTorch that Gradus offers as functions only: ${[...lacking].sort().join(", ")}`);
    const elsewhere = Object.values(this.files).reduce((sum, file) => sum + file.elsewhere, 0);
    if (elsewhere > 0) parts.push(`${String(elsewhere)} records have element types that this device does not compute in and are not counted`);
    const { passed, failed, unsupported } = this.count;
    parts.push(`${String(passed)} passed, ${String(failed)} failed, ${String(unsupported)} unsupported`);
    return parts.join("\n\n");
  }
}

/** What occurs, with how often, most frequent first. */
function tally(items: readonly string[]): string[][] {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([item, count]) => [`  ${item}`, String(count)]);
}

/** Cells under each other: text to the left, numbers to the right. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  ").trimEnd()).join("\n");
}
