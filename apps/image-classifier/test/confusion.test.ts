import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { confusionMatrix, formatConfusion } from "../src/confusion.js";
import { styleWith, type Terminal } from "../src/terminal.js";
import { visible } from "./fake-terminal.js";

const plain = (columns: number): Terminal => ({ columns, style: styleWith(false), greys: false });
const matrix = [
  [10, 0, 2],
  [0, 7, 0],
  [0, 0, 0],
];

describe("confusionMatrix", () => {
  it("counts each pair of class and prediction", () => {
    expect(confusionMatrix([0, 0, 1, 2, 2, 2], [0, 1, 1, 2, 2, 0], 3)).toEqual([
      [1, 1, 0],
      [0, 1, 0],
      [1, 0, 2],
    ]);
  });

  it("has the classes in its rows and the predictions in its columns", () => {
    const classes = fc.integer({ min: 0, max: 4 });
    fc.assert(
      fc.property(fc.array(fc.tuple(classes, classes)), (pairs) => {
        const labels = pairs.map(([label]) => label);
        const predictions = pairs.map(([, prediction]) => prediction);
        const counted = confusionMatrix(labels, predictions, 5);
        for (let c = 0; c < 5; c++) {
          expect(counted[c]!.reduce((a, b) => a + b)).toBe(labels.filter((label) => label === c).length);
          expect(counted.reduce((sum, row) => sum + row[c]!, 0)).toBe(predictions.filter((prediction) => prediction === c).length);
        }
      }),
    );
  });
});

describe("formatConfusion", () => {
  it("aligns counts, and leaves the share of an empty class empty", () => {
    expect(formatConfusion(matrix, ["0", "1", "2"], plain(80))).toEqual([
      "     0   1   2     right",
      "0   10   ·   2    83.3 %",
      "1    ·   7   ·   100.0 %",
      "2    ·   ·   ·          ",
    ]);
  });

  it("adds the names of classes that are more than a number", () => {
    expect(formatConfusion(matrix, ["cat", "horse", "ox"], plain(80))).toEqual([
      "           0   1   2     right",
      "0 cat     10   ·   2    83.3 %",
      "1 horse    ·   7   ·   100.0 %",
      "2 ox       ·   ·   ·          ",
    ]);
  });

  it("leaves out what a narrow terminal has no room for", () => {
    const widthAt = (columns: number): number => Math.max(...formatConfusion(matrix, ["cat", "horse", "ox"], plain(columns)).map((line) => line.length));
    expect(widthAt(30)).toBe(30);
    for (const columns of [29, 27, 26, 21, 20, 11]) expect(widthAt(columns)).toBeLessThanOrEqual(columns);
    expect(formatConfusion(matrix, ["cat", "horse", "ox"], plain(11))).toEqual(["    0  1  2", "0  10  ·  2", "1   ·  7  ·", "2   ·  ·  ·"]);
  });

  it("shows right and wrong in colours that change nothing else", () => {
    const lines = formatConfusion(matrix, ["0", "1", "2"], { ...plain(80), style: styleWith(true) });
    expect(lines[1]).toContain("\x1b[32m  10\x1b[39m");
    expect(lines[1]).toContain("\x1b[31m   2\x1b[39m");
    expect(lines.map(visible)).toEqual(formatConfusion(matrix, ["0", "1", "2"], plain(80)));
  });
});
