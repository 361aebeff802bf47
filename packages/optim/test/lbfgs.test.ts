import { cpu } from "@gradus/backend-cpu";
import { Parameter } from "@gradus/nn";
import type { LbfgsOptions } from "@gradus/optim";
import { LBFGS } from "@gradus/optim";
import type { Tensor } from "@gradus/tensor-core";
import { setDefaultDevice, tensor } from "@gradus/tensor-core";
import { describe, expect, test } from "vitest";

setDefaultDevice(cpu());

const float64 = (values: number[]): Tensor => new Parameter(tensor(values, { dtype: "float64" }));

/** Rosenbrock's valley: Σ (1 − xᵢ)² + 100 (xᵢ₊₁ − xᵢ²)². */
function valley(x: Tensor): Tensor {
  const [here, next] = [x.slice(0, 0, -1), x.slice(0, 1)];
  return here.neg().add(1).square().add(next.sub(here.square()).square().mul(100)).sum();
}

/** Steps down the valley: losses, how often it was looked at, and where it ends. */
async function descend(options: Partial<LbfgsOptions>, steps: number, save = false): Promise<{ losses: number[]; calls: number[]; x: number[] }> {
  const x = float64([-1.2, 1]);
  let optimizer = new LBFGS([x], options);
  const [losses, calls]: [number[], number[]] = [[], []];
  for (let step = 0; step < steps; step++) {
    if (save) {
      const state = optimizer.stateDict();
      optimizer = new LBFGS([x], options);
      optimizer.loadStateDict(state);
    }
    calls.push(0);
    const loss = await optimizer.step(() => {
      calls[step]!++;
      optimizer.zeroGrad();
      const value = valley(x);
      value.backward();
      return value;
    });
    losses.push(await loss.item());
  }
  return { losses, calls, x: await x.toArray() as number[] };
}

// From PyTorch, in float64:
//   x = torch.tensor([-1.2, 1.], requires_grad=True); o = torch.optim.LBFGS([x], **options); [o.step(closure) for _ in range(3)]
describe("goes where PyTorch's goes", () => {
  test("with the line search", async () => {
    const { losses, calls, x } = await descend({ lineSearchFn: "strong_wolfe", maxIter: 8 }, 3);
    expect(losses).toEqual([24.199999999999996, 3.758911717937623, 1.135096423342258].map((loss) => expect.closeTo(loss, 9) as number));
    expect(calls).toEqual([10, 10, 10]);
    expect(x).toEqual([0.6803460312867482, 0.4612058001879322].map((value) => expect.closeTo(value, 9) as number));
  });

  test("with fixed steps", async () => {
    const { losses, calls } = await descend({ lr: 0.1, maxIter: 6, historySize: 3 }, 3);
    expect(losses).toEqual([24.199999999999996, 6.577326790378663, 4.864917435437653].map((loss) => expect.closeTo(loss, 9) as number));
    expect(calls).toEqual([6, 6, 6]);
  });
});

test("a state that is saved between steps changes nothing", async () => {
  for (const options of [{ lineSearchFn: "strong_wolfe", maxIter: 3 } as const, { lr: 0.1, maxIter: 4, historySize: 2 }]) {
    expect(await descend(options, 4, true)).toEqual(await descend(options, 4));
  }
});

test("several parameters move as one vector, and those without a gradient stay", async () => {
  const [a, b, idle] = [float64([3]), float64([-2, 5]), float64([7])];
  const optimizer = new LBFGS([a, idle, b]);
  await optimizer.step(async () => {
    optimizer.zeroGrad();
    const loss = a.sub(1).square().sum().add(b.sub(tensor([2, 3])).square().sum());
    loss.backward();
    return Promise.resolve(loss);
  });
  expect([...await a.toArray() as number[], ...await b.toArray() as number[]]).toEqual([1, 2, 3].map((value) => expect.closeTo(value, 6) as number));
  expect(await idle.toArray()).toEqual([7]);
});

test("at the lowest point it looks once and stays", async () => {
  const x = float64([1, 1]);
  const optimizer = new LBFGS([x]);
  let calls = 0;
  await optimizer.step(() => {
    calls++;
    optimizer.zeroGrad();
    const loss = valley(x);
    loss.backward();
    return loss;
  });
  expect([calls, await x.toArray()]).toEqual([1, [1, 1]]);
});

test.each<[string, () => unknown]>([
  ["LBFGS: expected one group of parameters, got 2; pass all parameters in one list", () => new LBFGS([{ params: [float64([1])] }, { params: [float64([1])] }])],
  ['LBFGS: expected lineSearchFn "strong_wolfe" or null, got "wolfe"', () => new LBFGS([float64([1])], { lineSearchFn: "wolfe" as "strong_wolfe" })],
  ["LBFGS: expected lr of at least 0, got -1", () => new LBFGS([float64([1])], { lr: -1 })],
])("%s", (message, act) => {
  expect(act).toThrow(message);
});
