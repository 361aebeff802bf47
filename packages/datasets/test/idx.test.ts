import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DataFileError, readIdx } from "../src/index.js";
import { idx } from "./idx-file.js";

const gzip = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(gzipSync(bytes));

describe("readIdx", () => {
  it("reads bytes, plain and compressed", async () => {
    const file = idx(0x08, [2, 3], [1, 2, 3, 4, 5, 255]);
    const expected = { shape: [2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 255) };
    expect(await readIdx(file, "a")).toEqual(expected);
    expect(await readIdx(gzip(file), "a.gz")).toEqual(expected);
  });

  it.each([
    ["int8", 0x09, [0xff, 0x7f], Int8Array.of(-1, 127)],
    ["int16", 0x0b, [0xff, 0xfe, 0x01, 0x02], Int16Array.of(-2, 0x102)],
    ["int32", 0x0c, [0x80, 0, 0, 1, 0, 0, 1, 0], Int32Array.of(-0x7fffffff, 256)],
    ["float32", 0x0d, [0x3f, 0xc0, 0, 0, 0xff, 0x80, 0, 0], Float32Array.of(1.5, -Infinity)],
    ["float64", 0x0e, [0x40, 0x09, 0x21, 0xfb, 0x54, 0x44, 0x2d, 0x18, 0, 0, 0, 0, 0, 0, 0, 0], Float64Array.of(Math.PI, 0)],
  ])("reads %s, highest byte first", async (_, code, bytes, data) => {
    expect(await readIdx(idx(code, [2], bytes), "a")).toEqual({ shape: [2], data });
  });

  it("reads what any compressor made of any array", async () => {
    const array = fc.array(fc.nat(4), { minLength: 1, maxLength: 3 }).chain((shape) => {
      const length = shape.reduce((a, b) => a * b, 1);
      return fc.tuple(fc.constant(shape), fc.uint8Array({ minLength: length, maxLength: length }), fc.boolean(), fc.integer({ min: 0, max: 9 }));
    });
    await fc.assert(
      fc.asyncProperty(array, async ([shape, data, compressed, level]) => {
        const file = idx(0x08, shape, data);
        expect(await readIdx(compressed ? new Uint8Array(gzipSync(file, { level })) : file, "a")).toEqual({ shape, data });
      }),
    );
  });

  const images = idx(0x08, [100, 4, 4], new Uint8Array(1600).map((_, i) => (i * 89) % 251));
  const compressed = gzip(images);
  const damaged = compressed.slice();
  damaged[damaged.length - 6]! ^= 1;
  it.each([
    ["an empty file", new Uint8Array(0), "expected an IDX file (00 00, a type from 08 to 0e, a number of dimensions), found nothing"],
    ["a file of three bytes", Uint8Array.of(0, 0, 8), "found 00 00 08"],
    ["another magic", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0, 0), "found 89 50 4e 47"],
    ["an unknown type", idx(0x0a, [1], [0]), "found 00 00 0a 01"],
    ["no dimension", idx(0x08, [], []), "found 00 00 08 00"],
    ["half the sizes", images.slice(0, 10), "the header promises 3 dimensions, the file holds 6 bytes of them"],
    ["sizes without elements", images.slice(0, 16), "the header promises 100 x 4 x 4 elements (1600 bytes), the file holds 16 bytes in all"],
    ["a byte too few", images.slice(0, -1), "the header promises 100 x 4 x 4 elements (1600 bytes), the file holds 1599 bytes"],
    ["a byte too many", Uint8Array.of(...images, 0), "the header promises 100 x 4 x 4 elements (1600 bytes), and more follow"],
    ["a size that lies", idx(0x08, [0xffffffff, 0xffffffff, 0xffffffff], [1, 2, 3]), "the file holds 19 bytes in all"],
    ["a compressed size that lies", gzip(idx(0x08, [0xffffffff], [1, 2, 3])), "the header promises 4294967295 elements (4294967295 bytes), the file holds"],
    ["a compressed size that lies a little", gzip(idx(0x08, [1000], [1, 2, 3])), "the header promises 1000 elements (1000 bytes), the file holds 3 bytes"],
    ["more compressed bytes than promised", gzip(Uint8Array.of(...images, 7)), "the header promises 100 x 4 x 4 elements (1600 bytes), and more follow"],
    ["compressed data cut short", compressed.slice(0, -100), "the gzip data are damaged or end too early"],
    ["compressed data without their end", compressed.slice(0, -3), "the gzip data are damaged or end too early"],
    ["two bytes of compressed data", compressed.slice(0, 2), "the gzip data are damaged or end too early"],
    ["compressed data with a wrong checksum", damaged, "the gzip data are damaged or end too early"],
  ])("refuses %s", async (_, bytes, reason) => {
    const error = await readIdx(bytes, "images").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DataFileError);
    expect(error).toMatchObject({ file: "images", message: expect.stringMatching(/^images: [^\n]*; [^\n]*$/) as string });
    expect((error as DataFileError).reason).toContain(reason);
  });

  it("reads or refuses a thousand damaged files", async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(images, compressed), fc.nat(1700), fc.nat(255), fc.nat(1700), async (original, at, value, cut) => {
        const bytes = original.slice(0, cut > 1000 ? original.length : cut);
        if (at % 2 === 0 && bytes.length > 0) bytes[at % Math.min(bytes.length, 40)] = value;
        try {
          const { shape, data } = await readIdx(bytes, "a");
          expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
        } catch (error) {
          expect(error).toBeInstanceOf(DataFileError);
          refused++;
        }
      }),
      { numRuns: 1000, seed: 1 },
    );
    expect(refused).toBeGreaterThan(500);
  });
});
