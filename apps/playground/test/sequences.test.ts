import { memoryStats } from "@gradus/tensor-core";
import { afterAll, describe, expect, inject, it } from "vitest";
import { initialState } from "../src/codec.js";
import { fields, networkNames, type State } from "../src/rooms/sequences/fields.js";
import { service } from "../src/rooms/sequences/service.js";
import { eventually, usePage, valueOf } from "./page.js";

afterAll(() => service.close());

const view = { temperature: 0.8, probe: "anna" };
const stateOf = (part: Partial<State>): State => ({ ...initialState(fields), width: "16", rate: "0.01", ...part });

describe.each(networkNames)("spelling with %s", (network) => {
  it("learns, makes words up, and makes up others when it is hotter", () => {
    const { frame: first, alphabet } = service.open(stateOf({ network, corpus: "words" }), view);
    expect(first.loss).toBeNull();
    const begin = service.advance(1, Infinity, view).loss!;
    expect(Math.abs(begin - Math.log(alphabet.length))).toBeLessThan(0.8);
    service.advance(60, Infinity, view);
    const after = service.advance(20, Infinity, view);
    expect(after.loss).toBeLessThan(begin / 2);
    expect(after.samples).toHaveLength(8);
    expect(after.samples.every(({ text }) => Array.from(text).every((letter) => alphabet.includes(letter)))).toBe(true);
    // Looking changes nothing.
    const cold = service.advance(0, 0, { ...view, temperature: 0.1 });
    expect(service.advance(0, 0, { ...view, temperature: 0.1 }).samples).toEqual(cold.samples);
    expect(service.advance(0, 0, { ...view, temperature: 2 }).samples).not.toEqual(cold.samples);
  });

  it("is the same again under the same seed", () => {
    const losses = (): (number | null)[] => {
      service.open(stateOf({ network }), view);
      return Array.from({ length: 4 }, () => service.advance(1, Infinity, view).loss);
    };
    expect(losses()).toEqual(losses());
  });

  it("does not grow", () => {
    service.open(stateOf({ network }), view);
    service.advance(10, Infinity, view);
    const { storages } = memoryStats();
    service.advance(40, Infinity, view);
    expect(memoryStats().storages).toBe(storages);
    service.open(stateOf({ network }), view);
    service.advance(10, Infinity, view);
    expect(memoryStats().storages).toBe(storages);
  });
});

describe("reading a word", () => {
  it("shows what each letter looks at, and never the future", () => {
    const { frame } = service.open(stateOf({ network: "attention" }), { ...view, probe: "anna!" });
    expect(frame.probe.letters).toEqual(["·", "a", "n", "n", "a"]);
    expect(frame.probe.attention).toHaveLength(4);
    for (const weights of frame.probe.attention) {
      for (let row = 0; row < 5; row++) {
        const looks = [...weights.subarray(row * 5, (row + 1) * 5)];
        expect(looks.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
        expect(looks.slice(row + 1).every((weight) => weight === 0)).toBe(true);
      }
    }
  });

  it("has probabilities in order", () => {
    const { frame } = service.open(stateOf({ network: "lstm" }), view);
    expect(frame.probe.attention).toEqual([]);
    for (const choices of frame.probe.next) {
      expect(choices).toHaveLength(3);
      expect(choices[0]!.probability).toBeGreaterThanOrEqual(choices[1]!.probability);
    }
  });
});

it("own lines are learned; too few of them are an error in words", () => {
  expect(() => service.open(stateOf({ corpus: "own", lines: "one" }), view)).toThrow("lines: expected two or more words or lines of up to 40 letters, got 1");
  const { lines, alphabet } = service.open(stateOf({ corpus: "own", lines: "abba\nbaba  ab \n\nÄ" }), view);
  expect([lines, alphabet]).toEqual([3, ["·", " ", "a", "b", "ä"]]);
});

describe.skipIf(inject("chromium") === null)("the room Sequences", () => {
  const { visit } = usePage();

  it("spells better while it learns, and says what it needs", async () => {
    const page = await visit("#/sequences?corpus=words&rate=0.01");
    await page.getByRole("button", { name: "Play" }).click();
    await eventually(() => valueOf(page, "loss")).toBeGreaterThan(0);
    await eventually(() => valueOf(page, "loss")).toBeLessThan(1.2);
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByLabel("Lines", { exact: true }).selectOption("own");
    await page.getByLabel("Words or short lines").fill("one");
    await eventually(() => page.getByRole("alert").textContent()).toContain("expected two or more words or lines");
  });
});
