import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gunzipSync, gzipSync } from "node:zlib";
import { cpu } from "@gradus/backend-cpu";
import { loadMetadata, loadFile, saveFile } from "@gradus/serialization/node";
import { setDefaultDevice, zeros } from "@gradus/tensor-core";
import { beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { build, type Ended, idx, parts, run, start, temporaryDirectory, writeDigits } from "./program.js";

interface EpochLine {
  readonly event: string;
  readonly epoch: number;
  readonly loss: number;
  readonly trainAccuracy: number;
  readonly testAccuracy: number;
}

const jsonLines = ({ stdout }: Ended): EpochLine[] =>
  stdout.trim().split("\n").map((line) => JSON.parse(line) as EpochLine);
const epochsOf = (ended: Ended): EpochLine[] => jsonLines(ended).filter(({ event }) => event === "epoch");

let directory: string;
beforeAll(() => {
  setDefaultDevice(cpu());
  build();
});
beforeEach(() => (directory = temporaryDirectory()));

describe("training", () => {
  it("learns the digits, says so on the last line, and saves what it has learned", async () => {
    const ended = await run(directory, "--epochs", "4");
    expect(ended).toMatchObject({ status: 0, stderr: "" });
    expect(ended.stdout).toContain("1,438 training and 359 test images");
    expect(ended.stdout.match(/^ +\d\/4 /gm)).toHaveLength(4);
    expect(ended.stdout).toMatch(/saved digits\.safetensors\ntest accuracy 0\.9\d{3}\n$/);
    // eslint-disable-next-line no-control-regex -- there must be none
    expect(ended.stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/);
    const accuracy = ended.stdout.trim().slice(-"0.9xxx".length);
    expect(readdirSync(directory)).toEqual(["digits.safetensors"]);
    expect(await loadMetadata(join(directory, "digits.safetensors"))).toEqual({ architecture: "LeNet", dataset: "digits", seed: "0", epochs: "4", test_accuracy: accuracy });

    const loaded = await run(directory, "--load", "digits.safetensors");
    expect(loaded).toMatchObject({ status: 0, stderr: "" });
    expect(loaded.stdout).toContain(`digits.safetensors, saved with test accuracy ${accuracy}`);
    expect(loaded.stdout.endsWith(`test accuracy ${accuracy}\n`)).toBe(true);
    const from = (text: string): string => text.slice(text.indexOf("Confusion matrix")).replace("saved digits.safetensors\n", "");
    expect(from(loaded.stdout)).toBe(from(ended.stdout));
  });

  it("loads weights that say nothing of where they come from, as PyTorch would save them", async () => {
    const [trained] = jsonLines(await run(directory, "--json", "--epochs", "1", "--limit", "64"));
    await saveFile(join(directory, "plain.safetensors"), await loadFile(join(directory, "digits.safetensors")));
    const [loaded] = jsonLines(await run(directory, "--json", "--load", "plain.safetensors", "--limit", "64"));
    expect(loaded).toMatchObject({ event: "result", testAccuracy: trained!.testAccuracy });
  });

  it("gives the same losses for the same seed, and others for another", async () => {
    const args = ["--json", "--epochs", "2", "--limit", "200"];
    const [one, same, other] = [await run(directory, ...args), await run(directory, ...args), await run(directory, ...args, "--seed", "1")];
    const losses = (ended: Ended): number[] => epochsOf(ended).map(({ loss }) => loss);
    expect(losses(one)).toHaveLength(2);
    expect(losses(same)).toEqual(losses(one));
    expect(losses(other)[0]).not.toBe(losses(one)[0]);
  });

  it("prints one line of JSON for each epoch and one for the result", async () => {
    const ended = await run(directory, "--json", "--epochs", "2", "--limit", "100", "--save", "w.safetensors");
    expect(ended).toMatchObject({ status: 0, stderr: "" });
    const lines = jsonLines(ended);
    expect(lines).toMatchObject([
      { event: "epoch", epoch: 1, epochs: 2, loss: expect.any(Number) as number, trainAccuracy: expect.any(Number) as number },
      { event: "epoch", epoch: 2 },
      { event: "result", testAccuracy: lines[1]!.testAccuracy, saved: "w.safetensors" },
    ]);
    const [result] = jsonLines(await run(directory, "--json", "--load", "w.safetensors", "--dataset", "digits"));
    expect(result).toMatchObject({ event: "result" });
    expect(result).not.toHaveProperty("saved");
  });

  it("says nothing when nobody listens any more", async () => {
    const child = start(directory, "--json", "--epochs", "1000", "--limit", "32");
    let stderr = "";
    child.stderr!.on("data", (text) => (stderr += String(text)));
    await once(child.stdout!, "data");
    child.stdout!.destroy();
    const [status] = (await once(child, "exit")) as [number];
    expect({ status, stderr }).toEqual({ status: 141, stderr: "" });
  });

  it.skipIf(process.platform === "win32")("stops at Ctrl-C after saving, with what it has learned", async () => {
    const child = start(directory, "--json", "--epochs", "100000", "--limit", "32");
    const lines: string[] = [];
    for await (const line of createInterface({ input: child.stdout! })) {
      lines.push(line);
      if (lines.length === 2) child.kill("SIGINT");
    }
    if (child.exitCode === null) await once(child, "exit");
    expect(child.exitCode).toBe(130);
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ event: "interrupted", epochs: 100_000, saved: "digits.safetensors" });
    expect(readdirSync(directory)).toEqual(["digits.safetensors"]);
    expect(await run(directory, "--load", "digits.safetensors")).toMatchObject({ status: 0, stderr: "" });
  });

  it.skipIf(inject("pythonWithTorch") === null)("has the losses of PyTorch", async () => {
    await writeDigits(directory, { train: 320, test: 100 });
    const args = ["--data-dir", directory, "--epochs", "2", "--seed", "7"];
    const ours = await run(directory, "--json", "--dataset", "mnist", ...args);
    const script = fileURLToPath(new URL("../scripts/train_torch.py", import.meta.url));
    const { stdout } = await promisify(execFile)(inject("pythonWithTorch")!, [script, ...args], { env: { ...process.env, OMP_NUM_THREADS: "1" } });
    const theirs = epochsOf({ status: 0, stdout, stderr: "" });
    expect(theirs).toHaveLength(2);
    for (const [i, epoch] of epochsOf(ours).entries()) {
      expect(epoch.loss).toBeCloseTo(theirs[i]!.loss, 5);
      expect(epoch.trainAccuracy).toBeCloseTo(theirs[i]!.trainAccuracy, 2);
      expect(epoch.testAccuracy).toBeCloseTo(theirs[i]!.testAccuracy, 1);
    }
  });

  it.skipIf(!inject("webgpu"))("computes the same on WebGPU", async () => {
    const args = ["--json", "--epochs", "2", "--limit", "64"];
    const [onCpu, onGpu] = [await run(directory, ...args), await run(directory, ...args, "--device", "webgpu")];
    expect(onGpu).toMatchObject({ status: 0, stderr: "" });
    const losses = epochsOf(onGpu).map(({ loss }) => loss);
    expect(losses).toHaveLength(2);
    for (const [i, { loss }] of epochsOf(onCpu).entries()) expect(Math.abs(losses[i]! - loss)).toBeLessThan(1e-4);
  });
});

