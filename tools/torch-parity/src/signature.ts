import { Tensor } from "@gradus/tensor-core";
import type { PythonValue } from "./python.js";
import { isNumber, itemsOf, PythonName } from "./python.js";
import { table } from "./table.js";

/** The table's lines, read. Their notation is described in `table.ts`. */

type Type = keyof typeof fits | (typeof translated)[number] | "any";

/** Types that say how a Python value is translated; `call.ts` does it. */
const translated = ["operand", "constant", "literal", "bit", "shapes", "index", "nullable"] as const;

export interface Parameter {
  readonly name: string;
  readonly type: Type;
  readonly required: boolean;
  /** Takes one sequence, or all the positional arguments that are left. */
  readonly variadic: boolean;
}

/** An argument of the call in Gradus: a parameter of the signature, its items one by one, or a constant. */
export type Argument = { readonly parameter: string; readonly spread: boolean } | { readonly constant: number | boolean };

export interface Signature {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  /** Name in Gradus; `linalg.solve` stands in the library `linalg`. */
  readonly target: string;
  readonly positional: readonly Argument[];
  readonly options: ReadonlyMap<string, Argument>;
  /** Only what `Tensor` itself has will do: the line begins with `Tensor.` */
  readonly isMethod: boolean;
}

const isNumberLike = (value: PythonValue): boolean => isNumber(value) || (value instanceof Tensor && value.numel() === 1);
const isIntLike = (value: PythonValue): boolean => typeof value === "number" || typeof value === "bigint" || (value instanceof Tensor && value.numel() === 1 && !value.isFloatingPoint());

/** Which values a type admits, for those that tell overloads apart. */
const fits = {
  Tensor: (value: PythonValue): boolean => value instanceof Tensor,
  Tensors: (value: PythonValue): boolean => itemsOf(value)?.every((item) => item instanceof Tensor) ?? false,
  int: isIntLike,
  ints: (value: PythonValue): boolean => isIntLike(value) || (itemsOf(value)?.every(isIntLike) ?? false),
  bool: (value: PythonValue): boolean => typeof value === "boolean",
  number: isNumberLike,
  str: (value: PythonValue): boolean => typeof value === "string",
  device: (value: PythonValue): boolean => value === "cpu" || (value instanceof PythonName && value.kind === "device"),
  true: (value: PythonValue): boolean => value === true,
} as const;
const hasTest = (type: Type): type is keyof typeof fits => type in fits;
const types = new Set<string>([...Object.keys(fits), ...translated]);

const admits = ({ type }: Parameter, value: PythonValue): boolean =>
  type === "bit" ? typeof value === "boolean" : hasTest(type) ? fits[type](value) || (value === null && type !== "true" && type !== "Tensor" && type !== "device") : true;

