import type { Guard, Store } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import type { Axis, Draft, Term } from "./draft.js";
import { smallBound } from "./draft.js";
import { affine } from "./layouts.js";
import { cast, randomValue, settled, sumOf } from "./values.js";

/** As many stores as there is room for, and at least one: loads leave a parameter for it. */
export function randomStores(draft: Draft, count: number, make: (i: number) => Store): Store[] {
  const stores = [make(0)];
  for (let i = 1; i < count && draft.room() > 0; i++) stores.push(make(i));
  return stores;
}

/** A store at the points of `axes`, of a value that is one of the leaves with `direct` probability, to a parameter of its own. */
export function randomStore(draft: Draft, axes: readonly Axis[], leaves: readonly Term[], direct = 0.3): Omit<Store, "over"> {
  const dice = draft.dice;
  const leaf = leaves.length > 0 && dice.chance(direct) ? dice.pick(leaves) : undefined;
  const wanted = leaf === undefined ? draft.dtypes : draft.dtypes.filter((one) => dtypeInfo[one].compute === leaf.expr.dtype);
  const dtype = dice.pick(wanted.length > 0 ? wanted : draft.dtypes);
  const compute = dtypeInfo[dtype].compute;
  const layout = affine(draft, axes, true);
  const inout = dice.chance(0.3);
  const param = draft.param(dtype, inout ? "inout" : "out", layout.length);
  const before = inout ? [{ expr: draft.builder.load(param, dtype, layout.index), bound: draft.exact ? smallBound : Infinity }] : [];
  const scope = { axes, leaves: [...leaves, ...before, ...before] };
  const value = leaf === undefined ? randomValue(draft, compute, scope, dice.int(0, 4)) : leaf.expr.dtype === compute ? leaf : cast(draft, leaf, compute);
  const total = before[0] !== undefined && compute !== "bool" && dice.chance(0.5) ? sumOf(draft, value, before[0]) : value;
  return { param, index: layout.index, value: settled(draft, total.expr) };
}

export function randomGuards(draft: Draft, outer: readonly Axis[], inner: readonly Axis[]): Guard[] {
  const dice = draft.dice;
  if (!dice.chance(0.2)) return [];
  const over = inner.length > 0 && dice.chance(0.5) ? "inner" : "outer";
  const axes = over === "outer" ? outer : [...outer, ...inner];
  const axis = axes.length === 0 ? undefined : dice.pick(axes);
  const mayFail = axis === undefined || dice.chance(0.15);
  const holds = mayFail ? randomValue(draft, "bool", { axes, leaves: [] }, 1).expr : draft.builder.lt(draft.builder.index(axis.axis), draft.number(axis.size));
  return [{ over, holds, message: `${draft.name}: expected the guard to hold` }];
}
