import type { DType } from "@gradus/tensor-core";
import * as g from "@gradus/tensor-core";
import { grad, ones, tensor, Tensor } from "@gradus/tensor-core";
import { describe, expect, it } from "vitest";
import { useDevice } from "./support/device.js";
import type { Closeness, Recorded } from "./support/fixtures.js";
import { expectClose, fixture, load, valuesOf } from "./support/fixtures.js";

useDevice();

/** What scripts/fixtures.py passes beside the tensors. */
interface Args extends Omit<g.CrossEntropyOptions, "weight">, g.ConvOptions {
  readonly dim: number;
  readonly padding: number[];
  readonly kernelSize: number;
  readonly min?: number;
  readonly max?: number;
  readonly [name: string]: unknown;
}
type Call = (inputs: readonly Tensor[], args: Args) => Tensor | readonly Tensor[];

const unary = (f: (x: Tensor) => Tensor): Call => ([x]) => f(x!);
const binary = (f: (a: Tensor, b: Tensor) => Tensor): Call => ([a, b]) => f(a!, b!);
const reduction = (f: (x: Tensor, options: object) => Tensor): Call => ([x], args) => f(x!, args);

/** Ops by the names that the fixtures use. */
const calls: Record<string, Call> = {
  ...Object.fromEntries((["neg", "abs", "sign", "square", "reciprocal", "sqrt", "rsqrt", "exp", "log", "sin", "cos", "tanh", "erf", "floor", "ceil", "round", "trunc", "isnan", "logicalNot", "relu", "sigmoid", "gelu", "silu", "softplus"] as const).map((op) => [op, unary((x) => g[op](x))])),
  ...Object.fromEntries((["add", "sub", "mul", "div", "pow", "maximum", "minimum", "remainder", "eq", "ne", "lt", "le", "gt", "ge", "logicalAnd", "logicalOr", "matmul"] as const).map((op) => [op, binary((a, b) => g[op](a, b))])),
  ...Object.fromEntries((["sum", "mean", "amax", "amin", "prod", "any", "all", "variance", "std", "argmax", "argmin"] as const).map((op) => [op, reduction((x, options) => g[op](x, options))])),
  leakyRelu: ([x], { slope }) => g.leakyRelu(x!, slope as number),
  powScalar: ([x], { exponent }) => g.pow(x!, exponent as number),
  powBase: ([x], { base }) => g.pow(base as number, x!),
  addAlpha: ([a, b], { alpha }) => g.add(a!, b!, { alpha: alpha as number }),
  subAlpha: ([a, b], { alpha }) => g.sub(a!, b!, { alpha: alpha as number }),
  lerp: ([a, b], { weight }) => g.lerp(a!, b!, weight as number),
  lerpTensor: ([a, b, weight]) => g.lerp(a!, b!, weight!),
  clamp: ([x], args) => g.clamp(x!, args),
  where: ([condition, a, b]) => g.where(condition!, a!, b!),
  maskedFill: ([x, mask], { value }) => g.maskedFill(x!, mask!, value as number),
  maxDim: ([x], args) => Object.values(g.max(x!, args)) as Tensor[],
  minDim: ([x], args) => Object.values(g.min(x!, args)) as Tensor[],
  maxAll: ([x]) => g.max(x!),
  varMean: ([x], args) => g.varMean(x!, args),
  logsumexp: ([x], args) => g.logsumexp(x!, args),
  softmax: ([x], { dim }) => g.softmax(x!, dim),
  logSoftmax: ([x], { dim }) => g.logSoftmax(x!, dim),
  linear: ([x, weight, bias]) => g.linear(x!, weight!, bias),
  conv2d: ([x, weight, bias], args) => g.conv2d(x!, weight!, bias, args),
  conv1d: ([x, weight, bias], args) => g.conv1d(x!, weight!, bias, args),
  maxPool2d: ([x], { kernelSize, ...options }) => Object.values(g.maxPool2dWithIndices(x!, kernelSize, options)),
  avgPool2d: ([x], { kernelSize, ...options }) => g.avgPool2d(x!, kernelSize, options),
  gather: ([x, index], { dim }) => g.gather(x!, dim, index!),
  indexSelect: ([x, index], { dim }) => g.indexSelect(x!, dim, index!),
  indexAdd: ([x, index, source], { dim }) => g.indexAdd(x!, dim, index!, source!),
  scatterAdd: ([x, index, source], { dim }) => g.scatterAdd(x!, dim, index!, source!),
  scatter: ([x, index, source], { dim }) => g.scatter(x!, dim, index!, source!),
  embedding: ([index, weight]) => g.embedding(index!, weight!),
  cat: (inputs, { dim }) => g.cat(inputs, dim),
  stack: (inputs, { dim }) => g.stack(inputs, dim),
  pad: ([x], { padding, value }) => g.pad(x!, padding, { value: value as number }),
  mseLoss: ([x, y], args) => g.mseLoss(x!, y!, args),
  l1Loss: ([x, y], args) => g.l1Loss(x!, y!, args),
  nllLoss: ([x, target, weight], args) => g.nllLoss(x!, target!, { ...args, weight: weight!.detach() }),
  crossEntropy: ([x, target, weight], args) => g.crossEntropy(x!, target!, { ...args, weight: weight?.detach() ?? null }),
  crossEntropySoft: ([x, target], args) => g.crossEntropy(x!, target!, args),
  binaryCrossEntropy: ([x, y], args) => g.binaryCrossEntropy(x!, y!, args),
  binaryCrossEntropyWithLogits: ([x, y, posWeight], args) => g.binaryCrossEntropyWithLogits(x!, y!, { ...args, posWeight: posWeight!.detach() }),
};

