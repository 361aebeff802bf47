import type { Contraction, Expr, Kernel, Program } from "@gradus/kernel-ir";
import { expressionsOf, topological } from "@gradus/kernel-ir";

/**
 * How the work of a program is given to invocations:
 *
 * - `independent`: each does some points of the result on its own. Any program can be done so.
 * - `tiled`: a workgroup brings tiles of both operands of a product into its memory, which every invocation then reads many times.
 * - `split`: a workgroup does a few points of a product and shares the summed axes.
 * - `squad`: each 16 invocations of a workgroup do one point of a kernel whose reductions have 16 lanes.
 * - `team`: a workgroup does one point of a kernel and shares its reductions and what follows at each inner point.
 * - `crowd`: many workgroups share all of it, in several dispatches, with memory for what one hands on to the next.
 *
 * Reductions combine in the order of kernel-ir in all of them, and tiled products add in its order; only `split`, and scans by a `crowd`, do in another one.
 */
export type Variant = "independent" | "tiled" | "split" | "squad" | "team" | "crowd";

/**
 * When workgroups cooperate: `auto` where it pays, `always` where it can be done, `never`, or `rarely` on adapters whose barriers are slow: where one
 * invocation would loop for very long. The name of a variant asks for this one wherever it can be done: that is how tests reach all of them.
 */
export type Cooperation = "auto" | "always" | "rarely" | "never" | Variant;

/** The value of an extent in a dispatch. */
export type ValueOf = (extent: Expr) => number;

const countOf = (extents: readonly Expr[], valueOf: ValueOf): number => extents.reduce((product, extent) => product * valueOf(extent), 1);

/** Whether a program can be done so. */
const canBe: Readonly<Record<Variant, (program: Program) => boolean>> = {
  independent: () => true,
  // A guard that fails ends the work of its point, and a barrier needs all invocations. Vectors of bool have no `and`.
  tiled: (program) => program.kind === "contraction" && program.guards.length === 0 && program.dtype !== "bool",
  split: (program) => program.kind === "contraction" && program.guards.length === 0 && program.dtype !== "bool",
  squad: (program) => canShareRows(program) && program.reductions.every(({ lanes }) => lanes === squadSize),
  team: canShareRows,
  crowd: (program) => {
    if (program.kind === "kernel") return program.reductions.length > 0;
    // Who reads what it has written has to do all of it in order.
    if (program.kind === "scatter") return !topological(expressionsOf(program)).some((expr) => expr.op === "load" && expr.param === program.target.param);
    return program.kind !== "contraction";
  },
};

/** Whether several invocations can share an outer point: what one overwrites another one may still have to read. */
function canShareRows(program: Program): program is Kernel {
  return program.kind === "kernel" && program.reductions.length > 0 && !(program.params.some(({ access }) => access === "inout") && program.stores.some(({ over }) => over === "inner"));
}

/** The variant that a dispatch should use. */
export function chooseVariant(program: Program, cooperation: Cooperation, valueOf: ValueOf): Variant {
  const firstOf = (variants: readonly Variant[]): Variant => variants.find((variant) => canBe[variant](program)) ?? "independent";
  switch (cooperation) {
    case "never":
      return "independent";
    case "rarely":
      return roundsOfOne(program, valueOf) > mostRounds ? firstOf(["crowd"]) : "independent";
    case "auto":
      return firstOf(worthwhile(program, valueOf));
    case "always":
      return firstOf([...worthwhile(program, valueOf), "tiled", "squad", "team", "crowd"]);
    default:
      return firstOf([cooperation]);
  }
}

/** Mesa's llvmpipe silently ends an invocation after 65535 rounds of its loops. */
const mostRounds = 2 ** 15;

/** About how many rounds the loops of one invocation take, if each does a point on its own. */
function roundsOfOne(program: Program, valueOf: ValueOf): number {
  if (program.kind === "contraction") return countOf(program.axes.flatMap(({ role, extent }) => (role === "k" ? [extent] : [])), valueOf);
  const width = countOf(program.inner, valueOf);
  if (program.kind === "kernel") return width * (program.reductions.length + 1);
  return program.kind === "sort" ? width * Math.log2(Math.max(width, 2)) : width;
}

/** Points along both sides of a tile. */
export const tileSide = 64;

/** Lanes of the reductions that squads can do: one invocation for each. */
export const squadSize = 16;

/** What is faster than `independent` on a GPU for these sizes, the best first. */
function worthwhile(program: Program, valueOf: ValueOf): readonly Variant[] {
  if (program.kind === "contraction") return worthwhileForContraction(program, valueOf);
  const [points, width] = [countOf(program.outer, valueOf), countOf(program.inner, valueOf)];
  // As long as there are enough outer points for an invocation each, those need no help.
  if (program.kind === "scan") return points < 4096 && width >= 128 ? ["crowd"] : [];
  if (program.kind !== "kernel") return width >= Math.max(64, points / 64) ? ["crowd"] : [];
  if (program.reductions.length === 0) return [];
  const row = valueOf(program.inner.at(-1)!);
  // Long rows of so few points that their workgroups would leave most of the device idle.
  if (points <= 64 && row >= 16384) return ["crowd", "team"];
  if (program.reductions.some(({ lanes }) => lanes > 1)) return row >= 8192 ? ["team"] : row >= 64 ? ["squad", "team"] : [];
  // With one lane, neighbouring outer points are neighbours in memory: invocations of their own read them best, if there are enough.
  return points < 4096 && width >= 2048 ? ["team"] : [];
}

function worthwhileForContraction({ axes }: Contraction, valueOf: ValueOf): readonly Variant[] {
  const [batch, m, n, k] = (["batch", "m", "n", "k"] as const).map((side) => countOf(axes.flatMap(({ role, extent }) => (role === side ? [extent] : [])), valueOf)) as [number, number, number, number];
  const tiles = batch * Math.ceil(m / tileSide) * Math.ceil(n / tileSide);
  // Fewer points than a GPU has invocations, and much to add for each.
  const blocks = batch * Math.ceil(m / 4) * Math.ceil(n / 4);
  if (tiles < 16 && blocks <= 2048 && k >= 256) return ["split"];
  // Tiles that are mostly empty do not pay.
  return m >= tileSide / 2 && n >= tileSide / 2 && k >= 16 ? ["tiled"] : [];
}
