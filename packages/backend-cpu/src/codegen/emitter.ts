import type { AluExpr, BitcastExpr, CastExpr, ComputeDType, Expr, Guard, Param, SelectExpr } from "@gradus/kernel-ir";
import { ExprBuilder, isAlu, strideAlong } from "@gradus/kernel-ir";
import type { Code, FunctionBuilder, ModuleBuilder, ValueType } from "../assembler/index.js";
import { MemoryAccess } from "./access.js";
import type { Emit, HostFunction } from "./rules.js";
import { applyRule, castRuleOf, ruleOf } from "./rules.js";
import { scalarCasts, scalarRules, scalarTypes } from "./scalar.js";
import type { UniformValue, Value, VaryingValue } from "./scope.js";
import { innermost, isVarying, leafOf, Scope } from "./scope.js";
import type { Target } from "./target.js";
import { extractOf, extremeInstructions, lowHalves, replaceOf, splatOf, uniformShifts, vectorCasts, vectorRules, vectorsOf } from "./vector.js";

/** What a function is generated with. */
export interface EmitterContext {
  readonly target: Target;
  readonly module: ModuleBuilder;
  readonly fn: FunctionBuilder;
  readonly params: readonly Param[];
  /** The program's guards, whose places are their numbers. */
  readonly guards: readonly Guard[];
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
  /**
   * Gives the address of that many bytes, for the length of the dispatch. A float64, so that more than the memory can hold is not
   * taken for less.
   */
  readonly scratch: number;
  /** Called before a contraction uses panels, for which there are functions of their own. */
  readonly panels: number;
}

/** Writes the code that computes expressions. */
export class Emitter {
  /** Makes the index expressions that follow from those of the program. */
  readonly builder = new ExprBuilder();
  /** Loads and stores. */
  readonly access: MemoryAccess;
  /** A local that is never set. */
  #zeros: number | null = null;
  readonly #strides = new Map<number, Map<Expr, Expr | null>>();

  constructor(readonly context: EmitterContext) {
    this.access = new MemoryAccess(this);
  }

  /** `strideAlong` of kernel-ir, remembered: planning asks for the same strides again and again. */
  stride(expr: Expr, axis: number): Expr | null {
    const known = this.#strides.get(axis) ?? new Map<Expr, Expr | null>();
    this.#strides.set(axis, known);
    let stride = known.get(expr);
    if (stride === undefined) known.set(expr, (stride = strideAlong(this.builder, expr, axis)));
    return stride;
  }

