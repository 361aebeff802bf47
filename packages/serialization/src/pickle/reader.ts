import type { Fail } from "../byte-source.js";
import { naming } from "../malformed.js";
import type { MemoryBudget } from "../memory-budget.js";
import { ByteString, GlobalReference, latin1, type PythonGlobal } from "./values.js";

/**
 * Reads a pickle: Python's format for objects, a program for a machine with a stack.
 *
 * Python runs whatever function such a program names. This machine knows no functions: a name gives what the caller's list says, and what
 * is not on the list is an error. Lists, dictionaries and their like become arrays and maps; nothing else is built.
 *
 * @see Python's Lib/pickletools.py, which explains each instruction; protocols 0 to 5 are read
 */
export interface PickleHost {
  /** What a name stands for; undefined if it may not stand in this file. */
  readonly findGlobal: (module: string, name: string) => PythonGlobal | undefined;
  /** What an id stands for that means something outside the pickle. */
  readonly persistent?: (id: unknown) => unknown;
  /** Gives an object its state; false if it takes none of this kind. */
  readonly setState?: (object: unknown, state: unknown) => boolean;
}

/** What values take in memory, about. An array has room for half as many items more. */
const COST = { list: 32, item: 12, dict: 184, entry: 40, text: 16, view: 96, float: 16 } as const;

/** Python itself reads no longer decimal integers, since the time grows with the square. */
const LONGEST_DECIMAL = 4300;
/** The longest integer in bytes. */
const LONGEST_INTEGER = 8192;
const NEWEST_PROTOCOL = 5;

/** Goes through bytes and refuses to read behind their end. */
class Cursor {
  at: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #fail: Fail;

