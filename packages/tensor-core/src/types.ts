import type { DType, FloatDType, IntDType } from "@gradus/kernel-ir";
import type { Shape } from "./shape.js";

/** Numbers, booleans and bigints in any depth of arrays. */
export type NestedArray = number | bigint | boolean | readonly NestedArray[];

type Kind<D> = [D] extends [FloatDType] ? "float" : [D] extends [IntDType] ? "int" : [D] extends ["bool"] ? "bool" : never;
type IsUnion<T, U = T> = T extends unknown ? ([U] extends [T] ? false : true) : never;

/** What is known of an element type: nothing for the bare type, its kind for a union, all for a single one. */
type DTypeInfo<D extends DType> = [DType] extends [D]
  ? object
  : [Kind<D>] extends [never]
    ? object
    : IsUnion<D> extends true
      ? { kind?: Kind<D> }
      : { kind?: Kind<D>; dtype?: D };

/** What is known of a shape: nothing when the rank is not, else each size that is a literal. */
type ShapeInfo<S extends Shape> = number extends S["length"]
  ? object
  : { [K in keyof S & (`${number}` | "length") as number extends S[K] ? never : K]?: S[K] };

/**
 * The type-level mark of `Tensor<D, S>`. All of its properties are optional, which makes the types gradual: a bare `Tensor`
 * can be assigned to any `Tensor<D, S>` and back, and only two tensors that are both known, and known to differ, exclude
 * each other. The method makes both parameters bivariant.
 */
export interface TypeBrand<D extends DType, S extends Shape> {
  readonly dtype: DTypeInfo<D>;
  readonly shape: ShapeInfo<S>;
  raw?(dtype: D, shape: S): void;
}
