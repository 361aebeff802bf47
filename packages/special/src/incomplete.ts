import type { Operand, Tensor } from "@gradus/tensor-core";
import { ArgumentError, Tensor as TensorClass } from "@gradus/tensor-core";
import { lgamma } from "./gamma.js";
import { hostFunction } from "./host.js";
import * as host from "./host-math.js";

/** Zeta and incomplete gamma functions, which are computed on the host. */

const numeric = (f: (a: number, b: number) => number): ((...numbers: number[]) => number) => f;

/** Hurwitz' zeta function Σ (q + n)^−x over n ≥ 0, for x > 1; differentiable in q. @see torch.special.zeta */
export const zeta: (x: Operand, q: Operand) => Tensor = hostFunction<[x: Operand, q: Operand]>("zeta", numeric(host.zeta), [
  null,
  (x, q) => zeta(typeof x === "object" ? x.add(1) : Number(x) + 1, q).mul(typeof x === "object" ? x.neg() : -Number(x)),
]);

/** x^(a − 1) e^−x / Γ(a): how the incomplete functions grow with x. */
const density = (a: Tensor, x: Tensor): Tensor => a.sub(1).mul(x.log()).sub(x).sub(lgamma(a)).exp();

/** A function of two tensors: PyTorch takes no numbers here. */
function ofTensors(name: string, f: (a: number, x: number) => number, inX: (a: Tensor, x: Tensor) => Tensor): (a: Tensor, x: Tensor) => Tensor {
  const call = hostFunction<[a: Tensor, x: Tensor]>(name, numeric(f), [null, inX]);
  return (a, x) => {
    for (const argument of [a, x]) if (!(argument instanceof TensorClass)) throw new ArgumentError(`${name}: expected two tensors, got ${String(argument)}`);
    return call(a, x);
  };
}
const lower = (name: string): ((a: Tensor, x: Tensor) => Tensor) => ofTensors(name, host.gammainc, density);
const upper = (name: string): ((a: Tensor, x: Tensor) => Tensor) => ofTensors(name, host.gammaincc, (a, x) => density(a, x).neg());

/** The lower incomplete gamma function P(a, x), between 0 and 1; differentiable in x. @see torch.special.gammainc */
export const gammainc = lower("gammainc");
/** The upper incomplete gamma function Q(a, x) = 1 − P(a, x); differentiable in x. @see torch.special.gammaincc */
export const gammaincc = upper("gammaincc");
/** gammainc by its other name. @see torch.igamma */
export const igamma = lower("igamma");
/** gammaincc by its other name. @see torch.igammac */
export const igammac = upper("igammac");
