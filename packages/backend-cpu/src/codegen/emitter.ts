import type { AluExpr, ComputeDType, DType, Expr, LoadExpr, Param } from "@gradus/kernel-ir";
import { ExprBuilder, isAlu, strideAlong } from "@gradus/kernel-ir";
import type { Code, FunctionBuilder, ModuleBuilder, ValueType } from "../assembler/index.js";
import { elementAccess } from "./elements.js";
import type { Emit, HostFunction } from "./rules.js";
import { applyRule, castRuleOf, ruleOf } from "./rules.js";
import { scalarCasts, scalarRules, scalarTypes } from "./scalar.js";
import type { Scope, UniformValue, Value, VaryingValue } from "./scope.js";
import { innermost, isVarying, leafOf, Scope as ScopeClass } from "./scope.js";
import { extractOf, lowHalves, replaceOf, splatOf, uniformShifts, vectorCasts, vectorRules, vectorsOf } from "./vector.js";

/** What a function is generated with. */
export interface EmitterContext {
  readonly module: ModuleBuilder;
  readonly fn: FunctionBuilder;
  readonly params: readonly Param[];
  /** Locals with the addresses of the parameters. */
  readonly pointers: readonly number[];
  /** Locals with the byte lengths of the parameters, where accesses are to be checked. */
  readonly lengths: readonly number[] | null;
  /** Numbers of the imported functions. */
  readonly host: Readonly<Partial<Record<HostFunction, number>>>;
  /** Called with a parameter and the byte offset of an access that is outside of it. */
  readonly outOfBounds: number;
  /** A local with the address of the workspace. */
  readonly workspace: number;
  /** Gives the address of that many bytes, for the length of the dispatch. */
  readonly scratch: number;
}

/** How the elements lie that the lanes of a vector refer to. */
type Addressing =
  /** `step` bytes apart, a literal, from `address` on. */
  | { readonly kind: "spaced"; readonly address: number; readonly step: number }
  /** Equally far apart: the address of each group's first lane, and what to add for the other three. */
  | { readonly kind: "strided"; readonly groups: readonly number[]; readonly steps: readonly number[] }
  /** Anywhere: one index for each lane. */
  | { readonly kind: "scattered"; readonly indices: readonly number[] };

/** Writes the code that computes expressions. */
export class Emitter {
  /** Makes the index expressions that follow from those of the program. */
  readonly builder = new ExprBuilder();
  readonly #atZero = new Map<number, Map<Expr, Expr>>();

  readonly #params: Param[];
  readonly #pointers: number[];

  constructor(readonly context: EmitterContext) {
    this.#params = [...context.params];
    this.#pointers = [...context.pointers];
  }

  /** Memory that a program works on besides its parameters, at the address in a local; gives its number as a parameter. */
  addParam(dtype: DType, pointer: number): number {
    this.#pointers.push(pointer);
    return this.#params.push({ dtype, access: "inout" }) - 1;
  }

  local(type: ValueType): number {
    return this.context.fn.local(type);
  }

  emit(code: Code): Emit {
    return {
      code,
      local: (type) => this.local(type),
      callHost: (name) => {
        const imported = this.context.host[name];
        if (imported === undefined) throw new Error(`internal: ${name} was not imported`);
        code.op("call", imported);
      },
    };
  }

  /** The local that holds an expression whose value is the same for all lanes. */
  uniform(expr: Expr, scope: Scope): UniformValue {
    const value = this.evaluate(expr, scope);
    if (isVarying(value)) throw new Error("internal: expected a value that is the same for all lanes");
    return value;
  }

  /** The vectors that hold an expression, made of a single value where it is the same for all lanes. */
  vectors(expr: Expr, scope: Scope): readonly number[] {
    const value = this.evaluate(expr, scope);
    return isVarying(value) ? value.vectors : this.splat(expr, value, scope);
  }

