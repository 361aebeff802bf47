import type { Operand, Tensor } from "@gradus/tensor-core";
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

/** The lower incomplete gamma function P(a, x), between 0 and 1; differentiable in x. @see torch.special.gammainc */
export const gammainc: (a: Tensor, x: Tensor) => Tensor = hostFunction<[a: Tensor, x: Tensor]>("gammainc", numeric(host.gammainc), [null, (a, x) => density(a, x)]);
/** The upper incomplete gamma function Q(a, x) = 1 − P(a, x); differentiable in x. @see torch.special.gammaincc */
export const gammaincc: (a: Tensor, x: Tensor) => Tensor = hostFunction<[a: Tensor, x: Tensor]>("gammaincc", numeric(host.gammaincc), [null, (a, x) => density(a, x).neg()]);
/** gammainc by its other name. @see torch.igamma */
export const igamma = (a: Tensor, x: Tensor): Tensor => gammainc(a, x);
/** gammaincc by its other name. @see torch.igammac */
export const igammac = (a: Tensor, x: Tensor): Tensor => gammaincc(a, x);
