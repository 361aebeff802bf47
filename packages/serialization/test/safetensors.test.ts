import { ArgumentError, type DType } from "@gradus/tensor-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FileFormatError, parseSafetensors, type RawTensor, serializeSafetensors } from "../src/index.js";
import { everyDType, everyDTypeFile } from "./fixtures/every-dtype.js";

/** A file with this header text, and `dataLength` bytes after it. */
function file(header: string, dataLength: number): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + dataLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

function longHeader(): Uint8Array {
  const bytes = new Uint8Array(8 + 100_000_001);
  new DataView(bytes.buffer).setBigUint64(0, 100_000_001n, true);
  return bytes;
}

const headerOf = (bytes: Uint8Array): string =>
  new TextDecoder().decode(bytes.subarray(8, 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))));

describe("parseSafetensors", () => {
  it("reads a file that PyTorch wrote, every dtype", () => {
    const { tensors, metadata } = parseSafetensors(everyDTypeFile());
    expect(tensors).toEqual(everyDType());
    expect([...metadata]).toEqual([
      ["author", "fixtures"],
      ["format", "pt"],
    ]);
  });

  it("copies nothing", () => {
    const bytes = everyDTypeFile();
    for (const { bytes: view } of parseSafetensors(bytes).tensors.values()) expect(view.buffer).toBe(bytes.buffer);
  });

  it("reads tensors in any order of the header, unpadded, and files without tensors", () => {
    const bytes = file('{"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]},"a":{"dtype":"I16","shape":[],"data_offsets":[0,2]}}', 3);
    bytes.set([1, 2, 3], bytes.length - 3);
    expect([...parseSafetensors(bytes).tensors]).toEqual([
      ["a", { dtype: "int16", shape: [], bytes: Uint8Array.of(1, 2) }],
      ["b", { dtype: "uint8", shape: [1], bytes: Uint8Array.of(3) }],
    ]);
    expect(parseSafetensors(file("{}", 0)).tensors.size).toBe(0);
  });

  const entry = (fields: string) => `{"x":{${fields}}}`;
  it.each([
    ["nothing", new Uint8Array(0), "expected at least 8 bytes, found 0"],
    ["seven bytes", new Uint8Array(7), "expected at least 8 bytes, found 7"],
    ["a header longer than the file", file("{}", 0).fill(255, 0, 8), "promise a header of 18446744073709551615 bytes, the file holds 2 more"],
    ["a header longer than any", longHeader(), "the header takes 100000001 bytes, at most 100000000 are read"],
    ["a very long name", file(`{"${"x".repeat(9999)}":1}`, 0), 'expected "{" at character 10003'],
    ["a very long name twice", file(`{"${"x".repeat(999)}":{},"${"x".repeat(999)}":{}}`, 0), `tensor "${"x".repeat(60)}…" lacks`],
    ["no header", file("", 4), 'expected "{" at its first character'],
    ["a byte order mark", file("\ufeff{}", 0), 'expected "{" at its first character'],
    ["space in front", file(" {}", 0), 'expected "{" at its first character'],
    ["no UTF-8", file("{}", 0).fill(0xff, 8), "the header is no UTF-8 text"],
    ["half a header", file('{"x":', 0), 'expected "{" at character 5, found the end'],
    ["an endless string", file('{"x', 0), "the string at character 1 does not end"],
    ["something after the header", file("{}{}", 0), 'expected the end at character 2, found "{"'],
    ["the same name twice", file('{"x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\\u0078":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}', 0), 'the key "x" stands twice'],
    ["the same field twice", file(entry('"dtype":"U8","dtype":"I8","shape":[0],"data_offsets":[0,0]'), 0), 'the key "dtype" stands twice'],
    ["the name __proto__", file('{"__proto__":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}', 0), '"__proto__" cannot be the name of a tensor'],
    ["metadata twice", file('{"__metadata__":{},"__metadata__":{}}', 0), 'the key "__metadata__" stands twice'],
    ["metadata that is no text", file('{"__metadata__":{"a":1}}', 0), "expected a string"],
    ["an unknown field", file(entry('"dtype":"U8","shape":[0],"data_offsets":[0,0],"more":[]'), 0), 'has a field "more"'],
    ["a missing field", file(entry('"dtype":"U8","shape":[0]'), 0), "lacks its dtype, its shape or its two data_offsets"],
    ["three offsets", file(entry('"dtype":"U8","shape":[0],"data_offsets":[0,0,0]'), 0), "lacks its dtype, its shape or its two data_offsets"],
    ["an unknown dtype", file(entry('"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]'), 1), 'has the dtype "F8_E4M3", known are F64, I64'],
    ["a dtype that every object has", file(entry('"dtype":"toString","shape":[1],"data_offsets":[0,1]'), 1), 'has the dtype "toString"'],
    ["a negative size", file(entry('"dtype":"U8","shape":[-1],"data_offsets":[0,1]'), 1), "expected an integer from 0 to 2^53 - 1"],
    ["a fraction", file(entry('"dtype":"U8","shape":[1.0],"data_offsets":[0,1]'), 1), "expected an integer from 0 to 2^53 - 1"],
    ["an exponent", file(entry('"dtype":"U8","shape":[1e0],"data_offsets":[0,1]'), 1), "expected an integer from 0 to 2^53 - 1"],
    ["a size that no number holds", file(entry('"dtype":"U8","shape":[9007199254740993],"data_offsets":[0,1]'), 1), "expected an integer from 0 to 2^53 - 1"],
    ["a leading zero", file(entry('"dtype":"U8","shape":[01],"data_offsets":[0,1]'), 1), "expected an integer from 0 to 2^53 - 1"],
    ["sizes whose product overflows", file(entry(`"dtype":"U8","shape":[${Array(40).fill(2 ** 52).join(",")},0],"data_offsets":[0,0]`), 0), "would take more than 2^53 bytes"],
    ["offsets that do not fit the shape", file(entry('"dtype":"F32","shape":[3],"data_offsets":[0,16]'), 16), "takes 12 bytes, its offsets [0, 16] give it 16"],
    ["offsets that run backwards", file(entry('"dtype":"U8","shape":[1],"data_offsets":[1,0]'), 1), "takes 1 bytes, its offsets [1, 0] give it -1"],
    ["a hole at the start", file(entry('"dtype":"U8","shape":[1],"data_offsets":[1,2]'), 2), "begins at byte 1, expected 0"],
    [
      "a hole between tensors",
      file('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}', 3),
      'tensor "b" (uint8, shape [1]) begins at byte 2, expected 1',
    ],
    [
      "an overlap",
      file('{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}', 3),
      'tensor "b" (uint8, shape [2]) begins at byte 1, expected 2',
    ],
    ["bytes left over", file(entry('"dtype":"U8","shape":[1],"data_offsets":[0,1]'), 2), "the tensors take 1 bytes, the file holds 2 after its header"],
    ["bytes missing", file(entry('"dtype":"U8","shape":[2],"data_offsets":[0,2]'), 1), "the tensors take 2 bytes, the file holds 1 after its header"],
    ["a zip archive", Uint8Array.from("PK\u0003\u0004 and more of it", (c) => c.charCodeAt(0)), "promise a header of"],
  ])("refuses %s", (_, bytes, reason) => {
    const attempt = () => parseSafetensors(bytes, "net.safetensors");
    expect(attempt).toThrow(FileFormatError);
    expect(attempt).toThrow(reason);
    expect(attempt).toThrow(expect.objectContaining({ file: "net.safetensors", message: expect.stringMatching(/^net\.safetensors: [^\n]*; [^\n]*$/) as string }));
  });

  it("reads or refuses a thousand damaged files, and what it reads it can write again", () => {
    const original = everyDTypeFile();
    let read = 0;
    const damage = fc.array(
      fc.oneof(
        // A byte anywhere, mostly in the header; a cut; a piece that stands twice; a digit in place of another.
        fc.record({ kind: fc.constant("byte" as const), at: fc.nat(original.length - 1), value: fc.nat(255) }),
        fc.record({ kind: fc.constant("byte" as const), at: fc.nat(100), value: fc.nat(255) }),
        fc.record({ kind: fc.constant("cut" as const), at: fc.nat(original.length), value: fc.nat(20) }),
        fc.record({ kind: fc.constant("twice" as const), at: fc.nat(original.length), value: fc.nat(120) }),
        fc.record({ kind: fc.constant("digit" as const), at: fc.nat(200), value: fc.integer({ min: 48, max: 57 }) }),
      ),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(damage, (steps) => {
        let bytes = original;
        for (const { kind, at, value } of steps) {
          if (kind === "byte") bytes = Uint8Array.from(bytes, (byte, i) => (i === at ? value : byte));
          else if (kind === "cut") bytes = Uint8Array.of(...bytes.subarray(0, at), ...bytes.subarray(at + value));
          else if (kind === "twice") bytes = Uint8Array.of(...bytes.subarray(0, at + value), ...bytes.subarray(at));
          else {
            const digits = [...bytes.keys()].filter((i) => i >= 8 && bytes[i]! >= 48 && bytes[i]! <= 57);
            bytes = Uint8Array.from(bytes, (byte, i) => (i === digits[at] ? value : byte));
          }
        }
        let content;
        try {
          content = parseSafetensors(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FileFormatError);
          return;
        }
        read++;
        expect(parseSafetensors(serializeSafetensors(content.tensors, content.metadata))).toEqual(content);
      }),
      { numRuns: 1000, seed: 1 },
    );
    expect(read).toBeGreaterThan(30);
  });
});

