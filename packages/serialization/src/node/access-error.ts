import { FileAccessError } from "../errors.js";

/** The system's refusal in one line. */
export function accessError(file: string, what: string, remedy: string, cause: unknown): FileAccessError {
  // Node's message reads "ENOSPC: no space left on device, write"; the path in it would stand there twice.
  const message = cause instanceof Error ? (cause.message.split(",")[0] ?? "") : String(cause);
  return new FileAccessError(file, `${what} (${message})`, remedy, { cause });
}