  /** The same where it is a literal; null where it is not, or not linear. */
  literalStride(expr: Expr, axis: number): number | null {
    const stride = this.stride(expr, axis);
    return stride?.op === "const" ? Number(stride.value) : null;
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
    let known = home.splats.get(key);
    if (known === undefined) {
      known = this.local("v128");
      if (dtype === "bool") home.code.op("i32.const", 0).get(local).op("i32.sub");
      else home.code.get(local);
      home.code.op(splatOf[dtype]).set(known);
      home.splats.set(key, known);
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
    return home.inline((code) => {
      const scope = new Scope(home, code);
      scope.define("element", () => ({ ...element, home: scope }));
      return { ...this.evaluate(template, scope), home };
    });
  }

  #compute(expr: Expr, scope: Scope): Value {
    switch (expr.op) {
      case "const":
        return this.#constant(expr.dtype, expr.value, scope.root);
      case "load":
        return this.access.load(expr, scope);
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
      return this.into(home, expr.dtype, (code) => {
        applyRule(this.emit(code), ruleOf(scalarRules, expr.op, operandDtype), args.map((arg) => (arg as UniformValue).local));
      });
    }
    const [first, second] = args;
    if ((expr.op === "shl" || expr.op === "shr" || expr.op === "ushr") && second !== undefined && !isVarying(second) && first !== undefined && isVarying(first)) {
      const instruction = uniformShifts[expr.op][operandDtype === "int64" ? "int64" : "int32"];
      return this.eachVector(home, expr.dtype, first.vectors.length, (code, i) => {
        code.get(first.vectors[i] ?? 0).get(second.local);
        if (operandDtype === "int64") code.op("i32.wrap_i64");
        code.op(instruction);
      });
    }
    const bounded = this.#bounded(expr, home);
    if (bounded !== null) return bounded;
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
      return this.eachVector(home, "bool", count / 2, (code, i) => {
        applyRule(this.emit(code), rule, at(2 * i));
        applyRule(this.emit(code), rule, at(2 * i + 1));
        code.op("i8x16.shuffle", lowHalves);
      });
    }
    return this.eachVector(home, expr.dtype, count, (code, i) => applyRule(this.emit(code), rule, at(i)));
  }

  #cast(expr: CastExpr, scope: Scope): Value {
    const [operand] = expr.args as readonly [Expr];
    const value = this.evaluate(operand, scope);
    const { home } = value;
    if (!isVarying(value)) {
      return this.into(home, expr.dtype, (code) => applyRule(this.emit(code), castRuleOf(scalarCasts, operand.dtype, expr.dtype), [value.local]));
    }
    const rule = castRuleOf(vectorCasts, operand.dtype, expr.dtype);
    if (rule === "lanes") {
      const scalarRule = castRuleOf(scalarCasts, operand.dtype, expr.dtype);
      return this.#eachLane(home, [operand.dtype], [value.vectors], expr.dtype, (code, locals) => applyRule(this.emit(code), scalarRule, locals));
    }
    const [from, to] = [vectorsOf[operand.dtype], vectorsOf[expr.dtype]];
    return this.eachVector(home, expr.dtype, (value.vectors.length / from) * to, (code, i) => {
      const group = Math.floor(i / to);
      rule(this.emit(code), value.vectors.slice(group * from, (group + 1) * from), i % to);
    });
  }

  #bitcast(expr: BitcastExpr, scope: Scope): Value {
    const [operand] = expr.args as readonly [Expr];
    const value = this.evaluate(operand, scope);
    // A vector has no type: its lanes are read as whatever the next instruction takes them for.
    if (isVarying(value)) return { ...value, dtype: expr.dtype };
    const [from, to] = [scalarTypes[operand.dtype], scalarTypes[expr.dtype]];
    return this.into(value.home, expr.dtype, (code) => code.get(value.local).op(`${to}.reinterpret_${from}` as "i32.reinterpret_f32"));
  }

  #select(expr: SelectExpr, scope: Scope): Value {
    const extreme = this.#extreme(expr, scope);
    if (extreme !== null) return extreme;
    const [condition, yes, no] = expr.args as readonly [Expr, Expr, Expr];
    const [c, y, n] = [this.evaluate(condition, scope), this.evaluate(yes, scope), this.evaluate(no, scope)];
    const home = innermost(c.home, y.home, n.home);
    if (!isVarying(c) && !isVarying(y) && !isVarying(n)) {
      return this.into(home, expr.dtype, (code) => code.get(y.local).get(n.local).get(c.local).op("select"));
    }
    const masks = this.vectors(condition, home);
    const [ys, ns] = [this.vectors(yes, home), this.vectors(no, home)];
    return this.eachVector(home, expr.dtype, ys.length, (code, i) => {
      code.get(ys[i] ?? 0).get(ns[i] ?? 0);
      this.mask(code, masks, expr.dtype, i);
      code.op("v128.bitselect");
    });
  }

  /** The smaller or larger of two vectors, which is one instruction where a comparison and a choice are four; null for any other choice. */
  #extreme(expr: SelectExpr, scope: Scope): Value | null {
    const [condition, yes, no] = expr.args as readonly [Expr, Expr, Expr];
    const instructions = extremeInstructions[expr.dtype];
    if (condition.op !== "lt" || instructions === undefined) return null;
    const [left, right] = condition.args as readonly [Expr, Expr];
    const name = yes === right && no === left ? "max" : yes === left && no === right ? "min" : null;
    if (name === null) return null;
    const values = [this.evaluate(yes, scope), this.evaluate(no, scope)] as const;
    if (!values.some(isVarying)) return null;
    const home = innermost(values[0].home, values[1].home);
    const [chosen, other] = [this.vectors(yes, home), this.vectors(no, home)];
    // In doubt (NaN, zeros of different signs) both the instructions and the comparison take what stands first here.
    return this.eachVector(home, expr.dtype, chosen.length, (code, i) => code.get(other[i] ?? 0).get(chosen[i] ?? 0).op(instructions[name]));
  }

  /** The minimum or maximum of floats and a literal, which is no NaN and so leaves less to look out for; null for any other operation. */
  #bounded({ op, dtype, args }: AluExpr, home: Scope): Value | null {
    const instructions = extremeInstructions[dtype];
    if ((op !== "min" && op !== "max") || (dtype !== "float32" && dtype !== "float64") || instructions === undefined) return null;
    const [left, right] = args as readonly [Expr, Expr];
    const [literal, other] = left.op === "const" ? [left, right] : [right, left];
    // Of zeros with different signs the instruction takes the first operand, where the smaller one is asked for.
    if (literal.op !== "const" || Number.isNaN(literal.value) || (op === "min" && Object.is(literal.value, -0))) return null;
    const [values, bounds] = [this.vectors(other, home), this.vectors(literal, home)];
    return this.eachVector(home, dtype, values.length, (code, i) => {
      code.get(values[i] ?? 0).get(bounds[i] ?? 0).op(instructions[op]);
      // 0 is the larger zero, and −0 + 0 = 0.
      if (op === "max" && Object.is(literal.value, 0)) code.get(bounds[i] ?? 0).op(dtype === "float32" ? "f32x4.add" : "f64x2.add");
    });
  }

  /** Leaves the mask for vector number `i` of a value of `dtype`. */
  mask(code: Code, masks: readonly number[], dtype: ComputeDType, i: number): void {
    if (vectorsOf[dtype] === 1) code.get(masks[i] ?? 0);
    else code.get(masks[i >> 1] ?? 0).op(i % 2 === 0 ? "i64x2.extend_low_i32x4_s" : "i64x2.extend_high_i32x4_s");
  }

  /** A value that `write` leaves on the stack. */
  into(home: Scope, dtype: ComputeDType, write: (code: Code) => void): UniformValue {
    const local = this.local(scalarTypes[dtype]);
    write(home.code);
    home.code.set(local);
    return { dtype, home, local };
  }

  /** A value whose vectors `write` leaves on the stack, one after the other. */
  eachVector(home: Scope, dtype: ComputeDType, count: number, write: (code: Code, i: number) => void): VaryingValue {
    const vectors = Array.from({ length: count }, (_, i) => {
      write(home.code, i);
      const local = this.local("v128");
      home.code.set(local);
      return local;
    });
    home.vectors.push(...vectors);
    return { dtype, home, vectors };
  }

  /**
   * Written at the end of a loop's body. V8 takes a local that is set in a loop to be used after it, and then a pair of vectors for not worth joining; so where
   * it is to do so, they are set to what they were before.
   */
  forgetVectors(code: Code, { vectors }: Scope): void {
    if (!this.context.target.pairsVectors || vectors.length === 0) return;
    this.#zeros ??= this.local("v128");
    for (const vector of vectors) code.get(this.#zeros).set(vector);
  }

  /** Takes vectors apart, computes lane by lane, and puts vectors together again. */
  #eachLane(home: Scope, dtypes: readonly ComputeDType[], operands: readonly (readonly number[])[], to: ComputeDType, write: (code: Code, locals: readonly number[]) => void): VaryingValue {
    const scalars = dtypes.map((dtype) => this.local(scalarTypes[dtype]));
    const groups = (operands[0]?.length ?? 0) / vectorsOf[dtypes[0] ?? "int32"];
    return this.fromLanes(home, to, groups, (code, lane) => {
      operands.forEach((vectors, k) => {
        const dtype = dtypes[k] ?? "int32";
        this.extract(code, vectors, dtype, lane);
        code.set(scalars[k] ?? 0);
      });
      write(code, scalars);
    });
  }

  /** Leaves lane number `lane` on the stack. */
  extract(code: Code, vectors: readonly number[], dtype: ComputeDType, lane: number): void {
    const perVector = 4 / vectorsOf[dtype];
    code.get(vectors[Math.floor(lane / perVector)] ?? 0).op(extractOf[dtype], lane % perVector);
    if (dtype === "bool") code.op("i32.const", 1).op("i32.and");
  }

  /** Vectors whose lanes are computed one after the other; `write` leaves one on the stack. */
  fromLanes(home: Scope, dtype: ComputeDType, groups: number, write: (code: Code, lane: number) => void): VaryingValue {
    const perVector = 4 / vectorsOf[dtype];
    return this.eachVector(home, dtype, groups * vectorsOf[dtype], (code, i) => {
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
}
