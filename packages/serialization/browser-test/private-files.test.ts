import { cpu } from "@gradus/backend-cpu";
import { setDefaultDevice, type Tensor, tensor } from "@gradus/tensor-core";
import { beforeAll, expect, it } from "vitest";
import { load, loadFile, loadNpzFile, save, saveFile, saveNpzFile } from "../src/browser.js";
import { FileAccessError, FileFormatError, loadTorch, openSafetensors, saveSafetensors } from "../src/index.js";

beforeAll(() => {
  setDefaultDevice(cpu());
});

it("saves and loads on the private file system", async () => {
  await save([tensor([1, 2]), { epoch: 3 }], "runs/a/x.pt");
  const [x, rest] = (await load("runs/a/x.pt")) as [Tensor, unknown];
  expect([await x.toArray(), rest]).toEqual([[1, 2], { epoch: 3 }]);
  await saveFile("x.safetensors", { x });
  expect(await (await loadFile("x.safetensors")).x?.toArray()).toEqual([1, 2]);
  await saveNpzFile("x.npz", { x }, { compressed: true });
  expect(await (await loadNpzFile("x.npz")).x?.toArray()).toEqual([1, 2]);
});

it("keeps the old file when a save fails, and leaves nothing of a new one", async () => {
  await save(1, "kept.pt");
  await expect(save(() => 1, "kept.pt")).rejects.toThrow("save: expected");
  expect(await load("kept.pt")).toBe(1);
  await expect(load("nowhere/x.pt")).rejects.toThrow(FileAccessError);
  // A directory bears the name.
  await save(1, "taken/x.pt");
  await expect(save(2, "taken")).rejects.toThrow(FileAccessError);
});

it("reads from Blobs, piece by piece", async () => {
  const file = await openSafetensors(new Blob([(await saveSafetensors({ a: tensor([1]), b: tensor([2, 3]) })) as BlobPart]));
  expect(file.names).toEqual(["a", "b"]);
  expect(await (await file.get("b")).toArray()).toEqual([2, 3]);
  await expect(loadTorch(new File(["PK"], "cut.pt"))).rejects.toThrow(FileFormatError);
  await expect(loadTorch(new File(["PK"], "cut.pt"))).rejects.toThrow("cut.pt: ");
});
