import type { ComputeDType, DType, Executable, Expr, Guard, Monoid, Over, Program, Reduction, Scan, Scatter, Sort, Store } from "@gradus/kernel-ir";
import { dtypeInfo, ExprBuilder } from "@gradus/kernel-ir";
import type { Device } from "../device.js";
import type { Storage } from "../storage.js";
import { dtypeCode, Signature, SignatureMap } from "./signature.js";

/**
 * From an op's formula to a dispatch.
 *
 * A `KernelOp` is a formula over the elements of its operands. A call brings operands, each with a layout over the outer and inner axes of one index
 * space. Axes that all operands step through alike are merged, so that most calls have one axis. What is left is looked
 * up by element types and by the *class* of each stride (0, 1, other, and 2 in windows); extents, offsets and other strides are scalar
 * arguments. The kernel itself is only built when that combination is new.
 */

/**
 * An operand of a call: elements of a storage, stepped through along the axes of the index space. Without a storage it is
 * a coordinate: only the number `offset + Σ index · stride`, which a formula may compute with.
 */
export interface KernelOperand {
  readonly storage: Storage | null;
  readonly offset: number;
  /** Strides along the outer axes, then the inner ones. Zero on inner axes for an operand over the outer space only. */
  readonly strides: readonly number[];
}

/** The index space of a call. */
export interface KernelSpace {
  readonly outer: readonly number[];
  readonly inner: readonly number[];
  /** Make the inner extents literals of the program: for small windows, whose loops a generator can then unroll. */
  readonly literalInner?: boolean;
}

/** What a formula is written with. */
export interface KernelBody {
  readonly k: ExprBuilder;
  /** The arithmetic that the op computes in. */
  readonly compute: ComputeDType;
  /** Input `i` at the current point, in its own arithmetic, or cast to `as`. */
  input(i: number, as?: ComputeDType): Expr;
  /** The element of input `i` that stands `distance` elements after the current one. */
  inputAt(i: number, distance: Expr, predicate?: { when: Expr; otherwise: Expr }): Expr;
  /** The value of coordinate `i` of the inputs, int32. */
  coordinate(i: number): Expr;
  /** The number that the caller passed, in the op's arithmetic unless `as` says otherwise. */
  scalar(i: number, as?: ComputeDType): Expr;
  /** Row-major position of the current point in the outer or the inner space, int32. */
  position(over: Over): Expr;
  /** Number of points of the inner space, int32. */
  innerCount(): Expr;
  reduce(monoid: Monoid, lift: readonly Expr[]): readonly Expr[];
  /** Sum over the inner space. */
  sum(value: Expr): Expr;
  /** Maximum and minimum of numbers over the inner space; NaN wins. */
  max(value: Expr): Expr;
  min(value: Expr): Expr;
  /** The maximum that passes over NaN, which costs less: for what NaN will spoil anyway. The least number where there is nothing else. */
  maxBesidesNaN(value: Expr): Expr;
  /** Writes output `j`; the value is converted to the output's element type. */
  store(j: number, value: Expr, over?: Over): void;
  guard(holds: Expr, message: string, over?: Over): void;
  /**
   * Makes the program a scatter: at each inner point, in order, output `j` takes `value` at `distance` elements from its
   * current place. `combine` joins what is there with it; null replaces.
   */
  scatter(j: number, distance: Expr, value: Expr, combine: ((there: Expr, value: Expr) => Expr) | null, when?: Expr): void;
  /** Makes the program a scan along the inner space: gives the running result, which includes the current point. */
  scan(monoid: Monoid, lift: readonly Expr[]): readonly Expr[];
  /** Makes the program a stable sort along the inner axis: gives the key of the current rank and the position it came from. */
  sort(key: Expr, descending: boolean): readonly [key: Expr, from: Expr];
}

export interface KernelFormula {
  readonly name: string;
  build(body: KernelBody): void;
}

interface Variant {
  readonly executable: Executable;
  /** Scratch for the arguments of a dispatch, so that a call allocates nothing. */
  readonly scalars: (number | bigint)[];
  readonly generation: number;
}

const computeCode: Record<ComputeDType, number> = { float32: 0, float64: 1, int64: 2, int32: 3, bool: 4 };

/** What an op has prepared on a device. */
class Variants {
  /** Of calls over one row-major axis, by a number. */
  readonly flat = new Map<number, Variant>();
  readonly general = new SignatureMap<Variant>();
}

const signature = /* @__PURE__ */ new Signature();

