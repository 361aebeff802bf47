import fc from "fast-check";
import { describe, expect, inject, it } from "vitest";
import { chains, pairs } from "../src/rooms/tensors/fields.js";
import { indexOf } from "../src/rooms/tensors/grid.js";
import { service } from "../src/rooms/tensors/service.js";
import { eventually, usePage } from "./page.js";

describe("a chain of views", () => {
  it("lies where strides and offset say", () => {
    for (const [shape, calls] of chains) {
      for (const { tensor, storage } of service.chain(shape, calls).stages) {
        tensor.positions.forEach((position, element) => {
          const at = indexOf(tensor.shape, element).reduce((sum, i, d) => sum + i * tensor.strides[d]!, tensor.offset);
          expect(position).toBe(at);
          expect(storage[position]).toBe(tensor.values[element]);
        });
      }
    }
  });

  it("says where storage is shared and where it is copied", () => {
    const shared = (calls: string): boolean[] => service.chain([3, 4], calls).stages.map((stage) => stage.shared);
    expect(shared(".transpose(0, 1).contiguous()")).toEqual([false, true, false]);
    expect(shared(".reshape(2, 6).t()")).toEqual([false, true, true]);
  });

  it("goes as far as it can, and says in words what does not fit", () => {
    expect(service.chain([3, 4], ".t().view(12)")).toMatchObject({ stages: [{}, {}], problem: expect.stringContaining("view: expected") as string });
    expect(service.chain([3, 4], ".sing()").problem).toContain("expected one of transpose");
    expect(service.chain([3, 4], ".constructor(1)").problem).toContain("expected one of transpose");
    expect(service.chain([3, 4], ".transpose(0)").problem).toContain("transpose: expected 2 numbers");
    expect(service.chain([3, 4], "transpose").problem).toContain("expected a call such as");
    expect(service.chain([24, 24], "").problem).toContain("at most 96 elements");
    expect(service.chain([0, 3], ".t()")).toMatchObject({ problem: null });
  });
});

describe("broadcasting", () => {
  it("lets the elements meet that the rules name", () => {
    const size = fc.integer({ min: 1, max: 3 });
    fc.assert(
      fc.property(fc.array(size, { maxLength: 3 }), fc.array(size, { maxLength: 3 }), (a, b) => {
        const rank = Math.max(a.length, b.length);
        const padded = (shape: number[]): number[] => [...Array<number>(rank - shape.length).fill(1), ...shape];
        const [x, y] = [padded(a), padded(b)];
        const fits = x.every((n, d) => n === y[d] || n === 1 || y[d] === 1);
        const meeting = service.broadcast(a, b);
        expect("shape" in meeting).toBe(fits);
        if (!("shape" in meeting)) return;
        expect(meeting.shape).toEqual(x.map((n, d) => Math.max(n, y[d]!)));
        const positionIn = (shape: number[], index: number[]): number => shape.reduce((at, n, d) => at * n + (n === 1 ? 0 : index[d]!), 0);
        meeting.a.forEach((position, element) => expect(position).toBe(positionIn(x, indexOf(meeting.shape, element))));
        meeting.b.forEach((position, element) => expect(position).toBe(positionIn(y, indexOf(meeting.shape, element))));
      }),
    );
  });

  it("of the examples has one that does not fit", () => {
    expect(pairs.filter(([a, b]) => "problem" in service.broadcast(a, b))).toEqual([[[2, 3], [2]]]);
  });
});

describe.skipIf(inject("chromium") === null)("the room Tensors", () => {
  const { visit } = usePage();

  it("shows where an element lies, and what cannot be viewed", async () => {
    const page = await visit("#/tensors");
    await eventually(() => page.getByTestId("strides").textContent()).toBe("[2, 4]");
    await page.getByLabel("[1, 2]: 11").hover();
    await eventually(() => page.getByTestId("formula").textContent()).toBe("[1, 2] → 1 + 1·2 + 2·4 = 11");
    await page.keyboard.press("Tab");
    await page.getByRole("textbox", { name: "Calls" }).fill(".t().view(12)");
    await page.getByText("view: expected").waitFor();
  });

  it("lets two shapes meet", async () => {
    const page = await visit("#/tensors?view=broadcast&a=2,1,3&b=4,1");
    await eventually(() => page.getByTestId("result-shape").textContent()).toBe("[2, 4, 3]");
    await page.getByLabel("[1, 2, 1]: a4+b2").click();
    await eventually(() => page.getByTestId("formula").textContent()).toBe("[1, 2, 1] = a[1, 0, 1] + b[2, 0]");
    await page.getByLabel("Shape of b").fill("4, 2");
    await page.getByLabel("Shape of b").press("Enter");
    await page.getByText("neither is 1: they do not fit").waitFor();
  });
});
