import type { Expr, Program, ScalarArguments } from "@gradus/kernel-ir";
import { ExprBuilder, expressionsOf, lowerProgram, strideAlong, topological, transcendentalOps } from "@gradus/kernel-ir";
import { largestTile } from "../codegen/contraction/tiles.js";

/** Who may share work; the number is asked for only where there is work to share. */
interface Threads {
  readonly threads: number;
}

/** How a dispatch is cut: every part is `grain` positions of `axis`, but the last may have fewer. */
export interface Cut {
  readonly axis: number;
  readonly extent: number;
  readonly grain: number;
}

/** Below this, waking other threads costs more than they bring. */
const worthSharing = 80_000;
/** A part is not much shorter than this, so that taking one costs little next to working on it. */
const leastPart = 20_000;
/** Nor much longer, so that threads end at about the same time and a thread that hangs is noticed soon. */
const longestPart = 20_000_000;
/** Parts for each thread: one that is held up leaves the rest of its share to the others. */
const partsPerThread = 4;

/** What packing an element of one side for a step of the sum takes, in products. Every part packs all of the side that is not cut. */
const packingCost = 3;

/** Roughly what a multiplication and an addition of a contraction take, in nanoseconds. */
const productCost = 0.06;
/** What one operation on one point takes, in nanoseconds: in lanes, or one point after the other. */
const operationCost = { kernel: 0.1, scan: 0.5, scatter: 0.5, sort: 60 } as const;

type Side = "batch" | "m" | "n";

interface Axis {
  readonly axis: number;
  readonly extent: Expr;
  /** Parts should be multiples of this: rows or columns of a tile, lanes. */
  readonly unit: number;
  /** The side of a contraction that it is of; parts of a batch, and of other programs, have nothing in common that each would do again. */
  readonly role: Side;
}

const valueOf = (extent: Expr, scalars: ScalarArguments): number => Number(extent.op === "const" ? extent.value : extent.op === "scalar" ? scalars[extent.slot] : 0);

/** How the work of one program is shared, for whatever scalar arguments it is dispatched with. */
export class SharingPlan {
  readonly #extents: readonly Expr[];
  #axes: readonly Axis[] | null = null;
  readonly #program: Program;
  #cost: number | null = null;

  constructor(program: Program) {
    this.#program = program;
    this.#extents = program.kind === "contraction" ? program.axes.map(({ extent }) => extent) : [...program.outer, ...program.inner];
  }

  /** How to cut a dispatch for some threads; null where it is not worth it. */
  cut(scalars: ScalarArguments, among: Threads): Cut | null {
    let points = 1;
    for (const extent of this.#extents) points *= valueOf(extent, scalars);
    // No program takes longer than this for a point. Most dispatches are small, and end here.
    if (points * 500 < worthSharing) return null;
    this.#cost ??= costOf(this.#program);
    const nanoseconds = points * this.#cost;
    if (nanoseconds < worthSharing) return null;
    const { threads } = among;
    if (threads === 1) return null;
    const least = Math.ceil(nanoseconds / longestPart);
    return this.#best(scalars, threads, least, Math.max(least, Math.min(partsPerThread * threads, Math.floor(nanoseconds / leastPart))));
  }

  /** A cut into as many parts as usual, however little work there is; null where there is one point. */
  cutAnyway(scalars: ScalarArguments, { threads }: Threads): Cut | null {
    return this.#extents.some((extent) => valueOf(extent, scalars) === 0) ? null : this.#best(scalars, threads, 1, partsPerThread * threads);
  }

  /** The axis and the number of parts, from `least` to `most`, that end first, roughly; of several alike the one with most parts, then the first axis. */
  #best(scalars: ScalarArguments, threads: number, least: number, most: number): Cut | null {
    let best: (Cut & { readonly time: number; readonly parts: number }) | null = null;
    const sizes = this.#sizes(scalars);
    this.#axes ??= axesOf(this.#program);
    for (const { axis, extent: expr, unit, role } of this.#axes) {
      const extent = valueOf(expr, scalars);
      for (const wanted of [most, 2 * threads, threads]) {
        for (const multiple of [unit, 1]) {
          const grain = Math.ceil(extent / Math.min(most, Math.max(least, wanted)) / multiple) * multiple;
          const parts = Math.ceil(extent / grain);
          if (parts <= 1) continue;
          const part: Record<Side, number> = { ...sizes };
          part[role] *= (Math.ceil(grain / unit) * unit) / extent;
          const time = Math.ceil(parts / threads) * part.batch * (part.m * part.n + packingCost * (part.m + part.n));
          if (best === null || time < 0.98 * best.time || (time < 1.02 * best.time && parts > best.parts)) best = { axis, extent, grain, time, parts };
        }
      }
    }
    return best;
  }

  /** Points of each side of a contraction; other programs are one batch. */
  #sizes(scalars: ScalarArguments): Record<Side, number> {
    const sizes: Record<Side, number> = { batch: 1, m: 1, n: 1 };
    if (this.#program.kind !== "contraction") return sizes;
    for (const { role, extent } of this.#program.axes) if (role !== "k") sizes[role] *= valueOf(extent, scalars);
    return sizes;
  }
}

/** The axes along which a program can be cut, the best ones first. */
function axesOf(program: Program): Axis[] {
  const longer = (extent: Expr): boolean => !(extent.op === "const" && Number(extent.value) === 1);
  if (program.kind !== "contraction") {
    return program.outer.flatMap((extent, axis) => (longer(extent) ? [{ axis, extent, unit: axis === program.outer.length - 1 ? 16 : 1, role: "batch" as const }] : []));
  }
  const b = new ExprBuilder();
  const isColumn = (axis: number): boolean => program.stores.some(({ index }) => {
    const stride = strideAlong(b, index, axis);
    return stride?.op === "const" && Number(stride.value) === 1;
  });
  const axes = program.axes.flatMap(({ role, extent }, axis) => {
    if (role === "k" || !longer(extent)) return [];
    const column = isColumn(axis);
    return [{ axis, extent, role, rank: role === "batch" ? 0 : column ? 1 : 2, unit: role === "batch" ? 1 : column ? 4 * largestTile.vectors : largestTile.rows }];
  });
  return axes.sort((left, right) => left.rank - right.rank);
}

/** Nanoseconds that a program takes for one point, roughly. */
function costOf(program: Program): number {
  const nodes = topological(expressionsOf(lowerProgram(program)));
  if (program.kind === "contraction") return productCost;
  const slow = nodes.some(({ op, dtype }) => dtype === "float64" && (transcendentalOps as readonly string[]).includes(op)) ? 20 : 0;
  return nodes.length * operationCost[program.kind] + slow;
}