export class KernelOp {
  readonly #variants = new WeakMap<Device, Variants>();
  #lastDevice: Device | null = null;
  #lastVariants: Variants | null = null;
  readonly #buffers: NonNullable<Storage["buffer"]>[] = [];

  constructor(readonly formula: KernelFormula) {}

  get name(): string {
    return this.formula.name;
  }

  #variantsOf(device: Device): Variants {
    if (this.#lastDevice === device && this.#lastVariants !== null) return this.#lastVariants;
    let variants = this.#variants.get(device);
    if (variants === undefined) {
      variants = new Variants();
      this.#variants.set(device, variants);
    }
    this.#lastDevice = device;
    this.#lastVariants = variants;
    return variants;
  }

  /**
   * The common case with next to no work: every operand row-major over the whole of one outer axis, in storages of their
   * own (`inputs` may repeat a storage at the same offset).
   */
  runFlat(device: Device, count: number, inputs: readonly FlatOperand[], output: FlatOperand, compute: ComputeDType, user: readonly (number | bigint)[]): void {
    if (count === 0) return;
    let key = computeCode[compute] * 16 + dtypeCode[output.storage.dtype];
    let repeats = 0;
    for (let i = 0; i < inputs.length; i++) {
      const { storage } = inputs[i] as FlatOperand;
      key = key * 16 + dtypeCode[storage.dtype];
      for (let j = 0; j < i; j++) {
        if (inputs[j]?.storage === storage) {
          repeats = repeats * 8 + i * 2 + 1;
          break;
        }
      }
      if (storage === output.storage) repeats = -1;
    }
    if (repeats !== 0 || inputs.length > 6) {
      const operands = [...inputs, output].map(({ storage, offset }) => ({ storage, offset, strides: [1] }));
      this.run(device, { outer: [count], inner: [] }, operands.slice(0, -1), operands.slice(-1), compute, user);
      return;
    }
    const variants = this.#variantsOf(device).flat;
    let variant = variants.get(key);
    if (variant?.generation !== device.generation) {
      const operands = [...inputs, output].map(({ storage, offset }) => ({ storage, offset, strides: [1] }));
      variant = this.#prepare(device, { outer: [count], inner: [] }, operands, inputs.length, compute, user.length);
      variants.set(key, variant);
    }
    const { scalars } = variant;
    const buffers = this.#buffers;
    scalars[0] = count;
    let at = 1;
    for (let i = 0; i < inputs.length; i++) {
      const { storage, offset } = inputs[i] as FlatOperand;
      scalars[at++] = offset;
      buffers[i] = storage.buffer as NonNullable<Storage["buffer"]>;
    }
    scalars[at++] = output.offset;
    buffers[inputs.length] = output.storage.buffer as NonNullable<Storage["buffer"]>;
    for (let i = 0; i < user.length; i++) scalars[at + i] = user[i] as number | bigint;
    buffers.length = inputs.length + 1;
    device.backend.dispatch(variant.executable, buffers, scalars);
  }

  /**
   * Runs the formula over a space. An output may share its storage with an input only where both step alike: the element
   * is then updated in place. Outputs may share one that is not read, in different places.
   */
  run(
    device: Device,
    space: KernelSpace,
    inputs: readonly KernelOperand[],
    outputs: readonly KernelOperand[],
    compute: ComputeDType,
    user: readonly (number | bigint)[],
  ): void {
    if (space.outer.includes(0)) return;
    const operands = inputs.concat(outputs);
    const plan = collapse(space, operands);
    const { outer, inner, strides } = plan;
    const literalInner = plan.literalInner === true;
    signature.restart().push(((computeCode[compute] * 2 + Number(literalInner)) * 16 + outer.length) * 16 + inner.length);
    if (literalInner) for (const extent of inner) signature.push(extent);
    for (let i = 0; i < operands.length; i++) {
      const { storage } = operands[i]!;
      const twin = twinOf(operands, i);
      const place = twin === i ? 0 : 1 + 2 * twin + Number(sameSteps(plan, twin, i));
      let code = place * 16 + (storage === null ? 15 : dtypeCode[storage.dtype]);
      for (const stride of strides[i]!) {
        // Two bits for each stride; many of them take more than one number.
        if (code >= 2 ** 28) {
          signature.push(code);
          code = 1;
        }
        code = code * 4 + strideCode[strideClass(stride, plan)];
      }
      signature.push(code);
    }
    const variants = this.#variantsOf(device).general;
    let variant = variants.get(signature);
    if (variant?.generation !== device.generation) {
      variant = this.#prepare(device, plan, operands.map(({ storage, offset }, i) => ({ storage, offset, strides: strides[i]! })), inputs.length, compute, user.length);
      variants.set(signature, variant);
    }
    const { scalars } = variant;
    let at = 0;
    for (const extent of outer) scalars[at++] = extent;
    if (!literalInner) for (const extent of inner) scalars[at++] = extent;
    const buffers = this.#buffers;
    let bound = 0;
    for (let i = 0; i < operands.length; i++) {
      const { storage, offset } = operands[i]!;
      const twin = twinOf(operands, i);
      if (twin === i) {
        if (storage !== null) buffers[bound++] = storage.buffer as NonNullable<Storage["buffer"]>;
      } else if (sameSteps(plan, twin, i)) continue;
      scalars[at++] = offset;
      for (const stride of strides[i]!) if (strideClass(stride, plan) === "other") scalars[at++] = stride;
    }
    for (const number of user) scalars[at++] = number;
    buffers.length = bound;
    device.backend.dispatch(variant.executable, buffers, scalars);
  }

