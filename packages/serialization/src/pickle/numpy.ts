import type { DType } from "@gradus/tensor-core";
import { Malformed } from "../malformed.js";
import { ELEMENT_BYTES } from "../raw-tensors.js";
import { ByteString, GlobalReference, type PythonGlobal, sizesOf, textOf } from "./values.js";

/** NumPy's arrays in pickles, and its names for element types. */

/** The element types that NumPy and tensors have in common, by kind and bytes. */
const KINDS: Readonly<Record<string, DType>> = {
  f8: "float64",
  f4: "float32",
  f2: "float16",
  i8: "int64",
  i4: "int32",
  i2: "int16",
  i1: "int8",
  u1: "uint8",
  b1: "bool",
};

/** NumPy's names, without the order of bytes. bfloat16 has none. */
export const numpyKindOf = (dtype: DType): string | undefined => Object.keys(KINDS).find((kind) => KINDS[kind] === dtype);

/** An element type of NumPy such as `<f4`: kind, bytes, and whether the highest byte comes first. */
export interface NumpyElement {
  readonly dtype: DType;
  readonly bigEndian: boolean;
}

/** @throws {Malformed} on an element type that tensors have not. */
export function numpyElement(description: string): NumpyElement {
  const [, order, kind = ""] = /^([<>|=]?)(\w+)$/.exec(description) ?? [];
  const dtype = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (order === undefined || dtype === undefined) {
    throw new Malformed(`expected an element type that tensors have (${Object.keys(KINDS).join(", ")}), found ${JSON.stringify(description.slice(0, 40))}; convert the array with astype before it is saved`);
  }
  return { dtype, bigEndian: order === ">" && ELEMENT_BYTES[dtype] > 1 };
}

/** The elements with the lowest byte first, whatever the file has. The bytes are copied if they change. */
export function littleEndian(bytes: Uint8Array, { dtype, bigEndian }: NumpyElement): Uint8Array {
  if (!bigEndian) return bytes;
  const width = ELEMENT_BYTES[dtype];
  const swapped = bytes.slice();
  for (let i = 0; i < swapped.length; i += width) swapped.subarray(i, i + width).reverse();
  return swapped;
}

/** @throws {Malformed} if the bytes are not as many as the shape needs. */
export function checkLength(bytes: Uint8Array, dtype: DType, shape: readonly number[]): void {
  const expected = shape.reduce((a, b) => a * b, ELEMENT_BYTES[dtype]);
  if (expected !== bytes.length) throw new Malformed(`an array of shape [${shape.slice(0, 8).join(", ")}] takes ${expected} bytes, found ${bytes.length}`);
}

/** `numpy.dtype`, to which a state adds the order of bytes. */
export class NumpyDType {
  #order = "";

  constructor(readonly kind: string) {}

  get element(): NumpyElement {
    return numpyElement(this.#order + this.kind);
  }

  /** (version, order, subtype, names, fields, width, alignment, flags) */
  setState(state: unknown): boolean {
    if (!Array.isArray(state)) return false;
    const [, order, subtype, names] = state as readonly unknown[];
    const text = textOf(order);
    if (text === undefined || !["<", ">", "|", "="].includes(text) || (subtype ?? null) !== null || (names ?? null) !== null) return false;
    this.#order = text;
    return true;
  }
}

/** `numpy.ndarray`, empty until its state is set. */
export class NumpyArray {
  content: { readonly element: NumpyElement; readonly shape: readonly number[]; readonly fortran: boolean; readonly bytes: Uint8Array } | null = null;

  /** (version, shape, dtype, whether the first dimension is the fastest, elements) */
  setState(state: unknown): boolean {
    if (!Array.isArray(state)) return false;
    const [shape, dtype, fortran, data] = (state as readonly unknown[]).slice(-4);
    return this.fill(shape, dtype, fortran === true || fortran === 1, data);
  }

  fill(shape: unknown, dtype: unknown, fortran: boolean, data: unknown): boolean {
    const sizes = sizesOf(shape);
    const bytes = bytesOf(data);
    if (sizes === undefined || !(dtype instanceof NumpyDType) || bytes === undefined) return false;
    const { element } = dtype;
    checkLength(bytes, element.dtype, sizes);
    this.content = { element, shape: sizes, fortran, bytes };
    return true;
  }
}

/** Data, however the pickle's protocol writes them. */
const bytesOf = (value: unknown): Uint8Array | undefined => (value instanceof ByteString ? value.bytes : value instanceof Uint8Array ? value : undefined);

/** A single number. */
function scalar(args: readonly unknown[]): unknown {
  const [dtype, data] = args;
  const bytes = bytesOf(data);
  if (!(dtype instanceof NumpyDType) || bytes === undefined) throw new Malformed("expected an element type and the bytes of one element");
  const { element } = dtype;
  checkLength(bytes, element.dtype, []);
  const view = new DataView(littleEndian(bytes, element).slice().buffer);
  return readNumber(view, element.dtype);
}

function readNumber(view: DataView, dtype: DType): number | boolean {
  switch (dtype) {
    case "float64":
      return view.getFloat64(0, true);
    case "float32":
      return view.getFloat32(0, true);
    case "int64": {
      const value = view.getBigInt64(0, true);
      if (!Number.isSafeInteger(Number(value))) throw new Malformed(`expected a number up to 2^53, found ${value}`);
      return Number(value);
    }
    case "int32":
      return view.getInt32(0, true);
    case "int16":
      return view.getInt16(0, true);
    case "int8":
      return view.getInt8(0);
    case "uint8":
      return view.getUint8(0);
    case "bool":
      return view.getUint8(0) !== 0;
    default:
      throw new Malformed(`expected a number that JavaScript has, found a ${dtype}`);
  }
}

const isNdarray = (value: unknown): boolean => value instanceof GlobalReference && value.global.name === "numpy.ndarray";

const reconstruct: PythonGlobal = {
  name: "numpy.core.multiarray._reconstruct",
  call: ([type]) => {
    if (!isNdarray(type)) throw new Malformed("expected numpy.ndarray, found another class");
    return new NumpyArray();
  },
};

const fromBuffer: PythonGlobal = {
  name: "numpy.core.numeric._frombuffer",
  call: ([data, dtype, shape, order]) => {
    const array = new NumpyArray();
    if (!array.fill(shape, dtype, textOf(order) === "F", data)) throw new Malformed("expected data, an element type and a shape");
    return array;
  },
};

const numpyScalar: PythonGlobal = { name: "numpy.core.multiarray.scalar", call: scalar };

const dtype: PythonGlobal = {
  name: "numpy.dtype",
  call: ([kind]) => {
    const text = textOf(kind);
    if (text === undefined) throw new Malformed("expected the name of an element type");
    return new NumpyDType(text);
  },
};

/** The names of NumPy 1 and 2 that may stand in a pickle. */
export const numpyGlobals: Readonly<Record<string, PythonGlobal>> = Object.fromEntries([
  ...["numpy.core", "numpy._core"].flatMap((core) => [
    [`${core}.multiarray._reconstruct`, reconstruct],
    [`${core}.multiarray.scalar`, numpyScalar],
    [`${core}.numeric._frombuffer`, fromBuffer],
  ]),
  ["numpy.ndarray", { name: "numpy.ndarray" }],
  ["numpy.dtype", dtype],
]) as Readonly<Record<string, PythonGlobal>>;
