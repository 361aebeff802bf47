import type { DType, Tensor } from "@gradus/tensor-core";

/** Python values that JSON has no word for, as the cases write them, and what stands for them here. */

/** 1.0, which Python tells from 1. */
export class PythonFloat {
  constructor(readonly value: number) {}
}

/** A tuple; a list is an array. */
export class PythonTuple {
  constructor(readonly items: readonly PythonValue[]) {}
}

/** `start:stop:step` between brackets. */
export class PythonSlice {
  constructor(
    readonly start: PythonValue,
    readonly stop: PythonValue,
    readonly step: PythonValue,
  ) {}
}

/** A named object of PyTorch or Python: an element type, a device, a memory format, the ellipsis, a function. */
export class PythonName {
  constructor(
    readonly kind: "dtype" | "device" | "memory_format" | "ellipsis" | "fn",
    readonly name: string,
  ) {}
}

/** An object of Gradus that a record has described: a module, a scheduler, a function. */
export class PythonObject {
  constructor(readonly value: unknown) {}
}

export type PythonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Tensor
  | PythonFloat
  | PythonTuple
  | PythonSlice
  | PythonName
  | PythonObject
  | readonly PythonValue[]
  | { readonly [key: string]: PythonValue };

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The specials that JSON has no numbers for, and integers beyond 2⁵³, are written as strings. */
export const numberOf = (value: Json): number => (value === "nan" ? NaN : value === "inf" ? Infinity : value === "-inf" ? -Infinity : Number(value));

const names = { $dtype: "dtype", $device: "device", $memory_format: "memory_format", $ellipsis: "ellipsis", $fn: "fn" } as const;
const isName = (key: string): key is keyof typeof names => key in names;

/**
 * Reads an argument as the cases write it.
 *
 * @param tensors - What `{"$t": i}` stands for; the same index is the same tensor.
 * @param objects - What makes objects from forms that only some kinds of records have, such as `{"$module": …}`.
 * @throws {Error} on a form that is not part of the format.
 */
export function decode(json: Json, tensors: readonly Tensor[], objects: ObjectForms = {}): PythonValue {
  if (json === null || typeof json !== "object") return json;
  if (isArray(json)) return json.map((item) => decode(item, tensors, objects));
  const [key, ...more] = Object.keys(json);
  if (key?.startsWith("$") === true && more.length === 0) return decodeForm(key, json[key] as Json, tensors, objects);
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, decode(value, tensors, objects)]));
}

export type ObjectForms = Readonly<Record<string, (value: Json) => unknown>>;

function decodeForm(form: string, value: Json, tensors: readonly Tensor[], objects: ObjectForms): PythonValue {
  const make = objects[form];
  if (make !== undefined) return new PythonObject(make(value));
  if (isName(form)) return new PythonName(names[form], typeof value === "string" ? value : "");
  switch (form) {
    case "$t": {
      const i = Number(value);
      const tensor = tensors[i];
      if (tensor === undefined) throw new Error(`expected one of ${String(tensors.length)} tensors, got {"$t": ${String(i)}}`);
      return tensor;
    }
    case "$f":
      return new PythonFloat(numberOf(value));
    case "$i":
      return BigInt(value as string);
    case "$tuple":
      return new PythonTuple((value as readonly Json[]).map((item) => decode(item, tensors, objects)));
    case "$slice": {
      const [start = null, stop = null, step = null] = (value as readonly Json[]).map((item) => decode(item, tensors, objects));
      return new PythonSlice(start, stop, step);
    }
    default:
      throw new Error(`expected a form that the format names, got ${JSON.stringify({ [form]: value }).slice(0, 80)}`);
  }
}

/** `Array.isArray` for lists that are read only. */
export const isArray = <T>(value: T): value is Extract<T, readonly unknown[]> => Array.isArray(value);

/** The items of a list or tuple; undefined for anything else. */
export function itemsOf(value: PythonValue): readonly PythonValue[] | undefined {
  return value instanceof PythonTuple ? value.items : isArray(value) ? value : undefined;
}

/** Whether Python would call it a number; bools are none here. */
export const isNumber = (value: PythonValue): value is number | bigint | PythonFloat => typeof value === "number" || typeof value === "bigint" || value instanceof PythonFloat;

/** The element type that Python's own number has in a new tensor. */
export const dtypeOfNumber = (value: PythonValue): DType | undefined =>
  value instanceof PythonFloat ? "float32" : typeof value === "boolean" ? "bool" : isNumber(value) ? "int64" : undefined;
