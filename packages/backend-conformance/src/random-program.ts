import type { ComputeDType, DType, Expr, Guard, Monoid, Operand, Param, Program, ScalarArguments, Store } from "@gradus/kernel-ir";
import { dtypeInfo, dtypes, ExprBuilder } from "@gradus/kernel-ir";
import { elements } from "@gradus/kernel-ir/interpreter";
import { Dice } from "./dice.js";

export interface RandomProgramOptions {
  /** Element types of the parameters; all of them unless told. A device passes those of its `limits`. */
  readonly dtypes?: readonly DType[];
  /** The most parameters that a program may have. */
  readonly buffers?: number;
  /**
   * `ieee`: any op on any value, NaN, infinities and subnormals among them. Two devices agree bit for bit (but for the bits of
   * NaN) where neither fuses multiply-add nor flushes subnormals.
   *
   * `exact`: floats hold small integers and meet only ops whose results are small integers too, and integers stay within 32 bits,
   * so that every right device agrees bit for bit, however it computes.
   */
  readonly arithmetic?: "ieee" | "exact";
}

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
  return new Draft(seed, options).program();
}

/** An axis of the program's index space and how many positions it has. */
interface Axis {
  readonly axis: number;
  readonly size: number;
}

/** An expression whose values are at most `bound` in magnitude; in `ieee` arithmetic bounds are not kept and are Infinity. */
interface Term {
  readonly expr: Expr;
  readonly bound: number;
}

/** Where expressions stand decides what they may refer to: axes, and results, sides of a combination or the element. */
interface Scope {
  readonly axes: readonly Axis[];
  readonly leaves: readonly Term[];
}

interface Layout {
  /** Where a point of the axes lies; the axis −1, which no program has, is left out. */
  readonly index: Expr;
  /** Elements from one position of the axis −1 to the next. */
  readonly step: number;
  /** Elements that a buffer needs. */
  readonly length: number;
}

/** In exact arithmetic, the largest literal or element, and what `#tame` leaves. Sums of 8704 or products of 4 tame values stay below 2²⁴. */
const smallBound = 8;
const tameBound = 50;

const isFloat = (dtype: ComputeDType): boolean => dtype === "float32" || dtype === "float64";
const isInt = (dtype: ComputeDType): boolean => dtype === "int32" || dtype === "int64";

class Draft {
  readonly #dice: Dice;
  readonly #builder = new ExprBuilder();
  readonly #exact: boolean;
  readonly #dtypes: readonly DType[];
  readonly #limit: number;
  readonly #params: Param[] = [];
  readonly #contents: { readonly dtype: DType; readonly values: (number | bigint)[] }[] = [];
  readonly #scalarTypes: ComputeDType[] = [];
  readonly #scalars: (number | bigint)[] = [];
  readonly #name: string;

  constructor(seed: number, options: RandomProgramOptions) {
    this.#dice = new Dice(seed);
    this.#exact = options.arithmetic === "exact";
    this.#dtypes = options.dtypes ?? dtypes;
    this.#limit = options.buffers ?? 8;
    this.#name = `random${String(seed)}`;
  }

