import { ArgumentError } from "../errors.js";
import { fusedMultiplyAdd, log, sinCos } from "./accurate-math.js";
import { MersenneTwister } from "./mt19937.js";
import { normalFill } from "./normal-fill.js";

/** The seed of a `new Generator()`, PyTorch's. */
const DEFAULT_SEED = 67280421310721n;

const TWO_32 = 2 ** 32;

/** The length from which normal numbers are made sixteen at a time, by another formula and in another order. */
const VECTOR = 16;

export type FloatArray = Float32Array | Float64Array;
export type NumberArray =
  FloatArray | Int32Array | Int16Array | Int8Array | Uint8Array | Uint8ClampedArray | Uint16Array | Uint32Array;

/**
 * A source of random numbers with its own seed and state: PyTorch's CPU generator.
 *
 * Under the same seed it gives the numbers that PyTorch gives on a machine with AVX2, draw for draw and bit for bit, except
 * that the last bit of a float64 normal number differs about once in a thousand, where PyTorch's C library rounds the other
 * way. A PyTorch built with MKL takes `bernoulli` and `exponential` from MKL, and so differs there.
 *
 * It works on plain numbers and typed arrays; the random functions of tensors are built on it.
 *
 * @see torch.Generator
 * @example
 * const generator = new Generator(0);
 * generator.random(); // 2357136044
 * [...generator.randperm(5)]; // [4, 2, 1, 0, 3]
 */
export class Generator {
  readonly #engine = new MersenneTwister(0);
  #seed = 0n;
  // The Box–Muller transform makes two numbers; the second waits here. Null: none waits.
  #nextNormal: number | null = null;

  /** @param seed - See {@link manualSeed}. */
  constructor(seed: number | bigint = DEFAULT_SEED) {
    this.manualSeed(seed);
  }

  /** The seed last set, as an unsigned 64-bit integer. */
  get initialSeed(): bigint {
    return this.#seed;
  }

  /**
   * Starts the sequence of `seed` from its beginning.
   *
   * @param seed - An integer in [−2⁶³, 2⁶⁴); a negative one stands for itself plus 2⁶⁴. As in PyTorch, its low 32 bits alone
   *   choose the sequence.
   * @throws {ArgumentError} if `seed` is anything else.
   */
  manualSeed(seed: number | bigint): this {
    const integer = typeof seed === "bigint" || Number.isInteger(seed) ? BigInt(seed) : undefined;
    if (integer === undefined || integer < -(2n ** 63n) || integer >= 2n ** 64n) {
      throw new ArgumentError(`manualSeed: expected an integer from -2^63 to 2^64 - 1, got ${seed}`);
    }
    this.#seed = BigInt.asUintN(64, integer);
    this.#engine.seed(Number(BigInt.asUintN(32, integer)));
    this.#nextNormal = null;
    return this;
  }

  /** Seeds from the platform's source of true randomness and returns the seed. */
  seed(): bigint {
    const seed = crypto.getRandomValues(new BigUint64Array(1))[0] ?? 0n;
    this.manualSeed(seed);
    return seed;
  }

  /** 32 random bits, an integer in [0, 2³²). */
  random(): number {
    return this.#engine.nextUint32();
  }

