import { gzipSync } from "node:zlib";
import type { Page } from "playwright";
import { describe, expect, inject, it, vi } from "vitest";
import { usePage, valueOf } from "./page.js";

const stepOf = async (page: Page): Promise<number> => Number((await page.getByTestId("step").textContent())!.replaceAll(/\D/g, ""));
const ready = (page: Page) => page.getByTestId("train-loss").waitFor();
const play = (page: Page) => page.getByRole("button", { name: "Play" }).click();
const pause = (page: Page) => page.getByRole("button", { name: "Pause" }).click();
const stepOnce = async (page: Page, count: number): Promise<void> => {
  for (let i = 0; i < count; i++) {
    const before = await stepOf(page);
    await page.getByRole("button", { name: "Step" }).click();
    await vi.waitFor(async () => expect(await stepOf(page)).toBe(before + 1), { timeout: 60_000 });
  }
};

describe.skipIf(inject("chromium") === null)("the room Train", () => {
  const { visit } = usePage();

  it.each([["Diag", 1], ["Xor", 0.95], ["Circle", 0.95]] as const)("learns %s with what it opens with", async (dataset, least) => {
    const page = await visit(`#/train?dataset=${dataset}`);
    await ready(page);
    await play(page);
    await vi.waitFor(async () => expect(await valueOf(page, "train-accuracy")).toBeGreaterThanOrEqual(least), { timeout: 60_000, interval: 200 });
    await pause(page);
    // The steps that were under way still count.
    await page.waitForTimeout(200);
    const paused = await stepOf(page);
    await page.waitForTimeout(300);
    expect(await stepOf(page)).toBe(paused);
  });

  it("restores its state from an address, and learns the same", async () => {
    const first = await visit("#/train");
    await ready(first);
    await first.getByLabel("Pattern").selectOption("Spiral");
    await first.getByLabel("Activation").selectOption("gelu");
    await first.getByRole("button", { name: "More units in hidden layer 2" }).click();
    await first.getByRole("button", { name: "Add a hidden layer" }).click();
    await first.getByRole("button", { name: "sin πx₁" }).click();
    await first.getByRole("radio", { name: "cpu" }).press("ArrowLeft");
    await vi.waitFor(() => expect(new URL(first.url()).hash).toBe("#/train?dataset=Spiral&features=x1,x2,sin1&layers=6,5,5&activation=gelu&engine=scalar"), { timeout: 60_000 });
    await first.waitForTimeout(200);
    await stepOnce(first, 3);

    const second = await visit(new URL(first.url()).hash);
    await ready(second);
    expect(await second.getByLabel("Pattern").inputValue()).toBe("Spiral");
    expect(await second.getByLabel("Hidden layer 3, unit 5").count()).toBe(1);
    await stepOnce(second, 3);
    expect(await valueOf(second, "train-loss")).toBe(await valueOf(first, "train-loss"));
    expect(await valueOf(second, "test-loss")).toBe(await valueOf(first, "test-loss"));
  });

  it("learns the same on the CPU and on WebGPU", async () => {
    const [host, gpu] = [await visit("#/train?dataset=Xor"), await visit("#/train?dataset=Xor&engine=webgpu")];
    await Promise.all([ready(host), ready(gpu)]);
    for (let step = 0; step < 50; step++) {
      await Promise.all([stepOnce(host, 1), stepOnce(gpu, 1)]);
      expect(Math.abs((await valueOf(host, "train-loss")) - (await valueOf(gpu, "train-loss")))).toBeLessThan(1e-3);
    }
  });

  it("takes input while it learns", async () => {
    const page = await visit("#/train");
    await ready(page);
    await play(page);
    await page.waitForTimeout(1000);
    // What a task keeps from running is counted by the browser itself.
    const latencies = await page.evaluate(async () => {
      const waits: number[] = [];
      const target = document.querySelector("main")!;
      for (let i = 0; i < 40; i++) {
        const asked = performance.now();
        await new Promise<void>((resolve) => {
          target.addEventListener("probe", () => resolve(), { once: true });
          setTimeout(() => target.dispatchEvent(new Event("probe")));
        });
        waits.push(performance.now() - asked);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      return waits.sort((a, b) => a - b);
    });
    expect(latencies[Math.floor(latencies.length / 2)]).toBeLessThan(100);
    // And the network has gone on meanwhile.
    const before = await stepOf(page);
    await page.getByLabel("Hard edges").check();
    await vi.waitFor(async () => expect(await stepOf(page)).toBeGreaterThan(before));
  });

  it("says what a diverged loss is, and starts again with less", async () => {
    const page = await visit("#/train?dataset=plane&loss=mse&activation=identity&optimizer=sgd&learningRate=10");
    await ready(page);
    await play(page);
    const alert = page.getByRole("alert");
    await alert.waitFor();
    expect(await alert.textContent()).toMatch(/no number any more after step \d+.*Lower the learning rate/);
    await alert.getByRole("button", { name: "Start again with 1" }).click();
    await vi.waitFor(async () => expect(await stepOf(page)).toBe(0));
    expect(await page.getByRole("alert").count()).toBe(0);
  });

  it("opens with less than 250 KiB", async () => {
    const page = await visit("");
    await ready(page);
    const bodies: Promise<Buffer>[] = [];
    page.on("response", (response) => bodies.push(response.body()));
    await page.reload();
    await ready(page);
    const sizes = (await Promise.all(bodies)).map((body) => gzipSync(body).length);
    expect(sizes.length).toBeGreaterThan(4);
    expect(sizes.reduce((a, b) => a + b, 0)).toBeLessThan(250 * 1024);
  });

  it("keeps to its width on a phone", async () => {
    const page = await visit("#/train", { width: 360, height: 740 });
    await ready(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  });
});

describe.skipIf(inject("chromium") === null)("the room Train without WebGPU", () => {
  const { visit } = usePage({ webgpu: false });

  it("says why, and what still works", async () => {
    const page = await visit("#/train?engine=webgpu");
    const alert = page.getByRole("alert");
    await alert.waitFor();
    expect(await alert.textContent()).toMatch(/WebGPU does not work here.*expected a (browser|GPU).*cpu and scalar/);
    await alert.getByRole("button", { name: "Use the CPU" }).click();
    await ready(page);
    await stepOnce(page, 2);
  });
});
