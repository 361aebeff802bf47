import { readFileSync } from "node:fs";
import { gradcheck } from "@gradus/autograd";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { functions, Scalar, type BinaryName, type UnaryName } from "@gradus/scalar-autodiff";

/** Computed by PyTorch: see fixtures.py. JSON has no infinities and no NaN, so these are strings. */
type Numbers = readonly (number | string)[];
const fixtures = JSON.parse(readFileSync(new URL("fixtures.json", import.meta.url), "utf8")) as {
  readonly graphs: Readonly<Record<"polynomial" | "all functions" | "order of sums", readonly number[]>>;
  readonly rows: Readonly<Record<string, readonly Numbers[]>>;
};

type Name = UnaryName | BinaryName;
const names = Object.keys(functions) as Name[];
const isUnary = (name: Name): name is UnaryName => functions[name].backward.length === 1;

/** The function as a user calls it: by its method. */
function call(name: Name, a: Scalar, b?: Scalar): Scalar {
  return isUnary(name) ? a[name]() : a[name](b!);
}

/** Equal, or as near as two libraries of mathematical functions come; zeros of both signs are equal. */
function expectNear(received: number | null, expected: number, what: string): void {
  const near = received !== null && (Object.is(received, expected) || Math.abs(received - expected) <= 4e-15 * Math.abs(expected));
  if (!near || (Number.isFinite(received) !== Number.isFinite(expected))) expect(received, what).toBe(expected);
}

describe("values and derivatives are PyTorch's, special values included", () => {
  test.each(Object.entries(fixtures.rows))("%s", (name, rows) => {
    for (const row of rows) {
      const numbers = row.map(Number);
      const arity = (numbers.length - 1) / 2;
      const inputs = numbers.slice(0, arity).map((value) => new Scalar(value));
      const what = `${name}(${row.slice(0, arity).join(", ")})`;
      const output = call(name as Name, inputs[0]!, inputs[1]);
      output.backward();
      expectNear(output.data, numbers[arity]!, what);
      for (const [i, input] of inputs.entries()) expectNear(input.derivative, numbers[arity + 1 + i]!, `derivative ${i} of ${what}`);
    }
  });

  test("every function that has a derivative is compared", () => {
    const flat = ["lt", "le", "gt", "ge", "eq", "ne"];
    expect(Object.keys(fixtures.rows)).toEqual(names.filter((name) => !flat.includes(name)));
  });
});

const real = fc.double({ min: -5, max: 5, noNaN: true });
const positive = fc.double({ min: 0.1, max: 5, noNaN: true });
const nonzero = fc.oneof(positive, positive.map((x) => -x));
/** Two numbers with room between them, so that a small step does not cross the jump. */
const apart = fc.tuple(real, nonzero).map(([a, distance]) => [a, a + distance]);

/** Where each function is smooth; a new row of the table does not compile without its own. */
const domains = {
  neg: fc.tuple(real),
  log: fc.tuple(positive),
  exp: fc.tuple(real),
  relu: fc.tuple(nonzero),
  sigmoid: fc.tuple(real),
  tanh: fc.tuple(real),
  add: fc.tuple(real, real),
  sub: fc.tuple(real, real),
  mul: fc.tuple(real, real),
  div: fc.tuple(real, nonzero),
  pow: fc.tuple(positive, real),
  lt: apart,
  le: apart,
  gt: apart,
  ge: apart,
  eq: apart,
  ne: apart,
} satisfies Record<Name, fc.Arbitrary<number[]>>;

test.each(names)("%s: the derivative is what central differences give", (name) => {
  fc.assert(
    fc.property(domains[name], nonzero, (point, seed) => {
      const inputs = point.map((value) => new Scalar(value));
      call(name, inputs[0]!, inputs[1]).backward(seed);
      gradcheck({
        name,
        f: (x) => seed * functions[name].forward(x[0]!, x[1] ?? NaN),
        at: Float64Array.from(point),
        received: inputs.map(({ derivative }) => derivative!),
        rtol: 1e-6,
        atol: 1e-6,
      });
    }),
  );
});

test.each(names)("%s: the method computes what the table says, with numbers and with scalars", (name) => {
  fc.assert(
    fc.property(fc.double(), fc.double(), (a, b) => {
      const expected = functions[name].forward(a, b);
      expect(call(name, new Scalar(a), new Scalar(b)).data).toBe(expected);
      if (!isUnary(name)) expect(new Scalar(a)[name](b).data).toBe(expected);
    }),
  );
});

test("comparisons are 1 or 0, false for NaN, and send back zero", () => {
  const row = (a: number, b: number) => (["lt", "le", "gt", "ge", "eq", "ne"] as const).map((name) => new Scalar(a)[name](b).data);
  expect(row(1, 2)).toEqual([1, 1, 0, 0, 0, 1]);
  expect(row(2, 2)).toEqual([0, 1, 0, 1, 1, 0]);
  expect(row(NaN, 2)).toEqual([0, 0, 0, 0, 0, 1]);
  const x = new Scalar(1);
  const y = new Scalar(2);
  x.lt(y).mul(Infinity).backward();
  expect([x.derivative, y.derivative]).toEqual([0, 0]);
});

test("powers of one and of minus one follow IEEE 754, not JavaScript", () => {
  expect([1 ** NaN, 1 ** Infinity]).toEqual([NaN, NaN]);
  expect([new Scalar(1).pow(NaN).data, new Scalar(1).pow(Infinity).data, new Scalar(-1).pow(-Infinity).data]).toEqual([1, 1, 1]);
});

describe("whole graphs give PyTorch's numbers", () => {
  test("polynomial", () => {
    const x = new Scalar(-4);
    const z = x.mul(2).add(2).add(x);
    const q = z.relu().add(z.mul(x));
    const h = z.mul(z).relu();
    const y = h.add(q).add(q.mul(x));
    y.backward();
    expect([y.data, x.derivative]).toEqual(fixtures.graphs.polynomial);
  });

  test("all functions", () => {
    const a = new Scalar(0.7);
    const b = new Scalar(-1.3);
    const c = a.mul(b).tanh().add(b.sigmoid().div(a));
    const d = c.neg().exp().sub(a.pow(3).mul(a.add(2).log()));
    const e = d.sub(b).relu().add(a.pow(b));
    const f = Scalar.from(10).div(e).add(Scalar.from(1).sub(e).pow(2));
    f.backward();
    for (const [i, expected] of fixtures.graphs["all functions"].entries()) {
      expect([f.data, a.derivative, b.derivative][i]! / expected).toBeCloseTo(1, 13);
    }
  });

  test("gradients that meet are added in PyTorch's order", () => {
    const x = new Scalar(0.1);
    const z = x.mul(1);
    const [a, b, c, d] = [z.mul(1e16), z.mul(3), z.mul(-1e16), z.mul(7)];
    b.add(d).add(a.add(c)).backward();
    const y = new Scalar(0.1);
    const [e, f, g, h] = [y.mul(3), y.mul(1e16), y.mul(7), y.mul(-1e16)];
    h.add(e).add(f).add(g).backward();
    expect([x.derivative, y.derivative]).toEqual(fixtures.graphs["order of sums"]);
  });
});
