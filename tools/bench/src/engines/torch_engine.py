"""PyTorch on one thread, as an engine of the bench: the protocol of protocol.ts, the work of cases.ts."""
import json
import os
import sys
import time

# Debian's OpenBLAS may take a new processor for an old one; the caller says which kernels to use.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(0)


def train(model, x, y, loss, lr):
    optimizer = torch.optim.SGD(model.parameters(), lr)

    def step():
        optimizer.zero_grad(set_to_none=True)
        value = loss(model(x), y)
        value.backward()
        optimizer.step()
        return value.item()

    return step


def matmul():
    a, b = torch.randn(512, 512), torch.randn(512, 512)
    return lambda: torch.mm(a, b)


def chain():
    a, b = torch.randn(10**6), torch.randn(10**6)
    return lambda: torch.relu(a * b + a)


def add(grad):
    a, b = torch.randn(4, requires_grad=grad), torch.randn(4)
    return lambda: a + b


def mlp():
    model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))
    return train(model, torch.randn(64, 784), torch.randint(0, 10, (64,)), F.cross_entropy, 0.01)


def lenet():
    model = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )
    return train(model, torch.randn(64, 1, 28, 28), torch.randint(0, 10, (64,)), F.cross_entropy, 0.01)


def tiny():
    model = nn.Sequential(nn.Linear(2, 10), nn.ReLU(), nn.Linear(10, 10), nn.ReLU(), nn.Linear(10, 1))
    return train(model, torch.randn(50, 2), torch.rand(50, 1).round(), F.mse_loss, 0.1)


def layer_norm():
    norm, x = nn.LayerNorm(1024), torch.randn(1024, 1024)

    def run():
        with torch.no_grad():
            norm(x)

    return run


def convolution():
    layer, x = nn.Conv2d(32, 64, 3, padding=1), torch.randn(32, 32, 32, 32, requires_grad=True)

    def run():
        layer.zero_grad(set_to_none=True)
        x.grad = None
        layer(x).sum().backward()

    return run


def product(m, k, n):
    a, b = torch.randn(m, k), torch.randn(k, n)
    return lambda: torch.mm(a, b)


def transposed(left):
    a, b = torch.randn(512, 512), torch.randn(512, 512)
    return (lambda: torch.mm(a.t(), b)) if left else (lambda: torch.mm(a, b.t()))


def of(f, *shape):
    x = torch.randn(*shape)
    return lambda: f(x)


CASES = {
    "matmul 512": matmul,
    "matmul 512 TN": lambda: transposed(True),
    "matmul 512 NT": lambda: transposed(False),
    "matmul 64": lambda: product(64, 64, 64),
    "matmul 64x784x256": lambda: product(64, 784, 256),
    "matmul 16x192x512": lambda: product(16, 192, 512),
    "matmul 512x128x384": lambda: product(512, 128, 384),
    "exp 1e6": lambda: of(torch.exp, 10**6),
    "tanh 1e6": lambda: of(torch.tanh, 10**6),
    "sum 1e6": lambda: of(torch.sum, 10**6),
    "softmax 1024": lambda: of(lambda x: torch.softmax(x, 1), 1024, 1024),
    "layer norm 1024": layer_norm,
    "convolution 32-64": convolution,
    "fused chain 1e6": chain,
    "add 4": lambda: add(False),
    "add 4 with grad": lambda: add(True),
    "step a (MLP)": mlp,
    "step b (LeNet)": lenet,
    "step e (tiny)": tiny,
}


def measure(run, seconds):
    inner = 1

    def once():
        start = time.perf_counter()
        for _ in range(inner):
            run()
        return (time.perf_counter() - start) / inner

    for _ in range(3):
        once()
    while once() * inner < 500e-6:
        inner *= 2
    samples = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(samples) < 3:
        samples.append(once())
    return samples


run = None
for line in sys.stdin:
    request = json.loads(line)
    try:
        if "prepare" in request:
            run = CASES[request["prepare"]]()
            run()
            answer = {"ready": True}
        else:
            answer = {"seconds": measure(run, request["measure"])}
    except Exception as error:
        answer = {"unable": str(error).split("\n")[0]}
    print(json.dumps(answer), flush=True)
