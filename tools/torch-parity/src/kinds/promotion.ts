import type { DType } from "@gradus/tensor-core";
import * as core from "@gradus/tensor-core";
import { Tensor, tensor } from "@gradus/tensor-core";
import { MissingError, translate } from "../call.js";
import type { Workbench } from "../check.js";
import { describe } from "../check.js";
import { Disagreement } from "../outcome.js";
import type { PythonValue } from "../python.js";
import { PythonFloat } from "../python.js";
import type { PromotionRecord, UnaryPromotionRecord } from "../records.js";

/** Which element type results have: for each pair of types and op, and for each type with Python's numbers. */

const vector = (bench: Workbench, dtype: DType): Tensor => tensor([1, 1], { dtype, device: bench.device });
const scalar = (bench: Workbench, dtype: DType): Tensor => tensor(1, { dtype, device: bench.device });

interface PythonCall {
  readonly fn: string;
  readonly args: readonly PythonValue[];
}

/** Calls whose arguments are not simply `a`, or `a` and `b`. */
const callForms: Readonly<Record<string, (bench: Workbench, a: Tensor, b: Tensor) => PythonCall>> = {
  add_: (_, a, b) => ({ fn: "torch.Tensor.add_", args: [a, b] }),
  mul_: (_, a, b) => ({ fn: "torch.Tensor.mul_", args: [a, b] }),
  where: (bench, a, b) => ({ fn: "torch.where", args: [tensor([true, false], { device: bench.device }), a, b] }),
  cat: (_, a, b) => ({ fn: "torch.cat", args: [[a, b]] }),
  stack: (_, a, b) => ({ fn: "torch.stack", args: [[a, b]] }),
  // PyTorch's out=: Gradus writes a result into a tensor by copying it there.
  cat_: (_, a, b) => ({ fn: "torch.Tensor.copy_", args: [a.newZeros([4]), core.cat([a, b])] }),
  softmax: (_, a) => ({ fn: "torch.softmax", args: [a, 0] }),
  cumsum: (_, a) => ({ fn: "torch.cumsum", args: [a, 0] }),
  cumprod: (_, a) => ({ fn: "torch.cumprod", args: [a, 0] }),
};

type Expected = PromotionRecord["ops"][string];
type Answer = { readonly dtype: DType } | { readonly error: Error } | { readonly missing: string };

function answerOf(bench: Workbench, call: () => PythonCall): Answer {
  try {
    const result = bench.run(() => {
      const { fn, args } = call();
      return translate(bench.device, fn, args, {}).run();
    });
    const first: unknown = result instanceof Tensor || typeof result !== "object" || result === null ? result : Object.values(result)[0];
    if (!(first instanceof Tensor)) throw new Error(`expected a tensor, got ${describe(result)}`);
    return { dtype: first.dtype };
  } catch (error) {
    return error instanceof MissingError ? { missing: error.message } : { error: error as Error };
  }
}

/** Compares every entry and names all that differ; missing functions only count where nothing else is wrong. */
class Findings {
  readonly #wrong: string[] = [];
  readonly #missing: string[] = [];

  constructor(readonly bench: Workbench) {}

  add(what: string, answer: Answer, expected: Expected): void {
    this.bench.observe(what, answer);
    if ("missing" in answer) this.#missing.push(answer.missing);
    else if (typeof expected === "string") {
      if (!("dtype" in answer)) this.#wrong.push(`${what}: expected ${expected}, got ${answer.error.name}: ${answer.error.message}`);
      else if (answer.dtype !== expected) this.#wrong.push(`${what}: expected ${expected}, got ${answer.dtype}`);
    } else if ("dtype" in answer) this.#wrong.push(`${what}: expected an error, got ${answer.dtype}`);
    else if (answer.error instanceof TypeError || answer.error.message.startsWith("internal:")) this.#wrong.push(`${what}: expected an error of Gradus, got ${answer.error.name}: ${answer.error.message}`);
  }

  check(what: string, got: unknown, expected: unknown): void {
    if (got !== expected) this.#wrong.push(`${what}: expected ${String(expected)}, got ${String(got)}`);
  }

  conclude(): void {
    if (this.#wrong.length > 0) throw new Disagreement(this.#wrong.join("; "));
    if (this.#missing.length > 0) throw new MissingError(this.#missing.join("; "));
  }
}

export function checkPromotion(bench: Workbench, record: PromotionRecord): void {
  const findings = new Findings(bench);
  const { a, b } = record;
  const vectors = (): [Tensor, Tensor] => [vector(bench, a), vector(bench, b)];
  bench.run(() => {
    const [av, bv] = vectors();
    const [a0, b0] = [scalar(bench, a), scalar(bench, b)];
    findings.check("resultType of two vectors", core.resultType(av, bv), record.dim_dim);
    findings.check("resultType of vector and scalar", core.resultType(av, b0), record.dim_0d);
    findings.check("resultType of scalar and vector", core.resultType(a0, bv), record["0d_dim"]);
    findings.check("resultType of two scalars", core.resultType(a0, b0), record["0d_0d"]);
  });
  findings.check("promoteTypes", core.promoteTypes(a, b), record.promote_types);
  findings.check("canCast", core.canCast(a, b), record.can_cast_a_to_b);
  for (const [op, expected] of Object.entries(record.ops)) {
    findings.add(op, answerOf(bench, () => {
      const [x, y] = vectors();
      return callForms[op]?.(bench, x, y) ?? { fn: `torch.${op}`, args: [x, y] };
    }), expected);
  }
  findings.conclude();
}

/** "add float 2.5": an op, and the number on its right. */
function numberIn(text: string): PythonValue {
  const [kind, value = ""] = text.split(" ");
  if (kind === "true") return true;
  if (kind === "int") return Number(value);
  if (kind === "float") return new PythonFloat(Number(value));
  throw new Error(`expected "true", "int N" or "float X", got "${text}"`);
}

export function checkUnaryPromotion(bench: Workbench, { a, ops, scalar: scalars }: UnaryPromotionRecord): void {
  const findings = new Findings(bench);
  for (const [op, expected] of Object.entries(ops)) {
    findings.add(op, answerOf(bench, () => {
      const x = vector(bench, a);
      return callForms[op]?.(bench, x, x) ?? { fn: `torch.${op}`, args: [x] };
    }), expected);
  }
  for (const [text, expected] of Object.entries(scalars)) {
    const [op = "", ...number] = text.split(" ");
    findings.add(text, answerOf(bench, () => ({ fn: `torch.${op}`, args: [vector(bench, a), numberIn(number.join(" "))] })), expected);
  }
  findings.conclude();
}
