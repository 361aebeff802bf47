import { ArgumentError, type Options, optionsOf, type Tensor } from "@gradus/tensor-core";
import { type Fail, failure, type Readable, sourceOf } from "./byte-source.js";
import { joinPieces } from "./join-pieces.js";
import { naming } from "./malformed.js";
import { MemoryBudget, TENSOR_BYTES } from "./memory-budget.js";
import { checkLength, littleEndian, numpyElement, type NumpyElement, numpyKindOf } from "./pickle/numpy.js";
import { ELEMENT_BYTES, tensorBytes } from "./raw-tensors.js";
import { arrayTensor, LoadOptions } from "./torch/read.js";
import { ZipArchive } from "./zip/zip-reader.js";
import { zipPieces } from "./zip/zip-writer.js";

/**
 * NumPy's files: an array (`.npy`), and several by name (`.npz`, a zip archive of `.npy`).
 *
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */

/** 0x93 NUMPY */
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const REMEDY = "check that it is a file of NumPy, or get it again";
/** NumPy itself reads no longer headers from strangers. */
const LONGEST_HEADER = 10_000;

/**
 * An array of `numpy.save`, on the default device.
 *
 * @throws {FileFormatError} if the file is damaged, or the array has elements that tensors have not.
 * @see numpy.load
 * @example
 * const bytes = await saveNpy(tensor([[1, 2]]));
 * const x = await loadNpy(bytes);
 * await x.toArray(); // [[1, 2]]
 */
export async function loadNpy(input: Readable, options?: LoadOptions): Promise<Tensor> {
  const given = optionsOf("loadNpy", LoadOptions, options);
  const source = sourceOf(input, given.file ?? "npy file");
  const fail = failure(source.name, REMEDY);
  return parseNpy(await source.read(0, source.size), fail, new MemoryBudget(source.name, source.size, given), given);
}

/**
 * The arrays of `numpy.savez` or `numpy.savez_compressed` by name, on the default device.
 *
 * @throws {FileFormatError} if the file is damaged, would grow like a bomb, or an array has elements that tensors have not.
 * @see numpy.load
 * @example
 * const bytes = await saveNpz({ x: tensor([1, 2]) }, { compressed: true });
 * const { x } = await loadNpz(bytes);
 * await x?.toArray(); // [1, 2]
 */
export async function loadNpz(input: Readable, options?: LoadOptions): Promise<Record<string, Tensor>> {
  const given = optionsOf("loadNpz", LoadOptions, options);
  const source = sourceOf(input, given.file ?? "npz file");
  const fail = failure(source.name, REMEDY);
  const archive = await ZipArchive.open(source, fail, new MemoryBudget(source.name, source.size, given), given);
  const tensors: [string, Tensor][] = [];
  for (const entry of archive.entries.values()) {
    const name = entry.name.replace(/\.npy$/, "");
    if (name === "__proto__") throw fail('an array has the name "__proto__", which would change an object of JavaScript');
    const inEntry: Fail = (reason, cause) => fail(`array ${JSON.stringify(name.slice(0, 60))}: ${reason}`, cause);
    const bytes = await archive.read(entry);
    tensors.push([name, parseNpy(bytes, inEntry, new MemoryBudget(source.name, bytes.length, given), given)]);
  }
  if (new Set(tensors.map(([name]) => name)).size < tensors.length) throw fail("two arrays have one name");
  return Object.fromEntries(tensors);
}

/**
 * A tensor as `numpy.save` writes it.
 *
 * @throws {ArgumentError} if NumPy has no such elements, as for bfloat16.
 * @see numpy.save
 */
export async function saveNpy(x: Tensor): Promise<Uint8Array> {
  return joinPieces(npyPieces(x, await tensorBytes(x)));
}

export const NpzOptions = class {
  /** Whether the arrays are compressed; default false. */
  readonly compressed?: boolean;
};
export type NpzOptions = Options<typeof NpzOptions>;

/**
 * Tensors by name as `numpy.savez` writes them, or with `compressed` as `numpy.savez_compressed` does.
 *
 * @throws {ArgumentError} if NumPy has no such elements, as for bfloat16.
 * @see numpy.savez
 */
export async function saveNpz(tensors: Readonly<Record<string, Tensor>>, options?: NpzOptions): Promise<Uint8Array> {
  return joinPieces(await npzPieces(tensors, optionsOf("saveNpz", NpzOptions, options)));
}

