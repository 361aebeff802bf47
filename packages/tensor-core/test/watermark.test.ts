import { describe, expect, it } from "vitest";
import { Watermark } from "../src/watermark.js";

describe("A watermark", () => {
  it("rises while collecting takes much of the time, to half of what there is", () => {
    const mark = new Watermark(64, 400);
    const values = Array.from({ length: 4 }, () => {
      mark.adapt(0.5, 0);
      return mark.value;
    });
    expect(values).toEqual([96, 144, 200, 200]);
  });

  it("falls a little once it has settled, and stays", () => {
    const mark = new Watermark(64);
    for (const value of [56, 56]) {
      mark.adapt(0.01, 0);
      expect(mark.value).toBe(value);
    }
    mark.adapt(0.5, 0);
    for (const value of [73.5, 73.5]) {
      mark.adapt(0.01, 0);
      expect(mark.value).toBe(value);
    }
  });

  it("is above what is in use: twice that, or halfway to what there is", () => {
    const mark = new Watermark(64, 400);
    mark.adapt(0.01, 100);
    expect(mark.value).toBe(200);
    mark.adapt(0.01, 300);
    expect(mark.value).toBe(350);
    mark.adapt(0.01, 0);
    expect(mark.value).toBe(56);
  });

  it("is at most half of what there is to begin with", () => {
    expect(new Watermark(64, 20).value).toBe(10);
  });
});
