import { DataFileError } from "./errors.js";
import { gunzip, gzipCapacity, isGzip } from "./gunzip.js";

/** The third byte of an IDX file names the type of its elements, which are stored with the highest byte first. */
const ELEMENTS = {
  0x08: Uint8Array,
  0x09: Int8Array,
  0x0b: Int16Array,
  0x0c: Int32Array,
  0x0d: Float32Array,
  0x0e: Float64Array,
} as const;

export type IdxData = InstanceType<(typeof ELEMENTS)[keyof typeof ELEMENTS]>;

/** The content of an IDX file: one array of numbers, last dimension fastest. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: IdxData;
}

const isElement = (code: number): code is keyof typeof ELEMENTS => code in ELEMENTS;

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");

/**
 * Reads an IDX file, plain or gzip-compressed: the format of MNIST.
 *
 * Four bytes (two zeros, type of the elements, number of dimensions), then the size of each dimension in four bytes, then the
 * elements. No size is believed, and nothing allocated for it, before the length of the file allows it.
 *
 * @param bytes - The whole file.
 * @param file - The name that errors carry.
 * @throws {DataFileError} if the file is not IDX, or its length does not fit its header.
 * @see http://yann.lecun.com/exdb/mnist/, "the IDX file format"
 * @example
 * const { shape, data } = await readIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 5, 6, 7), "three numbers");
 * [...shape, ...data]; // [3, 5, 6, 7]
 */
export async function readIdx(bytes: Uint8Array<ArrayBuffer>, file: string): Promise<IdxArray> {
  const compressed = isGzip(bytes);
  const source = new PieceReader(compressed ? gunzip(bytes, file) : onePiece(bytes));
  try {
    const magic = await source.take(4);
    const [zero1, zero2, code, rank] = magic;
    if (magic.length < 4 || zero1 !== 0 || zero2 !== 0 || !isElement(code!) || rank === 0) {
      throw new DataFileError(
        file,
        `expected an IDX file (00 00, a type from 08 to 0e, a number of dimensions), found ${magic.length === 0 ? "nothing" : hex(magic)}`,
        "check that this is the file you mean, or download it again",
      );
    }
    const sizes = await source.take(4 * rank!);
    if (sizes.length < 4 * rank!) throw tooShort(file, `${rank!} dimensions`, sizes.length, "bytes of them");
    const view = new DataView(sizes.buffer, sizes.byteOffset);
    const shape = Array.from({ length: rank! }, (_, d) => view.getUint32(4 * d));
    const elements = ELEMENTS[code];
    const expected = shape.reduce((a, b) => a * b, elements.BYTES_PER_ELEMENT);
    const capacity = compressed ? gzipCapacity(bytes.length) : bytes.length;
    const promise = `${shape.join(" x ")} elements (${expected} bytes)`;
    if (expected > capacity) throw tooShort(file, promise, bytes.length, compressed ? "compressed bytes" : "bytes in all");

    const body = new Uint8Array(expected);
    const found = await source.fill(body);
    if (found < expected) throw tooShort(file, promise, found, "bytes");
    if (!(await source.isAtEnd())) {
      throw new DataFileError(file, `the header promises ${promise}, and more follow`, "download the file again");
    }
    swapBytes(body, elements.BYTES_PER_ELEMENT);
    return { shape, data: new elements(body.buffer) };
  } finally {
    await source.close();
  }
}

function tooShort(file: string, promise: string, found: number, unit: string): DataFileError {
  return new DataFileError(file, `the header promises ${promise}, the file holds ${found} ${unit}`, "download the file again");
}

/** Turns elements from highest byte first to lowest byte first, the order of typed arrays on every host that runs JavaScript today. */
function swapBytes(bytes: Uint8Array, width: number): void {
  if (width === 1) return;
  for (let i = 0; i < bytes.length; i += width) bytes.subarray(i, i + width).reverse();
}

// eslint-disable-next-line @typescript-eslint/require-await -- the type of a compressed source
async function* onePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}

/** Reads given numbers of bytes from a sequence of pieces of any lengths. */
class PieceReader {
  readonly #pieces: AsyncGenerator<Uint8Array, void>;
  #rest = new Uint8Array(0) as Uint8Array;

  constructor(pieces: AsyncGenerator<Uint8Array, void>) {
    this.#pieces = pieces;
  }

  /** Whether nothing is left. */
  async isAtEnd(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const next = await this.#pieces.next();
      if (next.done) return true;
      this.#rest = next.value;
    }
    return false;
  }

  /** Fills `target` as far as the bytes last and says how far. */
  async fill(target: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < target.length && !(await this.isAtEnd())) {
      const piece = this.#rest.subarray(0, target.length - filled);
      target.set(piece, filled);
      filled += piece.length;
      this.#rest = this.#rest.subarray(piece.length);
    }
    return filled;
  }

  /** The next `length` bytes, or fewer at the end. */
  async take(length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, await this.fill(bytes));
  }

  async close(): Promise<void> {
    await this.#pieces.return();
  }
}
