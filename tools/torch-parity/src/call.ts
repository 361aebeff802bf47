import * as linalg from "@gradus/linalg";
import * as nn from "@gradus/nn";
import * as optim from "@gradus/optim";
import * as special from "@gradus/special";
import * as core from "@gradus/tensor-core";
import * as masked from "@gradus/tensor-core/masked";
import type { Device, DType } from "@gradus/tensor-core";
import { Tensor } from "@gradus/tensor-core";
import { indexFrom } from "./indexing.js";
import type { PythonValue } from "./python.js";
import { dtypeOfNumber, isArray, isNumber, itemsOf, PythonFloat, PythonName, PythonObject, PythonSlice, PythonTuple } from "./python.js";
import type { Argument, Binding, Entry, Parameter, Signature } from "./signature.js";
import { camelCase, chooseOverload, findEntry } from "./signature.js";

/** From a call in Python to one in Gradus. */

/** Where functions are looked up, by what stands before the dot of a target; later ones fill in for earlier ones. */
const libraries: Readonly<Record<string, readonly object[]>> = {
  "": [core, special],
  "nn.init": [nn.init],
  linalg: [linalg],
  special: [special],
  fft: [],
  masked: [masked],
};

/** Where classes are looked up, by their section of the table. */
const classes: Readonly<Record<string, object>> = { nn, optim };

/** Gradus has no function for it. */
export class MissingError extends Error {
  override readonly name = "MissingError";
}

/** A call that is ready to be made. */
export interface GradusCall {
  /** The function or method that is called, as errors of Gradus name it. */
  readonly name: string;
  /** The arguments, as they would be written. */
  readonly args: readonly unknown[];
  /** The method that Python has for it, where Gradus only has the function. */
  readonly lacking: string | undefined;
  run(): unknown;
}

/**
 * Translates a call by its fully qualified name in Python.
 *
 * @param method - Call this method instead, with the same arguments.
 * @throws {MissingError} if the table or Gradus has no such function.
 */
export function translate(device: Device, name: string, args: readonly PythonValue[], kwargs: Readonly<Record<string, PythonValue>>, method?: string): GradusCall {
  const entry = findEntry(name);
  if (entry === undefined) throw new MissingError(`${name} is not in the table`);
  const given = new Map(Object.entries(kwargs));
  const inPlaceFlag = given.get("inplace") === true;
  for (const meaningless of ["inplace", "memory_format", "layout", "pin_memory", "_stacklevel", "non_blocking"]) given.delete(meaningless);
  const chosen = chooseOverload(entry, args, given);
  if (chosen === null) throw new Error(`no line of the table for ${name} takes ${String(args.length)} arguments and [${[...given.keys()].join(", ")}]`);
  const { binding } = chosen;
  let { signature } = chosen;
  let how: Manner = { isMethod: entry.isMethod || signature.isMethod, inPlace: entry.inPlace || inPlaceFlag, functionWillDo: true };
  if (method !== undefined) {
    const its = findEntry(`torch.Tensor.${method}`);
    if (its === undefined) throw new MissingError(`torch.Tensor.${method} is not in the table`);
    how = { isMethod: true, inPlace: its.inPlace, functionWillDo: false };
    // A method with a line of its own takes the same parameters by name.
    signature = sameArguments(its, binding) ?? signature;
  }
  return prepare(device, signature, binding, how);
}

/**
 * Makes an object of a class of PyTorch by its fully qualified name, such as `torch.nn.Linear`.
 *
 * @throws {MissingError} if the table or Gradus has no such class.
 */
export function construct(device: Device, name: string, args: readonly PythonValue[], kwargs: Readonly<Record<string, PythonValue>>): unknown {
  const written = argumentsOf(device, name, args, kwargs);
  if (written === undefined) throw new MissingError(`${name} is not in the table`);
  const [, section = "", short = ""] = /^torch\.(\w+)\.(\w+)$/.exec(name) ?? [];
  const Class = (classes[section] as Readonly<Record<string, (new (...all: readonly unknown[]) => unknown) | undefined>> | undefined)?.[short];
  if (Class === undefined) throw new MissingError(`${name} does not exist`);
  return new Class(...written);
}

