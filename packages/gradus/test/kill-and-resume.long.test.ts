import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { afterAll, beforeAll, expect, it } from "vitest";

const EPOCHS = 12;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "gradus-kill-"));
  await build({
    configFile: false,
    logLevel: "silent",
    ssr: { noExternal: true, resolve: { conditions: ["@gradus/source"] } },
    build: {
      outDir: join(directory, "program"),
      minify: false,
      target: "node20",
      ssr: fileURLToPath(new URL("fixtures/training-process.ts", import.meta.url)),
      rolldownOptions: { output: { entryFileNames: "train.mjs", chunkFileNames: "[name].mjs" } },
    },
  });
});
afterAll(() => rm(directory, { recursive: true }));

/** Trains in a process of its own, which is killed after a number of steps and some microseconds; null lets it end. */
function run(file: string, killAfter: number | null): Promise<{ loss: string | null; steps: number }> {
  const child = spawn(process.execPath, [join(directory, "program", "train.mjs"), file, String(EPOCHS)], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  let isDoomed = false;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    const steps = output.split("\n").length - 1;
    if (killAfter === null || isDoomed || steps < killAfter) return;
    isDoomed = true;
    // Somewhere in a step or in the middle of a save.
    setTimeout(() => child.kill("SIGKILL"), Math.random() * 8);
  });
  return new Promise((resolve) => {
    child.on("close", () => {
      resolve({ loss: /^loss (.*)$/m.exec(output)?.[1] ?? null, steps: output.split("\n").length - 1 });
    });
  });
}

it("a run that is killed at random moments ends with the loss of one that is not, ten times", async () => {
  const whole = await run(join(directory, "whole.pt"), null);
  expect(Number(whole.loss)).toBeGreaterThan(0);
  let kills = 0;
  for (let attempt = 0; attempt < 10; attempt++) {
    const file = join(directory, `run-${attempt}.pt`);
    let loss: string | null = null;
    while (loss === null) {
      ({ loss } = await run(file, 1 + Math.floor(Math.random() * 60)));
      if (loss === null) kills++;
    }
    expect(loss).toBe(whole.loss);
  }
  expect(kills).toBeGreaterThan(10);
  // A save that was cut short leaves a temporary file behind and the checkpoint whole.
  expect((await readdir(directory)).filter((name) => name.endsWith(".pt"))).toHaveLength(11);
});
