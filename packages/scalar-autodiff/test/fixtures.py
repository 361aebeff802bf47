"""Writes fixtures.json: values and derivatives of scalar functions in float64. Run with a Python that has torch."""

import json
import math
import pathlib

import torch

UNARY = {name: getattr(torch, name) for name in ["neg", "log", "exp", "relu", "sigmoid", "tanh"]}
BINARY = {name: getattr(torch, name) for name in ["add", "sub", "mul", "div", "pow"]}

# Where special values arise: zeros of both signs, infinities, NaN, the ends of exp's range.
POINTS = [-math.inf, -800.0, -2.5, -1.0, -0.0, 0.0, 1e-300, 0.3, 1.0, 2.0, 710.0, math.inf, math.nan]
PAIR_POINTS = [-math.inf, -2.0, -1.0, 0.0, 0.5, 1.0, 3.0, math.inf, math.nan]


def plain(x: float) -> float | str:
    """JSON has no NaN and no infinities: they become strings that JavaScript's Number() reads."""
    return x if math.isfinite(x) else str(x).replace("inf", "Infinity").replace("nan", "NaN")


def row(function, *points):
    inputs = [torch.tensor(p, dtype=torch.float64, requires_grad=True) for p in points]
    output = function(*inputs)
    output.backward()
    return [plain(x) for x in [*points, output.item(), *(i.grad.item() for i in inputs)]]


def leaf(value):
    return torch.tensor(value, dtype=torch.float64, requires_grad=True)


def polynomial():
    """A value used many times, with constants on both sides."""
    x = leaf(-4.0)
    z = 2 * x + 2 + x
    q = torch.relu(z) + z * x
    h = torch.relu(z * z)
    y = h + q + q * x
    y.backward()
    return [y.item(), x.grad.item()]


def all_functions():
    a, b = leaf(0.7), leaf(-1.3)
    c = torch.tanh(a * b) + torch.sigmoid(b) / a
    d = torch.exp(-c) - torch.pow(a, 3) * torch.log(a + 2)
    e = torch.relu(d - b) + torch.pow(a, b)
    f = 10 / e + (1 - e) ** 2
    f.backward()
    return [f.item(), a.grad.item(), b.grad.item()]


def order_of_sums():
    """Gradients of very different size meet at one value, so that the order in which they are added decides the result."""
    x = leaf(0.1)
    z = x * 1.0
    first, second, third, fourth = z * 1e16, z * 3.0, z * -1e16, z * 7.0
    (second + fourth + (first + third)).backward()
    y = leaf(0.1)
    first, second, third, fourth = y * 3.0, y * 1e16, y * 7.0, y * -1e16
    ((fourth + first) + second + third).backward()
    return [x.grad.item(), y.grad.item()]


rows = {name: [row(f, x) for x in POINTS] for name, f in UNARY.items()}
rows |= {name: [row(f, a, b) for a in PAIR_POINTS for b in PAIR_POINTS] for name, f in BINARY.items()}
graphs = {"polynomial": polynomial(), "all functions": all_functions(), "order of sums": order_of_sums()}
# One row a line, for readable differences.
lines = ",\n".join(f' "{name}": [\n' + ",\n".join("  " + json.dumps(r) for r in table) + "\n ]" for name, table in rows.items())
text = f'{{"torch": "{torch.__version__}",\n"graphs": {json.dumps(graphs)},\n"rows": {{\n{lines}\n}}}}\n'
pathlib.Path(__file__).with_name("fixtures.json").write_text(text)
