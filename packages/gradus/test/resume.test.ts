import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadCheckpoint, saveCheckpoint } from "@gradus/serialization/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ArgumentError, FileFormatError } from "../src/index.js";
import { makeRun, train } from "./fixtures/training-run.js";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "gradus-run-"));
});
afterEach(() => rm(directory, { recursive: true }));

class Interruption extends Error {}

describe("a run that goes on from its checkpoint", () => {
  it("ends with the same loss, bit for bit, wherever it was interrupted", async () => {
    const expected = await train(join(directory, "whole.pt"), 3);
    // In the middle of an epoch, after its last batch, and right at the start of one.
    for (const last of [3, 8, 9, 17]) {
      const file = join(directory, `${last}.pt`);
      const interrupted = train(file, 3, (step) => {
        if (step === last) throw new Interruption();
      });
      await expect(interrupted).rejects.toThrow(Interruption);
      expect(await train(file, 3)).toBe(expected);
    }
  });

  it("is refused, and nothing changed, where the checkpoint lacks a part", async () => {
    const { model, optimizer, random } = makeRun();
    const file = join(directory, "part.pt");
    await saveCheckpoint(file, { model }, { epoch: 1 });
    const before = random.getState();
    await expect(loadCheckpoint(file, { model, optimizer })).rejects.toThrow('expected a checkpoint with "optimizer", found model, epoch; name the parts that it was saved with');
    await expect(loadCheckpoint(file, { model, epoch: random })).rejects.toThrow(FileFormatError);
    expect(random.getState()).toEqual(before);
    await expect(saveCheckpoint(file, { model }, { model: 1 })).rejects.toThrow(ArgumentError);
    expect(await loadCheckpoint(file, { model })).toEqual({ epoch: 1 });
  });
});
