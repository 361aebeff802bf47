import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArgumentError } from "../../src/errors.js";
import { fusedMultiplyAdd, log, sinCos } from "../../src/random/accurate-math.js";
import { Generator } from "../../src/random/generator.js";
import { MersenneTwister } from "../../src/random/mt19937.js";

/** Computed by PyTorch: see fixtures.py. */
interface Encoded {
  readonly dtype: keyof typeof ARRAYS;
  readonly data: string;
}
interface Call extends Encoded {
  readonly name: keyof typeof CALLS;
  readonly args: readonly (string | number)[];
}
interface Fixtures {
  readonly sequences: readonly { readonly seed: string; readonly calls: readonly Call[] }[];
  readonly state: string;
  readonly continued: Encoded;
}
const fixtures = JSON.parse(readFileSync(new URL("fixtures.json", import.meta.url), "utf8")) as Fixtures;

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint8: Uint8Array,
} as const;
type Values = InstanceType<(typeof ARRAYS)[keyof typeof ARRAYS]>;

const bytes = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
const decode = ({ dtype, data }: Encoded): Values => new ARRAYS[dtype](bytes(data).buffer as ArrayBuffer);

/** How each recorded call of PyTorch is made here. */
const CALLS = {
  uniform: (g: Generator, out: Values, from?: number, to?: number) => g.uniform(out as Float32Array, from, to),
  normal: (g: Generator, out: Values, mean?: number, std?: number) => g.normal(out as Float32Array, mean, std),
  bernoulli: (g: Generator, out: Values, p?: number) => g.bernoulli(out as Uint8Array, p),
  randint: (g: Generator, out: Values, low = 0, high = 0) => g.randint(out, low, high),
  fullRange: (g: Generator, out: Values) => g.fullRange(out),
  exponential: (g: Generator, out: Values, lambda?: number) => g.exponential(out as Float32Array, lambda),
  geometric: (g: Generator, out: Values, p = 0) => widen(g.geometric(new Float64Array(out.length), p)),
  cauchy: (g: Generator, out: Values, median?: number, sigma?: number) => g.cauchy(out as Float32Array, median, sigma),
  logNormal: (g: Generator, out: Values, mean?: number, std?: number) => g.logNormal(out as Float32Array, mean, std),
  randperm: (g: Generator, _: Values, n = 0) => g.randperm(n),
} as const;
const widen = (values: Float64Array): BigInt64Array => BigInt64Array.from(values, BigInt);

/** Distributions whose formula calls `Math.tan` or `Math.exp`, the last bit of which is the engine's. */
const ENGINE_BITS = new Set(["cauchy", "logNormal"]);

describe("Generator gives the numbers of PyTorch", () => {
  for (const { seed, calls } of fixtures.sequences) {
    const generator = new Generator(BigInt(seed));
    for (const call of calls) {
      it(`seed ${seed}: ${call.name}(${call.args.join(", ")})`, () => {
        const expected = decode(call);
        const args = call.args.filter((arg) => typeof arg === "number");
        const parameters = call.name === "randperm" ? args : args.slice(1); // The first number is the length.
        const out = new ARRAYS[call.dtype](expected.length);
        const actual = CALLS[call.name](generator, out, ...parameters);
        if (ENGINE_BITS.has(call.name)) {
          const tolerance = call.dtype === "float64" ? 2 ** -50 : 2 ** -23;
          for (const [i, value] of (expected as Float64Array).entries()) expect(Math.abs(Number(actual[i]) / value - 1)).toBeLessThan(tolerance);
        } else {
          expect(actual).toEqual(expected);
        }
      });
    }
  }

  it("continues from a state that PyTorch saved, in the middle of a pair of normal numbers", () => {
    const generator = new Generator();
    generator.setState(bytes(fixtures.state));
    expect(generator.initialSeed).toBe(11n);
    expect(generator.getState()).toEqual(bytes(fixtures.state));
    expect(generator.normal(new Float64Array(5))).toEqual(decode(fixtures.continued));
  });
});

