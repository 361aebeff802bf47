/** The backward pass in moves: one node is taken from the queue, and what that does to its inputs. */
import type { Trace, TraceStep } from "@gradus/autograd";

type Step<K extends TraceStep<number>["kind"]> = Extract<TraceStep<number>, { readonly kind: K }>;

export interface Move {
  /** The node that is visited; in the first move the result, which gets its derivative. */
  readonly node: number;
  /** Its derivative, the sum of what all that use it have passed. */
  readonly incoming: number;
  readonly isSeed: boolean;
  readonly passes: readonly Step<"pass">[];
  /** What a leaf keeps. */
  readonly kept: number | null;
  /** How many steps of the trace are done after it. */
  readonly end: number;
}

export function movesOf({ steps }: Trace<number>): readonly Move[] {
  const starts = steps.flatMap(({ kind }, i) => (kind === "seed" || kind === "visit" ? [i] : []));
  return starts.map((start, k) => {
    const end = starts[k + 1] ?? steps.length;
    const first = steps[start] as Step<"seed"> | Step<"visit">;
    const rest = steps.slice(start + 1, end);
    return {
      ...(first.kind === "seed" ? { node: first.to, incoming: first.after, isSeed: true } : { node: first.node, incoming: first.gradients[0] ?? 0, isSeed: false }),
      passes: rest.filter((step) => step.kind === "pass"),
      kept: rest.find((step) => step.kind === "accumulate")?.after ?? null,
      end,
    };
  });
}