describe("serializeSafetensors", () => {
  it("writes the same bytes as the reference, whatever the order of the tensors", () => {
    const metadata = new Map([["format", "pt"], ["author", "fixtures"]] as const);
    expect(serializeSafetensors(everyDType(), metadata)).toEqual(everyDTypeFile());
    expect(serializeSafetensors(new Map([...everyDType()].reverse()), metadata)).toEqual(everyDTypeFile());
  });

  it("pads the header to a multiple of eight bytes with spaces", () => {
    for (const name of ["a", "ab", "abc", "abcdefgh"]) {
      const bytes = serializeSafetensors(new Map([[name, { dtype: "uint8", shape: [1], bytes: Uint8Array.of(9) }]]));
      const header = headerOf(bytes);
      expect(header.length % 8).toBe(0);
      expect(header).toMatch(/^\{.*\} *$/);
      expect(bytes.length).toBe(8 + header.length + 1);
    }
  });

  it("puts no __metadata__ where there is none", () => {
    expect(headerOf(serializeSafetensors(new Map()))).toBe("{}      ");
  });

  const rawTensor = fc
    .record({
      type: fc.constantFrom<[DType, number]>(["float32", 4], ["float64", 8], ["bfloat16", 2], ["int64", 8], ["bool", 1]),
      shape: fc.array(fc.nat(3), { maxLength: 3 }),
      byte: fc.nat(255),
    })
    .map(({ type: [dtype, width], shape, byte }): RawTensor => {
      const size = shape.reduce((a, b) => a * b, width);
      return { dtype, shape, bytes: new Uint8Array(size).fill(byte) };
    });
  const name = fc.string({ unit: "binary", maxLength: 6 }).filter((text) => text !== "__proto__" && text !== "__metadata__");

  it("writes what the reader reads back, each tensor aligned to its element", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(name, rawTensor), { maxLength: 8 }), fc.array(fc.tuple(name, name), { maxLength: 3 }), (tensors, metadata) => {
        const content = { tensors: new Map(tensors), metadata: new Map(metadata) };
        const read = parseSafetensors(serializeSafetensors(content.tensors, content.metadata));
        expect(read).toEqual(content);
        for (const { bytes, shape } of read.tensors.values()) {
          const elements = shape.reduce((a, b) => a * b, 1);
          if (elements > 0) expect(bytes.byteOffset % (bytes.length / elements)).toBe(0);
        }
      }),
    );
  });

  it.each([
    ["bytes that do not fit the shape", new Map([["x", { dtype: "float32", shape: [2], bytes: new Uint8Array(4) }]] as const), 'expected 8 bytes for tensor "x" of shape [2], got 4'],
    ["a reserved name", new Map([["__metadata__", { dtype: "uint8", shape: [0], bytes: new Uint8Array(0) }]] as const), '"__metadata__", which is reserved'],
    ["the name __proto__", new Map([["__proto__", { dtype: "uint8", shape: [0], bytes: new Uint8Array(0) }]] as const), '"__proto__", which is reserved'],
    ["an unknown dtype", new Map([["x", { dtype: "complex64" as DType, shape: [0], bytes: new Uint8Array(0) }]]), "got complex64"],
  ])("refuses %s", (_, tensors, message) => {
    expect(() => serializeSafetensors(tensors)).toThrow(ArgumentError);
    expect(() => serializeSafetensors(tensors)).toThrow(message);
  });
});
