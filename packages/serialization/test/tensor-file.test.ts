import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cpu } from "@gradus/backend-cpu";
import { ArgumentError, setDefaultDevice, tensor } from "@gradus/tensor-core";
import { afterEach, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { FileAccessError, FileFormatError, loadSafetensors, saveSafetensors } from "../src/index.js";
import { loadFile, loadMetadata, saveFile } from "../src/node.js";
import { everyDType, everyDTypeFile } from "./fixtures/every-dtype.js";

const METADATA = { format: "pt", author: "fixtures" };

beforeAll(() => {
  setDefaultDevice(cpu());
});

describe("loadSafetensors and saveSafetensors", () => {
  it("make tensors of every dtype out of PyTorch's file, and the same file of them", async () => {
    const tensors = loadSafetensors(everyDTypeFile());
    for (const [name, { dtype, shape }] of everyDType()) expect([tensors[name]?.dtype, tensors[name]?.shape]).toEqual([dtype, shape]);
    expect(await tensors["0.weight"]?.read()).toEqual(Float32Array.of(1, 1e-45, 3.4028234663852886e38, -0, Infinity, 0.1));
    expect(await tensors.i64?.read()).toEqual(BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n + 1n));
    expect(await tensors["10"]?.read()).toEqual(Float32Array.of(0, -0, 1.5, -2, 65536, 6.007030606269836e-8, Infinity, -Infinity));
    expect(await saveSafetensors(tensors, METADATA)).toEqual(everyDTypeFile());
  });

  it("save the tensors as they are at the call", async () => {
    const x = tensor([1, 2]);
    const saving = saveSafetensors({ x });
    x.mul_(0);
    expect(await loadSafetensors(await saving).x?.read()).toEqual(Float32Array.of(1, 2));
  });

  it("save a view as the tensor it shows", async () => {
    const x = tensor([[1, 2, 3], [4, 5, 6]]);
    const loaded = loadSafetensors(await saveSafetensors({ transposed: x.transpose(0, 1), row: x.select(0, 1) }));
    expect(await loaded.transposed?.toArray()).toEqual([[1, 4], [2, 5], [3, 6]]);
    expect(await loaded.row?.toArray()).toEqual([4, 5, 6]);
  });

  it("refuse reserved names", async () => {
    await expect(saveSafetensors({ __metadata__: tensor([1]) })).rejects.toThrow(ArgumentError);
  });
});

describe("saveFile and loadFile", () => {
  let directory: string;
  let file: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "gradus-tensors-"));
    file = join(directory, "net.safetensors");
  });
  afterEach(() => rm(directory, { recursive: true }));

  it("write and read the same file as PyTorch", async () => {
    await writeFile(file, everyDTypeFile());
    const tensors = await loadFile(file);
    expect(await loadMetadata(file)).toEqual(METADATA);
    await saveFile(file, tensors, METADATA);
    expect(new Uint8Array(await readFile(file))).toEqual(everyDTypeFile());
    expect(await readdir(directory)).toEqual(["net.safetensors"]);
  });

  it("keep the old file when the new one cannot be made", async () => {
    await saveFile(file, { x: tensor([1]) });
    await expect(saveFile(file, { ["__proto__"]: tensor([2]) })).rejects.toThrow(ArgumentError);
    await expect(saveFile(join(file, "inside"), { x: tensor([2]) })).rejects.toThrow(FileAccessError);
    expect(await (await loadFile(file)).x?.toArray()).toEqual([1]);
  });

  it.each<[string, Uint8Array, string]>([
    ["an empty file", new Uint8Array(0), "expected at least 8 bytes, found 0"],
    ["a truncated file", everyDTypeFile().subarray(0, -5), "the tensors take"],
    ["a header beyond the file", everyDTypeFile().fill(255, 3, 6), "the first 8 bytes promise a header of"],
  ])("refuse %s", async (_, bytes, reason) => {
    await writeFile(file, bytes);
    const error = await loadFile(file).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FileFormatError);
    expect((error as FileFormatError).file).toBe(file);
    expect((error as FileFormatError).reason).toContain(reason);
  });

  it("name the file that is missing or none", async () => {
    await expect(loadFile(file)).rejects.toThrow(`${file}: could not be read (ENOENT: no such file or directory); check the path`);
    await expect(loadFile(directory)).rejects.toThrow("could not be read (EISDIR");
  });

  const python = inject("pythonWithTorch");
  it.skipIf(python === null)("PyTorch reads what we wrote, bit for bit", async () => {
    const script = fileURLToPath(new URL("fixtures/make.py", import.meta.url));
    const reference = fileURLToPath(new URL("fixtures/every-dtype.safetensors", import.meta.url));
    await saveFile(file, await loadFile(reference), { note: "other metadata, another header" });
    const { stdout, stderr } = spawnSync(python ?? "", [script, file, reference], { encoding: "utf8" });
    expect([stdout, stderr]).toEqual(["13 tensors are equal\n", ""]);
  });
});
