/** How the program ends. */
export const exitStatus = { success: 0, failure: 1, usage: 2, interrupted: 130, brokenPipe: 141 } as const;

/** Something in the command line that cannot be followed. The message names the option and the remedy. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Training that has led nowhere. */
export class DivergenceError extends Error {
  override readonly name = "DivergenceError";
}

/** One line for people; with `debug`, where it happened too. */
export function describeFailure(error: unknown, debug: boolean): string {
  if (!(error instanceof Error)) return `error: ${String(error)}`;
  if (debug) return `error: ${error.stack ?? error.message}`;
  return `error: ${error.message.replaceAll(/\s*\n\s*/g, " ")}`;
}

export const statusOf = (error: unknown): number => (error instanceof UsageError ? exitStatus.usage : exitStatus.failure);
