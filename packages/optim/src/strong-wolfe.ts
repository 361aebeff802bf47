/** The loss at a point of a line, its gradient there, and the slope of the loss along the line. */
export interface Point<G> {
  readonly loss: number;
  readonly grad: G;
  readonly slope: number;
}

/** A point of the line and its distance from the start, as a share of the direction. */
type Placed<G> = Point<G> & { readonly t: number };

/** Sufficient decrease, curvature, and the most evaluations. */
const decrease = 1e-4;
const curvature = 0.9;
const mostIterations = 25;

/**
 * Finds how far to go along a line: to a point where the loss has fallen enough for the way (Armijo's condition) and is flat enough
 * (the strong Wolfe condition).
 *
 * First the way is lengthened until the point must lie between two others, then these are drawn together by cubic interpolation.
 *
 * @param evaluate - The loss at a share of the direction.
 * @param first - The share that is tried first.
 * @param longest - The largest element of the direction, in absolute value.
 * @see Nocedal and Wright, Numerical optimization (2006), §3.5
 */
export async function strongWolfe<G>(evaluate: (t: number) => Promise<Point<G>>, first: number, start: Point<G>, longest: number, toleranceChange: number): Promise<{ point: Point<G>; t: number; evaluations: number }> {
  const at = async (t: number): Promise<Placed<G>> => ({ ...(await evaluate(t)), t });
  const tooHigh = ({ loss, t }: Placed<G>): boolean => loss > start.loss + decrease * t * start.slope;
  const flat = ({ slope }: Placed<G>): boolean => Math.abs(slope) <= -curvature * start.slope;

  let previous: Placed<G> = { ...start, t: 0 };
  let point = await at(first);
  let evaluations = 1;
  let iterations = 0;
  let bracket: [Placed<G>, Placed<G>] | null = null;
  while (iterations < mostIterations) {
    if (tooHigh(point) || (iterations > 1 && point.loss >= previous.loss)) {
      bracket = [previous, point];
      break;
    }
    if (flat(point)) return { point, t: point.t, evaluations };
    if (point.slope >= 0) {
      bracket = [previous, point];
      break;
    }
    const t = cubicMinimum(previous, point, point.t + 0.01 * (point.t - previous.t), point.t * 10);
    previous = point;
    point = await at(t);
    evaluations++;
    iterations++;
  }
  bracket ??= [{ ...start, t: 0 }, point];

  let stuck = false;
  // The lower of the two, and the other.
  let [low, high] = bracket[0].loss <= bracket[1].loss ? [0, 1] : [1, 0];
  while (iterations < mostIterations) {
    const [a, b] = bracket;
    const [left, right] = [Math.min(a.t, b.t), Math.max(a.t, b.t)];
    if ((right - left) * longest < toleranceChange) break;
    let t = cubicMinimum(a, b, left, right);
    // Too close to an end is no progress: the second time in a row, or at the very end, take a point a tenth inside.
    const margin = 0.1 * (right - left);
    if (Math.min(right - t, t - left) < margin) {
      if (stuck || t >= right || t <= left) {
        t = Math.abs(t - right) < Math.abs(t - left) ? right - margin : left + margin;
        stuck = false;
      } else stuck = true;
    } else stuck = false;

    point = await at(t);
    evaluations++;
    iterations++;
    if (tooHigh(point) || point.loss >= bracket[low]!.loss) {
      bracket[high] = point;
      [low, high] = bracket[0].loss <= bracket[1].loss ? [0, 1] : [1, 0];
    } else {
      const done = flat(point);
      if (!done && point.slope * (bracket[high]!.t - bracket[low]!.t) >= 0) bracket[high] = bracket[low]!;
      bracket[low] = point;
      if (done) break;
    }
  }
  const best = bracket[low]!;
  return { point: best, t: best.t, evaluations };
}

/** Where the cubic through two points with their slopes is lowest, kept within bounds; their middle if there is no such place. */
function cubicMinimum(a: Placed<unknown>, b: Placed<unknown>, from: number, to: number): number {
  const d1 = a.slope + b.slope - (3 * (a.loss - b.loss)) / (a.t - b.t);
  const square = d1 ** 2 - a.slope * b.slope;
  if (!(square >= 0)) return (from + to) / 2;
  const d2 = Math.sqrt(square);
  const [left, right] = a.t <= b.t ? [a, b] : [b, a];
  const lowest = right.t - (right.t - left.t) * ((right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2));
  return Math.min(Math.max(lowest, from), to);
}