export async function npzPieces(tensors: Readonly<Record<string, Tensor>>, options: NpzOptions): Promise<readonly Uint8Array[]> {
  const entries = Object.entries(tensors);
  const contents = await Promise.all(entries.map(async ([name, x]) => ({ name: `${name}.npy`, bytes: joinPieces(npyPieces(x, await tensorBytes(x))) })));
  return zipPieces(contents, options);
}

export function npyPieces({ dtype, shape }: Tensor, bytes: Uint8Array): readonly Uint8Array[] {
  const kind = numpyKindOf(dtype);
  if (kind === undefined) throw new ArgumentError(`save: expected elements that NumPy has, got ${dtype}; convert them with to("float32")`);
  const sizes = shape.length === 1 ? `${shape[0]!},` : shape.join(", ");
  const text = `{'descr': '${ELEMENT_BYTES[dtype] === 1 ? "|" : "<"}${kind}', 'fortran_order': False, 'shape': (${sizes}), }`;
  // The data begin at a multiple of 64 bytes.
  const length = Math.ceil((10 + text.length + 1) / 64) * 64;
  const header = new Uint8Array(length).fill(0x20);
  header.set([...MAGIC, 1, 0, (length - 10) & 255, (length - 10) >> 8]);
  header.set(new TextEncoder().encode(text), 10);
  header[length - 1] = 0x0a;
  return [header, bytes];
}

function parseNpy(bytes: Uint8Array, fail: Fail, budget: MemoryBudget, { device }: LoadOptions): Tensor {
  if (bytes.length < 12 || MAGIC.some((byte, i) => bytes[i] !== byte)) throw fail("expected an array of NumPy, found no such beginning");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6]!;
  if (version < 1 || version > 3 || bytes[7] !== 0) throw fail(`the format has version ${version}.${bytes[7]!}, known are 1.0 to 3.0`);
  const start = version === 1 ? 10 : 12;
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > Math.min(LONGEST_HEADER, bytes.length - start)) throw fail(`the header takes ${length} bytes, the file holds ${bytes.length - start} more and at most ${LONGEST_HEADER} are read`);
  const { element, fortran, shape } = parseHeader(new TextDecoder("latin1").decode(bytes.subarray(start, start + length)), fail);
  const data = bytes.subarray(start + length);
  naming(fail, () => {
    checkLength(data, element.dtype, shape);
  });
  budget.spend(data.length + TENSOR_BYTES);
  return arrayTensor(littleEndian(data, element), element.dtype, shape, fortran, device);
}

/** A dictionary in Python's own notation with these three keys, in any order: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }` */
function parseHeader(text: string, fail: Fail): { element: NumpyElement; fortran: boolean; shape: readonly number[] } {
  const body = /^\{(.*)\}\s*$/s.exec(text)?.[1];
  const fields = new Map<string, string>();
  const field = /\s*(['"])(\w+)\1\s*:\s*('[^']*'|"[^"]*"|True|False|\([\d,\sL]*\))\s*(,|$)/sy;
  let at = 0;
  while (body !== undefined && body.slice(at).trim() !== "") {
    field.lastIndex = at;
    const [, , key = "", value = ""] = field.exec(body) ?? [];
    if (value === "" || fields.has(key)) throw fail("the header is none of NumPy's, or describes an array of records");
    fields.set(key, value);
    at = field.lastIndex;
  }
  const [descr, order, sizes] = ["descr", "fortran_order", "shape"].map((key) => fields.get(key));
  if (fields.size !== 3 || !/^['"]/.test(descr ?? "") || !/^[TF]/.test(order ?? "") || sizes?.startsWith("(") !== true) {
    throw fail("the header lacks its descr, fortran_order or shape, or has more");
  }
  const shape = sizes.slice(1, -1).replaceAll("L", "").split(",").map((size) => size.trim());
  if (shape.at(-1) === "") shape.pop();
  const numbers = shape.map((size) => (/^\d+$/.test(size) ? Number(size) : NaN));
  if (!numbers.every(Number.isSafeInteger)) throw fail(`the shape ${sizes.slice(0, 60)} has a size that is no integer`);
  return { element: naming(fail, () => numpyElement((descr ?? "").slice(1, -1))), fortran: order === "True", shape: numbers };
}

