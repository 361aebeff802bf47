/** How many moments a curve has at most: more than a screen has columns. */
const MOST = 1200;

/** Values at one step. */
export interface Moment {
  readonly step: number;
  readonly values: Readonly<Record<string, number>>;
}

/** Steps, and by their names the values at these steps. */
export interface Curves {
  readonly steps: readonly number[];
  readonly values: Readonly<Record<string, readonly number[]>>;
}

/**
 * The curves with one more moment; a step that they have already changes nothing. When they become too long, every second moment is dropped: the
 * whole course stays visible and memory does not grow, however long somebody trains.
 */
export function extended({ steps, values: curves }: Curves, { step, values }: Moment): Curves {
  if (steps.at(-1) === step) return { steps, values: curves };
  const thin = (numbers: readonly number[]): readonly number[] => (steps.length >= MOST ? numbers.filter((_, i) => i % 2 === 0) : numbers);
  const next = Object.entries(values).map(([name, value]) => [name, [...thin(curves[name] ?? []), value]] as const);
  return { steps: [...thin(steps), step], values: Object.fromEntries(next) };
}

export const noCurves: Curves = { steps: [], values: {} };
