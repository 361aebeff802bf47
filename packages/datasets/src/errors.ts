/**
 * A data file that is missing, damaged or not what it should be. The message is one line: file, what was expected and found, what to do.
 *
 * @example
 * new DataFileError("labels.gz", "expected 10 labels, found 9", "download it again").message; // "labels.gz: expected 10 labels, found 9; download it again"
 */
export class DataFileError extends Error {
  override readonly name = "DataFileError";
  /** Path or name of the file (or directory). */
  readonly file: string;
  /** What was expected and what was found. */
  readonly reason: string;

  constructor(file: string, reason: string, remedy: string, options?: ErrorOptions) {
    super(`${file}: ${reason}; ${remedy}`, options);
    this.file = file;
    this.reason = reason;
  }
}

/** A thread that loads samples failed; the `cause` is its error, with the message and the stack that it had there. */
export class WorkerError extends Error {
  override readonly name = "WorkerError";
  /** The number of the thread. */
  readonly worker: number;
  /** The sample that it was loading; null if the thread itself failed. */
  readonly index: number | null;

  constructor(worker: number, index: number | null, cause: Error) {
    super(`DataLoader: expected a batch from worker ${worker}, got ${cause.name}: ${cause.message}${index === null ? "" : ` (sample ${index})`}; its stack is in the cause`, { cause });
    this.worker = worker;
    this.index = index;
  }
}
