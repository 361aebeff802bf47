import { describe, expect, it } from "vitest";
import { jsonReporter } from "../src/json-report.js";
import { parseOptions, type TrainOptions } from "../src/options.js";
import type { Reporter } from "../src/report.js";
import { textReporter } from "../src/text-report.js";
import { asStream, FakeOutput, FakeTerminal, visible } from "./fake-terminal.js";

const options = parseOptions(["--epochs", "2", "--save", "w.safetensors"]) as TrainOptions;
const epoch = { epochs: 2, loss: 1.23456, trainAccuracy: 0.5, testAccuracy: 0.75, seconds: 0.25, imagesPerSecond: 4000 };

/** A whole run, told to a reporter. */
async function tell(reporter: Reporter): Promise<void> {
  reporter.begin({ options, title: "Pets", size: { height: 14, width: 14 }, counts: { train: 1000, test: 4, classes: 2 }, network: "Net(\n  (fc): Linear(in_features=196, out_features=2)\n)", parameters: 12_345 });
  for (const number of [1, 2]) {
    reporter.progress({ epoch: number, epochs: 2, images: 500, totalImages: 1000, loss: 1.5, seconds: 0.1 });
    reporter.progress({ epoch: number, epochs: 2, images: 1000, totalImages: 1000, loss: 1.2, seconds: 0.2 }, true);
    reporter.epoch({ ...epoch, epoch: number });
  }
  await reporter.result({
    classes: ["cat", "dog"],
    evaluation: { labels: [0, 0, 1, 1], predictions: [0, 1, 1, 1], probabilities: [0.9, 0.8, 0.7, 0.6], accuracy: 0.75 },
    confusion: [[1, 1], [0, 2]],
    testImage: () => Promise.resolve({ width: 14, height: 2, pixels: new Array<number>(28).fill(1) }),
    saved: "w.safetensors",
  });
}

describe("textReporter", () => {
  it("writes plain lines to files, and nothing to the other output", async () => {
    const [out, err] = [new FakeOutput(), new FakeOutput()];
    await tell(textReporter(asStream(out), asStream(err)));
    // eslint-disable-next-line no-control-regex -- there must be none
    expect(out.text.replaceAll("\n", "")).not.toMatch(/[\x00-\x1f\x7f]/);
    expect(err.text).toBe("");
    expect(out.lines.slice(0, 15)).toEqual([
      "dataset   Pets, 1,000 training and 4 test images of 14×14 pixels, 2 classes",
      "training  2 epochs in batches of 32, learning rate up to 0.05, seed 0",
      "device    cpu",
      "network   12,345 parameters",
      "          Net(",
      "            (fc): Linear(in_features=196, out_features=2)",
      "          )",
      "",
      "  epoch     loss    train     test   images/s     time",
      "    1/2   1.2346   0.5000   0.7500      4,000    0.3 s",
      "    2/2   1.2346   0.5000   0.7500      4,000    0.3 s",
      "",
      "Confusion matrix  rows: true classes, columns: predictions",
      "",
      "        0  1     right",
    ]);
    expect(out.text).toContain("✗ dog 80.0 %\n  is cat\n");
    expect(out.lines.slice(-3)).toEqual(["saved w.safetensors", "test accuracy 0.7500", ""]);
  });

  it("shows the same lines on a terminal, in colours, and a bar that leaves nothing behind", async () => {
    const [plain, out, err] = [new FakeOutput(), new FakeTerminal(80, 256), new FakeTerminal(80, 256)];
    await tell(textReporter(asStream(plain), asStream(new FakeOutput())));
    await tell(textReporter(asStream(out), asStream(err)));
    const words = (text: string): string[] => visible(text).split("\n").map((line) => line.replaceAll(/[█ ]+/g, " ").trim());
    expect(words(out.text)).toEqual(words(plain.text));
    expect(out.text).toContain("\x1b[32m");
    expect(err.text).toContain("1/2");
    expect(err.text).toContain("testing");
    expect(err.text.endsWith("\x1b[1G\x1b[2K")).toBe(true);
  });

  it("shows no colours on a terminal that has none", async () => {
    const out = new FakeTerminal(80, 2);
    await tell(textReporter(asStream(out), asStream(new FakeOutput())));
    expect(out.text).not.toContain("\x1b");
  });

  it("leaves out on a narrow terminal what has no room", async () => {
    const out = new FakeTerminal(40, 2);
    await tell(textReporter(asStream(out), asStream(new FakeOutput())));
    expect(out.lines).toContain("            (fc): Linear(in_features=19…");
    expect(out.lines).toContain("Confusion matrix");
    expect(out.lines).toContain("  epoch     loss    train     test");
    expect(out.lines).toContain("    1/2   1.2346   0.5000   0.7500");
  });

  it("says what Ctrl-C has led to", () => {
    const [out, err] = [new FakeOutput(), new FakeOutput()];
    const reporter = textReporter(asStream(out), asStream(err));
    reporter.stopping();
    reporter.interrupted({ epoch: 3, epochs: 20, saved: "w.safetensors" });
    expect(err.text).toBe("stopping after this batch; Ctrl-C again quits at once\n");
    expect(out.text).toBe("\ninterrupted in epoch 3 of 20\nsaved w.safetensors\n");
  });
});

describe("jsonReporter", () => {
  it("writes one line for each epoch and one at the end", async () => {
    const lines: string[] = [];
    await tell(jsonReporter((line) => lines.push(line)));
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { event: "epoch", epoch: 1, ...epoch, residentBytes: expect.any(Number) as number },
      { event: "epoch", epoch: 2, ...epoch, residentBytes: expect.any(Number) as number },
      { event: "result", testAccuracy: 0.75, confusion: [[1, 1], [0, 2]], saved: "w.safetensors" },
    ]);
  });

  it("writes one line when it is interrupted", () => {
    const lines: string[] = [];
    const reporter = jsonReporter((line) => lines.push(line));
    reporter.stopping();
    reporter.interrupted({ epoch: 3, epochs: 20, saved: "w.safetensors" });
    expect(lines).toEqual(['{"event":"interrupted","epoch":3,"epochs":20,"saved":"w.safetensors"}']);
  });
});
