import type { AluOp, aluOps, ComputeDType, TranscendentalOp } from "@gradus/kernel-ir";
import type { Code, ImmediatesOf, InstructionName, ValueType } from "../assembler/index.js";

/** What a rule writes with. */
export interface Emit {
  readonly code: Code;
  /** A fresh local variable. */
  local(type: ValueType): number;
  /** Calls a function of the host on float64s that lie on the stack. */
  callHost(name: HostFunction): void;
}

/** Functions on float64s that the host computes. */
export type HostFunction = TranscendentalOp | "rem";

/** An instruction that carries nothing. */
export type PlainInstruction = { [N in InstructionName]: [] extends ImmediatesOf<N> ? N : never }[InstructionName];

/** The names that instructions on values of type `P` have in common: `add`, `mul`, … */
export type SuffixOf<P extends string, N = PlainInstruction> = N extends `${P}.${infer S}` ? S : never;

/**
 * How an operation is written: one instruction on its operands, or a function that is given the locals in which they lie and
 * leaves the result on the stack.
 */
export type Rule = PlainInstruction | ((emit: Emit, a: number, b: number) => void);

/** Arithmetics that an op has to be written for. Transcendental functions of float32 were lowered before. */
type Taken<O extends AluOp> = O extends TranscendentalOp ? "float64" : TakenKind[(typeof aluOps)[O]["takes"]];
interface TakenKind {
  readonly number: Exclude<ComputeDType, "bool">;
  readonly float: "float32" | "float64";
  readonly int: "int32" | "int64";
  readonly bits: "int32" | "int64" | "bool";
  readonly any: ComputeDType;
}

/** One rule for every op in every arithmetic it is defined for: a new op does not compile until it has them. */
export type RuleTable<R> = { readonly [O in AluOp]: Readonly<Record<Taken<O>, R>> };

export type CastTable<R> = { readonly [From in ComputeDType]: Readonly<Record<Exclude<ComputeDType, From>, R>> };

/** Looks up a rule; that there is one was checked when the expression was built. */
export function ruleOf<R>(table: RuleTable<R>, op: AluOp, dtype: ComputeDType): R {
  const rule = (table[op] as Partial<Record<ComputeDType, R>>)[dtype];
  if (rule === undefined) throw new Error(`internal: no rule for ${op} of ${dtype}`);
  return rule;
}

export function castRuleOf<R>(table: CastTable<R>, from: ComputeDType, to: ComputeDType): R {
  const rule = (table[from] as Partial<Record<ComputeDType, R>>)[to];
  if (rule === undefined) throw new Error(`internal: no cast from ${from} to ${to}`);
  return rule;
}

/** Writes `rule` on operands in locals. */
export function applyRule(emit: Emit, rule: Rule, operands: readonly number[]): void {
  const [a = 0, b = 0] = operands;
  if (typeof rule === "function") {
    rule(emit, a, b);
    return;
  }
  for (const operand of operands) emit.code.get(operand);
  (emit.code as { op(name: PlainInstruction): Code }).op(rule);
}
