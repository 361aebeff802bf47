/** Floating-point element types. */
export type FloatDType = "float64" | "float32" | "float16" | "bfloat16";
/** Integer element types. */
export type IntDType = "int64" | "int32" | "int16" | "int8" | "uint8";
/** Element types of a buffer. Their host width is PyTorch's on every device. */
export type DType = FloatDType | IntDType | "bool";

/**
 * The types that expressions compute in. A load widens its element to one of these and a store narrows it again, so
 * that generators implement five arithmetics and not ten.
 */
export type ComputeDType = "float64" | "float32" | "int64" | "int32" | "bool";

interface DTypeInfo {
  /** Bytes of one element on the host. */
  readonly byteLength: number;
  /** The type that an element becomes when an expression loads it. */
  readonly compute: ComputeDType;
  readonly kind: "float" | "int" | "bool";
}

/** Width, arithmetic and kind of every element type. */
export const dtypeInfo = {
  float64: { byteLength: 8, compute: "float64", kind: "float" },
  float32: { byteLength: 4, compute: "float32", kind: "float" },
  float16: { byteLength: 2, compute: "float32", kind: "float" },
  bfloat16: { byteLength: 2, compute: "float32", kind: "float" },
  int64: { byteLength: 8, compute: "int64", kind: "int" },
  int32: { byteLength: 4, compute: "int32", kind: "int" },
  int16: { byteLength: 2, compute: "int32", kind: "int" },
  int8: { byteLength: 1, compute: "int32", kind: "int" },
  uint8: { byteLength: 1, compute: "int32", kind: "int" },
  bool: { byteLength: 1, compute: "bool", kind: "bool" },
} as const satisfies Record<DType, DTypeInfo>;

/** Every element type, widest floats first. */
export const dtypes = /* @__PURE__ */ Object.keys(dtypeInfo) as readonly DType[];
