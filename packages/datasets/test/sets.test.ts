import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { cpu } from "@gradus/backend-cpu";
import { ArgumentError, setDefaultDevice, type Tensor } from "@gradus/tensor-core";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { readTar } from "../src/cifar.js";
import { buildVocabulary, CharacterDataset, DataFileError, DataLoader, loadIris, plainTag, readBrown, readCifar10, Vocabulary } from "../src/index.js";
import { fetchCifar10, loadBrown, loadCifar10 } from "../src/node.js";

beforeAll(() => {
  setDefaultDevice(cpu());
});

async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "gradus-sets-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

/** `count` images whose red is 255, whose green is their label, and whose blue is 0. */
function cifarFile(labels: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(labels.length * 3073);
  labels.forEach((label, i) => bytes.fill(label, i * 3073, i * 3073 + 1).fill(255, i * 3073 + 1, i * 3073 + 1025).fill(label, i * 3073 + 1025, i * 3073 + 2049));
  return bytes;
}

/** A tar archive as tar writes it. */
function tar(files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const blocks = Object.entries(files).flatMap(([name, bytes]) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write("0000644\0", 100);
    header.write(`${bytes.length.toString(8).padStart(11, "0")} `, 124);
    header.write("        0", 148);
    const sum = header.reduce((a, b) => a + b, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return [header, Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)])];
  });
  return new Uint8Array(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

describe("CIFAR-10", () => {
  it("is read as red, green and blue planes with labels", async () => {
    const set = readCifar10([{ file: "a", bytes: cifarFile([3, 9]) }, { file: "b", bytes: cifarFile([1]) }]);
    expect(set.length).toBe(3);
    const [[image, labels]] = [...new DataLoader(set, { batchSize: 3 })] as [[Tensor, Tensor]];
    expect([image.shape, await labels.read()]).toEqual([[3, 3, 32, 32], BigInt64Array.of(3n, 9n, 1n)]);
    expect(await image.select(0, 1).select(-1, 5).select(-1, 7).toArray()).toEqual([1, Math.fround(9 / 255), 0]);
  });

  it.each<[string, Uint8Array]>([["a file that is cut short", cifarFile([1]).subarray(1)], ["an empty file", new Uint8Array(0)], ["a label that names no class", cifarFile([10])]])("refuses %s", (_, bytes) => {
    expect(() => readCifar10([{ file: "a", bytes }])).toThrow(DataFileError);
  });

  it("is found in a directory, and its archive in the cache", async () => {
    const directory = await temporary();
    const names = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`);
    for (const name of names) await writeFile(join(directory, name), cifarFile([2]));
    await expect(loadCifar10(directory)).rejects.toThrow("test_batch.bin: expected this file, found none");
    await writeFile(join(directory, "test_batch.bin"), cifarFile([4]));
    const { train, test, classes } = await loadCifar10(directory);
    expect([train.length, test.length, classes[4]]).toEqual([5, 1, "deer"]);

    const folder = "cifar-10-batches-bin";
    const archive = tar(Object.fromEntries([...names, "test_batch.bin"].map((name) => [`${folder}/${name}`, cifarFile([7])])));
    const cache = (bytes: Uint8Array) => ({ cache: { read: () => Promise.resolve(new Uint8Array(bytes)) } as never });
    expect((await fetchCifar10(cache(gzipSync(archive)))).train.length).toBe(5);
    await expect(fetchCifar10(cache(gzipSync(archive).subarray(0, -20)))).rejects.toThrow(DataFileError);
    await expect(fetchCifar10(cache(gzipSync(archive.subarray(0, 2000))))).rejects.toThrow(DataFileError);
    await expect(fetchCifar10(cache(gzipSync(tar({}))))).rejects.toThrow("expected data_batch_1.bin in the archive");
    const damaged = archive.slice();
    damaged[3]! ^= 1;
    expect(() => readTar(damaged, "x.tar")).toThrow("the archive is damaged at byte 0");
  });
});

describe("the Brown corpus", () => {
  const text = "\n\n\tThe/at Fulton/np-tl and/or/cc said/vbd ``/`` no/at ./.\n\n\n\tfais/fw-vb-nc 1/2/cd\n";

  it("is read sentence by sentence", () => {
    expect(readBrown(text)).toEqual([
      { words: ["The", "Fulton", "and/or", "said", "``", "no", "."], tags: ["AT", "NP-TL", "CC", "VBD", "``", "AT", "."] },
      { words: ["fais", "1/2"], tags: ["FW-VB-NC", "CD"] },
    ]);
    expect(["NP-TL-HL", "FW-VB-NC", "PPS+BEZ", "*", "--", "NN$-TL"].map(plainTag)).toEqual(["NP", "VB", "PPS+BEZ", "*", "--", "NN$"]);
  });

  it("is found in a directory of its files, or as an installed package", async () => {
    const directory = await temporary();
    await expect(loadBrown(directory)).rejects.toThrow("expected the files ca01 to cr09, found none of them");
    await writeFile(join(directory, "cb02"), text);
    await writeFile(join(directory, "cats.txt"), "cb02 editorial");
    const files = await loadBrown(directory);
    expect(files.map(({ name, sentences }) => [name, sentences.length])).toEqual([["cb02", 2]]);
    await expect(loadBrown(join(directory, "nowhere"))).rejects.toThrow("expected the directory of the Brown corpus, found none");
  });

  it("has the sentences and words that NLTK finds in it", async () => {
    const files = await loadBrown();
    const sentences = files.flatMap((file) => file.sentences);
    const words = sentences.reduce((sum, sentence) => sum + sentence.words.length, 0);
    expect([files.length, sentences.length, words]).toEqual([500, 57340, 1161192]);
    expect(files[0]?.sentences[0]?.words.slice(0, 5)).toEqual(["The", "Fulton", "County", "Grand", "Jury"]);
    expect(sentences.every(({ tags }) => tags.every((tag) => tag !== ""))).toBe(true);
  });
});

describe("a vocabulary", () => {
  it("numbers tokens by how often they come", () => {
    const texts = [["b", "a", "c", "a"], ["c", "a", "d"]];
    expect(buildVocabulary(texts).tokens).toEqual(["a", "c", "b", "d"]);
    expect(buildVocabulary(texts, { minFreq: 2, specials: ["<pad>", "c"] }).tokens).toEqual(["<pad>", "c", "a"]);
    expect(buildVocabulary(texts, { maxTokens: 2, specials: ["<unk>"] }).tokens).toEqual(["<unk>", "a"]);
    const known = buildVocabulary(texts, { specials: ["<unk>"], unknown: "<unk>" });
    expect([known.lookupIndices(["d", "x"]), known.lookupTokens([1, 2n]), known.has("x")]).toEqual([[4, 0], ["a", "c"], false]);
    expect(() => new Vocabulary(["a"]).lookupIndex("b")).toThrow(ArgumentError);
    expect(() => new Vocabulary(["a"]).lookupToken(1)).toThrow(ArgumentError);
    expect(() => new Vocabulary(["a", "a"])).toThrow(ArgumentError);
    expect(() => buildVocabulary(texts, { unknown: "<unk>" })).toThrow(ArgumentError);
  });

  it("of characters makes pieces of a text", async () => {
    const set = new CharacterDataset("abcab", 3);
    expect(set.length).toBe(2);
    const [[x, y]] = [...new DataLoader(set, { batchSize: 2 })] as [[Tensor, Tensor]];
    expect([await x.toArray(), await y.toArray()]).toEqual([[[0, 1, 2], [1, 2, 0]], [[1, 2, 0], [2, 0, 1]]]);
    const [, second] = set.at(1);
    expect(set.vocabulary.lookupTokens(await second.read())).toEqual(["c", "a", "b"]);
    expect(() => new CharacterDataset("abc", 3)).toThrow(ArgumentError);
    expect(() => set.at(2)).toThrow(ArgumentError);
  });
});

it("iris has fifty flowers of each kind", async () => {
  const { data, classes, features } = loadIris();
  expect([data.length, classes.length, features.length]).toEqual([150, 3, 4]);
  const [[x, y]] = [...new DataLoader(data, { batchSize: 150 })] as [[Tensor, Tensor]];
  // The means of scikit-learn's load_iris().
  expect(await x.mean({ dim: 0 }).toArray()).toEqual([5.843333, 3.057333, 3.758, 1.199333].map((mean) => expect.closeTo(mean, 5) as number));
  expect(await y.sum().item()).toBe(150);
});
