import type { Bits, Real, Truth } from "./notation.js";
import { infinityBits, signBit } from "./notation.js";

/** |x| = quadrant·½π + r (modulo 2π) with |r| ≤ ¼π (and a little). */
interface Reduced {
  readonly quadrant: Bits;
  readonly r: Real;
}

/**
 * Cody and Waite's reduction, for |x| < 8192: r = |x| − k·½π with k = |x|/½π rounded. ½π comes in four parts of which the first
 * three have 11 significant bits and k has 13, so their products are exact, whether or not a device fuses them with the
 * subtraction. The first two differences are exact too; what the third loses is found again and goes into the last, so
 * that r is rounded once.
 */
function reduceModerate(magnitude: Real): Reduced {
  const k = magnitude.times(2 / Math.PI).round();
  const coarse = magnitude.minus(k.times(1.5703125)).minus(k.times(4.837512969970703e-4));
  const third = k.times(7.549533620476723e-8);
  const fine = coarse.minus(third);
  const lost = coarse.minus(fine).minus(third);
  return { quadrant: k.plus(integerInLowBits).bits, r: fine.plus(lost.minus(k.times(2.56334415e-12))) };
}

/** Added to an integer |k| < 2²², it leaves k in the low bits of the sum. */
const integerInLowBits = 1.5 * 2 ** 23;

/**
 * Payne and Hanek's reduction, for 8192 ≤ |x| < 2¹²⁸, in integers. With |x| = M·2ˢ⁻¹⁰ and M < 2²⁴, the quadrants are
 * M·2ˢ⁻¹⁰·(2/π) modulo 4: those binary digits of 2/π that make multiples of 4 are skipped, the next 96 are multiplied by M, and
 * the 64 digits in front of the product are kept. 2 of them count quadrants; the other 62 suffice, since no float32 comes
 * closer to a multiple of ½π than 2⁻³⁰ of it.
 */
function reduceHuge(magnitude: Real): Reduced {
  const bits = magnitude.bits;
  const shift = bits.shiftRightUnsigned(23).minus(140);
  const mantissa = bits.and(0x007fffff).or(0x00800000);

  // Four words from digit `shift` on: first whole words are skipped, then bits.
  const [skipTwo, skipOne] = [shift.and(64).differs(0), shift.and(32).differs(0)];
  const pick = (word: number): Bits => {
    const at = (place: number): Bits | number => skipTwo.chooseBits(digits[place + 2] ?? 0, digits[place] ?? 0);
    return skipOne.chooseBits(at(word + 1), at(word));
  };
  const back = shift.xor(31);
  const window = (word: number): Bits => pick(word).shiftLeft(shift).or(pick(word + 1).shiftRightUnsigned(1).shiftRightUnsigned(back));
  const [first, second, third] = [window(0), window(1), window(2)];

  // M·(first, second, third), of which the third only lends its upper half: its last digits count 2⁻⁵⁴ quadrants.
  const [low, high] = [mantissa.and(0xffff), mantissa.shiftRightUnsigned(16)];
  const [secondLow, secondHigh] = [second.and(0xffff), second.shiftRightUnsigned(16)];
  const cross = high.times(secondLow).plus(low.times(secondLow).shiftRightUnsigned(16));
  const middle = low.times(secondHigh).plus(cross.and(0xffff));
  const carried = high.times(secondHigh).plus(cross.shiftRightUnsigned(16)).plus(middle.shiftRightUnsigned(16));
  const thirdCarried = mantissa.shiftRightUnsigned(8).times(third.shiftRightUnsigned(16)).shiftRightUnsigned(9);
  // One bit is given up so that the carry of this sum is its sign bit.
  const fine = mantissa.times(second).shiftRightUnsigned(1).plus(thirdCarried);
  const coarse = mantissa.times(first).plus(carried).plus(fine.shiftRightUnsigned(31));

  // The upper two bits of `coarse` are whole quadrants; the others, as a signed number, −½ to ½ of the next. In radians it is
  // summed from a leading part of 12 bits, whose product with as many bits of ½π is exact, and a trailing one. The leading
  // part is rounded to the nearest, so that it is 0 where the whole is small.
  const rounded = coarse.plus(2 ** 17);
  const quadrant = rounded.plus(2 ** 29).shiftRightUnsigned(30);
  const upper = rounded.shiftLeft(2).and(-(2 ** 20));
  const lower = coarse.shiftLeft(2).minus(upper);
  const leading = upper.toReal().times(2 ** -32);
  const trailing = lower.toReal().times(2 ** -32).plus(fine.and(0x7fffffff).toReal().times(2 ** -61));
  return { quadrant, r: leading.times(halfPi.high).plus(leading.times(halfPi.low).plus(trailing.times(Math.PI / 2))) };
}

/** ½π in two parts, of which the upper one has 12 bits. */
const halfPi = { high: 1.57080078125, low: -4.454455103e-6 } as const;
/** The first 212 binary digits of 2/π after 12 zeros. */
const digits = [0x000a2f98, 0x36e4e441, 0x529fc275, 0x7d1f534d, 0xdc0db629 | 0, 0x5993c439, 0x041fe516] as const;

function reduce(magnitude: Real): Reduced {
  const moderate = reduceModerate(magnitude);
  const huge = reduceHuge(magnitude);
  const isHuge: Truth = magnitude.bits.greater(0x45ffffff);
  return { quadrant: isHuge.chooseBits(huge.quadrant, moderate.quadrant), r: isHuge.choose(huge.r, moderate.r) };
}

/**
 * sin(|x| + quarterTurns·½π). In the even quadrants it is ± the sine of r, in the odd ones ± the cosine:
 *
 *   sin r = r + r³·S(r²),  cos r = 1 − r²/2 + r⁴·C(r²)
 *
 * with polynomials of degree 2 that make relative errors of 4.0e-9 and 1.9e-10 on |r| ≤ ¼π. Fitted by
 * scripts/fit-polynomials.py (sin, cos).
 */
function sinOfTurned(magnitude: Real, quarterTurns: number, sign: Bits | number): Real {
  const { quadrant, r } = reduce(magnitude);
  const square = r.squared();
  const sine = r.times(square).times(square.polynomial([-0.166666552, 0.00833218917, -0.000195182845])).plus(r);
  const cosine = square.squared().times(square.polynomial([0.041666653, -0.00138876121, 2.44622024e-5])).minus(square.times(0.5)).plus(1);
  const turns = quadrant.plus(quarterTurns);
  const value = turns.and(1).equals(0).choose(sine, cosine);
  const turned = value.bits.xor(turns.shiftLeft(30).and(signBit).xor(sign)).real;
  // The sine and cosine of Infinity and NaN are NaN.
  return magnitude.bits.less(infinityBits).choose(turned, NaN);
}

export const sin = (x: Real): Real => sinOfTurned(x.abs(), 0, x.bits.and(signBit));
export const cos = (x: Real): Real => sinOfTurned(x.abs(), 1, 0);
