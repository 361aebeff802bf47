/** Numbers as one reads them. */

/** With thin spaces between thousands. */
export const count = (value: number): string => Math.round(value).toLocaleString("en").replaceAll(",", "\u202f");

/** With so many digits after the point, and a minus that is as wide as a plus. */
export const decimals = (value: number, digits = 2): string => value.toFixed(digits).replace("-", "−");

/** With as many digits as one reads; very large and very small ones by their power of ten. */
export function brief(value: number, digits = 2): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  const rounded = Number(value.toPrecision(digits));
  const size = Math.abs(rounded);
  return (rounded !== 0 && (size < 1e-4 || size >= 1e6) ? rounded.toExponential(Math.max(0, digits - 2)) : String(rounded)).replaceAll("-", "−");
}

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** As a shape is written. */
export const list = (numbers: readonly number[]): string => `[${numbers.join(", ")}]`;
