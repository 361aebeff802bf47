import type { Operand, Tensor } from "@gradus/tensor-core";
import { hostFunction } from "./host.js";
import * as host from "./host-math.js";

/**
 * Orthogonal polynomials of x, by their degree n. A degree below 0 gives 0. They are computed on the host and have no derivatives, as
 * in PyTorch.
 */
export type PolynomialFunction = (x: Operand, n: Operand) => Tensor;

const polynomial = (name: string, f: (x: number, n: number) => number): PolynomialFunction => hostFunction<[x: Operand, n: Operand]>(name, f, [null, null]);
/** On [0, 1] instead of [−1, 1]. */
const shifted = (f: (x: number, n: number) => number) => (x: number, n: number): number => f(2 * x - 1, n);

/** cos(n arccos x). @see torch.special.chebyshev_polynomial_t */
export const chebyshevPolynomialT = polynomial("chebyshevPolynomialT", host.chebyshevPolynomialT);
/** sin((n + 1) arccos x) / sin(arccos x). @see torch.special.chebyshev_polynomial_u */
export const chebyshevPolynomialU = polynomial("chebyshevPolynomialU", host.chebyshevPolynomialU);
/** cos((n + ½) arccos x) / cos(½ arccos x). @see torch.special.chebyshev_polynomial_v */
export const chebyshevPolynomialV = polynomial("chebyshevPolynomialV", host.chebyshevPolynomialV);
/** sin((n + ½) arccos x) / sin(½ arccos x). @see torch.special.chebyshev_polynomial_w */
export const chebyshevPolynomialW = polynomial("chebyshevPolynomialW", host.chebyshevPolynomialW);
/** Tₙ(2x − 1). @see torch.special.shifted_chebyshev_polynomial_t */
export const shiftedChebyshevPolynomialT = polynomial("shiftedChebyshevPolynomialT", shifted(host.chebyshevPolynomialT));
/** Uₙ(2x − 1). @see torch.special.shifted_chebyshev_polynomial_u */
export const shiftedChebyshevPolynomialU = polynomial("shiftedChebyshevPolynomialU", shifted(host.chebyshevPolynomialU));
/** Vₙ(2x − 1). @see torch.special.shifted_chebyshev_polynomial_v */
export const shiftedChebyshevPolynomialV = polynomial("shiftedChebyshevPolynomialV", shifted(host.chebyshevPolynomialV));
/** Wₙ(2x − 1). @see torch.special.shifted_chebyshev_polynomial_w */
export const shiftedChebyshevPolynomialW = polynomial("shiftedChebyshevPolynomialW", shifted(host.chebyshevPolynomialW));
/** The physicists' Hermite polynomials, p₁ = 2x. @see torch.special.hermite_polynomial_h */
export const hermitePolynomialH = polynomial("hermitePolynomialH", host.hermitePolynomialH);
/** The probabilists' Hermite polynomials, p₁ = x. @see torch.special.hermite_polynomial_he */
export const hermitePolynomialHe = polynomial("hermitePolynomialHe", host.hermitePolynomialHe);
/** Laguerre's polynomials, p₁ = 1 − x. @see torch.special.laguerre_polynomial_l */
export const laguerrePolynomialL = polynomial("laguerrePolynomialL", host.laguerrePolynomialL);
/** Legendre's polynomials, p₁ = x. @see torch.special.legendre_polynomial_p */
export const legendrePolynomialP = polynomial("legendrePolynomialP", host.legendrePolynomialP);