  /** 64 random bits, an integer in [0, 2⁶⁴): two draws of 32, the upper half first. */
  random64(): bigint {
    const high = BigInt(this.#engine.nextUint32());
    return (high << 32n) | BigInt(this.#engine.nextUint32());
  }

  /** A float32 in [0, 1): 24 random bits, one draw of 32. */
  uniformFloat(): number {
    return floatOf(this.#engine.nextUint32());
  }

  /** A float64 in [0, 1): 53 random bits, two draws of 32. */
  uniformDouble(): number {
    return doubleOf(this.#engine.nextUint32(), this.#engine.nextUint32());
  }

  /** A float64 from N(0, 1) by Box and Muller's transform; every second call returns the twin that the first one kept. */
  normalDouble(): number {
    if (this.#nextNormal !== null) {
      const twin = this.#nextNormal;
      this.#nextNormal = null;
      return twin;
    }
    const { sin, cos } = sinCos(2 * Math.PI * this.uniformDouble());
    const radius = Math.sqrt(-2 * log(1 - this.uniformDouble()));
    this.#nextNormal = radius * sin;
    return radius * cos;
  }

  /** Fills `out` from U[from, to). @see torch.Tensor.uniform_ */
  uniform<A extends FloatArray>(out: A, from = 0, to = 1): A {
    if (!(from <= to)) throw new ArgumentError(`uniform: expected from <= to, got from ${from} and to ${to}`);
    // Random words are drawn to where the numbers that are made of them will stand.
    const words = new Uint32Array(out.buffer, out.byteOffset, out.byteLength / 4);
    this.#engine.fill(words);
    if (out instanceof Float32Array) {
      const low = Math.fround(from);
      const width = Math.fround(Math.fround(to) - low);
      // Storing rounds once: a fused multiply-add, as in PyTorch's kernel.
      for (let i = 0; i < out.length; i++) out[i] = floatOf(words[i]!) * width + low;
    } else {
      const width = to - from;
      for (let i = 0; i < out.length; i++) out[i] = fusedMultiplyAdd(doubleOf(words[2 * i]!, words[2 * i + 1]!), width, from);
    }
    return out;
  }

  /** Fills `out` from N(mean, std²). @see torch.Tensor.normal_ */
  normal<A extends FloatArray>(out: A, mean = 0, std = 1): A {
    if (!(std >= 0)) throw new ArgumentError(`normal: expected std >= 0, got ${std}`);
    if (out.length >= VECTOR) {
      this.uniform(out);
      normalFill(out, mean, std, (last) => this.uniform(last));
    } else {
      for (let i = 0; i < out.length; i++) out[i] = fusedMultiplyAdd(this.normalDouble(), std, mean);
    }
    return out;
  }

  /** Fills `out` with ones (probability `p`) and zeros. @see torch.Tensor.bernoulli_ */
  bernoulli<A extends NumberArray>(out: A, p = 0.5): A {
    checkProbability("bernoulli", p);
    for (let i = 0; i < out.length; i++) out[i] = this.uniformDouble() < p ? 1 : 0;
    return out;
  }

  /**
   * Fills `out` with ones and zeros, element i being one with probability `probabilities[i]`.
   *
   * @see torch.bernoulli, which like this draws 24 bits for a float32 probability and 53 for a float64
   */
  bernoulliEach<A extends NumberArray>(out: A, probabilities: FloatArray): A {
    if (out.length !== probabilities.length) {
      throw new ArgumentError(`bernoulliEach: expected one probability per element, got ${probabilities.length} for ${out.length}`);
    }
    const single = probabilities instanceof Float32Array;
    for (const [i, p] of probabilities.entries()) {
      checkProbability("bernoulliEach", p);
      out[i] = (single ? this.uniformFloat() : this.uniformDouble()) < p ? 1 : 0;
    }
    return out;
  }

  /**
   * Fills `out` with integers from [low, high), each equally likely up to a bias below (high − low)/2³².
   *
   * @param low - Integer.
   * @param high - Integer above `low`.
   * @see torch.randint
   */
  randint<A extends NumberArray | BigInt64Array>(out: A, low: number, high: number): A {
    if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || low >= high) {
      throw new ArgumentError(`randint: expected integers low < high within ±2^53, got low ${low} and high ${high}`);
    }
    const range = high - low;
    // From 2³² on, 32 bits would not reach every number.
    const draw = range < TWO_32 ? () => this.random() % range : () => Number(this.random64() % BigInt(range));
    for (let i = 0; i < out.length; i++) store(out, i, draw() + low);
    return out;
  }

  /**
   * Fills `out` with integers from the whole non-negative range of its type: [0, 2ᵇ⁻¹) for signed, [0, 2ᵇ) for unsigned integers of b bits,
   * [0, 2²⁴] for float32, [0, 2⁵³] for float64.
   *
   * @param range - One more than the largest integer, for a type narrower than the array.
   * @see torch.Tensor.random_
   */
  fullRange<A extends NumberArray | BigInt64Array>(out: A, range?: number): A {
    if (out instanceof BigInt64Array) {
      for (let i = 0; i < out.length; i++) out[i] = BigInt.asUintN(63, this.random64());
    } else if (out instanceof Float64Array) {
      for (let i = 0; i < out.length; i++) out[i] = Number(this.random64() % (2n ** 53n + 1n));
    } else {
      const width = range ?? integerRange(out);
      for (let i = 0; i < out.length; i++) out[i] = this.random() % width;
    }
    return out;
  }

  /** A random order of 0 … n−1. @see torch.randperm */
  randperm(n: number): Int32Array {
    if (!Number.isInteger(n) || n < 0 || n >= 2 ** 31) throw new ArgumentError(`randperm: expected an integer from 0 to 2^31 - 1, got ${n}`);
    const order = Int32Array.from({ length: n }, (_, i) => i);
    for (let i = 0; i < n - 1; i++) {
      const j = i + (this.random() % (n - i));
      const there = order[j]!;
      order[j] = order[i]!;
      order[i] = there;
    }
    return order;
  }

  /** Fills `out` from the exponential distribution with density λe^(−λx), x ≥ 0. @see torch.Tensor.exponential_ */
  exponential<A extends FloatArray>(out: A, lambda = 1): A {
    if (!(lambda > 0)) throw new ArgumentError(`exponential: expected lambda > 0, got ${lambda}`);
    for (let i = 0; i < out.length; i++) out[i] = (-1 / lambda) * log(1 - this.uniformDouble());
    return out;
  }

  /** Fills `out` with the number of trials up to the first success, each succeeding with probability `p`. @see torch.Tensor.geometric_ */
  geometric<A extends NumberArray>(out: A, p: number): A {
    if (!(p > 0 && p < 1)) throw new ArgumentError(`geometric: expected 0 < p < 1, got ${p}`);
    for (let i = 0; i < out.length; i++) out[i] = Math.ceil(log(this.uniformDouble()) / log(1 - p));
    return out;
  }

  /** Fills `out` from the Cauchy distribution around `median` with scale `sigma`. @see torch.Tensor.cauchy_ */
  cauchy<A extends FloatArray>(out: A, median = 0, sigma = 1): A {
    if (!(sigma > 0)) throw new ArgumentError(`cauchy: expected sigma > 0, got ${sigma}`);
    for (let i = 0; i < out.length; i++) out[i] = median + sigma * Math.tan(Math.PI * (this.uniformDouble() - 0.5));
    return out;
  }

  /** Fills `out` with eˣ, x from N(mean, std²). @see torch.Tensor.log_normal_ */
  logNormal<A extends FloatArray>(out: A, mean = 1, std = 2): A {
    if (!(std > 0)) throw new ArgumentError(`logNormal: expected std > 0, got ${std}`);
    for (let i = 0; i < out.length; i++) out[i] = Math.exp(fusedMultiplyAdd(this.normalDouble(), std, mean));
    return out;
  }

  /**
   * A number from the Poisson distribution: how many events happen where `rate` are expected.
   *
   * @see torch.poisson; W. Hörmann, "The transformed rejection method for generating Poisson random variables", 1993
   */
  poisson(rate: number): number {
    if (!(rate >= 0)) throw new ArgumentError(`poisson: expected a rate of at least 0, got ${rate}`);
    if (rate === 0) return 0;
    if (rate < 10) {
      // Products of uniform numbers fall below e^−rate after as many steps.
      const least = Math.exp(-rate);
      for (let count = 0, product = 1; ; count++) {
        product *= this.uniformDouble();
        if (product <= least) return count;
      }
    }
    const root = Math.sqrt(rate);
    const b = 0.931 + 2.53 * root;
    const a = -0.059 + 0.02483 * b;
    const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
    const squeeze = 0.9277 - 3.6224 / (b - 2);
    for (;;) {
      const u = this.uniformDouble() - 0.5;
      const v = this.uniformDouble();
      const us = 0.5 - Math.abs(u);
      const k = Math.floor(((2 * a) / us + b) * u + rate + 0.43);
      if (us >= 0.07 && v <= squeeze) return k;
      if (k < 0 || (us < 0.013 && v > us)) continue;
      if (Math.log(v) + Math.log(inverseAlpha) - Math.log(a / (us * us) + b) <= -rate + k * Math.log(rate) - logFactorial(k)) return k;
    }
  }

  /**
   * Positions drawn with probabilities in proportion to `weights`, again and again.
   *
   * @see torch.multinomial, with replacement
   */
  choose(out: BigInt64Array, weights: FloatArray): BigInt64Array {
    const cumulative = weights.slice();
    for (let i = 1; i < cumulative.length; i++) cumulative[i] = cumulative[i - 1]! + weights[i]!;
    const total = cumulative[cumulative.length - 1]!;
    for (let i = 0; i < cumulative.length; i++) cumulative[i] = cumulative[i]! / total;
    cumulative[cumulative.length - 1] = 1;
    for (let i = 0; i < out.length; i++) {
      const u = this.uniformDouble();
      let [low, high] = [0, cumulative.length];
      while (low < high) {
        const middle = low + ((high - low) >> 1);
        if (cumulative[middle]! < u) low = middle + 1;
        else high = middle;
      }
      out[i] = BigInt(low);
    }
    return out;
  }

  /**
   * All that determines later draws, in the 5056 bytes of `torch.get_rng_state()`: either library continues where the other
   * stopped.
   */
  getState(): Uint8Array {
    const bytes = new Uint8Array(STATE.byteLength);
    const view = new DataView(bytes.buffer);
    const { words, next, left } = this.#engine.getState();
    view.setBigUint64(STATE.seed, this.#seed, true);
    view.setInt32(STATE.left, left, true);
    view.setInt32(STATE.seeded, 1, true);
    view.setBigUint64(STATE.next, BigInt(next), true);
    for (const [i, word] of words.entries()) view.setUint32(STATE.words + 8 * i, word, true);
    view.setFloat64(STATE.nextNormal, this.#nextNormal ?? 0, true);
    view.setInt32(STATE.hasNextNormal, this.#nextNormal === null ? 0 : 1, true);
    return bytes;
  }

  /**
   * Continues from a state that {@link getState} or `torch.get_rng_state()` returned.
   *
   * @throws {ArgumentError} if the bytes are no such state.
   */
  setState(bytes: Uint8Array): void {
    if (bytes.length !== STATE.byteLength) {
      throw new ArgumentError(`setState: expected ${STATE.byteLength} bytes, got ${bytes.length}; pass what getState() returned`);
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const words = Uint32Array.from({ length: 624 }, (_, i) => view.getUint32(STATE.words + 8 * i, true));
    this.#engine.setState({ words, next: Number(view.getBigUint64(STATE.next, true)), left: view.getInt32(STATE.left, true) });
    this.#seed = view.getBigUint64(STATE.seed, true);
    this.#nextNormal = view.getInt32(STATE.hasNextNormal, true) === 0 ? null : view.getFloat64(STATE.nextNormal, true);
  }
}

const floatOf = (word: number): number => (word & 0xffffff) * 2 ** -24;
const doubleOf = (high: number, low: number): number => ((high & 0x1fffff) * TWO_32 + low) * 2 ** -53;

/** Byte offsets in PyTorch's saved state; each word of the engine takes eight bytes there. */
const STATE = {
  seed: 0,
  left: 8,
  seeded: 12,
  next: 16,
  words: 24,
  nextNormal: 5024,
  hasNextNormal: 5040,
  byteLength: 5056,
} as const;

/** log n!, by Stirling's series beyond a table's worth of steps. */
function logFactorial(n: number): number {
  if (n < 16) {
    let product = 1;
    for (let i = 2; i <= n; i++) product *= i;
    return Math.log(product);
  }
  const x = n + 1;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * x) - 1 / (360 * x ** 3) + 1 / (1260 * x ** 5);
}

function checkProbability(op: string, p: number): void {
  if (!(p >= 0 && p <= 1)) throw new ArgumentError(`${op}: expected a probability between 0 and 1, got ${p}`);
}

/** One more than the largest number that {@link Generator.fullRange} gives. */
function integerRange(out: NumberArray): number {
  if (out instanceof Float32Array) return 2 ** 24 + 1;
  const signed = out instanceof Int32Array || out instanceof Int16Array || out instanceof Int8Array;
  return 2 ** (8 * out.BYTES_PER_ELEMENT - (signed ? 1 : 0));
}

function store(out: NumberArray | BigInt64Array, i: number, value: number): void {
  if (out instanceof BigInt64Array) out[i] = BigInt(value);
  else out[i] = value;
}
