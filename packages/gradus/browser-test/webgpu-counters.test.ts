import { webgpu } from "@gradus/backend-webgpu";
import type { WebGpuBackend } from "@gradus/backend-webgpu";
import { LeNet, MLP } from "@gradus/models";
import { cpu, functional as F, manualSeed, openScope, randint, randn, reclaim, setDefaultDevice, SGD, Tensor } from "gradus";
import { afterAll, beforeAll, expect, it } from "vitest";

let device: WebGpuBackend;
beforeAll(async () => {
  device = await webgpu();
  setDefaultDevice(device);
  manualSeed(0);
});
afterAll(async () => {
  await reclaim(device);
  setDefaultDevice(cpu());
  device.dispose();
});

/** What a run adds to the counters of the device once it has come around; it ends with the read of its number, or a wait. */
async function counted(run: () => unknown): Promise<Record<string, number>> {
  const once = async (): Promise<void> => {
    const scope = openScope();
    const result = scope.run(run);
    await (result instanceof Tensor ? result.item() : device.sync());
    scope.close();
  };
  for (let i = 0; i < 3; i++) await once();
  const before = device.stats();
  await once();
  const { dispatches, submits, readBytes, buffersCreated, pipelines } = device.stats();
  return {
    dispatches: dispatches - before.dispatches,
    submits: submits - before.submits,
    readBytes: readBytes - before.readBytes,
    buffersCreated: buffersCreated - before.buffersCreated,
    pipelines: pipelines - before.pipelines,
  };
}

const training = (net: { call(x: Tensor): Tensor; parameters(): Iterable<Tensor> }, ...shape: number[]): (() => Tensor) => {
  const optimizer = new SGD(net.parameters(), { lr: 0.01 });
  const [x, y] = [randn(shape), randint(0, 10, [shape[0]!])];
  return () => {
    optimizer.zeroGrad();
    const loss = F.crossEntropy(net.call(x), y);
    loss.backward();
    optimizer.step();
    return loss;
  };
};

const nothingNew = { buffersCreated: 0, pipelines: 0 };

it("a product is one dispatch and one submit, and reads nothing", async () => {
  for (const n of [96, 128]) {
    const [a, b] = [randn([n, n]), randn([n, n])];
    expect(await counted(() => void a.matmul(b))).toEqual({ dispatches: 1, submits: 1, readBytes: 0, ...nothingNew });
  }
});

// Forward and backward of each layer are a few programs, and the optimizer moves each parameter with one.
it.each([
  ["an MLP", () => training(new MLP([784, 32, 10]), 16, 784), 24],
  ["LeNet", () => training(new LeNet(), 4, 1, 28, 28), 60],
] as const)("a step of %s is one submit, reads its loss alone, and takes few dispatches", async (_, make, most) => {
  const { dispatches, ...others } = await counted(make());
  expect(others).toEqual({ submits: 1, readBytes: 4, ...nothingNew });
  expect(dispatches).toBeLessThanOrEqual(most);
});
