import type { DType, Program, ScalarArguments } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import { elements } from "@gradus/kernel-ir/interpreter";
import type { Axis, RandomProgramOptions, Scope, Term } from "./random-program/draft.js";
import { Draft, tameBound } from "./random-program/draft.js";
import { affine, indexAt, selector } from "./random-program/layouts.js";
import { randomLoad } from "./random-program/loads.js";
import { joined, randomMonoid } from "./random-program/monoids.js";
import { randomOperand } from "./random-program/operands.js";
import { randomGuards, randomStore, randomStores } from "./random-program/stores.js";
import { randomValue, settled, tame } from "./random-program/values.js";

export type { RandomProgramOptions };

/** A program and what to run it on. The bytes of an `out` parameter are what it holds before: what is not written must stay. */
export interface RandomProgram {
  readonly program: Program;
  readonly buffers: readonly { readonly dtype: DType; readonly bytes: Uint8Array }[];
  readonly scalars: ScalarArguments;
}

/**
 * A well-typed program of any kind, the same for the same seed: random layouts (permuted, broadcast, reversed, with gaps, gathered,
 * predicated), element types, extents (0 and 1 among them), literals or scalar arguments in each place where either may stand,
 * reductions, several stores, contractions with strides, padding and divisors, scans, scatters and sorts. Now and then a guard fails: then the
 * program is an error on every device.
 *
 * @example
 * const { program, buffers, scalars } = randomProgram(7);
 * buffers.length === program.params.length && scalars.length === program.scalars.length; // true
 */
export function randomProgram(seed: number, options: RandomProgramOptions = {}): RandomProgram {
  const draft = new Draft(seed, options);
  const program = draft.dice.pick(kinds)(draft);
  return { program, buffers: draft.contents.map(({ dtype, values }) => ({ dtype, bytes: encode(dtype, values) })), scalars: draft.scalars };
}

/** The kinds of programs, each as often as it shall come. */
const kinds: readonly ((draft: Draft) => Program)[] = [kernel, kernel, kernel, kernel, contraction, contraction, scan, scatter, sort];

function kernel(draft: Draft): Program {
  const dice = draft.dice;
  const rank = dice.int(0, 3);
  const innerRank = dice.chance(0.5) ? dice.int(1, 2) : 0;
  const { outer, inner } = randomSpace(draft, rank, innerRank);
  const leaves: Term[] = [];
  const count = innerRank === 0 ? 0 : dice.int(0, 2);
  const reductions = Array.from({ length: count }, (_, reduction) => {
    const points = inner.reduce((product, { size }) => product * size, 1);
    const { monoid, lift, bounds } = randomMonoid(draft, { axes: [...outer, ...inner], leaves: [...leaves] }, points);
    lift.forEach((term, slot) => leaves.push({ expr: draft.builder.result(reduction, slot, term.dtype), bound: bounds[slot] ?? Infinity }));
    return { monoid, lift, lanes: dice.pick([1, 16] as const) };
  });
  const stores = randomStores(draft, dice.int(1, 3), () => {
    const over = innerRank > 0 && dice.chance(0.6) ? "inner" : "outer";
    const axes = over === "outer" ? outer : [...outer, ...inner];
    return { over, ...randomStore(draft, axes, leaves) };
  });
  const guards = randomGuards(draft, outer, inner);
  return {
    kind: "kernel", ...draft.frame(guards), outer: draft.extents(outer), inner: draft.extents(inner), reductions, stores,
  };
}

function contraction(draft: Draft): Program {
  const dice = draft.dice;
  const roles = dice.shuffled([
    ...repeat("batch" as const, dice.int(0, 1)), ...repeat("m" as const, dice.int(0, 2)),
    ...repeat("n" as const, dice.int(0, 2)), ...repeat("k" as const, dice.int(0, 2)),
  ]);
  const sizes = roles.map(() => (dice.chance(0.02) ? 0 : dice.chance(0.15) ? dice.int(10, 21) : dice.int(1, roles.length > 4 ? 4 : 7)));
  const all = roles.map((role, axis) => ({ role, axis, size: sizes[axis] ?? 1 }));
  const dtype = dice.pick(draft.computeTypes());
  const left = randomOperand(draft, all.filter(({ role }) => role !== "n"), dtype);
  const right = randomOperand(draft, all.filter(({ role }) => role !== "m"), dtype);
  const kept = all.filter(({ role }) => role !== "k");
  const points = all.filter(({ role }) => role === "k").reduce((product, { size }) => product * size, 1);
  const result = { expr: draft.builder.result(0, 0, dtype), bound: draft.exact ? left.bound * right.bound * points : Infinity };
  const stores = randomStores(draft, dice.chance(0.2) ? 2 : 1, () => ({ over: "outer", ...randomStore(draft, kept, [result], 0.8) }));
  const axes = all.map(({ role, size }) => ({ role, extent: draft.number(size) }));
  return { kind: "contraction", ...draft.frame(randomGuards(draft, kept, [])), axes, left: left.operand, right: right.operand, dtype, stores };
}

