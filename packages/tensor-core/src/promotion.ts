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

/** An operand as promotion sees it: tensors with dimensions outrank zero-dimensional ones, which outrank numbers. */
export interface Promotable {
  readonly dtype: DType;
  readonly rank: "dimensioned" | "zero-dimensional" | "scalar";
}

/** What a JavaScript value counts as: whole numbers and bigints as integers, other numbers as floats. */
export function scalarDType(value: number | bigint | boolean): DType {
  if (typeof value === "boolean") return "bool";
  if (typeof value === "bigint") return "int64";
  return Number.isInteger(value) ? "int64" : "float32";
}

/**
 * The type an op computes in, as `torch.result_type`: within the highest category present, operands of lower rank do
 * not widen the result; an operand of lower rank decides only when its category is higher.
 */
export function resultType(...operands: readonly Promotable[]): DType {
  const best = { dimensioned: null as DType | null, "zero-dimensional": null as DType | null, scalar: null as DType | null };
  for (const { dtype, rank } of operands) {
    const known = best[rank];
    best[rank] = known === null ? dtype : promoteTypes(known, dtype);
  }
  const join = (strong: DType | null, weak: DType | null): DType | null => {
    if (strong === null || weak === null) return strong ?? weak;
    return categoryOf(weak) > categoryOf(strong) ? weak : strong;
  };
  return join(join(best.dimensioned, best["zero-dimensional"]), best.scalar) ?? "float32";
}
