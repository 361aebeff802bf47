import { dtypeInfo } from "../dtype.js";
import type { ComputeDType, DType } from "../dtype.js";
import type { AluOp, Expr } from "../expr.js";
import { isAlu, topological } from "../expr.js";
import { hostMath } from "../math/host.js";
import { elements, roundHalfEven } from "./elements.js";

/** A value of an expression: a bigint for int64, 0 or 1 for bool, a number otherwise. */
export type Value = number | bigint;

/** A buffer bound to a parameter. */
export interface BoundBuffer {
  readonly dtype: DType;
  readonly view: DataView;
  /** Elements that fit. An access outside is an error of the program, never a silent one. */
  readonly length: number;
}

/** Everything an expression can refer to, at one point of the index space. */
export interface Environment {
  readonly scalars: readonly Value[];
  readonly buffers: readonly BoundBuffer[];
  readonly index: Int32Array;
  /** Tuples of the reductions that are done, by reduction and slot. */
  readonly results: (readonly Value[])[];
  left: readonly Value[];
  right: readonly Value[];
  element: Value;
}

type Operation = (x: number, y: number) => number;
type BigOperation = (x: bigint, y: bigint) => bigint | number;

/** In double precision; for float32 the result is then rounded once, which gives the correctly rounded result. */
const floatOps: Partial<Record<AluOp, Operation>> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  rem: (x, y) => x % y,
  min: Math.min,
  max: Math.max,
  neg: (x) => -x,
  abs: Math.abs,
  sqrt: Math.sqrt,
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  round: roundHalfEven,
  eq: (x, y) => Number(x === y),
  ne: (x, y) => Number(x !== y),
  lt: (x, y) => Number(x < y),
  le: (x, y) => Number(x <= y),
  ...hostMath,
};

/** JavaScript's bit operations are those of int32; `| 0` wraps what others give. */
const int32Ops: Partial<Record<AluOp, Operation>> = {
  add: (x, y) => (x + y) | 0,
  sub: (x, y) => (x - y) | 0,
  mul: Math.imul,
  div: (x, y) => (y === 0 ? 0 : (x / y) | 0),
  rem: (x, y) => (y === 0 ? 0 : x % y | 0),
  min: Math.min,
  max: Math.max,
  neg: (x) => -x | 0,
  abs: (x) => Math.abs(x) | 0,
  eq: (x, y) => Number(x === y),
  ne: (x, y) => Number(x !== y),
  lt: (x, y) => Number(x < y),
  le: (x, y) => Number(x <= y),
  and: (x, y) => x & y,
  or: (x, y) => x | y,
  xor: (x, y) => x ^ y,
  not: (x) => ~x,
  shl: (x, y) => x << y,
  shr: (x, y) => x >> y,
  ushr: (x, y) => (x >>> y) | 0,
};

const wrap = (x: bigint): bigint => BigInt.asIntN(64, x);
const shiftCount = (y: bigint): bigint => BigInt.asUintN(6, y);

const int64Ops: Partial<Record<AluOp, BigOperation>> = {
  add: (x, y) => wrap(x + y),
  sub: (x, y) => wrap(x - y),
  mul: (x, y) => wrap(x * y),
  div: (x, y) => (y === 0n ? 0n : wrap(x / y)),
  rem: (x, y) => (y === 0n ? 0n : x % y),
  min: (x, y) => (x < y ? x : y),
  max: (x, y) => (x > y ? x : y),
  neg: (x) => wrap(-x),
  abs: (x) => wrap(x < 0n ? -x : x),
  eq: (x, y) => Number(x === y),
  ne: (x, y) => Number(x !== y),
  lt: (x, y) => Number(x < y),
  le: (x, y) => Number(x <= y),
  and: (x, y) => x & y,
  or: (x, y) => x | y,
  xor: (x, y) => x ^ y,
  not: (x) => ~x,
  shl: (x, y) => wrap(x << shiftCount(y)),
  shr: (x, y) => x >> shiftCount(y),
  ushr: (x, y) => wrap(BigInt.asUintN(64, x) >> shiftCount(y)),
};

const boolOps: Partial<Record<AluOp, Operation>> = {
  eq: (x, y) => Number(x === y),
  ne: (x, y) => Number(x !== y),
  and: (x, y) => x & y,
  or: (x, y) => x | y,
  xor: (x, y) => x ^ y,
  not: (x) => 1 - x,
};

const operations = { float64: floatOps, float32: floatOps, int64: int64Ops, int32: int32Ops, bool: boolOps } as const satisfies Record<
  ComputeDType,
  object
>;

/** What an op does to values of a type. The builder has checked that the op is defined for it. */
function operation(op: AluOp, dtype: ComputeDType): (x: Value, y: Value) => Value {
  const f = operations[dtype][op] as ((x: Value, y: Value) => Value) | undefined;
  if (f === undefined) throw new Error(`internal: ${op} is not defined for ${dtype}`);
  // Rounding leaves the 0 and 1 of comparisons alone.
  return dtype === "float32" ? (x, y) => Math.fround(Number(f(x, y))) : f;
}

