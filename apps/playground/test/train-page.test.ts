import { gzipSync } from "node:zlib";
import type { Page } from "playwright";
import { describe, expect, inject, it, vi } from "vitest";
import { usePage, valueOf } from "./page.js";

const stepOf = async (page: Page): Promise<number> => Number((await page.getByTestId("step").textContent())!.replaceAll(/\D/g, ""));
const ready = (page: Page) => page.getByTestId("train-loss").waitFor();
const play = (page: Page) => page.getByRole("button", { name: "Play" }).click();
const pause = (page: Page) => page.getByRole("button", { name: "Pause" }).click();

/** Takes steps one by one, and gives the training loss after each. The page does it by itself, which is much quicker than from here. */
const takeSteps = (page: Page, count: number): Promise<number[]> =>
  page.evaluate(async (steps) => {
    const [step, loss] = ["step", "train-loss"].map((id) => document.querySelector(`[data-testid=${id}]`)!) as [Element, Element];
    const button = [...document.querySelectorAll("button")].find(({ textContent }) => textContent.includes("Step"))!;
    const losses: number[] = [];
    for (let i = 0; i < steps; i++) {
      const before = step.textContent;
      button.click();
      while (step.textContent === before) await new Promise((resolve) => setTimeout(resolve, 1));
      losses.push(Number(loss.getAttribute("data-value")));
    }
    return losses;
  }, count);

/**
 * How long a key waits until the page takes it, in milliseconds: the median of some. The browser notes the time of the key, so a
 * main thread that is busy cannot hide.
 */
async function keyDelay(page: Page): Promise<number> {
  await page.evaluate(() => {
    const waits: number[] = [];
    Object.assign(globalThis, { waits });
    addEventListener("keydown", ({ timeStamp }) => waits.push(performance.now() - timeStamp));
  });
  for (let i = 0; i < 25; i++) {
    await page.keyboard.press("Shift");
    await page.waitForTimeout(20);
  }
  const waits = await page.evaluate(() => (globalThis as unknown as { readonly waits: number[] }).waits);
  expect(waits.length).toBeGreaterThanOrEqual(25);
  return waits.sort((a, b) => a - b)[waits.length >> 1]!;
}

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
    await first.locator(".room:not([aria-busy=true])").waitFor();
    const losses = await takeSteps(first, 3);

    const second = await visit(new URL(first.url()).hash);
    await ready(second);
    expect(await second.getByLabel("Pattern").inputValue()).toBe("Spiral");
    expect(await second.getByLabel("Hidden layer 3, unit 5").count()).toBe(1);
    expect(await takeSteps(second, 3)).toEqual(losses);
    expect(await valueOf(second, "test-loss")).toBe(await valueOf(first, "test-loss"));
  });

  it("learns the same on the CPU and on WebGPU", async () => {
    const [host, gpu] = [await visit("#/train?dataset=Xor"), await visit("#/train?dataset=Xor&engine=webgpu")];
    await Promise.all([ready(host), ready(gpu)]);
    const [onHost, onGpu] = await Promise.all([takeSteps(host, 50), takeSteps(gpu, 50)]);
    expect(onHost.at(-1)).toBeLessThan(onHost[0]!);
    onHost.forEach((loss, step) => expect(Math.abs(loss - onGpu[step]!), `step ${step}`).toBeLessThan(1e-3));
  });

  // The second network takes its time for a single step: on the page's own thread it would keep every key waiting.
  it.each(["", "?engine=scalar&layers=8,8,8,8&batchSize=200&points=500"])("takes input while it learns: %s", async (setup) => {
    const page = await visit(`#/train${setup}`);
    await ready(page);
    const idle = await keyDelay(page);
    await play(page);
    await vi.waitFor(async () => expect(await stepOf(page)).toBeGreaterThan(0), { timeout: 60_000 });
    const before = await stepOf(page);
    // What the machine keeps from every page is not this page's fault.
    expect(await keyDelay(page)).toBeLessThan(100 + idle);
    // And the network has gone on meanwhile.
    await vi.waitFor(async () => expect(await stepOf(page)).toBeGreaterThan(before), { timeout: 60_000 });
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
    expect(await takeSteps(page, 2)).toHaveLength(2);
  });
});
