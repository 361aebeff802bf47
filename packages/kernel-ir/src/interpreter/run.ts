import { GuardError } from "../backend.js";
import type { Expr } from "../expr.js";
import type { Contraction, Guard, Kernel, Monoid, Operand, Over, Program, Reduction, Scan, Scatter, Sort, Store } from "../program.js";
import { reductionChunk } from "../program.js";
import type { BoundBuffer, Environment, Value } from "./evaluate.js";
import { castValue, loadElement, storeElement, Tape } from "./evaluate.js";

/** What becomes of terms of a contraction that a zero of padding is a factor of: devices may do either (`Coordinate`). */
export type PaddingTerms = "multiplied" | "left out";

/**
 * Runs a program on buffers, as `program.ts` defines it, one point after the other. Functions that are not lowered
 * (`lowerProgram`) are the host's, rounded.
 */
export function run(program: Program, buffers: readonly BoundBuffer[], scalars: readonly Value[], paddingTerms: PaddingTerms = "multiplied"): void {
  const axes = program.kind === "contraction" ? program.axes.length : program.outer.length + program.inner.length;
  const env: Environment = { scalars, buffers, index: new Int32Array(axes), results: [], left: [], right: [], element: 0 };
  switch (program.kind) {
    case "kernel":
      runKernel(program, env);
      return;
    case "contraction":
      runContraction(program, env, paddingTerms);
      return;
    case "scan":
      runScan(program, env);
      return;
    case "scatter":
      runScatter(program, env);
      return;
    case "sort":
      runSort(program, env);
      return;
  }
}

const extentsOf = (axes: readonly Expr[], env: Environment): number[] => new Tape(axes).run(env).map(Number);

/** Visits every point of `extents` in row-major order, its position written to the axes from `first` on. */
function forEachPoint(env: Environment, first: number, extents: readonly number[], visit: () => void): void {
  const rank = extents.length;
  if (extents.some((extent) => extent <= 0)) return;
  env.index.fill(0, first, first + rank);
  for (;;) {
    visit();
    let axis = rank - 1;
    for (; axis >= 0; axis--) {
      const next = (env.index[first + axis] ?? 0) + 1;
      env.index[first + axis] = next < (extents[axis] ?? 0) ? next : 0;
      if (next < (extents[axis] ?? 0)) break;
    }
    if (axis < 0) return;
  }
}

function checks(guards: readonly Guard[], over: Over): (env: Environment) => void {
  const mine = guards.filter((guard) => guard.over === over);
  const tape = new Tape(mine.map((guard) => guard.holds));
  return (env) => {
    tape.run(env).forEach((holds, i) => {
      if (holds === 0) throw new GuardError(mine[i]?.message ?? "");
    });
  };
}

/** All loads of a point come before its stores, so that an `inout` parameter reads what was there. */
function writes(stores: readonly Store[], over: Over): (env: Environment) => void {
  const mine = stores.filter((store) => store.over === over);
  const tape = new Tape(mine.flatMap((store) => [store.index, store.value]));
  return (env) => {
    const values = tape.run(env);
    mine.forEach((store, i) => {
      storeElement(env, store.param, Number(values[2 * i]), values[2 * i + 1] ?? 0);
    });
  };
}

function combiner(monoid: Monoid): (env: Environment, left: readonly Value[], right: readonly Value[]) => readonly Value[] {
  const tape = new Tape(monoid.combine);
  return (env, left, right) => {
    env.left = left;
    env.right = right;
    return tape.run(env);
  };
}

function runKernel(kernel: Kernel, env: Environment): void {
  const outer = extentsOf(kernel.outer, env);
  const inner = extentsOf(kernel.inner, env);
  const first = outer.length;
  const reductions = kernel.reductions.map((reduction) => reducer(reduction, first, inner));
  const checkOuter = checks(kernel.guards, "outer");
  const checkInner = checks(kernel.guards, "inner");
  const writeOuter = writes(kernel.stores, "outer");
  const writeInner = writes(kernel.stores, "inner");
  forEachPoint(env, 0, outer, () => {
    checkOuter(env);
    env.results.length = 0;
    for (const reduce of reductions) env.results.push(reduce(env));
    writeOuter(env);
    forEachPoint(env, first, inner, () => {
      checkInner(env);
      writeInner(env);
    });
  });
}

