import { format, inspect } from "node:util";
import { expect } from "vitest";

/** What Node's console prints for a value, on one line however long. */
export const show = (value: unknown): string => inspect(value, { depth: Infinity, breakLength: Infinity });

/** What `console.log` prints. */
export const printed = (...values: readonly unknown[]): string => format(...values);

/**
 * Fails unless `run` gives what the documentation says.
 *
 * @param expected - What is printed, or `throws <name>: <message>`. A `…` after a digit stands for more digits, any other for any text.
 * @param place - File and line, for the message.
 */
export async function check(run: () => Promise<string>, expected: string, place: string): Promise<void> {
  const wanted = tidy(expected);
  const result = wanted.startsWith("throws ") ? run().catch((error: unknown) => `throws ${String(error)}`) : run();
  const actual = tidy(await result);
  if (!pattern(wanted).test(actual)) expect(actual, `${place} shows another result than it says`).toBe(wanted);
}

/** Layout and the kind of quotes do not count. */
function tidy(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .replace(/ ?([[\](){},]) ?/g, "$1")
    .replaceAll("'", '"')
    .trim();
}

function pattern(expected: string): RegExp {
  const literal = expected.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${literal.replace(/(\d)…/g, "$1\\d*(e[+-]\\d+)?").replaceAll("…", ".*")}$`);
}
