import { cat, noGrad, stack, zeros } from "@gradus/tensor-core";
import type { Tensor } from "@gradus/tensor-core";
import { OptimizerBase } from "./optimizer-base.js";
import type { ParamsOf } from "./optimizer-base.js";
import { strongWolfe } from "./strong-wolfe.js";

export interface LbfgsOptions {
  /** Length of steps, as a share of the direction. */
  lr: number;
  /** Iterations in one call of `step`. */
  maxIter: number;
  /** Evaluations of the closure in one call of `step`; null for five quarters of `maxIter`. */
  maxEval: number | null;
  /** Stop where no element of the gradient is larger. */
  toleranceGrad: number;
  /** Stop where neither the loss nor any parameter changes by more. */
  toleranceChange: number;
  /** How many earlier steps the estimate of the curvature is made of. */
  historySize: number;
  /** How the length of a step is found: fixed, or by a search that satisfies the strong Wolfe conditions. */
  lineSearchFn: "strong_wolfe" | null;
}

/** What goes on from one call of `step` to the next, under PyTorch's names. */
interface Memory {
  funcEvals: number;
  nIter: number;
  /** The last direction. */
  d: Tensor;
  /** The share of it that was taken. */
  t: number;
  /** Differences of gradients and of parameters, the oldest first, and one over their products. */
  oldDirs: Tensor[];
  oldStps: Tensor[];
  ro: number[];
  /** The curvature that is assumed before the first difference. */
  H_diag: number;
  prevFlatGrad: Tensor;
  prevLoss: number;
}

type Closure = () => Tensor | Promise<Tensor>;

/**
 * L-BFGS: a quasi-Newton method for losses that are computed over all data at once. It evaluates the closure several times in one
 * step and looks at the values to find its way; therefore `step` returns a promise.
 *
 * There is one group, of tensors on one device. Unlike the other optimizers it holds `2 · historySize` vectors of the length of all
 * parameters.
 *
 * @throws {RangeError} for several groups, or options that cannot be.
 * @see torch.optim.LBFGS; Nocedal and Wright, Numerical optimization (2006), §7.2
 * @example
 * const w = new Parameter(tensor([3, -2]));
 * const optimizer = new LBFGS([w]);
 * const loss = await optimizer.step(() => {
 *   optimizer.zeroGrad();
 *   const value = w.sub(tensor([1, 1])).square().sum();
 *   value.backward();
 *   return value;
 * });
 * await loss.item(); // 13
 * await w.toArray(); // [1.0000…, 1.0000…]
 */
export class LBFGS extends OptimizerBase<LbfgsOptions> {
  constructor(params: ParamsOf<LbfgsOptions>, options: Readonly<Partial<LbfgsOptions>> = {}) {
    super(params, { lr: 1, maxIter: 20, maxEval: null, toleranceGrad: 1e-7, toleranceChange: 1e-9, historySize: 100, lineSearchFn: null }, options);
    if (this.paramGroups.length !== 1) throw new RangeError(`LBFGS: expected one group of parameters, got ${this.paramGroups.length}; pass all parameters in one list`);
  }

  protected override validate({ lineSearchFn }: LbfgsOptions): void {
    if (lineSearchFn !== null && (lineSearchFn as string) !== "strong_wolfe") throw new RangeError(`LBFGS: expected lineSearchFn "strong_wolfe" or null, got "${lineSearchFn as string}"`);
  }

