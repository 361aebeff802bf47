import { inspect } from "node:util";
import { asLeaf, copyFrom, isParameter, markParameter, update, type Leaf, type UpdateRule } from "@gradus/autograd";
import { describe, expect, expectTypeOf, test, vi } from "vitest";
import { functions, Scalar } from "@gradus/scalar-autodiff";

describe("leaf, result and constant", () => {
  const leaf = new Scalar(2);
  const constant = new Scalar(3, { requiresGrad: false });
  const result = leaf.mul(constant);
  const kinds = (x: Scalar) => ({ leaf: x.isLeaf(), constant: x.isConstant(), requiresGrad: x.requiresGrad });

  test("a scalar that a user makes is a leaf", () => {
    expect(kinds(leaf)).toEqual({ leaf: true, constant: false, requiresGrad: true });
    expect(leaf.history).toEqual({ lastFn: null, inputs: [] });
  });

  test("a scalar that requires no derivative is a constant, and so is a number", () => {
    expect(kinds(constant)).toEqual({ leaf: false, constant: true, requiresGrad: false });
    expect(kinds(Scalar.from(3))).toEqual(kinds(constant));
    expect(constant.history).toBeNull();
  });

  test("a result is neither, and knows its function and inputs", () => {
    expect(kinds(result)).toEqual({ leaf: false, constant: false, requiresGrad: true });
    expect(result.history?.lastFn).toBe(functions.mul);
    expect(result.history?.inputs).toEqual([leaf, constant]);
    expect(result.history?.inputs[0]).toBe(leaf);
  });

  test("a function of constants alone is a constant", () => {
    expect(kinds(constant.add(1).exp())).toEqual(kinds(constant));
  });

  test("a number among the operands becomes a constant input", () => {
    const [x, three] = leaf.add(3).history!.inputs;
    expect(x).toBe(leaf);
    expect([three!.data, three!.isConstant()]).toEqual([3, true]);
  });

  test("Scalar.from leaves a scalar as it is", () => {
    expect(Scalar.from(leaf)).toBe(leaf);
  });

  test("requiresGrad turns a constant into a leaf and back; a result says what to do instead", () => {
    const x = new Scalar(2, { requiresGrad: false });
    expect(x.requiresGrad_().isLeaf()).toBe(true);
    expect(x.requiresGrad_()).toBe(x);
    x.requiresGrad = false;
    expect(x.isConstant()).toBe(true);
    expect(() => (result.requiresGrad = false)).toThrow("requiresGrad: expected a leaf or a constant, got the result of mul; use detach()");
    expect(() => (result.requiresGrad = true)).not.toThrow();
  });

  test("detach gives the number as a constant", () => {
    const detached = result.detach();
    expect([detached.data, detached.isConstant(), result.isConstant()]).toEqual([6, true, false]);
  });
});

