import type { Contraction, Expr, Kernel, Program, Scatter, Sort } from "@gradus/kernel-ir";
import { expressionsOf, topological } from "@gradus/kernel-ir";

/**
 * How the work of a program is given to invocations:
 *
 * - `independent`: each does some points of the result on its own. Any program can be done so.
 * - `tiled`: a workgroup brings tiles of both operands of a product into its memory, which every invocation then reads many times.
 * - `split`: a workgroup does a few points of a product and shares the summed axes.
 * - `team`: a workgroup does one point of a kernel and shares its reductions and what follows at each inner point.
 * - `crowd`: many workgroups share all of it, in several dispatches, with memory for what one hands on to the next.
 *
 * Reductions combine in the order of kernel-ir in all of them, and tiled products add in its order; only `split` adds in another one.
 */
export type Variant = "independent" | "tiled" | "split" | "team" | "crowd";

/** When workgroups cooperate: `auto` where it pays, `always` where it can be done, `never` on adapters whose barriers are slow. */
export type Cooperation = "auto" | "always" | "never";

/** The value of an extent in a dispatch. */
export type ValueOf = (extent: Expr) => number;

const countOf = (extents: readonly Expr[], valueOf: ValueOf): number => extents.reduce((product, extent) => product * valueOf(extent), 1);

/** The variant that a dispatch should use. */
export function chooseVariant(program: Program, cooperation: Cooperation, valueOf: ValueOf): Variant {
  if (cooperation === "never") return "independent";
  switch (program.kind) {
    case "contraction":
      return chooseForContraction(program, cooperation, valueOf);
    case "kernel":
      return chooseForKernel(program, cooperation, valueOf);
    case "scan":
      return "independent";
    case "sort":
    case "scatter":
      return chooseForOrder(program, cooperation, valueOf);
  }
}

function chooseForOrder(program: Sort | Scatter, cooperation: Cooperation, valueOf: ValueOf): Variant {
  // Who reads what it has written has to do all of it in order.
  if (program.kind === "scatter" && topological(expressionsOf(program)).some((expr) => expr.op === "load" && expr.param === program.target.param)) return "independent";
  // As long as there are enough outer points for an invocation each, that is faster.
  return cooperation === "always" || countOf(program.inner, valueOf) >= Math.max(64, countOf(program.outer, valueOf) / 64) ? "crowd" : "independent";
}

/** Points along both sides of a tile. */
export const tileSide = 64;

function chooseForContraction({ axes, dtype, guards }: Contraction, cooperation: Cooperation, valueOf: ValueOf): Variant {
  // A guard that fails ends the work of its point, and a barrier needs all invocations.
  if (guards.length > 0) return "independent";
  // Vectors of bool have no `and`.
  if (dtype === "bool") return "independent";
  const [batch, m, n, k] = (["batch", "m", "n", "k"] as const).map((side) => countOf(axes.flatMap(({ role, extent }) => (role === side ? [extent] : [])), valueOf)) as [number, number, number, number];
  const tiles = batch * Math.ceil(m / tileSide) * Math.ceil(n / tileSide);
  // Fewer points than a GPU has invocations, and much to add for each.
  const blocks = batch * Math.ceil(m / 4) * Math.ceil(n / 4);
  if (tiles < 16 && blocks <= 2048 && k >= 256) return "split";
  // Tiles that are mostly empty do not pay.
  return cooperation === "always" || (m >= tileSide / 2 && n >= tileSide / 2 && k >= 16) ? "tiled" : "independent";
}

function chooseForKernel({ outer, inner, params, reductions, stores, guards }: Kernel, cooperation: Cooperation, valueOf: ValueOf): Variant {
  if (reductions.length === 0 || guards.length > 0) return "independent";
  // What one invocation overwrites another one may still have to read.
  if (params.some(({ access }) => access === "inout") && stores.some(({ over }) => over === "inner")) return "independent";
  if (cooperation === "always") return "team";
  const [points, row] = [countOf(outer, valueOf), valueOf(inner.at(-1)!)];
  const width = countOf(inner, valueOf);
  // With one lane, neighbouring outer points are neighbours in memory: invocations of their own read them best, if there are enough.
  const wide = reductions.some(({ lanes }) => lanes > 1);
  return wide ? (row >= 128 ? "team" : "independent") : points < 4096 && width >= 2048 ? "team" : "independent";
}