  constructor(bytes: Uint8Array, begin: number, fail: Fail) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = begin;
    this.#fail = fail;
  }

  #advance(count: number): number {
    const begin = this.at;
    if (!(count <= this.#bytes.length - begin)) throw this.#fail(`the pickle needs ${count} bytes at ${begin}, the file ends at ${this.#bytes.length}`);
    this.at = begin + count;
    return begin;
  }

  take(count: number): Uint8Array {
    const begin = this.#advance(count);
    return this.#bytes.subarray(begin, begin + count);
  }

  uint8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  /** A length of 64 bits. Beyond 2⁵³ it is rounded, and beyond every file. */
  uint64(): number {
    return Number(this.#view.getBigUint64(this.#advance(8), true));
  }

  /** The one number with its highest byte first. */
  float64(): number {
    return this.#view.getFloat64(this.#advance(8), false);
  }

  /** The rest of a line, without its end. */
  line(): string {
    const end = this.#bytes.indexOf(10, this.at);
    if (end < 0) throw this.#fail(`the line at byte ${this.at} of the pickle does not end`);
    const bytes = this.take(end - this.at);
    this.at++;
    return latin1(bytes.at(-1) === 13 ? bytes.subarray(0, -1) : bytes);
  }
}

export interface PickleResult {
  readonly value: unknown;
  /** The byte after the pickle. */
  readonly end: number;
}

/**
 * @param begin - Where the pickle starts.
 * @throws {FileFormatError} if it is damaged, names what is not allowed, or would take more memory than it may.
 */
export function readPickle(bytes: Uint8Array, host: PickleHost, fail: Fail, budget: MemoryBudget, begin = 0): PickleResult {
  const machine = new Machine(new Cursor(bytes, begin, fail), begin, host, fail, budget);
  return { value: naming(fail, () => machine.run()), end: machine.end };
}

class Machine {
  readonly #stack: unknown[] = [];
  /** Where the marks stand on the stack. */
  readonly #marks: number[] = [];
  readonly #memo: unknown[] = [];
  #mostPlaces = 0;
  readonly #cursor: Cursor;
  readonly #begin: number;
  readonly #host: PickleHost;
  readonly #fail: Fail;
  readonly #budget: MemoryBudget;
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  constructor(cursor: Cursor, begin: number, host: PickleHost, fail: Fail, budget: MemoryBudget) {
    this.#cursor = cursor;
    this.#begin = begin;
    this.#host = host;
    this.#fail = fail;
    this.#budget = budget;
  }

  get end(): number {
    return this.#cursor.at;
  }

  run(): unknown {
    for (;;) {
      const at = this.#cursor.at;
      const code = this.#cursor.uint8();
      if (code === STOP) break;
      const instruction = INSTRUCTIONS[code];
      if (instruction === undefined) throw this.#fail(`byte ${at} of the pickle is ${code}, which is no instruction that this reader follows`);
      instruction(this);
    }
    const value = this.pop();
    if (this.#stack.length > 0) throw this.#fail(`the pickle leaves ${this.#stack.length} values behind`);
    return value;
  }

  protocol(version: number): void {
    if (version > NEWEST_PROTOCOL) throw this.#fail(`the pickle has protocol ${version}, known are 0 to ${NEWEST_PROTOCOL}`);
  }

  /** Says how many bytes belong together, which only helps who reads piece by piece. */
  frame(length: number): void {
    const begin = this.#cursor.at;
    this.#cursor.take(length);
    this.#cursor.at = begin;
  }

  get cursor(): Cursor {
    return this.#cursor;
  }

  push(value: unknown, cost = 0): void {
    this.#budget.spend(cost);
    this.#stack.push(value);
    this.#grow();
  }

  /** Places on the stack are used again and again: only what it never held before counts. */
  #grow(): void {
    const places = this.#stack.length + this.#marks.length;
    if (places <= this.#mostPlaces) return;
    this.#mostPlaces = places;
    this.#budget.spend(COST.item);
  }

  pop(): unknown {
    if (this.#stack.length === 0 || this.#marks.at(-1) === this.#stack.length) throw this.#fail(`the pickle takes a value at byte ${this.#cursor.at} that it did not give`);
    return this.#stack.pop();
  }

  peek(): unknown {
    const value = this.pop();
    this.#stack.push(value);
    return value;
  }

  mark(): void {
    this.#marks.push(this.#stack.length);
    this.#grow();
  }

  /** The values since the last mark. */
  popMark(): unknown[] {
    const begin = this.#marks.pop();
    if (begin === undefined) throw this.#fail(`the pickle goes back to a mark at byte ${this.#cursor.at} that it did not set`);
    return this.#stack.splice(begin);
  }

  /** POP takes a mark as well as a value. */
  discard(): void {
    if (this.#marks.at(-1) === this.#stack.length) this.#marks.pop();
    else this.pop();
  }

  remember(index: number): void {
    // A pickle cannot have given more values than it has bytes.
    if (!(index >= 0 && index <= this.#cursor.at - this.#begin)) throw this.#fail(`the pickle remembers a value as number ${index}, more than it can have`);
    if (!(index in this.#memo)) this.#budget.spend(COST.item);
    this.#memo[index] = this.peek();
  }

  memoize(): void {
    this.remember(this.#memo.length);
  }

  recall(index: number): void {
    if (!(index in this.#memo)) throw this.#fail(`the pickle asks for value ${index}, which it did not remember`);
    this.push(this.#memo[index]);
  }

  text(bytes: Uint8Array): void {
    let text: string;
    try {
      text = this.#utf8.decode(bytes);
    } catch (cause) {
      throw this.#fail("a text in the pickle is no UTF-8", cause);
    }
    this.push(text, COST.text + text.length);
  }

  /** The UTF-8 of protocol 0, whose line ends and backslashes are escaped. */
  escapedText(line: string): void {
    const text = line.replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (_, short?: string, long?: string) => {
      const point = parseInt(short ?? long ?? "", 16);
      if (point > 0x10ffff) throw this.#fail(`a text in the pickle has the character ${point}, which does not exist`);
      return String.fromCodePoint(point);
    });
    this.push(text, COST.text + text.length);
  }

  /** A literal of Python 2 between quotes. */
  quoted(line: string): void {
    const body = /^(['"])(.*)\1$/s.exec(line)?.[2];
    if (body === undefined) throw this.#fail("a text in the pickle has no quotes");
    const bytes: number[] = [];
    const pattern = /\\x([0-9a-fA-F]{2})|\\([0-7]{1,3})|\\(.)|([^\\])/gsy;
    let consumed = 0;
    for (const [whole, hex, octal, letter, plain] of body.matchAll(pattern)) {
      consumed += whole.length;
      if (hex !== undefined) bytes.push(parseInt(hex, 16));
      else if (octal !== undefined) bytes.push(parseInt(octal, 8) & 255);
      else if (letter !== undefined) bytes.push((ESCAPES[letter] ?? letter).charCodeAt(0));
      else bytes.push((plain ?? "").charCodeAt(0));
    }
    if (consumed !== body.length) throw this.#fail("a text in the pickle ends inside an escape");
    this.push(new ByteString(Uint8Array.from(bytes)), COST.view + bytes.length);
  }

  bytes(bytes: Uint8Array): void {
    this.push(bytes, COST.view);
  }

  byteString(bytes: Uint8Array): void {
    this.push(new ByteString(bytes), COST.view);
  }

  float(value: number): void {
    this.push(value, COST.float);
  }

  decimalFloat(line: string): void {
    const special = { nan: NaN, inf: Infinity, "-inf": -Infinity }[line];
    if (special === undefined && !/^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(line)) throw this.#fail(`expected a number in the pickle, found ${JSON.stringify(line.slice(0, 40))}`);
    this.float(special ?? Number(line));
  }

  decimal(line: string): void {
    const digits = line.replace(/L$/, "");
    if (!/^[-+]?\d+$/.test(digits) || digits.length > LONGEST_DECIMAL) throw this.#fail(`expected an integer in the pickle, found ${JSON.stringify(line.slice(0, 40))}`);
    this.integer(BigInt(digits));
  }

  /** An integer of any length, lowest byte first, negative if the highest bit is set. */
  longInteger(bytes: Uint8Array): void {
    if (bytes.length > LONGEST_INTEGER) throw this.#fail(`an integer of the pickle takes ${bytes.length} bytes, at most ${LONGEST_INTEGER} are read`);
    if (bytes.length === 0) {
      this.push(0);
      return;
    }
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).reverse().join("");
    this.integer(BigInt.asIntN(8 * bytes.length, BigInt(`0x${hex}`)));
  }

  integer(value: bigint): void {
    const small = Number(value);
    if (Number.isSafeInteger(small)) this.push(small, COST.float);
    else this.push(value, COST.text + value.toString(16).length);
  }

  list(items: unknown[]): void {
    this.push(items, COST.list + COST.item * items.length);
  }

  tuple(count: number): void {
    const items = Array.from({ length: count }, () => this.pop()).reverse();
    this.list(items);
  }

  append(items: readonly unknown[]): void {
    const list = this.peek();
    if (!Array.isArray(list)) throw this.#fail(`the pickle appends to what is no list at byte ${this.#cursor.at}`);
    this.#budget.spend(COST.item * items.length);
    for (const item of items) list.push(item);
  }

  dict(items: readonly unknown[]): void {
    this.push(new Map(), COST.dict);
    this.setItems(items);
  }

  setItems(items: readonly unknown[]): void {
    const dict = this.peek();
    if (!(dict instanceof Map) || items.length % 2 !== 0) throw this.#fail(`the pickle sets items of what is no dictionary at byte ${this.#cursor.at}`);
    this.#budget.spend((COST.entry / 2) * items.length);
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i] instanceof ByteString ? (items[i] as ByteString).toString() : items[i];
      if (key === "__proto__") throw this.#fail('the pickle has a dictionary with the key "__proto__", which would change an object of JavaScript');
      dict.set(key, items[i + 1]);
    }
  }

  set(items: readonly unknown[]): void {
    this.push(new Set(items), COST.dict + COST.entry * items.length);
  }

  addItems(items: readonly unknown[]): void {
    const set = this.peek();
    if (!(set instanceof Set)) throw this.#fail(`the pickle adds to what is no set at byte ${this.#cursor.at}`);
    this.#budget.spend(COST.entry * items.length);
    for (const item of items) set.add(item);
  }

  global(module: unknown, name: unknown): void {
    const [from, what] = [module, name].map((part) => (part instanceof ByteString ? part.toString() : part));
    if (typeof from !== "string" || typeof what !== "string") throw this.#fail("the pickle gives a name that is no text");
    const global = this.#host.findGlobal(from, what);
    if (global === undefined) {
      throw this.#fail(`it asks for ${JSON.stringify(`${from}.${what}`.slice(0, 100))}, which is not among the names that are read; nothing of the file was executed`);
    }
    this.push(new GlobalReference(global));
  }

  /** Calls what the caller's list has for a name. */
  reduce(callable: unknown, args: unknown): void {
    if (!(callable instanceof GlobalReference) || !Array.isArray(args)) throw this.#fail(`the pickle calls what is no function at byte ${this.#cursor.at}`);
    const { name, call } = callable.global;
    if (call === undefined) throw this.#fail(`the pickle calls ${name}, which may only be named`);
    this.#budget.spend(COST.view);
    this.push(naming((reason, cause) => this.#fail(`${name}: ${reason}`, cause), () => call(args as readonly unknown[])));
  }

  /** A callable and its arguments, which lie on the stack. */
  call(): void {
    const args = this.pop();
    this.reduce(this.pop(), args);
  }

  /** `cls.__new__(cls, *args)`, in the last form with named arguments, which none of the classes here take. */
  newObjectWithNames(): void {
    const named = this.pop();
    if (!(named instanceof Map) || named.size > 0) throw this.#fail("the pickle makes an object with named arguments, which no class that is read takes");
    this.call();
  }

  /** A class and its arguments, all behind a mark. */
  object(): void {
    const [callable, ...args] = this.popMark();
    this.reduce(callable, args);
  }

  instance(module: string, name: string): void {
    const args = this.popMark();
    this.global(module, name);
    this.reduce(this.pop(), args);
  }

  persistent(id: unknown): void {
    if (this.#host.persistent === undefined) throw this.#fail("the pickle refers to data outside of it, which this file has not");
    this.push(this.#host.persistent(id), COST.view);
  }

  build(): void {
    const state = this.pop();
    const object = this.peek();
    // The attributes of a dictionary, such as the versions in `state_dict()._metadata`, have no place in JavaScript's.
    if (object instanceof Map) return;
    if (this.#host.setState?.(object, state) !== true) throw this.#fail(`the pickle gives a state to what takes none at byte ${this.#cursor.at}`);
  }
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", a: "\x07", b: "\b", f: "\f", v: "\v" };

const STOP = ".".charCodeAt(0);

/** What each instruction does, by its byte. */
const INSTRUCTIONS: readonly (((machine: Machine) => void) | undefined)[] = table({
  // Values.
  N: (m) => m.push(null),
  "\x88": (m) => m.push(true),
  "\x89": (m) => m.push(false),
  I: (m) => {
    const line = m.cursor.line();
    if (line === "00" || line === "01") m.push(line === "01");
    else m.decimal(line);
  },
  L: (m) => m.decimal(m.cursor.line()),
  J: (m) => m.push(m.cursor.int32()),
  K: (m) => m.push(m.cursor.uint8()),
  M: (m) => m.push(m.cursor.uint16()),
  "\x8a": (m) => m.longInteger(m.cursor.take(m.cursor.uint8())),
  "\x8b": (m) => m.longInteger(m.cursor.take(m.cursor.uint32())),
  F: (m) => m.decimalFloat(m.cursor.line()),
  G: (m) => m.float(m.cursor.float64()),
  S: (m) => m.quoted(m.cursor.line()),
  T: (m) => m.byteString(m.cursor.take(m.cursor.uint32())),
  U: (m) => m.byteString(m.cursor.take(m.cursor.uint8())),
  V: (m) => m.escapedText(m.cursor.line()),
  X: (m) => m.text(m.cursor.take(m.cursor.uint32())),
  "\x8c": (m) => m.text(m.cursor.take(m.cursor.uint8())),
  "\x8d": (m) => m.text(m.cursor.take(m.cursor.uint64())),
  B: (m) => m.bytes(m.cursor.take(m.cursor.uint32())),
  C: (m) => m.bytes(m.cursor.take(m.cursor.uint8())),
  "\x8e": (m) => m.bytes(m.cursor.take(m.cursor.uint64())),
  "\x96": (m) => m.bytes(m.cursor.take(m.cursor.uint64())),

  // Lists, tuples, dictionaries, sets.
  "]": (m) => m.list([]),
  l: (m) => m.list(m.popMark()),
  a: (m) => {
    const item = m.pop();
    m.append([item]);
  },
  e: (m) => m.append(m.popMark()),
  ")": (m) => m.list([]),
  t: (m) => m.list(m.popMark()),
  "\x85": (m) => m.tuple(1),
  "\x86": (m) => m.tuple(2),
  "\x87": (m) => m.tuple(3),
  "}": (m) => m.dict([]),
  d: (m) => m.dict(m.popMark()),
  s: (m) => {
    const value = m.pop();
    m.setItems([m.pop(), value]);
  },
  u: (m) => m.setItems(m.popMark()),
  "\x8f": (m) => m.set([]),
  "\x90": (m) => m.addItems(m.popMark()),
  "\x91": (m) => m.set(m.popMark()),

  // The stack and the memo.
  "(": (m) => m.mark(),
  "0": (m) => m.discard(),
  "1": (m) => void m.popMark(),
  "2": (m) => m.push(m.peek()),
  g: (m) => m.recall(Number(m.cursor.line())),
  h: (m) => m.recall(m.cursor.uint8()),
  j: (m) => m.recall(m.cursor.uint32()),
  p: (m) => m.remember(Number(m.cursor.line())),
  q: (m) => m.remember(m.cursor.uint8()),
  r: (m) => m.remember(m.cursor.uint32()),
  "\x94": (m) => m.memoize(),

  // Names, calls, objects.
  c: (m) => m.global(m.cursor.line(), m.cursor.line()),
  "\x93": (m) => {
    const name = m.pop();
    m.global(m.pop(), name);
  },
  R: (m) => m.call(),
  "\x81": (m) => m.call(),
  "\x92": (m) => m.newObjectWithNames(),
  o: (m) => m.object(),
  i: (m) => m.instance(m.cursor.line(), m.cursor.line()),
  b: (m) => m.build(),
  P: (m) => m.persistent(m.cursor.line()),
  Q: (m) => m.persistent(m.pop()),

  "\x80": (m) => m.protocol(m.cursor.uint8()),
  "\x95": (m) => m.frame(m.cursor.uint64()),
});

function table(entries: Readonly<Record<string, (machine: Machine) => void>>): (((machine: Machine) => void) | undefined)[] {
  const all = new Array<((machine: Machine) => void) | undefined>(256).fill(undefined);
  for (const [character, instruction] of Object.entries(entries)) all[character.charCodeAt(0)] = instruction;
  return all;
}