  /** A value as vectors for the lanes of `scope`. */
  splat(key: Expr, value: UniformValue, scope: Scope): readonly number[] {
    const { home, dtype, local } = value;
    let known = home.splats.get(key)?.[0];
    if (known === undefined) {
      known = this.local("v128");
      if (dtype === "bool") home.code.op("i32.const", 0).get(local).op("i32.sub");
      else home.code.get(local);
      home.code.op(splatOf[dtype]).set(known);
      home.splats.set(key, [known]);
    }
    return new Array<number>(this.vectorCount(dtype, scope)).fill(known);
  }

  /** Vectors that a value of `dtype` takes in the lanes of `scope`. */
  vectorCount(dtype: ComputeDType, scope: Scope): number {
    if (scope.lanes === null) throw new Error("internal: expected a scope with lanes");
    return scope.lanes.groups * vectorsOf[dtype];
  }

  /** Computes an expression in the outermost scope that has everything it depends on. */
  evaluate(expr: Expr, scope: Scope): Value {
    const known = scope.find(expr);
    if (known !== undefined) return known;
    const leaf = leafOf(expr);
    if (leaf !== null) return scope.leaf(leaf);
    const value = this.#compute(expr, scope);
    value.home.values.set(expr, value);
    return value;
  }

  /** Whether an expression may differ between the lanes of `scope`. */
  varies(expr: Expr, scope: Scope, seen = new Set<Expr>()): boolean {
    if (scope.lanes === null || seen.has(expr)) return false;
    seen.add(expr);
    const known = scope.find(expr);
    if (known !== undefined) return isVarying(known);
    if (expr.op === "index") return expr.axis === scope.lanes.axis;
    const leaf = leafOf(expr);
    if (leaf !== null) return isVarying(scope.leaf(leaf));
    return expr.args.some((arg) => this.varies(arg, scope, seen));
  }

  /** A template over `element`, applied to a value. */
  apply(template: Expr, element: Value): Value {
    // The template's expressions are shared by all its uses, so each use gets a scope of its own.
    const { home } = element;
    const scope = new ScopeClass(home, home.code, { lanes: home.lanes });
    scope.define("element", () => ({ ...element, home: scope }));
    const value = this.evaluate(template, scope);
    return { ...value, home };
  }

