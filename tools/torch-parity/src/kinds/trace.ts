import type { Module } from "@gradus/nn";
import { utils } from "@gradus/nn";
import { crossEntropy, eye, manualSeed, mseLoss } from "@gradus/tensor-core";
import type { Tensor } from "@gradus/tensor-core";
import type { Workbench } from "../check.js";
import { makeTensor, readTensor, valuesOf } from "../host-values.js";
import { Disagreement } from "../outcome.js";
import type { Json } from "../python.js";
import { numberOf } from "../python.js";
import type { TraceRecord } from "../records.js";
import { traceModels } from "../trace-models.js";
import { MissingError } from "../call.js";
import { makeOptimizer } from "./optim.js";
import { makeSchedulers } from "./scheduler.js";

/** The losses that the traces name. */
const losses: Readonly<Record<string, (output: Tensor, target: Tensor) => Tensor>> = {
  "cross_entropy(model(x), y), mean": (output, target) => crossEntropy(output, target),
  "mse_loss(model(x), one_hot(y, 4)), mean": (output, target) => mseLoss(output, eye(4, 4, { dtype: output.dtype, device: output.device }).indexSelect(0, target)),
  "cross_entropy(model(x).reshape(-1, classes), y.reshape(-1)), mean": (output, target) => crossEntropy(output.reshape(-1, output.shape.at(-1) as number), target.reshape(-1)),
};

/**
 * A hundred steps of training from the same start: the loss, the gradients' norm and the learning rate of each, and the parameters at
 * the end. They may drift twenty times as far as PyTorch's own float32 does from its float64.
 */
export async function checkTrace(bench: Workbench, record: TraceRecord): Promise<void> {
  const make = traceModels[record.model];
  const lossOf = losses[record.loss];
  if (make === undefined || lossOf === undefined) throw new MissingError(`no model ${record.model} with loss ${record.loss}`);
  const { device } = bench;
  const drift = Math.max(1e-4, 20 * record.max_rel_drift_float32);
  const model = bench.run((): Module => {
    manualSeed(0);
    const made = make(record.model_kwargs as Readonly<Record<string, number | boolean>>);
    made.loadStateDict(Object.fromEntries(record.init.map(([name, value]) => {
      const source = "tied_to" in value ? record.init.find(([other]) => other === value.tied_to)?.[1] : value;
      if (source === undefined || "tied_to" in source) throw new Error(`expected "${name}" to be tied to a tensor`);
      return [name, makeTensor(source, device, { grad: false })];
    })));
    return made;
  });
  // Traces write Python floats as plain numbers.
  const optimizer = bench.run(() => makeOptimizer(bench, record.optimizer.cls, model.parameters(), record.optimizer.kwargs));
  const schedulers = record.scheduler === null ? [] : makeSchedulers(bench, optimizer, [record.scheduler]);
  const batches = bench.run(() => record.batches.map(([x, y]) => [makeTensor(x, device, { grad: false }), makeTensor(y, device, { grad: false })] as const));

  for (let t = 0; t < record.steps; t++) {
    const [x, y] = batches[t % batches.length] as readonly [Tensor, Tensor];
    expectNear(`learning rate of step ${String(t)}`, (optimizer.paramGroups[0] as unknown as { lr: number }).lr, record.lr[t] as number, 1e-9);
    const { loss, norm } = bench.run(() => {
      optimizer.zeroGrad();
      const value = lossOf((model.call as (x: Tensor) => Tensor)(x), y);
      value.backward();
      const total = utils.clipGradNorm_(model.parameters(), record.clip_grad_norm ?? Infinity);
      optimizer.step();
      return { loss: value.detach(), norm: total };
    });
    for (const scheduler of schedulers) (scheduler as { step(): void }).step();
    expectNear(`loss of step ${String(t)}`, await loss.item(), record.loss_float64[t] as number, drift);
    expectNear(`norm of the gradients of step ${String(t)}`, await norm.item(), record.grad_norm_float64[t] as number, 5 * drift);
  }

  const state = model.stateDict();
  for (const [name, want] of record.final_float64) {
    const got = Array.from((await readTensor(state[name] as Tensor)).values as ArrayLike<number>, Number);
    if ("sum" in want) {
      expectNear(`sum of ${name} at the end`, got.reduce((a, b) => a + b, 0), want.sum, drift, Math.sqrt(got.length));
      continue;
    }
    const values = Array.from(valuesOf(want), Number);
    const largest = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const within = drift * largest + 20 * record.final_float32_maxdiff;
    values.forEach((value, i) => {
      if (!(Math.abs((got[i] as number) - value) <= within)) throw new Disagreement(`${name} at the end: expected ${String(value)}, got ${String(got[i])} at element ${String(i)}`);
    });
  }
}

function expectNear(label: string, got: number, want: Json, relative: number, least = 1e-2): void {
  const value = numberOf(want);
  if (!(Math.abs(got - value) <= relative * Math.max(least, Math.abs(value)))) throw new Disagreement(`${label}: expected ${String(value)}, got ${String(got)}`);
}
