import { describeGraph, stateAt } from "@gradus/autograd";
import fc from "fast-check";
import { describe, expect, inject, it } from "vitest";
import { decode, encode, initialState } from "../src/codec.js";
import { evaluate, ExpressionError, parse } from "../src/rooms/autodiff/expression.js";
import { examples, fields } from "../src/rooms/autodiff/fields.js";
import { layOut } from "../src/rooms/autodiff/layout.js";
import { movesOf } from "../src/rooms/autodiff/moves.js";
import { type Analysis, service } from "../src/rooms/autodiff/service.js";
import { eventually, usePage } from "./page.js";

const valueOf = (source: string, values: Record<string, number> = {}): number => evaluate(parse(source), values, true).result.data;
const analyse = (source: string, values: Record<string, number> = {}, shared = true): Analysis => {
  const answer = service.analyse(source, values, shared);
  if ("problem" in answer) throw new Error(answer.problem.message);
  return answer.analysis;
};

describe("an expression", () => {
  it.each([
    ["1 + 2 * 3", 7], ["(1 + 2) * 3", 9], ["8 - 3 - 2", 3], ["16 / 4 / 2", 2], ["-2 ^ 2", -4], ["2 ^ 3 ^ 2", 512], ["2 ** -1", 0.5], ["--3", 3],
    ["1e-3 * .5", 0.0005], ["exp(0) + log(1)", 1], ["pow(2, 3)", 8], ["3 < 4", 1], ["3 >= 4", 0], ["relu(0 - 1)", 0], ["a = 2; b = a * 3; b + a", 8], ["sigmoid(0)", 0.5],
  ])("%s is %d", (source, value) => {
    expect(valueOf(source)).toBeCloseTo(value, 12);
  });

  it("is read as JavaScript reads it, whatever its operators", () => {
    const tree: fc.Arbitrary<string> = fc.letrec<{ tree: string }>((tie) => ({
      tree: fc.oneof(
        { depthSize: "small" },
        fc.integer({ min: 0, max: 9 }).map(String),
        fc.tuple(tie("tree"), fc.constantFrom("+", "-", "*", "/"), tie("tree")).map(([a, operator, b]) => `${a} ${operator} ${b}`),
        tie("tree").map((a) => `(${a})`),
      ),
    })).tree;
    fc.assert(
      fc.property(tree, (source) => {
        fc.pre(source.length <= 400);
        // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call -- the oracle
        expect(valueOf(source)).toBe(new Function(`return ${source}`)());
      }),
    );
  });

  it.each([
    ["", 0, "found the end"], ["1 +", 3, "found the end"], ["(x", 2, "expected “)”, found the end"], ["x y", 2, "found “y”"], ["sine(x)", 0, "expected one of"],
    ["log(x, y)", 8, "1 argument for log"], ["pow(x)", 5, "2 arguments for pow"], ["x # y", 2, "found “#”"], ["z = 1; z = 2; z", 7, "a new name"], ["a = 1", 5, "expected “;”"],
    ["z + 1; z", 5, "found “;”"],
  ])("%s cannot be read, at place %d", (source, position, message) => {
    const failure = (() => {
      try {
        return parse(source);
      } catch (error) {
        return error;
      }
    })();
    expect(failure).toBeInstanceOf(ExpressionError);
    expect(failure).toMatchObject({ position });
    expect((failure as Error).message).toContain(message);
  });

  it("refuses a name that is used before it is defined", () => {
    expect(() => parse("y = z; z = 1; y + z")).toThrow("z to be defined before it is used");
  });

  it("of any characters is an expression or an error that says where", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 30 }), (source) => {
        const answer = service.analyse(source, {}, true);
        if ("problem" in answer) expect(answer.problem.position).toBeLessThanOrEqual(source.length);
      }),
    );
  });
});