describe("what cannot be done", () => {
  const WEIGHTS = "w.safetensors";

  beforeEach(async () => {
    await writeDigits(directory, { train: 20, test: 10 });
    writeFileSync(join(directory, WEIGHTS), "from before");
  });
  const file = (name: string): string => join(directory, name);
  const gz = (part: string): string => file(`${part}.gz`);

  const mnist = (): readonly string[] => ["--dataset", "mnist", "--data-dir", directory, "--save", WEIGHTS, "--epochs", "1"];

  /** What is done to the files, the options, the end, and what the line must say. */
  const cases: Readonly<Record<string, { readonly spoil?: () => unknown; readonly args: () => readonly string[]; readonly status?: number; readonly says: readonly string[] }>> = {
    "images cut short": {
      spoil: () => writeFileSync(gz(parts[0]), readFileSync(gz(parts[0])).subarray(0, -20)),
      args: mnist,
      says: ["train-images-idx3-ubyte.gz", "damaged or end too early", "download"],
    },
    "a file that is no IDX file": {
      spoil: () => writeFileSync(file(parts[1]), "<!DOCTYPE html>"),
      args: mnist,
      says: ["train-labels-idx1-ubyte", "expected an IDX file", "3c 21 44 4f", "download"],
    },
    "a size that lies": {
      spoil: () => writeFileSync(gz(parts[2]), gzipSync(idx([1_000_000, 8, 8], gunzipSync(readFileSync(gz(parts[2]))).subarray(16)))),
      args: mnist,
      says: ["t10k-images-idx3-ubyte.gz", "promises 1000000 x 8 x 8", "download"],
    },
    "fewer labels than images": {
      spoil: () => writeFileSync(file(parts[1]), idx([19], new Uint8Array(19))),
      args: mnist,
      says: ["train-labels-idx1-ubyte", "a label for each of the 20 images", "found 19", "belong together"],
    },
    "images that are not square": {
      spoil: () => writeFileSync(gz(parts[0]), gzipSync(idx([20, 8, 16], new Uint8Array(20 * 128)))),
      args: mnist,
      status: 2,
      says: ["--data-dir", "square images", "8×16"],
    },
    "a missing file": { args: () => [...mnist(), "--data-dir", join(directory, "..")], says: ["train-images-idx3-ubyte", "found neither"] },
    "a missing directory": { args: () => [...mnist(), "--data-dir", file("nowhere")], says: ["nowhere", "found nothing there", "check the path"] },
    "no directory": { args: () => ["--dataset", "mnist", "--save", WEIGHTS], status: 2, says: ["--data-dir", "mnist", "add --data-dir"] },
    "training that leads nowhere": { args: () => [...mnist(), "--lr", "1e9", "--epochs", "3"], says: ["finite loss", "NaN", "lower --lr"] },

    "weights that are not there": { args: () => ["--load", "missing.safetensors"], says: ["missing.safetensors", "ENOENT", "check the path"] },
    "weights that are none": { args: () => ["--load", WEIGHTS], says: [WEIGHTS, "safetensors file"] },
    "weights cut short": {
      spoil: async () => {
        await saveFile(file("short.safetensors"), { x: zeros([100]) });
        writeFileSync(file("short.safetensors"), readFileSync(file("short.safetensors")).subarray(0, -1));
      },
      args: () => ["--load", "short.safetensors"],
      says: ["short.safetensors"],
    },
    "weights of another program": {
      spoil: () => saveFile(file("other.safetensors"), { "layer.weight": zeros([2]) }),
      args: () => ["--load", "other.safetensors"],
      says: ["other.safetensors", 'expected a tensor "conv1.weight"', "choose the --dataset"],
    },
    "weights of another architecture": {
      spoil: () => saveFile(file("other.safetensors"), { x: zeros([2]) }, { architecture: "ResNet" }),
      args: () => ["--load", "other.safetensors"],
      says: ["other.safetensors", "expected weights of LeNet, found those of ResNet"],
    },
    "weights for images of another size": {
      spoil: async () => {
        await run(directory, "--epochs", "1", "--limit", "10", "--save", "digits.safetensors");
        const tensors = await loadFile(file("digits.safetensors"));
        await saveFile(file("digits.safetensors"), { ...tensors, "fc1.weight": zeros([120, 400]) });
      },
      args: () => ["--load", "digits.safetensors"],
      says: ["digits.safetensors", 'tensor "fc1.weight": expected [120, 128], got [120, 400]', "choose the --dataset"],
    },
    "weights of another dataset": {
      spoil: () => saveFile(file("mnist.safetensors"), { x: zeros([2]) }, { architecture: "LeNet", dataset: "mnist" }),
      args: () => ["--load", "mnist.safetensors", "--dataset", "digits"],
      status: 2,
      says: ["--dataset: expected mnist", "mnist.safetensors", "leave --dataset out"],
    },

    "a place to save that is not there": { args: () => ["--save", "nowhere/w.safetensors"], status: 2, says: ["--save nowhere/w.safetensors", "found none", "another place"] },
    "a place to save that lets nobody write": { args: () => ["--save", "/proc/w.safetensors"], status: 2, says: ["--save /proc/w.safetensors", "expected a directory", "another place"] },
    "a file as directory": { args: () => ["--save", `${WEIGHTS}/w`], status: 2, says: [`--save ${WEIGHTS}/w`, "found a file"] },
    "a directory as file": { spoil: () => mkdirSync(file("d")), args: () => ["--save", "d"], status: 2, says: ["--save d", "found a directory"] },
    "a wrong value": { args: () => ["--epochs", "none"], status: 2, says: ["--epochs", "whole number", '"none"'] },
    "an unknown option": { args: () => ["--epoch", "3"], status: 2, says: ["--epoch", "Did you mean --epochs?"] },
  };
  it.each(Object.entries(cases))("says in one line what is wrong with %s", async (_, { spoil, args, status = 1, says }) => {
    await spoil?.();
    const before = readdirSync(directory);
    const ended = await run(directory, ...args());
    expect(ended.status).toBe(status);
    expect(ended.stderr).toMatch(/^error: [^\n]+; [^\n]+\n$/);
    expect(ended.stderr).not.toMatch(/ at .*:\d+|internal:/);
    for (const words of says) expect(ended.stderr).toContain(words);
    expect(readFileSync(file(WEIGHTS), "utf8")).toBe("from before");
    expect(readdirSync(directory)).toEqual(before);
  });

  it("says where an error comes from when asked", async () => {
    const ended = await run(directory, "--load", "missing.safetensors", "--debug");
    expect(ended.status).toBe(1);
    expect(ended.stderr).toMatch(/\n +at /);
  });
});
