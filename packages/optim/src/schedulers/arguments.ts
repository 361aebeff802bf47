import { checkNames } from "../check.js";
import type { Scheduled } from "./lr-scheduler.js";

/** One value for all groups, or one for each. */
export type PerGroup<T> = T | readonly T[];

export function perGroup<T>(scheduler: string, { paramGroups }: Scheduled, name: string, value: PerGroup<T>): readonly T[] {
  if (!Array.isArray(value)) return paramGroups.map(() => value as T);
  if (value.length !== paramGroups.length) throw new RangeError(`${scheduler}: expected one ${name} for each of ${paramGroups.length} groups, got ${value.length}`);
  return value as readonly T[];
}

/** The options of a scheduler. @param names - Of all that it has. @throws {RangeError} for another one. */
export function optionsNamed<O extends object>(scheduler: string, names: readonly (keyof O & string)[], given: O | undefined): O {
  const options = given ?? ({} as O);
  checkNames(scheduler, Object.fromEntries(names.map((name) => [name, true])), options);
  return options;
}

/** @throws {RangeError} unless 0 ≤ value ≤ 1. */
export function checkShare(scheduler: string, name: string, value: number): void {
  if (!(value >= 0 && value <= 1)) throw new RangeError(`${scheduler}: expected ${name} from 0 to 1, got ${value}`);
}

export function checkPositiveInteger(scheduler: string, name: string, value: number): void {
  if (!(Number.isInteger(value) && value > 0)) throw new RangeError(`${scheduler}: expected ${name} to be a positive integer, got ${value}`);
}

export function checkChoice(scheduler: string, name: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value)) throw new RangeError(`${scheduler}: expected ${name} ${choices.map((choice) => `"${choice}"`).join(" or ")}, got "${value}"`);
}
