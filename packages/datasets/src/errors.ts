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
