import { ArgumentError, type DType } from "@gradus/tensor-core";
import { FileFormatError } from "./errors.js";
import { JsonReader, quote } from "./json-reader.js";
import { MemoryBudget, type MemoryLimit, TENSOR_BYTES } from "./memory-budget.js";

/** The bytes in front of the header, which hold its length. */
export const PREFIX = 8;

/** As in the reference implementation; headers of the largest models take a few MB. */
const LONGEST_HEADER = 100_000_000;

/** The element types of the format that are types of tensors too, with the bytes of one element. */
const TYPES = {
  F64: ["float64", 8],
  I64: ["int64", 8],
  F32: ["float32", 4],
  I32: ["int32", 4],
  F16: ["float16", 2],
  BF16: ["bfloat16", 2],
  I16: ["int16", 2],
  I8: ["int8", 1],
  U8: ["uint8", 1],
  BOOL: ["bool", 1],
} as const satisfies Readonly<Record<string, readonly [DType, number]>>;
type TypeName = keyof typeof TYPES;

const isTypeName = (name: string): name is TypeName => Object.hasOwn(TYPES, name);

/** The tensor type, and the bytes of one element of it. */
const typeOf = (name: TypeName): { dtype: DType; elementBytes: number } => ({ dtype: TYPES[name][0], elementBytes: TYPES[name][1] });

/** Names that are no tensor's: one is the format's own, the other would change a JavaScript object instead of naming a property. */
const RESERVED = new Set(["__metadata__", "__proto__"]);

/** A tensor as it lies in a file: row-major elements, lowest byte first. */
export interface RawTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** Where a tensor lies. */
export interface Entry {
  readonly name: string;
  readonly dtype: DType;
  readonly elementBytes: number;
  readonly shape: readonly number[];
  /** First byte, counted from the end of the header. */
  readonly begin: number;
  /** The byte after the last. */
  readonly end: number;
}

/** What a safetensors file says of its content. */
export interface Header {
  readonly metadata: ReadonlyMap<string, string>;
  /** In the order of their bytes. */
  readonly entries: readonly Entry[];
}

const REMEDY = "check that it is a safetensors file, or get it again";

/**
 * The length of the header.
 *
 * @param prefix - The first bytes of the file, eight if it has so many.
 * @param fileLength - The length of the whole file.
 * @throws {FileFormatError} if the file is too short for its header.
 */
export function headerLength(prefix: Uint8Array, fileLength: number, file: string): number {
  if (prefix.length < PREFIX) throw new FileFormatError(file, `expected at least 8 bytes, found ${prefix.length}`, REMEDY);
  const length = new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true);
  if (length > BigInt(fileLength - PREFIX)) {
    throw new FileFormatError(file, `the first 8 bytes promise a header of ${length} bytes, the file holds ${fileLength - PREFIX} more`, REMEDY);
  }
  if (length > LONGEST_HEADER) throw new FileFormatError(file, `the header takes ${length} bytes, at most ${LONGEST_HEADER} are read`, REMEDY);
  return Number(length);
}

/**
 * Reads the header and checks that the tensors it names fill the rest of the file exactly: no hole, no overlap, nothing left over.
 *
 * @param json - The bytes of the header, without the eight in front of it.
 * @param dataLength - How many bytes follow it.
 * @throws {FileFormatError} if anything is not as the format demands.
 */
export function parseHeader(json: Uint8Array, dataLength: number, file: string, limit: MemoryLimit = {}): Header {
  const budget = new MemoryBudget(file, PREFIX + json.length + dataLength, limit);
  // The text, and then the tensors.
  budget.spend(2 * json.length + dataLength);
  const fail = (reason: string, cause?: unknown) => new FileFormatError(file, reason, REMEDY, { cause });
  const attempt = <R>(work: () => R, expected: new () => Error, reason: string): R => {
    try {
      return work();
    } catch (cause) {
      throw cause instanceof expected ? fail(`${reason}: ${cause.message}`, cause) : cause;
    }
  };
  // A TextDecoder reports bytes that are no text as a TypeError.
  const text = attempt(() => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(json), TypeError, "the header is no UTF-8 text");
  const header = attempt(() => readHeader(text, budget), SyntaxError, "the header is no valid JSON of the format");
  let end = 0;
  for (const entry of header.entries) {
    const size = entry.shape.reduce((a, b) => a * b, entry.elementBytes);
    if (!Number.isSafeInteger(size)) throw fail(`${describe(entry)} would take more than 2^53 bytes`);
    if (entry.end - entry.begin !== size) {
      throw fail(`${describe(entry)} takes ${size} bytes, its offsets [${entry.begin}, ${entry.end}] give it ${entry.end - entry.begin}`);
    }
    if (entry.begin !== end) throw fail(`${describe(entry)} begins at byte ${entry.begin}, expected ${end}, where the one before it ends`);
    end = entry.end;
  }
  if (end !== dataLength) throw fail(`the tensors take ${end} bytes, the file holds ${dataLength} after its header`);
  return header;
}

