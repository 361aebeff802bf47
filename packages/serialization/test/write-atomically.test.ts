import type * as FileSystem from "node:fs/promises";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FileAccessError } from "../src/index.js";
import { writeAtomically } from "../src/node/write-atomically.js";

/** What the next calls of the file system do instead of their work. */
const disk = vi.hoisted(() => ({ calls: [] as string[], fail: null as ((call: string) => boolean) | null }));

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof FileSystem>();
  const step = async <R>(call: string, work: () => Promise<R>): Promise<R> => {
    disk.calls.push(call);
    if (disk.fail?.(call)) throw Object.assign(new Error(`ENOSPC: no space left on device, ${call}`), { code: "ENOSPC" });
    return work();
  };
  return {
    ...real,
    open: async (path: string, flags: string) => {
      const kind = flags === "wx" ? "file" : "directory";
      const handle = await step(`open ${kind}`, () => real.open(path, flags));
      return {
        writeFile: (bytes: Uint8Array) => step("write", () => handle.writeFile(bytes)),
        sync: () => step(`sync ${kind}`, () => handle.sync()),
        close: () => handle.close(),
      };
    },
    rename: (from: string, to: string) => step("rename", () => real.rename(from, to)),
    rm: (path: string, options: object) => step("remove", () => real.rm(path, options)),
  };
});

let directory: string;
let file: string;
beforeEach(async () => {
  disk.fail = null;
  directory = await mkdtemp(join(tmpdir(), "gradus-save-"));
  file = join(directory, "net.safetensors");
  disk.calls = [];
});
afterEach(async () => {
  disk.fail = null;
  await rm(directory, { recursive: true });
});

const pieces = [Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)];

describe("writeAtomically", () => {
  it("writes the pieces one after another and leaves nothing else behind", async () => {
    await writeAtomically(file, pieces);
    expect([...(await readFile(file))]).toEqual([1, 2, 3]);
    expect(await readdir(directory)).toEqual(["net.safetensors"]);
  });

  it("forces the content to the disk before it takes the name, and the name after", async () => {
    await writeAtomically(file, pieces);
    expect(disk.calls).toEqual(["open file", "write", "write", "write", "sync file", "rename", "open directory", "sync directory"]);
  });

  it.each(["open file", "write", "sync file", "rename"])("keeps the old file when %s fails, removes its own, and says so", async (broken) => {
    await writeFile(file, "old");
    disk.fail = (call) => call === broken;
    const error = await writeAtomically(file, pieces).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FileAccessError);
    expect(error).toMatchObject({
      file,
      reason: "could not be saved (ENOSPC: no space left on device)",
      message: `${file}: could not be saved (ENOSPC: no space left on device); what was there before is unchanged; check the directory, its permissions and the free space`,
      cause: { code: "ENOSPC" },
    });
    expect(await readFile(file, "utf8")).toBe("old");
    expect(await readdir(directory)).toEqual(["net.safetensors"]);
  });

  it("reports the first failure even if the temporary file cannot be removed", async () => {
    disk.fail = (call) => call === "write" || call === "remove";
    await expect(writeAtomically(file, pieces)).rejects.toThrow("could not be saved (ENOSPC");
    expect(await readdir(directory)).not.toContain("net.safetensors");
  });

  it("does not call a file saved whose directory is not on the disk", async () => {
    disk.fail = (call) => call === "sync directory";
    await expect(writeAtomically(file, pieces)).rejects.toThrow("was written, but its directory could not be forced to the disk");
  });

  it("refuses a missing directory and a name that is a directory", async () => {
    await expect(writeAtomically(join(directory, "nowhere", "net"), pieces)).rejects.toThrow("could not be saved (ENOENT: no such file or directory)");
    await mkdir(file);
    await expect(writeAtomically(file, pieces)).rejects.toBeInstanceOf(FileAccessError);
    expect(await readdir(directory)).toEqual(["net.safetensors"]);
  });
});