  program(): RandomProgram {
    const make = this.#dice.pick([
      () => this.#kernel(), () => this.#kernel(), () => this.#kernel(), () => this.#kernel(),
      () => this.#contraction(), () => this.#contraction(),
      () => this.#scan(), () => this.#scatter(), () => this.#sort(),
    ]);
    const program = make();
    return { program, buffers: this.#contents.map(({ dtype, values }) => ({ dtype, bytes: encode(dtype, values) })), scalars: this.#scalars };
  }

  // ---- program kinds

  #kernel(): Program {
    const dice = this.#dice;
    const rank = dice.int(0, 3);
    const innerRank = dice.chance(0.5) ? dice.int(1, 2) : 0;
    const { outer, inner } = this.#space(rank, innerRank);
    const leaves: Term[] = [];
    const count = innerRank === 0 ? 0 : dice.int(0, 2);
    const reductions = Array.from({ length: count }, (_, reduction) => {
      const points = inner.reduce((product, { size }) => product * size, 1);
      const { monoid, lift, bounds } = this.#monoid({ axes: [...outer, ...inner], leaves: [...leaves] }, points);
      lift.forEach((term, slot) => leaves.push({ expr: this.#builder.result(reduction, slot, term.dtype), bound: bounds[slot] ?? Infinity }));
      return { monoid, lift, lanes: dice.pick([1, 16] as const) };
    });
    const stores = this.#stores(dice.int(1, 3), () => {
      const over = innerRank > 0 && dice.chance(0.6) ? "inner" : "outer";
      const axes = over === "outer" ? outer : [...outer, ...inner];
      return { over, ...this.#store(axes, leaves) };
    });
    const guards = this.#guards(outer, inner);
    return {
      kind: "kernel", ...this.#frame(guards), outer: this.#extents(outer), inner: this.#extents(inner), reductions, stores,
    };
  }

  #contraction(): Program {
    const dice = this.#dice;
    const roles = dice.shuffled([
      ...repeat("batch" as const, dice.int(0, 1)), ...repeat("m" as const, dice.int(0, 2)),
      ...repeat("n" as const, dice.int(0, 2)), ...repeat("k" as const, dice.int(0, 2)),
    ]);
    const sizes = roles.map(() => (dice.chance(0.02) ? 0 : dice.chance(0.15) ? dice.int(10, 21) : dice.int(1, roles.length > 4 ? 4 : 7)));
    const all = roles.map((role, axis) => ({ role, axis, size: sizes[axis] ?? 1 }));
    const dtype = dice.pick(this.#computeTypes());
    const left = this.#operand(all.filter(({ role }) => role !== "n"), dtype);
    const right = this.#operand(all.filter(({ role }) => role !== "m"), dtype);
    const kept = all.filter(({ role }) => role !== "k");
    const points = all.filter(({ role }) => role === "k").reduce((product, { size }) => product * size, 1);
    const result = { expr: this.#builder.result(0, 0, dtype), bound: this.#exact ? left.bound * right.bound * points : Infinity };
    const stores = this.#stores(dice.chance(0.2) ? 2 : 1, () => ({ over: "outer", ...this.#store(kept, [result], 0.8) }));
    const axes = all.map(({ role, size }) => ({ role, extent: this.#number(size) }));
    return { kind: "contraction", ...this.#frame(this.#guards(kept, [])), axes, left: left.operand, right: right.operand, dtype, stores };
  }

  #scan(): Program {
    const { outer, inner } = this.#space(this.#dice.int(0, 2), 1);
    const axes = [...outer, ...inner];
    const { monoid, lift, bounds } = this.#monoid({ axes, leaves: [] }, inner[0]?.size ?? 1);
    const leaves = lift.map((term, slot) => ({ expr: this.#builder.result(0, slot, term.dtype), bound: bounds[slot] ?? Infinity }));
    const stores = this.#stores(this.#dice.int(1, 2), () => ({ over: "inner", ...this.#store(axes, leaves, 0.7) }));
    return { kind: "scan", ...this.#frame(this.#guards(outer, inner)), outer: this.#extents(outer), inner: this.#extents(inner), monoid, lift, stores };
  }

  #scatter(): Program {
    const dice = this.#dice;
    const builder = this.#builder;
    const { outer, inner } = this.#space(dice.int(0, 2), dice.int(1, 2));
    const axes = [...outer, ...inner];
    const scope: Scope = { axes, leaves: [] };
    const dtype = dice.pick(this.#dtypes);
    const compute = dtypeInfo[dtype].compute;

    // Outer points own places of their own; the inner ones of a point meet wherever the data sends them.
    const places = dice.int(1, 6);
    const layout = this.#affine([...outer, { axis: -1, size: places }], true);
    const place = this.#selector(axes, places);
    const index = this.#at(layout, place);
    const value = this.#tame(this.#value(compute, scope, 2), tameBound);
    const left = { expr: builder.left(0, compute), bound: Infinity };
    const right = { expr: builder.right(0, compute), bound: value.bound };
    const combine = dice.chance(0.3) ? null : this.#join(compute, left, right);
    const when = dice.chance(0.4) ? this.#value("bool", scope, 1).expr : null;
    const param = this.#param(dtype, "inout", layout.length);
    return {
      kind: "scatter", ...this.#frame(this.#guards(outer, inner)), outer: this.#extents(outer), inner: this.#extents(inner),
      target: { param, index, value: this.#settled(value.expr), combine: combine === null ? null : this.#settled(combine), when },
    };
  }

  #sort(): Program {
    const dice = this.#dice;
    const { outer, inner } = this.#space(dice.int(0, 2), 1);
    const axes = [...outer, ...inner];
    const dtype = dice.pick(this.#computeTypes().filter((type) => type !== "bool"));
    // Plain loads have ties; a formula on top of them has few.
    const key = dice.chance(0.6) ? this.#load(dtype, { axes, leaves: [] }) : this.#value(dtype, { axes, leaves: [] }, 2);
    const results = [{ expr: this.#builder.result(0, 0, dtype), bound: key.bound }, { expr: this.#builder.result(0, 1, "int32"), bound: 64 }];
    const stores = this.#stores(dice.int(1, 2), (i) => ({ over: "inner", ...this.#store(axes, results.slice(i), 0.9) }));
    return {
      kind: "sort", ...this.#frame(this.#guards(outer, inner)), outer: this.#extents(outer), inner: this.#extents(inner),
      key: key.expr, descending: dice.chance(0.5), stores,
    };
  }

  /** As many stores as there is room for, and at least one: loads leave a parameter for it. */
  #stores(count: number, make: (i: number) => Store): Store[] {
    const stores = [make(0)];
    for (let i = 1; i < count && this.#room() > 0; i++) stores.push(make(i));
    return stores;
  }

  #frame(guards: readonly Guard[]): { name: string; params: readonly Param[]; scalars: readonly ComputeDType[]; guards: readonly Guard[] } {
    return { name: this.#name, params: this.#params, scalars: this.#scalarTypes, guards };
  }

  // ---- index spaces, parameters, scalars

  #space(rank: number, innerRank: number): { readonly outer: readonly Axis[]; readonly inner: readonly Axis[] } {
    const dice = this.#dice;
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

  #extents(axes: readonly Axis[]): Expr[] {
    return axes.map(({ size }) => this.#number(size));
  }

  /** An int32 as a literal or as a scalar argument: programs may have either in each place. */
  #number(value: number, literal = 0.5): Expr {
    return this.#dice.chance(literal) ? this.#builder.int(value) : this.#scalar("int32", value);
  }

  #scalar(dtype: ComputeDType, value: number | bigint): Expr {
    this.#scalarTypes.push(dtype);
    this.#scalars.push(value);
    return this.#builder.scalar(this.#scalars.length - 1, dtype);
  }

  /** Parameters that may still be added. */
  #room(): number {
    return this.#limit - this.#params.length;
  }

  #param(dtype: DType, access: Param["access"], length: number, values = Array.from({ length }, () => this.#element(dtype))): number {
    this.#params.push({ dtype, access });
    this.#contents.push({ dtype, values });
    return this.#params.length - 1;
  }

  /** Types that expressions may have: those of the elements, and the types of positions and conditions. */
  #computeTypes(): readonly ComputeDType[] {
    return [...new Set<ComputeDType>(this.#dtypes.map((dtype) => dtypeInfo[dtype].compute))];
  }

  /** A value of an element type. */
  #element(dtype: DType): number | bigint {
    const dice = this.#dice;
    const { kind, compute } = dtypeInfo[dtype];
    if (kind === "bool") return dice.int(0, 1);
    if (kind === "int") {
      if (!this.#exact && dice.chance(0.1)) {
        const extremes = dice.pick([[-1, 1], [0x7fffffff, -0x80000000], [128, 255], [0x10000, -0x8001]] as const);
        const value = dice.pick(extremes);
        return compute === "int64" ? BigInt.asIntN(64, BigInt(value) * (dice.chance(0.5) ? 0x1_0000_0001n : 1n)) : value;
      }
      const value = dice.int(dtype === "uint8" ? 0 : -smallBound, smallBound);
      return compute === "int64" ? BigInt(value) : value;
    }
    if (this.#exact) return dice.int(-smallBound, smallBound);
    if (dice.chance(0.12)) return dice.pick([NaN, Infinity, -Infinity, -0, 0, 1e-45, -1.2e-38, 3.4e38, 6e-8, 65519, 0.5, 1]);
    if (dice.chance(0.1)) return (dice.next() - 0.5) * 2 ** dice.int(-130, 120);
    return (dice.next() - 0.5) * 16;
  }

  // ---- layouts

  /** offset + Σ position·stride over the axes in some order. No two points share an element where it is `injective`. */
  #affine(axes: readonly Axis[], injective: boolean): Layout {
    const dice = this.#dice;
    const order = dice.chance(0.6) ? [...axes].reverse() : dice.shuffled(axes);
    const [offset0, slack] = [dice.chance(0.3) ? dice.int(1, 3) : 0, dice.chance(0.3) ? dice.int(1, 3) : 0];
    let next = 1;
    let [lowest, highest] = [0, 0];
    const terms = order.map(({ axis, size }) => {
      const stride = next * (dice.chance(0.12) ? 2 : 1);
      if (!injective && dice.chance(0.15)) return { axis, stride: 0 };
      const reversed = dice.chance(0.08);
      next = stride * Math.max(1, size);
      const span = stride * Math.max(0, size - 1);
      if (reversed) lowest -= span;
      else highest += span;
      return { axis, stride: reversed ? -stride : stride };
    });
    const offset = offset0 - lowest;
    const index = terms.reduce(
      (sum, { axis, stride }) => (axis < 0 ? sum : this.#builder.add(sum, this.#product(this.#builder.index(axis), stride))),
      offset === 0 && dice.chance(0.7) ? this.#builder.int(0) : this.#number(offset),
    );
    return { index, step: terms.find(({ axis }) => axis < 0)?.stride ?? 0, length: offset + highest + 1 + slack };
  }

  #product(position: Expr, stride: number): Expr {
    const factor = this.#number(stride, stride === 0 || stride === 1 ? 0.85 : 0.4);
    return this.#dice.chance(0.5) ? this.#builder.mul(position, factor) : this.#builder.mul(factor, position);
  }

  /** The index with a computed position along the axis −1. */
  #at(layout: Layout, position: Expr): Expr {
    return this.#builder.add(layout.index, this.#product(position, layout.step));
  }

  /** A position in [0, size) that the data decide. */
  #selector(axes: readonly Axis[], size: number): Expr {
    const dtype = this.#dice.pick(this.#dtypes.filter((candidate) => dtypeInfo[candidate].kind === "int" || candidate === "bool"));
    const layout = this.#affine(axes, false);
    const highest = dtype === "bool" ? Math.min(2, size) - 1 : size - 1;
    const values = Array.from({ length: layout.length }, () => {
      const value = this.#dice.int(0, highest);
      return dtypeInfo[dtype].compute === "int64" ? BigInt(value) : value;
    });
    return this.#builder.cast(this.#builder.load(this.#param(dtype, "in", layout.length, values), dtype, layout.index), "int32");
  }

  // ---- loads and stores

  /** An element of a parameter, widened to `compute`, in one of the ways that programs read memory. */
  #load(compute: ComputeDType, scope: Scope): Term {
    const dice = this.#dice;
    const candidates = this.#dtypes.filter((dtype) => dtypeInfo[dtype].compute === compute);
    if (candidates.length === 0 || this.#room() < 3) return this.#constant(compute);
    const dtype = dice.pick(candidates);
    const bound = this.#exact ? (compute === "bool" ? 1 : smallBound) : Infinity;
    const axis = scope.axes.length === 0 ? undefined : dice.pick(scope.axes);
    const builder = this.#builder;
    const access = axis === undefined ? "plain" : dice.pick(["plain", "plain", "plain", "predicated", "gathered", "folded"] as const);
    const others = scope.axes.filter((one) => one !== axis);
    switch (axis === undefined ? "plain" : access) {
      case "predicated": {
        // A window that reaches over the edges of a dimension, as padding does.
        const size = dice.int(1, Math.max(1, axis?.size ?? 1));
        const layout = this.#affine([...others, { axis: -1, size }], false);
        const position = builder.sub(builder.mul(builder.index(axis?.axis ?? 0), this.#number(dice.int(1, 2))), this.#number(dice.int(0, 2)));
        const when = builder.and(builder.le(builder.int(0), position), builder.lt(position, this.#number(size)));
        const otherwise = this.#constant(compute);
        const param = this.#param(dtype, "in", layout.length);
        return { expr: builder.load(param, dtype, this.#at(layout, position), { when, otherwise: otherwise.expr }), bound };
      }
      case "gathered": {
        const size = dice.int(1, 9);
        const layout = this.#affine([...others, { axis: -1, size }], false);
        const index = this.#at(layout, this.#selector(scope.axes, size));
        return { expr: builder.load(this.#param(dtype, "in", layout.length), dtype, index), bound };
      }
      case "folded": {
        // One axis read as two, as a reshape of a transposed tensor does.
        const size = dice.int(1, 4);
        const [row, column] = [builder.div(builder.index(axis?.axis ?? 0), builder.int(size)), builder.rem(builder.index(axis?.axis ?? 0), builder.int(size))];
        const rows = Math.floor(Math.max(0, (axis?.size ?? 1) - 1) / size) + 1;
        const layout = this.#affine(others, false);
        const step = layout.length;
        const index = builder.add(layout.index, builder.add(this.#product(row, step), this.#product(column, step * rows)));
        return { expr: builder.load(this.#param(dtype, "in", step * rows * size), dtype, index), bound };
      }
      default: {
        const layout = this.#affine(dice.chance(0.2) ? others : scope.axes, false);
        return { expr: builder.load(this.#param(dtype, "in", layout.length), dtype, layout.index), bound };
      }
    }
  }

  /** A store at the points of `axes`, of a value that is one of the leaves with `direct` probability, to a parameter of its own. */
  #store(axes: readonly Axis[], leaves: readonly Term[], direct = 0.3): Omit<Store, "over"> {
    const dice = this.#dice;
    const leaf = leaves.length > 0 && dice.chance(direct) ? dice.pick(leaves) : undefined;
    const wanted = leaf === undefined ? this.#dtypes : this.#dtypes.filter((one) => dtypeInfo[one].compute === leaf.expr.dtype);
    const dtype = dice.pick(wanted.length > 0 ? wanted : this.#dtypes);
    const compute = dtypeInfo[dtype].compute;
    const layout = this.#affine(axes, true);
    const inout = dice.chance(0.3);
    const param = this.#param(dtype, inout ? "inout" : "out", layout.length);
    const before = inout ? [{ expr: this.#builder.load(param, dtype, layout.index), bound: this.#exact ? smallBound : Infinity }] : [];
    const scope = { axes, leaves: [...leaves, ...before, ...before] };
    const value = leaf === undefined ? this.#value(compute, scope, dice.int(0, 4)) : leaf.expr.dtype === compute ? leaf : this.#cast(leaf, compute);
    const total = before[0] !== undefined && compute !== "bool" && dice.chance(0.5) ? this.#sum(value, before[0]) : value;
    return { param, index: layout.index, value: this.#settled(total.expr) };
  }

  #guards(outer: readonly Axis[], inner: readonly Axis[]): Guard[] {
    const dice = this.#dice;
    if (!dice.chance(0.2)) return [];
    const over = inner.length > 0 && dice.chance(0.5) ? "inner" : "outer";
    const axes = over === "outer" ? outer : [...outer, ...inner];
    const axis = axes.length === 0 ? undefined : dice.pick(axes);
    const mayFail = axis === undefined || dice.chance(0.15);
    const holds = mayFail ? this.#value("bool", { axes, leaves: [] }, 1).expr : this.#builder.lt(this.#builder.index(axis.axis), this.#number(axis.size));
    return [{ over, holds, message: `${this.#name}: expected the guard to hold` }];
  }

  // ---- contractions

  #operand(axes: readonly Axis[], dtype: ComputeDType): { readonly operand: Operand; readonly bound: number } {
    const dice = this.#dice;
    const same = this.#dtypes.filter((one) => dtypeInfo[one].compute === dtype);
    const element = dice.pick(dice.chance(0.9) ? same : this.#dtypes);
    const builder = this.#builder;

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
        terms: window.map(({ axis, scale }) => ({ axis, scale: this.#number(scale) })),
        shift, divisor, bounded: true, size: dice.int(1, Math.max(1, Math.ceil(reach / divisor))),
      });
    }
    let next = 1;
    const coordinates = dimensions.map(({ terms, shift, divisor, bounded, size }) => {
      const stride = next * (dice.chance(0.1) ? 2 : 1);
      next = stride * Math.max(1, size);
      return {
        terms,
        shift: bounded ? this.#number(shift) : builder.int(shift),
        divisor: bounded ? this.#number(divisor) : builder.int(1),
        extent: bounded ? this.#number(size) : dice.chance(0.2) ? this.#number(size) : null,
        stride: this.#number(stride, stride === 1 ? 0.85 : 0.4),
      };
    });
    const offset = dice.chance(0.2) ? dice.int(1, 3) : 0;
    const param = this.#param(element, "in", offset + next);
    const compute = dtypeInfo[element].compute;
    const loaded = { expr: builder.element(compute), bound: this.#exact ? (compute === "bool" ? 1 : smallBound) : Infinity };
    const prologue = dice.chance(0.25) ? this.#tame(this.#value(compute, { axes: [], leaves: [loaded, loaded, loaded] }, 1, false), tameBound) : null;
    return {
      operand: { param, offset: this.#number(offset), coordinates: dice.shuffled(coordinates), prologue: prologue?.expr ?? null },
      bound: (prologue ?? loaded).bound,
    };
  }

  // ---- monoids

  #monoid(scope: Scope, points: number): { readonly monoid: Monoid; readonly lift: readonly Expr[]; readonly bounds: readonly number[] } {
    const builder = this.#builder;
    const dice = this.#dice;
    const types = this.#computeTypes();
    const of = (dtype: ComputeDType, identity: number, join: (left: Term, right: Term) => Expr, lift: Term, bound: number) => ({
      monoid: {
        identity: [builder.const(identity, dtype)],
        combine: [join({ expr: builder.left(0, dtype), bound: Infinity }, { expr: builder.right(0, dtype), bound: Infinity })],
      },
      lift: [lift.expr],
      bounds: [bound],
    });
    const numbers = types.filter((dtype) => dtype !== "bool");
    const dtype = dice.pick(numbers.length > 0 && dice.chance(0.85) ? numbers : types);
    const lift = this.#tame(this.#value(dtype, scope, 2), tameBound);
    if (dtype === "bool") {
      const any = dice.chance(0.5);
      return of(dtype, any ? 0 : 1, (l, r) => (any ? builder.or(l.expr, r.expr) : builder.and(l.expr, r.expr)), lift, 1);
    }
    const least = isFloat(dtype) ? -Infinity : dtype === "int64" && !this.#exact ? -(2 ** 53) : -(2 ** 31);
    switch (dice.pick(["sum", "sum", "max", "min", "position", "affine", "moments", "product"] as const)) {
      case "max":
        return of(dtype, least, (l, r) => builder.max(l.expr, r.expr), lift, Infinity);
      case "min":
        return of(dtype, isFloat(dtype) ? Infinity : 2 ** 31 - 1, (l, r) => builder.min(l.expr, r.expr), lift, Infinity);
      case "position": {
        // The largest value and the first place where it stands.
        const [l, r] = [builder.left(0, dtype), builder.right(0, dtype)];
        const [li, ri] = [builder.left(1, "int32"), builder.right(1, "int32")];
        const inner = scope.axes.at(-1);
        const takes = builder.or(builder.lt(l, r), builder.and(builder.eq(l, r), builder.lt(ri, li)));
        return {
          monoid: {
            identity: [builder.const(least, dtype), builder.int(2 ** 31 - 1)],
            combine: [builder.select(takes, r, l), builder.select(takes, ri, li)],
          },
          lift: [lift.expr, inner === undefined ? builder.int(0) : builder.index(inner.axis)],
          bounds: [Infinity, Infinity],
        };
      }
      case "affine": {
        // x → a·x + b, first the left one and then the right: associative and not commutative. Integers wrap.
        const [a, b, c, d] = [builder.left(0, "int32"), builder.left(1, "int32"), builder.right(0, "int32"), builder.right(1, "int32")];
        const [first, second] = [this.#value("int32", scope, 1), this.#value("int32", scope, 1)];
        return {
          monoid: {
            identity: [builder.int(1), builder.int(0)],
            combine: [builder.mul(a, c), builder.add(builder.mul(b, c), d)],
          },
          lift: [first.expr, second.expr],
          bounds: [Infinity, Infinity],
        };
      }
      case "moments":
        if (!this.#exact && isFloat(dtype)) return this.#moments(dtype, lift);
        break;
      case "product":
        if (!this.#exact) return of(dtype, 1, (l, r) => builder.mul(l.expr, r.expr), lift, Infinity);
        break;
      case "sum":
        break;
    }
    return of(dtype, 0, (l, r) => builder.add(l.expr, r.expr), lift, lift.bound * Math.max(1, points));
  }

  /** Count, mean and squared deviations, joined as Chan, Golub and LeVeque do. */
  #moments(dtype: ComputeDType, lift: Term): { readonly monoid: Monoid; readonly lift: readonly Expr[]; readonly bounds: readonly number[] } {
    const b = this.#builder;
    const [n1, mean1, m1] = [b.left(0, dtype), b.left(1, dtype), b.left(2, dtype)];
    const [n2, mean2, m2] = [b.right(0, dtype), b.right(1, dtype), b.right(2, dtype)];
    const n = b.add(n1, n2);
    const share = b.select(b.eq(n, b.like(0, n)), b.like(0, n), b.div(n2, n));
    const delta = b.sub(mean2, mean1);
    const square = b.mul(b.mul(b.mul(delta, delta), n1), share);
    return {
      monoid: {
        identity: [b.like(0, n), b.like(0, n), b.like(0, n)],
        combine: [n, b.add(mean1, b.mul(delta, share)), b.add(b.add(m1, m2), square)],
      },
      lift: [b.like(1, n), lift.expr, b.like(0, n)],
      bounds: [Infinity, Infinity, Infinity],
    };
  }

  /** A combination for a scatter: associative or not, it is applied in source order. */
  #join(dtype: ComputeDType, left: Term, right: Term): Expr {
    const builder = this.#builder;
    const [l, r] = [left.expr, right.expr];
    if (dtype === "bool") return this.#dice.pick([builder.and(l, r), builder.or(l, r), builder.xor(l, r)]);
    return this.#dice.pick([builder.add(l, r), builder.max(l, r), builder.min(l, r), builder.sub(l, r)]);
  }

  // ---- values

  #constant(dtype: ComputeDType): Term {
    const dice = this.#dice;
    const value = this.#element(dtype);
    const bound = dtype === "bool" ? 1 : this.#exact ? smallBound : Infinity;
    return { expr: dice.chance(0.5) ? this.#builder.const(value, dtype) : this.#scalar(dtype, value), bound };
  }

  #leaf(dtype: ComputeDType, scope: Scope, loads: boolean): Term {
    const dice = this.#dice;
    const given = scope.leaves.filter(({ expr }) => expr.dtype === dtype);
    if (given.length > 0 && dice.chance(0.6)) return dice.pick(given);
    if (dtype === "int32" && scope.axes.length > 0 && dice.chance(0.2)) {
      const { axis, size } = dice.pick(scope.axes);
      return { expr: this.#builder.index(axis), bound: Math.max(1, size) };
    }
    return loads && dice.chance(0.75) ? this.#load(dtype, scope) : this.#constant(dtype);
  }

  /** An expression of type `dtype` with up to `depth` ops one above the other. */
  #value(dtype: ComputeDType, scope: Scope, depth: number, loads = true): Term {
    const dice = this.#dice;
    if (depth <= 0 || dice.chance(0.1)) return this.#leaf(dtype, scope, loads);
    const builder = this.#builder;
    const of = (type: ComputeDType): Term => this.#value(type, scope, depth - 1, loads);
    const types = this.#computeTypes();
    if (dice.chance(0.12)) return this.#cast(of(dice.pick(types)), dtype);
    if (dice.chance(0.12)) {
      const [condition, yes, no] = [of("bool"), of(dtype), of(dtype)];
      return { expr: builder.select(condition.expr, yes.expr, no.expr), bound: Math.max(yes.bound, no.bound) };
    }
    if (dtype === "bool") {
      if (dice.chance(0.3)) {
        const [a, b] = [of("bool"), of("bool")];
        const op = dice.pick(["and", "or", "xor", "eq", "ne", "not"] as const);
        return { expr: op === "not" ? builder.not(a.expr) : builder.alu(op, a.expr, b.expr), bound: 1 };
      }
      const type = dice.pick(types.filter((one) => one !== "bool"));
      const op = dice.pick(["eq", "ne", "lt", "le"] as const);
      return { expr: builder.alu(op, of(type).expr, of(type).expr), bound: 1 };
    }
    return this.#exact ? this.#exactOp(dtype, of) : this.#anyOp(dtype, of);
  }

  #exactOp(dtype: ComputeDType, of: (dtype: ComputeDType) => Term): Term {
    const builder = this.#builder;
    const a = this.#tame(of(dtype));
    const both = (op: "min" | "max" | "and" | "or" | "xor", bound: (x: number, y: number) => number): Term => {
      const b = this.#tame(of(dtype));
      return { expr: builder.alu(op, a.expr, b.expr), bound: bound(a.bound, b.bound) };
    };
    // Bits that are needed for either operand, with its sign.
    const bits = (x: number, y: number): number => 2 ** Math.ceil(Math.log2(Math.max(x, y) + 1));
    const steps: readonly (() => Term)[] = [
      () => this.#sum(a, this.#tame(of(dtype))),
      () => this.#sum(a, { expr: builder.neg(a.expr), bound: a.bound }),
      () => {
        const b = this.#tame(of(dtype));
        return { expr: builder.mul(a.expr, b.expr), bound: a.bound * b.bound };
      },
      () => both("min", Math.max),
      () => both("max", Math.max),
      () => ({ expr: builder.neg(a.expr), bound: a.bound }),
      () => ({ expr: builder.abs(a.expr), bound: a.bound }),
    ];
    const floats: readonly (() => Term)[] = (["floor", "ceil", "trunc", "round"] as const).map((op) => () => ({ expr: builder.alu(op, a.expr), bound: a.bound }));
    const integers: readonly (() => Term)[] = [
      () => both("and", bits),
      () => both("or", bits),
      () => both("xor", bits),
      () => ({ expr: builder.not(a.expr), bound: a.bound + 1 }),
      () => ({ expr: builder.div(a.expr, of(dtype).expr), bound: a.bound }),
      () => ({ expr: builder.rem(a.expr, of(dtype).expr), bound: a.bound }),
      () => ({ expr: builder.shl(a.expr, builder.const(3, dtype)), bound: a.bound * 8 }),
      () => ({ expr: builder.shr(a.expr, builder.const(2, dtype)), bound: a.bound }),
    ];
    return this.#tame(this.#dice.pick([...steps, ...steps, ...(isFloat(dtype) ? floats : integers)])());
  }

  #anyOp(dtype: ComputeDType, of: (dtype: ComputeDType) => Term): Term {
    const builder = this.#builder;
    const unary = ["neg", "abs"] as const;
    const binary = ["add", "sub", "mul", "add", "sub", "mul", "div", "rem", "min", "max"] as const;
    const floats = ["sqrt", "floor", "ceil", "trunc", "round"] as const;
    const functions = ["exp", "log", "sin", "cos", "tanh", "erf", "pow"] as const;
    const integers = ["and", "or", "xor", "shl", "shr", "ushr", "not"] as const;
    const group = this.#dice.pick<readonly (typeof unary | typeof binary | typeof floats | typeof functions | typeof integers)[number][]>([
      unary, binary, binary, binary, ...(isFloat(dtype) ? [floats, functions] : [integers, integers]),
    ]);
    const op = this.#dice.pick(group);
    const a = of(dtype).expr;
    const isUnary = ["neg", "abs", "not", ...floats, "exp", "log", "sin", "cos", "tanh", "erf"].includes(op);
    return { expr: isUnary ? builder.alu(op, a) : builder.alu(op, a, of(dtype).expr), bound: Infinity };
  }

  #sum(a: Term, b: Term): Term {
    if (!this.#exact) return { expr: this.#builder.add(a.expr, b.expr), bound: Infinity };
    const [x, y] = [this.#tame(a), this.#tame(b)];
    return { expr: this.#builder.add(x.expr, y.expr), bound: x.bound + y.bound };
  }

  /** What is written. A device may ignore the sign of zero, so exact arithmetic writes only one of the two. */
  #settled(value: Expr): Expr {
    if (!this.#exact || !isFloat(value.dtype)) return value;
    const zero = this.#builder.like(0, value);
    return this.#builder.select(this.#builder.eq(value, zero), zero, value);
  }

  #cast(term: Term, dtype: ComputeDType): Term {
    const from = this.#tame(term);
    return { expr: this.#builder.cast(from.expr, dtype), bound: dtype === "bool" ? 1 : from.bound };
  }

  /** The same while it is small, something small where it could grow too large to stay exact. */
  #tame(term: Term, limit = 2 ** 12): Term {
    if (!this.#exact || term.bound <= limit) return term;
    const { dtype } = term.expr;
    if (dtype === "bool") return term;
    const builder = this.#builder;
    if (isInt(dtype)) return { expr: builder.rem(term.expr, builder.const(tameBound + 1, dtype)), bound: tameBound };
    return { expr: builder.max(builder.const(-tameBound, dtype), builder.min(builder.const(tameBound, dtype), term.expr)), bound: tameBound };
  }
}

const repeat = <T>(value: T, times: number): T[] => Array.from({ length: times }, () => value);

function encode(dtype: DType, values: readonly (number | bigint)[]): Uint8Array {
  const { byteLength } = dtypeInfo[dtype];
  const view = new DataView(new ArrayBuffer(values.length * byteLength));
  values.forEach((value, i) => elements[dtype].set(view, i * byteLength, value));
  return new Uint8Array(view.buffer);
}
