import { cpu } from "@gradus/backend-cpu";
import { webgpu } from "@gradus/backend-webgpu";
import { GRU, LSTM, RNN, utils } from "@gradus/nn";
import type { LstmOptions } from "@gradus/nn";
import { gradcheck, manualSeed, randn, setDefaultDevice, tensor } from "@gradus/tensor-core";
import type { Tensor } from "@gradus/tensor-core";
import fc from "fast-check";
import { describe, expect, inject, test } from "vitest";
import { readFileSync } from "node:fs";

setDefaultDevice(cpu());

const { packPaddedSequence, packSequence, PackedSequence, padPackedSequence, padSequence, unpackSequence, unpadSequence } = utils.rnn;
const numbers = (x: Tensor): number[] => x.flatten().toArraySync() as number[];
const close = (values: readonly number[]): number[] => values.map((value) => expect.closeTo(value, 4) as number);

interface Expected {
  readonly packed: readonly number[];
  readonly batchSizes: readonly number[];
  readonly sortedIndices: readonly number[];
  readonly output: readonly number[];
  readonly last: readonly (readonly number[])[];
  readonly grad: readonly number[];
  readonly weightGrad: readonly number[];
}
/** What PyTorch makes of the same; fixtures/make_packed.py asked it. */
const torch = JSON.parse(readFileSync(new URL("fixtures/packed.json", import.meta.url), "utf8")) as Readonly<Record<string, Expected>>;
const lengths = [3, 5, 1, 5];

describe("recurrent layers read packed sequences as in PyTorch", () => {
  const cases: readonly ["RNN" | "GRU" | "LSTM", LstmOptions][] = [["RNN", {}], ["GRU", { bidirectional: true }], ["LSTM", { numLayers: 2, bidirectional: true, batchFirst: true }], ["LSTM", { projSize: 1 }]];
  const written = ["{}", '{"bidirectional": true}', '{"num_layers": 2, "bidirectional": true, "batch_first": true}', '{"proj_size": 1}'];
  test.each(cases.flatMap(([cls, options], i) => [false, true].map((given) => [`${cls} ${written[i]!}${given ? " with states" : ""}`, cls, options, given] as const)))("%s", (name, cls, options, given) => {
    manualSeed(0);
    const { numLayers = 1, bidirectional = false, batchFirst = false, projSize = 3 }: LstmOptions = options;
    const layer = new { RNN, GRU, LSTM }[cls](2, 3, options);
    const x = randn(batchFirst ? [4, 5, 2] : [5, 4, 2]).requiresGrad_();
    const count = numLayers * (bidirectional ? 2 : 1);
    const states = given ? ([randn([count, 4, projSize]), randn([count, 4, 3])] as const) : null;
    const packed = packPaddedSequence(x, lengths, { batchFirst, enforceSorted: false });
    const want = torch[name]!;
    expect([packed.batchSizes, packed.sortedIndices]).toEqual([want.batchSizes, want.sortedIndices]);
    expect(numbers(packed.data)).toEqual(close(want.packed));

    const [output, last] = layer instanceof LSTM ? layer.call(packed, states) : layer.call(packed, states?.[0] ?? null);
    expect(output).toBeInstanceOf(PackedSequence);
    const [padded, found] = padPackedSequence(output, { batchFirst });
    expect(found).toEqual(lengths);
    expect(numbers(padded)).toEqual(close(want.output));
    const lasts = Array.isArray(last) ? last : [last];
    expect(lasts.map(numbers)).toEqual(want.last.map(close));
    [padded, ...lasts].map((part) => part.square().sum()).reduce((sum, part) => sum.add(part)).backward();
    expect(numbers(x.grad!)).toEqual(close(want.grad));
    expect(numbers(layer.getParameter("weight_hh_l0").grad!)).toEqual(close(want.weightGrad));
  });

  test("sequences of one length give what they give unpacked", () => {
    const lstm = new LSTM(2, 3, { bidirectional: true });
    const x = randn([4, 3, 2]);
    const [packed, [hPacked]] = lstm.call(packPaddedSequence(x, [4, 4, 4]));
    const [plain, [h]] = lstm.call(x);
    expect(numbers(padPackedSequence(packed)[0])).toEqual(numbers(plain));
    expect(numbers(hPacked)).toEqual(numbers(h));
  });
});

