/**
 * A file whose content is not what its format demands. The message is one line: file, what was expected and found, what to do.
 *
 * @example
 * new FileFormatError("net.safetensors", "expected a header, found nothing", "get the file again").message; // "net.safetensors: expected a header, found nothing; get the file again"
 */
export class FileFormatError extends Error {
  override readonly name = "FileFormatError";
  /** Path or name of the file. */
  readonly file: string;
  /** What was expected and what was found. */
  readonly reason: string;

  constructor(file: string, reason: string, remedy: string, options?: ErrorOptions) {
    super(`${file}: ${reason}; ${remedy}`, options);
    this.file = file;
    this.reason = reason;
  }
}

/** A file that the system did not let us read or write: missing, forbidden, no space left. The `cause` is the system's error. */
export class FileAccessError extends Error {
  override readonly name = "FileAccessError";
  /** Path of the file. */
  readonly file: string;
  /** What could not be done and why. */
  readonly reason: string;

  constructor(file: string, reason: string, remedy: string, options?: ErrorOptions) {
    super(`${file}: ${reason}; ${remedy}`, options);
    this.file = file;
    this.reason = reason;
  }
}