describe("Generator", () => {
  it("repeats itself after manualSeed, whatever was drawn before", () => {
    const generator = new Generator(3);
    generator.normal(new Float32Array(3)); // Leaves the second number of a pair behind.
    generator.manualSeed(3);
    expect(generator.normal(new Float32Array(7))).toEqual(new Generator(3).normal(new Float32Array(7)));
  });

  it("continues from its own saved state at any point", () => {
    fc.assert(
      fc.property(fc.nat(2000), fc.nat(3), (draws, normals) => {
        const generator = new Generator(5);
        for (let i = 0; i < draws; i++) generator.random();
        for (let i = 0; i < normals; i++) generator.normalDouble();
        const other = new Generator();
        other.setState(generator.getState());
        expect(other.normal(new Float64Array(9))).toEqual(generator.normal(new Float64Array(9)));
        expect(other.random64()).toBe(generator.random64());
      }),
      { numRuns: 30 },
    );
  });

  it("draws the upper half of 64 bits first", () => {
    const words = new Generator(8);
    const high = words.random();
    expect(new Generator(8).random64()).toBe((BigInt(high) << 32n) | BigInt(words.random()));
  });

  it("seeds from the platform when asked to", () => {
    const generator = new Generator(0);
    const seed = generator.seed();
    expect(generator.initialSeed).toBe(seed);
    expect(new Generator(seed).random()).toBe(generator.random());
  });

  it("makes a permutation for every length", () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(), (n, seed) => {
        expect([...new Generator(seed).randperm(n)].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
    );
  });

  it("takes each probability from its own element", () => {
    const certain = Float64Array.of(0, 1, 0, 1, 1);
    expect([...new Generator(0).bernoulliEach(new Uint8Array(5), certain)]).toEqual([0, 1, 0, 1, 1]);
    const half = new Generator(0);
    const draws = Array.from({ length: 20 }, () => (half.uniformFloat() < 0.5 ? 1 : 0));
    expect([...new Generator(0).bernoulliEach(new Uint8Array(20), new Float32Array(20).fill(0.5))]).toEqual(draws);
  });

  it.each([
    ["manualSeed", () => new Generator(0.5), "manualSeed: expected an integer from -2^63 to 2^64 - 1, got 0.5"],
    ["manualSeed", () => new Generator(2n ** 64n), "manualSeed: expected an integer"],
    ["uniform", () => new Generator().uniform(new Float32Array(1), 2, 1), "uniform: expected from <= to, got from 2 and to 1"],
    ["normal", () => new Generator().normal(new Float32Array(1), 0, -1), "normal: expected std >= 0, got -1"],
    ["bernoulli", () => new Generator().bernoulli(new Uint8Array(1), 1.5), "bernoulli: expected a probability between 0 and 1, got 1.5"],
    ["bernoulliEach", () => new Generator().bernoulliEach(new Uint8Array(1), Float32Array.of(NaN)), "expected a probability"],
    ["bernoulliEach", () => new Generator().bernoulliEach(new Uint8Array(1), new Float32Array(2)), "one probability per element, got 2 for 1"],
    ["randint", () => new Generator().randint(new Int32Array(1), 3, 3), "randint: expected integers low < high"],
    ["randperm", () => new Generator().randperm(-1), "randperm: expected an integer from 0"],
    ["geometric", () => new Generator().geometric(new Float32Array(1), 1), "geometric: expected 0 < p < 1, got 1"],
    ["setState", () => new Generator().setState(new Uint8Array(7)), "setState: expected 5056 bytes, got 7"],
    ["setState", () => new Generator().setState(new Uint8Array(5056)), "setState: expected 624 words and matching counters"],
  ])("%s refuses what it cannot use", (_, call, message) => {
    expect(call).toThrow(ArgumentError);
    expect(call).toThrow(message);
  });

  it("is not changed by a state it refuses", () => {
    const generator = new Generator(1);
    expect(() => generator.setState(new Uint8Array(5056))).toThrow(ArgumentError);
    expect(generator.random()).toBe(new Generator(1).random());
  });
});

describe("MersenneTwister", () => {
  it("gives the ten-thousandth number that the C++ standard requires of mt19937", () => {
    const twister = new MersenneTwister(5489);
    for (let i = 1; i < 10000; i++) twister.nextUint32();
    expect(twister.nextUint32()).toBe(4123659995);
  });

  it("hands out copies of its state", () => {
    const twister = new MersenneTwister(1);
    const state = twister.getState();
    const first = twister.nextUint32();
    state.words.fill(0);
    twister.setState(new MersenneTwister(1).getState());
    expect(twister.nextUint32()).toBe(first);
  });
});

describe("accurate mathematics", () => {
  it("agrees with the engine's to two units in the last place", () => {
    fc.assert(
      fc.property(fc.double({ min: 2 ** -53, max: 4, noNaN: true }), (x) => {
        expect(Math.abs(log(x) - Math.log(x))).toBeLessThanOrEqual(2 ** -52 * Math.abs(Math.log(x)));
        const { sin, cos } = sinCos(x);
        expect(Math.abs(sin - Math.sin(x))).toBeLessThanOrEqual(2 ** -52);
        expect(Math.abs(cos - Math.cos(x))).toBeLessThanOrEqual(2 ** -52);
      }),
    );
    expect(log(0)).toBe(-Infinity);
    expect(log(-1)).toBeNaN();
    expect(log(Infinity)).toBe(Infinity);
  });

  it("rounds a product and a sum once", () => {
    const tiny = 2 ** -52;
    expect(fusedMultiplyAdd(1 + tiny, 1 - tiny, -1)).toBe(-(tiny ** 2));
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), fc.integer(), (a, b, c) => {
        expect(fusedMultiplyAdd(a, b, c)).toBe(Number(BigInt(a) * BigInt(b) + BigInt(c)));
      }),
    );
  });
});
