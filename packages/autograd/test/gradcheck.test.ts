import fc from "fast-check";
import { expect, test } from "vitest";
import { compareGradients, gradcheck, GradientError, numericalGradient } from "@gradus/autograd";

const coordinate = fc.double({ min: -50, max: 50, noNaN: true });

test("central differences agree with a gradient known in closed form", () => {
  fc.assert(
    fc.property(coordinate, coordinate, (a, b) => {
      const gradient = numericalGradient((x) => x[0]! ** 2 * x[1]! + Math.sin(x[1]!), Float64Array.of(a, b));
      compareGradients({ name: "a²b + sin b", at: [a, b], received: gradient, expected: [2 * a * b, a * a + Math.cos(b)], rtol: 1e-7, atol: 1e-5 });
    }),
  );
});

test("the point is left as it was, and only one coordinate moves at a time", () => {
  const x = Float64Array.of(1, 2, 3);
  const moved: number[] = [];
  numericalGradient((probe) => {
    moved.push(probe.filter((value, i) => value !== x[i]).length);
    return 0;
  }, x);
  expect([...x]).toEqual([1, 2, 3]);
  expect(moved).toEqual([1, 1, 1, 1, 1, 1]);
});

test("the error prints function, input, received and expected derivative", () => {
  const wrong = () => gradcheck({ name: "square", f: (x) => x[1]! ** 2, at: Float64Array.of(7, 3), received: [0, 5] });
  expect(wrong).toThrow(GradientError);
  expect(wrong).toThrow(/^square: expected the derivative (6|5\.99999\d*|6\.00000\d*) with respect to input 1, received 5\n {2}at \(7, 3\)$/);
});

test("of a long point the error shows the neighbourhood", () => {
  const at = Array.from({ length: 100 }, (_, i) => i);
  const expected = at.map(() => 0);
  const received = expected.with(50, 1);
  expect(() => compareGradients({ name: "f", at, received, expected })).toThrow("at (…, 46, 47, 48, 49, 50, 51, 52, 53, 54, …)");
});

test("special values: NaN equals NaN, an infinity itself, and neither equals a number", () => {
  const compare = (received: number, expected: number) => () => compareGradients({ name: "f", at: [0], received: [received], expected: [expected] });
  expect(compare(NaN, NaN)).not.toThrow();
  expect(compare(Infinity, Infinity)).not.toThrow();
  expect(compare(0, -0)).not.toThrow();
  for (const [received, expected] of [[NaN, 1], [1, NaN], [-Infinity, Infinity], [1, Infinity], [Infinity, 1]] as const) {
    expect(compare(received, expected)).toThrow(GradientError);
  }
});

test("tolerances are absolute plus relative", () => {
  const compare = (received: number) => () => compareGradients({ name: "f", at: [0], received: [received], expected: [100], rtol: 0.01, atol: 0.5 });
  expect(compare(101.4)).not.toThrow();
  expect(compare(101.6)).toThrow(GradientError);
});

test("a gradient of another length is an error", () => {
  expect(() => compareGradients({ name: "f", at: [0], received: [1], expected: [1, 2] })).toThrow("f: expected a gradient of 2 elements, got 1");
});
