import { execFile, execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { loadDigits } from "@gradus/datasets";
import { onTestFinished } from "vitest";

const app = fileURLToPath(new URL("..", import.meta.url));
const program = join(app, "dist/cli.js");

/** Bundles the program, as `npm run demo` does. */
export function build(): void {
  execFileSync("pnpm", ["--silent", "build"], { cwd: app, shell: process.platform === "win32" });
}

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program to its end in a directory. */
export function run(directory: string, ...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [program, ...args], { cwd: directory, maxBuffer: 2 ** 26, env: environment }, (_error, stdout, stderr) => {
      resolve({ status: child.exitCode, stdout, stderr });
    });
  });
}

/** Starts the program, to be stopped. */
export const start = (directory: string, ...args: readonly string[]): ChildProcess =>
  spawn(process.execPath, [program, ...args], { cwd: directory, stdio: ["ignore", "pipe", "pipe"], env: environment });

/** Without what would ask for stack traces. */
const environment = { ...process.env, DEBUG: "" };

/** A directory for one test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "image-classifier-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** An IDX file of bytes. */
export const idx = (shape: readonly number[], bytes: ArrayLike<number>): Uint8Array => {
  const header = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  header.setUint16(2, 0x0800 + shape.length);
  for (const [d, size] of shape.entries()) header.setUint32(4 + 4 * d, size);
  return Uint8Array.of(...new Uint8Array(header.buffer), ...Array.from(bytes));
};

export const parts = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"] as const;

/** Writes the first digits as if they were MNIST: 8×8 images, so that training is quick. Some files are compressed. */
export async function writeDigits(directory: string, { train, test }: { readonly train: number; readonly test: number }): Promise<void> {
  const digits = await loadDigits();
  for (const [name, part, count] of [["train", digits.train, train], ["t10k", digits.test, test]] as const) {
    const [images, labels] = part.batch!(Array.from({ length: count }, (_, i) => i));
    const pixels = (await images.read()).map((value: number) => value * 255);
    writeFileSync(join(directory, `${name}-images-idx3-ubyte.gz`), gzipSync(idx([count, 8, 8], pixels)));
    writeFileSync(join(directory, `${name}-labels-idx1-ubyte`), idx([count], Array.from(await labels.read(), Number)));
  }
}
