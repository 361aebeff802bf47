import { ByteString, GlobalReference } from "./values.js";

/**
 * Turns what a pickle was read into, in place, into what JavaScript has for it: dictionaries with names become plain objects, text of Python 2
 * strings. Shared values stay shared, cycles closed. No recursion: a pickle may be nested as deep as it is long.
 *
 * @param convert - What an object stands for that is neither list, dictionary nor set. Asked once for each.
 */
export function toJavaScript(root: unknown, convert: (object: object) => unknown): unknown {
  const made = new Map<object, unknown>();
  const open: (() => void)[] = [];

  const translate = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null) return value;
    if (made.has(value)) return made.get(value);
    const result = begin(value);
    made.set(value, result);
    return result;
  };

  /** The result for an object, whose content is filled in later. */
  const begin = (value: object): unknown => {
    if (value instanceof ByteString) return value.toString();
    if (value instanceof GlobalReference) return value.global.value ?? value.global.name;
    if (Array.isArray(value)) {
      open.push(() => {
        for (const [i, item] of value.entries()) value[i] = translate(item);
      });
      return value;
    }
    if (value instanceof Set) {
      const set = new Set<unknown>();
      open.push(() => {
        for (const item of value) set.add(translate(item));
      });
      return set;
    }
    if (value instanceof Map) {
      if (!hasNames(value)) {
        const map = new Map<unknown, unknown>();
        open.push(() => {
          for (const [key, item] of value) map.set(translate(key), translate(item));
        });
        return map;
      }
      const record: Record<string, unknown> = {};
      open.push(() => {
        for (const [key, item] of value) record[key as string] = translate(item);
        // Its entries live on in the record.
        value.clear();
      });
      return record;
    }
    return convert(value);
  };

  const result = translate(root);
  for (let fill = open.pop(); fill !== undefined; fill = open.pop()) fill();
  return result;
}

/** Whether the keys can be those of an object: text, or integers, unless one is both (1 and "1"). */
function hasNames(map: ReadonlyMap<unknown, unknown>): boolean {
  const names = new Set<string>();
  for (const key of map.keys()) {
    if (typeof key !== "string" && !Number.isSafeInteger(key)) return false;
    if (typeof key === "number") names.add(String(key));
  }
  for (const name of names) if (map.has(name)) return false;
  return true;
}
