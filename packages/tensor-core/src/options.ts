import type { DType } from "@gradus/kernel-ir";
import type { DeviceLike } from "./device.js";
import { ArgumentError } from "./errors.js";

/**
 * What functions take by name. An option that a function does not have is refused, where JavaScript would silently do without it. So the names have to be
 * known when a call is made, and a set of options is declared as a class, of which there is one object for the names:
 *
 *     export const PadOptions = class {
 *       readonly mode?: "constant" | PadMode;
 *     };
 *     export type PadOptions = Options<typeof PadOptions>;
 */

/** What callers write: any object with the fields of a set. */
export type Options<Set extends new () => object> = Fields<InstanceType<Set>>;
type Fields<T> = { [Name in keyof T]: T[Name] };

/**
 * The options of one set and then those of another. A class that extends a set has its own options last, and messages take the first for the one that
 * was meant by a value without a name: this puts those first that PyTorch has first.
 */
export const joinOptions = <First extends object, Rest extends object>(First: new () => First, Rest: new () => Rest): (new () => First & Rest) =>
  class {
    constructor() {
      Object.assign(this, new First(), new Rest());
    }
  } as new () => First & Rest;

const none = /* @__PURE__ */ Object.freeze({});

/** One object of each set, for its names. */
const examples = /* @__PURE__ */ new Map<new () => object, object>();

function namesOf(Set: new () => object): object {
  let names = examples.get(Set);
  if (names === undefined) examples.set(Set, (names = new Set()));
  return names;
}

/**
 * The options of a call, empty if there are none.
 *
 * @throws {ArgumentError} if there is one among them that is not in the set.
 */
export function optionsOf<Given extends object>(op: string, Set: new () => { readonly [Name in keyof Given]?: unknown }, given: Given | undefined): Given {
  if (given === undefined) return none as Given;
  const names = namesOf(Set);
  if (typeof given !== "object" || (given as object | null) === null) throw notNamed(op, names, given);
  for (const name in given) {
    if (name in names) continue;
    if (isValue(given)) throw notNamed(op, names, given);
    if (isPlain(given)) throw unknown(op, names, name);
    // An object of a class, such as a module that hands over itself, has other fields too.
    break;
  }
  return given;
}

/** For functions that have no options. A number is let through: it may be the index that `map` and `reduce` pass on. @throws {ArgumentError} if there are some. */
export function refuseOptions(op: string, given: unknown): void {
  if (typeof given === "object" && given !== null) throw unknown(op, none, Object.keys(given)[0] ?? "{}");
}

/** An array or a tensor: an argument that stands in the place of options. */
const isValue = (given: object): boolean => Array.isArray(given) || ArrayBuffer.isView(given) || ("dtype" in given && "shape" in given && "device" in given);
const isPlain = (given: object): boolean => [Object.prototype, null].includes(Object.getPrototypeOf(given) as object | null);
const list = (names: object): string => Object.keys(names).join(", ");

/** `sum(x, 0)` for `sum(x, { dim: 0 })`. */
function notNamed(op: string, names: object, given: unknown): ArgumentError {
  const short = typeof given === "object" && given !== null && !Array.isArray(given) ? null : JSON.stringify(given);
  const remedy = `write it by name, as in { ${Object.keys(names)[0] ?? ""}: ${short ?? "…"} }`;
  return new ArgumentError(`${op}: expected an object with options (${list(names)}), got ${short ?? (given as object).constructor.name}; ${remedy}`);
}

/** What to do instead, where many have written this before. */
const remedies: Readonly<Record<string, (op: string, names: object) => string | false>> = {
  axis: (_, names) => "dim" in names && "write dim",
  // Only functions have such forms. Layers, whose names begin with a capital letter, do not.
  inplace: (op) => /^[a-z]/.test(op) && `the form that writes over its argument is ${op}_`,
  keepdims: (_, names) => "keepdim" in names && "write keepdim",
  out: () => "use the tensor that is returned, or write it into another one with copy_",
  unbiased: (_, names) => "correction" in names && "write correction: 1 for true, 0 for false",
};

function unknown(op: string, names: object, name: string): ArgumentError {
  const plain = (text: string): string => text.replaceAll("_", "").toLowerCase();
  const meant = Object.keys(names).find((known) => plain(known) === plain(name));
  const remedy = meant === undefined ? remedies[name]?.(op, names) || "leave it out" : `write ${meant}`;
  const expected = Object.keys(names).length === 0 ? "no options" : `no options but ${list(names)}`;
  return new ArgumentError(`${op}: expected ${expected}, got ${name}; ${remedy}`);
}

// Sets that many functions share, in a file that depends on none of them

/** Of functions that make tensors. */
export const TensorOptions = class {
  readonly dtype?: DType;
  /** The default device if absent. */
  readonly device?: DeviceLike | undefined;
  readonly requiresGrad?: boolean;
};
export type TensorOptions<D extends DType = DType> = Options<typeof TensorOptions> & { readonly dtype?: D };

/** Which dimensions to reduce, and whether they stay as size 1. */
export const ReduceOptions = class {
  /** All by default. */
  readonly dim?: number | readonly number[] | null;
  readonly keepdim?: boolean;
};
export type ReduceOptions = Options<typeof ReduceOptions>;

export const DimOptions = class {
  readonly dim?: number;
  readonly keepdim?: boolean;
};
export type DimOptions = Options<typeof DimOptions>;
