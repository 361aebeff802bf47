import type { Options } from "@gradus/tensor-core";
import { FileFormatError } from "./errors.js";

/** The options of everything that reads a file. */
export const MemoryLimit = class {
  /**
   * The most bytes of memory that the content may take; default 4 times the length of the file and 1 MiB. A file that a few bytes
   * of which would fill the memory is refused before it does.
   */
  readonly maxBytes?: number;
};
export type MemoryLimit = Options<typeof MemoryLimit>;

/** A tensor without elements: the object, its shape and strides, its place on the device. */
export const TENSOR_BYTES = 400;

/** Counts what the content of a file takes, so that a small file cannot ask for much. */
export class MemoryBudget {
  readonly #file: string;
  readonly #limit: number;
  #spent = 0;

  constructor(file: string, size: number, { maxBytes = 4 * size + 2 ** 20 }: MemoryLimit = {}) {
    this.#file = file;
    this.#limit = maxBytes;
  }

  /** @throws {FileFormatError} if that is more than the file may take. */
  spend(bytes: number): void {
    this.#spent += bytes;
    // Written so that a number of bytes that is no number is refused too.
    if (!(this.#spent <= this.#limit)) {
      throw new FileFormatError(this.#file, `its content takes more than ${this.#limit} bytes of memory, which is much for its length`, "get the file again, or raise maxBytes if you trust it");
    }
  }
}
