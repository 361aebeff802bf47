import type { Reporter } from "./report.js";

/** One line of JSON for each epoch and one at the end, for programs. */
export function jsonReporter(write: (line: string) => void): Reporter {
  const say = (value: Readonly<Record<string, unknown>>): void => write(JSON.stringify(value));
  return {
    begin: () => undefined,
    progress: () => undefined,
    stopping: () => undefined,
    epoch: (result) => say({ event: "epoch", ...result, residentBytes: process.memoryUsage.rss() }),
    interrupted: (interruption) => say({ event: "interrupted", ...interruption }),
    result: ({ evaluation, confusion, saved }) => {
      say({ event: "result", testAccuracy: evaluation.accuracy, confusion, saved });
      return Promise.resolve();
    },
  };
}
