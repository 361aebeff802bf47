import type { DType } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";

const ladder = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64"] as const satisfies readonly DType[];

/** Which category wins before widths are compared. */
const category = { bool: 0, int: 1, float: 2 } as const;
const categoryOf = (dtype: DType): number => category[dtypeInfo[dtype].kind];

/** The smallest type that holds values of both: the later on the ladder, except for the pairs that hold neither. */
export function promoteTypes(a: DType, b: DType): DType {
  if (a === b) return a;
  const [low, high] = ladder.indexOf(a) < ladder.indexOf(b) ? [a, b] : [b, a];
  // Neither of uint8 and int8 holds the other, nor do the two halves.
  if (low === "uint8" && high === "int8") return "int16";
  if (low === "float16" && high === "bfloat16") return "float32";
  return high;
}

/** Whether values of one type can be written to a tensor of another: its category is no lower. @see torch.can_cast */
export const canCast = (from: DType, to: DType): boolean => categoryOf(from) <= categoryOf(to);

/** An operand as promotion sees it: a tensor, or a number. */
export type Promotable = number | bigint | boolean | { readonly dtype: DType; readonly shape: readonly number[] };

/** What a JavaScript value counts as: whole numbers and bigints as integers, other numbers as floats. */
function scalarDType(value: number | bigint | boolean): DType {
  if (typeof value === "boolean") return "bool";
  if (typeof value === "bigint") return "int64";
  return Number.isInteger(value) ? "int64" : "float32";
}

/**
 * The type that an op on these operands computes in. Tensors with dimensions outrank zero-dimensional ones, which outrank
 * numbers: an operand of lower rank decides only when its category (bool, integer, float) is higher.
 *
 * @see torch.result_type
 * @example
 * resultType(tensor([1, 2], { dtype: "int32" }), 2.5); // "float32"
 */
export function resultType(...operands: readonly Promotable[]): DType {
  let dimensioned: DType | null = null;
  let zeroDimensional: DType | null = null;
  let scalar: DType | null = null;
  const widen = (known: DType | null, dtype: DType): DType => (known === null ? dtype : promoteTypes(known, dtype));
  for (const operand of operands) {
    if (typeof operand !== "object") scalar = widen(scalar, scalarDType(operand));
    else if (operand.shape.length === 0) zeroDimensional = widen(zeroDimensional, operand.dtype);
    else dimensioned = widen(dimensioned, operand.dtype);
  }
  const join = (strong: DType | null, weak: DType | null): DType | null => {
    if (strong === null || weak === null) return strong ?? weak;
    return categoryOf(weak) > categoryOf(strong) ? weak : strong;
  };
  return join(join(dimensioned, zeroDimensional), scalar) ?? "float32";
}
