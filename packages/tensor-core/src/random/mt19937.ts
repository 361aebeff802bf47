import { ArgumentError } from "../errors.js";

/** Words in the state of the generator. */
const N = 624;
const M = 397;

/** What determines every later draw of a {@link MersenneTwister}. */
export interface MersenneTwisterState {
  /** 624 words of 32 bits. */
  readonly words: Uint32Array;
  /** Where in `words` the next draw reads, 0 to 624. */
  readonly next: number;
  /** Draws until the words are renewed, counting the draw that renews them: 1 to 624. */
  readonly left: number;
}

/**
 * The 32-bit Mersenne Twister (mt19937), the source of all random numbers on the CPU.
 *
 * Seeding and order of draws are those of PyTorch's CPU generator, so equal seeds give equal bits.
 * It knows only bits; {@link Generator} makes numbers of them.
 *
 * @see M. Matsumoto, T. Nishimura, "Mersenne Twister", ACM TOMACS 8(1), 1998
 */
export class MersenneTwister {
  readonly #words = new Uint32Array(N);
  // `next` and `left` follow from each other, except after seeding. Both are kept because PyTorch's saved state has both.
  #next = 0;
  #left = 1;

  /** @param seed - Only its low 32 bits count. */
  constructor(seed: number) {
    this.seed(seed);
  }

  /** Starts again from `seed`, of which only the low 32 bits count. */
  seed(seed: number): void {
    const words = this.#words;
    let previous = seed >>> 0;
    words[0] = previous;
    for (let i = 1; i < N; i++) {
      previous = (Math.imul(1812433253, previous ^ (previous >>> 30)) + i) >>> 0;
      words[i] = previous;
    }
    this.#next = 0;
    this.#left = 1;
  }

  /** 32 random bits, as an integer in [0, 2³²). */
  nextUint32(): number {
    if (--this.#left === 0) this.#renew();
    return temper(this.#words[this.#next++]!) >>> 0;
  }

  /** Fills `out` with random words: those that as many calls of {@link nextUint32} would have given. */
  fill(out: Uint32Array): void {
    const words = this.#words;
    for (let i = 0; i < out.length; ) {
      if (this.#left === 1) {
        this.#renew();
        this.#left++;
      }
      const count = Math.min(out.length - i, this.#left - 1);
      const next = this.#next;
      for (let k = 0; k < count; k++) out[i + k] = temper(words[next + k]!);
      i += count;
      this.#next += count;
      this.#left -= count;
    }
  }

  /** A copy of the state: setting it later continues with the draw that would have come next. */
  getState(): MersenneTwisterState {
    return { words: this.#words.slice(), next: this.#next, left: this.#left };
  }

  /** @throws {ArgumentError} if the state could not have come from {@link getState}. */
  setState({ words, next, left }: MersenneTwisterState): void {
    const consistent = next === N + 1 - left || (next === 0 && left === 1);
    if (words.length !== N || !Number.isInteger(left) || left < 1 || left > N || !consistent) {
      throw new ArgumentError(
        `setState: expected 624 words and matching counters, got ${words.length} words, next ${next}, left ${left}; ` +
          "pass what getState() returned",
      );
    }
    this.#words.set(words);
    this.#next = next;
    this.#left = left;
  }

  /** Computes the next 624 words from the present ones. */
  #renew(): void {
    const words = this.#words;
    // The word that is M further on is an old one at first, and then one of the new ones.
    twist(words, 0, N - M, M);
    twist(words, N - M, N - 1, M - N);
    words[N - 1] = twisted(words[N - 1]!, words[0]!, words[M - 1]!);
    this.#next = 0;
    this.#left = N;
  }
}

/** Renews the words from `start` to `end`, each with the help of the one that is `distance` further on. */
function twist(words: Uint32Array, start: number, end: number, distance: number): void {
  for (let i = start; i < end; i++) words[i] = twisted(words[i]!, words[i + 1]!, words[i + distance]!);
}

/** A new word of the state from an old one, its successor, and a word far from it. */
function twisted(here: number, after: number, far: number): number {
  const mixed = (here & 0x80000000) | (after & 0x7fffffff);
  // 0 − 0 is 0 and −(0) is −0, which is no integer to the engine.
  return far ^ (mixed >>> 1) ^ ((0 - (after & 1)) & 0x9908b0df);
}

/** What a word of the state is given out as, a signed integer of 32 bits. */
function temper(word: number): number {
  let y = word ^ (word >>> 11);
  y ^= (y << 7) & 0x9d2c5680;
  y ^= (y << 15) & 0xefc60000;
  return y ^ (y >>> 18);
}