function run(op: string, inputs: readonly Tensor[], args: Args): readonly Tensor[] {
  const call = calls[op];
  if (call === undefined) throw new Error(`no call for ${op}`);
  const results = call(inputs, args);
  return results instanceof Tensor ? [results] : results;
}

interface OpCase {
  readonly op: string;
  readonly args: Args;
  readonly inputs: readonly Recorded[];
  readonly outputs: readonly Recorded[];
  readonly cotangents?: readonly Recorded[];
  readonly grads?: readonly Recorded[];
  readonly seconds?: readonly Recorded[];
}

const opCases = fixture("ops.jsonl.gz") as OpCase[];
const byOp = [...new Set(opCases.map(({ op }) => op))].map((op) => [op, opCases.filter((each) => each.op === op)] as const);

describe.each([
  ["float64", { relative: 1e-12, absolute: 1e-13 }, { relative: 1e-9, absolute: 1e-12 }],
  // Second derivatives cancel too much to say anything in single precision.
  ["float32", { relative: 2e-5, absolute: 1e-6 }, null],
] as const)("PyTorch's results and gradients in %s", (float, closeness, secondly) => {
  it.each(byOp)("%s", async (op, cases) => {
    for (const { args, inputs, outputs, cotangents, grads, seconds } of cases) {
      const name = `${op} ${JSON.stringify(args)} of ${inputs.map(({ shape }) => `[${shape.join(", ")}]`).join(", ")}`;
      const leaves = inputs.map((input) => {
        const x = load(input, float);
        return x.isFloatingPoint() ? x.requiresGrad_() : x;
      });
      const results = run(op, leaves, args);
      expect(results.length, name).toBe(outputs.length);
      for (const [i, output] of outputs.entries()) {
        expect(results[i]!.dtype, name).toBe(output.dtype === "float64" ? float : output.dtype);
        await expectClose(name, results[i]!, output, closeness);
      }
      if (cotangents === undefined || grads === undefined) continue;
      const wanted = leaves.filter((x) => x.requiresGrad);
      const rooted = results.filter((result) => result.requiresGrad);
      const first = grad(rooted, wanted, { gradOutputs: cotangents.map((each) => load(each, float)), createGraph: true, allowUnused: true });
      for (const [i, recorded] of grads.entries()) await expectClose(`gradient ${i} of ${name}`, first[i] ?? g.zerosLike(wanted[i]!), recorded, closeness);
      if (seconds === undefined || secondly === null) continue;
      const twice = first.filter((each): each is Tensor => each?.requiresGrad === true);
      const second = twice.length === 0 ? wanted.map(() => null) : grad(twice.map((each) => each.sum()), wanted, { allowUnused: true });
      for (const [i, recorded] of seconds.entries()) await expectClose(`second derivative ${i} of ${name}`, second[i] ?? g.zerosLike(wanted[i]!), recorded, secondly);
    }
  });
});

