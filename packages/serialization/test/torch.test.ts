import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { cpu } from "@gradus/backend-cpu";
import { ArgumentError, ones, setDefaultDevice, type Tensor, tensor } from "@gradus/tensor-core";
import { beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import { FileFormatError, loadNpz, loadNpy, loadPickle, loadTorch, saveNpy, saveNpz, saveTorch } from "../src/index.js";
import { load, save } from "../src/node.js";
import { torchFile } from "./fixtures/torch-files.js";

beforeAll(() => {
  setDefaultDevice(cpu());
});

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

describe("loadTorch", () => {
  it.each(["zip", "legacy"])("reads views of one storage as views of one storage (%s)", async (name) => {
    const { base, transposed, row, expanded } = (await loadTorch(torchFile(name))) as Record<"base" | "transposed" | "row" | "expanded", Tensor>;
    expect(await transposed.toArray()).toEqual([[0, 4, 8], [1, 5, 9], [2, 6, 10], [3, 7, 11]]);
    expect([transposed.stride(), row.stride(), row.storageOffset(), expanded.stride()]).toEqual([[1, 4], [1], 4, [0, 1]]);
    expect(await expanded.toArray()).toEqual([[1, 2], [1, 2], [1, 2]]);
    base.mul_(10);
    expect(await row.toArray()).toEqual([40, 50, 60, 70]);
    expect(transposed.elements).toBe(base.elements);
  });

  it.each(["parameter", "parameter legacy"])("keeps what requires gradients (%s)", async (name) => {
    const [parameter] = (await loadTorch(torchFile(name))) as [Tensor];
    expect([parameter.requiresGrad, parameter.isLeaf, await parameter.toArray()]).toEqual([true, true, [0.5, -1]]);
  });

  it("gives each value of Python one of JavaScript", async () => {
    expect(await loadTorch(torchFile("values"))).toEqual({
      none: null, true: true, int: -5, big: 2n ** 70n, float: 0.1, one: 1, text: "run-é", bytes: Uint8Array.of(0, 255), tuple: [1, [2, []]],
      set: new Set([3]), 7: "seven", dtype: "float16", size: [2, 3], device: "cpu", ordered: { a: 1 }, default: { k: [1] }, tuples: new Map([[[1, 2], "pair"]]),
    }); // prettier-ignore
  });

  it("keeps every bit, also of what is not a number", async () => {
    const payloads = await loadTorch(torchFile("half"));
    const content = Buffer.from(await saveTorch(payloads));
    expect(content.includes(Buffer.from([0x01, 0x7e, 0x01, 0x7c, 0x55, 0xfe]))).toBe(true);
  });

  it("executes nothing and says so", async () => {
    await expect(loadPickle(ascii("cos\nsystem\n(S'true'\ntR."))).rejects.toThrow('pickle: it asks for "os.system", which is not among the names that are read; nothing of the file was executed');
    await expect(loadPickle(torchFile("tensor by pickle"))).rejects.toThrow("torch.nn.modules.linear.Linear");
    await expect(loadPickle(ascii("cbuiltins\neval\n(S'1'\ntR."))).rejects.toThrow(FileFormatError);
    await expect(loadPickle(ascii("c__builtin__\n__proto__\n."))).rejects.toThrow("__builtin__.__proto__");
  });
});

describe("loadPickle", () => {
  it.each([0, 1, 2, 3, 4, 5])("reads protocol %i", async (protocol) => {
    const values = (await loadPickle(torchFile(`values ${protocol}`))) as Record<string, unknown>;
    expect(values).toMatchObject({ none: null, true: true, int: -5, big: 2n ** 70n, float: 0.1, text: "run-é", tuple: [1, [2, []]], 7: "seven", bytes: Uint8Array.of(0, 255) });
    const [[images, labels], number, swapped] = (await loadPickle(torchFile(`arrays ${protocol}`))) as [[Tensor, Tensor], number, Tensor];
    expect(await Promise.all([images.toArray(), labels.read(), swapped.toArray()])).toEqual([[[0, 0.5], [1, 0.25]], BigInt64Array.of(3n, 5n), [[1, 2], [3, 4]]]);
    expect([number, swapped.dtype, swapped.stride()]).toEqual([2.5, "int16", [1, 2]]);
  });

  it("unpacks a gzip file", async () => {
    expect(await loadPickle(gzipSync(ascii("(lp0\nI1\naI2\na.")))).toEqual([1, 2]);
    await expect(loadPickle(gzipSync(ascii("(lp0\nI1\naI2\na.")).subarray(0, -9))).rejects.toThrow(FileFormatError);
  });

  it("keeps cycles and what is shared", async () => {
    const cycle = (await loadPickle(torchFile("cycle"))) as unknown[];
    expect(cycle[0]).toBe(cycle);
    const [a, b] = (await loadPickle(torchFile("shared"))) as unknown[];
    expect(a).toBe(b);
  });

  it.each<[string, string, string]>([
    ["nothing", "", "needs 1 bytes"],
    ["no end", "I1\n", "needs 1 bytes"],
    ["a value too few", ".", "takes a value"],
    ["a value too many", "NN.", "leaves 1 values behind"],
    ["a mark that was not set", "t.", "mark"],
    ["a value across a mark", "N(a.", "takes a value"],
    ["a memo of far away", "Nr\xff\xff\xff\xff.", "remembers a value as number 4294967295"],
    ["what was not remembered", "h\x07.", "did not remember"],
    ["a length beyond the file", "X\xff\xff\xff\xffabc.", "needs 4294967295 bytes"],
    ["a length beyond all files", "\x8d\xff\xff\xff\xff\xff\xff\xff\xff.", "needs 18446744073709552000 bytes"],
    ["a call of no function", "NNR.", "calls what is no function"],
    ["an append to no list", "}Na.", "appends to what is no list"],
    ["items of no dictionary", "]NNs.", "no dictionary"],
    ["half an item", "}(Nu.", "no dictionary"],
    ["the key __proto__", "}X\x09\0\0\0__proto__Ns.", "__proto__"],
    ["the key __proto__ of an ordered dictionary", "ccollections\nOrderedDict\n(((X\x09\0\0\0__proto__NtltR.", "__proto__"],
    ["no UTF-8", "X\x01\0\0\0\xff.", "no UTF-8"],
    ["a protocol of the future", "\x80\x06N.", "protocol 6"],
    ["an extension", "\x82\x01.", "no instruction"],
    ["data outside", "X\x01\0\0\0a" + "Q.", "outside"],
    ["a decimal without end", `L${"9".repeat(5000)}L\n.`, "expected an integer"],
    ["a name only", "c__builtin__\nint\n)R.", "may only be named"],
    ["an attribute", "cnumpy\nndarray\n}b.", "gives a state to what takes none"],
    ["dictionaries by the million", `${"}".repeat(50_000)}.`, "bytes of memory"],
  ])("refuses %s", async (_, text, reason) => {
    const error: unknown = await loadPickle(ascii(text), { file: "x.pkl" }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FileFormatError);
    expect((error as Error).message).toContain(reason);
    expect((error as Error).message).toMatch(/^x\.pkl: [^\n]*; [^\n]*$/);
  });

  it("reads lists and dictionaries of everyday length", async () => {
    const numbers = Array.from({ length: 100_000 }, (_, i) => i);
    const words = Object.fromEntries(numbers.slice(0, 50_000).map((i) => [`word number ${i}`, i]));
    const pairs = numbers.slice(0, 10_000).map((i) => [i, i / 3]);
    expect(await loadTorch(await saveTorch({ numbers, words, pairs }))).toEqual({ numbers, words, pairs });
  });

  it("reads what is nested deeper than any stack of calls", async () => {
    let deep = (await loadPickle(ascii(`${"(".repeat(20_000)}${"l".repeat(20_000)}.`))) as unknown[];
    let depth = 1;
    for (; deep.length > 0; depth++) deep = deep[0] as unknown[];
    expect(depth).toBe(20_000);
  });
});

describe("saveTorch", () => {
  it("keeps values, what is shared, and cycles", async () => {
    const list: unknown[] = [1, -1, 300, -70000, 2 ** 40, 2n ** 80n, -(2n ** 63n), 0.5, -0, NaN, Infinity, "é", true, null, Uint8Array.of(1, 255)];
    const value = { list, again: list, map: new Map<unknown, unknown>([[1, "a"], ["b", [2]]]), set: new Set([1]), empty: {}, none: [] };
    const loaded = (await loadTorch(await saveTorch(value))) as Record<string, unknown>;
    expect(loaded).toEqual({ ...value, map: { 1: "a", b: [2] } });
    expect(loaded.again).toBe(loaded.list);
    const cycle: unknown[] = [];
    cycle.push(cycle);
    const read = (await loadTorch(await saveTorch(cycle))) as unknown[];
    expect(read[0]).toBe(read);
  });

  it("saves what tensors are at the call, and a storage once", async () => {
    const x = tensor([[1, 2, 3], [4, 5, 6]]);
    const saving = saveTorch([x, x.transpose(0, 1), x.select(0, 1)]);
    x.mul_(0);
    const [whole, transposed, row] = (await loadTorch(await saving)) as [Tensor, Tensor, Tensor];
    expect(await transposed.toArray()).toEqual([[1, 4], [2, 5], [3, 6]]);
    expect(await row.toArray()).toEqual([4, 5, 6]);
    expect(row.elements).toBe(whole.elements);
    // As long as the tensor alone and a few descriptions; the elements stand there once.
    const large = ones([10_000]);
    expect((await saveTorch([large, large.narrow(0, 0, 5000)])).length).toBeLessThan(42_000);
  });

  it.each<[string, unknown]>([["a function", () => 1], ["a date", new Date(0)], ["a symbol", Symbol("x")], ["floats of one's own", Float32Array.of(1)]])("refuses %s", async (_, value) => {
    await expect(saveTorch({ value })).rejects.toThrow(ArgumentError);
  });

  const python = inject("pythonWithTorch");
  it.skipIf(python === null)("writes what PyTorch opens", async () => {
    const directory = await mkdtemp(join(tmpdir(), "gradus-torch-"));
    onTestFinished(() => rm(directory, { recursive: true }));
    const file = join(directory, "x.pt");
    const x = tensor([[1, 2, 3], [4, 5, 6]]);
    const state = { state: { 0: { step: 3 } }, param_groups: [{ lr: 0.5, params: [0] }] };
    await save({ x, t: x.transpose(0, 1), grad: tensor([1.5]).requiresGrad_(), half: tensor([0.5, -2]).to("bfloat16"), many: [tensor([true]), tensor([7n])], empty: ones([0, 3]), n: 2 ** 33, f: 0.25, s: "é", state, set: new Set([2]), bytes: Uint8Array.of(0, 200) }, file);
    const { stdout, stderr } = spawnSync(python ?? "", [fileURLToPath(new URL("fixtures/make-torch.py", import.meta.url)), file], { encoding: "utf8" });
    expect(stderr).toBe("");
    const found = new Map((JSON.parse(stdout) as { dict: [string, Record<string, unknown>][] }).dict);
    expect(found.get("x")).toMatchObject({ dtype: "torch.float32", shape: [2, 3], data: [[1, 2, 3], [4, 5, 6]], requires_grad: false });
    expect(found.get("t")).toMatchObject({ stride: [1, 3], data: [[1, 4], [2, 5], [3, 6]], storage: found.get("x")?.storage });
    expect(found.get("grad")).toMatchObject({ requires_grad: true, data: [1.5] });
    expect(found.get("half")).toMatchObject({ dtype: "torch.bfloat16", data: [0.5, -2] });
    expect(found.get("many")).toMatchObject([{ dtype: "torch.bool", data: [1] }, { dtype: "torch.int64", data: [7] }]);
    expect(found.get("empty")).toMatchObject({ shape: [0, 3] });
    expect([found.get("n"), found.get("f"), found.get("s"), found.get("set"), found.get("bytes")]).toEqual([2 ** 33, { float: "0.25" }, "é", { set: [2] }, { bytes: [0, 200] }]);
    expect(found.get("state")).toEqual({ dict: [["state", { dict: [[0, { dict: [["step", 3]] }]] }], ["param_groups", [{ dict: [["lr", { float: "0.5" }], ["params", [0]]] }]]] });
  });

  it("is read back from a file, which a failed save leaves as it was", async () => {
    const directory = await mkdtemp(join(tmpdir(), "gradus-torch-"));
    onTestFinished(() => rm(directory, { recursive: true }));
    const file = join(directory, "x-files");
    await save([tensor([1, 2]), tensor([3])], file);
    await expect(save({ f: () => 1 }, file)).rejects.toThrow(ArgumentError);
    const [x, y] = (await load(file)) as [Tensor, Tensor];
    expect([await x.toArray(), await y.toArray()]).toEqual([[1, 2], [3]]);
    await writeFile(file, (await readFile(file)).subarray(0, -30));
    await expect(load(file)).rejects.toMatchObject({ name: "FileFormatError", file });
  });
});

describe("NumPy's files", () => {
  it("are read, compressed ones too", async () => {
    const { a, b, c } = await loadNpz(torchFile("npz"));
    expect([await a?.toArray(), a?.dtype, await b?.item(), c?.shape, c?.dtype]).toEqual([[[0, 1, 2], [3, 4, 5]], "float64", true, [0, 2], "int32"]);
  });

  it("are written as they are read", async () => {
    const x = tensor([[1, 2, 3], [4, 5, 6]]).transpose(0, 1);
    expect(await (await loadNpy(await saveNpy(x))).toArray()).toEqual([[1, 4], [2, 5], [3, 6]]);
    for (const compressed of [false, true]) {
      const { halves, ids, scalar } = await loadNpz(await saveNpz({ halves: tensor([0.5]).to("float16"), ids: tensor([[5n]]), scalar: tensor(3) }, { compressed }));
      expect([halves?.dtype, await ids?.read(), await scalar?.item()]).toEqual(["float16", BigInt64Array.of(5n), 3]);
    }
    await expect(saveNpy(x.to("bfloat16"))).rejects.toThrow(ArgumentError);
  });

  it.each(["records", "complex", "objects"])("are refused with elements that tensors have not: %s", async (name) => {
    await expect(loadNpy(torchFile(name))).rejects.toThrow(FileFormatError);
  });

  it("are refused as bombs, by what they promise or by what they hold", async () => {
    const bomb = await saveNpz({ x: ones([1_000_000]) }, { compressed: true });
    await expect(loadNpz(bomb)).rejects.toThrow("raise maxBytes");
    const { x } = await loadNpz(bomb, { maxBytes: 8_000_000 });
    expect(x?.shape).toEqual([1_000_000]);
    // The same data under a smaller promise.
    const liar = bomb.slice();
    const view = new DataView(liar.buffer);
    for (let at = 0; at + 4 < liar.length; at++) if (view.getUint32(at, true) === 4_000_128) view.setUint32(at, 1000, true);
    await expect(loadNpz(liar)).rejects.toThrow("more than the 1000 bytes");
  });
});
