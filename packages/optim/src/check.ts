/** What an option may be, and in words. */
interface Range {
  readonly holds: (value: number) => boolean;
  readonly words: string;
}

const atLeastZero: Range = { holds: (value) => value >= 0, words: "of at least 0" };
const belowOne: Range = { holds: (value) => value >= 0 && value < 1, words: "from 0 to below 1" };
const upToOne: Range = { holds: (value) => value >= 0 && value <= 1, words: "from 0 to 1" };

/** The ranges of options, by the name that all optimizers give them. */
const ranges: Readonly<Record<string, Range>> = {
  lr: atLeastZero,
  eps: atLeastZero,
  weightDecay: atLeastZero,
  momentum: atLeastZero,
  momentumDecay: atLeastZero,
  lrDecay: atLeastZero,
  initialAccumulatorValue: atLeastZero,
  alpha: atLeastZero,
  rho: upToOne,
  betas: belowOne,
};

/**
 * Checks all options that have a range; of pairs, both numbers.
 *
 * @throws {RangeError} for the first that is outside.
 */
export function checkRanges(optimizer: string, options: object): void {
  for (const [name, value] of Object.entries(options)) {
    const range = ranges[name];
    if (range === undefined) continue;
    for (const [i, number] of [value as number | readonly number[]].flat().entries()) {
      const shown = Array.isArray(value) ? `${name}[${String(i)}]` : name;
      if (!range.holds(number)) throw new RangeError(`${optimizer}: expected ${shown} ${range.words}, got ${String(number)}`);
    }
  }
}

/** @throws {RangeError} for an option that the optimizer or scheduler does not have, or one without a name, where JavaScript would silently do without it. */
export function checkNames(optimizer: string, known: object, given: object): void {
  if (typeof given !== "object" || (given as object | null) === null) {
    const value = JSON.stringify(given);
    throw new RangeError(`${optimizer}: expected an object with options (${Object.keys(known).join(", ")}), got ${value}; write it by name, as in { ${Object.keys(known)[0]!}: ${value} }`);
  }
  const unknown = Object.keys(given).find((name) => !(name in known));
  if (unknown === undefined) return;
  const plain = (name: string): string => name.replaceAll("_", "").toLowerCase();
  const meant = Object.keys(known).find((name) => plain(name) === plain(unknown));
  throw new RangeError(`${optimizer}: expected no options but ${Object.keys(known).join(", ")}, got ${unknown}; ${meant === undefined ? "leave it out" : `write ${meant}`}`);
}
