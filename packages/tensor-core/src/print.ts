/**
 * How a tensor reads as text: the format of PyTorch 2, to the character. The elements that are shown are chosen first,
 * because they alone decide on the notation and on the width of the columns.
 */
import { isParameter } from "@gradus/autograd";
import type { DType } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import { fixedPoint, scientific } from "./decimal.js";
import { ArgumentError } from "./errors.js";
import type { Shape } from "./shape.js";
import { numelOf, showShape } from "./shape.js";
import type { Tensor } from "./tensor.js";
import type { TypedArray } from "./typed-array.js";

export interface PrintOptions {
  /** Digits behind the point. */
  readonly precision: number;
  /** A tensor of more elements than this is summarised. */
  readonly threshold: number;
  /** Elements that a summary shows at either end of a dimension. With 0 the shape is printed as well. */
  readonly edgeItems: number;
  /** Columns that a line may fill. */
  readonly lineWidth: number;
  /** Scientific notation always (true), never (false), or where the elements differ too much to be read without (null). */
  readonly sciMode: boolean | null;
}

const standard: PrintOptions = { precision: 4, threshold: 1000, edgeItems: 3, lineWidth: 80, sciMode: null };
const profiles = {
  default: {},
  short: { precision: 2, edgeItems: 2 },
  full: { threshold: Infinity },
} as const satisfies Record<string, Partial<PrintOptions>>;

/** A test of each option, and what it is expected to be. */
const rules: Record<keyof PrintOptions, readonly [fits: (value: unknown) => boolean, expected: string]> = {
  // No float64 has more decimals.
  precision: [(x) => isCount(x) && x <= 1074, "a whole number up to 1074"],
  threshold: [(x) => typeof x === "number" && x >= 0, "a number that is not negative"],
  edgeItems: [(x) => isCount(x), "a whole number that is not negative"],
  lineWidth: [(x) => x === Infinity || (isCount(x) && x > 0), "a positive whole number"],
  sciMode: [(x) => x === null || typeof x === "boolean", "true, false or null"],
};
const isCount = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0;

let current: PrintOptions = standard;

/**
 * Changes how tensors print. Options that are not named stay as they are (in torch `sci_mode` is the exception); a profile
 * (`"default"`, `"short"` or `"full"`) sets all of them before the others are applied.
 *
 * @throws {ArgumentError} if an option is unknown or its value does not fit; then nothing has changed.
 * @see torch.set_printoptions
 * @example
 * setPrintOptions({ precision: 2 });
 * String(tensor([1 / 3, 2 / 3])); // 'tensor([0.33, 0.67])'
 * setPrintOptions({ profile: "default" });
 * String(tensor([1 / 3, 2 / 3])); // 'tensor([0.3333, 0.6667])'
 */
export function setPrintOptions({ profile, ...changes }: Partial<PrintOptions> & { readonly profile?: keyof typeof profiles }): void {
  if (profile !== undefined && !Object.hasOwn(profiles, profile)) {
    throw new ArgumentError(`setPrintOptions: expected the profile ${Object.keys(profiles).join(", ")}, got ${profile}`);
  }
  for (const [name, value] of Object.entries(changes)) {
    if (!Object.hasOwn(rules, name)) throw new ArgumentError(`setPrintOptions: expected ${Object.keys(rules).join(", ")} or profile, got ${name}`);
    const [fits, expected] = rules[name as keyof PrintOptions];
    if (!fits(value)) throw new ArgumentError(`setPrintOptions: expected ${name} to be ${expected}, got ${String(value)}`);
  }
  current = { ...(profile === undefined ? current : { ...standard, ...profiles[profile] }), ...changes };
}

/** How tensors print now. */
export const getPrintOptions = (): PrintOptions => ({ ...current });

/** What is printed of a tensor beside its elements. */
export interface TensorDescription {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly device: string;
  readonly requiresGrad: boolean;
  /** Name of the op that made it; null on leaves. */
  readonly gradFn: string | null;
}

/**
 * A tensor as PyTorch prints it, under the options that `setPrintOptions` has set.
 *
 * @param values - All elements in row-major order, as `read()` gives them.
 * @example
 * const x = tensor([[1, 2], [3, 4]]);
 * formatTensor(x, await x.read()); // 'tensor([[1., 2.],\n        [3., 4.]])'
 */
export function formatTensor(t: Tensor, values: TypedArray): string {
  const { shape, dtype, device, requiresGrad, gradFn } = t;
  const text = formatDescribed({ shape, dtype, device: device.name, requiresGrad, gradFn: gradFn?.name ?? null }, values);
  return isParameter(t) ? `Parameter containing:\n${text}` : text;
}

/** A tensor whose elements cannot be printed: they were disposed, or the device can only be read by waiting for it. */
export function describeTensor(t: Tensor): string {
  const reason = t.elements.isDisposed ? "disposed" : "values: await t.toArray()";
  return `Tensor(shape=${showShape(t.shape)}, dtype=${t.dtype}, device=${t.device.name}; ${reason})`;
}

const opening = "tensor(";

/** `formatTensor` of plain data. */
export function formatDescribed(tensor: TensorDescription, values: TypedArray, options: PrintOptions = current): string {
  if (values.length !== numelOf(tensor.shape)) throw new Error(`internal: formatTensor: ${values.length} values of a tensor of shape ${showShape(tensor.shape)}`);
  const text = opening + (values.length === 0 ? "[]" : formatElements(tensor, values, options));
  return appendSuffixes(text, suffixesOf(tensor, options), options.lineWidth);
}

// Elements

