import { cpu } from "@gradus/backend-cpu";
import { loadNpy, loadNpz, loadPickle, loadSafetensors, loadTorch, openSafetensors, parseSafetensors, saveNpy, saveNpz, saveSafetensors, saveTorch } from "@gradus/serialization";
import { load, loadCheckpoint, loadFile, loadNpyFile, loadNpzFile, loadPickleFile, saveNpzFile } from "@gradus/serialization/node";
import { ArgumentError, setDefaultDevice, zeros } from "@gradus/tensor-core";
import { expect, test } from "vitest";

setDefaultDevice(cpu());

type Given = Readonly<Record<string, unknown>>;

const loading = { device: cpu(), file: "name", maxBytes: 10_000 };
const pickled = new TextEncoder().encode("(lp0\nI1\naI2\na.");

/** What is called with options, and all of them. */
const calls: Readonly<Record<string, readonly [call: (options: Given) => unknown, options: Given]>> = {
  loadTorch: [async (options) => loadTorch(await saveTorch({ a: 1 }), options), loading],
  loadPickle: [(options) => loadPickle(pickled, options), loading],
  loadNpy: [async (options) => loadNpy(await saveNpy(zeros([1])), options), loading],
  loadNpz: [async (options) => loadNpz(await saveNpz({ x: zeros([1]) }), options), loading],
  loadSafetensors: [async (options) => loadSafetensors(await saveSafetensors({ x: zeros([1]) }), options), loading],
  openSafetensors: [async (options) => openSafetensors(await saveSafetensors({ x: zeros([1]) }), options), loading],
  parseSafetensors: [async (options) => parseSafetensors(await saveSafetensors({ x: zeros([1]) }), "name", options), { maxBytes: 10_000 }],
  saveNpz: [(options) => saveNpz({ x: zeros([1]) }, options), { compressed: true }],
};

/** No file is opened or written before the options are looked at. */
const nowhere = "no such directory/file";
const files: typeof calls = {
  load: [(options) => load(nowhere, options), loading],
  loadCheckpoint: [(options) => loadCheckpoint(nowhere, {}, options), loading],
  loadFile: [(options) => loadFile(nowhere, options), loading],
  loadPickleFile: [(options) => loadPickleFile(nowhere, options), loading],
  loadNpyFile: [(options) => loadNpyFile(nowhere, options), loading],
  loadNpzFile: [(options) => loadNpzFile(nowhere, options), loading],
  saveNpzFile: [(options) => saveNpzFile(nowhere, { x: zeros([1]) }, options), { compressed: true }],
};

test.each(Object.entries({ ...calls, ...files }))("%s refuses what it does not have", async (name, [call, options]) => {
  const asked = Promise.resolve({ ...options, unheardOf: 1 }).then(call);
  await expect(asked).rejects.toThrow(new ArgumentError(`${name}: expected no options but ${Object.keys(options).join(", ")}, got unheardOf; leave it out`));
});

test.each(Object.entries(calls))("%s accepts what it has", async (_, [call, options]) => {
  await expect(Promise.resolve(options).then(call)).resolves.toBeDefined();
});

test.each(Object.entries(files))("%s accepts what it has, and misses the file", async (_, [call, options]) => {
  await expect(Promise.resolve(options).then(call)).rejects.toThrow(/no such directory/);
});

test("PyTorch's spelling is told from the name here", async () => {
  await expect(loadTorch(pickled, { max_bytes: 1 } as object)).rejects.toThrow(/^loadTorch: .*, got max_bytes; write maxBytes$/);
});
