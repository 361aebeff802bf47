/** What a pickle is made of, beside JavaScript's own values. A dictionary is a `Map` while it is read, a list or tuple an array. */

/** A `str` of Python 2, or `bytes` written by it: text or data, as whoever takes it decides. A view of the file. */
export class ByteString {
  constructor(readonly bytes: Uint8Array) {}

  /** One character for each byte. */
  toString(): string {
    return latin1(this.bytes);
  }
}

/** A name that may stand in a file. */
export interface PythonGlobal {
  readonly name: string;
  /** What calling it gives. Absent for what is only named. */
  readonly call?: (args: readonly unknown[]) => unknown;
  /** What it is in JavaScript, where that is more than its name. */
  readonly value?: unknown;
}

export class GlobalReference {
  constructor(readonly global: PythonGlobal) {}
}

/** The characters of bytes, one for each, in pieces that a call can take. */
export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}

/** Text, whether Python 2 or 3 wrote it; undefined for anything else. */
export const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : value instanceof ByteString ? value.toString() : undefined);

/** A list or tuple of integers from 0 to 2⁵³ − 1; undefined for anything else. */
export const sizesOf = (value: unknown): readonly number[] | undefined =>
  Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && (item as number) >= 0) ? (value as readonly number[]) : undefined;
