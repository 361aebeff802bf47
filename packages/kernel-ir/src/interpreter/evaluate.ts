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

type Unary = (x: number) => number;
type Binary = (x: number, y: number) => number;

/** Floats compute in double precision and are then rounded once: for float32 that gives the correctly rounded result. */
const floatOps: Record<Exclude<AluOp, "and" | "or" | "xor" | "not" | "shl" | "shr" | "ushr">, Unary | Binary> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  rem: (x, y) => x % y,
  min: (x, y) => Math.min(x, y),
  max: (x, y) => Math.max(x, y),
  neg: (x: number) => -x,
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

type IntOp = (x: bigint, y: bigint, width: number) => bigint | boolean;

/** Integers of any width, exactly; `applyAlu` wraps the result into the width. */
const intOps: Partial<Record<AluOp, IntOp>> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => (y === 0n ? 0n : x / y),
  rem: (x, y) => (y === 0n ? 0n : x % y),
  min: (x, y) => (x < y ? x : y),
  max: (x, y) => (x > y ? x : y),
  neg: (x) => -x,
  abs: (x) => (x < 0n ? -x : x),
  eq: (x, y) => x === y,
  ne: (x, y) => x !== y,
  lt: (x, y) => x < y,
  le: (x, y) => x <= y,
  and: (x, y) => x & y,
  or: (x, y) => x | y,
  xor: (x, y) => x ^ y,
  not: (x) => ~x,
  shl: (x, y, width) => x << BigInt.asUintN(width === 64 ? 6 : 5, y),
  shr: (x, y, width) => x >> BigInt.asUintN(width === 64 ? 6 : 5, y),
  ushr: (x, y, width) => BigInt.asUintN(width, x) >> BigInt.asUintN(width === 64 ? 6 : 5, y),
};

const boolOps: Partial<Record<AluOp, Binary | Unary>> = {
  eq: (x, y) => Number(x === y),
  ne: (x, y) => Number(x !== y),
  and: (x, y) => x & y,
  or: (x, y) => x | y,
  xor: (x, y) => x ^ y,
  not: (x: number) => 1 - x,
};

function applyAlu(op: AluOp, dtype: ComputeDType, args: readonly Value[]): Value {
  const [x = 0, y = 0] = args;
  switch (dtype) {
    case "float64":
    case "float32": {
      const f = (floatOps as Partial<Record<AluOp, Binary>>)[op];
      if (f === undefined) break;
      const exact = f(Number(x), Number(y));
      return dtype === "float32" ? Math.fround(exact) : exact;
    }
    case "int64":
    case "int32": {
      const f = intOps[op];
      if (f === undefined) break;
      const width = dtype === "int64" ? 64 : 32;
      const exact = f(BigInt(x), BigInt(y), width);
      if (typeof exact === "boolean") return Number(exact);
      const wrapped = BigInt.asIntN(width, exact);
      return dtype === "int64" ? wrapped : Number(wrapped);
    }
    case "bool": {
      const f = boolOps[op] as Binary | undefined;
      if (f !== undefined) return f(Number(x), Number(y));
    }
  }
  throw new Error(`internal: ${op} is not defined for ${dtype}`);
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

/**
 * Expressions made ready to be evaluated at many points: each shared part is computed once a point, in an order in
 * which arguments come first.
 */
export class Tape {
  readonly #nodes: readonly Expr[];
  readonly #places: readonly (readonly number[])[];
  readonly #roots: readonly number[];
  readonly #values: Value[];

  constructor(roots: readonly Expr[]) {
    this.#nodes = topological(roots);
    const place = new Map(this.#nodes.map((node, i) => [node, i]));
    const at = (expr: Expr): number => place.get(expr) ?? -1;
    this.#places = this.#nodes.map((node) => node.args.map(at));
    this.#roots = roots.map(at);
    this.#values = new Array<Value>(this.#nodes.length).fill(0);
  }

  /** The values of the roots. */
  run(env: Environment): Value[] {
    const values = this.#values;
    this.#nodes.forEach((node, i) => {
      const args = (this.#places[i] ?? []).map((place) => values[place] ?? 0);
      values[i] = evaluateNode(node, args, env);
    });
    return this.#roots.map((root) => values[root] ?? 0);
  }
}

function evaluateNode(node: Expr, args: readonly Value[], env: Environment): Value {
  const [first = 0, second, third] = args;
  switch (node.op) {
    case "const":
      return node.dtype === "float32" ? Math.fround(Number(node.value)) : node.value;
    case "scalar":
      return castValue(env.scalars[node.slot] ?? missing(`scalar ${String(node.slot)}`), node.dtype);
    case "index":
      return env.index[node.axis] ?? missing(`axis ${String(node.axis)}`);
    case "load":
      return second === 0 ? (third ?? 0) : loadElement(env, node.param, Number(first));
    case "result":
      return env.results[node.reduction]?.[node.slot] ?? missing(`result ${String(node.reduction)}.${String(node.slot)}`);
    case "left":
      return env.left[node.slot] ?? missing(`left ${String(node.slot)}`);
    case "right":
      return env.right[node.slot] ?? missing(`right ${String(node.slot)}`);
    case "element":
      return env.element;
    case "cast":
      return castValue(first, node.dtype);
    case "bitcast":
      return bitcastValue(first, node.args[0]?.dtype ?? node.dtype, node.dtype);
    case "select":
      return (first === 1 ? second : third) ?? missing("branch");
    default:
      if (!isAlu(node)) throw new Error("internal: unknown expression");
      return applyAlu(node.op, node.args[0]?.dtype ?? node.dtype, args);
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
