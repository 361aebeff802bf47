import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { loadDigits } from "gradus";
import { expect, onTestFinished, test } from "vitest";
import { fashionResnet } from "../src/architectures/fashion-resnet.js";
import { inception } from "../src/architectures/inception.js";
import { resnets } from "../src/architectures/resnets.js";
import { printedBy } from "./support.js";

test("Inception v3 has torchvision's parameters and names, and runs", async () => {
  const printed = await printedBy(inception);
  expect(printed).toContain("parameters: 27161264");
  expect(printed).toContain("one of them: Mixed_6b.branch7x7dbl_3.conv.weight");
  expect(printed).toContain("logits of an image of 299 × 299: [ 1, 1000 ]");
});

test("the ResNets have torchvision's parameters and names, and run", async () => {
  const printed = await printedBy(resnets);
  for (const count of [11689512, 21797672, 25557032]) expect(printed).toContain(`parameters: ${count}`);
  expect(printed).toContain("names: layer1.0.conv1.weight … fc.bias");
  expect(printed.match(/logits: \[ 1, 1000 \]/g)).toHaveLength(3);
});

test("the ResNet learns images of a directory", async () => {
  const directory = await digitsAsFashion();
  const printed = await printedBy(() => fashionResnet(directory, { steps: 20, tested: 100 }));
  const [, accuracy] = /accuracy (\S+)/.exec(printed)!;
  expect(Number(accuracy)).toBeGreaterThan(0.3);
});

/** Small images in the files of Fashion-MNIST, so that twenty steps take seconds. */
async function digitsAsFashion(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "gallery-"));
  onTestFinished(() => { rmSync(directory, { recursive: true }); });
  const digits = await loadDigits();
  for (const [name, part, count] of [["train", digits.train, 400], ["t10k", digits.test, 100]] as const) {
    const [images, labels] = part.batch!(Array.from({ length: count }, (_, i) => i));
    const pixels = Uint8Array.from(await images.read(), (value) => value * 255);
    const header = (...shape: number[]): number[] => [0, 0, 8, shape.length, ...shape.flatMap((size) => [0, 0, size >> 8, size & 255])];
    writeFileSync(join(directory, `${name}-images-idx3-ubyte.gz`), gzipSync(Uint8Array.of(...header(count, 8, 8), ...pixels)));
    writeFileSync(join(directory, `${name}-labels-idx1-ubyte.gz`), gzipSync(Uint8Array.of(...header(count), ...Array.from(await labels.read(), Number))));
  }
  return directory;
}