  #prepare(device: Device, space: KernelSpace, operands: readonly KernelOperand[], inputs: number, compute: ComputeDType, userScalars: number): Variant {
    const kernel = buildKernel(this.formula, space, operands, inputs, compute, userScalars);
    return { executable: device.executable(kernel), scalars: new Array<number>(kernel.scalars.length).fill(0), generation: device.generation };
  }
}

/** An operand of the common case. */
export interface FlatOperand {
  readonly storage: Storage;
  readonly offset: number;
}

/** The first operand in the same storage. Coordinates have none and stand alone. */
function twinOf(operands: readonly KernelOperand[], i: number): number {
  const { storage } = operands[i]!;
  if (storage === null) return i;
  let twin = 0;
  while (operands[twin]!.storage !== storage) twin++;
  return twin;
}

/**
 * What a program knows of a stride: 0, 1, or "other", which is a scalar argument. Windows are often two apart: generators know how to load every second
 * element.
 */
const strideClass = (stride: number, { literalInner }: KernelSpace): 0 | 1 | 2 | "other" =>
  stride === 0 || stride === 1 || (stride === 2 && literalInner === true) ? stride : "other";
const strideCode = { 0: 0, 1: 1, 2: 2, other: 3 } as const;

/** A call whose axes of one point are dropped, and neighbours merged that every operand steps through as if they were one. */
interface Plan extends KernelSpace {
  readonly operands: readonly KernelOperand[];
  /** The strides of each operand along what is left of the axes. */
  readonly strides: readonly number[][];
}

/** Whether two operands of one storage are the same elements. */
function sameSteps({ operands, strides }: Pick<Plan, "operands" | "strides">, a: number, b: number): boolean {
  if (operands[a]!.offset !== operands[b]!.offset) return false;
  const [left, right] = [strides[a]!, strides[b]!];
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}

function collapse(space: KernelSpace, operands: readonly KernelOperand[]): Plan {
  const strides = operands.map((): number[] => []);
  const outer = merge(space.outer, 0, operands, strides);
  // A space keeps at least one axis where it has points to run over, so that formulas need no case for none.
  if (outer.length === 0) addPoint(outer, strides);
  const inner = merge(space.inner, space.outer.length, operands, strides);
  if (inner.length === 0 && space.inner.length > 0) addPoint(inner, strides);
  return { outer, inner, literalInner: space.literalInner ?? false, operands, strides };
}

/** Merges axes, the first of which has the number `from`, and appends to the strides. */
function merge(extents: readonly number[], from: number, operands: readonly KernelOperand[], strides: readonly number[][]): number[] {
  const merged: number[] = [];
  for (let i = 0; i < extents.length; i++) {
    const extent = extents[i]!;
    if (extent === 1) continue;
    const joins = merged.length > 0 && operands.every((operand, o) => strides[o]!.at(-1) === (operand.strides[from + i] ?? 0) * extent);
    if (joins) merged.push(merged.pop()! * extent);
    else merged.push(extent);
    for (let o = 0; o < operands.length; o++) {
      const own = strides[o]!;
      if (joins) own.pop();
      own.push(operands[o]!.strides[from + i] ?? 0);
    }
  }
  return merged;
}

/** An axis of one point. */
function addPoint(extents: number[], strides: readonly number[][]): void {
  extents.push(1);
  for (const own of strides) own.push(0);
}