/** The order of `Reduction`'s doc comment, to the letter. */
function reducer(reduction: Reduction, first: number, inner: readonly number[]): (env: Environment) => readonly Value[] {
  const lift = new Tape(reduction.lift);
  const identityTape = new Tape(reduction.monoid.identity);
  const combine = combiner(reduction.monoid);
  const lanes = reduction.lanes;
  const length = inner.at(-1) ?? 0;
  const axis = first + inner.length - 1;
  const steps = Math.floor(length / lanes);
  return (env) => {
    const identity = identityTape.run(env);
    const total = Array.from({ length: lanes }, () => identity as readonly Value[]);
    let tail: readonly Value[] = identity;
    const liftAt = (position: number): Value[] => {
      env.index[axis] = position;
      return lift.run(env);
    };
    forEachPoint(env, first, inner.slice(0, -1), () => {
      for (let chunk = 0; chunk < steps; chunk += reductionChunk) {
        const partial = total.map(() => identity as readonly Value[]);
        for (let step = chunk; step < Math.min(chunk + reductionChunk, steps); step++) {
          for (let l = 0; l < lanes; l++) partial[l] = combine(env, partial[l] ?? identity, liftAt(step * lanes + l));
        }
        for (let l = 0; l < lanes; l++) total[l] = combine(env, total[l] ?? identity, partial[l] ?? identity);
      }
      for (let position = steps * lanes; position < length; position++) tail = combine(env, tail, liftAt(position));
    });
    for (let half = lanes / 2; half >= 1; half /= 2) {
      for (let l = 0; l < half; l++) total[l] = combine(env, total[l] ?? identity, total[l + half] ?? identity);
    }
    const all = total[0] ?? identity;
    return lanes === 1 ? all : combine(env, all, tail);
  };
}

/** Reads the operand at a point; null where its position is outside, in the padding. */
function operandReader(operand: Operand): (env: Environment) => Value | null {
  const numbers = new Tape([
    operand.offset,
    ...operand.coordinates.flatMap((c) => [c.shift, c.divisor, c.stride, ...(c.extent === null ? [] : [c.extent]), ...c.terms.map((t) => t.scale)]),
  ]);
  const prologue = operand.prologue === null ? null : new Tape([operand.prologue]);
  return (env) => {
    const values = numbers.run(env).map(Number);
    let cursor = 0;
    const next = (): number => values[cursor++] ?? 0;
    let index = next();
    for (const c of operand.coordinates) {
      const shift = next();
      const divisor = next();
      const stride = next();
      const extent = c.extent === null ? null : next();
      let position = shift;
      for (const term of c.terms) position += (env.index[term.axis] ?? 0) * next();
      if (extent !== null) {
        if (position % divisor !== 0) return null;
        position /= divisor;
        if (position < 0 || position >= extent) return null;
      }
      index += position * stride;
    }
    const element = loadElement(env, operand.param, index);
    if (prologue === null) return element;
    env.element = element;
    return prologue.run(env)[0] ?? 0;
  };
}

function runContraction(contraction: Contraction, env: Environment, paddingTerms: PaddingTerms): void {
  const extents = extentsOf(contraction.axes.map((axis) => axis.extent), env);
  const left = operandReader(contraction.left);
  const right = operandReader(contraction.right);
  const { dtype } = contraction;
  const sum = new SumOfProducts(dtype);
  const check = checks(contraction.guards, "outer");
  const write = writes(contraction.stores, "outer");
  const summed = contraction.axes.map((axis) => axis.role === "k");
  // The index array is in axis order, while points are visited kept axes first: a permuted odometer.
  const kept = extents.flatMap((_, axis) => (summed[axis] === true ? [] : [axis]));
  const k = extents.flatMap((_, axis) => (summed[axis] === true ? [axis] : []));
  forEachAlong(env, kept, extents, () => {
    check(env);
    sum.reset();
    forEachAlong(env, k, extents, () => {
      const [a, b] = [left(env), right(env)];
      if (paddingTerms === "left out" && (a === null || b === null)) return;
      sum.add(castValue(a ?? 0, dtype), castValue(b ?? 0, dtype));
    });
    env.results[0] = [sum.value];
    write(env);
  });
}

