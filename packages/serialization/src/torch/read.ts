import { type DeviceLike, type DType, joinOptions, Layout, noGrad, type Options, optionsOf, type Tensor } from "@gradus/tensor-core";
import { type ByteSource, type Fail, failure, type Readable, sourceOf } from "../byte-source.js";
import { naming } from "../malformed.js";
import { MemoryBudget, MemoryLimit, TENSOR_BYTES } from "../memory-budget.js";
import { littleEndian, NumpyArray, NumpyDType } from "../pickle/numpy.js";
import { readPickle } from "../pickle/reader.js";
import { toJavaScript } from "../pickle/to-javascript.js";
import { ELEMENT_BYTES, fromBytes } from "../raw-tensors.js";
import { gunzip, isGzip } from "../zip/inflate.js";
import { ZipArchive } from "../zip/zip-reader.js";
import { StorageReference, storageOf, TensorReference, torchHost } from "./globals.js";

export const LoadOptions = /* @__PURE__ */ joinOptions(class {
  /** Where the tensors are made; the default device if absent. PyTorch's `map_location`. */
  readonly device?: DeviceLike;
  /** The name that errors carry, where the input has none of its own. */
  readonly file?: string;
}, MemoryLimit);
export type LoadOptions = Options<typeof LoadOptions>;

const REMEDY = "check that it is a file of torch.save with tensors, numbers, text, lists and dictionaries, or get it again";

/** What is needed while a file is read. */
interface Reading {
  readonly source: ByteSource;
  readonly fail: Fail;
  readonly budget: MemoryBudget;
  readonly options: LoadOptions;
}

/**
 * Reads a file of `torch.save`, of today's format or that before PyTorch 1.6, on the default device. Nothing in it is executed: a file that names
 * any function or class but those of tensors and containers is refused.
 *
 * Tensors that share memory in the file share it here, with their strides. Dictionaries become plain objects (`Map`s where keys are neither text
 * nor integers), lists and tuples arrays, `None` null, integers beyond 2⁵³ bigints, NumPy arrays tensors.
 *
 * @throws {FileFormatError} if the file is damaged, names what is not allowed, or would take more memory than it may.
 * @see torch.load with `weights_only=True`
 * @example
 * const bytes = await saveTorch({ weight: tensor([[1, 2]]), epoch: 3 });
 * const loaded = (await loadTorch(bytes)) as { weight: Tensor; epoch: number };
 * [await loaded.weight.toArray(), loaded.epoch]; // [[[1, 2]], 3]
 */
export async function loadTorch(input: Readable, options?: LoadOptions): Promise<unknown> {
  const given = optionsOf("loadTorch", LoadOptions, options);
  const source = sourceOf(input, given.file ?? "torch file");
  const reading: Reading = { source, fail: failure(source.name, REMEDY), budget: new MemoryBudget(source.name, source.size, given), options: given };
  if (source.size === 0) throw reading.fail("expected a file of torch.save, found nothing");
  const start = await source.read(0, Math.min(2, source.size));
  return start[0] === 0x50 && start[1] === 0x4b ? readZip(reading) : readLegacy(reading);
}

/**
 * Reads a pickle of Python, plain or gzip-compressed, of any protocol: numbers, text, lists, dictionaries and NumPy arrays, which become
 * tensors on the default device. Text of Python 2 is read as latin1. What becomes what is told at {@link loadTorch}; nothing is executed.
 *
 * @throws {FileFormatError} if the file is damaged, names what is not allowed, or would take more memory than it may.
 * @see pickle.load
 * @example
 * const pickled = new TextEncoder().encode("(lp0\nI1\naI2\na."); // pickle.dumps([1, 2], protocol=0)
 * await loadPickle(pickled); // [1, 2]
 */
export async function loadPickle(input: Readable, options?: LoadOptions): Promise<unknown> {
  const given = optionsOf("loadPickle", LoadOptions, options);
  const source = sourceOf(input, given.file ?? "pickle");
  const fail = failure(source.name, "check that it is a pickle of numbers, text, lists, dictionaries and arrays, or get it again");
  const file = await source.read(0, source.size);
  const bytes = isGzip(file) ? await gunzip(file, fail, given.maxBytes) : file;
  const reading: Reading = { source, fail, budget: new MemoryBudget(source.name, Math.max(bytes.length, source.size), given), options: given };
  const { value, end } = readPickle(bytes, torchHost, fail, reading.budget);
  if (end !== bytes.length) throw fail(`the pickle ends at byte ${end}, the file has ${bytes.length}`);
  return materialise(reading, value, () => {
    throw fail("the pickle holds a tensor without its elements");
  });
}

