/** The share of time that collecting may take before a watermark rises. */
const timeShare = 0.03;

/**
 * A watermark that has not risen falls by this once. A loop takes up to a step more of some size between two collections than between two
 * others; what it freed at the first one is enough for all of them when they come a little earlier.
 */
const early = 7 / 8;

/**
 * How much may be in use before garbage is collected. It starts low, because memory that was used before is cheaper than memory that was not: it may
 * stand in a cache, and the system need not make pages for it. It rises while collecting takes much of the time, and stays where it does not.
 */
export class Watermark {
  #value: number;
  /** What the time spent on collecting asks for, whatever is in use. */
  #mark: number;
  #settled = false;

  /** @param limit - All there is. Time spent on collecting raises the watermark to half of that, what is in use beyond. */
  constructor(start: number, readonly limit = Infinity) {
    this.#mark = Math.min(start, limit / 2);
    this.#value = this.#mark;
  }

  get value(): number {
    return this.#value;
  }

  /** After a collection at this watermark, which took `share` of the time since the one before and left `inUse`. */
  adapt(share: number, inUse: number): void {
    const costly = share > timeShare;
    if (costly) this.#mark = Math.min(1.5 * this.#value, this.limit / 2);
    else if (!this.#settled) this.#mark *= early;
    this.#settled = !costly;
    this.#value = Math.max(this.#mark, Math.min(2 * inUse, (inUse + this.limit) / 2));
  }
}
