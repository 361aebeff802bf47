import { expect, test } from "vitest";
import { graphOf, printTrace, Scalar, stateAt, toDot, traceOf } from "@gradus/scalar-autodiff";

/** The lecture's h(x, y) = log(z) + exp(z) with z = x · y. */
function lecture(x0: number, y0: number) {
  const x = new Scalar(x0, { name: "x" });
  const y = new Scalar(y0, { name: "y" });
  const z = x.mul(y);
  z.name = "z";
  const h = z.log().add(z.exp());
  h.name = "h";
  return { x, y, z, h };
}

test("h = log(z) + exp(z), z = x · y: the right derivatives", () => {
  const { x, y, h } = lecture(3, 0.5);
  // ∂h/∂z = 1/z + eᶻ;  ∂h/∂x = ∂h/∂z · y;  ∂h/∂y = ∂h/∂z · x
  const dz = 1 / 1.5 + Math.exp(1.5);
  h.backward();
  expect(h.data).toBe(Math.log(1.5) + Math.exp(1.5));
  expect(x.derivative).toBeCloseTo(dz * 0.5, 14);
  expect(y.derivative).toBeCloseTo(dz * 3, 14);
});

test("and step by step", () => {
  const { h } = lecture(3, 0.5);
  const trace = traceOf(h);
  expect(printTrace(trace, (number) => number.toFixed(3))).toMatchInlineSnapshot(`
    "start at h with 1.000
    h receives 1.000
      gives 1.000 to log
      gives 1.000 to exp
    exp receives 1.000
      gives 4.482 to z
    log receives 1.000
      gives 0.667 to z: 4.482 + 0.667 = 5.148
    z receives 5.148
      gives 2.574 to x
      gives 15.445 to y
    x receives 2.574
      accumulates 2.574
    y receives 15.445
      accumulates 15.445"
  `);
  expect(structuredClone(trace)).toEqual(trace);
  // ids: x 0, y 1, z 2, log 3, exp 4, h 5
  const z = stateAt(trace, trace.steps.length)[2]!;
  expect(z.waiting[0]).toBeCloseTo(1 / 1.5 + Math.exp(1.5), 14);
});

test("a trace passes like backward: it accumulates, takes a derivative, and can retain the graph", () => {
  const { x, h } = lecture(3, 0.5);
  h.backward(1, { retainGraph: true });
  const once = x.derivative!;
  const trace = traceOf(h, 2, { retainGraph: true });
  expect(x.derivative).toBe(3 * once);
  expect(trace.steps.at(-3)).toMatchObject({ kind: "accumulate", node: 0, before: once, after: 3 * once, gradient: 2 * once });
  traceOf(h);
  expect(() => traceOf(h)).toThrow(/^add: .*retainGraph/);
});

test("the graph as data, before and after the pass", () => {
  const { h } = lecture(3, 0.5);
  const before = graphOf(h);
  expect(before.nodes.map(({ op, outputs: [output] }) => [op, output!.name, output!.value, output!.gradient])).toEqual([
    ["leaf", "x", 3, null],
    ["leaf", "y", 0.5, null],
    ["mul", "z", 1.5, null],
    ["log", null, Math.log(1.5), null],
    ["exp", null, Math.exp(1.5), null],
    ["add", "h", h.data, null],
  ]);
  expect(before.edges.map(({ from, to }) => `${from}-${to}`)).toEqual(["0-2", "1-2", "2-3", "2-4", "3-5", "4-5"]);
  h.backward();
  expect(graphOf(h).nodes.map(({ outputs: [output] }) => output!.gradient !== null)).toEqual([true, true, false, false, false, false]);
});

test("DOT, with constants and derivatives", () => {
  const x = new Scalar(3, { name: "x" });
  const y = x.mul(2).add(1);
  y.name = "y";
  y.backward();
  expect(toDot(graphOf(y))).toMatchInlineSnapshot(`
    "digraph {
      rankdir=LR;
      n0 [shape=box, label="x\\n= 3\\n∂ 2"];
      n1 [shape=plaintext, label="2"];
      n2 [shape=ellipse, label="mul\\n= 6"];
      n3 [shape=plaintext, label="1"];
      n4 [shape=ellipse, label="y: add\\n= 7"];
      n0 -> n2;
      n1 -> n2;
      n2 -> n4;
      n3 -> n4;
    }
    "
  `);
});

test("a constant has no graph", () => {
  expect(() => graphOf(Scalar.from(1))).toThrow("Scalar: expected one that depends on a leaf, got the constant 1");
});