/** A directory of one folder: the pickle `data.pkl`, and the storages as `data/KEY`. */
async function readZip(reading: Reading): Promise<unknown> {
  const { source, fail, budget, options } = reading;
  const archive = await ZipArchive.open(source, fail, budget, options);
  const pickles = [...archive.entries.values()].filter(({ name }) => /^[^/]+\/data\.pkl$/.test(name));
  const [entry] = pickles;
  if (entry === undefined || pickles.length > 1) throw fail(`expected one data.pkl in the archive, found ${pickles.length}`);
  const folder = entry.name.slice(0, -"data.pkl".length);
  const order = archive.entries.get(`${folder}byteorder`);
  if (order !== undefined && new TextDecoder().decode(await archive.read(order)) !== "little") throw fail("expected numbers with the lowest byte first, found another order");

  const storages = new Map<string, StorageReference>();
  const persistent = (id: unknown): StorageReference => declare(storages, storageOf(id).storage, fail);
  const pickle = await archive.read(entry);
  const { value, end } = readPickle(pickle, { ...torchHost, persistent }, fail, budget);
  if (end !== pickle.length) throw fail(`the pickle ends at byte ${end}, data.pkl has ${pickle.length}`);

  // A storage at a time, so that a large file is never in memory as a whole.
  const made = new Map<StorageReference, Tensor>();
  for (const storage of storages.values()) {
    const stored = archive.entries.get(`${folder}data/${storage.key}`);
    if (stored === undefined) throw fail(`the elements of storage ${JSON.stringify(storage.key.slice(0, 40))} are missing`);
    if (stored.length !== byteLengthOf(storage)) throw fail(`storage ${JSON.stringify(storage.key.slice(0, 40))} takes ${byteLengthOf(storage)} bytes, found ${stored.length}`);
    budget.spend(stored.length + TENSOR_BYTES);
    made.set(storage, storageTensor(storage, await archive.read(stored), options));
  }
  return materialise(reading, value, (storage) => made.get(storage));
}

/** 0x1950a86a20f9469cfc6c, which a file of the old format begins with. */
const LEGACY_MAGIC = 119547037146038801333356n;
const LEGACY_VERSION = 1001;

/** Five pickles (magic number, version, system, content, keys), and then for each key the number of elements and the elements. */
async function readLegacy(reading: Reading): Promise<unknown> {
  const { source, fail, budget, options } = reading;
  const bytes = await source.read(0, source.size);
  let at = 0;
  const next = (host = torchHost): unknown => {
    const { value, end } = readPickle(bytes, host, fail, budget, at);
    at = end;
    return value;
  };
  if (next() !== LEGACY_MAGIC) throw fail("expected the number that files of torch.save begin with, found another value");
  const version = next();
  if (version !== LEGACY_VERSION) throw fail(`expected version ${LEGACY_VERSION} of the format, found ${String(version)}`);
  const system = next();
  if (system instanceof Map && system.get("little_endian") !== true) throw fail("expected numbers with the lowest byte first, found another order");

  const storages = new Map<string, StorageReference>();
  const persistent = (id: unknown): StorageReference => {
    const { storage, view } = storageOf(id);
    if (view !== null) throw fail("a storage is a part of another one, a form that PyTorch gave up before its version 0.4");
    return declare(storages, storage, fail);
  };
  const content = next({ ...torchHost, persistent });
  const keys = next();
  if (!Array.isArray(keys)) throw fail("expected the keys of the storages, found another value");

  const made = new Map<StorageReference, Tensor>();
  for (const key of keys as readonly unknown[]) {
    const storage = storages.get(String(key));
    if (storage === undefined || made.has(storage)) throw fail(`the keys name storage ${JSON.stringify(String(key).slice(0, 40))}, which is not in the file or was named before`);
    const length = at + 8 <= bytes.length ? new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at, true) : -1n;
    const end = at + 8 + byteLengthOf(storage);
    if (length !== BigInt(storage.length) || end > bytes.length) throw fail(`storage ${JSON.stringify(storage.key.slice(0, 40))} has ${storage.length} elements, the file says ${length} and ends at ${bytes.length}`);
    budget.spend(byteLengthOf(storage) + TENSOR_BYTES);
    made.set(storage, storageTensor(storage, bytes.subarray(at + 8, end), options));
    at = end;
  }
  if (at !== bytes.length) throw fail(`the content ends at byte ${at}, the file has ${bytes.length}`);
  return materialise(reading, content, (storage) => made.get(storage));
}

