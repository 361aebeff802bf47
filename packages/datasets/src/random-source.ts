import { ArgumentError, defaultGenerator, Generator, type Options, optionsOf } from "@gradus/tensor-core";

/** Where random numbers come from: a generator that goes on, a seed to start one from, or (neither) what `manualSeed` seeds. */
export const RandomSource = class {
  readonly generator?: Generator;
  readonly seed?: number | bigint;
};
export type RandomSource = Options<typeof RandomSource>;

/**
 * The generator that a caller asked for; undefined where it asked for none.
 *
 * @throws {ArgumentError} if both a seed and a generator are given.
 */
export function requestedGenerator(op: string, { generator, seed }: RandomSource): Generator | undefined {
  if (generator !== undefined && seed !== undefined) {
    throw new ArgumentError(`${op}: expected a seed or a generator, got both; leave one out`);
  }
  return seed === undefined ? generator : new Generator(seed);
}

/** The generator that a caller asked for, else the default one. */
export const generatorOf = (op: string, source: RandomSource | undefined): Generator => requestedGenerator(op, optionsOf(op, RandomSource, source)) ?? defaultGenerator();