function formatElements({ shape, dtype }: TensorDescription, values: TypedArray, options: PrintOptions): string {
  const rank = shape.length;
  const edgeItems = values.length > options.threshold ? options.edgeItems : Infinity;
  const shown = shape.map((size) => shownIndices(size, edgeItems));

  let offsets = [0];
  shape.forEach((size, dim) => {
    offsets = offsets.flatMap((row) => shown[dim]!.filter((i) => i !== null).map((i) => row * size + i));
  });
  const { width, write } = columnOf(dtype, offsets.map((offset) => values[offset]!), options);

  // Between columns stand a comma and a space. The brackets around a row are not counted, as in PyTorch.
  const rowIndent = opening.length + rank - 1;
  const columns = Math.max(1, Math.floor((options.lineWidth - rowIndent) / (width + 2)));

  const formatFrom = (dim: number, offset: number): string => {
    if (dim === rank) return write(values[offset]!);
    const isRow = dim === rank - 1;
    const dots = isRow && edgeItems > 0 ? " ..." : "...";
    const items = shown[dim]!.map((i) => (i === null ? dots : formatFrom(dim + 1, offset * shape[dim]! + i)));
    const lines = isRow ? chunks(items, columns).map((line) => line.join(", ")) : items;
    // Rows begin a line. Between matrices is one empty line, between stacks of matrices are two, and so on.
    const lineBreak = "\n".repeat(Math.max(1, rank - dim - 1)) + " ".repeat(opening.length + dim + 1);
    return `[${lines.join(`,${lineBreak}`)}]`;
  };
  return formatFrom(0, 0);
}

/** The indices of a dimension that are shown; null stands for those that are left out between them. */
function shownIndices(size: number, edgeItems: number): (number | null)[] {
  const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
  return size <= 2 * edgeItems ? range(0, size) : [...range(0, edgeItems), null, ...range(size - edgeItems, size)];
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const result: T[][] = [];
  for (let i = 0; i < items.length; i += size) result.push(items.slice(i, i + size));
  return result;
}

type Value = number | bigint;

interface Notation {
  readonly write: (value: Value) => string;
  /** The values whose text decides how wide a column is. */
  readonly measured: readonly Value[];
}

/** How the elements of each kind are written, given those that are shown. */
const notations: Record<(typeof dtypeInfo)[DType]["kind"], (shown: readonly Value[], options: PrintOptions) => Notation> = {
  bool: (shown) => ({ write: (value) => (value === 0 ? "False" : "True"), measured: shown }),
  int: (shown) => ({ write: String, measured: shown }),
  float: floatNotation,
};

function columnOf(dtype: DType, shown: readonly Value[], options: PrintOptions): { width: number; write: (value: Value) => string } {
  const { write, measured } = notations[dtypeInfo[dtype].kind](shown, options);
  const width = measured.reduce<number>((widest, value) => Math.max(widest, write(value).length), 1);
  return { width, write: (value) => write(value).padStart(width) };
}

/** Zeros, infinities and NaN fit into any notation, so the other numbers choose it: whole, fixed-point or scientific. */
function floatNotation(shown: readonly Value[], { precision, sciMode }: PrintOptions): Notation {
  const measured = shown.map(Number).filter((value) => Number.isFinite(value) && value !== 0);
  let smallest = Infinity;
  let largest = 0;
  for (const value of measured) {
    smallest = Math.min(smallest, Math.abs(value));
    largest = Math.max(largest, Math.abs(value));
  }
  const isScientific = measured.length > 0 && (sciMode ?? (largest / smallest > 1000 || largest > 1e8 || smallest < 1e-4));
  const finite = isScientific
    ? (value: number): string => scientific(value, precision)
    : measured.every(Number.isInteger)
      ? (value: number): string => `${fixedPoint(value, 0)}.`
      : (value: number): string => fixedPoint(value, precision);
  return {
    measured,
    write(value) {
      const number = Number(value);
      if (Number.isFinite(number)) return finite(number);
      return Number.isNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";
    },
  };
}

// What follows the elements

/** Element types that the elements themselves tell, so that they are not named. An empty tensor has none to tell. */
const implied: readonly DType[] = ["float32", "int64", "bool"];
const impliedWhenEmpty: readonly DType[] = ["float32"];

function suffixesOf({ shape, dtype, device, requiresGrad, gradFn }: TensorDescription, { edgeItems }: PrintOptions): string[] {
  const isEmpty = numelOf(shape) === 0;
  const hidesShape = isEmpty ? shape.length !== 1 : edgeItems === 0;
  const suffixes: string[] = [];
  if (device !== "cpu") suffixes.push(`device='${device}'`);
  if (hidesShape) suffixes.push(`size=${showTuple(shape)}`);
  if (!(isEmpty ? impliedWhenEmpty : implied).includes(dtype)) suffixes.push(`dtype=torch.${dtype}`);
  if (gradFn !== null) suffixes.push(`grad_fn=<${gradFn.charAt(0).toUpperCase()}${gradFn.slice(1)}Backward0>`);
  else if (requiresGrad) suffixes.push("requires_grad=True");
  return suffixes;
}

/** Python's notation: a tuple of one has a comma. */
const showTuple = (shape: Shape): string => (shape.length === 1 ? `(${String(shape[0])},)` : `(${shape.join(", ")})`);

/** Adds suffixes and the closing parenthesis. What does not fit on the line begins another one. */
function appendSuffixes(text: string, suffixes: readonly string[], lineWidth: number): string {
  let result = text;
  // PyTorch counts two columns more than there are, for the comma and the parenthesis to come.
  let column = text.length - text.lastIndexOf("\n") + 1;
  for (const suffix of suffixes) {
    const fits = column + suffix.length + 2 <= lineWidth;
    result += (fits ? ", " : `,\n${" ".repeat(opening.length)}`) + suffix;
    column = (fits ? column + 2 : opening.length) + suffix.length;
  }
  return `${result})`;
}
