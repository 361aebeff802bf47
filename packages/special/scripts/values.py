"""Writes test/values.json: values of special functions, computed by mpmath in 30 digits.

    python3 packages/special/scripts/values.py
"""

import json
from pathlib import Path

import mpmath as m

m.mp.dps = 30
X = [-7.3, -2.5, -1, -0.6, -0.01, 0.01, 0.3, 0.75, 1, 1.4616, 2, 3.2, 7.9, 8.5, 20.25, 55]
POSITIVE = [x for x in X if x > 0]
UNIT = [0.001, 0.05, 0.3, 0.5, 0.77, 0.999]
SIGNED = [-0.999, -0.5, -0.01, 0.1, 0.9]
PAIRS = [(0.5, 0.3), (2, 3.5), (3.5, 2), (10, 9), (12, 30)]


def normal(x):
    return m.erfc(-x / m.sqrt(2)) / 2


one_argument = {
    "lgamma": (lambda x: m.log(abs(m.gamma(x))), [x for x in X if x != -1]),
    "digamma": (m.digamma, [x for x in X if x != -1]),
    "i0": (lambda x: m.besseli(0, x), X),
    "i0e": (lambda x: m.exp(-abs(x)) * m.besseli(0, x), X),
    "i1": (lambda x: m.besseli(1, x), X),
    "i1e": (lambda x: m.exp(-abs(x)) * m.besseli(1, x), X),
    "besselJ0": (lambda x: m.besselj(0, x), X),
    "besselJ1": (lambda x: m.besselj(1, x), X),
    "besselY0": (lambda x: m.bessely(0, x), POSITIVE),
    "besselY1": (lambda x: m.bessely(1, x), POSITIVE),
    "modifiedBesselK0": (lambda x: m.besselk(0, x), POSITIVE),
    "modifiedBesselK1": (lambda x: m.besselk(1, x), POSITIVE),
    "scaledModifiedBesselK0": (lambda x: m.exp(x) * m.besselk(0, x), POSITIVE),
    "scaledModifiedBesselK1": (lambda x: m.exp(x) * m.besselk(1, x), POSITIVE),
    "sphericalBesselJ0": (lambda x: m.sin(x) / x, X),
    "airyAi": (m.airyai, X),
    "erfcx": (lambda x: m.exp(x * x) * m.erfc(x), [x for x in X if x > -6]),
    "ndtr": (normal, X),
    "logNdtr": (lambda x: m.log(normal(x)), X),
    "entr": (lambda x: -x * m.log(x), POSITIVE),
    "erfinv": (m.erfinv, SIGNED),
    "ndtri": (lambda p: m.sqrt(2) * m.erfinv(2 * m.mpf(p) - 1), UNIT),
}
two_arguments = {
    "zeta": (m.zeta, PAIRS[1:]),
    "gammainc": (lambda a, x: m.gammainc(a, 0, x, regularized=True), PAIRS),
    "gammaincc": (lambda a, x: m.gammainc(a, x, regularized=True), PAIRS),
    "xlog1py": (lambda a, b: a * m.log1p(b), PAIRS),
    "chebyshevPolynomialT": (lambda x, n: m.chebyt(n, x), [(0.3, 4), (0.9, 12), (1.5, 3)]),
    "chebyshevPolynomialU": (lambda x, n: m.chebyu(n, x), [(0.3, 4), (0.9, 12), (1.5, 3)]),
    "hermitePolynomialH": (lambda x, n: m.hermite(n, x), [(0.3, 4), (0.9, 7)]),
    "laguerrePolynomialL": (lambda x, n: m.laguerre(n, 0, x), [(0.3, 4), (2.5, 7)]),
    "legendrePolynomialP": (lambda x, n: m.legendre(n, x), [(0.3, 4), (0.9, 12)]),
}


def main():
    rows = {name: [[x, float(f(m.mpf(x)))] for x in points] for name, (f, points) in one_argument.items()}
    rows.update({name: [[a, b, float(f(m.mpf(a), b))] for a, b in points] for name, (f, points) in two_arguments.items()})
    rows["polygamma"] = [[x, n, float(m.psi(n, x))] for n in (1, 2, 3) for x in (0.3, 1, 4.5, 30)]
    text = "{\n" + ",\n".join(f'  "{name}": {json.dumps(values)}' for name, values in rows.items()) + "\n}\n"
    (Path(__file__).parent.parent / "test" / "values.json").write_text(text)


main()