describe("PyTorch's results for special values in float32", () => {
  const cases = fixture("specials.jsonl.gz") as OpCase[];
  /** Where PyTorch's own vector and scalar code disagree about the sign of zero. */
  const unsigned = ["relu", "gelu", "maximum", "minimum", "remainder"];
  /** Unlike torch: what we say is right, by name of the op. */
  const divergences: Record<string, (want: number, ...args: readonly number[]) => boolean> = {
    // PyTorch computes a − b ⌊a/b⌋, which is NaN where the quotient overflows; the remainder itself is a number.
    remainder: (want, a, b) => Number.isNaN(want) && Number.isFinite(a) && Number.isFinite(b) && b !== 0,
  };
  it.each(cases.map((each) => [each.op, each] as const))("%s", async (op, { inputs, outputs, grads }) => {
    const leaves = inputs.map((input) => load(input).requiresGrad_());
    const [result] = run(op, leaves, {} as Args);
    const point = (i: number): string => `${op}(${inputs.map(({ data }) => String(data[i])).join(", ")})`;
    const compare = async (what: string, actual: Tensor, recorded: Recorded, { relative, absolute }: Required<Closeness>): Promise<void> => {
      const got = Array.from(await actual.detach().read(), Number);
      const wrong = Array.from(await load(recorded).read(), Number).flatMap((want, i) => {
        const mine = got[i]!;
        const same = Object.is(mine, want) || (unsigned.includes(op) && mine === want) || Math.abs(mine - want) <= relative * Math.abs(want) + absolute;
        return same || divergences[op]?.(want, ...inputs.map((input) => valuesOf(input)[i]!)) === true ? [] : [`${what} ${point(i)}: expected ${want}, got ${mine}`];
      });
      expect(wrong).toEqual([]);
    };
    await compare("value of", result!, outputs[0]!, { relative: 1e-6, absolute: 1e-44 });
    if (grads === undefined) return;
    const [gradient] = grad(result!.sum(), [leaves[0]!]);
    await compare("derivative of", gradient, grads[0]!, { relative: 1e-5, absolute: 1e-37 });
  });
});

interface TypeCase {
  readonly a: DType;
  readonly b: DType;
  readonly ops: Readonly<Record<string, DType | null>>;
}
interface UnaryTypeCase {
  readonly a: DType;
  readonly unary: Readonly<Record<string, DType | null>>;
  readonly numbers: Readonly<Record<"true" | "2" | "2.5", Readonly<Record<string, DType | null>>>>;
}
interface ConversionCase {
  readonly from: Recorded;
  readonly to: Recorded;
}

describe("PyTorch's element types", () => {
  const cases = fixture("types.jsonl.gz") as (TypeCase | UnaryTypeCase | ConversionCase)[];
  /** The type of a result, or null for a DTypeError. */
  const typeOf = async (op: () => Tensor): Promise<DType | null> => {
    try {
      const result = op();
      await result.read();
      return result.dtype;
    } catch (error) {
      if (error instanceof g.DTypeError) return null;
      throw error;
    }
  };

  const pairs: Record<string, (a: Tensor, b: Tensor) => Tensor> = {
    add: g.add,
    mul: g.mul,
    div: g.div,
    maximum: g.maximum,
    lt: g.lt,
    cat: (a, b) => g.cat([a, b]),
    where: (a, b) => g.where(tensor([true, false]), a, b),
    addInPlace: (a, b) => a.clone().add_(b),
    divInPlace: (a, b) => a.clone().div_(b),
  };
  it.each(Object.keys(pairs))("of %s, for every pair", async (op) => {
    for (const each of cases) {
      if (!("ops" in each)) continue;
      const { a, b, ops } = each;
      expect(await typeOf(() => pairs[op]!(ones([2], { dtype: a }), ones([2], { dtype: b }))), `${a} and ${b}`).toBe(ops[op]);
    }
  });

  const singles: Record<string, (x: Tensor) => Tensor> = {
    exp: g.exp, neg: g.neg, abs: g.abs, sqrt: g.sqrt, floor: g.floor, sum: g.sum, prod: g.prod, mean: g.mean, relu: g.relu, sigmoid: g.sigmoid, argmax: g.argmax, amax: g.amax, eq: (x) => x.eq(x), logicalNot: g.logicalNot,
  };
  it.each(Object.keys(singles))("of %s", async (op) => {
    for (const each of cases) {
      if (!("unary" in each)) continue;
      // Unlike torch, which has not implemented these: halves have every function, and bools an order.
      if (each.unary[op] === null && (each.a.endsWith("float16") || op === "argmax" || op === "abs")) continue;
      expect(await typeOf(() => singles[op]!(ones([2], { dtype: each.a }))), each.a).toBe(each.unary[op]);
    }
  });

  it("of tensors with numbers", async () => {
    const values = { true: true, "2": 2, "2.5": 2.5 } as const;
    for (const each of cases) {
      if (!("numbers" in each)) continue;
      for (const key of ["true", "2", "2.5"] as const) {
        for (const [op, want] of Object.entries(each.numbers[key])) {
          expect(await typeOf(() => pairs[op]!(ones([2], { dtype: each.a }), values[key] as unknown as Tensor)), `${op}(${each.a}, ${key})`).toBe(want);
        }
      }
    }
  });

  it("converts from each to each", async () => {
    for (const each of cases) {
      if (!("from" in each)) continue;
      const result = load(each.from).to(each.to.dtype);
      expect(result.dtype).toBe(each.to.dtype);
      const [got, want] = [Array.from(await result.read(), Number), Array.from(await load(each.to).read(), Number)];
      expect(got, `${each.from.dtype} to ${each.to.dtype}`).toEqual(want);
    }
  });
});
