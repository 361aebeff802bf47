import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { cpu } from "@gradus/backend-cpu";
import { setDefaultDevice } from "@gradus/tensor-core";
import { beforeAll, expect, it } from "vitest";
import { FileFormatError, loadPickle, loadSafetensors, parseSafetensors } from "../src/index.js";

beforeAll(() => {
  setDefaultDevice(cpu());
});

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

function safetensors(count: number, tensor: (i: number) => string): Uint8Array {
  const json = ascii(`{${Array.from({ length: count }, (_, i) => `"${i}":${tensor(i)}`).join(",")}}`);
  const bytes = new Uint8Array(8 + json.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const emptyTensor = '{"dtype":"F32","shape":[0],"data_offsets":[0,0]}';
const manySizes = `{"dtype":"F32","shape":[${"0,".repeat(30)}0],"data_offsets":[0,0]}`;

/** Bytes that are in use, whoever holds them. */
function used(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

it.each<[string, () => Uint8Array, (bytes: Uint8Array) => unknown]>([
  ["safetensors with nothing but empty tensors", () => safetensors(100_000, () => emptyTensor), (bytes) => loadSafetensors(bytes)],
  ["the same, parsed", () => safetensors(100_000, () => emptyTensor), (bytes) => parseSafetensors(bytes)],
  ["a few hundred empty tensors", () => safetensors(1000, () => emptyTensor), (bytes) => loadSafetensors(bytes)],
  ["empty tensors of many sizes", () => safetensors(20_000, () => manySizes), (bytes) => loadSafetensors(bytes)],
  ["metadata of many entries", () => safetensors(1, () => `${emptyTensor},"__metadata__":{${Array.from({ length: 100_000 }, (_, i) => `"${i}":""`).join(",")}}`), (bytes) => parseSafetensors(bytes)],
  ["a pickle of empty lists", () => ascii(`(${"]".repeat(1_000_000)}l.`), (bytes) => loadPickle(bytes)],
  ["a pickle of nested lists", () => ascii(`${"]".repeat(500_000)}${"a".repeat(499_999)}.`), (bytes) => loadPickle(bytes)],
  ["a pickle of empty dictionaries", () => ascii(`(${"}".repeat(1_000_000)}l.`), (bytes) => loadPickle(bytes)],
  ["a pickle of marks", () => ascii("(".repeat(1_000_000)), (bytes) => loadPickle(bytes)],
  ["a pickle that repeats a value", () => ascii(`N${"2".repeat(1_000_000)}.`), (bytes) => loadPickle(bytes)],
  ["a pickle that remembers", () => ascii(`N${"\x94".repeat(1_000_000)}.`), (bytes) => loadPickle(bytes)],
  ["a pickle of lists in lists, twice each", () => ascii(`]p0\n0${Array.from({ length: 20_000 }, (_, i) => `(g${i}\ng${i}\nlp${i + 1}\n0`).join("")}g20000\n.`), (bytes) => loadPickle(bytes)],
  ["a pickle of texts", () => ascii(`(${"X\x01\0\0\0a".repeat(200_000)}l.`), (bytes) => loadPickle(bytes)],
  ["a pickle of numbers", () => ascii(`(${"G\x40\0\0\0\0\0\0\x01".repeat(200_000)}l.`), (bytes) => loadPickle(bytes)],
  ["a pickle of small numbers", () => ascii(`(${"K\x01".repeat(500_000)}l.`), (bytes) => loadPickle(bytes)],
])("%s is read in 4 times its length and 1 MiB, or refused", async (_, make, load) => {
  const bytes = make();
  const before = used();
  let content: unknown;
  try {
    content = await load(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(FileFormatError);
    content = null;
  }
  const taken = used() - before;
  expect(taken).toBeLessThanOrEqual(4 * bytes.length + 2 ** 20);
  // Held on to until here.
  expect([bytes.length > 0, content === undefined]).toEqual([true, false]);
});