  /**
   * Moves the parameters by up to `maxIter` iterations.
   *
   * @param closure - Forgets the gradients, computes the loss, calls its `backward()` and returns it.
   * @returns The loss before the first movement.
   */
  async step(closure: Closure): Promise<Tensor> {
    const { lr, maxIter, maxEval, toleranceGrad, toleranceChange, historySize, lineSearchFn } = this.paramGroups[0]!;
    const mostEvaluations = maxEval ?? Math.floor((maxIter * 5) / 4);
    const params = this.#params;
    const memory = this.#memory(params[0]!);

    const firstLoss = await closure();
    let loss = await firstLoss.item();
    memory.funcEvals++;
    let evaluations = 1;
    let grad = this.#flatGrad();
    let [steepest] = await read(largest(grad));
    if (steepest! <= toleranceGrad) return firstLoss;

    for (let n = 1; ; n++) {
      memory.nIter++;
      await this.#turn(memory, grad, historySize);
      const direction = memory.d;
      memory.prevFlatGrad = grad;
      memory.prevLoss = loss;
      const [slope, norm1] = await read(dot(grad, direction), noGrad(() => grad.abs().sum()));
      memory.t = memory.nIter === 1 ? Math.min(1, 1 / norm1!) * lr : lr;
      if (slope! > -toleranceChange) break;

      let evaluated = 0;
      if (lineSearchFn !== null) {
        const start = params.map((param) => param.detach().clone());
        const evaluate = async (t: number): Promise<{ loss: number; grad: Tensor; slope: number }> => {
          this.#advance(direction, t);
          const at = await closure();
          const gradThere = this.#flatGrad();
          noGrad(() => params.forEach((param, i) => param.copy_(start[i]!)));
          const [value, slopeThere] = await read(at.detach(), dot(gradThere, direction));
          return { loss: value!, grad: gradThere, slope: slopeThere! };
        };
        const [longest] = await read(largest(direction));
        const found = await strongWolfe(evaluate, memory.t, { loss, grad, slope: slope! }, longest!, toleranceChange);
        ({ loss, grad } = found.point);
        memory.t = found.t;
        evaluated = found.evaluations;
        this.#advance(direction, memory.t);
      } else {
        this.#advance(direction, memory.t);
        // After the last iteration nobody would look at the loss.
        if (n !== maxIter) {
          loss = await (await closure()).item();
          grad = this.#flatGrad();
          evaluated = 1;
        }
      }
      evaluations += evaluated;
      memory.funcEvals += evaluated;
      const [longestStep, steepestNow] = await read(largest(direction), largest(grad));
      steepest = steepestNow!;
      if (n === maxIter || evaluations >= mostEvaluations || steepest <= toleranceGrad) break;
      if (longestStep! * Math.abs(memory.t) <= toleranceChange || Math.abs(loss - memory.prevLoss) < toleranceChange) break;
    }
    return firstLoss;
  }

  /** Finds the next direction: minus the gradient, times the inverse curvature that earlier steps suggest. */
  async #turn(memory: Memory, grad: Tensor, historySize: number): Promise<void> {
    if (memory.nIter === 1) {
      memory.d = noGrad(() => grad.neg());
      return;
    }
    const [change, step] = noGrad(() => [grad.sub(memory.prevFlatGrad), memory.d.mul(memory.t)] as const);
    const [product, square] = await read(dot(change, step), dot(change, change));
    const { oldDirs, oldStps, ro } = memory;
    if (product! > 1e-10) {
      if (oldDirs.length === historySize) for (const list of [oldDirs, oldStps, ro]) list.shift();
      oldDirs.push(change);
      oldStps.push(step);
      ro.push(1 / product!);
      memory.H_diag = product! / square!;
    }
    // The two loops; the factors stay on the device.
    memory.d = noGrad(() => {
      const factors: Tensor[] = [];
      let q = grad.neg();
      for (let i = oldDirs.length - 1; i >= 0; i--) {
        factors[i] = dot(oldStps[i]!, q).mul(ro[i]!);
        q = q.sub(oldDirs[i]!.mul(factors[i]!));
      }
      let r = q.mul(memory.H_diag);
      for (let i = 0; i < oldDirs.length; i++) r = r.add(oldStps[i]!.mul(factors[i]!.sub(dot(oldDirs[i]!, r).mul(ro[i]!))));
      return r;
    });
  }

  get #params(): readonly Tensor[] {
    return this.paramGroups[0]!.params as unknown as readonly Tensor[];
  }

  /** It belongs to all parameters; as in PyTorch it is the state of the first. */
  #memory(first: Tensor): Memory {
    let memory = this.state.get(first) as Memory | undefined;
    if (memory === undefined) {
      const nothing = zeros([0], { dtype: first.dtype, device: first.device });
      memory = { funcEvals: 0, nIter: 0, d: nothing, t: 0, oldDirs: [], oldStps: [], ro: [], H_diag: 1, prevFlatGrad: nothing, prevLoss: 0 };
      this.state.set(first, memory as unknown as Record<string, unknown>);
    }
    return memory;
  }

  /** All gradients as one vector. */
  #flatGrad(): Tensor {
    return noGrad(() => cat(this.#params.map((param) => (param.grad === null ? param.newZeros([param.numel()]) : param.grad.detach().reshape(-1))), 0));
  }

  /** Moves the parameters by a share of a direction. */
  #advance(direction: Tensor, share: number): void {
    noGrad(() => {
      let offset = 0;
      for (const param of this.#params) {
        const size = param.numel();
        param.add_(direction.narrow(0, offset, size).reshape(param.shape), { alpha: share });
        offset += size;
      }
    });
  }
}

const dot = (a: Tensor, b: Tensor): Tensor => noGrad(() => a.mul(b).sum());
const largest = (x: Tensor): Tensor => noGrad(() => x.abs().max());

/** Several values in one read. */
const read = async (...values: readonly Tensor[]): Promise<number[]> => Array.from((await noGrad(() => stack(values.map((value) => value.reshape([])), 0)).read()) as ArrayLike<number>);
