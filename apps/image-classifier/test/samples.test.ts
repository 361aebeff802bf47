import { describe, expect, it } from "vitest";
import type { Picture } from "../src/draw.js";
import type { Evaluation } from "../src/evaluate.js";
import { drawSamples, samplesInLine, spread, surestMistakes } from "../src/samples.js";
import { styleWith, type Terminal } from "../src/terminal.js";
import { visible } from "./fake-terminal.js";

const evaluation: Evaluation = {
  labels: [0, 1, 2, 0, 1, 2],
  predictions: [0, 2, 1, 0, 0, 2],
  probabilities: [0.9, 0.4, 0.8, 0.99, 0.6, 0.7],
  accuracy: 0.5,
};
const plain = (columns: number): Terminal => ({ columns, style: styleWith(false), greys: false });
const white: Picture = { width: 14, height: 4, pixels: new Array<number>(56).fill(1) };

describe("which samples are shown", () => {
  it("takes typical ones from all over the dataset", () => {
    expect(spread(evaluation, 2)).toEqual([1, 4]);
    expect(spread(evaluation, 6)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(spread(evaluation, 9)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it("takes the mistakes with the highest probability", () => {
    expect(surestMistakes(evaluation, 2)).toEqual([2, 4]);
    expect(surestMistakes(evaluation, 9)).toEqual([2, 4, 1]);
  });

  it("shows as many as fit into a line, at least one and at most six", () => {
    expect([20, 40, 80, 300].map((columns) => samplesInLine(white, ["0"], plain(columns)))).toEqual([1, 2, 4, 6]);
  });
});

describe("drawSamples", () => {
  const samples = [
    { picture: white, label: "cat", prediction: "cat", probability: 0.987 },
    { picture: white, label: "horse", prediction: "cat", probability: 1 },
  ];

  it("writes the prediction and its probability below each image, and what is right below a mistake", () => {
    expect(drawSamples(samples, ["cat", "horse"], plain(80))).toEqual([
      `${"█".repeat(14)}    ${"█".repeat(14)}`,
      `${"█".repeat(14)}    ${"█".repeat(14)}`,
      "✓ cat 98.7 %      ✗ cat 100.0 %",
      "                    is horse",
    ]);
  });

  it("shows the same in colours", () => {
    const colored = drawSamples(samples, ["cat", "horse"], { ...plain(80), style: styleWith(true) });
    expect(colored[2]).toContain("\x1b[32m✓ cat 98.7 %");
    expect(colored[2]).toContain("\x1b[31m✗ cat 100.0 %");
    expect(colored.map((line) => visible(line).trimEnd())).toEqual(drawSamples(samples, ["cat", "horse"], plain(80)));
  });
});