/** The one description of a storage, however often it is referred to. */
function declare(storages: Map<string, StorageReference>, storage: StorageReference, fail: Fail): StorageReference {
  const known = storages.get(storage.key);
  if (known === undefined) {
    if (!Number.isSafeInteger(byteLengthOf(storage))) throw fail(`storage ${JSON.stringify(storage.key.slice(0, 40))} would take more than 2^53 bytes`);
    storages.set(storage.key, storage);
    return storage;
  }
  if (known.dtype !== storage.dtype || known.length !== storage.length) throw fail(`storage ${JSON.stringify(storage.key.slice(0, 40))} is described in two ways`);
  return known;
}

const byteLengthOf = ({ dtype, length }: StorageReference): number => length * ELEMENT_BYTES[dtype];

/** All elements of a storage in one dimension. */
const storageTensor = ({ dtype, length }: StorageReference, bytes: Uint8Array, { device }: LoadOptions): Tensor => fromBytes(bytes, dtype, [length], device);

/** Puts tensors where the pickle describes them. */
function materialise({ fail, budget, options }: Reading, root: unknown, elementsOf: (storage: StorageReference) => Tensor | undefined): unknown {
  const convert = (object: object): unknown => {
    if (object instanceof TensorReference) {
      const elements = elementsOf(object.storage);
      if (elements === undefined) throw fail(`the elements of storage ${JSON.stringify(object.storage.key.slice(0, 40))} are missing`);
      return tensorOf(object, elements, fail, budget);
    }
    if (object instanceof StorageReference) return elementsOf(object);
    if (object instanceof NumpyArray) return arrayOf(object, fail, budget, options);
    if (object instanceof NumpyDType) return object.element.dtype;
    return object;
  };
  return naming(fail, () => noGrad(() => toJavaScript(root, convert)));
}

function tensorOf({ shape, strides, offset, requiresGrad }: TensorReference, elements: Tensor, fail: Fail, budget: MemoryBudget): Tensor {
  const { dtype } = elements;
  const length = elements.numel();
  const layout = new Layout(shape, strides, offset);
  const reach = Number.isSafeInteger(layout.numel) ? layout.extent : Infinity;
  if (!(reach <= length)) throw fail(`a tensor of shape [${shape.slice(0, 8).join(", ")}] at ${offset} reaches behind the ${length} elements of its storage`);
  // Reading an expanded tensor makes it as large as its shape says: that counts.
  budget.spend(TENSOR_BYTES + Math.max(0, layout.numel - length) * ELEMENT_BYTES[dtype]);
  if (requiresGrad && !elements.isFloatingPoint()) throw fail(`a tensor of ${dtype} requires gradients, which only floating ones can`);
  const isWhole = layout.isContiguous && offset === 0 && layout.numel === length;
  const view = isWhole ? elements.view([...shape]) : elements.asStrided(shape, strides, offset);
  return requiresGrad ? view.requiresGrad_() : view;
}

function arrayOf({ content }: NumpyArray, fail: Fail, budget: MemoryBudget, { device }: LoadOptions): Tensor {
  if (content === null) throw fail("an array has no elements");
  const { element, shape, fortran, bytes } = content;
  budget.spend(bytes.length + TENSOR_BYTES);
  return arrayTensor(littleEndian(bytes, element), element.dtype, shape, fortran, device);
}

/** An array of NumPy as a tensor. Where its first dimension is the fastest, the tensor's is too. */
export function arrayTensor(bytes: Uint8Array, dtype: DType, shape: readonly number[], fortran: boolean, device?: DeviceLike): Tensor {
  if (!fortran || shape.length < 2) return fromBytes(bytes, dtype, shape, device);
  const reversed = fromBytes(bytes, dtype, [...shape].reverse(), device);
  return reversed.permute(shape.map((_, d) => shape.length - 1 - d));
}