test.skipIf(!inject("webgpu"))("WebGPU reads packed sequences as the CPU does", { timeout: 60_000 }, async () => {
  const gpu = await webgpu();
  manualSeed(0);
  const [here, x] = [new LSTM(2, 3, { bidirectional: true }), randn([5, 4, 2])];
  const there = here.clone().to(gpu);
  const results = async (lstm: LSTM, input: Tensor): Promise<number[][]> => {
    const [output, [h, c]] = lstm.call(packPaddedSequence(input, lengths, { enforceSorted: false }));
    output.data.square().sum().backward();
    return Promise.all([output.data, h, c, lstm.getParameter("weight_hh_l0").grad!].map(async (tensor) => Array.from((await tensor.read()) as Float32Array)));
  };
  const want = await results(here, x);
  expect(await results(there, x.to(gpu))).toEqual(want.map(close));
  gpu.dispose();
});

describe("packing", () => {
  const batches = fc.record({ lengths: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 }), size: fc.integer({ min: 0, max: 3 }) });

  test("and unpacking give back every sequence", () => {
    fc.assert(
      fc.property(batches, ({ lengths: own, size }) => {
        const sequences = own.map((length) => randn([length, size]));
        const packed = packSequence(sequences, { enforceSorted: false });
        expect(packed.lengths).toEqual(own);
        expect(unpackSequence(packed).map((x) => x.toArraySync())).toEqual(sequences.map((x) => x.toArraySync()));
      }),
      { numRuns: 50 },
    );
  });

  test("passes gradients to what was packed", async () => {
    const x = randn([3, 2, 2], { dtype: "float64", requiresGrad: true });
    const through = (input: Tensor): Tensor => padPackedSequence(packPaddedSequence(input, [2, 3], { enforceSorted: false }), { totalLength: 4, paddingValue: 7 })[0].square().sum();
    await gradcheck(through, [x]);
  });

  test("takes lengths as a tensor, and pads on both sides", () => {
    expect(packPaddedSequence(tensor([[1, 2], [3, 4]]), tensor([2, 1], { dtype: "int64" })).batchSizes).toEqual([2, 1]);
    expect(padSequence([tensor([1, 2]), tensor([3])], { paddingValue: -1, paddingSide: "left" }).toArraySync()).toEqual([[1, -1], [2, 3]]);
    expect(unpadSequence(tensor([[1, 3], [2, 0]]), [2, 1]).map((x) => x.toArraySync())).toEqual([[1, 2], [3]]);
  });

  test.each([
    ["lengths of another number", () => packPaddedSequence(randn([3, 2]), [3]), "packPaddedSequence: expected a length for each of 2 sequences, got 1"],
    ["an empty sequence", () => packPaddedSequence(randn([3, 2]), [3, 0]), "packPaddedSequence: expected lengths from 1 to 3, got [3, 0]"],
    ["lengths that rise", () => packPaddedSequence(randn([3, 2]), [1, 3]), "packPaddedSequence: expected lengths sorted in descending order, got [1, 3]; sort them, or pass enforceSorted: false"],
    ["no sequence", () => padSequence([]), "padSequence: expected sequences with at least one dimension, got none or a tensor without"],
    ["a total that is too short", () => padPackedSequence(packSequence([randn([3])]), { totalLength: 2 }), "padPackedSequence: expected a totalLength of at least the longest sequence's 3, got 2"],
    ["data that do not fit", () => new PackedSequence(randn([3]), [2, 2]), "PackedSequence: expected a row of data for each step, got batch sizes for 4 and data of shape [3]"],
  ])("refuses %s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});
