import type { Fail } from "./byte-source.js";

/** A part of a file that is not as its format demands, found by code that does not know the file. */
export class Malformed extends Error {
  override readonly name = "Malformed";
}

/** Runs `work`; a part that is malformed becomes an error of the file. */
export function naming<R>(fail: Fail, work: () => R): R {
  try {
    return work();
  } catch (error) {
    throw error instanceof Malformed ? fail(error.message, error) : error;
  }
}