/** Arguments of a call that has no line in the table: all of them positional, in the order in which they are given. */
export const positional = (device: Device, args: readonly PythonValue[], kwargs: Readonly<Record<string, PythonValue>>): readonly unknown[] =>
  [...args, ...Object.values(kwargs)].map((value) => plain(device, value));

/** The arguments of a call as they are written in Gradus; undefined if the table has no line for it. */
export function argumentsOf(device: Device, name: string, args: readonly PythonValue[], kwargs: Readonly<Record<string, PythonValue>>): readonly unknown[] | undefined {
  const entry = findEntry(name);
  if (entry === undefined) return undefined;
  const chosen = chooseOverload(entry, args, new Map(Object.entries(kwargs)));
  if (chosen === null) throw new Error(`no line of the table for ${name} takes ${String(args.length)} arguments and [${Object.keys(kwargs).join(", ")}]`);
  return write(device, chosen.signature, chosen.binding);
}

/** The method's own line that knows all the names that were bound. */
const sameArguments = (method: Entry, binding: Binding): Signature | undefined =>
  method.signatures.find(({ isMethod, parameters }) => isMethod && [...binding.keys()].every((name) => parameters.some((parameter) => parameter.name === name)));

interface Manner {
  readonly isMethod: boolean;
  readonly inPlace: boolean;
  /** Where Gradus has no such method, the function does as well. */
  readonly functionWillDo: boolean;
}

/** Writes the arguments of a call: the positional ones, then the options. */
function write(device: Device, signature: Signature, binding: Binding): unknown[] {
  const convert = converter(device, signature, binding);
  const valueOf = (name: string): unknown => convert(signature.parameters.find((parameter) => parameter.name === name), binding.get(name));
  const isRequired = (name: string): boolean => signature.parameters.some((parameter) => parameter.name === name && parameter.required);
  const args = signature.positional.flatMap((argument: Argument): unknown[] => {
    if ("constant" in argument) return [argument.constant];
    const value = valueOf(argument.parameter);
    if (argument.spread) return [...((value ?? []) as unknown[])];
    // None in the place of an argument that may be missing is how Python leaves it out.
    return [value === null && !isRequired(argument.parameter) ? undefined : value];
  });
  const options = optionsOf(signature, binding, valueOf);
  // A missing argument before the options keeps its place.
  if (Object.keys(options).length > 0) args.push(options);
  else while (args.length > 0 && args.at(-1) === undefined) args.pop();
  return args;
}

function prepare(device: Device, signature: Signature, binding: Binding, how: Manner): GradusCall {
  const args = write(device, signature, binding);
  const { target, isMethod } = signature;
  const dot = target.lastIndexOf(".");
  const library = dot === -1 ? "" : target.slice(0, dot);
  const name = target.slice(dot + 1) + (how.inPlace && !target.endsWith("_") ? "_" : "");
  const [receiver, ...rest] = args;
  const shown = how.inPlace || how.isMethod ? `Tensor.${name}` : target;
  const callable = (): (() => unknown) => {
    const method = receiver instanceof Tensor && library === "" ? methodOf(receiver as Tensor, name, rest) : undefined;
    if (method !== undefined && (how.inPlace || how.isMethod)) return method;
    // Only a method can be meant: the function of that name is something else, or nothing.
    if (how.inPlace || isMethod || (how.isMethod && !how.functionWillDo)) throw new MissingError(`${shown} does not exist`);
    for (const home of libraries[library] ?? []) {
      const found = (home as Record<string, unknown>)[name];
      if (typeof found === "function") return () => (found as (...all: unknown[]) => unknown)(...args);
    }
    if (method !== undefined) return method;
    throw new MissingError(`${shown} does not exist`);
  };
  const isMethodOfTensor = receiver instanceof Tensor && library === "" && name in receiver;
  return { name, args, lacking: how.isMethod && receiver instanceof Tensor && !isMethodOfTensor ? name : undefined, run: callable() };
}

/** A method or property of a tensor; undefined if it has none of that name. */
function methodOf(receiver: Tensor, name: string, args: readonly unknown[]): (() => unknown) | undefined {
  if (!(name in receiver)) return undefined;
  return () => {
    const member = (receiver as unknown as Record<string, unknown>)[name];
    return typeof member === "function" ? (member as (...all: unknown[]) => unknown).call(receiver, ...args) : member;
  };
}