function scan(draft: Draft): Program {
  const { outer, inner } = randomSpace(draft, draft.dice.int(0, 2), 1);
  const axes = [...outer, ...inner];
  const { monoid, lift, bounds } = randomMonoid(draft, { axes, leaves: [] }, inner[0]?.size ?? 1);
  const leaves = lift.map((term, slot) => ({ expr: draft.builder.result(0, slot, term.dtype), bound: bounds[slot] ?? Infinity }));
  const stores = randomStores(draft, draft.dice.int(1, 2), () => ({ over: "inner", ...randomStore(draft, axes, leaves, 0.7) }));
  return { kind: "scan", ...draft.frame(randomGuards(draft, outer, inner)), outer: draft.extents(outer), inner: draft.extents(inner), monoid, lift, stores };
}

function scatter(draft: Draft): Program {
  const dice = draft.dice;
  const builder = draft.builder;
  const { outer, inner } = randomSpace(draft, dice.int(0, 2), dice.int(1, 2));
  const axes = [...outer, ...inner];
  const scope: Scope = { axes, leaves: [] };
  const dtype = dice.pick(draft.dtypes);
  const compute = dtypeInfo[dtype].compute;

  // Outer points own places of their own; the inner ones of a point meet wherever the data sends them.
  const places = dice.int(1, 6);
  const layout = affine(draft, [...outer, { axis: -1, size: places }], true);
  const place = selector(draft, axes, places);
  const index = indexAt(draft, layout, place);
  const value = tame(draft, randomValue(draft, compute, scope, 2), tameBound);
  const left = { expr: builder.left(0, compute), bound: Infinity };
  const right = { expr: builder.right(0, compute), bound: value.bound };
  const combine = dice.chance(0.3) ? null : joined(draft, compute, left, right);
  const when = dice.chance(0.4) ? randomValue(draft, "bool", scope, 1).expr : null;
  const param = draft.param(dtype, "inout", layout.length);
  return {
    kind: "scatter", ...draft.frame(randomGuards(draft, outer, inner)), outer: draft.extents(outer), inner: draft.extents(inner),
    target: { param, index, value: settled(draft, value.expr), combine: combine === null ? null : settled(draft, combine), when },
  };
}

function sort(draft: Draft): Program {
  const dice = draft.dice;
  const { outer, inner } = randomSpace(draft, dice.int(0, 2), 1);
  const axes = [...outer, ...inner];
  const dtype = dice.pick(draft.computeTypes().filter((type) => type !== "bool"));
  // Plain loads have ties; a formula on top of them has few.
  const key = dice.chance(0.6) ? randomLoad(draft, dtype, { axes, leaves: [] }) : randomValue(draft, dtype, { axes, leaves: [] }, 2);
  const results = [{ expr: draft.builder.result(0, 0, dtype), bound: key.bound }, { expr: draft.builder.result(0, 1, "int32"), bound: 64 }];
  const stores = randomStores(draft, dice.int(1, 2), (i) => ({ over: "inner", ...randomStore(draft, axes, results.slice(i), 0.9) }));
  return {
    kind: "sort", ...draft.frame(randomGuards(draft, outer, inner)), outer: draft.extents(outer), inner: draft.extents(inner),
    key: key.expr, descending: dice.chance(0.5), stores,
  };
}

function randomSpace(draft: Draft, rank: number, innerRank: number): { readonly outer: readonly Axis[]; readonly inner: readonly Axis[] } {
  const dice = draft.dice;
  let budget = 700;
  const axes = dice.shuffled(Array.from({ length: rank + innerRank }, (_, axis) => axis)).map((axis) => {
    const wanted = dice.chance(0.04) ? dice.int(0, 1) : dice.chance(0.3) ? dice.int(13, 41) : dice.int(1, 7);
    const size = Math.min(wanted, Math.max(1, budget));
    budget = Math.floor(budget / Math.max(1, size));
    return { axis, size };
  });
  axes.sort((a, b) => a.axis - b.axis);
  const last = axes.at(-1);
  // A reduction folds its partial results every 512 steps: now and then a row has to be longer than that.
  if (innerRank > 0 && last !== undefined && dice.chance(0.02)) return { outer: axes.slice(0, 0), inner: [{ axis: 0, size: dice.int(512 * 16 - 3, 512 * 17) }] };
  return { outer: axes.slice(0, rank), inner: axes.slice(rank) };
}

const repeat = <T>(value: T, times: number): T[] => Array.from({ length: times }, () => value);

function encode(dtype: DType, values: readonly (number | bigint)[]): Uint8Array {
  const { byteLength } = dtypeInfo[dtype];
  const view = new DataView(new ArrayBuffer(values.length * byteLength));
  values.forEach((value, i) => elements[dtype].set(view, i * byteLength, value));
  return new Uint8Array(view.buffer);
}
