"""Fits the polynomials of src/math/.

Each entry of FITS names a function g on an interval and a list of powers; the result is the polynomial over those powers
whose weighted error |weight·(p − g)| is smallest in the worst case (Remez' exchange algorithm, in 60 decimal digits).
Its coefficients are then rounded to float32 one after the other, lowest power first, and the remaining ones are fitted
again each time, so that they make up for the rounding.

Needs mpmath (Debian: python3-mpmath). Prints, for each fit, the coefficients as src/math/ has them and the worst error.

    python3 fit-polynomials.py [name …]
"""

import struct
import sys
from dataclasses import dataclass
from typing import Callable

from mpmath import atanh, cos, erf, exp, erfc, lu_solve, log, log1p, matrix, mp, mpf, pi, sin, sqrt, tanh

mp.dps = 60

# Below this a quotient of two vanishing terms is replaced by its limit.
TINY = mpf("1e-20")


def float32(value):
    """The nearest float32. Going through double first cannot matter for numbers that are not constructed to make it matter."""
    return mpf(struct.unpack("f", struct.pack("f", float(value)))[0])


@dataclass
class Fit:
    meaning: str
    function: Callable
    weight: Callable
    interval: tuple
    powers: list


def evaluate(powers, coefficients, x):
    return sum((c * x**p for p, c in zip(powers, coefficients)), mpf(0))


def remez(function, weight, interval, powers):
    """Coefficients over `powers` that minimise max |weight(x)·(Σ cᵢ xᵖⁱ − function(x))| on the interval."""
    low, high = map(mpf, interval)
    count = len(powers) + 1
    points = [(low + high) / 2 - (high - low) / 2 * cos(pi * i / (count - 1)) for i in range(count)]
    samples = [(low + high) / 2 - (high - low) / 2 * cos(pi * i / 1200) for i in range(1201)]
    values = [(x, function(x), weight(x)) for x in samples]
    for _ in range(40):
        system = matrix(count, count)
        target = matrix(count, 1)
        for row, x in enumerate(points):
            w = weight(x)
            for column, power in enumerate(powers):
                system[row, column] = w * x**power
            system[row, count - 1] = mpf((-1) ** row)
            target[row] = w * function(x)
        solution = lu_solve(system, target)
        coefficients = [solution[i] for i in range(count - 1)]
        errors = [(w * (evaluate(powers, coefficients, x) - y), x) for x, y, w in values]
        # One extremum for each run of equal sign, then the neighbouring ones of which the smallest is largest.
        extrema = []
        for error, x in errors:
            if extrema and (extrema[-1][0] > 0) == (error > 0):
                if abs(error) > abs(extrema[-1][0]):
                    extrema[-1] = (error, x)
            else:
                extrema.append((error, x))
        while len(extrema) > count:
            extrema.pop(0 if abs(extrema[0][0]) < abs(extrema[-1][0]) else -1)
        if len(extrema) < count:
            break
        worst = max(abs(error) for error, _ in extrema)
        best = min(abs(error) for error, _ in extrema)
        points = [x for _, x in extrema]
        if worst - best < worst * mpf("1e-4"):
            break
    return coefficients


def fit(entry):
    """The coefficients of an entry, each a float32, and the worst weighted error."""
    fixed = []
    for done in range(len(entry.powers)):
        def rest(x, fixed=tuple(fixed), done=done):
            return entry.function(x) - evaluate(entry.powers[:done], fixed, x)

        coefficients = remez(rest, entry.weight, entry.interval, entry.powers[done:])
        fixed.append(float32(coefficients[0]))
    low, high = map(mpf, entry.interval)
    samples = [low + (high - low) * i / 4000 for i in range(4001)]
    worst = max(abs(entry.weight(x) * (evaluate(entry.powers, fixed, x) - entry.function(x))) for x in samples)
    return fixed, worst


def series(function, at_zero):
    """A function with a removable singularity at 0."""
    return lambda x: at_zero if abs(x) < TINY else function(x)


# A little more than range reduction leaves.
HALF_LN2 = log(2) / 2 * mpf("1.0001")
QUARTER_PI = pi / 4 * mpf("1.0001")

