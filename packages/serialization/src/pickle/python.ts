import { Malformed } from "../malformed.js";
import { ByteString, GlobalReference, type PythonGlobal, textOf } from "./values.js";

/** Python's own classes that may stand in a pickle: containers and data, nothing that does anything. */

/** Items of a list, or keys and values of a dictionary, as Python's constructors take them. */
function orderedDict(args: readonly unknown[]): Map<unknown, unknown> {
  const [items = []] = args;
  if (items instanceof Map) return new Map(items as Map<unknown, unknown>);
  if (!Array.isArray(items)) throw new Malformed("expected pairs of keys and values");
  return new Map(
    (items as readonly unknown[]).map((pair) => {
      if (!Array.isArray(pair) || pair.length !== 2) throw new Malformed("expected pairs of keys and values");
      const [key, value] = pair as readonly unknown[];
      const text = textOf(key);
      if (text === "__proto__") throw new Malformed('the key "__proto__" would change an object of JavaScript');
      return [text ?? key, value];
    }),
  );
}

function set(args: readonly unknown[]): Set<unknown> {
  const [items = []] = args;
  if (!Array.isArray(items) && !(items instanceof Set)) throw new Malformed("expected a list");
  return new Set(items as Iterable<unknown>);
}

/** The bytes of a text with one character for each: how protocol 2 writes data. */
function encode(args: readonly unknown[]): Uint8Array {
  const [value, encoding] = args;
  if (value === undefined) return new Uint8Array(0);
  if (value instanceof ByteString) return value.bytes;
  if (value instanceof Uint8Array) return value;
  if (typeof value !== "string" || !["latin1", "latin-1"].includes(textOf(encoding) ?? "")) throw new Malformed("expected data as text in latin1");
  return Uint8Array.from(value, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code > 255) throw new Malformed(`expected characters up to 255, found ${code}`);
    return code;
  });
}

/** A dictionary that makes what it lacks. What it would make it with is left out. */
const defaultDict: PythonGlobal = {
  name: "collections.defaultdict",
  call: ([factory = null, items = []]) => {
    if (factory !== null && !(factory instanceof GlobalReference)) throw new Malformed("expected a class");
    return orderedDict([items]);
  },
};

const builtins: Readonly<Record<string, PythonGlobal>> = {
  set: { name: "set", call: set },
  frozenset: { name: "frozenset", call: set },
  bytes: { name: "bytes", call: encode },
  bytearray: { name: "bytearray", call: encode },
  ...Object.fromEntries(["int", "float", "str", "bool", "list", "dict", "tuple", "object"].map((name) => [name, { name }])),
};

export const pythonGlobals: Readonly<Record<string, PythonGlobal>> = {
  "collections.OrderedDict": { name: "collections.OrderedDict", call: orderedDict },
  "collections.Counter": { name: "collections.Counter", call: orderedDict },
  "collections.defaultdict": defaultDict,
  "_codecs.encode": { name: "_codecs.encode", call: encode },
  ...Object.fromEntries(["builtins", "__builtin__"].flatMap((module) => Object.entries(builtins).map(([name, global]) => [`${module}.${name}`, global]))),
};
