import { Module, Parameter } from "@gradus/nn/module";
import { Scalar } from "@gradus/scalar-autodiff";
import { expect, test } from "vitest";

/** minitorch's ModuleA1, with a parameter that is read as `.value`. */
class Inner extends Module<Scalar> {
  readonly p1 = new Parameter(new Scalar(5));
  readonly statistic = this.registerBuffer("statistic", new Scalar(0.5, { requiresGrad: false }));

  forward(x: Scalar): Scalar {
    return this.p1.value.mul(x);
  }
}

class Outer extends Module<Scalar> {
  readonly p2 = new Parameter(new Scalar(10));
  readonly a = new Inner();
  readonly b = new Inner();

  forward(x: number): Scalar {
    return this.a.call(Scalar.from(x)).add(this.b.call(this.p2.value));
  }
}

test("a module of scalars is the same class", () => {
  const net = new Outer();
  expect(net.namedParameters().map(([name, { data }]) => [name, data])).toEqual([["p2", 10], ["a.p1", 5], ["b.p1", 5]]);
  expect(net.p2).toBeInstanceOf(Scalar);
  expect(net.p2 instanceof Parameter).toBe(true);
  expect(net.namedModules().map(([name]) => name)).toEqual(["", "a", "b"]);
  expect(net.eval().modules().map(({ training }) => training)).toEqual([false, false, false]);
});

test("derivatives arrive at its parameters", () => {
  const net = new Outer();
  const y = net.call(3);
  y.backward();
  // y = a · 3 + b · p2
  expect([y.data, net.a.p1.derivative, net.b.p1.grad, net.p2.derivative]).toEqual([65, 3, 10, 5]);
  net.zeroGrad();
  expect(net.parameters().map(({ grad }) => grad)).toEqual([null, null, null]);
  net.requiresGrad_(false);
  expect(net.call(3).isConstant()).toBe(true);
});

test("its state is saved and loaded, from numbers as well", () => {
  const net = new Outer();
  const state = net.stateDict();
  expect(Object.entries(state).map(([name, { data }]) => [name, data])).toEqual([["p2", 10], ["a.p1", 5], ["a.statistic", 0.5], ["b.p1", 5], ["b.statistic", 0.5]]);
  net.loadStateDict({ ...state, p2: 1, "a.p1": new Scalar(2) });
  expect([net.p2.data, net.a.p1.data]).toEqual([1, 2]);
  expect(() => net.loadStateDict({ p2: 1 })).toThrow("missing: a.p1; a.statistic; b.p1; b.statistic");
});

test("it prints", () => {
  expect(String(new Outer())).toBe("Outer(\n  (a): Inner()\n  (b): Inner()\n)");
});
