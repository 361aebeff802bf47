import type { DType, Expr, LoadExpr, Param } from "@gradus/kernel-ir";
import { substitute } from "@gradus/kernel-ir";
import type { Code } from "../assembler/index.js";
import { elementAccess } from "./elements.js";
import type { Emitter } from "./emitter.js";
import { scalarTypes } from "./scalar.js";
import type { UniformValue, Value, VaryingValue } from "./scope.js";
import { innermost, isVarying, positionOf, Scope } from "./scope.js";
import { shuffle, transpose, vectorsOf } from "./vector.js";

/** What can be loaded from and stored to. */
interface Memory extends Param {
  /** A local with its address. */
  readonly pointer: number;
  /** The scope in which the address is known; null for parameters, which are known from the start. */
  readonly home: Scope | null;
}

/** How the elements lie that the lanes of a vector refer to. */
type Addressing =
  /** `step` bytes apart, a literal, from `address` on. */
  | { readonly kind: "spaced"; readonly address: number; readonly step: number }
  /** Equally far apart: the address of each group's first lane, and what to add for the other three. */
  | { readonly kind: "strided"; readonly groups: readonly number[]; readonly steps: readonly number[] }
  /** Anywhere: one index for each lane. */
  | { readonly kind: "scattered"; readonly indices: readonly number[] };

/** Writes loads and stores: one element, or a vector's worth of them wherever they lie. */
export class MemoryAccess {
  readonly #emitter: Emitter;
  readonly #memory: Memory[];
  readonly #atZero = new Map<number, Map<Expr, Expr>>();

  constructor(emitter: Emitter) {
    this.#emitter = emitter;
    const { params, pointers } = emitter.context;
    this.#memory = params.map(({ dtype, access }, i) => ({ dtype, access, pointer: pointers[i] ?? 0, home: null }));
  }

  /**
   * Memory that a program works on besides its parameters; gives the number under which to load and store there.
   *
   * @param pointer - A local with its address.
   * @param home - The scope in which that local is set.
   */
  add(dtype: DType, pointer: number, home: Scope): number {
    return this.#memory.push({ dtype, access: "inout", pointer, home }) - 1;
  }

