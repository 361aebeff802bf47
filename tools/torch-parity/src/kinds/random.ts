import { manualSeed, zeros } from "@gradus/tensor-core";
import { translate } from "../call.js";
import type { Workbench } from "../check.js";
import { expectReturned, expectTensor } from "../check.js";
import type { RandomRecord, RandomStep, RawRandomRecord } from "../records.js";
import { materialise } from "./op.js";

/** Draws from PyTorch's generator: bit for bit, except where PyTorch's own kernels differ from each other. */
export async function checkRandom(bench: Workbench, { seed, steps, isa_maxdiff: apart }: RandomRecord): Promise<void> {
  bench.run(() => manualSeed(BigInt(seed)));
  for (const [i, step] of steps.entries()) {
    const result = await bench.runAwaitingReads(() => draw(bench, step));
    await expectReturned(bench, steps.length === 1 ? "result" : `step ${String(i)}`, result, step, () => ({ exactWithin: 2 * (apart ?? 0) }));
  }
}

function draw(bench: Workbench, { call }: RandomStep): unknown {
  const { fn, inplace, init, on, tensors = [], args = [], kwargs = {} } = call;
  const inputs = materialise(bench, { tensors, args, kwargs }, { grad: false });
  const name = fn ?? (init === undefined ? `torch.Tensor.${inplace ?? ""}` : `torch.nn.init.${init}`);
  const target = on === undefined ? [] : [zeros(on.zeros, { dtype: on.dtype, device: bench.device })];
  return translate(bench.device, name, [...target, ...inputs.args], inputs.kwargs).run();
}

/** The generator's own numbers, through `random_`. */
export async function checkRawRandom(bench: Workbench, { seed, values }: RawRandomRecord): Promise<void> {
  bench.run(() => manualSeed(BigInt(seed)));
  const result = bench.run(() => translate(bench.device, "torch.Tensor.random_", [zeros(values.shape, { dtype: values.dtype, device: bench.device })], {}).run());
  await expectTensor(bench, "result", result, values);
}
