import { cpu } from "@gradus/backend-cpu";
import { ArgumentError, arange, Generator, manualSeed, setDefaultDevice, ShapeError, type Tensor, tensor } from "@gradus/tensor-core";
import { beforeAll, describe, expect, it } from "vitest";
import { transforms } from "../src/index.js";

beforeAll(() => {
  setDefaultDevice(cpu());
});

const image = (height: number, width: number): Tensor => arange(height * width, { dtype: "float32" }).reshape([1, height, width]);
const rows = (x: Tensor): unknown => (x.toArraySync() as unknown[][])[0];

describe("transforms", () => {
  it("make tensors of pixels, channel by channel", async () => {
    const x = transforms.toTensor()({ data: Uint8ClampedArray.of(255, 0, 51, 0, 255, 102), width: 2, height: 1 });
    expect([x.shape, await x.toArray()]).toEqual([[3, 1, 2], [[[1, 0]], [[0, 1]], [[0.20000000298023224, 0.4000000059604645]]]]);
    expect(() => transforms.toTensor()({ data: new Uint8Array(5), width: 2, height: 1 })).toThrow(ShapeError);
  });

  it("normalise each channel", async () => {
    const x = tensor([[[1, 3]], [[2, 4]]]);
    expect(await transforms.normalize([1, 2], [2, 4])(x).toArray()).toEqual([[[0, 1]], [[0, 0.5]]]);
    expect(() => transforms.normalize([1], [0])).toThrow(ArgumentError);
    expect(() => transforms.normalize([1, 2, 3], [1, 1, 1])(x)).toThrow(ShapeError);
  });

  it("crop the middle, and pad what is too small", () => {
    expect(rows(transforms.centerCrop(2)(image(4, 4)))).toEqual([[5, 6], [9, 10]]);
    expect(rows(transforms.centerCrop([1, 4])(image(1, 2)))).toEqual([[0, 0, 1, 0]]);
    // round(1.5) is 2 and round(0.5) is 0, as in Python.
    expect(rows(transforms.centerCrop([1, 1])(image(4, 2)))).toEqual([[4]]);
  });

  it("pad on all sides", () => {
    expect(rows(transforms.pad([1, 0, 2, 1], { fill: 9 })(image(1, 2)))).toEqual([[9, 0, 1, 9, 9], [9, 9, 9, 9, 9]]);
    expect(rows(transforms.pad([1, 0], { paddingMode: "edge" })(image(1, 2)))).toEqual([[0, 0, 1, 1]]);
    expect(rows(transforms.pad([1, 0], { paddingMode: "reflect" })(image(1, 3)))).toEqual([[1, 0, 1, 2, 1]]);
    expect(() => transforms.pad([1, 2, 3])).toThrow(ArgumentError);
  });

  it("resize, also by the shorter side", () => {
    expect(rows(transforms.resize([2, 2], { interpolation: "nearest" })(image(4, 4)))).toEqual([[0, 2], [8, 10]]);
    expect(rows(transforms.resize([2, 2])(image(4, 4)))).toEqual([[3.5714287757873535, 5.142857551574707], [9.85714340209961, 11.428571701049805]].map((row) => row.map((value) => expect.closeTo(value, 4) as number)));
    expect(transforms.resize(2)(image(4, 9)).shape).toEqual([1, 2, 4]);
    expect(transforms.resize(3)(image(5, 4)).shape).toEqual([1, 3, 3]);
  });

  it("flip at random, as often as asked", () => {
    expect(rows(transforms.randomHorizontalFlip(1)(image(2, 2)))).toEqual([[1, 0], [3, 2]]);
    expect(rows(transforms.randomVerticalFlip(1)(image(2, 2)))).toEqual([[2, 3], [0, 1]]);
    expect(rows(transforms.randomVerticalFlip(0)(image(2, 2)))).toEqual([[0, 1], [2, 3]]);
    expect(() => transforms.randomVerticalFlip(2)).toThrow(ArgumentError);
    // torch.manual_seed(0); [bool(torch.rand(1) < 0.5) for _ in range(6)]
    manualSeed(0);
    const flipped = Array.from({ length: 6 }, () => (rows(transforms.randomHorizontalFlip()(image(1, 2))) as number[][])[0]![0] === 1);
    expect(flipped).toEqual([true, false, true, true, true, false]);
  });

  it("crop at random where torchvision does", () => {
    // torch.manual_seed(0); [(torch.randint(0, 3, (1,)).item(), torch.randint(0, 4, (1,)).item()) for _ in range(3)]
    manualSeed(0);
    const crop = transforms.randomCrop([2, 3]);
    const corners = Array.from({ length: 3 }, () => {
      const corner = (rows(crop(image(4, 6))) as number[][])[0]![0]!;
      return [Math.floor(corner / 6), corner % 6];
    });
    expect(corners).toEqual([[2, 3], [2, 0], [1, 3]]);
    expect(transforms.randomCrop(4, { padding: 1 })(image(4, 4)).shape).toEqual([1, 4, 4]);
    expect(() => crop(image(1, 6))).toThrow(ShapeError);
    expect(transforms.randomResizedCrop(5, { generator: new Generator(1) })(image(9, 7)).shape).toEqual([1, 5, 5]);
    expect(transforms.randomResizedCrop([2, 2], { ratio: [2, 2.1], scale: [5, 6] })(image(9, 2)).shape).toEqual([1, 2, 2]);
  });

  it("follow one another", () => {
    const prepare = transforms.compose([transforms.centerCrop(2), transforms.randomHorizontalFlip(1)]);
    expect(rows(prepare(image(4, 4)))).toEqual([[6, 5], [10, 9]]);
  });
});