FITS = {
    "exp": Fit(
        "(eʳ − 1 − r) / r²; error relative to eʳ",
        series(lambda r: (exp(r) - 1 - r) / r**2, mpf(1) / 2),
        lambda r: r**2 / exp(r),
        (-HALF_LN2, HALF_LN2),
        [0, 1, 2, 3, 4],
    ),
    "exp2": Fit(
        "(2ʳ − 1) / r; error relative to 2ʳ",
        series(lambda r: (mpf(2) ** r - 1) / r, log(2)),
        lambda r: abs(r) / mpf(2) ** r,
        (-mpf("0.5001"), mpf("0.5001")),
        [0, 1, 2, 3, 4, 5],
    ),
    "log": Fit(
        "(log(1 + f) − f + f²/2) / f³; error relative to log(1 + f)",
        series(lambda f: (log1p(f) - f + f**2 / 2) / f**3, mpf(1) / 3),
        lambda f: f**2 if abs(f) < TINY else f**3 / log1p(f),
        (sqrt(mpf(1) / 2) - 1, sqrt(mpf(2)) - 1),
        [0, 1, 2, 3, 4, 5, 6, 7],
    ),
    "artanh": Fit(
        "(3·artanh(s)/s − 3 − s²) / s⁴ over w = s²; error relative to 3·artanh(s)/s, which is near 3",
        lambda w: mpf(3) / 5 + w * 3 / 7 + w**2 / 3 if w < mpf("1e-9") else (3 * atanh(sqrt(w)) / sqrt(w) - 3 - w) / w**2,
        lambda w: w**2 / 3,
        (0, ((sqrt(mpf(2)) - 1) / (sqrt(mpf(2)) + 1)) ** 2),
        [0, 1, 2],
    ),
    "tanh": Fit(
        "(tanh h − h) / h³ over z = h²; error relative to tanh h",
        series(lambda z: (tanh(sqrt(z)) / sqrt(z) - 1) / z, -mpf(1) / 3),
        lambda z: z if z < TINY else z * sqrt(z) / tanh(sqrt(z)),
        (0, mpf("0.26") ** 2),
        [0, 1, 2],
    ),
    "erf": Fit(
        "(erf x − x) / x over z = x²; error relative to erf x",
        series(lambda z: erf(sqrt(z)) / sqrt(z) - 1, 2 / sqrt(pi) - 1),
        series(lambda z: sqrt(z) / erf(sqrt(z)), sqrt(pi) / 2),
        (0, mpf("0.85") ** 2),
        [0, 1, 2, 3, 4, 5],
    ),
    "erfc": Fit(
        "−log₂(erfc x); error in 1 − 2^−p relative to erf x",
        lambda x: -log(erfc(x)) / log(2),
        lambda x: erfc(x) * log(2) / erf(x),
        (mpf("0.85"), 4),
        [0, 1, 2, 3, 4, 5, 6],
    ),
    "sin": Fit(
        "(sin r − r) / r³ over z = r²; error relative to sin r",
        series(lambda z: (sin(sqrt(z)) / sqrt(z) - 1) / z, -mpf(1) / 6),
        series(lambda z: z * sqrt(z) / sin(sqrt(z)), mpf(0)),
        (0, QUARTER_PI**2),
        [0, 1, 2],
    ),
    "cos": Fit(
        "(cos r − 1 + r²/2) / r⁴ over z = r²; error relative to cos r",
        lambda z: mpf(1) / 24 - z / 720 if z < mpf("1e-12") else (cos(sqrt(z)) - 1 + z / 2) / z**2,
        lambda z: z**2 / cos(sqrt(z)),
        (0, QUARTER_PI**2),
        [0, 1, 2],
    ),
}

if __name__ == "__main__":
    for name in sys.argv[1:] or FITS:
        entry = FITS[name]
        coefficients, worst = fit(entry)
        print(f"{name}: {entry.meaning}, on [{float(entry.interval[0]):.4f}, {float(entry.interval[1]):.4f}]")
        print("  " + ", ".join(f"{float(c):.9g}" for c in coefficients))
        print(f"  worst error {float(worst):.2e} = 2^{float(log(worst) / log(2)):.1f}")
