import type { Expr } from "@gradus/kernel-ir";
import type { Block } from "./block.js";
import type { ValueOf } from "./variants.js";

/** An axis of a space, as one digit of a number that counts the space's points. */
export interface Digit {
  /** The axis that is bound; generators number copies of an axis beyond those of the program. */
  readonly axis: number;
  readonly extent: Expr;
  /** Neighbouring points that are done together. */
  readonly step?: number;
}

/** How many values a digit takes: a u32. */
function countText(block: Block, { extent, step = 1 }: Digit): string {
  if (extent.op === "const") return `${String(Math.max(0, Math.ceil(Number(extent.value) / step)))}u`;
  const whole = `u32(${block.value(extent)})`;
  return step === 1 ? whole : block.name(`(${whole} + ${String(step - 1)}u) / ${String(step)}u`);
}

/** A product of counts: a u32. WGSL refuses a product of literals beyond 32 bits altogether, where a loop would never end anyway. */
function productText(counts: readonly string[]): string {
  const literals = counts.filter((count) => /^\d+u$/.test(count));
  const known = literals.reduce((product, literal) => Math.min(product * parseInt(literal, 10), 2 ** 32 - 1), 1);
  const rest = counts.filter((count) => !literals.includes(count));
  return [...(known !== 1 || rest.length === 0 ? [`${String(known)}u`] : []), ...rest].join(" * ");
}

/** How many points a space has in a dispatch. */
export const countDigits = (digits: readonly Digit[], valueOf: ValueOf): number => digits.reduce((count, { extent, step = 1 }) => count * Math.ceil(valueOf(extent) / step), 1);

/** How many points a space has: a u32. */
export const pointCount = (block: Block, digits: readonly Digit[]): string => productText(digits.map((digit) => countText(block, digit)));

/**
 * Binds axes to the digits of `number`, a u32 in the mixed radix of their counts; the last axis is the lowest digit. Beyond the last point
 * the first axis runs out of its extent.
 *
 * @param name - What an axis is called.
 */
export function bindDigits(block: Block, number: string, digits: readonly Digit[], name = (axis: number): string => `i${String(axis)}`): void {
  let rest = number;
  for (const [i, digit] of [...digits.entries()].reverse()) {
    const { axis, step = 1 } = digit;
    // WGSL refuses a literal zero as a divisor. Nothing is done in such a space.
    const count = i === 0 ? "" : countText(block, digit).replace(/^0u$/, "1u");
    const value = `i32(${i === 0 ? rest : `${rest} % ${count}`})`;
    block.line(`let ${name(axis)} = ${value}${step === 1 ? "" : ` * ${String(step)}`};`);
    block.bindIndex(axis, name(axis));
    if (i === 0) return;
    const next = `rest_${name(axis)}`;
    block.line(`let ${next} = ${rest} / ${count};`);
    rest = next;
  }
}
