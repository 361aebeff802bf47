"""Computes src/coefficients.ts: Chebyshev series of special functions.

Each entry of SERIES names a function f and an interval [a, b]; its series is in (2t − a − b)/(b − a), which goes from −1 to 1 there.
Interpolated in many Chebyshev points in 40 digits; terms below 1e-17 of the largest are left out. The first coefficient is halved.

Needs mpmath (Debian: python3-mpmath).

    python3 packages/special/scripts/chebyshev.py > packages/special/src/coefficients.ts
"""

from mpmath import airyai, airybi, besseli, besselj, besselk, bessely, cos, exp, log, loggamma, mp, mpf, pi, sin, sqrt

mp.dps = 40
POINTS = 96


def hankel(order):
    """P and Q of J = √(2/πx) (P cos χ − Q sin χ), Y = √(2/πx) (P sin χ + Q cos χ), χ = x − (order/2 + 1/4)π, by t = (8/x)²."""

    def parts(t):
        x = 8 / sqrt(t)
        chi = x - (mpf(order) / 2 + mpf(1) / 4) * pi
        j, y, scale = besselj(order, x), bessely(order, x), sqrt(pi * x / 2)
        return scale * (j * cos(chi) + y * sin(chi)), scale * (y * cos(chi) - j * sin(chi)) * x / 8

    return lambda t: parts(t)[0], lambda t: parts(t)[1]


def airy_waves():
    """P and Q of Ai(−x) = (P sin ψ − Q cos ψ)/(√π x^¼), Bi(−x) = (P cos ψ + Q sin ψ)/(√π x^¼), ψ = ζ + π/4, by t = (16/3√2/ζ)²."""

    def parts(t):
        zeta = airy_scale / sqrt(t)
        x = (mpf(3) / 2 * zeta) ** (mpf(2) / 3)
        psi = zeta + pi / 4
        a, b, scale = airyai(-x), airybi(-x), sqrt(pi) * x ** (mpf(1) / 4)
        return scale * (a * sin(psi) + b * cos(psi)), scale * (b * sin(psi) - a * cos(psi)) * zeta

    return lambda t: parts(t)[0], lambda t: parts(t)[1]


# ζ at |x| = 4: where the waves begin.
airy_scale = mpf(2) / 3 * mpf(4) ** (mpf(3) / 2)
j0p, j0q = hankel(0)
j1p, j1q = hankel(1)
airy_p, airy_q = airy_waves()

SERIES = {
    "i0Small": ("e^−x I₀(x) by x", lambda x: exp(-x) * besseli(0, x), 0, 8),
    "i0Large": ("√x e^−x I₀(x) by 8/x", lambda t: sqrt(8 / t) * exp(-8 / t) * besseli(0, 8 / t), 0, 1),
    "i1Small": ("e^−x I₁(x)/x by x", lambda x: exp(-x) * besseli(1, x) / x, 0, 8),
    "i1Large": ("√x e^−x I₁(x) by 8/x", lambda t: sqrt(8 / t) * exp(-8 / t) * besseli(1, 8 / t), 0, 1),
    "k0Small": ("K₀(x) + log(x/2) I₀(x) by x²", lambda t: besselk(0, sqrt(t)) + log(sqrt(t) / 2) * besseli(0, sqrt(t)), 0, 4),
    "k0Large": ("√x eˣ K₀(x) by 2/x", lambda t: sqrt(2 / t) * exp(2 / t) * besselk(0, 2 / t), 0, 1),
    "k1Small": ("x (K₁(x) − log(x/2) I₁(x)) by x²", lambda t: sqrt(t) * (besselk(1, sqrt(t)) - log(sqrt(t) / 2) * besseli(1, sqrt(t))), 0, 4),
    "k1Large": ("√x eˣ K₁(x) by 2/x", lambda t: sqrt(2 / t) * exp(2 / t) * besselk(1, 2 / t), 0, 1),
    "j0Small": ("J₀(x) by x²", lambda t: besselj(0, sqrt(t)), 0, 64),
    "j1Small": ("J₁(x)/x by x²", lambda t: besselj(1, sqrt(t)) / sqrt(t), 0, 64),
    "y0Small": ("Y₀(x) − 2/π log(x) J₀(x) by x²", lambda t: bessely(0, sqrt(t)) - 2 / pi * log(sqrt(t)) * besselj(0, sqrt(t)), 0, 64),
    "y1Small": ("(Y₁(x) − 2/π (log(x) J₁(x) − 1/x))/x by x²", lambda t: (bessely(1, sqrt(t)) - 2 / pi * (log(sqrt(t)) * besselj(1, sqrt(t)) - 1 / sqrt(t))) / sqrt(t), 0, 64),
    "j0LargeP": ("P of order 0 by (8/x)²", j0p, 0, 1),
    "j0LargeQ": ("x/8 · Q of order 0 by (8/x)²", j0q, 0, 1),
    "j1LargeP": ("P of order 1 by (8/x)²", j1p, 0, 1),
    "j1LargeQ": ("x/8 · Q of order 1 by (8/x)²", j1q, 0, 1),
    "lgammaFactor": ("log Γ(x) / ((x − 1)(x − 2)) by x", lambda x: loggamma(x) / ((x - 1) * (x - 2)), 1, 3),
    "lgammaMiddle": ("log Γ(x) by x", loggamma, 3, 8),
    "airyMiddle": ("Ai(x) by x", airyai, -4, 2),
    "airyRight": (
        "2√π x^¼ e^ζ Ai(x) by ζ(2)/ζ, ζ = ⅔ x^(3/2)",
        lambda t: (lambda x: 2 * sqrt(pi) * x ** (mpf(1) / 4) * exp(mpf(2) / 3 * x ** (mpf(3) / 2)) * airyai(x))(2 / t ** (mpf(2) / 3)),
        0,
        1,
    ),
    "airyLeftP": ("P of Ai(−x) by (ζ(4)/ζ)²", airy_p, 0, 1),
    "airyLeftQ": ("ζ · Q of Ai(−x) by (ζ(4)/ζ)²", airy_q, 0, 1),
}


def coefficients(f, a, b):
    nodes = [cos(pi * (k + mpf(1) / 2) / POINTS) for k in range(POINTS)]
    values = [f((b - a) * y / 2 + mpf(a + b) / 2) for y in nodes]
    series = [2 * sum(v * cos(j * pi * (k + mpf(1) / 2) / POINTS) for k, v in enumerate(values)) / POINTS for j in range(POINTS)]
    series[0] /= 2
    largest = max(abs(c) for c in series)
    last = max(j for j, c in enumerate(series) if abs(c) > largest * mpf("1e-17"))
    return [float(c) for c in series[: last + 1]]


def main():
    print("// Made by scripts/chebyshev.py, which says what each series is of. Lowest term first.")
    for name, (meaning, f, a, b) in SERIES.items():
        numbers = ", ".join(repr(c).replace("e-0", "e-") for c in coefficients(f, a, b))
        print(f"\n/** {meaning}, on [{a}, {b}]. */\nexport const {name} = {{ from: {a}, to: {b}, terms: [{numbers}] }} as const;")


main()
