interface Failure {
  readonly error: Error;
  /** Reads that were called from this moment on may have seen wrong values. */
  readonly from: number;
  /** Those up to this one are told. */
  until: number;
}

/**
 * What went wrong on the device. The device says so long after the call, so every failure is kept with the moment from
 * which it may have spoilt values, and told to the reads that were called since. Once one of them has told it, reads that
 * are called later are not concerned any more.
 */
export class FailureLog {
  #clock = 0;
  #failures: Failure[] = [];

  /** The moment of the next call. */
  tick(): number {
    return ++this.#clock;
  }

  record(error: Error, from: number): void {
    this.#failures.push({ error, from, until: Infinity });
  }

  /** @throws the earliest failure that concerns a read called at `moment`. */
  check(moment: number): void {
    const mine = this.#failures.filter((failure) => failure.from <= moment && moment <= failure.until);
    const [first, ...others] = mine;
    if (first === undefined) return;
    // What follows from a failure, such as a batch that uses memory that was never there, has been told with it.
    for (const failure of mine) failure.until = Math.min(failure.until, this.#clock);
    throw others.reduce((earliest, failure) => (failure.from < earliest.from ? failure : earliest), first).error;
  }

  /** Forgets what no read that is under way, or called later, has to know. */
  forgetTold(): void {
    this.#failures = this.#failures.filter((failure) => failure.until === Infinity);
  }
}
