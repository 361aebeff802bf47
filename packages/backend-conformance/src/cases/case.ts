/** An interval of numbers. */
export type Interval = readonly [low: number, high: number];

/** What is to be known of an elementwise op to test it, beside its formula. Never imported at run time by tensor-core. */
export interface ElementwiseCase {
  /** What it computes, in float64: the oracle. Booleans count as 0 and 1. */
  readonly reference: (...args: readonly number[]) => number;
  /** Where each argument is taken from; the first interval counts for arguments that have none of their own. */
  readonly domain: readonly Interval[];
  /** Arguments whose derivative is compared with differences on the domain. Those left out are not differentiable, or not there. */
  readonly smooth: readonly number[];
  /** How far results may be from the reference rounded to the element type, in units in the last place; 1 if absent. */
  readonly ulps?: number;
  /** The same in units in the last place of 1, where terms cancel; 0 if absent. */
  readonly absolute?: number;
  /** Results below the smallest normal number may be zero: an intermediate value overflows there, as in PyTorch. */
  readonly underflows?: true;
  /** Whether the reference holds for NaN, infinities and the largest numbers too. Where it does not, they are only compared with the interpreter. */
  readonly specials?: false;
}