/** Converts as the expression `cast` says. */
export function castValue(value: Value, to: ComputeDType): Value {
  switch (to) {
    case "float64":
      return Number(value);
    case "float32":
      // A bigint beyond 2⁵³ must be rounded once, not to double first.
      return typeof value === "bigint" ? bigintToFloat32(value) : Math.fround(value);
    case "int64":
      return typeof value === "bigint" ? value : saturate(value, 64);
    case "int32":
      return typeof value === "bigint" ? Number(BigInt.asIntN(32, value)) : Number(saturate(value, 32));
    case "bool":
      return Number(value) === 0 ? 0 : 1;
  }
}

function bigintToFloat32(value: bigint): number {
  const magnitude = value < 0n ? -value : value;
  const extra = magnitude.toString(2).length - 53;
  if (extra <= 0) return Math.fround(Number(value));
  // Keep 53 bits and set the last where any bit was lost: rounding that to 24 bits is then right (round to odd first).
  const kept = magnitude >> BigInt(extra);
  const sticky = kept << BigInt(extra) === magnitude ? kept : kept | 1n;
  return Math.fround(Number(sticky) * 2 ** extra * (value < 0n ? -1 : 1));
}

function saturate(value: number, width: 32 | 64): bigint {
  if (Number.isNaN(value)) return 0n;
  const high = 2n ** BigInt(width - 1);
  if (value >= Number(high)) return high - 1n;
  if (value < -Number(high)) return -high;
  return BigInt(Math.trunc(value));
}

const bits = new DataView(new ArrayBuffer(8));

function bitcastValue(value: Value, from: ComputeDType, to: ComputeDType): Value {
  elements[from].set(bits, 0, value);
  return elements[to].get(bits, 0);
}

/** Computes one node from the values of the nodes before it. */
type Step = (values: readonly Value[], env: Environment) => Value;

/**
 * Expressions made ready to be evaluated at many points: each shared part is computed once a point, in an order in
 * which arguments come first.
 */
export class Tape {
  readonly #steps: readonly Step[];
  readonly #roots: readonly number[];
  readonly #values: Value[];

  constructor(roots: readonly Expr[]) {
    const nodes = topological(roots);
    const places = new Map(nodes.map((node, i) => [node, i]));
    const place = (expr: Expr | undefined): number => (expr === undefined ? -1 : (places.get(expr) ?? -1));
    this.#steps = nodes.map((node) => stepOf(node, place));
    this.#roots = roots.map(place);
    this.#values = new Array<Value>(nodes.length).fill(0);
  }

  /** The values of the roots. */
  run(env: Environment): Value[] {
    const values = this.#values;
    this.#steps.forEach((step, i) => {
      values[i] = step(values, env);
    });
    return this.#roots.map((root) => values[root] ?? 0);
  }
}

function stepOf(node: Expr, place: (expr: Expr | undefined) => number): Step {
  const [a, b, c] = [place(node.args[0]), place(node.args[1]), place(node.args[2])];
  switch (node.op) {
    case "const": {
      const value = node.dtype === "float32" ? Math.fround(Number(node.value)) : node.value;
      return () => value;
    }
    case "scalar":
      return (_, env) => castValue(env.scalars[node.slot] ?? missing(`scalar ${String(node.slot)}`), node.dtype);
    case "index":
      return (_, env) => env.index[node.axis] ?? missing(`axis ${String(node.axis)}`);
    case "load":
      if (b < 0) return (values, env) => loadElement(env, node.param, Number(values[a]));
      return (values, env) => (values[b] === 0 ? (values[c] ?? 0) : loadElement(env, node.param, Number(values[a])));
    case "result":
      return (_, env) => env.results[node.reduction]?.[node.slot] ?? missing(`result ${String(node.reduction)}.${String(node.slot)}`);
    case "left":
      return (_, env) => env.left[node.slot] ?? missing(`left ${String(node.slot)}`);
    case "right":
      return (_, env) => env.right[node.slot] ?? missing(`right ${String(node.slot)}`);
    case "element":
      return (_, env) => env.element;
    case "cast":
      return (values) => castValue(values[a] ?? 0, node.dtype);
    case "bitcast": {
      const from = node.args[0]?.dtype ?? node.dtype;
      return (values) => bitcastValue(values[a] ?? 0, from, node.dtype);
    }
    case "select":
      return (values) => (values[a] === 1 ? values[b] : values[c]) ?? 0;
    default: {
      if (!isAlu(node)) throw new Error("internal: unknown expression");
      const f = operation(node.op, node.args[0]?.dtype ?? node.dtype);
      return (values) => f(values[a] ?? 0, values[b] ?? 0);
    }
  }
}

function missing(what: string): never {
  throw new Error(`internal: an expression refers to ${what}, which is not defined where it stands`);
}

function boundsCheck(buffer: BoundBuffer | undefined, param: number, index: number): BoundBuffer {
  if (buffer === undefined) return missing(`parameter ${String(param)}`);
  if (index < 0 || index >= buffer.length) {
    throw new RangeError(`internal: element ${String(index)} of parameter ${String(param)} is outside its ${String(buffer.length)} elements`);
  }
  return buffer;
}

export function loadElement(env: Environment, param: number, index: number): Value {
  const buffer = boundsCheck(env.buffers[param], param, index);
  return elements[buffer.dtype].get(buffer.view, index * dtypeInfo[buffer.dtype].byteLength);
}

export function storeElement(env: Environment, param: number, index: number, value: Value): void {
  const buffer = boundsCheck(env.buffers[param], param, index);
  elements[buffer.dtype].set(buffer.view, index * dtypeInfo[buffer.dtype].byteLength, value);
}
