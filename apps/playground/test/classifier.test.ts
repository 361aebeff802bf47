import { describe, expect, inject, it } from "vitest";
import { initialState } from "../src/codec.js";
import { datasetNames, fields, separable, type State } from "../src/rooms/classifier/fields.js";
import { service } from "../src/rooms/classifier/service.js";
import { eventually, usePage } from "./page.js";

const evaluate = (part: Partial<State>) => service.evaluate({ ...initialState(fields), ...part });

describe("a line", () => {
  it("has the loss and the gradient of logistic regression", () => {
    const state = { w1: 1.5, w2: -2, bias: 0.3 };
    const { points, loss, gradient, right } = evaluate(state);
    const probability = ({ x1, x2 }: { x1: number; x2: number }): number => 1 / (1 + Math.exp(-(state.w1 * x1 + state.w2 * x2 + state.bias)));
    const mean = (values: number[]): number => values.reduce((a, b) => a + b) / values.length;
    expect(loss).toBeCloseTo(mean(points.map((point) => -Math.log(point.target === 1 ? probability(point) : 1 - probability(point)))), 10);
    expect(gradient.w1).toBeCloseTo(mean(points.map((point) => (probability(point) - point.target) * point.x1)), 10);
    expect(gradient.bias).toBeCloseTo(mean(points.map((point) => probability(point) - point.target)), 10);
    expect(right).toBe(points.filter((point) => probability(point) > 0.5 === (point.target === 1)).length);
  });

  it("stays finite far out", () => {
    const { loss, points } = evaluate({ w1: 20, w2: 20, bias: 20, dataset: "Circle" });
    expect(Number.isFinite(loss)).toBe(true);
    expect(points.every((point) => Number.isFinite(point.loss))).toBe(true);
  });

  it("separates what a line can separate", () => {
    for (const [dataset, line] of [["Simple", { w1: -20, w2: 0, bias: 10 }], ["Diag", { w1: -20, w2: -20, bias: 10 }]] as const) {
      expect(separable[dataset]).toBe(true);
      const { right, points } = evaluate({ ...line, dataset });
      expect(right).toBe(points.length);
    }
  });

  it.each(datasetNames.filter((name) => !separable[name]))("gets better with steps downhill on %s, and never good", (dataset) => {
    let state = { w1: 0, w2: 0, bias: 0 };
    const begin = evaluate({ ...state, dataset }).loss;
    for (let i = 0; i < 300; i++) {
      const { gradient } = evaluate({ ...state, dataset });
      state = { w1: state.w1 - 4 * gradient.w1, w2: state.w2 - 4 * gradient.w2, bias: state.bias - 4 * gradient.bias };
    }
    const { right, points, loss } = evaluate({ ...state, dataset });
    expect(loss).toBeLessThan(begin);
    expect(right).toBeLessThan(points.length);
  });
});

describe.skipIf(inject("chromium") === null)("the room Classifier", () => {
  const { visit } = usePage();

  it("is separated by hand, with the keyboard, and tells so", async () => {
    const page = await visit("#/classifier?w1=-19&w2=0&bias=9");
    await page.getByTestId("right").waitFor();
    const slider = page.getByRole("slider", { name: "Bias b" });
    for (let i = 0; i < 5; i++) await slider.press("ArrowRight");
    await eventually(() => page.getByTestId("right").textContent()).toBe("50 of 50");
    await page.getByText("Separated: every point is on its side").waitFor();
    expect(new URL(page.url()).hash).toBe("#/classifier?w1=-19&w2=0&bias=9.5");
  });

  it("gets better with steps downhill, and says what a line cannot do", async () => {
    const page = await visit("#/classifier?dataset=Xor");
    const loss = page.getByTestId("loss");
    await loss.waitFor();
    const before = Number(await loss.textContent());
    await page.getByRole("button", { name: "Step downhill" }).click();
    await eventually(async () => Number(await loss.textContent())).toBeLessThan(before);
    const link = page.getByRole("link", { name: "let a network learn it" });
    await link.click();
    await eventually(() => page.getByLabel("Pattern").inputValue()).toBe("Xor");
  });
});