/** Visits every point of the given axes in row-major order of their listing. */
function forEachAlong(env: Environment, axes: readonly number[], extents: readonly number[], visit: () => void): void {
  const visitFrom = (depth: number): void => {
    const axis = axes[depth];
    if (axis === undefined) {
      visit();
      return;
    }
    for (let i = 0; i < (extents[axis] ?? 0); i++) {
      env.index[axis] = i;
      visitFrom(depth + 1);
    }
  };
  visitFrom(0);
}

class SumOfProducts {
  value: Value = 0;
  constructor(readonly dtype: Contraction["dtype"]) {}

  reset(): void {
    this.value = this.dtype === "int64" ? 0n : 0;
  }

  add(a: Value, b: Value): void {
    switch (this.dtype) {
      case "float32":
        this.value = Math.fround(Number(this.value) + Math.fround(Number(a) * Number(b)));
        return;
      case "float64":
        this.value = Number(this.value) + Number(a) * Number(b);
        return;
      case "int32":
        this.value = (Number(this.value) + Math.imul(Number(a), Number(b))) | 0;
        return;
      case "int64":
        this.value = BigInt.asIntN(64, BigInt(this.value) + BigInt(a) * BigInt(b));
        return;
      case "bool":
        this.value = Number(this.value) | (Number(a) & Number(b));
    }
  }
}

function runScan(scan: Scan, env: Environment): void {
  const outer = extentsOf(scan.outer, env);
  const inner = extentsOf(scan.inner, env);
  const lift = new Tape(scan.lift);
  const identity = new Tape(scan.monoid.identity);
  const combine = combiner(scan.monoid);
  const checkOuter = checks(scan.guards, "outer");
  const checkInner = checks(scan.guards, "inner");
  const write = writes(scan.stores, "inner");
  forEachPoint(env, 0, outer, () => {
    checkOuter(env);
    let running: readonly Value[] = identity.run(env);
    forEachPoint(env, outer.length, inner, () => {
      checkInner(env);
      running = combine(env, running, lift.run(env));
      env.results[0] = running;
      write(env);
    });
  });
}

function runScatter(scatter: Scatter, env: Environment): void {
  const outer = extentsOf(scatter.outer, env);
  const inner = extentsOf(scatter.inner, env);
  const { param, index, value, combine, when } = scatter.target;
  const condition = when === null ? null : new Tape([when]);
  const place = new Tape([index, value]);
  const join = combine === null ? null : new Tape([combine]);
  const checkOuter = checks(scatter.guards, "outer");
  const checkInner = checks(scatter.guards, "inner");
  forEachPoint(env, 0, outer, () => {
    checkOuter(env);
    forEachPoint(env, outer.length, inner, () => {
      checkInner(env);
      if (condition?.run(env)[0] === 0) return;
      const [at = 0, right = 0] = place.run(env);
      if (join === null) {
        storeElement(env, param, Number(at), right);
        return;
      }
      env.left = [loadElement(env, param, Number(at))];
      env.right = [right];
      storeElement(env, param, Number(at), join.run(env)[0] ?? 0);
    });
  });
}

function runSort(sort: Sort, env: Environment): void {
  const outer = extentsOf(sort.outer, env);
  const inner = extentsOf(sort.inner, env);
  const axis = outer.length;
  const key = new Tape([sort.key]);
  const checkOuter = checks(sort.guards, "outer");
  const checkInner = checks(sort.guards, "inner");
  const writeOuter = writes(sort.stores, "outer");
  const writeInner = writes(sort.stores, "inner");
  const sign = sort.descending ? -1 : 1;
  const isNaNValue = (x: Value): boolean => typeof x === "number" && Number.isNaN(x);
  const order = (x: Value, y: Value): number => {
    if (isNaNValue(x) || isNaNValue(y)) return sign * (Number(isNaNValue(x)) - Number(isNaNValue(y)));
    return x < y ? -sign : x > y ? sign : 0;
  };
  forEachPoint(env, 0, outer, () => {
    checkOuter(env);
    const keys: { readonly key: Value; readonly from: number }[] = [];
    forEachPoint(env, axis, inner, () => {
      checkInner(env);
      keys.push({ key: key.run(env)[0] ?? 0, from: env.index[axis] ?? 0 });
    });
    // Array.prototype.sort is stable, which the definition asks for.
    keys.sort((a, b) => order(a.key, b.key));
    writeOuter(env);
    keys.forEach((entry, rank) => {
      env.index[axis] = rank;
      env.results[0] = [entry.key, entry.from];
      writeInner(env);
    });
  });
}
