import type { ComputeDType, DType, Expr, Guard, Param, ScalarArguments } from "@gradus/kernel-ir";
import { dtypeInfo, dtypes, ExprBuilder } from "@gradus/kernel-ir";
import { Dice } from "../dice.js";

export interface RandomProgramOptions {
  /** Element types of the parameters; all of them unless told. A device passes those of its `limits`. */
  readonly dtypes?: readonly DType[];
  /** The most parameters that a program may have. */
  readonly buffers?: number;
  /**
   * `ieee`: any op on any value, NaN, infinities and subnormals among them. Two devices agree bit for bit (but for the bits of
   * NaN) where neither fuses multiply-add nor flushes subnormals.
   *
   * `exact`: floats hold small integers and meet only ops whose results are small integers too, and integers stay within 32 bits,
   * so that every right device agrees bit for bit, however it computes.
   */
  readonly arithmetic?: "ieee" | "exact";
}

/** An axis of the program's index space and how many positions it has. */
export interface Axis {
  readonly axis: number;
  readonly size: number;
}

/** An expression whose values are at most `bound` in magnitude; in `ieee` arithmetic bounds are not kept and are Infinity. */
export interface Term {
  readonly expr: Expr;
  readonly bound: number;
}

/** Where expressions stand decides what they may refer to: axes, and results, sides of a combination or the element. */
export interface Scope {
  readonly axes: readonly Axis[];
  readonly leaves: readonly Term[];
}

/** In exact arithmetic, the largest literal or element, and what `#tame` leaves. Sums of 8704 or products of 4 tame values stay below 2²⁴. */
export const smallBound = 8;
export const tameBound = 50;

export const isFloat = (dtype: ComputeDType): boolean => dtype === "float32" || dtype === "float64";
export const isInt = (dtype: ComputeDType): boolean => dtype === "int32" || dtype === "int64";

/** A program while it is being thrown: its parameters with their contents, its scalars, and the dice. */
export class Draft {
  readonly dice: Dice;
  readonly builder = new ExprBuilder();
  readonly exact: boolean;
  readonly dtypes: readonly DType[];
  readonly name: string;
  readonly params: Param[] = [];
  readonly contents: { readonly dtype: DType; readonly values: (number | bigint)[] }[] = [];
  readonly #scalarTypes: ComputeDType[] = [];
  readonly #scalars: (number | bigint)[] = [];
  readonly #limit: number;

  constructor(seed: number, options: RandomProgramOptions) {
    this.dice = new Dice(seed);
    this.exact = options.arithmetic === "exact";
    this.dtypes = options.dtypes ?? dtypes;
    this.name = `random${String(seed)}`;
    this.#limit = options.buffers ?? 8;
  }

  get scalars(): ScalarArguments {
    return this.#scalars;
  }

  /** What programs of every kind have. Everything else of the program has to be drawn before. */
  frame(guards: readonly Guard[]): { name: string; params: readonly Param[]; scalars: readonly ComputeDType[]; guards: readonly Guard[] } {
    return { name: this.name, params: this.params, scalars: this.#scalarTypes, guards };
  }

  /** An int32 as a literal or as a scalar argument: programs may have either in each place. */
  number(value: number, literal = 0.5): Expr {
    return this.dice.chance(literal) ? this.builder.int(value) : this.scalar("int32", value);
  }

  extents(axes: readonly Axis[]): Expr[] {
    return axes.map(({ size }) => this.number(size));
  }

  scalar(dtype: ComputeDType, value: number | bigint): Expr {
    this.#scalarTypes.push(dtype);
    this.#scalars.push(value);
    return this.builder.scalar(this.#scalars.length - 1, dtype);
  }

  /** Parameters that may still be added. */
  room(): number {
    return this.#limit - this.params.length;
  }

  param(dtype: DType, access: Param["access"], length: number, values = Array.from({ length }, () => this.element(dtype))): number {
    this.params.push({ dtype, access });
    this.contents.push({ dtype, values });
    return this.params.length - 1;
  }

  /** Types that expressions may have: those of the elements, and the types of positions and conditions. */
  computeTypes(): readonly ComputeDType[] {
    return [...new Set<ComputeDType>(this.dtypes.map((dtype) => dtypeInfo[dtype].compute))];
  }

  /** A value of an element type. */
  element(dtype: DType): number | bigint {
    const dice = this.dice;
    const { kind, compute } = dtypeInfo[dtype];
    if (kind === "bool") return dice.int(0, 1);
    if (kind === "int") {
      if (!this.exact && dice.chance(0.1)) {
        const extremes = dice.pick([[-1, 1], [0x7fffffff, -0x80000000], [128, 255], [0x10000, -0x8001]] as const);
        const value = dice.pick(extremes);
        return compute === "int64" ? BigInt.asIntN(64, BigInt(value) * (dice.chance(0.5) ? 0x1_0000_0001n : 1n)) : value;
      }
      const value = dice.int(dtype === "uint8" ? 0 : -smallBound, smallBound);
      return compute === "int64" ? BigInt(value) : value;
    }
    if (this.exact) return dice.int(-smallBound, smallBound);
    if (dice.chance(0.12)) return dice.pick([NaN, Infinity, -Infinity, -0, 0, 1e-45, -1.2e-38, 3.4e38, 6e-8, 65519, 0.5, 1]);
    if (dice.chance(0.1)) return (dice.next() - 0.5) * 2 ** dice.int(-130, 120);
    return (dice.next() - 0.5) * 16;
  }

  constant(dtype: ComputeDType): Term {
    const dice = this.dice;
    const value = this.element(dtype);
    const bound = dtype === "bool" ? 1 : this.exact ? smallBound : Infinity;
    return { expr: dice.chance(0.5) ? this.builder.const(value, dtype) : this.scalar(dtype, value), bound };
  }
}