function optionsOf(signature: Signature, binding: Binding, valueOf: (parameter: string) => unknown): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  const nullable = new Set(signature.parameters.filter(({ type }) => type === "nullable").map(({ name }) => camelCase(name)));
  const put = (option: string, value: unknown): void => {
    // None is how Python says that an option is not given.
    if (value !== undefined && (value !== null || nullable.has(option))) options[option] = value;
  };
  for (const [option, argument] of signature.options) put(option, "constant" in argument ? argument.constant : valueOf(argument.parameter));
  const known = new Set(signature.parameters.map(({ name }) => name));
  for (const name of binding.keys()) if (!known.has(name)) put(camelCase(name), valueOf(name));
  const literals = signature.parameters.filter(({ type }) => type === "literal").flatMap(({ name }) => [binding.get(name) ?? null]);
  const dtype = dtypeOfLiterals(literals);
  if (dtype !== undefined && options.dtype === undefined) options.dtype = dtype;
  return options;
}

/** Python's numbers say by themselves which element type is meant; in Gradus the caller says it. */
function dtypeOfLiterals(values: readonly PythonValue[]): string | undefined {
  const types = new Set(values.map((value) => (value instanceof Tensor ? (value.isFloatingPoint() ? "float32" : "int64") : dtypeOfNumber(value))));
  return ["float32", "int64", "bool"].find((type) => types.has(type as DType));
}

/** How the arguments of this call are written in Gradus. */
function converter(device: Device, signature: Signature, binding: Binding): (parameter: Parameter | undefined, value: PythonValue | undefined) => unknown {
  const operands = signature.parameters.filter(({ type }) => type === "operand").map(({ name }) => binding.get(name));
  const allFloating = operands.every((value) => !(value instanceof Tensor) || value.isFloatingPoint());
  return (parameter, value) => {
    if (value === undefined) return undefined;
    switch (parameter?.type) {
      case "operand":
        // JavaScript cannot tell 1.0 from 1. Where that decides the result's type, a tensor says it.
        if (value instanceof PythonFloat && Number.isInteger(value.value) && !allFloating) return core.tensor(value.value, { dtype: "float32", device });
        return plain(device, value);
      case "bit":
        return typeof value === "boolean" ? Number(value) : plain(device, value);
      case "constant":
        return value instanceof Tensor ? value.detach() : plain(device, value);
      case "shapes":
        return ((plain(device, value) ?? []) as unknown[]).map((shape): unknown => (Array.isArray(shape) ? shape : [shape]));
      case "index":
        return indexFrom(value, device);
      case "int":
      case "ints":
      case "number":
      case "literal":
        return numbers(plain(device, value));
      default:
        return plain(device, value);
    }
  };
}

/** Python takes tensors of one element for numbers; in Gradus the caller reads them. */
function numbers(value: unknown): unknown {
  if (value instanceof Tensor) return value.numel() === 1 ? (value as Tensor).itemSync() : value;
  return isArray(value) ? (value as readonly unknown[]).map(numbers) : value;
}

function plain(device: Device, value: PythonValue): unknown {
  if (value === null || value instanceof Tensor || typeof value === "string") return value === "cpu" ? device : value;
  if (value instanceof PythonFloat) return value.value;
  if (isNumber(value) || typeof value === "boolean") return value;
  if (value instanceof PythonObject) return value.value;
  if (value instanceof PythonName) {
    if (value.kind === "fn") return (...args: readonly Tensor[]): unknown => translate(device, value.name, args, {}).run();
    if (value.kind === "dtype") return value.name;
    if (value.kind === "device") return device;
    throw new Error(`expected a value that has a meaning in Gradus, got ${value.kind} ${value.name}`);
  }
  if (value instanceof PythonSlice) throw new Error("expected a slice between brackets only");
  const items = itemsOf(value);
  if (items !== undefined) return items.map((item) => plain(device, item));
  if (value instanceof PythonTuple) throw new Error("internal: a tuple is a list of items");
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(device, inner)]));
}