/** Builds the program of one combination of element types and stride classes. */
function buildKernel(
  formula: KernelFormula,
  space: KernelSpace,
  operands: readonly KernelOperand[],
  inputs: number,
  compute: ComputeDType,
  userScalars: number,
): Program {
  const k = new ExprBuilder();
  const scalars: ComputeDType[] = [];
  const intScalar = (): Expr => k.scalar(scalars.push("int32") - 1, "int32");
  const outer = space.outer.map(intScalar);
  const inner = space.inner.map((extent) => (space.literalInner === true ? k.int(extent) : intScalar()));
  const axes = outer.length + inner.length;

  // One parameter per storage; operands that step alike also share their index expression.
  const params: { dtype: DType; access: "in" | "out" | "inout" }[] = [];
  const places: { param: number; index: Expr }[] = [];
  const strides = operands.map((operand) => [...operand.strides]);
  operands.forEach((operand, i) => {
    const isOutput = i >= inputs;
    const twin = twinOf(operands, i);
    const known = twin === i ? undefined : places[twin];
    const param = known?.param ?? (operand.storage === null ? -1 : params.push({ dtype: operand.storage.dtype, access: isOutput ? "out" : "in" }) - 1);
    const declared = params[param];
    if (known !== undefined && isOutput && declared?.access === "in") declared.access = "inout";
    if (known !== undefined && sameSteps({ operands, strides }, twin, i)) {
      places.push(known);
      return;
    }
    // Several outputs may lie side by side in one storage, as long as nothing in it is read.
    if (known !== undefined && isOutput && declared?.access !== "out") throw new Error(`internal: ${formula.name} writes a storage that it reads at other elements`);
    let index = intScalar();
    operand.strides.forEach((stride, axis) => {
      const known = strideClass(stride, space);
      if (known !== 0) index = k.add(index, k.mul(k.index(axis), known === "other" ? intScalar() : k.int(known)));
    });
    places.push({ param, index });
  });
  const firstUser = scalars.length;
  const userTypes = new Array<ComputeDType>(userScalars).fill(compute);

  const reductions: Reduction[] = [];
  const stores: Store[] = [];
  const guards: Guard[] = [];
  // What makes the program another one than a kernel.
  // Typed by an assertion, since the type checker does not see that the formula sets it.
  let routine = undefined as RoutinePart | undefined;
  const lanes = lanesFor(space, operands[0]);
  const paramOf = (i: number): DType => params[places[i]?.param ?? 0]?.dtype ?? "float32";

  const position = (extents: readonly Expr[], first: number): Expr => {
    let at: Expr = k.int(0);
    extents.forEach((extent, i) => {
      at = k.add(k.mul(at, extent), k.index(first + i));
    });
    return at;
  };

  const reduce = (monoid: Monoid, lift: readonly Expr[]): readonly Expr[] => {
    const reduction = reductions.push({ monoid, lift, lanes }) - 1;
    return lift.map((value, slot) => k.result(reduction, slot, value.dtype));
  };

  type Comparison = (left: Expr, right: Expr) => Expr;
  const better = (dtype: ComputeDType, isBeaten: Comparison): Expr => {
    const [left, right] = [k.left(0, dtype), k.right(0, dtype)];
    return k.select(isBeaten(left, right), right, left);
  };
  const extremeBesidesNaN = (value: Expr, identity: Expr, isBeaten: Comparison): Expr => only(reduce({ identity: [identity], combine: [better(value.dtype, isBeaten)] }, [value]));
  /** A comparison passes over NaN, which is looked out for beside it: that is less work than an extreme that NaN wins. */
  const extreme = (value: Expr, identity: Expr, isBeaten: Comparison): Expr => {
    if (value.dtype !== "float32" && value.dtype !== "float64") return extremeBesidesNaN(value, identity, isBeaten);
    const [best, hasNaN] = reduce(
      { identity: [identity, k.const(false, "bool")], combine: [better(value.dtype, isBeaten), k.or(k.left(1, "bool"), k.right(1, "bool"))] },
      [value, k.isNaN(value)],
    ) as readonly [Expr, Expr];
    return k.select(hasNaN, k.like(NaN, value), best);
  };
  const isLess: Comparison = (left, right) => k.lt(left, right);
  const isGreater: Comparison = (left, right) => k.lt(right, left);

  const body: KernelBody = {
    k,
    compute,
    input(i, as) {
      const place = places[i];
      if (place === undefined) throw new Error(`internal: ${formula.name} has no input ${String(i)}`);
      const value = k.load(place.param, paramOf(i), place.index);
      return as === undefined ? value : k.cast(value, as);
    },
    inputAt(i, distance, predicate) {
      const place = places[i];
      if (place === undefined) throw new Error(`internal: ${formula.name} has no input ${String(i)}`);
      return k.load(place.param, paramOf(i), k.add(place.index, distance), predicate);
    },
    coordinate: (i) => places[i]?.index ?? k.int(0),
    scalar(i, as = compute) {
      userTypes[i] = as;
      return k.scalar(firstUser + i, as);
    },
    position: (over) => (over === "outer" ? position(outer, 0) : position(inner, outer.length)),
    innerCount: () => inner.reduce((product, extent) => k.mul(product, extent), k.int(1)),
    reduce,
    sum: (value) => only(reduce({ identity: [k.like(0, value)], combine: [k.add(k.left(0, value.dtype), k.right(0, value.dtype))] }, [value])),
    max: (value) => extreme(value, lowest(k, value.dtype), isLess),
    min: (value) => extreme(value, highest(k, value.dtype), isGreater),
    maxBesidesNaN: (value) => extremeBesidesNaN(value, lowest(k, value.dtype), isLess),
    store(j, value, over = inner.length > 0 && operands[inputs + j]?.strides.slice(outer.length).some((s) => s !== 0) === true ? "inner" : "outer") {
      const place = places[inputs + j];
      if (place === undefined) throw new Error(`internal: ${formula.name} has no output ${String(j)}`);
      stores.push({ over, param: place.param, index: place.index, value: k.cast(value, dtypeInfo[paramOf(inputs + j)].compute) });
    },
    guard(holds, message, over = "outer") {
      guards.push({ over, holds, message });
    },
    scatter(j, distance, value, combine, when) {
      const place = places[inputs + j];
      if (place === undefined) throw new Error(`internal: ${formula.name} has no output ${String(j)}`);
      const type = dtypeInfo[paramOf(inputs + j)].compute;
      const declared = params[place.param];
      if (declared !== undefined) declared.access = "inout";
      routine = {
        kind: "scatter",
        target: {
          param: place.param,
          index: k.add(place.index, distance),
          value: k.cast(value, type),
          combine: combine === null ? null : combine(k.left(0, type), k.right(0, type)),
          when: when ?? null,
        },
      };
    },
    scan(monoid, lift) {
      routine = { kind: "scan", monoid, lift };
      return lift.map((value, slot) => k.result(0, slot, value.dtype));
    },
    sort(key, descending) {
      routine = { kind: "sort", key, descending };
      return [k.result(0, 0, key.dtype), k.result(0, 1, "int32")];
    },
  };
  formula.build(body);
  if (axes === 0) throw new Error(`internal: ${formula.name} has an empty index space`);
  const base = { name: formula.name, params, scalars: [...scalars, ...userTypes], guards, outer, inner };
  if (routine === undefined) return { kind: "kernel", ...base, reductions, stores };
  return routine.kind === "scatter" ? { ...base, ...routine } : { ...base, ...routine, stores };
}

