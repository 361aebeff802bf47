import type { ComputeDType, Operand } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import type { Axis, Draft } from "./draft.js";
import { smallBound, tameBound } from "./draft.js";
import { randomValue, tame } from "./values.js";

export function randomOperand(draft: Draft, axes: readonly Axis[], dtype: ComputeDType): { readonly operand: Operand; readonly bound: number } {
  const dice = draft.dice;
  const same = draft.dtypes.filter((one) => dtypeInfo[one].compute === dtype);
  const element = dice.pick(dice.chance(0.9) ? same : draft.dtypes);
  const builder = draft.builder;

  // Each dimension of the operand is one axis, or a window of two with stride, dilation, padding and divisor.
  const dimensions: { terms: Operand["coordinates"][number]["terms"]; shift: number; divisor: number; bounded: boolean; size: number }[] = [];
  const rest = dice.shuffled(axes).filter(() => !dice.chance(0.08));
  for (let first = rest.pop(); first !== undefined; first = rest.pop()) {
    const second = dice.chance(0.35) ? rest.pop() : undefined;
    if (second === undefined && dice.chance(0.8)) {
      dimensions.push({ terms: [{ axis: first.axis, scale: builder.int(1) }], shift: 0, divisor: 1, bounded: false, size: first.size });
      continue;
    }
    const window = [first, ...(second === undefined ? [] : [second])].map(({ axis, size }) => ({ axis, size, scale: dice.pick([1, 1, 2, 3, -1]) }));
    const reach = window.reduce((sum, { size, scale }) => sum + Math.max(0, size - 1) * Math.abs(scale), 1);
    const shift = window.reduce((sum, { size, scale }) => sum + (scale < 0 ? Math.max(0, size - 1) : 0), 0) - dice.int(0, 2);
    const divisor = dice.pick([1, 1, 1, 2, 3]);
    dimensions.push({
      terms: window.map(({ axis, scale }) => ({ axis, scale: draft.number(scale) })),
      shift, divisor, bounded: true, size: dice.int(1, Math.max(1, Math.ceil(reach / divisor))),
    });
  }
  let next = 1;
  const coordinates = dimensions.map(({ terms, shift, divisor, bounded, size }) => {
    const stride = next * (dice.chance(0.1) ? 2 : 1);
    next = stride * Math.max(1, size);
    return {
      terms,
      shift: bounded ? draft.number(shift) : builder.int(shift),
      divisor: bounded ? draft.number(divisor) : builder.int(1),
      extent: bounded ? draft.number(size) : dice.chance(0.2) ? draft.number(size) : null,
      stride: draft.number(stride, stride === 1 ? 0.85 : 0.4),
    };
  });
  const offset = dice.chance(0.2) ? dice.int(1, 3) : 0;
  const param = draft.param(element, "in", offset + next);
  const compute = dtypeInfo[element].compute;
  const loaded = { expr: builder.element(compute), bound: draft.exact ? (compute === "bool" ? 1 : smallBound) : Infinity };
  const prologue = dice.chance(0.25) ? tame(draft, randomValue(draft, compute, { axes: [], leaves: [loaded, loaded, loaded] }, 1, false), tameBound) : null;
  return {
    operand: { param, offset: draft.number(offset), coordinates: dice.shuffled(coordinates), prologue: prologue?.expr ?? null },
    bound: (prologue ?? loaded).bound,
  };
}
