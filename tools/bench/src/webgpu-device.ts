import type { Cooperation, WebGpuBackend } from "@gradus/backend-webgpu/node";
import { webgpu } from "@gradus/backend-webgpu/node";
import { GPT, LeNet, MLP } from "@gradus/models";
import { functional as F } from "@gradus/nn";
import { Adam } from "@gradus/optim";
import type { DType, Tensor } from "@gradus/tensor-core";
import { layerNorm, manualSeed, openScope, randint, randn, setDefaultDevice, softmax } from "@gradus/tensor-core";
import { measurePeaks } from "./webgpu-peaks.js";

export interface DeviceOptions {
  /** Sides of the matrices that are multiplied. */
  readonly sizes: readonly number[] | null;
  /** Time for each row. */
  readonly seconds: number;
  readonly cooperation: Cooperation | null;
}

interface Row {
  readonly name: string;
  readonly milliseconds: number;
  /** Work of one call: what it computes or moves. */
  readonly work?: { readonly amount: number; readonly kind: "flop" | "byte" };
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;

/** Milliseconds of one call on the device: calls in a row, and one wait. */
async function time(device: WebGpuBackend, seconds: number, call: () => unknown): Promise<number> {
  const round = async (calls: number): Promise<number> => {
    const begin = performance.now();
    for (let i = 0; i < calls; i++) {
      const scope = openScope();
      scope.run(call);
      scope.close();
    }
    await device.sync();
    return (performance.now() - begin) / calls;
  };
  // Compiles, and fills the pools.
  await round(2);
  const once = await round(1);
  const calls = Math.max(1, Math.min(200, Math.round((seconds * 200) / once)));
  const rounds: number[] = [];
  for (let i = 0; i < 5; i++) rounds.push(await round(calls));
  return median(rounds);
}

function classifier(net: { call(x: Tensor): Tensor; parameters(): Tensor[] }, x: Tensor, classes: number): () => void {
  const optimizer = new Adam(net.parameters(), { lr: 1e-3 });
  const target = randint(0, classes, [x.shape[0] ?? 1]);
  return () => {
    optimizer.zeroGrad();
    F.crossEntropy(net.call(x), target).backward();
    optimizer.step();
  };
}

function languageModel(vocabularySize: number, contextLength: number, batch: number): () => void {
  const gpt = new GPT({ vocabularySize, contextLength, dModel: 128, heads: 4, layers: 4 });
  const optimizer = new Adam(gpt.parameters(), { lr: 1e-3 });
  const [words, targets] = [randint(0, vocabularySize, [batch, contextLength]), randint(0, vocabularySize, [batch * contextLength])];
  return () => {
    optimizer.zeroGrad();
    F.crossEntropy(gpt.call(words).reshape(batch * contextLength, vocabularySize), targets).backward();
    optimizer.step();
  };
}

async function measure(device: WebGpuBackend, sizes: readonly number[], seconds: number, small: boolean): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const add = async (name: string, call: () => unknown, work?: Row["work"]): Promise<void> => {
    const row = { name, milliseconds: await time(device, seconds, call), ...(work === undefined ? {} : { work }) };
    rows.push(row);
    console.error(`${name}: ${row.milliseconds.toPrecision(3)} ms`);
  };
  manualSeed(0);
  for (const dtype of ["float32", "float16"] as const satisfies readonly DType[]) {
    for (const n of sizes) {
      const [a, b] = [randn([n, n]).to(dtype), randn([n, n]).to(dtype)];
      await add(`matmul ${n}, ${dtype}`, () => a.matmul(b), { amount: 2 * n ** 3, kind: "flop" });
      a.dispose();
      b.dispose();
    }
  }
  const [length, width] = [small ? 2 ** 18 : 2 ** 25, 1024];
  const [x, y] = [randn([length / width, width]), randn([length / width, width])];
  await add(`add, ${length} elements`, () => x.add(y), { amount: 12 * length, kind: "byte" });
  await add(`sum, ${length} elements`, () => x.sum(), { amount: 4 * length, kind: "byte" });
  await add(`softmax, rows of ${width}`, () => softmax(x, 1), { amount: 8 * length, kind: "byte" });
  await add(`layerNorm, rows of ${width}`, () => layerNorm(x, [width]), { amount: 8 * length, kind: "byte" });
  x.dispose();
  y.dispose();
  const images = small ? 8 : 64;
  await add(`step of an MLP 784-256-10, batch ${2 * images}`, classifier(new MLP([784, 256, 10]), randn([2 * images, 784]), 10));
  await add(`step of LeNet, batch ${images}`, classifier(new LeNet(), randn([images, 1, 28, 28]), 10));
  const [context, batch] = small ? [16, 1] : [128, 8];
  await add(`step of a GPT (4 layers of 128), ${batch} × ${context} tokens`, languageModel(96, context, batch));
  return rows;
}

/**
 * Measures the WebGPU device by itself: products as a share of what multiply-adds in registers reach, what is bound by memory as a share of
 * what a copy reaches, and training steps. Gives the table.
 */
export async function measureDevice({ sizes, seconds, cooperation }: DeviceOptions): Promise<string> {
  const device = await webgpu(cooperation === null ? {} : { cooperation });
  setDefaultDevice(device);
  const { vendor = "", architecture = "", description = "", isFallbackAdapter = false } = (device.device as { readonly adapterInfo?: GPUAdapterInfo }).adapterInfo ?? {};
  const name = description === "" ? `${vendor} ${architecture}`.trim() : description;
  const peaks = await measurePeaks(device.device, isFallbackAdapter);
  const rows = await measure(device, sizes ?? (isFallbackAdapter ? [128, 256] : [1024, 2048, 4096]), seconds, isFallbackAdapter);
  const rate = ({ milliseconds, work }: Row): readonly [rate: string, share: string] => {
    if (work === undefined) return ["", ""];
    const perSecond = (1000 * work.amount) / milliseconds;
    const [unit, scale, peak] = work.kind === "flop" ? ["TFLOP/s", 1e12, peaks.flops] as const : ["GB/s", 1e9, peaks.bytes] as const;
    return [`${(perSecond / scale).toPrecision(3)} ${unit}`, `${(100 * perSecond / peak).toFixed(0)} %`];
  };
  device.dispose();
  return [
    `WebGPU on ${name}, Node ${process.version.slice(1)}. Multiply-adds in registers reach ${(peaks.flops / 1e12).toPrecision(3)} TFLOP/s here, a copy ${(peaks.bytes / 1e9).toPrecision(3)} GB/s; shares are of these.`,
    "float16 is kept and computed in 32 bits.",
    "",
    "| | time | rate | share |",
    "|---|---|---|---|",
    ...rows.map((row) => `| ${row.name} | ${row.milliseconds.toPrecision(3)} ms | ${rate(row).join(" | ")} |`),
    "",
  ].join("\n");
}
