/**
 * Floating-point numbers as decimals, rounded as C and Python round them: the exact value, ties to even. JavaScript's
 * `toFixed` and `toExponential` round ties up (0.03125 is 0.0313 there, and 0.0312 in C), and `toFixed` gives up at 1e21.
 */

const scratch = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(8));

/** The whole number nearest to |value| · 10^decimals. A binary fraction is a ratio of whole numbers, so this is exact. */
function scaled(value: number, decimals: number): bigint {
  scratch.setFloat64(0, Math.abs(value));
  const bits = scratch.getBigUint64(0);
  const exponent = Number(bits >> 52n);
  const fraction = bits & 0xfffffffffffffn;
  // |value| = significand · 2^power
  const significand = exponent === 0 ? fraction : fraction | 0x10000000000000n;
  const power = Math.max(exponent, 1) - 1075;
  const numerator = (significand << BigInt(Math.max(power, 0))) * 10n ** BigInt(Math.max(decimals, 0));
  const denominator = (1n << BigInt(Math.max(-power, 0))) * 10n ** BigInt(Math.max(-decimals, 0));
  const below = numerator / denominator;
  const twiceTheRest = 2n * (numerator - below * denominator);
  const roundsUp = twiceTheRest > denominator || (twiceTheRest === denominator && below % 2n === 1n);
  return roundsUp ? below + 1n : below;
}

const signOf = (value: number): string => (value < 0 || Object.is(value, -0) ? "-" : "");

/** The digits with a point before the last `decimals` of them; no point where there are none. */
function pointed(digits: string, decimals: number): string {
  const padded = digits.padStart(decimals + 1, "0");
  return decimals === 0 ? padded : `${padded.slice(0, -decimals)}.${padded.slice(-decimals)}`;
}

/** A finite number with `decimals` digits behind the point, like C's `%.4f`: `-0.0312`. */
export function fixedPoint(value: number, decimals: number): string {
  return signOf(value) + pointed(String(scaled(value, decimals)), decimals);
}

/** A finite number with one digit before the point and `decimals` behind it, like C's `%.4e`: `-3.1250e-02`. */
export function scientific(value: number, decimals: number): string {
  // From below, because the logarithm is rounded, and because rounding may carry into another digit.
  let exponent = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value))) - 1;
  let digits = String(scaled(value, decimals - exponent));
  while (digits.length > decimals + 1) digits = String(scaled(value, decimals - ++exponent));
  const sign = exponent < 0 ? "-" : "+";
  return `${signOf(value)}${pointed(digits, decimals)}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
}