  #param(param: number): Memory {
    const found = this.#memory[param];
    if (found === undefined) throw new Error(`internal: parameter ${String(param)} is not declared`);
    return found;
  }

  /** `expr` where the position along `axis` is 0. */
  #startOf(expr: Expr, axis: number): Expr {
    const known = this.#atZero.get(axis) ?? new Map<Expr, Expr>();
    this.#atZero.set(axis, known);
    return substitute(this.#emitter.builder, expr, (leaf) => (leaf.op === "index" && leaf.axis === axis ? this.#emitter.builder.int(0) : null), known);
  }

  /** A local with the address of element `index` of a parameter. */
  #address(param: number, index: Expr, scope: Scope): { readonly local: number; readonly home: Scope } {
    const { dtype, pointer, home: known } = this.#param(param);
    const value = this.#emitter.uniform(index, scope);
    const home = known === null ? value.home : innermost(known, value.home);
    const local = this.#once(home, `element ${String(param)} ${String(index.id)}`, (code) => {
      const { shift } = elementAccess[dtype];
      code.get(pointer).get(value.local);
      if (shift > 0) code.op("i32.const", shift).op("i32.shl");
      code.op("i32.add");
    });
    return { local, home };
  }

  /** Tells the host about an access outside of its parameter, where that is asked for. */
  #check(code: Code, param: number, pushAddress: (code: Code) => void, bytes: number): void {
    const length = this.#emitter.context.lengths?.[param];
    if (length === undefined) return;
    const offset = this.#emitter.local("i32");
    pushAddress(code);
    code.get(this.#param(param).pointer).op("i32.sub").tee(offset).get(length).op("i32.ge_u");
    code.get(offset).op("i32.const", bytes).op("i32.add").get(length).op("i32.gt_u").op("i32.or");
    code.if((inside) => inside.op("i32.const", param).get(offset).op("call", this.#emitter.context.outOfBounds).op("unreachable"));
  }

  /** The position of the first lane along the axis of the lanes, times a number of bytes. */
  #offset(scope: Scope, axis: number, shift: number, stride: UniformValue | null): { readonly local: number; readonly home: Scope } {
    const position = scope.leaf(positionOf(axis)) as UniformValue;
    const home = stride === null ? position.home : innermost(position.home, stride.home);
    const local = this.#once(home, `offset ${String(axis)} ${String(shift)} ${String(stride?.local ?? 0)}`, (code) => {
      code.get(position.local);
      if (stride !== null) code.get(stride.local).op("i32.mul");
      code.op("i32.const", shift).op("i32.shl");
    });
    return { local, home };
  }

  /** Where the elements lie that the lanes of `scope` refer to, when the index varies between them. */
  #addressing(param: number, index: Expr, scope: Scope): { readonly home: Scope; readonly addressing: Addressing } {
    const { lanes } = scope;
    if (lanes === null) throw new Error("internal: expected a scope with lanes");
    const stride = lanes.axis === null ? null : this.#emitter.stride(index, lanes.axis);
    if (lanes.axis !== null && stride !== null && !this.#emitter.varies(stride, scope)) {
      const start = this.#startOf(index, lanes.axis);
      if (!this.#emitter.varies(start, scope)) return this.#linear(param, start, stride, lanes.axis, lanes.groups, scope);
    }
    const value = this.#emitter.evaluate(index, scope);
    if (!isVarying(value)) throw new Error("internal: expected an index that varies");
    return { home: value.home, addressing: { kind: "scattered", indices: value.vectors } };
  }

  /** The addresses of lanes whose elements are equally far apart. */
  #linear(param: number, start: Expr, stride: Expr, axis: number, groups: number, scope: Scope): { readonly home: Scope; readonly addressing: Addressing } {
    const base = this.#address(param, start, scope);
    const { shift } = elementAccess[this.#param(param).dtype];
    const literal = stride.op === "const" ? Number(stride.value) : null;
    const value = literal === 1 ? null : this.#emitter.uniform(stride, scope);
    const offset = this.#offset(scope, axis, shift, value);
    const home = innermost(base.home, offset.home);
    const key = `lanes ${String(param)} ${String(start.id)} ${String(stride.id)}`;
    const address = this.#once(home, key, (code) => code.get(base.local).get(offset.local).op("i32.add"));
    if (literal !== null && literal > 0 && literal < 2 ** 20) return { home, addressing: { kind: "spaced", address, step: literal << shift } };
    if (value === null) throw new Error("internal: a stride of one is spaced");
    const steps = [1, 2, 3, 4].map((k) =>
      this.#once(value.home, `step ${String(value.local)} ${String(shift)} ${String(k)}`, (code) => code.get(value.local).op("i32.const", k << shift).op("i32.mul")),
    );
    const starts = [address];
    for (let group = 1; group < groups; group++) {
      const before = starts[group - 1] ?? address;
      starts.push(this.#once(home, `${key} group ${String(group)}`, (code) => code.get(before).get(steps[3] ?? 0).op("i32.add")));
    }
    return { home, addressing: { kind: "strided", groups: starts, steps } };
  }

  /** A local with an address or offset that is computed once in `home`. */
  #once(home: Scope, key: string, write: (code: Code) => void): number {
    const known = home.addresses.get(key);
    if (known !== undefined) return known;
    const local = this.#emitter.local("i32");
    write(home.code);
    home.code.set(local);
    home.addresses.set(key, local);
    return local;
  }

  /** Leaves the address of a lane's element, up to a constant offset that it returns. */
  #pushLaneAddress(code: Code, param: number, addressing: Addressing, lane: number): number {
    switch (addressing.kind) {
      case "spaced":
        code.get(addressing.address);
        return lane * addressing.step;
      case "strided":
        code.get(addressing.groups[lane >> 2] ?? 0);
        if (lane % 4 > 0) code.get(addressing.steps[(lane % 4) - 1] ?? 0).op("i32.add");
        return 0;
      case "scattered": {
        const { dtype, pointer } = this.#param(param);
        const { shift } = elementAccess[dtype];
        code.get(pointer).get(addressing.indices[lane >> 2] ?? 0).op("i32x4.extract_lane", lane & 3);
        if (shift > 0) code.op("i32.const", shift).op("i32.shl");
        code.op("i32.add");
        return 0;
      }
    }
  }

  load(expr: LoadExpr, scope: Scope): Value {
    const { param } = expr;
    const [index, when, otherwise] = expr.args;
    // What is also written must be read where it stands; other loads may move out of loops, within their region.
    const floor = this.#param(param).access === "in" ? scope.region : scope;
    if (when !== undefined && otherwise !== undefined) {
      const varying = this.#emitter.varies(index, scope) || this.#emitter.varies(when, scope);
      return varying ? this.#loadVectorsWhen(param, index, when, otherwise, scope, floor) : this.#loadScalarWhen(param, index, when, otherwise, scope, floor);
    }
    if (!this.#emitter.varies(index, scope)) {
      const address = this.#address(param, index, scope);
      return this.#readScalar(innermost(floor, address.home), param, address.local);
    }
    const { home, addressing } = this.#addressing(param, index, scope);
    return this.#readLanes(innermost(floor, home), param, addressing, scope.lanes?.groups ?? 1);
  }

  /**
   * A load whose neighbours in memory are neighbours along another axis than that of the lanes: its values at four positions along that axis, of which each scope
   * of `rows` is one. Four neighbours are read for each lane, and transposed.
   */
  loadAcross({ param, args: [index] }: LoadExpr, rows: readonly Scope[]): Value[] {
    const [first] = rows;
    if (first?.lanes == null) throw new Error("internal: expected scopes with lanes");
    const { raw, loadVector, shift } = elementAccess[this.#param(param).dtype];
    const { addressing } = this.#addressing(param, index, first);
    const local = (): number => this.#emitter.local("v128");
    const columns: number[][] = rows.map(() => []);
    for (let group = 0; group < first.lanes.groups; group++) {
      const loaded = [0, 1, 2, 3].map((k) => {
        const address = this.#emitter.local("i32");
        const offset = this.#pushLaneAddress(first.code, param, addressing, 4 * group + k);
        first.code.set(address);
        this.#check(first.code, param, (code) => code.get(address).op("i32.const", offset).op("i32.add"), 4 << shift);
        return Array.from({ length: vectorsOf[raw] }, (_, part) => {
          const vector = local();
          loadVector(first.code, address, offset, part);
          first.code.set(vector);
          return vector;
        });
      });
      transpose(first.code, local, raw, loaded).forEach((vectors, row) => columns[row]?.push(...vectors));
    }
    return rows.map((home, row) => this.#widened(param, { dtype: raw, home, vectors: columns[row] ?? [] }));
  }

  /** An element as it is now, or those of all lanes. */
  readElement(param: number, index: Expr, scope: Scope): Value {
    if (!this.#emitter.varies(index, scope)) return this.#readScalar(scope, param, this.#address(param, index, scope).local);
    return this.#readLanes(scope, param, this.#addressing(param, index, scope).addressing, scope.lanes?.groups ?? 1);
  }

  #widened(param: number, raw: Value): Value {
    const { widen } = elementAccess[this.#param(param).dtype];
    return widen === null ? raw : this.#emitter.apply(widen(), raw);
  }

  #readScalar(home: Scope, param: number, address: number): Value {
    const { raw, load, shift } = elementAccess[this.#param(param).dtype];
    this.#check(home.code, param, (code) => code.get(address), 1 << shift);
    return this.#widened(param, this.#emitter.into(home, raw, (code) => code.get(address).op(load)));
  }

  #readLanes(home: Scope, param: number, addressing: Addressing, groups: number): Value {
    const { raw, load, loadVector, shift } = elementAccess[this.#param(param).dtype];
    if (addressing.kind === "spaced" && addressing.step === 1 << shift) {
      const { address } = addressing;
      this.#check(home.code, param, (code) => code.get(address), (4 * groups) << shift);
      const parts = vectorsOf[raw];
      return this.#widened(param, this.#emitter.eachVector(home, raw, groups * parts, (code, i) => {
        loadVector(code, address, Math.floor(i / parts) * (4 << shift), i % parts);
      }));
    }
    if (addressing.kind === "spaced" && addressing.step === 8 && shift === 2) {
      // Every second element: two vectors, of which every second lane is taken.
      const { address, step } = addressing;
      this.#check(home.code, param, (code) => code.get(address), (4 * groups - 1) * step + 4);
      return this.#widened(param, this.#emitter.eachVector(home, raw, groups, (code, group) => {
        for (const half of [0, 16]) code.get(address).op("v128.load", 4 * step * group + half);
        code.op("i8x16.shuffle", shuffle(4, [0, 2, 4, 6]));
      }));
    }
    return this.#widened(param, this.#emitter.fromLanes(home, raw, groups, (code, lane) => {
      this.#checkLane(code, param, addressing, lane);
      const offset = this.#pushLaneAddress(code, param, addressing, lane);
      code.op(load, offset);
    }));
  }

  #checkLane(code: Code, param: number, addressing: Addressing, lane: number): void {
    const { shift } = elementAccess[this.#param(param).dtype];
    this.#check(code, param, (c) => {
      const offset = this.#pushLaneAddress(c, param, addressing, lane);
      if (offset > 0) c.op("i32.const", offset).op("i32.add");
    }, 1 << shift);
  }

  /** Reads nothing where the condition does not hold. */
  #loadScalarWhen(param: number, index: Expr, when: Expr, otherwise: Expr, scope: Scope, floor: Scope): UniformValue {
    const condition = this.#emitter.uniform(when, scope);
    const other = this.#emitter.uniform(otherwise, scope);
    const address = this.#address(param, index, scope);
    const home = innermost(floor, address.home, condition.home, other.home);
    const result = this.#emitter.local(scalarTypes[other.dtype]);
    home.inline((code) => {
      code.get(other.local).set(result).get(condition.local).if((inside) => {
        const arm = new Scope(home, inside);
        const read = this.#readScalar(arm, param, address.local) as UniformValue;
        arm.code.get(read.local).set(result);
      });
    });
    return { dtype: other.dtype, home, local: result };
  }

  /**
   * Lanes whose condition does not hold must not be read. Mostly the condition holds for all lanes or for none (the border of an
   * image is thin), so that is asked first; else the lanes for which it does not hold read element 0, which is always there.
   */
  #loadVectorsWhen(param: number, index: Expr, when: Expr, otherwise: Expr, scope: Scope, floor: Scope): VaryingValue {
    const { lanes } = scope;
    if (lanes === null) throw new Error("internal: expected a scope with lanes");
    const condition = this.#emitter.evaluate(when, scope);
    const other = this.#emitter.evaluate(otherwise, scope);
    const indexVaries = this.#emitter.varies(index, scope);
    const address = indexVaries ? null : this.#address(param, index, scope);
    const place = indexVaries ? this.#addressing(param, index, scope) : null;
    const home = innermost(floor, condition.home, other.home, (place ?? address)?.home ?? scope.root);
    const others = isVarying(other) ? other.vectors : this.#emitter.splat(otherwise, other, home);
    const results = others.map(() => this.#emitter.local("v128"));

    const takeOthers = (code: Code): void => others.forEach((vector, i) => code.get(vector).set(results[i] ?? 0));
    const takeAll = (code: Code): void => {
      const arm = new Scope(home, code);
      const read = place === null ? this.#readScalar(arm, param, address?.local ?? 0) : this.#readLanes(arm, param, place.addressing, lanes.groups);
      const vectors = isVarying(read) ? read.vectors : this.#emitter.splat(index, read, arm);
      vectors.forEach((vector, i) => arm.code.get(vector).set(results[i] ?? 0));
    };
    const done: VaryingValue = { dtype: other.dtype, home, vectors: results };
    if (!isVarying(condition)) {
      home.inline((code) => code.get(condition.local).if(takeAll, takeOthers));
      return done;
    }

    const masks = condition.vectors;
    const takeSome = (code: Code): void => {
      const arm = new Scope(home, code);
      const { raw, load, shift } = elementAccess[this.#param(param).dtype];
      const safe = this.#emitter.local("i32");
      const read = this.#widened(param, this.#emitter.fromLanes(arm, raw, lanes.groups, (c, lane) => {
        const offset = place === null ? 0 : this.#pushLaneAddress(c, param, place.addressing, lane);
        if (place === null) c.get(address?.local ?? 0);
        if (offset > 0) c.op("i32.const", offset).op("i32.add");
        c.get(this.#param(param).pointer).get(masks[lane >> 2] ?? 0).op("i32x4.extract_lane", lane & 3).op("select").set(safe);
        this.#check(c, param, (d) => d.get(safe), 1 << shift);
        c.get(safe).op(load);
      })) as VaryingValue;
      read.vectors.forEach((vector, i) => {
        arm.code.get(vector).get(others[i] ?? 0);
        this.#emitter.mask(arm.code, masks, read.dtype, i);
        arm.code.op("v128.bitselect").set(results[i] ?? 0);
      });
    };
    home.inline((code) => {
      masks.forEach((mask, i) => {
        code.get(mask).op("i32x4.all_true");
        if (i > 0) code.op("i32.and");
      });
      code.if(takeAll, (rest) => {
        masks.forEach((mask, i) => {
          rest.get(mask);
          if (i > 0) rest.op("v128.or");
        });
        rest.op("v128.any_true").if(takeSome, takeOthers);
      });
    });
    return done;
  }

  /**
   * Computes what a store needs and gives the function that writes the store itself: all loads of a point come before its
   * stores.
   */
  prepareStore(param: number, index: Expr, value: Expr, scope: Scope): (code: Code) => void {
    const { raw, shift, narrow, store, storeVector } = elementAccess[this.#param(param).dtype];
    const converted = (v: Value): Value => (narrow === null ? v : this.#emitter.apply(narrow(), v));
    const evaluated = this.#emitter.evaluate(value, scope);
    if (!this.#emitter.varies(index, scope)) {
      const address = this.#address(param, index, scope);
      const stored = converted(evaluated);
      if (isVarying(stored)) throw new Error("internal: several lanes would be stored to one element");
      return (code) => {
        this.#check(code, param, (c) => c.get(address.local), 1 << shift);
        code.get(address.local).get(stored.local).op(store);
      };
    }
    const groups = scope.lanes?.groups ?? 1;
    const { addressing } = this.#addressing(param, index, scope);
    const lanes = isVarying(evaluated) ? evaluated : { dtype: value.dtype, home: scope, vectors: this.#emitter.splat(value, evaluated, scope) };
    const { vectors } = converted(lanes) as VaryingValue;
    const parts = vectorsOf[raw];
    return (code) => {
      if (addressing.kind === "spaced" && addressing.step === 1 << shift) {
        const { address } = addressing;
        this.#check(code, param, (c) => c.get(address), (4 * groups) << shift);
        for (let group = 0; group < groups; group++) storeVector(code, address, group * (4 << shift), vectors.slice(group * parts, (group + 1) * parts));
        return;
      }
      for (let lane = 0; lane < 4 * groups; lane++) {
        this.#checkLane(code, param, addressing, lane);
        const offset = this.#pushLaneAddress(code, param, addressing, lane);
        this.#emitter.extract(code, vectors, raw, lane);
        code.op(store, offset);
      }
    };
  }
}
