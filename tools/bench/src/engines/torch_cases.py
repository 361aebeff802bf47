"""The work of cases.ts in PyTorch. `forward` cases are a module and its inputs, so that they can be exported as well; `run` gives any case as a function."""
import subprocess
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class Call(nn.Module):
    """A function as a module."""

    def __init__(self, f):
        super().__init__()
        self.f = f

    def forward(self, *inputs):
        return self.f(*inputs)


def mlp():
    return nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )


def tiny():
    return nn.Sequential(nn.Linear(2, 10), nn.ReLU(), nn.Linear(10, 10), nn.ReLU(), nn.Linear(10, 1))


class LastOfLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(64, 128, batch_first=True)
        self.head = nn.Linear(128, 10)

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])


class Block(nn.Module):
    def __init__(self, d, heads, steps):
        super().__init__()
        self.heads = heads
        self.ln1, self.qkv, self.proj = nn.LayerNorm(d), nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.ln2, self.fc, self.out = nn.LayerNorm(d), nn.Linear(d, 4 * d), nn.Linear(4 * d, d)
        self.register_buffer("mask", torch.triu(torch.ones(steps, steps, dtype=torch.bool), 1))

    def forward(self, x):
        batch, steps, d = x.shape
        q, k, v = self.qkv(self.ln1(x)).view(batch, steps, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        scores = (q @ k.transpose(-2, -1)) * (d // self.heads) ** -0.5
        weights = scores.masked_fill(self.mask, float("-inf")).softmax(-1)
        x = x + self.proj((weights @ v).transpose(1, 2).reshape(batch, steps, d))
        return x + self.out(F.gelu(self.fc(self.ln2(x))))


class GPT(nn.Module):
    def __init__(self, vocabulary=65, d=128, heads=4, layers=4, steps=64):
        super().__init__()
        self.tok, self.pos = nn.Embedding(vocabulary, d), nn.Embedding(steps, d)
        self.blocks = nn.Sequential(*[Block(d, heads, steps) for _ in range(layers)])
        self.ln_f, self.head = nn.LayerNorm(d), nn.Linear(d, vocabulary, bias=False)

    def forward(self, tokens):
        return self.head(self.ln_f(self.blocks(self.tok(tokens) + self.pos(torch.arange(tokens.shape[1])))))


class BasicBlock(nn.Module):
    def __init__(self, inputs, channels, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, channels, 3, stride, 1, bias=False), nn.BatchNorm2d(channels)
        self.conv2, self.bn2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels)
        same = stride == 1 and inputs == channels
        self.downsample = nn.Identity() if same else nn.Sequential(nn.Conv2d(inputs, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + self.downsample(x))


def resnet18():
    layers = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    inputs = 64
    for channels, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        layers += [BasicBlock(inputs, channels, stride), BasicBlock(channels, channels, 1)]
        inputs = channels
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


def of(f, *shapes):
    return lambda: (Call(f), tuple(torch.randn(*shape) for shape in shapes))


def product(m, k, n):
    return of(torch.matmul, (m, k), (k, n))


MILLION = (10**6,)

# Without gradients: a module and its inputs.
FORWARD = {
    "matmul 512": product(512, 512, 512),
    "matmul 1024": product(1024, 1024, 1024),
    "matmul 512 TN": of(lambda a, b: torch.matmul(a.t(), b), (512, 512), (512, 512)),
    "matmul 512 NT": of(lambda a, b: torch.matmul(a, b.t()), (512, 512), (512, 512)),
    "matmul 64": product(64, 64, 64),
    "matmul 64x784x256": product(64, 784, 256),
    "matmul 16x192x512": product(16, 192, 512),
    "matmul 512x128x384": product(512, 128, 384),
    "add 1e6": of(torch.add, MILLION, MILLION),
    "relu 1e6": of(torch.relu, MILLION),
    "exp 1e6": of(torch.exp, MILLION),
    "tanh 1e6": of(torch.tanh, MILLION),
    "sigmoid 1e6": of(torch.sigmoid, MILLION),
    "gelu 1e6": of(F.gelu, MILLION),
    "sum 1e6": of(torch.sum, MILLION),
    "transpose 1024": of(lambda x: x.t().contiguous(), (1024, 1024)),
    "softmax 1024": of(lambda x: torch.softmax(x, 1), (1024, 1024)),
    "layer norm 1024": lambda: (nn.LayerNorm(1024), (torch.randn(1024, 1024),)),
    "fused chain 1e6": of(lambda a, b: torch.relu(a * b + a), MILLION, MILLION),
    "add 4": of(torch.add, (4,), (4,)),
    "convolution 1-6 forward": lambda: (nn.Conv2d(1, 6, 5), (torch.randn(64, 1, 28, 28),)),
    "convolution 32-64 forward": lambda: (nn.Conv2d(32, 64, 3, padding=1), (torch.randn(32, 32, 32, 32),)),
    "GPT forward": lambda: (GPT().eval(), (torch.randint(0, 65, (1, 64)),)),
    "ResNet-18 forward": lambda: (resnet18().eval(), (torch.randn(32, 3, 32, 32),)),
}


def training(model, optimizer, x, y, loss):
    def step():
        optimizer.zero_grad(set_to_none=True)
        value = loss(model(x), y)
        value.backward()
        optimizer.step()
        return value.item()

    return step


def trained(make, shape, loss=F.cross_entropy, optimizer=torch.optim.SGD, lr=0.01):
    def case():
        model = make()
        x = torch.randn(*shape)
        y = torch.randint(0, 10, shape[:1]) if loss is F.cross_entropy else torch.rand(shape[0], 1).round()
        return training(model, optimizer(model.parameters(), lr), x, y, loss)

    return case


def trained_gpt():
    model = GPT()
    tokens, targets = torch.randint(0, 65, (8, 64)), torch.randint(0, 65, (8, 64))
    return training(model, torch.optim.AdamW(model.parameters(), 1e-3), tokens, targets, lambda o, t: F.cross_entropy(o.reshape(-1, 65), t.reshape(-1)))


def forward_and_backward(layer, shape):
    def case():
        module, x = layer(), torch.randn(*shape, requires_grad=True)

        def run():
            module.zero_grad(set_to_none=True)
            x.grad = None
            module(x).sum().backward()

        return run

    return case


def add_with_gradient():
    a, b = torch.randn(4, requires_grad=True), torch.randn(4)
    return lambda: a + b


def backward_of_four():
    a, b = torch.randn(4, requires_grad=True), torch.randn(4, requires_grad=True)

    def run():
        a.grad = b.grad = None
        (a * b).sum().backward()

    return run


def loader():
    data = TensorDataset(torch.randn(10000, 1, 28, 28), torch.randint(0, 10, (10000,)))
    batches = DataLoader(data, batch_size=64, shuffle=True)
    return lambda: sum(len(y) for _, y in batches)


def process(code):
    """A process of its own for each run."""
    return lambda: lambda: subprocess.run([sys.executable, "-c", code], check=True)


OTHERS = {
    "convolution 1-6": forward_and_backward(lambda: nn.Conv2d(1, 6, 5), (64, 1, 28, 28)),
    "convolution 32-64": forward_and_backward(lambda: nn.Conv2d(32, 64, 3, padding=1), (32, 32, 32, 32)),
    "add 4 with grad": add_with_gradient,
    "backward 4": backward_of_four,
    "step a (MLP)": trained(mlp, (64, 784)),
    "step a (MLP), Adam": trained(mlp, (64, 784), optimizer=torch.optim.Adam, lr=1e-3),
    "step b (LeNet)": trained(lenet, (64, 1, 28, 28)),
    "step c (LSTM)": trained(LastOfLSTM, (16, 32, 64)),
    "step d (GPT)": trained_gpt,
    "step e (tiny)": trained(tiny, (50, 2), F.mse_loss, lr=0.1),
    "step e (tiny), Adam": trained(tiny, (50, 2), F.mse_loss, torch.optim.Adam, 1e-3),
    "step ResNet-18": trained(resnet18, (32, 3, 32, 32)),
    "empty process": process("pass"),
    "first matmul": process("import torch; x = torch.tensor([[1.0, 2], [3, 4]]); (x @ x).tolist()"),
    "data loader": loader,
}


def run(name):
    """The case as a function without arguments. @raises KeyError where PyTorch has none."""
    if name in OTHERS:
        return OTHERS[name]()
    module, inputs = FORWARD[name]()

    def forward():
        with torch.no_grad():
            return module(*inputs)

    return forward