const describe = ({ name, dtype, shape }: Entry): string => `tensor ${quote(name)} (${dtype}, shape [${shape.join(", ")}])`;

/** @throws {SyntaxError} if the text has another structure than that of a header. */
function readHeader(text: string, budget: MemoryBudget): Header {
  if (!text.startsWith("{")) throw new SyntaxError("expected \"{\" at its first character");
  const reader = new JsonReader(text);
  const metadata = new Map<string, string>();
  const entries: Entry[] = [];
  reader.object((name) => {
    if (name === "__metadata__") reader.object((key) => metadata.set(key, reader.string()));
    else {
      budget.spend(TENSOR_BYTES);
      entries.push(readEntry(reader, name));
    }
  });
  reader.end();
  // Empty tensors share their offset with a neighbour and come first.
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  return { metadata, entries };
}

function readEntry(reader: JsonReader, name: string): Entry {
  if (RESERVED.has(name)) throw new SyntaxError(`${quote(name)} cannot be the name of a tensor`);
  let type: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  const integers = (): number[] => {
    const list: number[] = [];
    reader.array(() => list.push(reader.integer()));
    return list;
  };
  reader.object((key) => {
    if (key === "dtype") type = reader.string();
    else if (key === "shape") shape = integers();
    else if (key === "data_offsets") offsets = integers();
    else throw new SyntaxError(`tensor ${quote(name)} has a field ${quote(key)}, expected dtype, shape and data_offsets only`);
  });
  if (type === undefined || shape === undefined || offsets?.length !== 2) {
    throw new SyntaxError(`tensor ${quote(name)} lacks its dtype, its shape or its two data_offsets`);
  }
  if (!isTypeName(type)) throw new SyntaxError(`tensor ${quote(name)} has the dtype ${quote(type)}, known are ${Object.keys(TYPES).join(", ")}`);
  return { name, ...typeOf(type), shape, begin: offsets[0]!, end: offsets[1]! };
}

/** The first part of a file, and the names of the tensors in the order in which their bytes follow. */
export interface EncodedHeader {
  /** The prefix, the header, and spaces up to a multiple of eight bytes. */
  readonly bytes: Uint8Array;
  readonly order: readonly string[];
}

/**
 * Writes the header for tensors with these names.
 *
 * The tensors with the widest elements come first, so that each begins at a multiple of its element's width; among equals the names
 * decide. So the same tensors always give the same file, whatever their order.
 *
 * @throws {ArgumentError} if a name is reserved, or the bytes do not fit the shape.
 */
export function encodeHeader(tensors: ReadonlyMap<string, RawTensor>, metadata: ReadonlyMap<string, string>): EncodedHeader {
  const names = new Map(Object.keys(TYPES).filter(isTypeName).map((name) => [typeOf(name).dtype, name]));
  const sources = [...tensors].map(([name, source]) => {
    const typeName = names.get(source.dtype);
    if (typeName === undefined) throw new ArgumentError(`save: expected a dtype that safetensors has, got ${source.dtype} for tensor ${quote(name)}; convert it first`);
    const width = typeOf(typeName).elementBytes;
    const size = source.shape.reduce((a, b) => a * b, width);
    if (size !== source.bytes.length) {
      throw new ArgumentError(`save: expected ${size} bytes for tensor ${quote(name)} of shape [${source.shape.join(", ")}], got ${source.bytes.length}`);
    }
    if (RESERVED.has(name)) throw new ArgumentError(`save: expected a name of a tensor, got ${quote(name)}, which is reserved; rename it`);
    return { name, typeName, width, shape: source.shape, size };
  });
  sources.sort((a, b) => b.width - a.width || compare(a.name, b.name));

  // The text is joined here rather than made of an object, which would put a name like "2" before "0.weight".
  const fields: string[] = [];
  if (metadata.size > 0) {
    const sorted = [...metadata].sort(([a], [b]) => compare(a, b));
    fields.push(`"__metadata__":{${sorted.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`);
  }
  let end = 0;
  for (const { name, typeName, shape, size } of sources) {
    const begin = end;
    end += size;
    fields.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype: typeName, shape, data_offsets: [begin, end] })}`);
  }
  const json = new TextEncoder().encode(`{${fields.join(",")}}`);
  const padded = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(PREFIX + padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(json, PREFIX);
  return { bytes, order: sources.map(({ name }) => name) };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
