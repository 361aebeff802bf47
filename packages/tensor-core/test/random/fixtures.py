"""Writes fixtures.json: what PyTorch's CPU generator gives for a few calls. Run with a Python that has torch.

The numbers do not depend on the version of PyTorch, but the last bits of float32 normals come from its AVX2 kernel.
"""

import base64
import json
import pathlib
import sys

import torch


def encode(tensor):
    return {"dtype": str(tensor.dtype)[6:], "data": base64.b64encode(tensor.contiguous().numpy().tobytes()).decode()}


def zeros(dtype, n):
    return torch.zeros(n, dtype=getattr(torch, dtype))


CALLS = {
    "uniform": lambda dtype, n, *args: zeros(dtype, n).uniform_(*args),
    "normal": lambda dtype, n, *args: zeros(dtype, n).normal_(*args),
    "bernoulli": lambda dtype, n, *args: zeros(dtype, n).bernoulli_(*args),
    "randint": lambda dtype, n, *args: zeros(dtype, n).random_(*args),
    "fullRange": lambda dtype, n: zeros(dtype, n).random_(),
    "exponential": lambda dtype, n, *args: zeros(dtype, n).exponential_(*args),
    "geometric": lambda dtype, n, *args: zeros(dtype, n).geometric_(*args),
    "cauchy": lambda dtype, n, *args: zeros(dtype, n).cauchy_(*args),
    "logNormal": lambda dtype, n, *args: zeros(dtype, n).log_normal_(*args),
    "randperm": lambda n: torch.randperm(n, dtype=torch.int32),
}


def run(seed, *calls):
    torch.manual_seed(seed)
    return {"seed": str(seed), "calls": [{"name": c[0], "args": c[1:], **encode(CALLS[c[0]](*c[1:]))} for c in calls]}


sequences = [
    run(0, ("uniform", "float32", 15), ("uniform", "float64", 7), ("normal", "float32", 5), ("normal", "float64", 4), ("randperm", 10)),
    run(42, ("normal", "float32", 16), ("normal", "float32", 75), ("normal", "float64", 37), ("normal", "float32", 33, 1.5, 0.25)),
    run(1, ("uniform", "float32", 20, -2.0, 3.5), ("uniform", "float64", 20, -2.0, 3.5), ("normal", "float64", 20, -3.0, 0.7)),
    run(2**32 + 5, ("bernoulli", "uint8", 40, 0.3), ("bernoulli", "float32", 20, 0.9), ("randperm", 700)),
    run(-1, ("randint", "int64", 20, -5, 5), ("randint", "int64", 9, 0, 2**33), ("randint", "float32", 9, 0, 100), ("randint", "int32", 9, 7, 8)),
    run(2**63 - 1, *[("fullRange", d, 9) for d in ("float32", "float64", "int64", "int32", "int16", "int8", "uint8")]),
    run(7, ("exponential", "float64", 9, 1.7), ("geometric", "int64", 20, 0.3), ("cauchy", "float64", 9, 0.5, 2.0), ("logNormal", "float32", 9, 0.2, 0.6)),
]

torch.manual_seed(11)
torch.rand(700)
torch.randn(3)
state = torch.get_rng_state()
continued = encode(torch.randn(5, dtype=torch.float64))

fixtures = {"sequences": sequences, "state": encode(state)["data"], "continued": continued}
path = pathlib.Path(__file__).with_name("fixtures.json")
path.write_text(json.dumps(fixtures, indent=1) + "\n")
print(path.name, path.stat().st_size, "bytes", file=sys.stderr)