describe("backward", () => {
  test("gives every leaf its derivative, results and constants none", () => {
    const x = new Scalar(2);
    const y = new Scalar(5, { requiresGrad: false });
    const z = x.mul(y);
    const h = z.mul(x);
    h.backward();
    expect([x.derivative, y.derivative, z.derivative, h.derivative]).toEqual([20, null, null, null]);
  });

  test("takes the derivative to start with", () => {
    const x = new Scalar(2);
    x.mul(3).backward(10);
    expect(x.derivative).toBe(30);
  });

  test("of a leaf is that derivative itself", () => {
    const x = new Scalar(2);
    x.backward();
    x.backward(3);
    expect(x.derivative).toBe(4);
  });

  test("of a constant is an error", () => {
    expect(() => Scalar.from(3).exp().backward()).toThrow(/^Scalar: expected one that depends on a leaf, got the constant 20\.08\d+; set requiresGrad/);
  });

  test("adds to the derivatives of earlier passes until they are set to null", () => {
    const x = new Scalar(2);
    const loss = () => x.mul(x);
    loss().backward();
    loss().backward();
    expect(x.derivative).toBe(8);
    x.grad = null;
    loss().backward();
    expect([x.derivative, x.grad]).toEqual([4, 4]);
  });

  test("needs the values that the functions saw, not those that leaves have now", () => {
    const x = new Scalar(2);
    const y = x.mul(x);
    x.data = 100;
    y.backward();
    expect(x.derivative).toBe(4);
  });

  test("releases the graph unless it is retained; the error names the function and the remedy", () => {
    const x = new Scalar(2);
    const y = x.exp().log();
    y.backward(1, { retainGraph: true });
    y.backward();
    expect(x.derivative).toBe(2);
    expect(() => y.backward()).toThrow(/^log: expected saved values .* pass \{ retainGraph: true \}/);
    expect(x.derivative).toBe(2);
  });

  test("a part that two results share is released with the first", () => {
    const shared = new Scalar(2).exp();
    shared.log().backward();
    expect(() => shared.neg().backward()).toThrow(/^exp: /);
  });

  test("computes no derivative of a constant", () => {
    const x = new Scalar(2);
    const backward = functions.pow.backward.map((rule) => vi.fn(rule));
    const spy = vi.spyOn(functions.pow, "backward", "get").mockReturnValue(backward);
    x.pow(3).backward();
    spy.mockRestore();
    expect(backward[0]).toHaveBeenCalledOnce();
    expect(backward[1]).not.toHaveBeenCalled();
  });

  test("a chain of 200 000 scalars", () => {
    const x = new Scalar(1);
    let y = x;
    for (let i = 0; i < 200_000; i++) y = y.add(i % 2 === 0 ? x : -1);
    y.backward();
    expect([y.data, x.derivative]).toEqual([1, 100_001]);
  });

  test("hooks see the finished derivative, may replace it and can be removed", () => {
    const x = new Scalar(2);
    const y = x.mul(3);
    const seen = vi.fn(() => undefined);
    x.registerHook(seen);
    const remove = y.registerHook((d) => d * 10);
    const z = y.mul(y);
    z.backward(1, { retainGraph: true });
    expect(x.derivative).toBe(12 * 10 * 3);
    remove();
    z.backward();
    expect(x.derivative).toBe(12 * 10 * 3 + 12 * 3);
    expect(seen.mock.calls).toEqual([[360], [36]]);
    expect(() => Scalar.from(1).registerHook(seen)).toThrow("registerHook: expected a scalar that requires a derivative, got the constant 1");
  });

  test("retainGrad makes a result keep its derivative", () => {
    const x = new Scalar(2);
    const y = x.mul(3);
    y.retainGrad();
    x.retainGrad();
    y.mul(y).backward();
    expect([y.derivative, x.derivative]).toEqual([12, 36]);
  });
});

describe("in the place of a number", () => {
  const x = new Scalar(2, { name: "x" });

  test("operators explain themselves", () => {
    // A program without types, or one that casts them away.
    const untyped = x as unknown as number;
    const attempts = [() => untyped + 1, () => untyped * untyped, () => untyped > 1, () => -untyped, () => (untyped as unknown) == 2];
    for (const attempt of attempts) {
      expect(attempt).toThrow('Scalar(2, name: "x"): expected a method, got an operator such as a + b or a < b; write a.add(b) or a.lt(b), or read the number with .data');
    }
  });

  test("printing shows value, name and origin", () => {
    expect(String(x)).toBe('Scalar(2, name: "x")');
    expect(String(x.mul(3))).toBe("Scalar(6, gradFn: mul)");
    expect(inspect([x.detach()])).toBe('[ Scalar(2, name: "x", constant) ]');
  });
});

