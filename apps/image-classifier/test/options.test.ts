import { describe, expect, it } from "vitest";
import { parseOptions } from "../src/options.js";
import { UsageError } from "../src/failure.js";

const parse = (line: string) => parseOptions(line === "" ? [] : line.split(" "));

describe("parseOptions", () => {
  it("trains on the digits unless told otherwise", () => {
    expect(parse("")).toEqual({
      command: "train", dataset: "digits", dataDir: undefined, epochs: 10, batchSize: 32, lr: 0.05, seed: 0, limit: undefined, device: "cpu", save: "digits.safetensors", json: false,
    });
  });

  it("takes every training option", () => {
    expect(parse("--dataset fashion-mnist --data-dir d --epochs 3 --batch-size 64 --lr 1e-3 --seed 7 --limit 256 --device webgpu --save a/b --json")).toEqual({
      command: "train", dataset: "fashion-mnist", dataDir: "d", epochs: 3, batchSize: 64, lr: 0.001, seed: 7, limit: 256, device: "webgpu", save: "a/b", json: true,
    });
  });

  it("needs fewer passes over larger datasets, and names the file after the dataset", () => {
    expect(parse("--dataset mnist --data-dir d")).toMatchObject({ epochs: 5, save: "mnist.safetensors" });
  });

  it("classifies with --load", () => {
    expect(parse("--load w --device webgpu --limit 9")).toEqual({ command: "classify", load: "w", dataset: undefined, dataDir: undefined, limit: 9, device: "webgpu", json: false });
  });

  it("tells its version and how it is used", () => {
    expect(parse("--version")).toEqual({ command: "tell", text: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string });
    const help = parse("--help");
    expect(help).toMatchObject({ command: "tell", text: expect.stringContaining("--data-dir") as string });
    expect(parse("-h")).toEqual(help);
  });

  it.each([
    ["--epochs 0", '--epochs: expected a whole number from 1 on, got "0"; see --help'],
    ["--epochs 1.5", '--epochs: expected a whole number from 1 on, got "1.5"; see --help'],
    ["--epochs 1e3", '--epochs: expected a whole number from 1 on, got "1e3"; see --help'],
    ["--batch-size -4", '--batch-size: expected a whole number from 1 on, got "-4"; see --help'],
    ["--limit many", '--limit: expected a whole number from 1 on, got "many"; see --help'],
    ["--seed -1", '--seed: expected a whole number from 0 on, got "-1"; see --help'],
    ["--seed 9007199254740993", "--seed: expected a whole number from 0 on"],
    ["--lr 0", '--lr: expected a number above 0, such as 0.05, got "0"; see --help'],
    ["--lr NaN", "--lr: expected a number above 0"],
    ["--lr Infinity", "--lr: expected a number above 0"],
    ["--lr fast", "--lr: expected a number above 0"],
    ["--dataset cifar", '--dataset: expected digits, mnist or fashion-mnist, got "cifar"; see --help'],
    ["--dataset constructor", "--dataset: expected digits, mnist or fashion-mnist"],
    ["--device gpu", '--device: expected cpu or webgpu, got "gpu"; see --help'],
    ["--save=", '--save: expected a path, got ""; see --help'],
    ["--epochs", "option '--epochs <n>' argument missing; see --help"],
    ["--epoch 3", "unknown option '--epoch' (Did you mean --epochs?); see --help"],
    ["--fast", "unknown option '--fast'; see --help"],
    ["digits", "too many arguments. Expected 0 arguments but got 1; see --help"],
    ["--load w --epochs 3", "option '--epochs <n>' cannot be used with option '--load <file>'; see --help"],
    ["--load w --save v", "option '--save <file>' cannot be used with option '--load <file>'; see --help"],
  ])("refuses %s in one line", (line, message) => {
    expect(() => parse(line)).toThrow(UsageError);
    expect(() => parse(line)).toThrow(message);
    expect(() => parse(line)).not.toThrow("\n");
  });
});