describe("the backward pass", () => {
  it("gives the lecture's derivatives", () => {
    // h = ln z + eᶻ with z = xy: dh/dz = 1/z + eᶻ
    const [x, y] = [2, 3];
    const { checks, value } = analyse("log(x * y) + exp(x * y)", { x, y });
    const outer = 1 / (x * y) + Math.exp(x * y);
    expect(value).toBeCloseTo(Math.log(6) + Math.exp(6), 10);
    expect(checks.map(({ name, derivative }) => [name, derivative])).toEqual([["x", expect.closeTo(y * outer, 8)], ["y", expect.closeTo(x * outer, 8)]]);
  });

  it.each(examples)("agrees with central differences: %s", (source, values) => {
    for (const shared of [true, false]) {
      for (const { derivative, difference } of analyse(source, values, shared).checks) expect(difference).toBeCloseTo(derivative, 5);
    }
  });

  it("meets in a shared node, and passes through each copy otherwise", () => {
    const operations = (shared: boolean): number => analyse("log(x * y) + exp(x * y)", {}, shared).trace!.graph.nodes.filter(({ kind }) => kind === "operation").length;
    expect([operations(true), operations(false)]).toEqual([4, 5]);
  });

  it("has a local derivative for each input: incoming × local is what is passed", () => {
    const { trace, locals } = analyse("tanh(x)^2 / (1 + y)", { x: 0.7, y: 2 });
    const passes = trace!.steps.flatMap((step, i) => (step.kind === "pass" ? [{ ...step, incoming: stateAt(trace!, i)[step.node]!.waiting[0]! }] : []));
    expect(passes.length).toBeGreaterThan(4);
    for (const { node, input, gradient, incoming } of passes) expect(incoming * locals[node]![input]!).toBeCloseTo(gradient, 12);
  });

  it("goes in moves, one for each node and one to begin; a node is visited when all that use it have been", () => {
    for (const [source, values] of examples) {
      const { trace } = analyse(source, values);
      const { graph } = trace!;
      const moves = movesOf(trace!);
      expect(moves[0]).toMatchObject({ isSeed: true, incoming: 1, passes: [] });
      const order = moves.slice(1).map(({ node }) => node);
      expect([...order].sort((a, b) => a - b)).toEqual(graph.nodes.filter(({ kind }) => kind !== "constant").map(({ id }) => id));
      for (const { from, to } of graph.edges) if (order.includes(from)) expect(order.indexOf(to)).toBeLessThan(order.indexOf(from));
      // What comes in is the sum of what was passed.
      for (const { node, incoming, kept } of moves.slice(2)) {
        const passed = moves.flatMap(({ passes }) => passes.filter(({ to }) => to === node)).map(({ gradient }) => gradient);
        expect(passed.reduce((a, b) => a + b)).toBeCloseTo(incoming, 12);
        expect(kept).toBe(graph.nodes[node]!.kind === "leaf" ? incoming : null);
      }
      expect(moves.at(-1)!.end).toBe(trace!.steps.length);
    }
  });

  it("knows expressions without anything to differentiate by", () => {
    expect(analyse("1 + 2")).toMatchObject({ value: 3, trace: null, variables: [], checks: [] });
  });
});

describe("the drawing", () => {
  it("puts each operation right of its inputs, and no two nodes in one place", () => {
    for (const [source, values] of examples) {
      const { graph } = analyse(source, values).trace!;
      const { places, columns, rows } = layOut(graph);
      for (const { from, to } of graph.edges) expect(places[from]!.column).toBeLessThan(places[to]!.column);
      expect(new Set(places.map(({ column, row }) => `${column} ${row}`)).size).toBe(graph.nodes.length);
      for (const { column, row } of places) {
        expect(column).toBeGreaterThanOrEqual(0);
        expect(column).toBeLessThan(columns);
        expect(row).toBeGreaterThanOrEqual(0);
        expect(row).toBeLessThanOrEqual(rows - 1);
      }
    }
    expect(describeGraph([], { output: () => ({ name: null, value: null, gradient: null }) }).nodes).toEqual([]);
  });
});

it("the state of the room goes into an address and comes back", () => {
  const state = { ...initialState(fields), expression: "a & b = c?", values: { x: -1.5, long_name: 1e-7 }, step: 4 };
  expect(decode(fields, encode(fields, state))).toEqual(state);
  expect(decode(fields, "values=x:1,y")).toEqual(initialState(fields));
});

describe.skipIf(inject("chromium") === null)("the room Autodiff", () => {
  const { visit } = usePage();

  it("steps through the lecture's example to the right derivatives, and back", async () => {
    const page = await visit("#/autodiff");
    const step = page.getByTestId("step");
    await step.waitFor();
    const [forward, back] = [page.getByRole("button", { name: "Forward" }), page.getByRole("button", { name: "Back" })];
    const last = Number((await step.textContent())!.split("/")[1]);
    // Four nodes compute; one move begins the way back, four go through the nodes and two to the leaves.
    expect(last).toBe(4 + 1 + 4 + 2);
    for (let i = 0; i < 8; i++) await forward.click();
    // The product is used twice: what log and exp pass to it adds up, 1/z + eᶻ.
    await eventually(() => page.locator(".explain").textContent()).toMatch(/1 \+ 2\.7183.*3\.7183|2\.7183 \+ 1.*3\.7183/);
    for (let i = 8; i < last; i++) await forward.click();
    // z = xy = 1: dh/dz = 1 + e
    await eventually(() => page.getByTestId("derivative-x").textContent()).toBe("1.8591");
    expect(await page.getByTestId("derivative-y").textContent()).toBe("7.4366");
    expect(await page.getByText("✓ agrees").count()).toBe(2);
    for (let i = 0; i < last; i++) await back.click();
    await eventually(() => page.getByTestId("derivative-x").textContent()).toBe("–");
    expect(await step.textContent()).toBe(`0 / ${last}`);
  });

  it("takes any expression, and says where one cannot be read", async () => {
    const page = await visit("#/autodiff");
    const input = page.getByLabel("Expression", { exact: true }).and(page.locator("input"));
    await input.fill("x ^ 3 + ");
    await eventually(() => page.locator(".expression-problem").textContent()).toContain("found the end (at place 9)");
    await input.fill("x ^ 3");
    await page.getByRole("button", { name: "To the end" }).click();
    await eventually(() => page.getByTestId("derivative-x").textContent()).toBe("12");
    await page.reload();
    await eventually(() => page.getByTestId("derivative-x").textContent()).toBe("12");
  });
});
