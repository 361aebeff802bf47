import type { Expr, ExprBuilder } from "../expr.js";

/** What formulas are written in. */
export interface Dialect {
  readonly builder: ExprBuilder;
  /**
   * Whether a device computes (x + c) − c as it is written. Then it rounds to an integer, which is cheaper than an operation of its own. A compiler that
   * treats floats as real numbers would make x of it.
   */
  readonly keepsSums: boolean;
}

/**
 * Expressions with methods, so that the formulas of this folder read as formulas. Numbers stand for literals:
 * `x.times(2).plus(1).round()`.
 */
export class Real {
  constructor(readonly dialect: Dialect, readonly expr: Expr) {}

  private get builder(): ExprBuilder { return this.dialect.builder; }

  plus(other: Real | number): Real { return this.#with(this.builder.add(this.expr, this.#lift(other))); }
  minus(other: Real | number): Real { return this.#with(this.builder.sub(this.expr, this.#lift(other))); }
  times(other: Real | number): Real { return this.#with(this.builder.mul(this.expr, this.#lift(other))); }
  over(other: Real | number): Real { return this.#with(this.builder.div(this.expr, this.#lift(other))); }
  /** The nearest integer, ties to even. */
  round(): Real { return this.#with(this.builder.round(this.expr)); }
  /**
   * The nearest integer n, ties to even, and n + `bias`, where all sums lie between 2²³ and 2²⁴ and float32 are spaced by 1. The sign of
   * a zero n is open.
   */
  roundWith(bias: number): { readonly n: Real; readonly biased: Real } {
    if (this.dialect.keepsSums) {
      // An odd number would turn ties around.
      const even = bias - (bias % 2);
      const rounded = this.plus(even);
      return { n: rounded.minus(even), biased: even === bias ? rounded : rounded.plus(1) };
    }
    const n = this.round();
    return { n, biased: n.plus(bias) };
  }
  trunc(): Real { return this.#with(this.builder.trunc(this.expr)); }
  squared(): Real { return this.times(this); }
  /** A literal, for formulas that begin with one: `x.literal(1).minus(x)`. */
  literal(value: number): Real { return this.#with(this.#lift(value)); }
  /** c₀ + c₁x + c₂x² + … by Horner's rule. */
  polynomial(coefficients: readonly [number, ...number[]]): Real {
    const highest = this.#with(this.#lift(coefficients[coefficients.length - 1] ?? 0));
    return coefficients.slice(0, -1).reduceRight<Real>((sum, c) => sum.times(this).plus(c), highest);
  }

  /** Comparisons with NaN do not hold. */
  less(other: Real | number): Truth { return new Truth(this.dialect, this.builder.lt(this.expr, this.#lift(other))); }
  greater(other: Real | number): Truth { return new Truth(this.dialect, this.builder.gt(this.expr, this.#lift(other))); }
  equals(other: Real | number): Truth { return new Truth(this.dialect, this.builder.eq(this.expr, this.#lift(other))); }

  /** The same 32 bits as an integer. */
  get bits(): Bits { return new Bits(this.dialect, this.builder.bitcast(this.expr, "int32")); }
  /** |x|, by clearing the sign bit. */
  abs(): Real { return this.bits.and(0x7fffffff).real; }
  /** |this| with the sign of `other`, for a `this` that is not negative. */
  withSignOf(other: Real): Real { return this.bits.or(other.bits.and(signBit)).real; }
  /** Whether this is NaN, decided by its bits: a device may assume that its floats are none. */
  isNaN(): Truth { return this.bits.and(0x7fffffff).greater(infinityBits); }

  #with(expr: Expr): Real { return new Real(this.dialect, expr); }
  #lift(value: Real | number): Expr { return typeof value === "number" ? this.builder.const(value, "float32") : value.expr; }
}

/** An int32. */
export class Bits {
  constructor(readonly dialect: Dialect, readonly expr: Expr) {}

  private get builder(): ExprBuilder { return this.dialect.builder; }

  plus(other: Bits | number): Bits { return this.#with(this.builder.add(this.expr, this.#lift(other))); }
  minus(other: Bits | number): Bits { return this.#with(this.builder.sub(this.expr, this.#lift(other))); }
  /** The low 32 bits of the product. */
  times(other: Bits | number): Bits { return this.#with(this.builder.mul(this.expr, this.#lift(other))); }
  and(other: Bits | number): Bits { return this.#with(this.builder.and(this.expr, this.#lift(other))); }
  or(other: Bits | number): Bits { return this.#with(this.builder.or(this.expr, this.#lift(other))); }
  xor(other: Bits | number): Bits { return this.#with(this.builder.xor(this.expr, this.#lift(other))); }
  shiftLeft(count: Bits | number): Bits { return this.#with(this.builder.shl(this.expr, this.#lift(count))); }
  /** Keeps the sign. */
  shiftRight(count: Bits | number): Bits { return this.#with(this.builder.shr(this.expr, this.#lift(count))); }
  /** Fills with zeros. */
  shiftRightUnsigned(count: Bits | number): Bits { return this.#with(this.builder.ushr(this.expr, this.#lift(count))); }

  less(other: Bits | number): Truth { return new Truth(this.dialect, this.builder.lt(this.expr, this.#lift(other))); }
  greater(other: Bits | number): Truth { return new Truth(this.dialect, this.builder.gt(this.expr, this.#lift(other))); }
  equals(other: Bits | number): Truth { return new Truth(this.dialect, this.builder.eq(this.expr, this.#lift(other))); }
  differs(other: Bits | number): Truth { return new Truth(this.dialect, this.builder.ne(this.expr, this.#lift(other))); }

  /** The float32 that has these bits. */
  get real(): Real { return new Real(this.dialect, this.builder.bitcast(this.expr, "float32")); }
  /** The float32 nearest to this integer. */
  toReal(): Real { return new Real(this.dialect, this.builder.cast(this.expr, "float32")); }

  #with(expr: Expr): Bits { return new Bits(this.dialect, expr); }
  #lift(value: Bits | number): Expr { return typeof value === "number" ? this.builder.int(value) : value.expr; }
}

/** A bool. */
export class Truth {
  constructor(readonly dialect: Dialect, readonly expr: Expr) {}

  private get builder(): ExprBuilder { return this.dialect.builder; }

  and(other: Truth): Truth { return new Truth(this.dialect, this.builder.and(this.expr, other.expr)); }
  or(other: Truth): Truth { return new Truth(this.dialect, this.builder.or(this.expr, other.expr)); }
  equals(other: Truth): Truth { return new Truth(this.dialect, this.builder.eq(this.expr, other.expr)); }
  not(): Truth { return new Truth(this.dialect, this.builder.not(this.expr)); }

  /** `yes` where this holds, `no` where it does not. Both are computed. */
  choose(yes: Real | number, no: Real | number): Real {
    const lift = (value: Real | number): Expr => (typeof value === "number" ? this.builder.const(value, "float32") : value.expr);
    return new Real(this.dialect, this.builder.select(this.expr, lift(yes), lift(no)));
  }
  /** The same for integers. */
  chooseBits(yes: Bits | number, no: Bits | number): Bits {
    const lift = (value: Bits | number): Expr => (typeof value === "number" ? this.builder.int(value) : value.expr);
    return new Bits(this.dialect, this.builder.select(this.expr, lift(yes), lift(no)));
  }
}

/** −0's bits. */
export const signBit = -0x80000000;
/** Infinity's bits; those of NaN, without the sign, are larger. */
export const infinityBits = 0x7f800000;