/** PyTorch's name in Gradus: `log_softmax` → `logSoftmax`, `atleast_1d` → `atleast1d`; a final underscore stays. */
export const camelCase = (name: string): string => name.replace(/(?<=[A-Za-z0-9])_+([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** Libraries beside the core, whose functions keep their section's name. */
const libraries = ["linalg", "special", "fft", "masked", "nn.init"] as const;

const splitList = (text: string): string[] => text.split(",").map((item) => item.trim()).filter((item) => item !== "");

function halves(text: string): [before: string, after: string] {
  const [before = "", after = "", ...rest] = text.split(";");
  if (rest.length > 0) throw new Error(`expected one semicolon, got "${text}"`);
  return [before, after];
}

function parseParameter(text: string, required: boolean): Parameter {
  const match = /^(\*?)(\w+)(\??)(?:\s*:\s*(\w+))?$/.exec(text);
  if (match === null) throw new Error(`expected a parameter, got "${text}"`);
  const [, star, name = "", mark, type] = match;
  const variadic = star === "*";
  // A device and an element type are told from other arguments by what they are.
  if (type !== undefined && !types.has(type)) throw new Error(`expected a known type, got "${text}"`);
  // A value that has to be just this one has to be there.
  return { name, type: (type ?? "any") as Type, variadic, required: (required && mark === "" && !variadic) || type === "true" };
}

function parseArgument(text: string): Argument {
  if (/^\d+$/.test(text)) return { constant: Number(text) };
  if (text === "true") return { constant: true };
  return text.startsWith("...") ? { parameter: text.slice(3), spread: true } : { parameter: text, spread: false };
}

function parseOption(text: string): [option: string, value: Argument] {
  const [option = "", value = option] = text.split("=").map((part) => part.trim());
  return [camelCase(option), parseArgument(value)];
}

const lineShape = /^(?<names>[\w. ]+?)\s*\((?<parameters>[^)]*)\)(?:\s*=>\s*(?<target>[\w.*]+)\((?<call>[^)]*)\))?$/;

function parseLine(line: string, section: string): Signature[] {
  const groups = lineShape.exec(line)?.groups;
  if (groups === undefined) throw new Error("expected `name(parameters)` or `name(parameters) => call(arguments)`");
  const { names = "", parameters = "", target, call } = groups;
  const [positional, optional] = halves(parameters);
  const own = [...splitList(positional).map((text) => parseParameter(text, true)), ...splitList(optional).map((text) => parseParameter(text, false))];
  // Without a call of its own, a line says what is positional by its semicolon.
  const [args, options] = call === undefined ? [splitList(positional).map((text) => /\w+/.exec(text)?.[0] ?? ""), own.slice(splitList(positional).length).map(({ name }) => name)] : halves(call).map(splitList);
  const library = (libraries as readonly string[]).includes(section) ? `${section}.` : "";
  return names.split(/\s+/).map((name) => {
    const signature: Signature = {
      name: `${section === "" ? "" : `${section}.`}${name}`,
      parameters: own,
      target: target === undefined || target === "*" ? library + camelCase(name.replace("Tensor.", "").replace(/^_/, "")) : target,
      positional: (args ?? []).map(parseArgument),
      options: new Map((options ?? []).map(parseOption)),
      isMethod: name.startsWith("Tensor."),
    };
    const known = new Set(own.map((parameter) => parameter.name));
    const used = [...signature.positional, ...signature.options.values()].flatMap((argument) => ("parameter" in argument ? [argument.parameter] : []));
    const unknown = used.find((parameter) => !known.has(parameter));
    if (unknown !== undefined) throw new Error(`expected arguments that are parameters, got "${unknown}"`);
    return signature;
  });
}

/** Reads the table: all overloads by PyTorch's name without `torch.`. */
export function parseTable(text: string): ReadonlyMap<string, readonly Signature[]> {
  const result = new Map<string, Signature[]>();
  const aliases: [alias: string, name: string][] = [];
  let section = "";
  text.split("\n").forEach((raw, i) => {
    const line = raw.replace(/#.*/, "").trim();
    if (line === "") return;
    const heading = /^\[([\w.]+)\]$/.exec(line)?.[1];
    const alias = /^(\w+) = (\w+)$/.exec(line);
    const prefix = section === "" ? "" : `${section}.`;
    if (heading !== undefined) section = heading;
    else if (alias !== null) aliases.push([`${prefix}${alias[1] ?? ""}`, `${prefix}${alias[2] ?? ""}`]);
    else {
      try {
        for (const signature of parseLine(line, section)) result.set(signature.name, [...(result.get(signature.name) ?? []), signature]);
      } catch (cause) {
        throw new Error(`table, line ${String(i + 1)} "${line}": ${(cause as Error).message}`, { cause });
      }
    }
  });
  for (const [alias, name] of aliases) {
    const signatures = result.get(name);
    if (signatures === undefined) throw new Error(`table: expected "${name}" to exist, which "${alias}" is another name of`);
    result.set(alias, signatures);
  }
  return result;
}

const byName = parseTable(table);

/** A name of PyTorch, found in the table. */
export interface Entry {
  readonly signatures: readonly Signature[];
  readonly isMethod: boolean;
  readonly inPlace: boolean;
}

/**
 * The lines for a fully qualified name such as `torch.nn.functional.relu` or `torch.Tensor.add_`.
 *
 * @returns undefined where the table has none.
 */
export function findEntry(fullName: string): Entry | undefined {
  const name = fullName.replace(/^torch\./, "");
  const bare = name.replace(/^Tensor\./, "");
  const isMethod = bare !== name;
  const exact = byName.get(name) ?? byName.get(bare);
  if (exact !== undefined) return { signatures: exact, isMethod, inPlace: false };
  if (!bare.endsWith("_") || bare.endsWith("__")) return undefined;
  const [base, bareBase] = [name.slice(0, -1), bare.slice(0, -1)];
  const signatures = byName.get(base) ?? byName.get(bareBase);
  return signatures === undefined ? undefined : { signatures, isMethod: true, inPlace: true };
}

/** Arguments by parameter name. Keywords that a signature does not list are kept under their own names. */
export type Binding = ReadonlyMap<string, PythonValue>;

const synonyms: Readonly<Record<string, string>> = { axis: "dim", keepdims: "keepdim", self: "input", x: "input", y: "other" };

/** Binds arguments to a signature as Python would; null where they do not fit. */
function bind(signature: Signature, args: readonly PythonValue[], kwargs: ReadonlyMap<string, PythonValue>, checkTypes: boolean): Binding | null {
  const bound = new Map<string, PythonValue>();
  const left = [...args];
  for (const parameter of signature.parameters) {
    if (parameter.variadic && left.length > 0) {
      const [first] = left;
      const whole = left.length === 1 && first !== undefined && itemsOf(first) !== undefined;
      bound.set(parameter.name, whole ? first : left.slice());
      left.length = 0;
      if (checkTypes && !admits(parameter, bound.get(parameter.name) ?? null)) return null;
      continue;
    }
    const value = left.shift();
    if (value === undefined) continue;
    if (checkTypes && !admits(parameter, value)) return null;
    bound.set(parameter.name, value);
  }
  if (left.length > 0) return null;
  for (const [key, value] of kwargs) {
    const names = [key, synonyms[key]];
    const parameter = signature.parameters.find(({ name }) => names.includes(name));
    if (parameter !== undefined && checkTypes && !admits(parameter, value)) return null;
    bound.set(parameter?.name ?? synonyms[key] ?? key, value);
  }
  return signature.parameters.every(({ name, required }) => !required || bound.has(name)) ? bound : null;
}

/** The first overload that the arguments fit, by types; failing that, by their number alone: a wrong call has to reach Gradus. */
export function chooseOverload(entry: Entry, args: readonly PythonValue[], kwargs: ReadonlyMap<string, PythonValue>): { signature: Signature; binding: Binding } | null {
  for (const checkTypes of [true, false]) {
    for (const signature of entry.signatures) {
      const binding = bind(signature, args, kwargs, checkTypes);
      if (binding !== null) return { signature, binding };
    }
  }
  return null;
}
