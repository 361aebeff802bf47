import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatProgress, formatTime, ProgressBar, type Progress } from "../src/progress.js";
import { styleWith } from "../src/terminal.js";
import { asStream, FakeTerminal, visible } from "./fake-terminal.js";

const progress: Progress = { label: "3/20", done: 0.25, loss: 0.1234, imagesPerSecond: 12_345, remaining: 65 };
const plain = (columns: number) => ({ columns, style: styleWith(false), greys: false });

describe("formatProgress", () => {
  it("shows how far the epoch is, the loss, the time that is left and the speed", () => {
    expect(formatProgress(progress, plain(100))).toBe(`3/20  ${"━".repeat(10)}${"─".repeat(30)}   25 %  loss 0.1234  ETA 1:05  12,345 images/s`);
  });

  it("says that the network is tested when no training is left", () => {
    expect(formatProgress({ ...progress, done: 1, remaining: undefined }, plain(60))).toBe(`3/20  ${"━".repeat(24)}  100 %  loss 0.1234  testing`);
  });

  it("gives up what matters least on a narrow terminal", () => {
    expect(formatProgress(progress, plain(50))).toBe("3/20  ━━━──────────   25 %  loss 0.1234  ETA 1:05");
    expect(formatProgress(progress, plain(25))).toBe("3/20  ━━━────────   25 %");
    expect(formatProgress(progress, plain(15))).toBe("3/20   25 %");
  });

  it("is never longer than the terminal, with colours or without", () => {
    const any = fc.record({
      label: fc.constantFrom("1/5", "  3/20", "100/100"),
      done: fc.double({ min: 0, max: 1, noNaN: true }),
      loss: fc.double({ min: 0, max: 1e6, noNaN: true }),
      imagesPerSecond: fc.double({ min: 0, max: 1e7, noNaN: true }),
      remaining: fc.option(fc.double({ min: 0, max: 1e5, noNaN: true }), { nil: undefined }),
    });
    fc.assert(
      fc.property(any, fc.integer({ min: 15, max: 300 }), fc.boolean(), (values, columns, colors) => {
        expect(visible(formatProgress(values, { columns, style: styleWith(colors), greys: false })).length).toBeLessThan(columns);
      }),
    );
  });
});

it("formatTime rounds up to seconds", () => {
  expect([0, 0.2, 59.5, 65, 3600].map(formatTime)).toEqual(["0:00", "0:01", "1:00", "1:05", "60:00"]);
});

it("ProgressBar draws over itself and leaves nothing but the cursor when it is cleared", () => {
  const output = new FakeTerminal(100, 256);
  const bar = new ProgressBar(asStream(output), { style: styleWith(false), greys: false });
  bar.show(progress);
  expect(output.text).toContain("25 %  loss 0.1234");
  expect(output.text).toContain("\x1b[?25l");
  bar.show({ ...progress, done: 0.5, loss: 0.2 });
  const before = output.text.length;
  bar.clear();
  expect(output.text.slice(before)).toContain("50 %  loss 0.2000");
  expect(output.text.endsWith("\x1b[1G\x1b[2K")).toBe(true);
  expect(output.text.slice(before)).toContain("\x1b[?25h");
  expect(output.text).not.toContain("\n");
  const cleared = output.text;
  bar.clear();
  expect(output.text).toBe(cleared);
});