  #compute(expr: Expr, scope: Scope): Value {
    switch (expr.op) {
      case "const":
        return this.#constant(expr.dtype, expr.value, scope.root);
      case "load":
        return this.#load(expr, scope);
      case "bitcast":
        return this.#bitcast(expr, scope);
      case "cast":
        return this.#cast(expr, scope);
      case "select":
        return this.#select(expr, scope);
      default:
        if (!isAlu(expr)) throw new Error(`internal: ${expr.op} has no value of its own`);
        return this.#alu(expr, scope);
    }
  }

  #constant(dtype: ComputeDType, value: number | bigint, home: Scope): UniformValue {
    const local = this.local(scalarTypes[dtype]);
    switch (dtype) {
      case "float64":
        home.code.op("f64.const", Number(value));
        break;
      case "float32":
        home.code.op("f32.const", Number(value));
        break;
      case "int64":
        home.code.op("i64.const", BigInt(value));
        break;
      default:
        home.code.op("i32.const", Number(value));
    }
    home.code.set(local);
    return { dtype, home, local };
  }

  #alu(expr: AluExpr, scope: Scope): Value {
    const args = expr.args.map((arg) => this.evaluate(arg, scope));
    const home = innermost(scope.root, ...args.map((arg) => arg.home));
    const operandDtype = expr.args[0]?.dtype ?? expr.dtype;
    if (!args.some(isVarying)) {
      return this.#into(home, expr.dtype, (code) => {
        applyRule(this.emit(code), ruleOf(scalarRules, expr.op, operandDtype), args.map((arg) => (arg as UniformValue).local));
      });
    }
    const [first, second] = args;
    if ((expr.op === "shl" || expr.op === "shr" || expr.op === "ushr") && second !== undefined && !isVarying(second) && first !== undefined && isVarying(first)) {
      const instruction = uniformShifts[expr.op][operandDtype === "int64" ? "int64" : "int32"];
      return this.#eachVector(home, expr.dtype, first.vectors.length, (code, i) => {
        code.get(first.vectors[i] ?? 0).get(second.local);
        if (operandDtype === "int64") code.op("i32.wrap_i64");
        code.op(instruction);
      });
    }
    const rule = ruleOf(vectorRules, expr.op, operandDtype);
    const operands = expr.args.map((arg) => this.vectors(arg, home));
    const count = operands[0]?.length ?? 0;
    if (rule === "lanes") {
      const scalarRule = ruleOf(scalarRules, expr.op, operandDtype);
      return this.#eachLane(home, expr.args.map((arg) => arg.dtype), operands, expr.dtype, (code, locals) => {
        applyRule(this.emit(code), scalarRule, locals);
      });
    }
    const at = (i: number): number[] => operands.map((vectors) => vectors[i] ?? 0);
    if (expr.dtype === "bool" && vectorsOf[operandDtype] === 2) {
      // Two masks of 64-bit lanes make one of 32-bit lanes.
      return this.#eachVector(home, "bool", count / 2, (code, i) => {
        applyRule(this.emit(code), rule, at(2 * i));
        applyRule(this.emit(code), rule, at(2 * i + 1));
        code.op("i8x16.shuffle", lowHalves);
      });
    }
    return this.#eachVector(home, expr.dtype, count, (code, i) => applyRule(this.emit(code), rule, at(i)));
  }

  #cast(expr: Expr, scope: Scope): Value {
    const operand = expr.args[0];
    if (operand === undefined) throw new Error("internal: a cast needs an operand");
    const value = this.evaluate(operand, scope);
    const { home } = value;
    if (!isVarying(value)) {
      return this.#into(home, expr.dtype, (code) => applyRule(this.emit(code), castRuleOf(scalarCasts, operand.dtype, expr.dtype), [value.local]));
    }
    const rule = castRuleOf(vectorCasts, operand.dtype, expr.dtype);
    if (rule === "lanes") {
      const scalarRule = castRuleOf(scalarCasts, operand.dtype, expr.dtype);
      return this.#eachLane(home, [operand.dtype], [value.vectors], expr.dtype, (code, locals) => applyRule(this.emit(code), scalarRule, locals));
    }
    const [from, to] = [vectorsOf[operand.dtype], vectorsOf[expr.dtype]];
    return this.#eachVector(home, expr.dtype, (value.vectors.length / from) * to, (code, i) => {
      const group = Math.floor(i / to);
      rule(this.emit(code), value.vectors.slice(group * from, (group + 1) * from), i % to);
    });
  }

  #bitcast(expr: Expr, scope: Scope): Value {
    const operand = expr.args[0];
    if (operand === undefined) throw new Error("internal: a bitcast needs an operand");
    const value = this.evaluate(operand, scope);
    // A vector has no type: its lanes are read as whatever the next instruction takes them for.
    if (isVarying(value)) return { ...value, dtype: expr.dtype };
    const [from, to] = [scalarTypes[operand.dtype], scalarTypes[expr.dtype]];
    return this.#into(value.home, expr.dtype, (code) => code.get(value.local).op(`${to}.reinterpret_${from}` as "i32.reinterpret_f32"));
  }

  #select(expr: Expr, scope: Scope): Value {
    const [condition, yes, no] = expr.args;
    if (condition === undefined || yes === undefined || no === undefined) throw new Error("internal: select takes three arguments");
    const values = [condition, yes, no].map((arg) => this.evaluate(arg, scope));
    const home = innermost(scope.root, ...values.map((value) => value.home));
    const [c, y, n] = values as [Value, Value, Value];
    if (!isVarying(c) && !isVarying(y) && !isVarying(n)) {
      return this.#into(home, expr.dtype, (code) => code.get(y.local).get(n.local).get(c.local).op("select"));
    }
    const masks = this.vectors(condition, home);
    const [ys, ns] = [this.vectors(yes, home), this.vectors(no, home)];
    return this.#eachVector(home, expr.dtype, ys.length, (code, i) => {
      code.get(ys[i] ?? 0).get(ns[i] ?? 0);
      this.#mask(code, masks, expr.dtype, i);
      code.op("v128.bitselect");
    });
  }

  /** The mask for vector number `i` of a value of `dtype`. */
  #mask(code: Code, masks: readonly number[], dtype: ComputeDType, i: number): void {
    if (vectorsOf[dtype] === 1) code.get(masks[i] ?? 0);
    else code.get(masks[i >> 1] ?? 0).op(i % 2 === 0 ? "i64x2.extend_low_i32x4_s" : "i64x2.extend_high_i32x4_s");
  }

  #into(home: Scope, dtype: ComputeDType, write: (code: Code) => void): UniformValue {
    const local = this.local(scalarTypes[dtype]);
    write(home.code);
    home.code.set(local);
    return { dtype, home, local };
  }

  #eachVector(home: Scope, dtype: ComputeDType, count: number, write: (code: Code, i: number) => void): VaryingValue {
    const vectors = Array.from({ length: count }, (_, i) => {
      write(home.code, i);
      const local = this.local("v128");
      home.code.set(local);
      return local;
    });
    return { dtype, home, vectors };
  }

  /** Takes vectors apart, computes lane by lane, and puts vectors together again. */
  #eachLane(home: Scope, dtypes: readonly ComputeDType[], operands: readonly (readonly number[])[], to: ComputeDType, write: (code: Code, locals: readonly number[]) => void): VaryingValue {
    const scalars = dtypes.map((dtype) => this.local(scalarTypes[dtype]));
    const groups = (operands[0]?.length ?? 0) / vectorsOf[dtypes[0] ?? "int32"];
    return this.#fromLanes(home, to, groups, (code, lane) => {
      operands.forEach((vectors, k) => {
        const dtype = dtypes[k] ?? "int32";
        this.#extract(code, vectors, dtype, lane);
        code.set(scalars[k] ?? 0);
      });
      write(code, scalars);
    });
  }

  /** Leaves lane number `lane` on the stack. */
  #extract(code: Code, vectors: readonly number[], dtype: ComputeDType, lane: number): void {
    const perVector = 4 / vectorsOf[dtype];
    code.get(vectors[Math.floor(lane / perVector)] ?? 0).op(extractOf[dtype], lane % perVector);
    if (dtype === "bool") code.op("i32.const", 1).op("i32.and");
  }

  /** Vectors whose lanes are computed one after the other; `write` leaves one on the stack. */
  #fromLanes(home: Scope, dtype: ComputeDType, groups: number, write: (code: Code, lane: number) => void): VaryingValue {
    const perVector = 4 / vectorsOf[dtype];
    return this.#eachVector(home, dtype, groups * vectorsOf[dtype], (code, i) => {
      const vector = this.local("v128");
      for (let lane = 0; lane < perVector; lane++) {
        if (lane > 0) code.get(vector);
        if (dtype === "bool") code.op("i32.const", 0);
        write(code, i * perVector + lane);
        if (dtype === "bool") code.op("i32.sub");
        if (lane === 0) code.op(splatOf[dtype]);
        else code.op(replaceOf[dtype], lane);
        if (lane < perVector - 1) code.set(vector);
      }
    });
  }

  // --- Memory -----------------------------------------------------------------------------------------------------

  #param(param: number): { readonly dtype: DType; readonly pointer: number; readonly access: Param["access"] } {
    const found = this.#params[param];
    const pointer = this.#pointers[param];
    if (found === undefined || pointer === undefined) throw new Error(`internal: parameter ${String(param)} is not declared`);
    return { dtype: found.dtype, pointer, access: found.access };
  }

  /** `expr` where the position along `axis` is 0. */
  #startOf(expr: Expr, axis: number): Expr {
    let known = this.#atZero.get(axis);
    if (known === undefined) this.#atZero.set(axis, (known = new Map()));
    return substitute(this.builder, expr, (leaf) => (leaf.op === "index" && leaf.axis === axis ? this.builder.int(0) : null), known);
  }

  /** A local with the address of element `index` of a parameter. */
  #address(param: number, index: Expr, scope: Scope): { readonly local: number; readonly home: Scope } {
    const { dtype, pointer } = this.#param(param);
    const value = this.uniform(index, scope);
    const key = `element ${String(param)} ${String(index.id)}`;
    const { home } = value;
    let local = home.addresses.get(key);
    if (local === undefined) {
      local = this.local("i32");
      home.code.get(pointer).get(value.local);
      const { shift } = elementAccess[dtype];
      if (shift > 0) home.code.op("i32.const", shift).op("i32.shl");
      home.code.op("i32.add").set(local);
      home.addresses.set(key, local);
    }
    return { local, home };
  }

  /** Tells the host about an access outside of its parameter, where that is asked for. */
  #check(code: Code, param: number, pushAddress: (code: Code) => void, bytes: number): void {
    const length = this.context.lengths?.[param];
    if (length === undefined) return;
    const offset = this.local("i32");
    pushAddress(code);
    code.get(this.#param(param).pointer).op("i32.sub").tee(offset).get(length).op("i32.ge_u");
    code.get(offset).op("i32.const", bytes).op("i32.add").get(length).op("i32.gt_u").op("i32.or");
    code.if((inside) => inside.op("i32.const", param).get(offset).op("call", this.context.outOfBounds).op("unreachable"));
  }

  /** The position of the first lane along the axis of the lanes, times a number of bytes. */
  #offset(scope: Scope, axis: number, shift: number, stride: UniformValue | null): { readonly local: number; readonly home: Scope } {
    const position = scope.leaf(positionOf(axis)) as UniformValue;
    const home = stride === null ? position.home : innermost(position.home, stride.home);
    const key = `offset ${String(axis)} ${String(shift)} ${String(stride?.local ?? 0)}`;
    let local = home.addresses.get(key);
    if (local === undefined) {
      local = this.local("i32");
      home.code.get(position.local);
      if (stride !== null) home.code.get(stride.local).op("i32.mul");
      home.code.op("i32.const", shift).op("i32.shl").set(local);
      home.addresses.set(key, local);
    }
    return { local, home };
  }

  /** Where the elements lie that the lanes of `scope` refer to, when the index varies between them. */
  #addressing(param: number, index: Expr, scope: Scope): { readonly home: Scope; readonly addressing: Addressing } {
    const { lanes } = scope;
    if (lanes === null) throw new Error("internal: expected a scope with lanes");
    const stride = lanes.axis === null ? null : strideAlong(this.builder, index, lanes.axis);
    if (lanes.axis !== null && stride !== null && !this.varies(stride, scope)) {
      const start = this.#startOf(index, lanes.axis);
      if (!this.varies(start, scope)) return this.#linear(param, start, stride, lanes.axis, lanes.groups, scope);
    }
    const value = this.evaluate(index, scope);
    if (!isVarying(value)) throw new Error("internal: expected an index that varies");
    return { home: value.home, addressing: { kind: "scattered", indices: value.vectors } };
  }

  #linear(param: number, start: Expr, stride: Expr, axis: number, groups: number, scope: Scope): { readonly home: Scope; readonly addressing: Addressing } {
    const base = this.#address(param, start, scope);
    const { shift } = elementAccess[this.#param(param).dtype];
    const literal = stride.op === "const" ? Number(stride.value) : null;
    const strideValue = literal === 1 ? null : this.uniform(stride, scope);
    const offset = this.#offset(scope, axis, shift, strideValue);
    const home = innermost(base.home, offset.home);
    const key = `lanes ${String(param)} ${String(start.id)} ${String(stride.id)}`;
    const sum = (key: string, write: (code: Code) => void, at: Scope): number => {
      let local = at.addresses.get(key);
      if (local === undefined) {
        local = this.local("i32");
        write(at.code);
        at.code.set(local);
        at.addresses.set(key, local);
      }
      return local;
    };
    const address = sum(key, (code) => code.get(base.local).get(offset.local).op("i32.add"), home);
    if (literal !== null && literal > 0 && literal < 2 ** 20) return { home, addressing: { kind: "spaced", address, step: literal << shift } };
    if (strideValue === null) throw new Error("internal: a stride of one is spaced");
    const steps = [1, 2, 3, 4].map((k) =>
      sum(`step ${String(strideValue.local)} ${String(shift)} ${String(k)}`, (code) => code.get(strideValue.local).op("i32.const", k << shift).op("i32.mul"), strideValue.home),
    );
    const starts = [address];
    for (let group = 1; group < groups; group++) {
      const before = starts[group - 1] ?? address;
      starts.push(sum(`${key} group ${String(group)}`, (code) => code.get(before).get(steps[3] ?? 0).op("i32.add"), home));
    }
    return { home, addressing: { kind: "strided", groups: starts, steps } };
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

  #load(expr: LoadExpr, scope: Scope): Value {
    const { param } = expr;
    const [index, when, otherwise] = expr.args;
    // What is also written must be read where it stands; other loads may move out of loops, within their region.
    const floor = this.#param(param).access === "in" ? scope.region : scope;
    if (when !== undefined && otherwise !== undefined) {
      const varying = this.varies(index, scope) || this.varies(when, scope);
      return varying ? this.#loadVectorsWhen(param, index, when, otherwise, scope, floor) : this.#loadScalarWhen(param, index, when, otherwise, scope, floor);
    }
    if (!this.varies(index, scope)) {
      const address = this.#address(param, index, scope);
      return this.#readScalar(innermost(floor, address.home), param, address.local);
    }
    const { home, addressing } = this.#addressing(param, index, scope);
    return this.#readLanes(innermost(floor, home), param, addressing, scope.lanes?.groups ?? 1);
  }

  /** An element as it is now, at an index that is the same for all lanes. */
  readElement(param: number, index: Expr, scope: Scope): UniformValue {
    return this.#readScalar(scope, param, this.#address(param, index, scope).local) as UniformValue;
  }

  #widened(param: number, raw: Value): Value {
    const { widen } = elementAccess[this.#param(param).dtype];
    return widen === null ? raw : this.apply(widen, raw);
  }

  #readScalar(home: Scope, param: number, address: number): Value {
    const { raw, load, shift } = elementAccess[this.#param(param).dtype];
    this.#check(home.code, param, (code) => code.get(address), 1 << shift);
    return this.#widened(param, this.#into(home, raw, (code) => code.get(address).op(load)));
  }

  #readLanes(home: Scope, param: number, addressing: Addressing, groups: number): Value {
    const { raw, load, loadVector, shift } = elementAccess[this.#param(param).dtype];
    if (addressing.kind === "spaced" && addressing.step === 1 << shift) {
      const { address } = addressing;
      this.#check(home.code, param, (code) => code.get(address), (4 * groups) << shift);
      const parts = vectorsOf[raw];
      return this.#widened(param, this.#eachVector(home, raw, groups * parts, (code, i) => {
        loadVector(code, address, Math.floor(i / parts) * (4 << shift), i % parts);
      }));
    }
    return this.#widened(param, this.#fromLanes(home, raw, groups, (code, lane) => {
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
    const condition = this.uniform(when, scope);
    const other = this.uniform(otherwise, scope);
    const address = this.#address(param, index, scope);
    const home = innermost(floor, address.home, condition.home, other.home);
    const result = this.local(scalarTypes[other.dtype]);
    home.inline((code) => {
      code.get(other.local).set(result).get(condition.local).if((inside) => {
        const arm = new ScopeClass(home, inside);
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
    const condition = this.evaluate(when, scope);
    const other = this.evaluate(otherwise, scope);
    const indexVaries = this.varies(index, scope);
    const address = indexVaries ? null : this.#address(param, index, scope);
    const place = indexVaries ? this.#addressing(param, index, scope) : null;
    const home = innermost(floor, condition.home, other.home, (place ?? address)?.home ?? scope.root);
    const others = isVarying(other) ? other.vectors : this.splat(otherwise, other, home);
    const results = others.map(() => this.local("v128"));

    const takeOthers = (code: Code): void => others.forEach((vector, i) => code.get(vector).set(results[i] ?? 0));
    const takeAll = (code: Code): void => {
      const arm = new ScopeClass(home, code);
      const read = place === null ? this.#readScalar(arm, param, address?.local ?? 0) : this.#readLanes(arm, param, place.addressing, lanes.groups);
      const vectors = isVarying(read) ? read.vectors : this.splat(index, read, arm);
      vectors.forEach((vector, i) => arm.code.get(vector).set(results[i] ?? 0));
    };
    const done: VaryingValue = { dtype: other.dtype, home, vectors: results };
    if (!isVarying(condition)) {
      home.inline((code) => code.get(condition.local).if(takeAll, takeOthers));
      return done;
    }

    const masks = condition.vectors;
    const takeSome = (code: Code): void => {
      const arm = new ScopeClass(home, code);
      const { raw, load, shift } = elementAccess[this.#param(param).dtype];
      const safe = this.local("i32");
      const read = this.#widened(param, this.#fromLanes(arm, raw, lanes.groups, (c, lane) => {
        const offset = place === null ? 0 : this.#pushLaneAddress(c, param, place.addressing, lane);
        if (place === null) c.get(address?.local ?? 0);
        if (offset > 0) c.op("i32.const", offset).op("i32.add");
        c.get(this.#param(param).pointer).get(masks[lane >> 2] ?? 0).op("i32x4.extract_lane", lane & 3).op("select").set(safe);
        this.#check(c, param, (d) => d.get(safe), 1 << shift);
        c.get(safe).op(load);
      })) as VaryingValue;
      read.vectors.forEach((vector, i) => {
        arm.code.get(vector).get(others[i] ?? 0);
        this.#mask(arm.code, masks, read.dtype, i);
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
    const converted = (v: Value): Value => (narrow === null ? v : this.apply(narrow, v));
    const evaluated = this.evaluate(value, scope);
    if (!this.varies(index, scope)) {
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
    const lanes = isVarying(evaluated) ? evaluated : { dtype: value.dtype, home: scope, vectors: this.splat(value, evaluated, scope) };
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
        this.#extract(code, vectors, raw, lane);
        code.op(store, offset);
      }
    };
  }
}

/** The leaf under which a scope with lanes keeps the position of its first lane. */
export const positionOf = (axis: number): string => `position ${String(axis)}`;

/** Rebuilds an expression with other leaves. */
export function substitute(builder: ExprBuilder, root: Expr, replacement: (leaf: Expr) => Expr | null, known = new Map<Expr, Expr>()): Expr {
  const done = known.get(root);
  if (done !== undefined) return done;
  const replaced = replacement(root);
  let result: Expr;
  if (replaced !== null) result = replaced;
  else if (root.args.length === 0) result = root;
  else {
    const args = root.args.map((arg) => substitute(builder, arg, replacement, known));
    result = args.every((arg, i) => arg === root.args[i]) ? root : builder.rebuild(root, args);
  }
  known.set(root, result);
  return result;
}
