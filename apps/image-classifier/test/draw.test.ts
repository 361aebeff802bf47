import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawPicture, howManyFit, layOut, type Picture } from "../src/draw.js";
import { visible } from "./fake-terminal.js";

/** 14 pixels wide, so that it is drawn as large as it is: a black, a grey and a white column, then black ones. */
const stripes = (height: number): Picture => ({ width: 14, height, pixels: Array.from({ length: 14 * height }, (_, i) => [0, 0.5, 1][i % 14] ?? 0) });

describe("drawPicture without greys", () => {
  it("draws two pixels in one character, as their mean", () => {
    expect(drawPicture(stripes(2), false)).toEqual({ lines: [" ▒█           "], width: 14 });
    const upperHalf: Picture = { width: 14, height: 2, pixels: Array.from({ length: 28 }, (_, i) => (i < 14 ? 1 : 0)) };
    expect(drawPicture(upperHalf, false).lines).toEqual(["▒".repeat(14)]);
  });

  it("takes what is below the last row as black", () => {
    expect(drawPicture(stripes(3), false).lines).toEqual([" ▒█           ", " ░▒           "]);
  });

  it("draws small images larger", () => {
    const { lines, width } = drawPicture({ width: 8, height: 8, pixels: Float32Array.from({ length: 64 }, (_, i) => (i % 9 === 0 ? 1 : 0)) }, false);
    expect(width).toBe(16);
    expect(lines).toEqual(Array.from({ length: 8 }, (_, row) => `${"  ".repeat(row)}██${"  ".repeat(7 - row)}`));
  });

  it("takes numbers that are too large or too small as white or black", () => {
    expect(drawPicture({ width: 14, height: 1, pixels: [9, -9] }, false).lines[0]).toMatch(/^▒ +$/);
  });
});

describe("drawPicture with greys", () => {
  it("gives each half of a block its own grey, and changes colours only where they change", () => {
    const picture: Picture = { width: 14, height: 2, pixels: Array.from({ length: 28 }, (_, i) => (i < 14 ? 1 : i < 21 ? 0 : 1)) };
    expect(drawPicture(picture, true).lines).toEqual([`\x1b[48;5;232;38;5;255m${"▀".repeat(7)}\x1b[48;5;255m${" ".repeat(7)}\x1b[0m`]);
  });

  it("draws lines that are as wide as it says, and end without colour", () => {
    const pictures = fc.record({ width: fc.integer({ min: 1, max: 40 }), height: fc.integer({ min: 1, max: 40 }) }).chain(({ width, height }) =>
      fc.record({ width: fc.constant(width), height: fc.constant(height), pixels: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: width * height, maxLength: width * height }) }),
    );
    fc.assert(
      fc.property(pictures, fc.boolean(), (picture, greys) => {
        const { lines, width } = drawPicture(picture, greys);
        expect(width).toBeGreaterThanOrEqual(14);
        expect(lines.map((line) => visible(line).length)).toEqual(lines.map(() => width));
        expect(lines.every((line) => !greys || line.endsWith("\x1b[0m"))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

describe("layOut", () => {
  const block = (character: string, width: number, height: number) => ({ lines: new Array<string>(height).fill(character.repeat(width)), width });

  it("puts as many blocks into a line as fit", () => {
    const blocks = [block("a", 4, 2), block("b", 4, 1), block("c", 4, 1)];
    expect(layOut(blocks, 11)).toEqual(["aaaa   bbbb", "aaaa", "", "cccc"]);
    expect(layOut(blocks, 10)).toEqual(["aaaa", "aaaa", "", "bbbb", "", "cccc"]);
    expect(layOut(blocks, 80)).toEqual(["aaaa   bbbb   cccc", "aaaa"]);
    expect(layOut([], 80)).toEqual([]);
  });

  it("puts at least one block into a line", () => {
    expect(howManyFit([block("a", 9, 1), block("b", 9, 1)], 3)).toBe(1);
  });
});
