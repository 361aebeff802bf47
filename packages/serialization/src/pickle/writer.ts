import { ArgumentError } from "@gradus/tensor-core";
import { latin1 } from "./values.js";

/** An instruction and its operand. */
type Chunk = Uint8Array | string;

/** What a function of Python returns. */
export class Call {
  constructor(
    readonly module: string,
    readonly name: string,
    readonly args: readonly unknown[],
  ) {}
}

/** A tuple, which JavaScript has not. */
export class Tuple {
  constructor(readonly items: readonly unknown[]) {}
}

/** Something outside the pickle. */
export class PersistentId {
  constructor(readonly id: Tuple) {}
}

/** A name of Python. */
export class GlobalName {
  constructor(
    readonly module: string,
    readonly name: string,
  ) {}
}

export interface PickleWriterHost {
  /** What makes an object that is neither array, dictionary nor set; undefined if it cannot be written. */
  readonly reduce: (object: object) => Call | undefined;
  /** The keys and values of a plain object; default its own, with text as keys. */
  readonly entriesOf?: (record: Readonly<Record<string, unknown>>) => readonly (readonly [key: string | number, value: unknown])[];
}

/**
 * Writes values as a pickle of protocol 2, which every Python of this century reads, and PyTorch's reader that executes nothing.
 *
 * Objects that occur twice are written once. Whole numbers become integers, other numbers floats, null and undefined `None`, arrays lists, plain
 * objects and `Map`s dictionaries, `Set`s sets, bytes `bytes`.
 *
 * @throws {ArgumentError} on a value that Python has nothing for.
 */
export function writePickle(root: unknown, { reduce, entriesOf = Object.entries }: PickleWriterHost): Uint8Array {
  const chunks: Chunk[] = [PROTOCOL_2];
  const memo = new Map<object | string, number>();
  /** What is still to be written, last first: no recursion, whatever the depth. */
  const open: (() => void)[] = [];

  const later = (...steps: readonly (() => void)[]): void => {
    for (let i = steps.length - 1; i >= 0; i--) open.push(steps[i]!);
  };
  const emit = (chunk: Chunk) => () => void chunks.push(chunk);
  const value = (item: unknown) => () => {
    write(item);
  };
  const remember = (key: object | string) => {
    chunks.push(operand("r", 4, memo.size));
    memo.set(key, memo.size);
  };

  const write = (item: unknown): void => {
    if (item === null || item === undefined) chunks.push("N");
    else if (typeof item === "boolean") chunks.push(item ? "\x88" : "\x89");
    else if (typeof item === "number") chunks.push(numberChunk(item));
    else if (typeof item === "bigint") chunks.push(integerChunk(item));
    else if (typeof item !== "string" && typeof item !== "object") throw new ArgumentError(`save: expected tensors, numbers, text, lists and dictionaries, got a ${typeof item}; leave it out`);
    else {
      const known = memo.get(item);
      if (known !== undefined) chunks.push(operand("j", 4, known));
      else if (typeof item === "string") text(item);
      else object(item);
    }
  };

  const text = (item: string): void => {
    const bytes = new TextEncoder().encode(item);
    chunks.push(operand("X", 4, bytes.length), bytes);
    remember(item);
  };

  const object = (item: object): void => {
    if (Array.isArray(item)) {
      chunks.push("]");
      remember(item);
      if (item.length > 0) later(emit("("), ...Array.from(item as readonly unknown[], value), emit("e"));
    } else if (item instanceof Tuple) {
      later(emit("("), ...item.items.map(value), emit("t"));
    } else if (item instanceof GlobalName) {
      chunks.push(`c${item.module}\n${item.name}\n`);
    } else if (item instanceof PersistentId) {
      later(value(item.id), emit("Q"));
    } else if (item instanceof Call) {
      call(item, item);
    } else if (item instanceof Set) {
      call(item, new Call("__builtin__", "set", [[...(item as ReadonlySet<unknown>)]]));
    } else if (item instanceof Uint8Array) {
      call(item, new Call("_codecs", "encode", [latin1(item), "latin1"]));
    } else if (item instanceof Map || isPlain(item)) {
      chunks.push("}");
      remember(item);
      const entries = item instanceof Map ? [...(item as ReadonlyMap<unknown, unknown>)] : entriesOf(item);
      if (entries.length > 0) later(emit("("), ...entries.flatMap(([key, content]) => [value(key), value(content)]), emit("u"));
    } else {
      const made = reduce(item);
      if (made === undefined) throw new ArgumentError(`save: expected tensors, numbers, text, lists and dictionaries, got a ${item.constructor.name}; save its stateDict() or its parts`);
      call(item, made);
    }
  };

  const call = (item: object, { module, name, args }: Call): void => {
    later(value(new GlobalName(module, name)), value(new Tuple(args)), emit("R"), () => {
      remember(item);
    });
  };

  write(root);
  for (let step = open.pop(); step !== undefined; step = open.pop()) step();
  chunks.push(".");
  return joined(chunks);
}

const PROTOCOL_2 = "\x80\x02";

const isPlain = (item: object): item is Record<string, unknown> => {
  const prototype: unknown = Object.getPrototypeOf(item);
  return prototype === Object.prototype || prototype === null;
};

function operand(code: string, width: 1 | 2 | 4, number: number): Uint8Array {
  const bytes = new Uint8Array(1 + width);
  bytes[0] = code.charCodeAt(0);
  for (let i = 0; i < width; i++) bytes[1 + i] = Math.floor(number / 2 ** (8 * i)) & 255;
  return bytes;
}

function numberChunk(item: number): Uint8Array {
  if (!Number.isInteger(item) || Object.is(item, -0)) {
    const bytes = new Uint8Array(9);
    bytes[0] = "G".charCodeAt(0);
    new DataView(bytes.buffer).setFloat64(1, item, false);
    return bytes;
  }
  if (item >= 0 && item < 2 ** 8) return operand("K", 1, item);
  if (item >= 0 && item < 2 ** 16) return operand("M", 2, item);
  if (item >= -(2 ** 31) && item < 2 ** 31) return operand("J", 4, item >>> 0);
  return integerChunk(BigInt(item));
}

/** Two's complement, lowest byte first, as few bytes as keep the sign. */
function integerChunk(item: bigint): Uint8Array {
  let width = 1;
  while (BigInt.asIntN(8 * width, item) !== item) width++;
  if (width > 255) throw new ArgumentError("save: expected integers of at most 255 bytes, got a longer one; save it as text");
  const bytes = Uint8Array.of("\x8a".charCodeAt(0), width, ...new Uint8Array(width));
  let rest = BigInt.asUintN(8 * width, item);
  for (let i = 0; i < width; i++, rest >>= 8n) bytes[2 + i] = Number(rest & 255n);
  return bytes;
}

function joined(chunks: readonly Chunk[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    if (typeof chunk === "string") for (let i = 0; i < chunk.length; i++) bytes[at + i] = chunk.charCodeAt(i);
    else bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
