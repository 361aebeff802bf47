import { readFileSync } from "node:fs";
import { formatWithOptions } from "node:util";
import { expect, vi } from "vitest";

/** Runs a program and gives what it prints. */
export async function printedBy(program: () => void | Promise<void>): Promise<string> {
  const lines: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((...values: unknown[]) => void lines.push(formatWithOptions({ colors: false }, ...values)));
  try {
    await program();
  } finally {
    log.mockRestore();
  }
  return lines.join("\n");
}

/** What the original in PyTorch prints; `originals/print-all.sh` wrote it down. */
export const printedByOriginal = (name: string): string => readFileSync(new URL(`printed/${name}.txt`, import.meta.url), "utf8");

const number = /-?\d+(?:\.\d*)?(?:e[+-]?\d+)?/g;

/** How Python and JavaScript spell the same: words, keys of objects, spaces. The name of the last op is not part of a tensor's value. */
const spelled = (text: string): string =>
  text
    .replace(/\b(True|False)\b/g, (word) => word.toLowerCase())
    .replace(/\bNone\b/g, "null")
    .replace(/\binf\b/g, "Infinity")
    .replace(/'(\w+)':/g, "$1:")
    .replace(/grad_fn=<\w+>/g, "grad_fn")
    .replace(/\s+/g, "");

/** Expects the same text, in which numbers may differ by what rounding does in a short training. */
export function expectAlike(text: string, original: string): void {
  const [mine, its] = [spelled(text), spelled(original)];
  expect(mine.replace(number, "#")).toBe(its.replace(number, "#"));
  const numbersOf = (some: string): number[] => (some.match(number) ?? []).map(Number);
  const want = numbersOf(its);
  for (const [i, value] of numbersOf(mine).entries()) expect(Math.abs(value - want[i]!), `number ${i}: ${value}, PyTorch's ${want[i]!}`).toBeLessThanOrEqual(2e-4 + 2e-3 * Math.abs(want[i]!));
}