describe("what modules need", () => {
  test("a parameter is made from any scalar: a leaf with the same number, marked", () => {
    const result = new Scalar(2, { name: "w" }).mul(3);
    result.name = "w";
    const parameter = markParameter(result[asLeaf]());
    expect(isParameter(parameter)).toBe(true);
    expect(isParameter(result)).toBe(false);
    expect([parameter.data, parameter.name, parameter.isLeaf()]).toEqual([6, "w", true]);
    expect(parameter.value).toBe(parameter);
    expectTypeOf(parameter).toExtend<Scalar>();
    expectTypeOf(parameter).toExtend<Leaf<number, number>>();
  });

  test("a leaf takes over the value of another scalar, and nothing else", () => {
    const x = new Scalar(1);
    x[copyFrom](new Scalar(5));
    expect(x.data).toBe(5);
    x[copyFrom](6);
    expect([x.data, x.isLeaf()]).toEqual([6, true]);
    expect(() => x[copyFrom]("7")).toThrow("copy: expected a scalar or a number, got string");
    expect(() => x[copyFrom](null)).toThrow("copy: expected a scalar or a number, got null");
  });
});

describe("what optimizers need", () => {
  /** Gradient descent with momentum: v ← µ v + g,  p ← p − η v */
  const momentum: UpdateRule<"velocity", "lr" | "momentum"> = {
    name: "momentum",
    state: ["velocity"],
    hyperparameters: ["lr", "momentum"],
    step({ add, sub, mul }, { param, grad, velocity, lr, momentum }) {
      const moved = add(mul(momentum, velocity), grad);
      return { param: sub(param, mul(lr, moved)), velocity: moved };
    },
  };

  test("an update rule moves a leaf and its state, outside of differentiation", () => {
    const x = new Scalar(1);
    const state: Record<string, number> = {};
    x.derivative = 2;
    x[update](momentum, state, { lr: 0.5, momentum: 0.5 });
    expect([x.data, state.velocity]).toEqual([0, 2]);
    x[update](momentum, state, { lr: 0.25, momentum: 0.5 });
    expect([x.data, state.velocity, x.isLeaf()]).toEqual([-0.75, 3, true]);
  });

  test("a rule has all of the arithmetic", () => {
    const rule: UpdateRule<"m", "lr"> = {
      name: "everything",
      state: ["m"],
      hyperparameters: ["lr"],
      step: (math, { param, grad, m, lr }) => ({
        param: math.sub(math.minimum(param, math.constant(3)), math.mul(lr, math.sign(grad))),
        m: math.maximum(m, math.div(math.sqrt(math.abs(math.neg(grad))), math.add(m, math.constant(2)))),
      }),
    };
    const x = new Scalar(10);
    const state: Record<string, number> = {};
    x.derivative = -16;
    x[update](rule, state, { lr: 0.5 });
    expect([x.data, state.m]).toEqual([3.5, 2]);
  });

  test("without a derivative a step is an error", () => {
    expect(() => new Scalar(1)[update](momentum, {}, {})).toThrow("momentum: expected a derivative, got none; call backward() first");
  });

  test("a unit of scalars learns: two weights and a bias separate two half-planes", () => {
    const [w1, w2, bias] = [0, 0, 0].map((value) => markParameter(new Scalar(value)));
    const points = [[-1, 0.5], [-0.5, -1], [-0.2, 2], [0.3, 0.1], [1, -1], [0.6, 2]] as const;
    const states = new Map<Scalar, Record<string, number>>();
    const probability = ([a, b]: readonly [number, number]) => w1!.mul(a).add(w2!.mul(b)).add(bias!).sigmoid();
    const losses: number[] = [];
    for (let epoch = 0; epoch < 100; epoch++) {
      // −log p(label), summed over the points
      const loss = points
        .map((point) => (point[0] > 0 ? probability(point) : Scalar.from(1).sub(probability(point))).log().neg())
        .reduce((sum, term) => sum.add(term));
      losses.push(loss.data);
      loss.backward();
      for (const leaf of [w1!, w2!, bias!]) {
        if (!states.has(leaf)) states.set(leaf, {});
        leaf[update](momentum, states.get(leaf)!, { lr: 0.1, momentum: 0.9 });
        leaf.grad = null;
      }
    }
    expect(losses[0]).toBeCloseTo(6 * Math.log(2), 12);
    expect(losses.at(-1)).toBeLessThan(0.5);
    expect(points.map((point) => probability(point).data > 0.5)).toEqual(points.map(([a]) => a > 0));
  });
});
