/** @throws {RangeError} unless value ≥ 0. */
export function atLeastZero(optimizer: string, name: string, value: number): void {
  if (!(value >= 0)) throw new RangeError(`${optimizer}: expected ${name} of at least 0, got ${value}`);
}

/** @throws {RangeError} unless 0 ≤ value < 1. */
export function belowOne(optimizer: string, name: string, value: number): void {
  if (!(value >= 0 && value < 1)) throw new RangeError(`${optimizer}: expected ${name} from 0 to below 1, got ${value}`);
}