type RoutinePart = Pick<Scatter, "kind" | "target"> | Pick<Scan, "kind" | "monoid" | "lift"> | Pick<Sort, "kind" | "key" | "descending">;

function only(results: readonly Expr[]): Expr {
  const [result] = results;
  if (result === undefined) throw new Error("internal: a reduction without a result");
  return result;
}

/** The identity of the maximum. */
export function lowest(k: ExprBuilder, dtype: ComputeDType): Expr {
  const least: Record<ComputeDType, number | bigint> = { float64: -Infinity, float32: -Infinity, int64: -(2n ** 63n), int32: -(2 ** 31), bool: 0 };
  return k.const(least[dtype], dtype);
}

/** The identity of the minimum. */
export function highest(k: ExprBuilder, dtype: ComputeDType): Expr {
  const most: Record<ComputeDType, number | bigint> = { float64: Infinity, float32: Infinity, int64: 2n ** 63n - 1n, int32: 2 ** 31 - 1, bool: 1 };
  return k.const(most[dtype], dtype);
}

/** Sixteen partial results where neighbours along the last inner axis are neighbours in memory, else one. */
function lanesFor(space: KernelSpace, operand: KernelOperand | undefined): 1 | 16 {
  return space.inner.length > 0 && operand?.strides.at(-1) === 1 ? 16 : 1;
}
